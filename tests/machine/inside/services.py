"""A machine with systemd: `first` installs the packages and is in the middle of work when its power is cut; `second` looks
at what is left after that."""

import glob
import os
import subprocess
import sys

import checks
import wire
from checks import check, equal, figure, until, within
from lines import Chip

UNITS = ("celeriac-hal", "celeriac-vm", "celeriac-gateway", "celeriac-sim")
VM, HAL = "/run/celeriac/vm.sock", "/run/celeriac/hal.sock"

# What a service may do of what probe.py tries; everything else has to be refused.
MAY = {
    # A board may hang on the computer's own UART, so that is the hypervisor's as well.
    "celeriac-hal": {"the serial port", "the computer's own UART", "the GPIO chip", "a unix socket",
                     "writing the state of the hypervisor"},
    "celeriac-vm": {"writing the state of the VM", "a network socket", "a unix socket", "a user namespace"},
    "celeriac-gateway": {"writing the state of the gateway", "a network socket", "a unix socket"},
    "celeriac-sim": {"a unix socket"},
}


def said(*command, status=0):
    """Runs a command that has to end so; returns what it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def journal():
    """What the services have logged since the machine was switched on."""
    return said("journalctl", "-b", "-o", "short-monotonic", "--no-hostname", "--no-pager", *(f"--unit={unit}" for unit in UNITS))


def state(unit):
    return subprocess.run(["systemctl", "is-active", unit], capture_output=True, text=True).stdout.strip()


def ready():
    """A client of the VM, when all of them run and the board is ready."""
    until(lambda: all(state(unit) == "active" for unit in UNITS),
          f"{', '.join(UNITS)} are active", deadline=60, every=0.5)
    client = until(_client, "the VM takes a client", every=0.2)
    until(lambda: client.read("firmware")["state"] == "ready", "the board is ready", deadline=60, every=0.2)
    return client


def _client():
    try:
        client = wire.Client(VM)
        client.read("firmware")
        return client
    except (OSError, AssertionError):
        return None


def run(client, *steps):
    """Runs a sequence to its good end."""
    code, closed = client.upload(wire.sequence(*steps))
    equal(closed.status, wire.OK)
    ended = client.process("WAIT", client.start(code))
    assert ended.status == wire.OK, ended


def find_home(client):
    for axis in range(3):
        answer = client.call("SYS", "FHOME", {"axis": axis})
        assert answer.status == wire.OK, answer


def probe(unit):
    """What probe.py says when it runs in the place of a service, in all of its sandbox."""
    folder, heard = f"/run/systemd/system/{unit}.service.d", f"/run/probe-of-{unit}"
    os.makedirs(folder, exist_ok=True)
    drop_in = f"{folder}/zz-probe.conf"
    # All of them, and the sockets first: a client that knocks would start the service while it is changed.
    said("systemctl", "stop", "celeriac-hal.socket", "celeriac-vm.socket", *(f"{each}.service" for each in UNITS))
    with open(drop_in, "w") as file:
        file.write("[Service]\nType=oneshot\nExecStart=\nExecStart=/usr/bin/python3 -S -E /machine/probe.py\nRestart=no\n"
                   f"WatchdogSec=0\nStandardOutput=truncate:{heard}\n")
    try:
        said("systemctl", "daemon-reload")
        said("systemctl", "start", f"{unit}.service")
    finally:
        os.unlink(drop_in)
        said("systemctl", "daemon-reload")
    with open(heard) as file:
        return dict(line.strip().split(": ", 1) for line in file)


# First: before the power is cut.


def the_packages_are_installed_with_apt_and_nothing_else():
    said("apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "Dpkg::Options::=--force-unsafe-io",
         *sorted(glob.glob("/machine/*.deb")))


def the_services_run_and_the_simulated_board_is_ready():
    client = ready()
    equal(client.read("firmware")["board"], "RAMPS 1.4")
    for unit in UNITS:
        equal(said("systemctl", "show", "-P", "NRestarts", unit).strip(), "0")
    resident = sum(int(said("systemctl", "show", "-P", "MemoryCurrent", unit)) for unit in UNITS)
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
    for unit in UNITS:
        results = probe(unit)
        assert len(results) > 20, f"{unit}: the probe said {results}"
        for attempt, result in results.items():
            if (result == "allowed") != (attempt in MAY[unit]):
                wrong.append(f"{unit}, {attempt}: {result}")
    said("systemctl", "start", *(f"{unit}.service" for unit in UNITS))
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
        wire.write_pin(8, 1), wire.move_to(1000, 0, 0, speed=10), wire.move_to(0, 0, 0), name="Interrupted"))
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


def the_position_is_in_doubt_and_the_log_says_why():
    with wire.Client(VM) as client:
        equal(client.read("trust")["x"], "unknown")
        equal(client.call("SYS", "MVABS", {"x": 5, "y": 0, "z": 0}).document["code"], "position_unknown")
    within("unknown (the board restarted in the middle of a move)", journal())


def a_sequence_runs_again_after_finding_home():
    with wire.Client(VM) as client:
        find_home(client)
        run(client, wire.move_to(20, 20, 0), wire.move_to(0, 0, 0))


def the_packages_go_without_leaving_anything_of_theirs():
    said("apt-get", "purge", "-y", "-q", "celeriac", "celeriac-sim")
    equal([unit for unit in UNITS if state(unit) == "active"], [])
    equal(glob.glob("/usr/bin/celeriac*") + glob.glob("/etc/celeriac*"), [])


FIRST = (the_packages_are_installed_with_apt_and_nothing_else, the_services_run_and_the_simulated_board_is_ready,
         a_sequence_runs_from_the_command_line, the_sandboxes_score_as_they_should,
         each_service_can_do_what_it_needs_and_nothing_else, work_is_in_progress_when_the_power_is_cut)
SECOND = (the_services_come_back_by_themselves, the_image_is_whole,
          nothing_is_on_nothing_moves_and_nothing_goes_on_by_itself, the_position_is_in_doubt_and_the_log_says_why,
          a_sequence_runs_again_after_finding_home, the_packages_go_without_leaving_anything_of_theirs)

for each in FIRST if sys.argv[1] == "first" else SECOND:
    check(each)
checks.run(log=journal)
