"""A program on a real pseudo terminal: key presses in, screen out."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from vt100 import Screen

DEADLINE = 20.0  # seconds; what a test waits at most for the screen to show something

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
PAGE_UP, PAGE_DOWN, ESCAPE, ENTER, TAB = "\x1b[5~", "\x1b[6~", "\x1b", "\r", "\t"
CTRL_C, CTRL_U, CTRL_X = "\x03", "\x15", "\x18"


class Terminal:
    def __init__(self, arguments, columns=80, rows=24, term="xterm-256color", **environment):
        self.screen = Screen(columns, rows)
        self.master, self.slave = pty.openpty()
        self.size(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        variables = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        variables.update(TERM=term, LC_ALL="C.UTF-8", **environment)
        self.process = subprocess.Popen(
            arguments, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=variables,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.screen.resize(columns, rows)
        self.size(columns, rows)  # the kernel sends SIGWINCH

    def press(self, *keys):
        for key in keys:
            os.write(self.master, key.encode())

    def read(self, seconds):
        """Takes in what the program writes, for so long or until something came."""
        if select.select([self.master], [], [], seconds)[0]:
            self.screen.feed(os.read(self.master, 65536))

    def until(self, wanted, what=None, each=None):
        """Reads until `wanted` (a text, or a function of the screen) is there; calls `each` meanwhile."""
        there = wanted if callable(wanted) else lambda screen: wanted in screen.text
        end = time.monotonic() + DEADLINE
        while not there(self.screen):
            if time.monotonic() > end:
                raise AssertionError(f"{what or wanted!r} did not appear:\n{self.screen.text}")
            if each:
                each()
            self.read(0.05)

    def hold(self, key, wanted, what):
        """Holds a key, as a keyboard does that repeats, until `wanted` is true."""
        self.press(key)
        self.read(0.3)
        self.until(wanted, what, each=lambda: self.press(key))

    def restored(self):
        """True if the terminal is as it was before the program."""
        return (termios.tcgetattr(self.slave) == self.before and 1049 not in self.screen.modes
                and 2004 not in self.screen.modes and 1004 not in self.screen.modes and self.screen.cursor_visible)

    def ended(self):
        """Waits for the end of the program; its exit status."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it did not end:\n{self.screen.text}")
            self.read(0.05)
        while select.select([self.master], [], [], 0)[0]:
            self.screen.feed(os.read(self.master, 65536))
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for descriptor in {self.master, self.slave} - {None}:
            os.close(descriptor)
        self.master = self.slave = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.screen.text)
        self.close()
