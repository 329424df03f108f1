"""Messages between guests, measured with the real programs: inside one worker, between two, a million of them, and kills.

Everything is pinned to one processor, the bare ping-pong that it is compared with too; then the same on all.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "tests", "integration"))
os.environ.setdefault("CELERIAC_SOURCE", os.path.join(here, "..", ".."))

import guests

PACKAGES = os.path.join(guests.BUILD, "bench", "guest")


class Machine:
    """A VM without a hypervisor: guests need none to talk."""

    def __init__(self, directory):
        self.dir = directory
        self.process = subprocess.Popen(["celeriac-vm", "--dir", directory], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().startswith("ready")

    def client(self):
        import wire
        return wire.Client(os.path.join(self.dir, "vm.sock"))

    def install(self, name):
        subprocess.run(["celeriac", "--dir", self.dir, "install", "--unsigned", "--yes", os.path.join(PACKAGES, name + ".celeriac")],
                       check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def rounds(speaker, pinger, target, count):
    """Seconds of one request and its response."""
    begin = time.monotonic()
    speaker.ask(pinger, f"ping {count} {target}", seconds=300)
    return (time.monotonic() - begin) / count


def ping_pong():
    return statistics.median(float(subprocess.run(["bench-ping-pong"], capture_output=True, text=True, check=True).stdout) for _ in range(5)) * 1e-9


def measure(count):
    with tempfile.TemporaryDirectory(prefix="celeriac-bench-") as directory:
        machine = Machine(directory)
        try:
            machine.install("pinger")
            machine.install("ponger")
            machine.install("compiled")  # each of its two processes has a worker of its own
            with guests.Speaker(machine) as speaker:
                one, two, far = "our@one:pinger:bench", "our@two:pinger:bench", "our@one:ponger:bench"
                compiled, other = "our@one:compiled:bench", "our@two:compiled:bench"
                rounds(speaker, one, two, count // 10)
                result = {"bare_s": ping_pong()}
                result["inside_s"] = statistics.median(rounds(speaker, one, two, count) for _ in range(5))
                result["between_s"] = statistics.median(rounds(speaker, one, far, count) for _ in range(5))
                rounds(speaker, compiled, other, count // 10)
                result["compiled_s"] = statistics.median(rounds(speaker, compiled, other, count) for _ in range(5))
                result["times_bare"] = result["between_s"] / result["bare_s"]
                result["compiled_times_bare"] = result["compiled_s"] / result["bare_s"]
                return result
        finally:
            machine.stop()


def million():
    with tempfile.TemporaryDirectory(prefix="celeriac-bench-") as directory:
        machine = Machine(directory)
        try:
            machine.install("pinger")
            machine.install("ponger")
            with guests.Speaker(machine) as speaker:
                begin = time.monotonic()
                speaker.ask("our@one:pinger:bench", "flood 1000000 our@one:ponger:bench", seconds=1800)
                seconds = time.monotonic() - begin
                received, misplaced = map(int, bytes(speaker.ask("our@one:ponger:bench", "count")["body"]).split())
                return {"million_received": received, "million_misplaced": misplaced, "million_s": seconds}
        finally:
            machine.stop()


def main():
    processors = os.sched_getaffinity(0)
    result = {"all": measure(5000)}
    os.sched_setaffinity(0, {min(processors)})
    result["one"] = measure(20000)
    os.sched_setaffinity(0, processors)
    result.update(million())
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
