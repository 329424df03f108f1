"""A package that may read one pin tries everything else: all of it is refused and logged, and the bot is unaffected."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from guests import BUILD, Speaker, example, until
from host import Host

PUPPET, FRAMES, VAULT = "puppet:intruder:tests", "frames:intruder:tests", "our@vault:neighbour:tests"
HARDWARE = "our@hardware:distro:sys"
VALVE = {"operation": "SYS.WRITE_PIN", "pin": 8}
OPEN_VALVE = {"write_pin": {"pin": 8, "value": 1, "mode": 0}}


def package(name):
    return os.path.join(BUILD, "tests/guest/guests", name + ".celeriac")


def quoted(value):
    """A word of the puppets' language."""
    text = value if isinstance(value, str) else json.dumps(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Intruder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=100)
        cls.addClassCleanup(cls.host.__exit__, None)
        cls.speaker = Speaker(cls.host)
        cls.addClassCleanup(cls.speaker.close)
        cls.speaker.subscribe("puppet/reports")
        cls.speaker.watch_log()
        for name in "neighbour", "intruder":
            cls.speaker.install(package(name))
        cls.speaker.ready(PUPPET, "!log")
        cls.speaker.ready(FRAMES, "!say ready")

    def run_script(self, script, process=PUPPET, seconds=60):
        """What the puppet reports of a script."""
        item = self.speaker.ask(process, "!" + script, seconds)
        self.assertEqual(item["type"], "response", item)
        return item.get("body", b"").decode()

    def ask(self, to, body, options=""):
        return self.run_script(f"await {to} body {quoted(json.dumps(body))} expects 5 {options}")

    def refused(self, report, code="denied"):
        self.assertIn(code, report)

    def test_what_the_manifest_allows_works(self):
        self.assertRegex(self.ask(HARDWARE, {"read_pin": {"pin": 59, "mode": 1}}), r'value.+:\d+')

    def test_other_operations_and_other_pins_are_denied(self):
        for asked in (OPEN_VALVE, {"write_pin": {"pin": 59, "value": 1, "mode": 0}}, {"read_pin": {"pin": 60, "mode": 1}},
                      {"SYS.WRITE_PIN": {"pin": 8.0, "value": 1, "mode": "digital"}}, {"toggle_pin": {"pin": 59}},
                      {"move_absolute": {"x": 10, "y": 0, "z": 0}}, {"home": {"axis": "all"}}, {"jog": {"x": 1}},
                      "emergency_lock", "emergency_unlock", "reboot", {"take_photo": {}},
                      {"config_update": {"package": "firmware", "config": "MOVEMENT_TIMEOUT_X", "value": 1}}):
            with self.subTest(asked):
                self.refused(self.ask(HARDWARE, asked))

    def test_a_capability_cannot_be_made_up(self):
        forged = f"cap {HARDWARE} {quoted(VALVE)}"
        self.refused(self.ask(HARDWARE, OPEN_VALVE, forged))
        report = self.run_script(f"save-cap {HARDWARE} {quoted(VALVE)}; save-cap {VAULT} {quoted(json.dumps('messaging'))}; caps")
        self.assertNotIn("WRITE_PIN", report)
        self.assertNotIn("vault", report)
        self.refused(self.ask(HARDWARE, OPEN_VALVE))

    def test_other_processes_are_out_of_reach(self):
        for target in VAULT, "our@kernel:distro:sys", "our@http-client:distro:sys", "our@nobody:intruder:tests", "elsewhere@a:b:c":
            with self.subTest(target):
                self.assertRegex(self.ask(target, {"KillProcess": VAULT.split("@")[1]}), r"awaited error kind=(timeout|offline)")

    def test_files_of_others_are_out_of_reach(self):
        self.assertIn("spawn error no-file-at-path", self.run_script("spawn /neighbour:tests/pkg/kinode-puppet.wasm name child"))
        for path in "/neighbour:tests/pkg/kinode-puppet.wasm", "/intruder:tests/pkg/../../neighbour:tests/data/x", "/etc/passwd":
            with self.subTest(path):
                self.assertNotIn("Ok", self.ask("our@vfs:distro:sys", {"path": path, "action": "Read"}))

    def test_frames_go_through_the_same_checks(self):
        for asked in ('SYS WRPIN {"pin": 8, "value": 1, "mode": 0}', 'SYS MVABS {"x": 1, "y": 0, "z": 0}', "SYS ESTOP", "SYS UNLCK",
                      "SYS RELSE", "SYS REBOT", "SYS STATU", "CODE CREAT", "PROC LIST", "PROC KILL id 1", 'MESG OPEN {"name": "kernel:distro:sys"}',
                      'GUST MODUL {"sha256": "00"}', 'GUST ENDED id 1 {"how": "killed"}', 'PACK RM {"package": "neighbour:tests"}',
                      'CAPA SAVE id 1 {"capabilities": []}',
                      'FILE OPEN id 1 {"path": "/neighbour:tests/data/x", "flags": ["read"]}', 'TOPC SUBSC id 1 {"topic": "secret"}'):
            with self.subTest(asked):
                report = self.run_script("ask " + asked, FRAMES)
                if asked.startswith("CAPA"):  # an empty list of its own: not another's
                    self.assertIn("status=0 ", report)
                else:  # denied, or not there for guests at all
                    self.assertRegex(report, "status=(6|1) ")

    def test_the_number_of_another_process_does_not_help(self):
        self.run_script("set-state mine")
        for number in range(1, 8):
            self.assertIn("status=3 ", self.run_script(f"ask STAT GET id {number}", FRAMES))  # it has kept nothing itself

    def test_topics_and_exchanges_are_those_of_the_manifest(self):
        self.speaker.send("/topic/intruder", '!publish secret "found out"; connect mqtt:garden; publish intruder x', format="wasi")
        reports = [self.speaker.receive()["body"].decode() for _ in range(3)]
        self.assertTrue(reports[0].startswith("publish error permission-denied"), reports)
        self.assertTrue(reports[1].startswith("connect error"), reports)
        self.assertTrue(reports[2].startswith("publish error permission-denied"), reports)

    def test_a_program_finds_nothing_to_open(self):
        until(lambda: self.speaker.logged("the end"))
        log = [line["message"] for line in self.speaker.log_lines() if line["source"] == "intruder:tests"]
        lines = [line for line in log if re.match("open|write|list|make directory|remove|link|descriptor", line)]
        self.assertGreater(len(lines), 10)
        for line in lines:
            self.assertIn("refused", line)
        self.assertIn("environment 0", log)

    def test_a_package_that_was_changed_after_it_was_signed_is_not_installed(self):
        directory = self.enterContext(tempfile.TemporaryDirectory(prefix="celeriac-modified-"))
        path = lambda name: os.path.join(directory, name)
        for key in "grower", "stranger":
            subprocess.run(["minisign", "-G", "-W", "-p", path(key + ".pub"), "-s", path(key + ".key")], check=True, capture_output=True)
        good, changed = path("good.celeriac"), path("changed.celeriac")
        shutil.copy(example("soil-logger"), good)
        # The same package, but that it wants the valve too.
        work = path("work")
        os.mkdir(work)
        subprocess.run(["tar", "-xzf", good, "-C", work], check=True)
        with open(os.path.join(work, "manifest.json")) as file:
            processes = json.load(file)
        processes[0]["request_capabilities"].append({"process": "hardware:distro:sys", "params": VALVE})
        with open(os.path.join(work, "manifest.json"), "w") as file:
            json.dump(processes, file)
        subprocess.run([os.path.join(os.environ["CELERIAC_SOURCE"], "guest/sdk/celeriac-package"), work, "-o", changed], check=True)
        subprocess.run(["minisign", "-S", "-s", path("grower.key"), "-m", good], check=True, capture_output=True, input=b"")
        shutil.copy(good + ".minisig", changed + ".minisig")
        with open(good, "rb") as file:
            bytes_ = bytearray(file.read())
        bytes_[len(bytes_) // 2] ^= 1
        with open(path("flipped.celeriac"), "wb") as file:
            file.write(bytes_)
        shutil.copy(good + ".minisig", path("flipped.celeriac.minisig"))
        for package, key in (changed, "grower"), (path("flipped.celeriac"), "grower"), (good, "stranger"):
            with self.subTest(package, key=key):
                status, out, err = self.host.celeriac("install", "--yes", "--key", path(key + ".pub"), package)
                self.assertEqual(status, 1, out + err)
                self.assertRegex(err, "sign")
                self.assertNotIn("soil-logger", self.host.celeriac("packages", check=0)[1])
        self.host.celeriac("install", "--yes", "--key", path("grower.pub"), good, check=0)
        self.assertIn("soil-logger", self.host.celeriac("packages", check=0)[1])

    def test_the_bot_is_unaffected_and_what_was_refused_is_in_the_log(self):
        self.refused(self.ask(HARDWARE, OPEN_VALVE))
        self.assertEqual(self.speaker.wire.read("pins.8") or 0, 0)
        self.assertFalse(self.speaker.wire.read("locked"))
        with open(os.path.join(self.host.dir, "firmware.log")) as file:
            self.assertNotIn("pin 8 = 1", file.read())
        until(lambda: self.speaker.logged("puppet:intruder:tests"))
        # The neighbour is there and well: a person's client may ask it.
        self.assertEqual(self.speaker.ask("vault:neighbour:tests", "!say well")["body"], b"well\n")


if __name__ == "__main__":
    unittest.main()
