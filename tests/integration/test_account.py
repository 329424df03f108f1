"""An account's export is imported, checked, and run whole on the simulator: every plant of a group watered,
every tool fetched and put back."""

import json
import os
import socket
import unittest

from host import Host

ACCOUNT = os.path.join(os.environ["CELERIAC_SOURCE"], "examples", "account", "allotment.json")
ROUND = 300  # seconds that the evening round may take; it takes some ten


class Simulator:
    """The control socket of the simulated bot."""

    def __init__(self, host):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.settimeout(30)
        self.stream.connect(os.path.join(host.dir, "sim.sock"))
        self.lines = self.stream.makefile("r")

    def ask(self, line):
        self.stream.sendall(line.encode() + b"\n")
        return self.lines.readline().strip()

    def close(self):
        self.lines.close()
        self.stream.close()


class Account(unittest.TestCase):
    def setUp(self):
        with open(ACCOUNT) as file:
            self.account = json.load(file)
        self.host = Host(speed=200)
        self.addCleanup(self.host.__exit__, None)
        self.simulator = Simulator(self.host)
        self.addCleanup(self.simulator.close)
        for point in self.account["points"]:
            if point["pointer_type"] == "ToolSlot":
                tool = next(t for t in self.account["tools"] if t["id"] == point["tool_id"])
                line = f"slot {point['x']} {point['y']} {point['z']} +x {tool['name'].replace(' ', '-')}"
                self.assertEqual(self.simulator.ask(line), "ok")

    def import_account(self):
        return self.host.celeriac("asset", "import", ACCOUNT, check=0)[1]

    def test_an_account_runs_whole(self):
        said = self.import_account()
        self.assertRegex(said, r"points\s+12")
        self.assertRegex(said, r"sequences\s+6")
        with open(os.path.join(self.host.dir, "firmware.log")) as log:
            log.read()
            self.host.celeriac("run", "Evening round", check=0, timeout=ROUND)
            told = log.read()
        state = json.loads(self.simulator.ask("state"))
        self.assertEqual(state["tools"]["fetched"], 2, state["tools"])
        self.assertEqual(state["tools"]["put_back"], 2, state["tools"])
        self.assertIsNone(state["tools"]["mounted"])
        self.assertEqual(told.count("tool fetched"), 2, told)
        self.assertEqual(told.count("tool put back"), 2, told)
        for point in self.account["points"]:
            if point["pointer_type"] != "Plant":
                continue
            litres = float(self.simulator.ask(f"litres {point['x']} {point['y']}"))
            if point["plant_stage"] == "planted":
                self.assertGreater(litres, 0.05, point)
            else:
                self.assertEqual(litres, 0, point)
        readings = json.loads(self.host.celeriac("asset", "list", "sensor_readings", "--json", check=0)[1])["sensor_readings"]
        at = sorted(reading["x"] for reading in readings if reading["pin"] == 59)
        self.assertEqual(at, [600, 1200])

    def test_an_export_is_what_was_imported(self):
        self.import_account()
        exported = os.path.join(self.host.dir, "export.json")
        self.host.celeriac("asset", "export", exported, check=0)
        with open(exported) as file:
            again = json.load(file)
        for kind, items in self.account.items():
            self.assertEqual(again[kind], items, kind)

    def test_every_sequence_of_the_account_checks(self):
        path = os.path.join(self.host.dir, "sequence.json")
        for sequence in self.account["sequences"]:
            with self.subTest(sequence["name"]):
                with open(path, "w") as file:
                    json.dump(sequence, file)
                self.host.celeriac("check", path, check=0)


if __name__ == "__main__":
    unittest.main()
