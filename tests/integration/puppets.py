"""Puppets: guests that do what they are told, in packages that tests make, and what they report of it."""

import collections
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import wire
from guests import BUILD, Speaker
from host import Host

PACKAGER = os.path.join(os.environ["CELERIAC_SOURCE"], "guest/sdk/celeriac-package")
PATIENCE = 60.0  # seconds that anything may take, on a machine that is busy
NODE = "celeriac.local"


def guest(name):
    """A guest for tests, as the build made it."""
    return os.path.join(BUILD, "tests/guest/guests", name + ".wasm")


def entry(name, module="kinode-puppet", **more):
    """One process of a manifest."""
    return {"process_name": name, "process_wasm_path": module + ".wasm", "on_exit": "Restart", "request_networking": False,
            "request_capabilities": [], "grant_capabilities": [], "public": True, **more}


def pack(directory, package, processes, modules=(), version="1.0.0"):
    """Makes package:tests of entries; `modules` are further files in it. Returns its path."""
    work = tempfile.mkdtemp(dir=directory)
    metadata = {"name": package, "description": "A package of tests.",
                "properties": {"package_name": package, "publisher": "tests", "current_version": version, "wit_version": 0}}
    for name, content in ("manifest.json", processes), ("metadata.json", metadata):
        with open(os.path.join(work, name), "w") as file:
            json.dump(content, file)
    names = {each["process_wasm_path"] for each in processes} | {module + ".wasm" for module in modules}
    added = [word for name in sorted(names) for word in ("--add", f"{guest(name[:-5])}={name}")]
    out = os.path.join(work, f"{package}-{version}.celeriac")
    subprocess.run([PACKAGER, work, "-o", out, *added], check=True)
    return out


def quoted(value):
    """A word of the puppets' language."""
    text = value if isinstance(value, str) else json.dumps(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def until(condition, what="it did not come to pass"):
    """The first true value of the condition."""
    end = time.monotonic() + PATIENCE
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def installed(host, *packages):
    for package in packages:
        host.celeriac("install", "--unsigned", "--yes", package, check=0)


class Machine:
    """A VM of its own, without a board, that can be killed and started again over the same directory."""

    def __init__(self, dir, *options):
        self.dir, self.options, self.process = dir, options, None
        self.start()

    def start(self):
        self.log = open(os.path.join(self.dir, "vm.log"), "a+")
        self.process = subprocess.Popen(["celeriac-vm", "--dir", self.dir, *self.options], stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline() if select.select([self.process.stdout], [], [], PATIENCE)[0] else ""
        if not line.startswith("ready"):
            self.stop(signal.SIGKILL)
            raise RuntimeError(f"the VM did not become ready: {self.logged()[-2000:]}")

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def restart(self, how=signal.SIGKILL):
        self.stop(how)
        self.start()

    def workers(self):
        """The workers of its packages, by their numbers."""
        out = subprocess.run(["pgrep", "-f", "-P", str(self.process.pid), "celeriac-guest"], capture_output=True, text=True).stdout
        return [int(pid) for pid in out.split()]

    def client(self):
        return wire.Client(os.path.join(self.dir, "vm.sock"))

    def logged(self):
        with open(os.path.join(self.dir, "vm.log")) as file:
            return file.read()

    celeriac = Host.celeriac

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)


class Puppet:
    """A guest, and what it has reported to the test."""

    def __init__(self, bed, name):
        self.bed, self.speaker = bed, bed.speaker
        self.name = name  # process:package:publisher
        self.at = "our@" + name
        self.address = f"{NODE}@{name}"

    def run(self, script):
        """What it answers a script: its reports, where nobody observes it."""
        item = self.speaker.ask(self.name, "!" + script, PATIENCE)
        assert item["type"] == "response", item
        return item.get("body", b"").decode()

    def tell(self, script):
        """Has it run a script that leaves alone what it is answering."""
        self.speaker.send(self.name, "!" + script)

    def heard(self, count=None):
        """Its next report; a list of the next ones."""
        lines = [self.bed.report_of(self.name) for _ in range(count or 1)]
        return lines if count else lines[0]

    def heard_only(self, *expected):
        """Its next reports begin as expected, and there is nothing between the last one and one that it makes now."""
        lines = [self.heard() for _ in expected]
        for line, begin in zip(lines, expected):
            self.bed.assertIn(begin, line)
        self.says_nothing()
        return lines

    def says_nothing(self):
        mark = f"mark {next(self.bed.numbers)}"
        self.tell(f"say {quoted(mark)}")
        self.bed.assertEqual(self.heard(), mark)

    def answers(self, body="*", answer="respond body answered"):
        self.tell(f"on request {body}; {answer}; end")
        return self


class Stage(unittest.TestCase):
    """Puppets and their reports: `self.host` is where, and `self.speaker` what they report to."""

    package = "bed"
    processes = [entry("root")]  # of the package
    modules = ["kinode-puppet-1-0"]  # that can be spawned beside those
    numbers = itertools.count(1)

    @classmethod
    def prepare(cls, host, directory):
        installed(host, pack(directory, cls.package, cls.processes, cls.modules))
        with Speaker(host, "first:tests:local") as speaker:
            for process in cls.processes:
                if process["process_wasm_path"].startswith("kinode-puppet"):
                    speaker.ready(f"{process['process_name']}:{cls.package}:tests", "!log", PATIENCE)

    def speak(self):
        """Makes the test a process."""
        self.speaker = self.enterContext(Speaker(self.host, f"tester-{next(self.numbers)}:tests:local"))
        self.reports = collections.defaultdict(collections.deque)
        self.root = Puppet(self, f"root:{self.package}:tests")

    def path_of(self, module):
        return f"/{self.package}:tests/pkg/{module}.wasm"

    def puppet(self, letter="p", public=True, on_exit="none", module="kinode-puppet", observed=True, more="", parent=None):
        """A new process, which reports to the test."""
        name = f"{letter}-{next(self.numbers)}"
        said = (parent or self.root).run(f"spawn {self.path_of(module)} name {name} on-exit {on_exit} {'public' if public else ''} {more}")
        self.assertEqual(said, f"spawned {name}:{self.package}:tests\n")
        puppet = Puppet(self, f"{name}:{self.package}:tests")
        self.addCleanup(self.kill_if_there, puppet)  # a package has 64 processes at once
        return self.observed(puppet, observed)

    def kill_if_there(self, puppet):
        if self.known(puppet):
            self.kill(puppet)

    def observed(self, puppet, wanted=True):
        if wanted:
            puppet.tell(f"observe our@{self.speaker.name}")
        return puppet

    def puppets(self, letters, **more):
        return [self.puppet(letter, **more) for letter in letters]

    def report_of(self, name):
        while not self.reports[name]:
            item = self.speaker.receive(PATIENCE)
            if item is None:
                raise TimeoutError(f"{name} has reported nothing; others: {dict(self.reports)}")
            self.reports[item["source"].split("@")[1]].append(item.get("body", b"").decode())
        return self.reports[name].popleft()

    def kernel(self, command):
        """What the kernel answers a command."""
        return self.speaker.ask_json("kernel:distro:sys", command, PATIENCE)

    def kill(self, puppet):
        self.kernel({"KillProcess": puppet.name})

    def known(self, puppet):
        """What the kernel knows of a process; None where there is none."""
        return self.kernel({"Debug": "ProcessMap"})["Debug"].get(puppet.name)

    def until_gone(self, puppet):
        until(lambda: self.known(puppet) is None, f"{puppet.name} did not go")


class Bed(Stage):
    """A simulated host with a package of puppets; each test has processes of its own, and a mailbox."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="celeriac-puppets-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.host = cls.enterClassContext(Host(speed=100))
        cls.prepare(cls.host, cls.directory)

    def setUp(self):
        self.speak()
