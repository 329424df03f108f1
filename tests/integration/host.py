"""A whole simulated host in a directory of its own, for tests."""

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

import wire

START_DEADLINE = 60.0  # seconds for `celeriac up` to say ready; it takes well under one


class Host:
    def __init__(self, speed=100, extra=(), dir=None):
        self.dir = dir or tempfile.mkdtemp(prefix="celeriac-test-")
        self.log = open(os.path.join(self.dir, "up.log"), "w+")
        self.process = subprocess.Popen(
            ["celeriac", "up", "--simulate", "--speed", str(speed), "--dir", self.dir, *extra],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        end = time.monotonic() + START_DEADLINE
        line = ""
        while not line.startswith("ready"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.stop()
                raise TimeoutError("celeriac up did not say ready")
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"celeriac up ended: {self.logged()}")

    @property
    def vm(self):
        return os.path.join(self.dir, "vm.sock")

    @property
    def hal(self):
        return os.path.join(self.dir, "hal.sock")

    def client(self):
        return wire.Client(self.vm)

    def hypervisor(self):
        return wire.Client(self.hal)

    def celeriac(self, *arguments, check=None, stdin=None, timeout=wire.DEADLINE):
        """Runs the command line against this host; returns (exit status, stdout, stderr)."""
        done = subprocess.run(["celeriac", "--dir", self.dir, *arguments], capture_output=True, text=True,
                              timeout=timeout, stdin=stdin)
        if check is not None:
            assert done.returncode == check, (arguments, done.returncode, done.stdout, done.stderr)
        return done.returncode, done.stdout, done.stderr

    def children(self):
        out = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout
        return [int(pid) for pid in out.split()]

    def logged(self):
        self.log.flush()
        with open(self.log.name) as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
            self.log.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.logged()[-4000:])
        try:
            self.stop()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
