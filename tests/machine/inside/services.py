"""A machine with systemd: `first` installs the packages and is in the middle of work when its power is cut; `second` looks
at what is left after that."""

import glob
import os
import sys

import checks
import wire
from checks import check, equal, figure, until, within
from lines import Chip
from system import HAL, UNITS, VM, find_home, install, journal, property_of, ready, run, said

# What a service may do of what probe.py tries; everything else has to be refused.
MAY = {
    # A board may hang on the computer's own UART, so that is the hypervisor's as well.
    "celeriac-hal": {"the serial port", "the computer's own UART", "the GPIO chip", "a unix socket",
                     "writing the state of the hypervisor"},
    "celeriac-vm": {"writing the state of the VM", "a network socket", "a unix socket", "a user namespace"},
    "celeriac-gateway": {"writing the state of the gateway", "a network socket", "a unix socket"},
    "celeriac-sim": {"a unix socket"},
}


def probe_all():
    """What probe.py says in each service's place: a unit that is the service's own, drop-ins and all, but for its program."""
    probes = {unit: f"probe-of-{unit}" for unit in UNITS}
    for unit, name in probes.items():
        with open(f"/run/systemd/system/{name}.service", "w") as file:
            file.write(said("systemctl", "cat", f"{unit}.service") +
                       "\n[Service]\nType=oneshot\nExecStart=\nExecStart=/usr/bin/python3 -S -E /machine/probe.py\nRestart=no\n"
                       f"WatchdogSec=0\nRuntimeDirectoryPreserve=yes\nStandardOutput=truncate:/run/{name}\n")
    said("systemctl", "daemon-reload")
    said("systemctl", "start", *(f"{name}.service" for name in probes.values()))
    results = {}
    for unit, name in probes.items():
        with open(f"/run/{name}") as file:
            results[unit] = dict(line.strip().split(": ", 1) for line in file)
    return results


# First: before the power is cut.


def the_packages_are_installed_with_apt_and_nothing_else():
    install(sorted(glob.glob("/machine/packages/*.deb")))


def the_services_run_and_the_simulated_board_is_ready():
    client = ready()
    equal(client.read("firmware")["board"], "RAMPS 1.4")
    for unit in UNITS:
        equal(property_of(unit, "NRestarts"), "0")
    resident = sum(int(property_of(unit, "MemoryCurrent")) for unit in UNITS)
    figure(f"memory of all services: {resident / 1e6:.1f} MB")


def a_sequence_runs_from_the_command_line():
    with open("/tmp/sequence.json", "w") as file:
        file.write(wire.sequence(wire.step("find_home", axis="z", speed=100), wire.write_pin(8, 1), wire.wait(200),
                                 wire.write_pin(8, 0), name="Try it"))
    said("celeriac", "run", "/tmp/sequence.json")


def each_service_can_do_what_it_needs_and_nothing_else():
    Chip("pinctrl-bcm2711", [f"GPIO{number}" for number in range(28)])
    os.makedirs("/home/somebody", exist_ok=True)
    said("udevadm", "settle")
    wrong = []
    for unit, results in probe_all().items():
        assert len(results) > 20, f"{unit}: the probe said {results}"
        for attempt, result in results.items():
            if (result == "allowed") != (attempt in MAY[unit]):
                wrong.append(f"{unit}, {attempt}: {result}")
    assert not wrong, "; ".join(wrong)


def the_sandboxes_score_as_they_should():
    limits = {"celeriac-hal": 3.0}
    for unit in UNITS:
        exposure = float(said("systemd-analyze", "security", "--no-pager", f"{unit}.service").split("exposure level for")[1]
                         .split(":")[1].split()[0])
        figure(f"systemd-analyze security {unit}.service: {exposure}")
        assert exposure <= limits.get(unit, 2.0), f"{unit}: {exposure}"


def work_is_in_progress_when_the_power_is_cut():
    client = ready()
    find_home(client)
    code, closed = client.upload(wire.sequence(
        wire.write_pin(8, 1), wire.move_to(2500, 0, 0, speed=5), wire.move_to(0, 0, 0), name="Interrupted"))
    equal(closed.status, wire.OK)
    client.start(code)
    with wire.Client(HAL) as hypervisor:
        until(lambda: hypervisor.read("outputs")["8"]["on"], "the valve is on")
        until(lambda: hypervisor.read("busy"), "the bot moves")


# Second: when the power is back.


def the_services_come_back_by_themselves():
    ready()


def the_image_is_whole():
    with wire.Client(VM) as client:
        answer = client.call("IMGE", "CHECK")
        equal(answer.status, wire.OK)
        equal(answer.document["findings"], [])
        equal(answer.document["whole"], True)


def nothing_is_on_nothing_moves_and_nothing_goes_on_by_itself():
    with wire.Client(VM) as client:
        equal(client.read("outputs")["8"]["on"], False)
        equal(client.call("SYS", "RDPIN", {"pin": 8, "mode": 0}).value, 0)
        equal(client.read("busy"), False)
        alive = [each for each in client.call("PROC", "LIST").document["processes"]
                 if each["state"] not in ("done", "failed", "killed")]
        equal(alive, [])


def what_was_cut_off_is_named_in_the_log_and_in_the_list():
    with wire.Client(VM) as client:
        cut_off = [each for each in client.call("PROC", "LIST").document["processes"] if each["name"] == "Interrupted"]
        equal([each["state"] for each in cut_off], ["killed"])
        equal(client.stat(cut_off[0]["id"])["error"]["code"], "interrupted")
    within('"Interrupted", was cut off somewhere in its 3 steps. The host ended without warning', journal())
    assert "Try it" not in journal(), "a sequence that had ended is named as cut off"


def the_position_is_in_doubt_and_the_log_says_why():
    with wire.Client(VM) as client:
        equal(client.read("trust")["x"], "unknown")
        equal(client.call("SYS", "MVABS", {"x": 5, "y": 0, "z": 0}).document["code"], "position_unknown")
    within("unknown (the board restarted in the middle of a move)", journal())


def a_sequence_runs_again_after_finding_home():
    with wire.Client(VM) as client:
        find_home(client)
        run(client, wire.move_to(20, 20, 0), wire.move_to(0, 0, 0))


FIRST = (the_packages_are_installed_with_apt_and_nothing_else, the_services_run_and_the_simulated_board_is_ready,
         a_sequence_runs_from_the_command_line, the_sandboxes_score_as_they_should,
         each_service_can_do_what_it_needs_and_nothing_else, work_is_in_progress_when_the_power_is_cut)
SECOND = (the_services_come_back_by_themselves, the_image_is_whole,
          nothing_is_on_nothing_moves_and_nothing_goes_on_by_itself, what_was_cut_off_is_named_in_the_log_and_in_the_list,
          the_position_is_in_doubt_and_the_log_says_why, a_sequence_runs_again_after_finding_home)

for each in FIRST if sys.argv[1] == "first" else SECOND:
    check(each)
checks.run(log=journal)
