"""What beds of the hypervisor share: a first root with its programs and a script of inside/, and a machine that runs it."""

import os
import sys
import tempfile
import time

import initramfs
import places
import qemu

DEADLINE = 180.0  # seconds; the machines take a sixth to a third of it
PROGRAMS = ("celeriac-hal", "celeriac-firmware-sim")

# It ends by restarting, since not every machine can be switched off; `-no-reboot` makes of that the end of QEMU.
INIT = """#!/bin/sh
mount -t devtmpfs none /dev
mkdir -p /dev/pts
mount -t devpts none /dev/pts
mount -t proc none /proc
mount -t sysfs none /sys
mount -t tmpfs none /tmp
while read -r name; do insmod "/modules/$name.ko"; done </modules/order
%s
ip link set lo up
export PATH=/bin
python3 -S -E /scripts/%s
reboot -f
"""


class Bed:
    """`architecture` is that of the programs in the folder `programs`, `root` the Debian 13 that their libraries are in."""

    def __init__(self, folder, architecture, root, programs):
        self.folder, self.architecture = folder, architecture
        self._root, self._programs = root, programs

    def first_root(self, script, modules, preparation, files=()):
        """The path of the root in which `script` runs after the modules [(name, ELF)] are loaded and the lines of shell
        `preparation` are done; with the files of the source tree."""
        made = initramfs.Initramfs(os.path.join(self.folder, "initramfs"), self._root, self.architecture)
        made.file("init", INIT % (preparation, script), 0o755)
        made.modules(modules)
        for program in PROGRAMS:
            made.program(os.path.join(self._programs, program), f"bin/{program}")
        for name in files:
            with open(os.path.join(places.source, name), "rb") as file:
                made.file(os.path.basename(name), file.read())
        inside = os.path.join(places.source, "tests/machine/inside")
        made.python([os.path.join(inside, script)], [inside, os.path.join(places.source, "tests/integration")])
        return made.close()

    def passes(self, emulator, arguments, asked=None, accelerator="tcg"):
        """True if all checks of this machine did; `asked(machine, what)` carries out what it asks for. Its first serial port is
        the console."""
        passed = False
        command = [emulator, "-accel", accelerator, "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio", *arguments]
        with qemu.Machine(command, self.folder, DEADLINE) as machine:
            try:
                for line in machine.lines():
                    if line.startswith("@"):
                        asked(machine, line[1:])
                    else:
                        print(line, flush=True)
                        passed = passed or (line.startswith("checks: ") and line.endswith("failed: 0"))
            except (TimeoutError, OSError, RuntimeError) as trouble:
                print(f"FAILED the machine: {trouble}")
                passed = False
            complaints = machine.errors()
        if not passed and complaints:
            print(f"QEMU said: {complaints}")
        return passed


def main(name, run):
    """`run(Bed)` is the bed, and returns whether it passed. Arguments: where the programs are, their architecture, and the
    Debian 13 that their libraries are in."""
    programs, architecture, root = sys.argv[1:]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="celeriac-machine.") as folder:
        passed = run(Bed(folder, architecture, root, programs))
    print(f"# {architecture} machine, {name}: {time.monotonic() - began:.1f} s", flush=True)
    sys.exit(0 if passed else 1)
