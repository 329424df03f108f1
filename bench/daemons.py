"""What the daemons cost, measured from outside: start, memory, and the time between two moves."""

import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "integration"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wire
from instant_board import InstantBoard


def started(*command):
    """Starts a daemon; returns it and the seconds until it said ready."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if line.startswith("ready"):
            return process, time.monotonic() - begin
    raise RuntimeError(f"{command[0]} did not say ready")


def memory(pid):
    """Bytes of a process: resident, private and written, private but still as on disk."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file if ":" in line and "kB" in line}
    return fields["Rss"], fields["Private_Dirty"], fields["Private_Clean"]


def main():
    result = {}
    with tempfile.TemporaryDirectory(prefix="celeriac-bench-") as directory:
        board = InstantBoard(os.path.join(directory, "firmware"))
        starts = {"hal": [], "vm": []}
        hal_command = ("celeriac-hal", "--dir", directory, "--serial", board.link)
        vm_command = ("celeriac-vm", "--dir", directory)
        for _ in range(10):
            for name, command in (("hal", hal_command), ("vm", vm_command)):
                process, seconds = started(*command)
                starts[name].append(seconds)
                process.terminate()
                process.wait()
        hal, _ = started(*hal_command)
        vm, _ = started(*vm_command)
        try:
            for name in starts:
                result[f"{name}_ready_s"] = statistics.median(starts[name])
            with wire.Client(os.path.join(directory, "vm.sock")) as client:
                end = time.monotonic() + 60
                while client.read("firmware")["state"] != "ready":
                    assert time.monotonic() < end, client.read("firmware")
                    time.sleep(0.1)
                time.sleep(1)
                result["hal_resident"], _, _ = memory(hal.pid)
                _, result["vm_written"], result["vm_clean"] = memory(vm.pid)
                moves = [wire.move_to(n % 100, n % 37, 0) for n in range(2000)]
                code, closed = client.upload(wire.sequence(*moves))
                assert closed.status == wire.OK, closed
                ended = client.process("WAIT", client.start(code), deadline=300)
                assert ended.status == wire.OK, ended
        finally:
            for process in (vm, hal):
                process.terminate()
                process.wait()
            board.close()
        gaps = sorted(board.gaps)
        result["gaps"] = len(gaps)
        result["gap_median_s"] = statistics.median(gaps)
        result["gap_99_s"] = gaps[int(len(gaps) * 0.99)]
        result["gap_max_s"] = gaps[-1]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
