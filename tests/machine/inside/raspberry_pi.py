"""What the hypervisor does with the lines of a Raspberry Pi 4: its real driver, and the names of the kernel's device tree."""

import contextlib
import glob
import json
import os
import signal
import subprocess

import checks
import wire
from checks import check, equal, until, within
from chips import chips
from hypervisor import Hypervisor
from pins import Pins
from simulator import Simulator

LABEL = "pinctrl-bcm2711"
LINES = 58  # 28 of them on the header
# The header's, as docs/gpio.md tells them of Debian's kernel: by its number is named what has no other use on the schematic.
HEADER = ["ID_SDA", "ID_SCL", "SDA1", "SCL1", "GPIO_GCLK", "GPIO5", "GPIO6", "SPI_CE1_N", "SPI_CE0_N", "SPI_MISO", "SPI_MOSI",
          "SPI_SCLK", "GPIO12", "GPIO13", "TXD1", "RXD1", *(f"GPIO{number}" for number in range(16, 28))]
INSTALLED = "/lines.json"  # FarmBot's box, as the packages have it
FOLDER, FILE = "/tmp/hal", "/tmp/lines.json"
BUTTON = {"direction": "input", "role": "stop"}  # pulled up, and active high: docs/gpio.md, "The stop button"
X = 0

chip = next(each for each in chips() if each.label == LABEL)
pins = Pins(LABEL)
board = Simulator("/tmp")
hal = None


def described(path, **lines):
    with open(path, "w") as file:
        json.dump({"lines": lines}, file)
    return path


def told(path, status=0):
    """What `celeriac-hal lines --check` says of a file, {line: (verdict, sentence)}; remarks, which are of no line, aside."""
    done = subprocess.run(["celeriac-hal", "lines", "--check", path], capture_output=True, text=True, timeout=checks.DEADLINE)
    assert done.returncode == status, f"it ended with {done.returncode}: {done.stdout}{done.stderr}"
    rows = [row.split(None, 1) for row in done.stdout.splitlines()]
    return {line: (verdict, sentence) for verdict, (line, _, sentence) in
            ((verdict, rest.partition(": ")) for verdict, rest in rows if verdict != "remark")}


def start():
    global hal
    hal = Hypervisor(FOLDER, "--serial", board.link, "--lines", described(
        FILE, estop_button={"chip": LABEL, "line": "GPIO16", **BUTTON},
        button_3={"line": "GPIO26", "direction": "input"},
        button_4={"line": "GPIO5", "direction": "input", "bias": "pull-up", "active": "low"},
        button_5={"line": "GPIO20", "direction": "input", "bias": "none"},
        lights={"chip": LABEL, "line": 23, "direction": "output", "initial": 1, "safe": 0},
        lid={"line": "GPIO24", "direction": "output", "active": "low", "safe": 0, "on_stop": "safe"},
        led_blue={"chip": LABEL, "line": "GPIO25", "direction": "output"},
        lock={"line": "GPIO27", "direction": "output", "safe": 1}))


def button():
    return hal.status()["stop_button"]


def unlock():
    hal.done("UNLCK")
    until(lambda: not hal.read("locked"), "the lock is off")
    hal.ready()


@contextlib.contextmanager
def exported(number):
    """A line that the kernel itself has, as old programs ask of it with /sys/class/gpio."""
    base, = (int(_read(f"{each}/base")) for each in glob.glob("/sys/class/gpio/gpiochip*") if _read(f"{each}/label") == LABEL)
    _write("/sys/class/gpio/export", base + number)
    try:
        yield
    finally:
        _write("/sys/class/gpio/unexport", base + number)


def _read(path):
    with open(path) as file:
        return file.read().strip()


def _write(path, value):
    with open(path, "w") as file:
        file.write(str(value))


@check
def the_chip_has_its_label_and_the_header_the_names_that_the_documentation_tells():
    equal(len(chip.names), LINES)
    equal(chip.names[:len(HEADER)], HEADER)


@check
def each_line_of_the_installed_table_is_where_it_is_expected_and_free():
    with open(INSTALLED) as file:
        expected = {name: ("ok", f"line {line['line'].removeprefix('GPIO')} of {LABEL}, free.")
                    for name, line in json.load(file)["lines"].items()}
    assert len(expected) > 10, expected
    equal(told(INSTALLED), expected)


@check
def a_chip_and_a_line_that_are_not_there_are_named_with_those_that_are():
    there = f"{LABEL} ({LINES} lines), raspberrypi-exp-gpio (8 lines)"
    equal(told(described("/tmp/wrong.json", light={"chip": "pinctrl-rp1", "line": "GPIO17", "direction": "output"},
                         clock={"line": "GPIO4", "direction": "output"},
                         led={"chip": LABEL, "line": "GPIO2", "direction": "output"},
                         far={"chip": LABEL, "line": LINES, "direction": "output"}), status=1),
          {"light": ("fault", f"There is no GPIO chip pinctrl-rp1: there are {there}."),
           "clock": ("fault", f"There is no line GPIO4: the chips are {there}. This kernel calls it GPIO_GCLK: write "
                              f'"chip": "{LABEL}", "line": 4.'),
           "led": ("fault", f"There is no line GPIO2 of {LABEL}: the chips are {there}. This kernel calls it SDA1: write "
                            f'"chip": "{LABEL}", "line": 2.'),
           "far": ("fault", f"There is no line {LINES} of {LABEL}: the chips are {there}.")})


@check
def a_line_that_is_named_otherwise_is_found_by_its_number():
    equal(told(described("/tmp/numbers.json", clock={"chip": LABEL, "line": 4, "direction": "output"},
                         data={"line": "SDA1", "direction": "input"})),
          {"clock": ("ok", f"line 4 of {LABEL}, free."), "data": ("ok", f"line 2 of {LABEL}, free.")})


@check
def lines_that_others_have_are_named_with_them_and_taken_when_they_are_free():
    with chip.take("GPIO16", "pigpio"), chip.take("GPIO25", "an oven", output=True), exported(27):
        start()
        until(lambda: button()["state"] == "missing", "the button is missing")
        equal(button()["trouble"], f'GPIO16 of {LABEL} is taken by "pigpio".')
        gpio = hal.status()["gpio"]
        equal(gpio["led_blue"]["trouble"], f'GPIO25 of {LABEL} is taken by "an oven".')
        equal(gpio["lock"]["trouble"], 'GPIO27 is taken by "sysfs".')
        equal(hal.call("WRLIN", line="lock", value=0).status, wire.OFFLINE)
        within('taken by "sysfs"', hal.logged())
        said = told(FILE, status=1)
        equal(said["estop_button"], ("fault", f'line 16 of {LABEL} is taken by "pigpio": stop that program, or give the line '
                                              "another name there."))
        equal(said["lock"][0], "fault")
        equal(said["lights"], ("ok", f"line 23 of {LABEL}, in use by the hypervisor."))
    until(lambda: button()["state"] != "missing", "the button is watched")
    until(lambda: all(each["trouble"] is None for each in hal.status()["gpio"].values()), "all lines are ours")
    equal(chip.consumer("GPIO27"), "celeriac lock")


@check
def outputs_begin_as_the_file_says():
    for number, level in (23, 1), (24, 1), (25, 0), (27, 0):  # 24 is off, and active low
        equal((number, pins.function(number), pins.level(number)), (number, "gpio_out", level))


@check
def outputs_are_switched_whether_the_file_has_their_name_or_their_number():
    for name, number, levels in ("lights", 23, (0, 1)), ("led_blue", 25, (1, 0)), ("lid", 24, (0, 1)):
        for value, level in zip((0, 1) if name == "lights" else (1, 0), levels):
            hal.done("WRLIN", line=name, value=value)
            equal((name, value, pins.level(number)), (name, value, level))
            equal(hal.read(f"gpio.{name}"), value)


@check
def an_output_blinks():
    hal.done("WRLIN", line="led_blue", value=1, blink=2)
    for level in 0, 1, 0, 1:
        until(lambda: pins.level(25) == level, f"it is {level}")
    hal.done("WRLIN", line="led_blue", value=0)
    equal(pins.level(25), 0)


@check
def inputs_have_the_bias_of_the_file_and_tell_of_both_edges():
    for number, bias in (16, "pull up"), (26, "pull down"), (5, "pull up"), (20, "disabled"):
        equal((number, pins.function(number), pins.bias(number), pins.edges(number)), (number, "gpio_in", bias, "edge-both"))


@check
def the_board_becomes_ready_finds_home_and_moves():
    hal.ready()
    equal(button()["state"], "released")
    board.control("place x 5")
    hal.done("FHOME", axis=X)
    hal.done("MVABS", x=20, y=0, z=0)
    within("counted x=20.00 y=0.00 z=0.00", board.events())


@check
def a_press_whose_edge_was_lost_stops_a_move_when_the_level_is_looked_at():
    hal.done("WRLIN", line="lid", value=1)
    equal(pins.level(24), 0)
    moving = hal.client.send("SYS", "MVABS", wire.bson({"x": 200, "y": 0, "z": 0, "x_speed": 20}))
    until(lambda: "segment to x=200.00" in board.events(), "the board moves")
    pins.hold(16, 1)
    equal(hal.client.wait(moving).status, wire.LOCKED)
    until(lambda: "emergency stop" in board.events(), "the board has stopped")
    equal(button()["state"], "held")


@check
def an_output_is_at_its_safe_value_while_the_machine_is_locked():
    equal(pins.level(24), 1)
    equal(hal.call("WRLIN", line="lid", value=1).status, wire.LOCKED)
    hal.done("WRLIN", line="led_blue", value=1)  # it keeps what it has
    equal(pins.level(25), 1)
    equal(hal.call("UNLCK").document["code"], "stop_button")
    pins.hold(16, 0)
    until(lambda: button()["state"] == "released", "the stop button is released")
    unlock()
    hal.done("WRLIN", line="lid", value=1)
    equal(pins.level(24), 0)


@check
def an_end_in_order_leaves_safe_values_and_free_lines_that_are_inputs():
    equal(hal.stop(), 0)
    for number, level in (23, 0), (24, 1), (27, 1):
        equal((number, pins.level(number)), (number, level))  # as it was last driven
        equal((number, pins.function(number), chip.consumer(number)), (number, "gpio_in", ""))


@check
def inputs_are_read_when_the_hypervisor_starts_and_a_button_that_is_held_locks():
    for number in 16, 26, 5:
        pins.hold(number, 1)
    start()
    until(lambda: button()["state"] == "held", "the stop button is held")
    equal(hal.read("locked"), True)
    for name, value in ("button_3", 1), ("button_4", 0), ("button_5", 0):  # 4 is active low
        equal((name, hal.call("RDLIN", line=name).value), (name, value))


@check
def the_outputs_of_a_hypervisor_that_was_killed_become_inputs():
    equal(pins.function(23), "gpio_out")
    equal(hal.stop(signal.SIGKILL), -signal.SIGKILL)
    for number in 23, 24, 25, 27:
        until(lambda: pins.function(number) == "gpio_in", f"line {number} is an input")


@check
def the_kernel_keeps_nobody_from_a_line_that_its_uart_uses():
    assert pins.function(14).startswith("alt"), pins.function(14)
    equal(told(described("/tmp/uart.json", light={"line": "TXD1", "direction": "output"}))["light"],
          ("ok", f"line 14 of {LABEL}, free."))
    with chip.take("TXD1", "a light", output=True):
        equal(pins.function(14), "gpio_out")
    equal(pins.function(14), "gpio_in")  # and the UART does not get it back


checks.run(log=lambda: hal.logged() if hal else "")
