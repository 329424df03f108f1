"""A board on a pseudo terminal that carries every command out in no time.

What remains between its R02 and the next command's first byte is the host's own time.
"""

import os
import re
import select
import termios
import threading
import time
import tty


class InstantBoard:
    def __init__(self, link):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.link = link
        if os.path.islink(link):
            os.unlink(link)
        os.symlink(os.ttyname(slave), link)
        self.slave = slave  # kept open, so that the host's opening and closing does not hang the terminal up
        self.position = {"X": 0.0, "Y": 0.0, "Z": 0.0}
        self.gaps = []  # seconds from the end of an R02 of a move to the first byte of the next move
        self.finished = None
        self.moving = False
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        self.stop.set()
        self.thread.join()
        os.unlink(self.link)
        os.close(self.master)
        os.close(self.slave)

    def _say(self, *lines):
        os.write(self.master, "".join(line + "\r\n" for line in lines).encode())

    def _where(self, q):
        return "R82 " + " ".join(f"{axis}{at:.2f}" for axis, at in self.position.items()) + f" Q{q}"

    def _serve(self):
        pending, idle_at = b"", time.monotonic()
        while not self.stop.is_set():
            if not select.select([self.master], [], [], 0.02)[0]:
                if time.monotonic() > idle_at:
                    self._say("R00 Q0", self._where(0), "R84 X0.00 Y0.00 Z0.00 Q0", "R85 X0 Y0 Z0 Q0",
                              "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q0")
                    idle_at = time.monotonic() + 0.5
                continue
            data = os.read(self.master, 4096)
            now = time.monotonic()
            if self.finished is not None and self.moving and data.startswith(b"G00"):
                self.gaps.append(now - self.finished)
            self.finished = None
            pending += data
            *lines, pending = pending.split(b"\n")
            for line in lines:
                self._answer(line.decode().strip())
            idle_at = time.monotonic() + 0.5

    def _answer(self, line):
        if not line:
            return
        words = {m[0]: float(m[1]) for m in re.findall(r"([A-Z])(-?[0-9.]+)", line)}
        code, q = line.split()[0], int(words.get("Q", 0))
        out = [f"R08 *{line}*", f"R01 Q{q}"]
        self.moving = code == "G00"
        if code == "G00":
            self.position = {axis: words.get(axis, 0.0) for axis in "XYZ"}
            out += [self._where(q)]
        elif code == "F22" or code == "F21":
            out += [f"R21 P{int(words['P'])} V{int(words.get('V', 0))} Q{q}"]
        elif code == "F20":
            out += [f"R20 Q{q}"]
        elif code == "F82":
            out += [self._where(q)]
        elif code == "F83":
            out += [f"R83 6.6.26.G.genesisK14 Q{q}"]
        elif code == "F42":
            out += [f"R41 P{int(words['P'])} V0 Q{q}"]
        self._say(*out, f"R02 Q{q}")
        self.finished = time.monotonic()
