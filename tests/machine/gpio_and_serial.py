"""The bed of gpio-sim and a USB serial adapter: the hypervisor's real libgpiod and libserialport, under QEMU."""

import os
import sys
import tempfile
import time

import initramfs
import kernel
import places
import qemu

DEADLINE = 180.0  # seconds; the machines take a sixth to a third of it
MODULES = ("configfs", "gpio-sim", "xhci-pci", "ftdi_sio")
PROGRAMS = ("celeriac-hal", "celeriac-firmware-sim")

INIT = """#!/bin/sh
mount -t devtmpfs none /dev
mkdir -p /dev/pts
mount -t devpts none /dev/pts
mount -t proc none /proc
mount -t sysfs none /sys
mount -t tmpfs none /tmp
while read -r name; do insmod "/modules/$name.ko"; done </modules/order
mount -t configfs none /sys/kernel/config
ip link set lo up
export PATH=/bin CELERIAC_UART=%s
python3 -S -E /scripts/gpio_and_serial.py
poweroff -f
"""

# For each architecture the machine, its console, and its second serial port, seen from inside and from outside.
BOARDS = {
    "amd64": (("qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "max"), "ttyS0", "/dev/ttyS1",
              ("-serial", "chardev:board")),
    # Its own second port, a PL011, stops all of QEMU when nobody reads its cable.
    "arm64": (("qemu-system-aarch64", "-accel", "tcg", "-machine", "virt", "-cpu", "cortex-a72"), "ttyAMA0", "/dev/ttyS0",
              ("-device", "pci-serial,chardev=board")),
}


def image(folder, architecture, root, programs):
    kernel_ = kernel.kernel(architecture)
    made = initramfs.Initramfs(os.path.join(folder, "initramfs"), root, architecture)
    made.file("init", INIT % BOARDS[architecture][2], 0o755)
    made.modules(kernel_.modules(*MODULES))
    for program in PROGRAMS:
        made.program(os.path.join(programs, program), f"bin/{program}")
    inside = os.path.join(places.source, "tests/machine/inside")
    made.python([os.path.join(inside, "gpio_and_serial.py")],
                [inside, os.path.join(places.source, "tests/integration")])
    return kernel_.image, made.close()


def adapter(identifier):
    return {"driver": "usb-serial", "chardev": "adapter", "always-plugged": True, "id": identifier}


def run(folder, architecture, root, programs):
    """Returns the machine's exit status: 0 if all checks passed."""
    began = time.monotonic()
    image_, initrd = image(folder, architecture, root, programs)
    made = time.monotonic() - began
    cable = f"{folder}/cable"
    board, console, _, port = BOARDS[architecture]
    command = [*board, "-m", "384", "-nodefaults", "-display", "none", "-no-reboot",
               "-kernel", image_, "-initrd", initrd, "-append", f"console={console} panic=-1 quiet",
               "-serial", "stdio",
               # The adapter's cable ends in the machine's own second serial port.
               "-chardev", f"socket,id=board,path={cable},server=on,wait=off", *port,
               "-chardev", f"socket,id=adapter,path={cable},reconnect-ms=50", "-device", "qemu-xhci",
               "-device", "usb-serial,chardev=adapter,always-plugged=on,id=adapter0"]
    passed, plugged = False, 0
    with qemu.Machine(command, folder, DEADLINE) as machine:
        try:
            for line in machine.lines():
                if line == "@unplug":
                    machine.monitor("device_del", id=f"adapter{plugged}")
                elif line == "@plug in":
                    plugged += 1
                    machine.monitor("device_add", **adapter(f"adapter{plugged}"))
                else:
                    print(line, flush=True)
                    passed = passed or (line.startswith("checks: ") and line.endswith("failed: 0"))
        except (TimeoutError, OSError, RuntimeError) as trouble:
            print(f"FAILED the machine: {trouble}")
            passed = False
        complaints = machine.errors()
    if not passed and complaints:
        print(f"QEMU said: {complaints}")
    total = time.monotonic() - began
    print(f"# {architecture} machine: {total:.1f} s, {made:.1f} s of them for its image", flush=True)
    return 0 if passed else 1


def main():
    """Arguments: where the programs are, their architecture, and the Debian 13 that their libraries are in."""
    programs, architecture, root = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="celeriac-machine.") as folder:
        return run(folder, architecture, root, programs)


if __name__ == "__main__":
    sys.exit(main())
