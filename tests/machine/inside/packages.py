"""A machine with systemd in which the packages are installed, upgraded and downgraded beneath running sequences, and purged."""

import ctypes
import glob
import os
import struct

import checks
import wire
from checks import check, equal, until, within
from system import UNITS, doctor, find_home, findings, install, journal, property_of, ready, said, state

OLD, NEW = sorted(glob.glob("/machine/old/*.deb")), sorted(glob.glob("/machine/new/*.deb"))
LONG_ROUND = wire.sequence(*(wire.move_to(x, 0, 0) for x in (300, 0) * 100), name="Long round")
# What this bed put there itself.
OURS = ("/etc/systemd/system/celeriac-sim.service.d",)


def version_in(packages):
    """Of files, all of which are of one version."""
    version, = {said("dpkg-deb", "-f", package, "Version").strip() for package in packages}
    return version


def check_that_nothing_is_lost(packages, *options):
    """Installs the packages while a sequence runs: it rests between two steps, which is told, and what runs is theirs."""
    with ready() as client:
        find_home(client, "x")
        code, closed = client.upload(LONG_ROUND)
        equal(closed.status, wire.OK)
        process = client.start(code)
        client.until(process, lambda stat: stat["steps_done"] > 2)
    before = {unit: property_of(unit, "MainPID") for unit in UNITS}
    sockets = {name: property_of(f"{name}.socket", "ActiveEnterTimestampMonotonic") for name in ("celeriac-hal", "celeriac-vm")}
    logged = len(journal())
    install(packages, *options)
    for name, since in sockets.items():
        equal(property_of(f"{name}.socket", "ActiveEnterTimestampMonotonic"), since)  # who called meanwhile has waited
    with ready() as client:
        stat = client.stat(process)
        assert stat.get("state") == "killed", f"{stat}; the log: {journal()[logged:]}"
        equal(stat["error"]["code"], "interrupted")
        within("stopped before step", stat["error"]["message"])
    within(f'The host stops. Process {process}, "Long round", stopped before step', journal()[logged:])
    for unit in UNITS:
        pid = property_of(unit, "MainPID")
        assert pid != before[unit], f"{unit} is the process that it was"
        program = os.readlink(f"/proc/{pid}/exe")
        assert not program.endswith("(deleted)"), f"{unit} runs {program}"
        equal(property_of(unit, "NRestarts"), "0")
    for package in ("celeriac", "celeriac-sim"):
        equal(said("dpkg-query", "-W", "-f", "${Version}", package), version_in(packages))


def program_of(process):
    try:
        return os.readlink(f"/proc/{process}/exe")
    except OSError:
        return ""  # a thread of the kernel, or gone meanwhile


def named_after_us():
    """Files and folders that have the name of the packages, wherever they may have put some."""
    found = []
    for top in ("/etc", "/usr", "/var", "/run", "/tmp", "/home", "/opt", "/srv", "/root"):
        for folder, folders, files in os.walk(top):
            found += [f"{folder}/{name}" for name in folders + files if "celeriac" in name or name == "farmbot"]
    return [path for path in found if not path.startswith(OURS)]


def the_packages_are_installed():
    equal(named_after_us(), [])
    install(OLD)
    ready().close()


def the_clock_is_set_as_if_from_a_network():
    """Says so to the kernel, as a daemon of NTP does: status 0 without STA_UNSYNC, a largest error of 1 ms."""
    ADJ_MAXERROR, ADJ_STATUS = 0x4, 0x10  # linux/timex.h
    timex = struct.pack("=I4x4qi", ADJ_MAXERROR | ADJ_STATUS, 0, 0, 1000, 0, 0).ljust(208, b"\0")
    assert ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(timex)) >= 0, os.strerror(ctypes.get_errno())


def doctor_finds_nothing_wrong_with_the_simulator():
    status, told = doctor()
    equal(status, 0)
    within("\ngreen: ", told)
    # Nobody knows where a bot stands that has never found home; that is all that there is to do.
    with ready() as client:
        find_home(client)
    equal(findings(), {"clock": "warning"})  # there is no network
    the_clock_is_set_as_if_from_a_network()
    until(lambda: findings() == {}, "doctor finds everything well", every=1.0)


def an_upgrade_lets_a_sequence_come_to_rest_and_the_services_are_the_new_ones():
    check_that_nothing_is_lost(NEW)


def a_downgrade_does_the_same():
    check_that_nothing_is_lost(OLD, "--allow-downgrades")


def without_the_simulator_doctor_names_the_board_and_nothing_else():
    said("apt-get", "purge", "-y", "-q", "celeriac-sim")
    ready([unit for unit in UNITS if unit != "celeriac-sim"]).close()
    equal(state("celeriac-sim"), "inactive")
    until(lambda: "No board was found" in doctor()[1], "doctor has heard that there is no board", every=0.5)
    equal(doctor()[0], 1)
    equal({check: verdict for check, verdict in findings().items() if verdict == "problem"}, {"board": "problem"})


def after_the_purge_nothing_of_theirs_is_left():
    said("apt-get", "purge", "-y", "-q", "celeriac")
    equal([unit for unit in UNITS if state(unit) == "active"], [])
    equal([name for name in map(program_of, filter(str.isdigit, os.listdir("/proc"))) if "celeriac" in name], [])
    equal(named_after_us(), [])


for each in (the_packages_are_installed, doctor_finds_nothing_wrong_with_the_simulator,
             an_upgrade_lets_a_sequence_come_to_rest_and_the_services_are_the_new_ones, a_downgrade_does_the_same,
             without_the_simulator_doctor_names_the_board_and_nothing_else, after_the_purge_nothing_of_theirs_is_left):
    check(each)
checks.run(log=journal)
