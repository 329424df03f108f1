"""The computer under a simulated bot: how it is, switched off, reset, and its board flashed."""

import json
import os
import time
import unittest

import wire
from host import Host
from wire import sequence, step


def record(address, kind, data):
    body = bytes([len(data), address >> 8, address & 0xff, kind]) + data
    return ":" + (body + bytes([-sum(body) & 0xff])).hex().upper() + "\n"


def firmware(size=3000):
    """Intel HEX that begins as a program does."""
    data = b"\x0c\x94\x00\x01" + bytes(size - 4)
    text = ""
    for at in range(0, size, 16):
        if at and at % 0x10000 == 0:
            text += record(0, 2, bytes([at >> 12, 0]))  # extended segment address
        text += record(at & 0xffff, 0, data[at:at + 16])
    return text + ":00000001FF\n"


class System(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=50)

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def log(self, text, deadline=20.0):
        """Waits until the host has logged it."""
        end = time.monotonic() + deadline
        while text not in self.host.logged():
            if time.monotonic() > end:
                self.fail(f"{text!r} was not logged:\n{self.host.logged()}")
            time.sleep(0.02)

    def run_step(self, word, **args):
        """Runs one node as a sequence; returns how it ended."""
        with self.host.client() as client:
            code, closed = client.upload(sequence(step(word, **args)))
            self.assertEqual(closed.status, wire.OK, closed)
            return client.process("WAIT", client.start(code))

    def test_the_status_tree_tells_of_the_computer(self):
        with self.host.client() as client:
            computer = client.read("computer")
            self.assertGreater(computer["uptime_s"], 0)
            self.assertGreater(computer["memory"]["total"], computer["memory"]["available"])
            self.assertGreater(computer["disk"]["total"], 0)
            self.assertEqual(computer["disk"]["path"], os.path.abspath(self.host.dir))
            tree = client.call("SYS", "STATU").document
            self.assertEqual(tree["computer"].keys(), computer.keys())
        _, out, _ = self.host.celeriac("computer", check=0)
        self.assertIn("memory", out)
        self.assertIn("MB free", out)
        _, out, _ = self.host.celeriac("--json", "computer", check=0)
        self.assertEqual(json.loads(out)["disk"]["path"], computer["disk"]["path"])

    def test_a_simulated_computer_is_switched_off_in_words_alone(self):
        self.host.celeriac("pin", "write", "10", "1", check=0)
        self.host.celeriac("power", "off", "--yes", check=0)
        self.log("The simulated computer is switched off.")
        self.host.celeriac("power", "reboot", "--yes", check=0)
        self.log("The simulated computer is restarted.")
        self.host.celeriac("jog", "x", "5", check=0)  # it goes on
        self.host.celeriac("power", "reboot", "--firmware", "--yes", check=0)
        self.host.celeriac("restart", "gateway", "--yes", check=0)
        self.log("The simulated computer restarts gateway")

    def test_nothing_dangerous_happens_when_nobody_can_be_asked(self):
        for words in (["power", "off"], ["power", "reboot"], ["reset", "firmware"], ["reset", "os"], ["restart", "vm"]):
            status, _, err = self.host.celeriac(*words)
            self.assertNotEqual(status, 0, words)
            self.assertIn("--yes", err)

    def test_a_reset_leaves_a_backup_that_can_be_restored(self):
        self.host.celeriac("param", "set", "movement_max_spd_x", "321", check=0)
        _, out, _ = self.host.celeriac("--json", "reset", "firmware", "--yes", check=0)
        backup = json.loads(out)["backup"]
        _, out, _ = self.host.celeriac("--json", "param", "get", "movement_max_spd_x", check=0)
        self.assertNotIn("321", out)
        self.host.celeriac("param", "restore", backup, check=0)
        _, out, _ = self.host.celeriac("--json", "param", "get", "movement_max_spd_x", check=0)
        self.assertIn("321", out)

        self.host.celeriac("param", "set", "safe_height", "-20", "--package", "os", check=0)
        _, out, _ = self.host.celeriac("--json", "reset", "os", "--yes", check=0)
        with open(json.loads(out)["backup"]) as file:
            self.assertEqual(json.load(file)["safe_height"], -20)

    def test_firmware_is_checked_written_and_the_board_is_back(self):
        path = os.path.join(self.host.dir, "good.hex")
        with open(path, "w") as file:
            file.write(firmware(120_000))  # several parts
        _, out, _ = self.host.celeriac("firmware", "flash", path, "--board", "arduino", "--yes", check=0)
        self.assertIn("120000 bytes are written and verified", out)
        self.log("Starting firmware flash.")
        _, out, _ = self.host.celeriac("firmware", "show", check=0)
        self.assertIn("RAMPS 1.4", out)
        self.assertIn("ready", out)
        self.host.celeriac("jog", "x", "1", check=0)  # relative: the board has restarted, and counts from 0
        # A step of a sequence writes what was stored.
        self.assertEqual(self.run_step("flash_firmware", package="arduino").status, wire.OK)

    def test_a_bad_firmware_file_never_reaches_the_board(self):
        path = os.path.join(self.host.dir, "bad.hex")
        with open(path, "w") as file:
            file.write(firmware()[:-20])
        before = self.host.logged().count("Starting firmware flash.")
        status, _, err = self.host.celeriac("firmware", "flash", path, "--board", "arduino", "--yes")
        self.assertNotEqual(status, 0)
        self.assertIn("Nothing of it went to the board", err)
        self.assertEqual(self.host.logged().count("Starting firmware flash."), before)
        status, _, err = self.host.celeriac("firmware", "flash", path, "--board", "farmduino_k81", "--yes")
        self.assertIn("Did you mean", err)

    def test_steps_of_sequences_reach_the_computer(self):
        self.assertEqual(self.run_step("check_updates", package="farmbot_os").status, wire.OK)
        self.assertEqual(self.run_step("reboot", package="farmbot_os").status, wire.OK)
        self.assertEqual(self.run_step("power_off").status, wire.OK)
        self.assertEqual(self.run_step("factory_reset", package="farmbot_os").status, wire.OK)
        ended = self.run_step("flash_firmware", package="farmduino_k14")
        self.assertNotEqual(ended.status, wire.OK)
        self.assertIn("celeriac firmware flash FILE --board farmduino_k14", ended.document["message"])

    def test_apt_is_asked_and_nothing_is_installed(self):
        _, out, _ = self.host.celeriac("updates", check=0)
        self.assertIn("installed", out)
        self.assertIn("candidate", out)


if __name__ == "__main__":
    unittest.main()
