"""Power cuts: workers, the VM and everything at once are killed at random moments. What was acknowledged is there afterwards, and nothing twice."""

import os
import random
import re
import signal
import struct
import tempfile
import threading
import time
import unittest

import wire
from guests import Speaker
from puppets import PATIENCE, Machine, entry, guest, installed, pack, until

ROUNDS = 20
LONGEST = 0.6  # seconds of a round, before something is killed
SEED = 20261
ANSWER = 5  # seconds: a process of Kinode that is killed does not say so, and its sender hears when the time is over
COUNTER, KEEPER = "/garden/counter", "keeper:power:tests"


class Client(threading.Thread):
    """Counts and keeps, one thing after the other, until it is told to stop or its stream ends."""

    def __init__(self, machine, ledger):
        super().__init__(daemon=True)
        self.ledger, self.stopping = ledger, threading.Event()
        self.speaker = Speaker(machine, "client:tests:local")
        self.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.ledger.count(self.speaker)
                self.ledger.post(self.speaker)
                self.ledger.keep(self.speaker)
        except (OSError, ConnectionError, TimeoutError, struct.error):
            pass  # the VM is gone
        finally:
            self.speaker.close()

    def stop(self):
        self.stopping.set()
        self.join(PATIENCE)
        assert not self.is_alive(), "the client waits for an answer that does not come"


class Ledger:
    """What was tried, and what of it was acknowledged."""

    def __init__(self):
        self.number = 0
        self.tried, self.counted, self.posted = [], [], []
        self.state_tried = self.state_kept = 0

    def next(self):
        self.number += 1
        self.tried.append(self.number)
        return self.number

    def count(self, speaker):
        """An increment that is acknowledged by the object itself."""
        number = self.next()
        item = speaker.ask(COUNTER, wire.bson({"othismo": {"send_to": COUNTER}, f"echo.n{number}": {}}), PATIENCE, format="othismo")
        if item["type"] == "response" and f"echo.n{number}.response".encode() in item["body"]:
            self.counted.append(number)

    def post(self, speaker):
        """A message that the VM has accepted."""
        number = self.next()
        document = wire.bson({"othismo": {"send_to": COUNTER}, f"tick.n{number}": {}})
        answer = speaker.call("MESG", "SEND", {"to": COUNTER, "body": document, "format": "othismo"}, PATIENCE)
        if answer.status == wire.OK:
            self.posted.append(number)

    def keep(self, speaker):
        self.state_tried += 1
        item = speaker.ask(KEEPER, f"!set-state {self.state_tried}; get-state", ANSWER)
        if item["type"] == "response":
            assert item["body"].decode() == f'state "{self.state_tried}"\n', item
            self.state_kept = self.state_tried


class Power(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="celeriac-power-"))
        self.machine = self.enterContext(Machine(self.directory))
        self.machine.celeriac("image", "import", guest("othismo-puppet"), "/modules/puppet", check=0)
        self.machine.celeriac("image", "instantiate", "/modules/puppet", COUNTER, check=0)
        installed(self.machine, pack(self.directory, "power", [entry("keeper")]))
        with Speaker(self.machine) as speaker:
            speaker.ready(KEEPER, "!log", PATIENCE)

    def kill_workers(self):
        for pid in self.machine.workers():
            kill(pid)

    def cut(self, what):
        """Kills; the VM is started again if it was."""
        if what == "worker":
            return self.kill_workers()
        workers = self.machine.workers()
        if what == "everything":
            self.machine.process.send_signal(signal.SIGSTOP)  # so that nobody sees the others go
            for pid in workers:
                kill(pid)
        self.machine.stop(signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in workers), "workers outlive their VM")
        self.machine.start()

    def test_everything_acknowledged_is_there_after_kills_at_random_moments(self):
        chance, ledger = random.Random(SEED), Ledger()
        last = None
        for number in range(ROUNDS):
            client = Client(self.machine, ledger)
            time.sleep(chance.uniform(0, LONGEST))
            # A process whose worker dies again and again waits longer each time; one that the VM starts does not.
            what = chance.choice(["VM", "everything"] if last == "worker" else ["worker", "VM", "everything"])
            self.cut(what)
            last = what
            client.stop()
            with self.subTest(round=number, killed=what), Speaker(self.machine, "auditor:tests:local") as speaker:
                state = int(re.search(r'"(\d+)"|none', speaker.ready(KEEPER, "!get-state", PATIENCE)["body"].decode())[1] or 0)
                self.assertTrue(ledger.state_kept <= state <= ledger.state_tried, (ledger.state_kept, state, ledger.state_tried))
                ledger.state_kept = ledger.state_tried = state
        self.assertGreater(len(ledger.counted), ROUNDS)
        with Speaker(self.machine, "auditor:tests:local") as speaker:
            name, reply = speaker.ask_othismo(COUNTER, "puppet.run", {"script": "log"}, PATIENCE)
        self.assertEqual(name, "puppet.run.response", reply)
        seen = [int(number) for number in re.findall(r"^message (?:echo|tick)\.n(\d+) ", reply["report"], re.MULTILINE)]
        self.assertEqual(len(seen), len(set(seen)), "something was counted twice")
        self.assertEqual(seen, sorted(seen), "the order is not that in which they were sent")
        self.assertEqual(set(ledger.counted) - set(seen), set(), "acknowledged increments are missing")
        self.assertEqual(set(ledger.posted) - set(seen), set(), "accepted messages are missing")
        self.assertEqual(set(seen) - set(ledger.tried), set())
        self.machine.celeriac("image", "check", check=0)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def alive(pid):
    """False for what has ended, though nobody has asked how."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()
