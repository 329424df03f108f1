"""The daemons as services, with a test in the place of systemd: it hears what they say, and listens for them."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["CELERIAC_SOURCE"], "tests", "integration"))
import wire  # noqa: E402

DEADLINE = 60.0

# What systemd does between fork and exec: the listening socket becomes descriptor 3, and LISTEN_PID is the process' own.
ACTIVATE = """
import os, sys
listening = int(sys.argv[1])
if listening != 3:
    os.dup2(listening, 3)
os.set_inheritable(3, True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Supervised:
    """A daemon with NOTIFY_SOCKET, a watchdog and a listening socket."""

    def __init__(self, test, daemon, name, *arguments, watchdog_s=20.0):
        self.dir = test.enterContext(tempfile.TemporaryDirectory())
        self.ear = test.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.ear.bind(os.path.join(self.dir, "notify"))
        self.path = os.path.join(self.dir, name)
        listening = test.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listening.bind(self.path)
        listening.listen()
        environment = dict(os.environ, NOTIFY_SOCKET=os.path.join(self.dir, "notify"), LISTEN_FDS="1",
                           LISTEN_FDNAMES=name, WATCHDOG_USEC=str(int(watchdog_s * 1e6)))
        self.process = subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, str(listening.fileno()), daemon, "--dir", self.dir, *arguments],
            env=environment, pass_fds=(listening.fileno(),), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        test.addCleanup(self.end)

    def hear(self, what):
        """Waits until it says this; returns all of the message."""
        end = time.monotonic() + DEADLINE
        while True:
            self.ear.settimeout(max(0.01, end - time.monotonic()))
            message = self.ear.recv(4096).decode()
            if what in message.split("\n") or message.startswith(what):
                return message

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Service(unittest.TestCase):
    def test_the_hypervisor_says_that_it_is_ready_and_why_it_has_no_board(self):
        hal = Supervised(self, "celeriac-hal", "hal.sock", "--serial", "/nowhere")
        self.assertIn("STATUS=/nowhere cannot be opened", hal.hear("READY=1"))
        with wire.Client(hal.path) as client:
            self.assertEqual(client.call("SYS", "STATU").status, 0)
        hal.process.send_signal(signal.SIGTERM)
        hal.hear("STOPPING=1")
        self.assertEqual(hal.process.wait(DEADLINE), 0)
        self.assertTrue(os.path.exists(hal.path), "the socket is systemd's")

    def test_the_vm_says_that_it_is_ready_and_gives_signs_of_life(self):
        vm = Supervised(self, "celeriac-vm", "vm.sock", watchdog_s=0.2)
        vm.hear("READY=1")
        for _ in range(3):
            vm.hear("WATCHDOG=1")
        with wire.Client(vm.path) as client:
            self.assertEqual(client.call("CODE", "LIST").status, 0)
        vm.process.send_signal(signal.SIGTERM)
        vm.hear("STOPPING=1")
        self.assertEqual(vm.process.wait(DEADLINE), 0)

    def test_the_gateway_says_that_it_is_ready(self):
        gateway = Supervised(self, "celeriac-gateway", "unused.sock")
        self.assertIn("STATUS=The VM is away", gateway.hear("READY=1"))
        gateway.process.send_signal(signal.SIGTERM)
        gateway.hear("STOPPING=1")
        self.assertEqual(gateway.process.wait(DEADLINE), 0)


if __name__ == "__main__":
    unittest.main()
