"""A GPIO chip of the kernel's gpio-sim, whose lines have a hand on them."""

import os
import time

import chips

_CONFIG = "/sys/kernel/config/gpio-sim"


class Chip(chips.Chip):
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
        self._lines = f"/sys/devices/platform/{self._read(f'{_CONFIG}/bot/dev_name')}/{chip}"
        super().__init__(f"/dev/{chip}")

    def pull(self, name, up):
        """Gives an input a level, as a wire from outside does."""
        self._write(f"{self._lines}/sim_gpio{self.number(name)}/pull", "pull-up" if up else "pull-down")

    def value(self, name):
        """The level of a line: of an output, what is driven."""
        return int(self._read(f"{self._lines}/sim_gpio{self.number(name)}/value"))

    def flicker(self, name, times):
        """A contact that bounces; ends at the level at which it began. Returns the seconds that it took."""
        with open(f"{self._lines}/sim_gpio{self.number(name)}/pull", "w") as file:
            began = time.monotonic()
            for _ in range(times):
                for level in ("pull-up", "pull-down"):
                    file.write(level)
                    file.flush()
                    file.seek(0)
            return time.monotonic() - began

    @staticmethod
    def _write(path, value):
        with open(path, "w") as file:
            file.write(str(value))

    @staticmethod
    def _read(path):
        with open(path) as file:
            return file.read().strip()
