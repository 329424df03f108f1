"""The beds of a whole system with systemd.

`services`: the packages are installed, each service is tried in its sandbox, and the machine loses its power in mid-work.
`packages`: they are upgraded and downgraded beneath running sequences, and go again.
`startup`: they are installed, and after the next start they tell how long that took and what they cost while nothing happens.
"""

import glob
import os
import resource
import sys
import tempfile
import time

import disk
import initramfs
import kernel
import places
import qemu

DEADLINE = 1200.0  # seconds of each run of a machine; it takes a tenth to a fifth
SILENCE = 450.0  # seconds without a word; a check has 400
TAIL = 60  # lines of it that are shown of a machine that hangs
MODULES = ("virtio_pci", "virtio_blk", "ext4", "configfs", "gpio-sim", "xhci-pci", "ftdi_sio")


# The machine of each architecture; where its kernel and its journal write as they speak; its serial ports, of which ttyS0 is
# that of the checks.
BOARDS = {
    # The plainest processor is the fastest where each instruction is emulated; with what systemd and libraries like to have.
    "amd64": (("qemu-system-x86_64", "-machine", "q35", "-cpu", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand"), "ttyS1",
              ("-serial", "chardev:checks", "-serial", f"chardev:{qemu.CONSOLE}")),
    "arm64": (("qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a72"), "ttyAMA0",
              ("-serial", f"chardev:{qemu.CONSOLE}", "-device", "pci-serial,chardev=checks")),
}
PLAIN = ("-accel", "tcg", "-smp", "2")
# Time in which the machine works is a nanosecond an instruction, however fast its host is: one Cortex-A72 of a Raspberry Pi 4
# (1.5 GHz) at 0.67 instructions a cycle, where the Pi has four. Time in which it waits is the host's.
COUNTED = ("-accel", "tcg,thread=single", "-smp", "1", "-icount", "shift=0,sleep=on")


class Board:
    def __init__(self, architecture, root, counted=False):
        """`root`: a Debian 13 of the architecture. `counted`: the machine's time is that of its instructions."""
        self.architecture, self.root = architecture, root
        machine, self.log, self.ports = BOARDS[architecture]
        self.command = [*machine, *(COUNTED if counted else PLAIN)]


INIT = """#!/bin/sh
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
while read -r name; do insmod "/modules/$name.ko"; done </modules/order
mount -t ext4 /dev/vda /system
cp -R /machine /system/
cp /machine/machine.service /system/etc/systemd/system/
mkdir -p /system/etc/systemd/system/multi-user.target.wants
ln -sf ../machine.service /system/etc/systemd/system/multi-user.target.wants/
# The journal leaves the machine as it is written, in case that the machine hangs.
mkdir -p /system/etc/systemd/journald.conf.d /system/etc/systemd/system/celeriac-sim.service.d
echo "[Journal]
ForwardToConsole=yes
TTYPath=/dev/%s
MaxLevelConsole=info" >/system/etc/systemd/journald.conf.d/machine.conf
echo "[Service]
Environment=CELERIAC_SIM_OPTIONS=--speed=%d" >/system/etc/systemd/system/celeriac-sim.service.d/fast.conf
for each in proc sys dev; do mount --move /$each /system/$each; done
exec switch_root /system /sbin/init
"""

SERVICE = """[Unit]
Description=What is checked in this machine
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c 'mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config; python3 -u /machine/%s %s'
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
"""


def first_root(folder, board, script, part, packages, speed):
    """The kernel, and the root that brings what is to be run into the disk's system. `packages`: {folder: [file]}."""
    kernel_ = kernel.kernel(board.architecture)
    made = initramfs.Initramfs(os.path.join(folder, f"initramfs.{part}"), board.root, board.architecture)
    made.folder("system")
    made.file("init", INIT % (board.log, speed), 0o755)
    made.modules(kernel_.modules(*MODULES))
    made.file("machine/machine.service", SERVICE % (script, part))
    tests = os.path.join(places.source, "tests")
    for name in (f"machine/inside/{script}", "machine/inside/checks.py", "machine/inside/chips.py",
                 "machine/inside/lines.py", "machine/inside/probe.py", "machine/inside/system.py", "integration/wire.py"):
        with open(os.path.join(tests, name), "rb") as file:
            made.file(f"machine/{os.path.basename(name)}", file.read())
    for place, files in packages.items():
        for package in files:
            with open(package, "rb") as file:
                made.file(f"machine/{place}/{os.path.basename(package)}", file.read())
    return kernel_.image, made.close()


def run(folder, disk_, board, script, part, packages, cut_power=False, adapter=True, speed=10):
    """True if all checks of a part passed. With `cut_power` the machine is killed after them; with `adapter` it has a USB
    serial adapter with nobody at its end. The simulated robot is `speed` times as fast: at 10 it finds home in a second."""
    image, initrd = first_root(folder, board, script, part, packages, speed)
    log = os.path.join(folder, f"log.{part}")
    command = [*board.command, "-m", "1024",
               "-nodefaults", "-display", "none", "-no-reboot", "-kernel", image, "-initrd", initrd,
               "-append", f"console={board.log} panic=-1 loglevel=7 nokaslr mitigations=off sysrq_always_enabled=1 "
                          "systemd.show_status=0 systemd.getty_auto=no TERM=dumb",
               "-chardev", "stdio,id=checks",
               "-chardev", f"socket,id={qemu.CONSOLE},path={folder}/{qemu.CONSOLE},server=on,wait=off,logfile={log}",
               *board.ports,
               "-drive", f"file={disk_},if=none,id=disk,format=qcow2", "-device", "virtio-blk-pci,drive=disk",
               "-device", "qemu-xhci"]
    if adapter:
        command += ["-chardev", "null,id=nobody", "-device", "usb-serial,chardev=nobody,always-plugged=on"]
    passed, began, used = False, time.monotonic(), _processor_time()
    with qemu.Machine(command, folder, DEADLINE, SILENCE) as machine:
        try:
            for line in machine.lines():
                print(line, flush=True)
                if line.startswith("checks: "):
                    passed = line.endswith("failed: 0")
                    if cut_power:
                        break  # and the machine is killed
        except TimeoutError as trouble:
            passed = False
            tell_of_hanging(machine, log, trouble)
        if not passed:
            print(f"QEMU said: {machine.errors()}")
    print(f"# {part} run of the machine: {time.monotonic() - began:.1f} s, {_processor_time() - used:.1f} s of processors",
          flush=True)
    return passed


def tell_of_hanging(machine, log, trouble):
    """Shows what leads to the cause: the log of the kernel and the journal, what the processors are at, and what the kernel says
    when it is asked."""
    print(f"FAILED the machine hangs: {trouble}")
    with open(log, errors="replace") as file:
        for line in file.read().splitlines()[-TAIL:]:
            print(f"  | {line}")
        try:
            for _ in range(3):
                print(f"  # {' '.join(machine.processors())}")
                time.sleep(1)
            machine.ask_kernel()
        except (OSError, RuntimeError) as silent:
            print(f"  > nothing: {silent}")
        for line in file.read().splitlines():
            print(f"  > {line}", flush=True)


def _processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def packages_in(folder, architecture):
    found = [package for package in sorted(glob.glob(f"{folder}/celeriac*_{architecture}.deb")) if "dbgsym" not in package]
    assert found, f"there are no packages for {architecture} in {folder}"
    return found


def services(folder, disk_, architecture, root, packages):
    board = Board(architecture, root)
    return (run(folder, disk_, board, "services.py", "first", {"packages": packages_in(packages, architecture)},
                cut_power=True) and
            run(folder, disk_, board, "services.py", "second", {}))


def packages(folder, disk_, architecture, root, packages, newer):
    return run(folder, disk_, Board(architecture, root), "packages.py", "packages",
               {"old": packages_in(packages, architecture), "new": packages_in(newer, architecture)}, adapter=False)


def startup(folder, disk_, architecture, root, packages):
    return (run(folder, disk_, Board(architecture, root), "startup.py", "install",
                {"packages": packages_in(packages, architecture)}, adapter=False) and
            run(folder, disk_, Board(architecture, root, counted=True), "startup.py", "measure", {}, adapter=False, speed=1))


BEDS = {"services": services, "packages": packages, "startup": startup}


def main():
    """Arguments: the bed, the machine's architecture, a Debian 13 of that, the archive of its disk, folders with packages."""
    bed, architecture, root, archive, *rest = sys.argv[1:]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="celeriac-machine.") as folder:
        passed = BEDS[bed](folder, disk.over(disk.base(archive), folder), architecture, root, *rest)
    print(f"# all of it: {time.monotonic() - began:.1f} s", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
