"""How long a stop takes: a client's ESTOP, or the edge of a stop button, to the byte E on the line with the VM at work; '@' after
the VM's death."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "tests", "integration"))

import wire

PROCESSES, POLLERS, STOPS, DEATHS = 1000, 20, 200, 10
POLL = 0.1  # seconds between a client's questions
PATIENCE = 60


class Board:
    """stop_board.py in a process of its own, so that nothing here delays its clock."""

    def __init__(self, link):
        self.process = subprocess.Popen([sys.executable, os.path.join(here, "stop_board.py"), link],
                                        stdout=subprocess.PIPE)
        self.rest = b""
        assert self.next("ready") == 0

    def next(self, what):
        """The time of the next event of that name; others are passed over."""
        end = time.monotonic() + PATIENCE
        while True:
            line, found, rest = self.rest.partition(b"\n")
            if found:
                self.rest = rest
                word, *when = line.split()
                if word.decode() == what:
                    return int(when[0]) if when else 0
            else:
                if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                    raise TimeoutError(f"the board saw no {what}")
                self.rest += os.read(self.process.stdout.fileno(), 4096)

    def forget(self):
        """Passes over everything that has been told."""
        while select.select([self.process.stdout], [], [], 0)[0]:
            self.rest += os.read(self.process.stdout.fileno(), 4096)
        self.rest = b""


def as_its_service():
    """The scheduling of celeriac-hal.service, where that is allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(10))
    except PermissionError:
        pass


def started(*command, first=None):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=first)
    for line in process.stdout:
        if line.startswith("ready"):
            return process
    raise RuntimeError(f"{command[0]} did not say ready")


def wait_until_ready(path):
    end = time.monotonic() + PATIENCE
    with wire.Client(path) as client:
        while client.read("firmware")["state"] != "ready":
            assert time.monotonic() < end, client.read("firmware")
            time.sleep(0.05)


def poll(path):
    """Clients that ask for the status; runs as a program of its own until its parent ends."""
    clients = [wire.Client(path) for _ in range(POLLERS)]
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        for client in clients:
            client.call("SYS", "STATU")
            time.sleep(POLL / POLLERS)


def run_processes(client, code):
    """A stop ends every program that runs, so each one has its own; all frames at once."""
    end = time.monotonic() + PATIENCE
    while client.read("locked"):
        assert time.monotonic() < end, "the VM did not hear of the unlock"
    payload = struct.pack(">H", code)
    started = [client.send("PROC", "START", payload) for _ in range(PROCESSES)]
    numbers = [client.wait(channel).value for channel in started]
    running = [client.send("PROC", "RUN", struct.pack(">H", number)) for number in numbers]
    assert all(client.wait(channel).status == wire.OK for channel in running)


def stops(board, path, vm, code):
    """Seconds from the ESTOP frame to E on the line, sorted."""
    taken = []
    with wire.Client(path) as client:
        for _ in range(STOPS):
            run_processes(vm, code)
            board.forget()
            begin = time.monotonic_ns()
            client.send("SYS", "ESTOP", channel=0)
            taken.append((board.next("E") - begin) / 1e9)
            assert client.wait(0, PATIENCE).status == wire.OK
            assert client.call("SYS", "UNLCK").status == wire.OK
            time.sleep(0.005)
    return sorted(taken)


def presses(board, hands_path, path, vm, code):
    """Seconds from a stop button's edge to E on the line, sorted. The edge is one of simulated lines: what the kernel takes to
    tell of a real one is not in it, the way of the order to the simulated line is."""
    taken = []
    with wire.Client(path) as client, socket.socket(socket.AF_UNIX) as hands:
        hands.connect(hands_path)
        answers = hands.makefile()

        def let_go():
            hands.sendall(b"release stop\n")
            assert answers.readline() == "ok\n"
            end = time.monotonic() + PATIENCE
            while client.call("SYS", "STATU").document["stop_button"]["state"] != "released":
                assert time.monotonic() < end, "the stop button stays held"
                time.sleep(0.01)
            answer = client.call("SYS", "UNLCK")
            assert answer.status == wire.OK, answer.document

        let_go()
        for _ in range(STOPS):
            run_processes(vm, code)
            board.forget()
            begin = time.monotonic_ns()
            hands.sendall(b"press stop\n")
            taken.append((board.next("E") - begin) / 1e9)
            assert answers.readline() == "ok\n"
            let_go()
    return sorted(taken)


def deaths(board, directory, vm_command):
    """Seconds from the moment the VM's sockets close to '@' on the line, sorted."""
    taken = []
    for _ in range(DEATHS):
        vm = started(*vm_command)
        with wire.Client(os.path.join(directory, "vm.sock")) as client:
            wait_until_ready(os.path.join(directory, "vm.sock"))
            code, closed = client.upload(wire.sequence(wire.move_to(500, 0, 0)))
            assert closed.status == wire.OK, closed
            board.forget()
            client.start(code)
            board.next("move")
            time.sleep(0.2)
            os.kill(vm.pid, signal.SIGKILL)
            while client.socket.recv(4096):  # until the kernel has closed its sockets
                pass
            closed_at = time.monotonic_ns()
            taken.append((board.next("@") - closed_at) / 1e9)
        vm.wait()
        wait_until_ready(os.path.join(directory, "hal.sock"))
    return sorted(taken)


def main():
    result = {}
    with tempfile.TemporaryDirectory(prefix="celeriac-bench-") as directory:
        board = Board(os.path.join(directory, "firmware"))
        lines, hands = (os.path.join(directory, name) for name in ("lines.json", "gpio.sock"))
        with open(lines, "w") as file:
            json.dump({"lines": {"stop": {"line": "GPIO16", "direction": "input", "role": "stop"}}}, file)
        hal = started("celeriac-hal", "--dir", directory, "--serial", os.path.join(directory, "firmware"),
                      "--lines", lines, "--gpio", f"simulated:{hands}", first=as_its_service)
        vm_command = ("celeriac-vm", "--dir", directory)
        vm_socket, hal_socket = (os.path.join(directory, name) for name in ("vm.sock", "hal.sock"))
        vm = started(*vm_command)
        pollers = None
        try:
            wait_until_ready(vm_socket)
            with wire.Client(vm_socket) as client:
                code, closed = client.upload(wire.sequence(*[wire.wait(1000)] * 600))
                assert closed.status == wire.OK, closed
                pollers = subprocess.Popen([sys.executable, __file__, "poll", vm_socket], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE)
                pollers.stdout.readline()
                ways = {"button": lambda: presses(board, hands, hal_socket, client, code),
                        "direct": lambda: stops(board, hal_socket, client, code),
                        "through_the_vm": lambda: stops(board, vm_socket, client, code)}
                for name, way in ways.items():
                    times = way()
                    result[f"estop_{name}"] = {"median_s": times[len(times) // 2],
                                               "p99_s": times[int(len(times) * 0.99)], "max_s": times[-1],
                                               "stops": len(times)}
            pollers.stdin.close()
            pollers.wait()
            pollers = None
            vm.terminate()
            vm.wait()
            times = deaths(board, directory, vm_command)
            result["deadman"] = {"median_s": times[len(times) // 2], "max_s": times[-1], "deaths": len(times)}
        finally:
            for process in (pollers, vm, hal, board.process):
                if process is not None and process.poll() is None:
                    process.kill()
                    process.wait()
    print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "poll":
        poll(sys.argv[2])
    else:
        main()
