"""The first root of a machine: busybox, some programs with their libraries, Python with what its scripts import, modules."""

import glob
import modulefinder
import os
import py_compile
import re
import subprocess
import tempfile

import cpio

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


class Initramfs:
    """`root` is the Debian 13 that programs and libraries are taken from: / or a sysroot of that architecture."""

    def __init__(self, path, root, architecture):
        self.path = path
        self._archive = cpio.Archive(path)
        self._root = root
        self._triplet = TRIPLETS[architecture]
        for folder in ("dev", "proc", "sys", "run", "tmp", "etc"):
            self._archive.folder(folder)
        self._archive.device("dev/console", 5, 1)
        self.file("bin/busybox", _read(self._in_root("usr/bin/busybox")), 0o755)
        for applet in ("sh", "cp", "ln", "mkdir", "mount", "insmod", "reboot", "switch_root", "ip"):
            self._archive.link(f"bin/{applet}", "busybox")

    def folder(self, name):
        self._archive.folder(name)

    def file(self, name, data, mode=0o644):
        self._archive.file(name, data.encode() if isinstance(data, str) else data, mode)

    def program(self, source, name):
        """A program without its debugging data, and the libraries that it needs."""
        with tempfile.TemporaryDirectory() as folder:
            stripped = os.path.join(folder, "program")
            subprocess.run([f"{self._triplet}-strip", "-o", stripped, source], check=True)
            self.file(name, _read(stripped), 0o755)
        self._needs(source)

    def modules(self, modules):
        for name, code in modules:
            self.file(f"modules/{name}.ko", code)
        self.file("modules/order", "".join(f"{name}\n" for name, _ in modules))

    def python(self, scripts, folders):
        """Python, `scripts` as /scripts, and whatever they import of `folders` and of the standard library."""
        interpreter = self._in_root("usr/bin/python3")
        version = re.search(r"python(3\.\d+)", os.path.realpath(interpreter))[1]
        self.program(os.path.realpath(interpreter), "bin/python3")
        library = f"usr/lib/python{version}"
        finder = modulefinder.ModuleFinder([*folders, self._in_root(library), self._in_root(f"{library}/lib-dynload")])
        for script in scripts:
            finder.run_script(script)
            self.file(f"scripts/{os.path.basename(script)}", _read(script))
            del finder.modules["__main__"]
        # What the interpreter imports before anything else, and by name.
        for name in ("encodings.utf_8", "encodings.ascii", "encodings.latin_1", "encodings.aliases", "site"):
            finder.import_hook(name, None, ["*"])
        found = [module.__file__ for module in finder.modules.values() if module.__file__]
        # Extension modules of another architecture have names that this machine's Python does not look for.
        for name in finder.badmodules:
            found += glob.glob(self._in_root(f"{library}/lib-dynload/{name}.cpython-*-{self._triplet}.so"))
        for path in found:
            place = self._place(path, folders, library)
            if self._archive.holds(place):
                continue
            if place.endswith(".py"):
                self.file(f"{place}c", _compiled(path, place))
            else:
                self.file(place, _read(path), 0o755)
                self._needs(path)

    def close(self):
        self._archive.close()
        return self.path

    def _place(self, path, folders, library):
        """Where a file of Python goes: those of the standard library keep their place."""
        for folder in folders:
            if path.startswith(f"{folder}/"):
                return f"scripts/{os.path.relpath(path, folder)}"
        return f"{library}/{os.path.relpath(path, self._in_root(library))}"

    def _needs(self, program):
        """Puts the interpreter and the libraries of an ELF file into place, and theirs."""
        said = subprocess.run(["readelf", "-l", "-d", "-W", program], check=True, capture_output=True, text=True).stdout
        for loader in re.findall(r"program interpreter: /?(\S+?)\]", said):
            self._library(self._in_root(loader), loader)
        for name in re.findall(r"\(NEEDED\)\s+Shared library: \[(\S+)\]", said):
            self._library(self._found(name), f"usr/lib/{self._triplet}/{name}")

    def _library(self, source, place):
        if self._archive.holds(place):
            return
        self.file(place, _read(source), 0o755)
        self._needs(source)

    def _found(self, name):
        for folder in (f"usr/lib/{self._triplet}", "usr/lib"):
            if os.path.exists(path := self._in_root(f"{folder}/{name}")):
                return path
        raise FileNotFoundError(f"{name} is in no folder of libraries")

    def _in_root(self, path):
        return os.path.join(self._root, path)


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _compiled(path, place):
    """Byte code that the machine takes as it is, without the source beside it."""
    with tempfile.NamedTemporaryFile(suffix=".pyc") as made:
        py_compile.compile(path, made.name, dfile=f"/{place}", doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        return _read(made.name)
