"""A virtual machine: a process of QEMU, its console line by line, its monitor."""

import json
import os
import re
import select
import socket
import subprocess
import time

PATIENCE = 20.0  # seconds for the monitor to answer
CONSOLE = "console"  # the character device of the kernel's console, for `ask_kernel`: a socket of this name


class Machine:
    def __init__(self, command, folder, deadline, silence=None):
        """Starts QEMU with the guest's console on standard output; `deadline` is the whole machine's, in seconds, and
        `silence` how long it may say nothing."""
        self._folder = folder
        self._monitor = None
        self._end = time.monotonic() + deadline
        self._silence = silence or deadline
        self._rest = b""
        self._errors = open(os.path.join(folder, "qemu.errors"), "w+")
        self.process = subprocess.Popen(
            [*command, "-qmp", f"unix:{folder}/monitor,server=on,wait=off"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors)

    def lines(self):
        """Lines of the console until the machine is off; a TimeoutError if that is too long."""
        while True:
            line, found, rest = self._rest.partition(b"\n")
            if found:
                self._rest = rest
                yield line.decode(errors="replace").rstrip("\r")
                continue
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("it was not done in time")
            if not select.select([self.process.stdout], [], [], min(left, self._silence))[0]:
                raise TimeoutError(f"it has said nothing for {min(left, self._silence):.0f} s")
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return
            self._rest += data

    def monitor(self, command, **arguments):
        """Carries out a command of QEMU's monitor."""
        if self._monitor is None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(PATIENCE)
            connection.connect(os.path.join(self._folder, "monitor"))
            self._monitor = connection.makefile("rw")
            self._monitor.readline()  # the greeting
            self._said("qmp_capabilities", {})
        return self._said(command, arguments)

    def _said(self, command, arguments):
        self._monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._monitor.flush()
        for line in self._monitor:
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise RuntimeError(f"QEMU's monitor did not answer {command}")

    def processors(self):
        """What each processor is at: its program counter, whether it takes interrupts, whether it sleeps."""
        said = self.monitor("human-monitor-command", **{"command-line": "info registers -a"})
        return re.findall(r"CPU#\d+|RIP=\w+|RFL=\w+ \[[^\]]*\]|HLT=\d", said)

    def ask_kernel(self, keys="9wlm"):
        """Has the kernel of a machine that hangs say on its console what it is at (SysRq): blocked tasks, processors, memory."""
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(os.path.join(self._folder, CONSOLE))
            for key in keys:
                self.monitor("chardev-send-break", id=CONSOLE)
                time.sleep(0.1)
                console.sendall(key.encode())
                time.sleep(1.0)

    def errors(self):
        self._errors.seek(0)
        return self._errors.read()

    def kill(self):
        """Pulls the plug."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdout.close()
        self._errors.close()
