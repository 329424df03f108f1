"""A GPIO chip of the kernel's gpio-sim, and somebody else who wants its lines."""

import fcntl
import os
import struct
import time

_CONFIG = "/sys/kernel/config/gpio-sim"
_GET_LINE = 0xC250B407  # GPIO_V2_GET_LINE_IOCTL of linux/gpio.h
_INPUT, _OUTPUT = 1 << 2, 1 << 3


class Chip:
    def __init__(self, label, names):
        bank = f"{_CONFIG}/bot/bank0"
        os.makedirs(bank)
        self._write(f"{bank}/num_lines", len(names))
        self._write(f"{bank}/label", label)
        for number, name in enumerate(names):
            os.mkdir(f"{bank}/line{number}")
            self._write(f"{bank}/line{number}/name", name)
        self._write(f"{_CONFIG}/bot/live", 1)
        chip = self._read(f"{bank}/chip_name")
        self.device = f"/dev/{chip}"
        self._lines = f"/sys/devices/platform/{self._read(f'{_CONFIG}/bot/dev_name')}/{chip}"
        self._numbers = {name: number for number, name in enumerate(names)}

    def pull(self, name, up):
        """Gives an input a level, as a wire from outside does."""
        self._write(f"{self._lines}/sim_gpio{self._numbers[name]}/pull", "pull-up" if up else "pull-down")

    def value(self, name):
        """The level of a line: of an output, what is driven."""
        return int(self._read(f"{self._lines}/sim_gpio{self._numbers[name]}/value"))

    def flicker(self, name, times):
        """A contact that bounces; ends at the level at which it began. Returns the seconds that it took."""
        with open(f"{self._lines}/sim_gpio{self._numbers[name]}/pull", "w") as file:
            began = time.monotonic()
            for _ in range(times):
                for level in ("pull-up", "pull-down"):
                    file.write(level)
                    file.flush()
                    file.seek(0)
            return time.monotonic() - began

    def take(self, name, consumer, output=False):
        """Takes a line as another program does; an OSError if it is not free. The line is free again on close()."""
        request = struct.pack("=64I32sQ6I", self._numbers[name], *[0] * 63, consumer.encode(),
                              _OUTPUT if output else _INPUT, *[0] * 6)
        request = request.ljust(560, b"\0") + struct.pack("=7Ii", 1, *[0] * 6, 0)
        with open(self.device, "rb", buffering=0) as chip:
            answer = bytearray(request)
            fcntl.ioctl(chip, _GET_LINE, answer)
        return os.fdopen(struct.unpack_from("=i", answer, 588)[0], "rb", buffering=0)

    @staticmethod
    def _write(path, value):
        with open(path, "w") as file:
            file.write(str(value))

    @staticmethod
    def _read(path):
        with open(path) as file:
            return file.read().strip()
