"""What is asked of the system in a machine: its units, their log, a client of the VM."""

import json
import subprocess

import wire
from checks import equal, until

UNITS = ("celeriac-hal", "celeriac-vm", "celeriac-gateway", "celeriac-sim")
VM, HAL = "/run/celeriac/vm.sock", "/run/celeriac/hal.sock"
PATIENCE = 300.0  # seconds for a command


def said(*command, status=0):
    """Runs a command that has to end so; returns what it printed."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired as hanging:
        raise AssertionError(f"{' '.join(command)} was not over after {PATIENCE:.0f} s; it had said "
                             f"{(hanging.stdout or b'')[-1000:]}; jobs: {_jobs()}") from None
    if done.returncode != status:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def _jobs():
    try:
        return subprocess.run(["systemctl", "list-jobs", "--no-pager"], capture_output=True, text=True, timeout=10).stdout
    except subprocess.TimeoutExpired:
        return "systemd does not answer"


def journal():
    """What the services have logged since the machine was switched on."""
    return said("journalctl", "-b", "-o", "short-monotonic", "--no-hostname", "--no-pager", *(f"--unit={unit}" for unit in UNITS))


def state(unit):
    return subprocess.run(["systemctl", "is-active", unit], capture_output=True, text=True, timeout=PATIENCE).stdout.strip()


def property_of(unit, name):
    return said("systemctl", "show", "-P", name, unit).strip()


def install(packages, *options):
    said("apt-get", "install", "-y", "-q", "--no-install-recommends", *options,
         "-o", "Dpkg::Options::=--force-unsafe-io", *packages)


def doctor(*options):
    """Exit status of `celeriac doctor`, and what it prints."""
    told = subprocess.run(["celeriac", "doctor", *options], capture_output=True, text=True, timeout=PATIENCE)
    return told.returncode, told.stdout + told.stderr


def findings():
    """{check: verdict} of what is not well."""
    told = json.loads(doctor("--json")[1])["checks"]
    return {each["check"]: each["verdict"] for each in told if each["verdict"] not in ("ok", "unused")}


def ready(units=UNITS):
    """A client of the VM, when all of them run and the board is ready."""
    until(lambda: all(state(unit) == "active" for unit in units),
          f"{', '.join(units)} are active", deadline=120, every=0.3)
    client = until(_client, "the VM takes a client", every=0.2)
    if "celeriac-sim" in units:
        until(lambda: client.read("firmware")["state"] == "ready", "the board is ready", deadline=60, every=0.1)
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


def find_home(client, axes="xyz"):
    for axis in axes:
        answer = client.call("SYS", "FHOME", {"axis": "xyz".index(axis)})
        assert answer.status == wire.OK, answer
