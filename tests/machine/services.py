"""The beds of a whole system with systemd.

`services`: the packages are installed, each service is tried in its sandbox, and the machine loses its power in mid-work.
`packages`: they are upgraded and downgraded beneath running sequences, and go again.
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
LOG = "ttyS1"  # of the machine: there the kernel and the journal are written as they speak
TAIL = 60  # lines of it that are shown of a machine that hangs
MODULES = ("virtio_pci", "virtio_blk", "ext4", "configfs", "gpio-sim", "xhci-pci", "ftdi_sio")

# The plainest one is the fastest where each instruction is emulated; two more that systemd and libraries like to have.
CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand"

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
# A robot that finds home in a second.
echo "[Service]
Environment=CELERIAC_SIM_OPTIONS=--speed=10" >/system/etc/systemd/system/celeriac-sim.service.d/fast.conf
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


def first_root(folder, script, part, packages):
    """The kernel, and the root that brings what is to be run into the disk's system. `packages`: {folder: [file]}."""
    kernel_ = kernel.kernel("amd64")
    made = initramfs.Initramfs(os.path.join(folder, f"initramfs.{part}"), "/", "amd64")
    made.folder("system")
    made.file("init", INIT % LOG, 0o755)
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


def run(folder, disk_, script, part, packages, cut_power=False, adapter=True):
    """True if all checks of a part passed. With `cut_power` the machine is killed after them; with `adapter` it has a USB
    serial adapter with nobody at its end."""
    image, initrd = first_root(folder, script, part, packages)
    log = os.path.join(folder, f"log.{part}")
    command = ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", CPU, "-smp", "2", "-m", "1024",
               "-nodefaults", "-display", "none", "-no-reboot", "-kernel", image, "-initrd", initrd,
               "-append", f"console={LOG} panic=-1 loglevel=7 nokaslr mitigations=off sysrq_always_enabled=1 "
                          "systemd.show_status=0 systemd.getty_auto=no TERM=dumb",
               "-serial", "stdio",
               "-chardev", f"socket,id={qemu.CONSOLE},path={folder}/{qemu.CONSOLE},server=on,wait=off,logfile={log}",
               "-serial", f"chardev:{qemu.CONSOLE}",
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


def packages_in(folder):
    found = [package for package in sorted(glob.glob(f"{folder}/celeriac*.deb"))
             if "celeriac-dev" not in package and "dbgsym" not in package]
    assert found, f"there are no packages in {folder}"
    return found


def services(folder, disk_, packages):
    return (run(folder, disk_, "services.py", "first", {"packages": packages_in(packages)}, cut_power=True) and
            run(folder, disk_, "services.py", "second", {}))


def packages(folder, disk_, packages, newer):
    return run(folder, disk_, "packages.py", "packages", {"old": packages_in(packages), "new": packages_in(newer)},
               adapter=False)


def main():
    bed, archive, *rest = sys.argv[1:]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="celeriac-machine.") as folder:
        passed = {"services": services, "packages": packages}[bed](folder, disk.over(disk.base(archive), folder), *rest)
    print(f"# all of it: {time.monotonic() - began:.1f} s", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
