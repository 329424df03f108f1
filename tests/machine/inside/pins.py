"""The pins of a BCM2711 as its driver and its registers have them: a second look at what libgpiod was asked for.

QEMU's pins have no outside, no pull and no edges. A level stays as it was last driven, so that is how a hand gives one to an
input: for a moment it makes it an output, in the registers, beneath the kernel. What sees it is whoever reads the level.
"""

import glob
import mmap
import os
import re

# BCM2711 ARM Peripherals, chapter 5: the lines' registers, at their place in the "low peripheral" map, by 32-bit words.
_PLACE, _SIZE = 0xFE200000, 4096
_FSEL, _SET, _CLEAR = 0x00 // 4, 0x1C // 4, 0x28 // 4
_OUTPUT = 1  # of three bits, ten lines a register


class Pins:
    def __init__(self, label):
        self._folder, = glob.glob(f"/sys/kernel/debug/pinctrl/*.gpio-{label}")
        memory = os.open("/dev/mem", os.O_RDWR | os.O_SYNC)
        self._registers = memoryview(mmap.mmap(memory, _SIZE, offset=_PLACE)).cast("I")
        os.close(memory)

    def function(self, number):
        """What the pin is: `gpio_in`, `gpio_out`, or one of its alternatives."""
        return self._row("pins", number, r"function (\w+)")

    def level(self, number):
        return {"hi": 1, "lo": 0}[self._row("pins", number, r"in (hi|lo)")]

    def edges(self, number):
        """The edges that it is asked to tell of: `edge-both`, `none` …"""
        return self._row("pins", number, r"irq \d+ \(([\w-]+)\)")

    def bias(self, number):
        return self._row("pinconf-pins", number, r"bias (disabled|pull up|pull down)")

    def hold(self, number, level):
        """Gives an input a level."""
        function, shift = _FSEL + number // 10, number % 10 * 3
        before = self._registers[function]
        assert not before >> shift & 7, f"line {number} is no input"
        self._registers[function] = before | _OUTPUT << shift
        self._registers[(_SET if level else _CLEAR) + number // 32] = 1 << number % 32
        self._registers[function] = before

    def _row(self, file, number, pattern):
        with open(f"{self._folder}/{file}") as rows:
            return re.search(rf"pin {number} \(gpio{number}\).*{pattern}", rows.read())[1]
