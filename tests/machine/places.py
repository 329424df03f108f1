"""Where things are, and what is said while they are made."""

import os
import subprocess
import sys

source = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def cache():
    """The folder of what is kept between runs; `run` makes it and names it."""
    return os.environ["CELERIAC_MACHINES"]


def mirror():
    """The Debian mirror that this machine uses."""
    lines = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                            "Codename: trixie", "Component: main"], check=True, capture_output=True, text=True).stdout
    if not lines:
        sys.exit("apt knows no mirror of Debian 13: run apt-get update")
    return lines.split()[0]


def say(sentence):
    print(f"celeriac: {sentence}", file=sys.stderr, flush=True)
