"""Archives in cpio's "newc" form, which the kernel unpacks as its first root."""

import os
import stat


class Archive:
    """Entries are written as they come; folders above them are made once."""

    def __init__(self, path):
        self._file = open(path, "wb")
        self._number = 0
        self._there = set()

    def folder(self, name):
        name = name.strip("/")
        if not name or name in self._there:
            return
        self.folder(os.path.dirname(name))
        self._there.add(name)
        self._entry(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name, data, mode=0o644):
        self._at(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._at(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self._at(name, stat.S_IFCHR | 0o600, b"", (major, minor))

    def holds(self, name):
        return name.strip("/") in self._there

    def close(self):
        self._entry("TRAILER!!!", 0, b"")
        self._file.close()

    def _at(self, name, mode, data, device=(0, 0)):
        name = name.strip("/")
        assert name not in self._there, f"{name} is in the archive twice"
        self.folder(os.path.dirname(name))
        self._there.add(name)
        self._entry(name, mode, data, device)

    def _entry(self, name, mode, data, device=(0, 0)):
        self._number += 1
        path = name.encode() + b"\0"
        fields = (self._number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        self._padded(b"070701" + b"".join(b"%08X" % field for field in fields) + path)
        self._padded(data)

    def _padded(self, data):
        self._file.write(data + b"\0" * (-len(data) % 4))
