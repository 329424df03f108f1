"""The board at the far end of the serial cable: the firmware simulator, tied to the other end of the looped UART.

The emulated adapter has no modem lines, so nothing tells the board that its port was opened, which resets it. Whoever
watches the hypervisor's open files does that here: see `follow`.
"""

import os
import select
import termios
import threading
import time
import tty

from simulator import Simulator

UART = os.environ.get("CELERIAC_UART", "/dev/ttyS1")
LOOK = 0.02  # seconds between two looks at what the hypervisor has open


class Board(Simulator):
    def __init__(self, folder):
        super().__init__(folder)
        self._uart = _raw(UART)
        self._port = None
        self._opener = None
        self._opened = None
        self._emergency = threading.Event()
        self._emergency_at = 0.0
        threading.Thread(target=self._relay, daemon=True).start()

    def follow(self, process, device):
        """From now on the board is reset when `process` opens a device whose path begins so."""
        self._opener = (process, device)

    def expect_emergency(self):
        """Forgets the emergency stops that have come."""
        self._emergency.clear()

    def emergency(self, deadline=10.0):
        """When the first `E` came since then, in seconds of the monotonic clock; None if none came."""
        return self._emergency_at if self._emergency.wait(deadline) else None

    def _relay(self):
        """Bytes both ways, and the reset: to open the simulator's terminal anew is what DTR does."""
        self._port = _raw(self.link)
        looked = 0.0
        while True:
            ready = select.select([self._uart, self._port], [], [], LOOK)[0]
            if self._uart in ready:
                data = os.read(self._uart, 4096)
                if b"E" in data and not self._emergency.is_set():
                    self._emergency_at = time.monotonic()
                    self._emergency.set()
                os.write(self._port, data)
            if self._port in ready:
                os.write(self._uart, os.read(self._port, 4096))
            if time.monotonic() - looked >= LOOK:
                looked = time.monotonic()
                opened = self._device_of_opener()
                if opened and opened != self._opened:
                    self._reset()
                self._opened = opened

    def _reset(self):
        os.close(self._port)
        time.sleep(2 * LOOK)  # the simulator has seen that the port is closed
        self._port = _raw(self.link)

    def _device_of_opener(self):
        """What it has open, and since when: which descriptor of which process, on which device."""
        if not self._opener:
            return None
        process, device = self._opener
        folder = f"/proc/{process.pid}/fd"
        try:
            for descriptor in os.listdir(folder):
                if os.readlink(f"{folder}/{descriptor}").startswith(device):
                    return process.pid, descriptor, os.stat(f"{folder}/{descriptor}").st_rdev
        except OSError:
            pass  # it has closed it meanwhile, or has ended
        return None


def _raw(path):
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)  # a UART without carrier would not open
    tty.setraw(descriptor)
    settings = termios.tcgetattr(descriptor)
    settings[2] |= termios.CLOCAL
    settings[4] = settings[5] = termios.B115200
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    os.set_blocking(descriptor, True)
    return descriptor
