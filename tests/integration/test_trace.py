"""The recording of a running host: exported, shown and replayed, and what a fault puts aside."""

import os
import random
import signal
import subprocess
import time
import unittest

import wire
from host import Host


def stir(host, seconds, seed):
    """Several clients at once that want this and that of the machine, stops and streams that end included."""
    chance = random.Random(seed)
    clients = [wire.Client(host.hal) for _ in range(3)] + [wire.Client(host.vm)]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        at = chance.randrange(len(clients))
        client, what = clients[at], chance.random()
        if what < 0.4:
            client.send("SYS", "MVABS", wire.bson({"x": float(chance.randint(0, 60)), "y": float(chance.randint(0, 60)),
                                                   "z": 0.0}))
        elif what < 0.5:
            client.send("SYS", "ESTOP", channel=0)
        elif what < 0.7:
            client.send("SYS", "UNLCK")
        elif what < 0.8:
            client.send("SYS", "WRPIN", wire.bson({"pin": chance.choice([8, 9, 11]), "value": chance.randint(0, 1),
                                                   "mode": 0}))
        elif what < 0.85:
            client.send("SYS", "ABORT")
        elif what < 0.9:
            client.send("SYS", "FHOME", wire.bson({"axis": 0}))
        elif what < 0.95:
            client.send("SYS", "RDPIN", wire.bson({"pin": 59, "mode": 1}))
        else:
            client.close()
            clients[at] = wire.Client(host.hal)
            continue
        try:
            client.pump(chance.random() * 0.2)
        except TimeoutError:
            pass
    for client in clients:
        client.close()


class Trace(unittest.TestCase):
    def test_what_a_running_host_has_done_is_exported_and_replayed(self):
        with Host(speed=20) as host:
            stir(host, 10, 1)
            time.sleep(1)
            file = os.path.join(host.dir, "all.trace")
            _, said, _ = host.celeriac("trace", "export", "-o", file, check=0)
            self.assertIn("lines", said)
            _, said, _ = host.celeriac("trace", "replay", file, check=0, timeout=120)
            self.assertIn("the same:", said)
            _, said, _ = host.celeriac("trace", "show", file, check=0)
            self.assertRegex(said, r"host +F83")
            self.assertRegex(said, r"board +R02 .*command done")
            self.assertIn("SYS.MOVE_ABSOLUTE", said)

    def test_a_recording_goes_on_through_a_hypervisor_that_is_killed(self):
        with Host(speed=20) as host:
            stir(host, 3, 2)
            time.sleep(1)
            directory = host.dir
            hal, = [pid for pid in host.children() if "celeriac-hal" in open(f"/proc/{pid}/cmdline").read()]
            os.kill(hal, signal.SIGKILL)
            host.process.wait(wire.DEADLINE)
            done = subprocess.run(["celeriac", "--dir", directory, "trace", "replay"], capture_output=True, text=True,
                                  timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:])

    def test_a_recording_that_was_changed_is_found_out(self):
        with Host(speed=100) as host:
            with host.client() as client:
                self.assertEqual(client.call("SYS", "MVABS", {"x": 5.0, "y": 0.0, "z": 0.0}).status, wire.OK)
            time.sleep(1)
            _, text, _ = host.celeriac("trace", "export", check=0)
            self.assertIn("> G00 X5.00", text)
            file = os.path.join(host.dir, "changed.trace")
            with open(file, "w") as out:
                out.write(text.replace("> G00 X5.00", "> G00 X6.00"))
            _, said, _ = host.celeriac("trace", "replay", file, check=1)
            self.assertIn("recorded: > G00 X6.00", said)
            self.assertIn("replayed: > G00 X5.00", said)

    def test_what_is_no_recording_is_refused(self):
        with Host(speed=100) as host:
            _, _, said = host.celeriac("trace", "replay", os.path.join(host.dir, "up.log"), check=2)
            self.assertIn("no recording", said)
            _, _, said = host.celeriac("trace", "show", "--since", "yesterday", check=2)
            self.assertIn("90s", said)


if __name__ == "__main__":
    unittest.main()
