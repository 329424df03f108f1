"""A kernel of trixie-backports, the first of Debian's that has gpio-sim, kept in the cache, with its device trees."""

import glob
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile

import places


class Kernel:
    def __init__(self, folder):
        self.image, = glob.glob(f"{folder}/usr/lib/modules/*/vmlinuz")
        self._files = {_name(path): path
                       for path in glob.glob(f"{os.path.dirname(self.image)}/kernel/**/*.ko*", recursive=True)}

    def device_tree(self, name):
        """The path of the device tree of a computer, as `broadcom/bcm2711-rpi-4-b`; arm64 has them."""
        return os.path.join(os.path.dirname(self.image), "dtb", f"{name}.dtb")

    def modules(self, *names):
        """[(name, ELF)] of these and of what they need, in the order in which they can be loaded."""
        loaded = {}

        def load(name):
            if name in loaded or name not in self._files:  # what is no file is in the kernel itself
                return
            with (lzma.open if self._files[name].endswith(".xz") else open)(self._files[name], "rb") as file:
                code = file.read()
            needs = re.search(rb"\0depends=([^\0]*)\0", code)
            for needed in filter(None, needs[1].decode().split(",") if needs else []):
                load(needed.replace("-", "_"))
            loaded[name] = code

        for name in names:
            load(name.replace("-", "_"))
        return list(loaded.items())


def _name(path):
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def kernel(architecture):
    """Debian's kernel for `amd64` or `arm64`; fetched once for each version of this file."""
    with open(__file__, "rb") as recipe:
        mark = hashlib.sha256(recipe.read()).hexdigest()[:16]
    folder = os.path.join(places.cache(), f"kernel-{architecture}-{mark}")
    if not os.path.isdir(folder):
        with tempfile.TemporaryDirectory(prefix="making-kernel.", dir=places.cache()) as making:
            _fetch(architecture, making)
            for old in glob.glob(os.path.join(places.cache(), f"kernel-{architecture}-*")):
                shutil.rmtree(old, ignore_errors=True)
            os.rename(os.path.join(making, "kernel"), folder)
    return Kernel(folder)


def _fetch(architecture, making):
    """Fetches and unpacks it with an apt of its own, which leaves the machine's as it is and needs no privileges."""
    mirror = places.mirror()
    places.say(f"fetching a kernel with gpio-sim for {architecture} (about 120 MB, once)")
    for folder in ("lists/partial", "cache/archives/partial", "kernel"):
        os.makedirs(os.path.join(making, folder))
    with open(os.path.join(making, "sources"), "w") as sources:
        sources.write(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} trixie-backports main\n")
    options = []
    for option in (f"Dir::Etc::SourceList={making}/sources", "Dir::Etc::SourceParts=/dev/null",
                   f"Dir::State::Lists={making}/lists", "Dir::State::Status=/dev/null", f"Dir::Cache={making}/cache",
                   f"APT::Architecture={architecture}", f"APT::Architectures={architecture}",
                   "APT::Sandbox::User=root"):
        options += ["-o", option]
    subprocess.run(["apt-get", *options, "update", "-qq"], check=True)
    depends = subprocess.run(["apt-cache", *options, "depends", f"linux-image-{architecture}"], check=True,
                             capture_output=True, text=True).stdout
    version = re.search(r"linux-image-(\d\S*)", depends)[1]
    parts = ["binary", "modules", *(["base"] if architecture == "arm64" else [])]  # the base has the device trees
    subprocess.run(["apt-get", *options, "download", "-qq", *(f"linux-{part}-{version}" for part in parts)],
                   check=True, cwd=making)
    for package in glob.glob(f"{making}/*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, f"{making}/kernel"], check=True)
