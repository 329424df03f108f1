"""GPIO chips of the kernel through their character devices, and somebody else who wants their lines."""

import fcntl
import glob
import os
import struct

# Of linux/gpio.h: GPIO_GET_CHIPINFO_IOCTL, GPIO_V2_GET_LINEINFO_IOCTL, GPIO_V2_GET_LINE_IOCTL.
_GET_CHIP, _GET_INFO, _GET_LINE = 0x8044B401, 0xC100B405, 0xC250B407
_INPUT, _OUTPUT = 1 << 2, 1 << 3


class Chip:
    def __init__(self, device):
        self.device = device
        _, label, lines = struct.unpack("=32s32sI", self._asked(_GET_CHIP, bytes(68)))
        self.label = _text(label)
        self.names = [self._info(number)[0] for number in range(lines)]

    def number(self, line):
        """A line's number by its name; a number stays as it is."""
        return line if isinstance(line, int) else self.names.index(line)

    def consumer(self, line):
        """Who has it, as the kernel knows them."""
        return self._info(self.number(line))[1]

    def take(self, line, consumer, output=False):
        """Takes a line as another program does; an OSError if it is not free. The line is free again on close()."""
        request = struct.pack("=64I32sQ6I", self.number(line), *[0] * 63, consumer.encode(),
                              _OUTPUT if output else _INPUT, *[0] * 6)
        request = request.ljust(560, b"\0") + struct.pack("=7Ii", 1, *[0] * 6, 0)
        return os.fdopen(struct.unpack_from("=i", self._asked(_GET_LINE, request), 588)[0], "rb", buffering=0)

    def _info(self, number):
        answer = self._asked(_GET_INFO, struct.pack("=64xI", number).ljust(256, b"\0"))
        return [_text(name) for name in struct.unpack_from("=32s32s", answer)]

    def _asked(self, what, request):
        answer = bytearray(request)
        with open(self.device, "rb", buffering=0) as chip:
            fcntl.ioctl(chip, what, answer)
        return answer


def chips():
    return [Chip(device) for device in sorted(glob.glob("/dev/gpiochip*"))]


def _text(field):
    return field.split(b"\0")[0].decode()
