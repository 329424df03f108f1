"""What the hypervisor does with a GPIO chip of the kernel and with a USB serial adapter, through libgpiod and libserialport."""

import glob
import json
import os
import time

import checks
import wire
from board import Board
from checks import check, equal, until, within
from hypervisor import Hypervisor
from lines import Chip

LABEL = "pinctrl-bcm2711"  # a Raspberry Pi 4's
STOP = "GPIO16"
FOLDER = "/tmp/hal"
X = 0
PRESSES = 30  # of the stop button, for its figure

chip = Chip(LABEL, [f"GPIO{number}" for number in range(28)])
board = Board("/tmp")
hal = None


def start(debounce):
    global hal
    os.makedirs(FOLDER, exist_ok=True)
    lines = os.path.join(FOLDER, "lines.json")
    with open(lines, "w") as file:
        json.dump({"lines": {
            "estop_button": {"chip": LABEL, "line": STOP, "direction": "input", "role": "stop", "debounce_ms": debounce},
            "button_3": {"line": "GPIO26", "direction": "input", "debounce_ms": 5},
            "lights": {"chip": LABEL, "line": 23, "direction": "output", "initial": 1},
            "lid": {"line": "GPIO24", "direction": "output", "active": "low", "safe": 0, "on_stop": "safe"},
            "led_blue": {"line": "GPIO25", "direction": "output"}}}, file)
    hal = Hypervisor(FOLDER, "--serial", "auto", "--lines", lines)
    board.follow(hal.process, "/dev/ttyUSB")


def button():
    return hal.status()["stop_button"]


def press(and_see="held"):
    chip.pull(STOP, True)
    until(lambda: button()["state"] == and_see, f"the stop button is {and_see}")


def let_go():
    chip.pull(STOP, False)
    until(lambda: button()["state"] == "released", "the stop button is released")


def unlock():
    hal.done("UNLCK")
    until(lambda: not hal.read("locked"), "the lock is off")
    hal.ready()


def adapter_is_there():
    return bool(glob.glob("/dev/ttyUSB*"))


def unplug():
    checks.ask_outside("unplug")
    until(lambda: not adapter_is_there(), "the adapter is gone")


def plug_in():
    checks.ask_outside("plug in")
    until(adapter_is_there, "the adapter is there again")


@check
def a_stop_button_whose_line_another_program_holds_is_reported_and_taken_when_it_is_free():
    with chip.take(STOP, "somebody else"), chip.take("GPIO25", "an oven"):
        start(debounce=20)
        until(lambda: button()["state"] == "missing", "the button is missing")
        equal(hal.status()["gpio"]["led_blue"]["trouble"], 'GPIO25 is taken by "an oven".')
        equal(hal.call("WRLIN", line="led_blue", value=1).status, wire.OFFLINE)
        equal(button()["trouble"], f'{STOP} of {LABEL} is taken by "somebody else".')
    until(lambda: button()["state"] != "missing", "the button is watched")
    until(lambda: hal.status()["gpio"]["led_blue"]["trouble"] is None, "the light is ours")


@check
def nobody_else_gets_the_line_of_the_stop_button():
    try:
        chip.take(STOP, "somebody else").close()
    except OSError as refused:
        equal(refused.strerror, "Device or resource busy")
    else:
        raise AssertionError("it was there for the taking")


@check
def a_stop_button_whose_wire_is_broken_is_held():
    equal(button()["state"], "held")  # nothing but the line's bias says so
    equal(hal.read("locked"), True)
    let_go()


@check
def outputs_begin_as_the_file_says_and_are_switched_by_name():
    equal(chip.value("GPIO23"), 1)
    equal(chip.value("GPIO24"), 1)  # off, and active low
    hal.done("WRLIN", line="lights", value=0)
    equal(chip.value("GPIO23"), 0)
    hal.done("WRLIN", line="led_blue", value=1, blink=2)
    until(lambda: chip.value("GPIO25") == 0, "it is in the dark half of its blinking", every=0.02)
    until(lambda: chip.value("GPIO25") == 1, "it is in the other half", every=0.02)
    equal(hal.read("gpio.led_blue"), 1)
    hal.done("WRLIN", line="led_blue", value=0)
    equal(hal.call("WRLIN", line="button_3", value=1).status, wire.WRONG_STATE)


@check
def an_input_is_read_and_its_register_follows_what_lasts_longer_than_its_debounce_time():
    equal(hal.call("RDLIN", line="button_3").value, 0)
    chip.pull("GPIO26", True)
    until(lambda: hal.read("gpio.button_3") == 1, "the button is pressed")
    chip.pull("GPIO26", False)
    until(lambda: hal.read("gpio.button_3") == 0, "the button is released")


@check
def the_adapter_is_found_by_its_usb_numbers_and_the_board_becomes_ready():
    hal.ready()
    equal(hal.read("firmware")["board"], "RAMPS 1.4")
    unlock()


@check
def the_board_finds_home_moves_and_switches_a_pin():
    board.control("place x 5")
    hal.done("FHOME", axis=X)
    equal(hal.read("trust")["x"], "known")
    hal.done("MVABS", x=20, y=10, z=-5)
    within("counted x=20.00 y=10.00 z=-5.00", board.events())
    hal.done("WRPIN", pin=8, value=1, mode=0)
    within("pin 8 = 1", board.events())
    hal.done("WRPIN", pin=8, value=0, mode=0)


@check
def a_press_stops_a_move_and_nobody_unlocks_while_the_button_is_held():
    moving = hal.client.send("SYS", "MVABS", wire.bson({"x": 200, "y": 10, "z": -5, "x_speed": 20}))
    until(lambda: "segment to x=200.00" in board.events(), "the board moves")
    time.sleep(0.3)
    board.expect_emergency()
    press()
    assert board.emergency(), "no E came to the board"
    equal(hal.client.wait(moving).status, wire.LOCKED)
    until(lambda: "emergency stop" in board.events(), "the board has stopped")
    equal(hal.call("UNLCK").document["code"], "stop_button")
    equal(hal.read("locked"), True)
    let_go()
    unlock()
    assert board.events().rindex("unlocked") > board.events().rindex("emergency stop")
    equal(hal.read("trust")["x"], "stale")


@check
def an_output_that_says_so_goes_to_its_safe_value_at_a_stop():
    hal.done("WRLIN", line="lid", value=1)
    equal(chip.value("GPIO24"), 0)
    press()
    until(lambda: chip.value("GPIO24") == 1, "the lid is safe")
    equal(hal.call("WRLIN", line="lid", value=1).status, wire.LOCKED)
    let_go()
    unlock()


@check
def a_contact_that_bounces_for_less_than_its_debounce_time_stops_nothing():
    board.expect_emergency()
    chip.flicker(STOP, 20)
    equal(board.emergency(0.3), None)
    equal(button()["state"], "released")


@check
def an_adapter_that_is_pulled_out_in_mid_move_fails_the_move_and_comes_back_with_the_position_in_doubt():
    hal.done("FHOME", axis=X)
    moving = hal.client.send("SYS", "MVABS", wire.bson({"x": 100, "y": 0, "z": 0, "x_speed": 20}))
    until(lambda: "segment to x=100.00" in board.events(), "the board moves")
    time.sleep(0.3)
    unplug()
    answer = hal.client.wait(moving)
    equal(answer.status, wire.OFFLINE)
    assert answer.document["message"], answer
    until(lambda: hal.read("firmware")["state"] != "ready", "the link is known to be gone")
    equal(hal.call("MVABS", x=0, y=0, z=0).status, wire.OFFLINE)
    resets = board.events().count("reset")
    plug_in()
    hal.ready()
    assert board.events().count("reset") > resets, "the board was not reset by the opening of its port"
    equal(hal.read("trust")["x"], "unknown")
    refused = hal.call("MVABS", x=10, y=0, z=0)
    equal(refused.document["code"], "position_unknown")
    hal.done("FHOME", axis=X)
    equal(hal.read("trust")["x"], "known")


@check
def a_press_while_the_adapter_is_out_reaches_the_board_before_anything_else():
    unplug()
    until(lambda: hal.read("firmware")["state"] != "ready", "the link is known to be gone")
    press()
    equal(hal.read("locked"), True)
    board.expect_emergency()
    stops = board.events().count("emergency stop")
    plug_in()
    assert board.emergency(30), "no E came to the board"
    until(lambda: board.events().count("emergency stop") > stops, "the board has stopped")
    let_go()
    until(lambda: hal.call("UNLCK").status == wire.OK, "it can be unlocked", every=0.2)
    hal.ready()


def presses(debounce):
    """Milliseconds from edges to E at the far end of the cable."""
    equal(hal.stop(), 0)
    start(debounce)
    hal.ready()
    let_go()  # the hypervisor's bias has pressed it
    unlock()
    taken = []
    for _ in range(PRESSES):
        board.expect_emergency()
        began = time.monotonic()
        chip.pull(STOP, True)
        came = board.emergency()
        assert came, "no E came to the board"
        taken.append((came - began) * 1e3)
        let_go()
        unlock()
    taken.sort()
    checks.figure(f"edge to E at the far end of the cable, debounce {debounce} ms: median {taken[PRESSES // 2]:.2f} ms, "
                  f"longest {taken[-1]:.2f} ms of {PRESSES}, emulated")


@check
def each_press_stops():
    presses(debounce=0)


@check
def the_hypervisor_ends_and_leaves_line_and_port_to_others():
    equal(hal.stop(), 0)
    chip.take(STOP, "somebody else").close()
    assert os.path.exists(f"/dev/{os.path.basename(chip.device)}")


checks.run(log=lambda: hal.logged() if hal else "")
