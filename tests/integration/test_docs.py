"""Every command in the documentation is run, as it stands, against a simulated host.

A fenced block says what it is by its info string:

    ```sh                       run with bash; it must succeed
    ```sh no-run REASON         shown only; REASON is one of NO_RUN
    ```text output              what the block before it prints: these lines in this order, "…" stands for anything

A page with blocks to run gets a directory of its own with the examples in it, and a simulated host (CELERIAC_DIR says where). Its blocks run there one after
the other. What a page takes for granted (an account's export, a package) is in SETUP.
"""

import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from dataclasses import dataclass, field

from host import Host

SOURCE = os.environ["CELERIAC_SOURCE"]
BUILD = os.environ.get("CELERIAC_BUILD", os.path.join(SOURCE, "build/release"))

# Why a block is only shown.
NO_RUN = {
    "apt": "changes the machine's packages",
    "sudo": "needs the rights of root",
    "systemctl": "needs the services of an installed host",
    "hardware": "needs a board, a camera or a Raspberry Pi",
    "network": "needs a server on the network",
    "foreground": "stays in the foreground; the test has a host of its own",
    "person": "needs somebody who looks at it and types",
    "build": "builds everything; other tests do that",
}

BLOCK_DEADLINE = 60.0  # seconds; the slowest takes a few
PAGES_AT_ONCE = 4

# What has to be there before the blocks of a page run.
SETUP = {
    "README.md": """
        cp examples/account/allotment.json export.json
        cp "$BUILD"/examples/guests/soil-logger.celeriac .
    """,
    "docs/assets.md": "cp examples/account/allotment.json account.json",
    "docs/schedules.md": """
        celeriac asset import examples/account/allotment.json
        celeriac asset rm farm_event 1
        celeriac call ASSET.PUT kind=farm_event 'items={"id": 3, "start_time": "2025-05-14T06:00:00.000Z", "end_time": "2099-01-01T00:00:00.000Z",
            "repeat": 1, "time_unit": "daily", "executable_type": "Sequence", "executable_id": 104, "body": []}'
    """,
    "docs/gpio.md": "celeriac asset import examples/account/allotment.json",
    "docs/packages.md": 'cp "$BUILD"/examples/guests/soil-logger.celeriac soil.celeriac',
    "docs/processes.md": 'cp "$BUILD"/tests/guest/guests/othismo-counter.wasm counter.wasm',
    "docs/sensors.md": """
        celeriac asset import examples/account/allotment.json
        celeriac sensor read "Soil moisture"
    """,
    "docs/everyday.md": "cp examples/account/allotment.json account.json",
    "docs/moving-from-farmbot-os.md": "cp examples/account/allotment.json account.json",
    # The hypervisor writes what it records twice a second.
    "docs/troubleshooting.md": """
        celeriac asset import examples/account/allotment.json
        until celeriac trace show --since 1m >trace.txt 2>&1; do sleep 0.1; done
    """,
}


@dataclass
class Block:
    line: int
    info: list
    text: str
    output: list = field(default_factory=list)  # blocks of expected output

    @property
    def runs(self):
        return self.info == ["sh"]


def blocks_of(path):
    """The fenced blocks of a page in their order."""
    blocks, fence, block = [], None, None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            mark = re.match(r" {0,3}(`{3,})(.*)$", line)
            if fence is None and mark:
                fence, block = mark[1], Block(number, mark[2].split(), "")
                blocks.append(block)
            elif fence is not None and line.strip() == fence:
                fence = None
            elif fence is not None:
                block.text += line
    assert fence is None, f"{path}: the block of line {block.line} does not end"
    return blocks


def read_page(path):
    """Blocks with their expected output; trouble with how they are marked."""
    blocks, trouble, last = [], [], None
    for block in blocks_of(path):
        words = block.info
        if words == ["text", "output"]:
            if last is None or not last.runs:
                trouble.append(f"line {block.line}: output of nothing that runs")
            else:
                last.output.append(block.text)
            continue
        if words[:1] == ["sh"] and words != ["sh"] and (len(words) != 3 or words[1] != "no-run" or words[2] not in NO_RUN):
            trouble.append(f"line {block.line}: ```{' '.join(words)}: ```sh, or ```sh no-run and one of {', '.join(NO_RUN)}")
        if words[:1] != ["sh"] and re.search(r"^(\$ |celeriac [a-z])", block.text, re.M):
            trouble.append(f"line {block.line}: commands stand in ```sh, what they print in ```text output")
        if words[:1] == ["sh"] and re.search(r"^\$ ", block.text, re.M):
            trouble.append(f"line {block.line}: commands stand without a prompt")
        blocks.append(block)
        last = block
    return blocks, trouble


def pattern_of(line):
    return "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", line.rstrip()))


def missing_line(expected, printed):
    """The first expected line that is not printed behind those before it."""
    lines = iter([line.rstrip() for line in printed.splitlines()])
    for line in expected.splitlines():
        if not line.strip() or line.strip() == "…":
            continue
        if not any(re.fullmatch(pattern_of(line), one) for one in lines):
            return line
    return None


class PageRun:
    """A directory, a host, and bash."""

    def __init__(self, name):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix="celeriac-docs-")
        self.work = os.path.join(self.dir, "work")
        shutil.copytree(os.path.join(SOURCE, "examples"), os.path.join(self.work, "examples"))
        os.symlink(os.path.join(SOURCE, "guest"), os.path.join(self.work, "guest"))
        self.host_dir = os.path.join(self.dir, "host")
        os.mkdir(self.host_dir, 0o700)

    def bash(self, text):
        """The exit status, and everything that was printed."""
        script = os.path.join(self.dir, "block.sh")
        with open(script, "w", encoding="utf-8") as file:
            file.write("set -euo pipefail\n" + text)
        environment = {**os.environ, "CELERIAC_DIR": self.host_dir, "HOME": self.work, "BUILD": BUILD, "LC_ALL": "C.UTF-8",
                       "PATH": os.environ["PATH"] + ":" + os.path.join(SOURCE, "guest/sdk")}
        printed = os.path.join(self.dir, "printed")
        with open(printed, "w+", encoding="utf-8") as file:
            try:
                status = subprocess.run(["bash", script], cwd=self.work, env=environment, stdin=subprocess.DEVNULL, stdout=file,
                                        stderr=subprocess.STDOUT, timeout=BLOCK_DEADLINE).returncode
            except subprocess.TimeoutExpired:
                status = f"none after {BLOCK_DEADLINE:.0f} s"
            file.seek(0)
            return status, file.read()

    def run(self, blocks):
        """The first trouble, or None."""
        with Host(speed=100, dir=self.host_dir):
            status, printed = self.bash(SETUP.get(self.name, ""))
            if status != 0:
                return f"{self.name}, set-up: status {status}\n{printed}"
            for block in blocks:
                if not block.runs:
                    continue
                status, printed = self.bash(block.text)
                if status != 0:
                    return f"{self.name}, line {block.line}: status {status}\n{block.text}\nprinted:\n{printed}"
                for expected in block.output:
                    line = missing_line(expected, printed)
                    if line is not None:
                        return f"{self.name}, line {block.line}: this line is not printed:\n{line}\nbut:\n{printed}"
        return None

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def run_page(name, blocks):
    page = PageRun(name)
    try:
        return page.run(blocks)
    except Exception as defect:  # the thread's trouble is the page's
        return f"{name}: {type(defect).__name__}: {defect}"
    finally:
        page.close()


class Documentation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        paths = [os.path.join(SOURCE, "README.md")] + sorted(glob.glob(os.path.join(SOURCE, "docs/*.md")))
        only = os.environ.get("CELERIAC_PAGES", "").split()  # for whoever writes one
        cls.pages = {name: read_page(path) for path in paths
                     if (name := os.path.relpath(path, SOURCE)) in only or not only}

    def test_every_block_says_what_it_is(self):
        for name, (_, trouble) in self.pages.items():
            with self.subTest(page=name):
                self.assertEqual(trouble, [])

    def test_every_command_runs_and_prints_what_the_page_says(self):
        to_run = {name: blocks for name, (blocks, _) in self.pages.items() if any(block.runs for block in blocks)}
        with concurrent.futures.ThreadPoolExecutor(PAGES_AT_ONCE) as pool:
            runs = {name: pool.submit(run_page, name, blocks) for name, blocks in to_run.items()}
        for name, run in runs.items():
            with self.subTest(page=name):
                self.assertIsNone(run.result(), run.result())


if __name__ == "__main__":
    unittest.main()
