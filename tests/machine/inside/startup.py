"""A machine with systemd: `install` installs the packages and tries them; `measure`, after that, tells how long the services
take to be ready, and what they cost while nothing happens."""

import glob
import os
import sys
import time

import checks
import wire
from checks import check, equal, figure, within
from system import UNITS, doctor, find_home, findings, install, journal, property_of, ready, run, said

SETTLING, IDLE = 20, 60  # seconds of the machine's time before anything is measured, and in which idleness is
STARTUP_LIMIT = 3.0  # seconds
CPU_LIMIT, WAKEUPS_LIMIT = 0.5, 2.0  # percent of one core, each second: for those in IDLE_UNITS
IDLE_UNITS = ("celeriac-hal", "celeriac-vm")
MEMORY_LIMIT = 120e6  # bytes, of all of them


def main_process(unit):
    return int(property_of(unit, "MainPID"))


# Install.


def the_packages_are_installed_with_apt_and_nothing_else():
    install(sorted(glob.glob("/machine/packages/*.deb")))
    equal(said("dpkg", "--print-architecture").strip(), {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine])


def the_services_run_and_the_simulated_board_is_ready():
    with ready() as client:
        equal(client.read("firmware")["board"], "RAMPS 1.4")
    for unit in UNITS:
        equal(property_of(unit, "NRestarts"), "0")


def doctor_is_green():
    status, told = doctor()
    equal(status, 0)
    within("\ngreen: ", told)


def a_sequence_runs_from_the_command_line():
    with open("/tmp/sequence.json", "w") as file:
        file.write(wire.sequence(wire.step("find_home", axis="z", speed=100), wire.write_pin(8, 1), wire.wait(200),
                                 wire.write_pin(8, 0), name="Try it"))
    said("celeriac", "run", "/tmp/sequence.json")
    with ready() as client:
        find_home(client)
        run(client, wire.move_to(20, 20, 0), wire.move_to(0, 0, 0))
    figure(f"what doctor finds worth a word, without a network: {findings()}")


# Measure.


def microseconds(unit, event):
    """When a unit's start began (InactiveExit) or was over (ActiveEnter: its READY), since the kernel began."""
    return int(property_of(unit, f"{event}TimestampMonotonic"))


def the_services_start_by_themselves_in_less_than_three_seconds():
    """From the moment at which systemd begins to start the first of them; before that the time is its own."""
    ready().close()
    userspace = int(said("systemctl", "show", "-P", "UserspaceTimestampMonotonic"))
    began = min(microseconds(unit, "InactiveExit") for unit in UNITS)
    is_ready = max(microseconds(unit, "ActiveEnter") for unit in UNITS)
    figure(f"the kernel hands over after {userspace / 1e6:.2f} s; systemd begins to start the services "
           f"{(began - userspace) / 1e6:.2f} s later, and all of them are ready {(is_ready - began) / 1e6:.2f} s after that")
    for unit in UNITS:
        start, end = microseconds(unit, "InactiveExit"), microseconds(unit, "ActiveEnter")
        figure(f"  {unit}: from {(start - began) / 1e6:.2f} s to {(end - began) / 1e6:.2f} s")
    for target in ("basic.target", "multi-user.target"):
        figure(f"  {target}: at {(microseconds(target, 'ActiveEnter') - began) / 1e6:.2f} s")
    assert is_ready - began < STARTUP_LIMIT * 1e6


def used(process):
    """({thread: voluntary switches}, seconds of processors) of a process."""
    switches, nanoseconds = {}, 0
    for task in glob.glob(f"/proc/{process}/task/*"):
        with open(f"{task}/status") as file:
            switches[os.path.basename(task)] = int(file.read().split("\nvoluntary_ctxt_switches:")[1].split()[0])
        with open(f"{task}/schedstat") as file:
            nanoseconds += int(file.read().split()[0])
    return switches, nanoseconds / 1e9


def without_a_client_the_services_sleep():
    time.sleep(SETTLING)
    processes = {unit: main_process(unit) for unit in UNITS}
    before = {unit: used(process) for unit, process in processes.items()}
    began = time.monotonic()
    time.sleep(IDLE)
    after = {unit: used(process) for unit, process in processes.items()}
    seconds = time.monotonic() - began
    over = []
    for unit in UNITS:
        switches = [count - before[unit][0].get(thread, 0) for thread, count in after[unit][0].items()]
        percent = 100 * (after[unit][1] - before[unit][1]) / seconds
        wakeups = sum(switches) / seconds
        threads = " + ".join(f"{count / seconds:.2f}" for count in sorted(switches, reverse=True) if count)
        figure(f"idle for {seconds:.0f} s, {unit}: {percent:.3f} % of a core, {wakeups:.2f} wake-ups a second "
               f"({threads or 'none'})")
        if unit in IDLE_UNITS and (percent > CPU_LIMIT or wakeups > WAKEUPS_LIMIT):
            over.append(f"{unit}: {percent:.3f} %, {wakeups:.2f} wake-ups a second")
    assert not over, "; ".join(over)


def memory(process):
    """{what: bytes} of a process, by the kernel's own sums."""
    with open(f"/proc/{process}/smaps_rollup") as file:
        lines = [line.split() for line in file.readlines()[1:]]
    return {name.rstrip(":"): int(kilobytes) * 1024 for name, kilobytes, _ in lines}


def with_a_client_they_are_resident_in_less_than_120_megabytes():
    with ready() as client:
        for name in ("busy", "outputs", "trust", "firmware"):
            client.read(name)
        total = {}
        for unit in UNITS:
            of = memory(main_process(unit))
            figure(f"memory of {unit}: {of['Pss'] / 1e6:.1f} MB, its share of what is shared; written by it alone "
                   f"{of['Private_Dirty'] / 1e6:.1f}, clean pages of files that it has alone {of['Private_Clean'] / 1e6:.1f}, "
                   f"shared and clean {of['Shared_Clean'] / 1e6:.1f}; resident {of['Rss'] / 1e6:.1f}")
            total[unit] = of["Pss"]
        all_ = sum(total.values())
        figure(f"memory of all with one client: {all_ / 1e6:.1f} MB, without the simulator "
               f"{(all_ - total['celeriac-sim']) / 1e6:.1f} MB")
    with open("/proc/meminfo") as file:
        of_machine = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}
    figure(f"memory of the whole machine, this measurement included: "
           f"{(of_machine['MemTotal'] - of_machine['MemAvailable']) / 1e6:.0f} MB are not available")
    assert all_ < MEMORY_LIMIT, f"{all_ / 1e6:.1f} MB"


INSTALL = (the_packages_are_installed_with_apt_and_nothing_else, the_services_run_and_the_simulated_board_is_ready,
           doctor_is_green, a_sequence_runs_from_the_command_line)
MEASURE = (the_services_start_by_themselves_in_less_than_three_seconds, without_a_client_the_services_sleep,
           with_a_client_they_are_resident_in_less_than_120_megabytes)

for each in INSTALL if sys.argv[1] == "install" else MEASURE:
    check(each)
checks.run(log=journal)
