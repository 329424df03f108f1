"""The bed of a whole system: systemd installs the packages, runs them in their sandboxes, and loses its power in mid-work."""

import glob
import os
import sys
import tempfile
import time

import disk
import initramfs
import kernel
import places
import qemu

DEADLINE = 420.0  # seconds of each of the two runs; they take a tenth to a fifth
MODULES = ("virtio_pci", "virtio_blk", "ext4", "configfs", "gpio-sim", "xhci-pci", "ftdi_sio")

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
for each in proc sys dev; do mount --move /$each /system/$each; done
exec switch_root /system /sbin/init
"""

SERVICE = """[Unit]
Description=What is checked in this machine
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c 'mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config; python3 -u /machine/services.py %s'
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
"""


def first_root(folder, packages, part):
    """The kernel, and the root that brings what is to be run into the disk's system."""
    kernel_ = kernel.kernel("amd64")
    made = initramfs.Initramfs(os.path.join(folder, f"initramfs.{part}"), "/", "amd64")
    made.folder("system")
    made.file("init", INIT, 0o755)
    made.modules(kernel_.modules(*MODULES))
    made.file("machine/machine.service", SERVICE % part)
    tests = os.path.join(places.source, "tests")
    for script in ("machine/inside/services.py", "machine/inside/checks.py", "machine/inside/lines.py",
                   "machine/inside/probe.py", "integration/wire.py"):
        with open(os.path.join(tests, script), "rb") as file:
            made.file(f"machine/{os.path.basename(script)}", file.read())
    for package in packages if part == "first" else []:
        with open(package, "rb") as file:
            made.file(f"machine/{os.path.basename(package)}", file.read())
    return kernel_.image, made.close()


def run(folder, packages, part, disk_, cut_power):
    """True if all checks of a part passed. With `cut_power` the machine is killed after them."""
    image, initrd = first_root(folder, packages, part)
    command = ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "max", "-smp", "2", "-m", "1024",
               "-nodefaults", "-display", "none", "-no-reboot", "-kernel", image, "-initrd", initrd,
               "-append", "console=ttyS0 panic=-1 quiet systemd.show_status=0 systemd.getty_auto=no TERM=dumb", "-serial", "stdio",
               "-drive", f"file={disk_},if=none,id=disk,format=qcow2", "-device", "virtio-blk-pci,drive=disk",
               "-chardev", "null,id=nobody", "-device", "qemu-xhci",
               "-device", "usb-serial,chardev=nobody,always-plugged=on"]
    passed = False
    with qemu.Machine(command, folder, DEADLINE) as machine:
        try:
            for line in machine.lines():
                print(line, flush=True)
                if line.startswith("checks: "):
                    passed = line.endswith("failed: 0")
                    if cut_power:
                        break  # and the machine is killed
        except TimeoutError as trouble:
            print(f"FAILED the machine: {trouble}")
            passed = False
        if not passed:
            print(f"QEMU said: {machine.errors()}")
    return passed


def main():
    archive, packages = sys.argv[1], sorted(glob.glob(f"{sys.argv[2]}/celeriac*.deb"))
    packages = [package for package in packages if "celeriac-dev" not in package and "dbgsym" not in package]
    assert packages, f"there are no packages in {sys.argv[2]}"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="celeriac-machine.") as folder:
        disk_ = disk.over(disk.base(archive), folder)
        for part, cut_power in (("first", True), ("second", False)):
            at = time.monotonic()
            if not run(folder, packages, part, disk_, cut_power):
                return 1
            print(f"# {part} run of the machine with systemd: {time.monotonic() - at:.1f} s", flush=True)
    print(f"# all of it: {time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
