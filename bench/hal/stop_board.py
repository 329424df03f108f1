"""A board whose moves never end: it says on standard output when a stop came, in nanoseconds of the monotonic clock.

    python3 stop_board.py LINK      writes "ready", then "E TIME", "@ TIME" and "move TIME" as they come
"""

import os
import re
import select
import sys
import time
import tty

IDLE = 0.5  # seconds, as a Farmduino 1.4 reports


class StopBoard:
    def __init__(self, link):
        self.master, self.slave = os.openpty()  # the slave stays open, so that the host's closing does not hang up
        tty.setraw(self.slave)
        os.symlink(os.ttyname(self.slave), link)
        self.moving = None  # Q of the move on the way
        self.locked = False
        self.idle_at = time.monotonic()
        self.pending = b""
        self.pins = {}

    def tell(self, what, when):
        print(what, when, flush=True)

    def say(self, *lines):
        os.write(self.master, "".join(line + "\r\n" for line in lines).encode())

    def serve(self):
        while True:
            ready, _, _ = select.select([self.master], [], [], 0.05)
            now = time.monotonic_ns()
            if ready:
                self.take(os.read(self.master, 4096), now)
                self.idle_at = time.monotonic() + IDLE
            elif self.moving is not None:
                self.say(f"R04 Q{self.moving}")
            elif time.monotonic() > self.idle_at:
                self.idle_at = time.monotonic() + IDLE
                self.say("R87 Q0" if self.locked else "R00 Q0", "R82 X0.00 Y0.00 Z0.00 Q0", "R84 X0.00 Y0.00 Z0.00 Q0",
                         "R85 X0 Y0 Z0 Q0", "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q0")

    def take(self, data, now):
        for stop in re.findall(rb"[E@]", data):
            self.tell(stop.decode(), now)
            if stop == b"E":
                self.locked = True
            if self.moving is not None:
                q, self.moving = self.moving, None
                number = 1 if stop == b"E" else 5
                self.say(f"R87 Q{q}" if stop == b"E" else f"R86 Q{q}", f"R03 V{number} Q{q}")
        self.pending += data.replace(b"E", b"").replace(b"@", b"")
        *lines, self.pending = self.pending.split(b"\n")
        for line in lines:
            self.answer(line.decode().strip(), now)

    def answer(self, line, now):
        if not line:  # behind an E, or alone
            return self.say("R08 *\r*", "R87 Q0" if self.locked else "R09 Q0")
        words = {m[0]: float(m[1]) for m in re.findall(r"([A-Z])(-?[0-9.]+)", line)}
        code, q = line.split()[0], int(words.get("Q", 0))
        self.say(f"R08 *{line}*")
        if code == "F09":
            self.locked = False
        if self.locked and not code.startswith(("F2", "F8")):
            return self.say(f"R87 Q{q}")
        self.say(f"R01 Q{q}")
        if code == "G00":
            self.moving = q
            return self.tell("move", now)
        pin = int(words.get("P", 0))
        if code == "F41":
            self.pins[pin] = int(words["V"])
        said = {"F22": [f"R21 P{pin} V{int(words.get('V', 0))} Q{q}"], "F20": [f"R20 Q{q}"],
                "F82": [f"R82 X0.00 Y0.00 Z0.00 Q{q}"], "F83": [f"R83 6.6.26.G.genesisK14 Q{q}"],
                "F42": [f"R41 P{pin} V{self.pins.get(pin, 0)} Q{q}"]}
        self.say(*said.get(code, []), f"R02 Q{q}")


if __name__ == "__main__":
    board = StopBoard(sys.argv[1])
    print("ready", flush=True)
    board.serve()
