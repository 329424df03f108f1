"""The command line, as a person at the bot uses it."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import wire
from host import Host
from wire import move_to, sequence, step, wait, write_pin

EXAMPLES = os.path.join(os.environ["CELERIAC_SOURCE"], "examples")


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=100)
        cls.celeriac = cls.host.celeriac

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def file(self, text):
        handle = tempfile.NamedTemporaryFile("w", suffix=".json", dir=self.host.dir, delete=False)
        handle.write(text)
        handle.close()
        return handle.name

    def test_a_second_terminal_pauses_steps_resumes_and_kills(self):
        path = self.file(sequence(*[write_pin(8, n % 2) for n in range(5000)]))
        with self.host.client() as client:
            running = subprocess.Popen(["celeriac", "--dir", self.host.dir, "run", path], stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
            end = time.monotonic() + wire.DEADLINE
            alive = []
            while not alive and time.monotonic() < end:
                alive = [p["id"] for p in client.call("PROC", "LIST").document["processes"]
                         if p["state"] in ("running", "waiting")]
            process = str(alive[0])
            self.celeriac("pause", process, check=0)
            self.assertEqual(client.stat(alive[0])["state"], "paused")
            done = client.stat(alive[0])["steps_done"]
            self.celeriac("step", process, check=0)
            self.assertEqual(client.stat(alive[0])["steps_done"], done + 1)
            self.celeriac("resume", process, check=0)
            client.until(alive[0], lambda stat: stat["steps_done"] > done + 3)
            self.celeriac("kill", process, check=0)
            out, _ = running.communicate(timeout=wire.DEADLINE)
            self.assertEqual(running.returncode, 1, out)
            self.assertIn("kill", out.lower())

    def test_moves_pins_and_parameters_by_hand(self):
        self.celeriac("home", check=0)
        self.celeriac("move", "120", "80", "-5", check=0)
        self.celeriac("jog", "x", "-20", check=0)
        _, out, _ = self.celeriac("status", "--json", check=0)
        self.assertEqual(json.loads(out)["position"], {"x": 100, "y": 80, "z": -5})
        self.celeriac("pin", "write", "10", "1", check=0)
        _, out, _ = self.celeriac("pin", "read", "10", check=0)
        self.assertIn("1", out)
        self.celeriac("pin", "toggle", "10", check=0)
        self.celeriac("servo", "4", "45", check=0)
        self.celeriac("param", "set", "movement_max_spd_x", "380", check=0)
        _, out, _ = self.celeriac("param", "get", "movement_max_spd_x", check=0)
        self.assertIn("380", out)
        self.celeriac("param", "list", check=0)
        self.celeriac("find-home", "z", check=0)

    def test_estop_and_unlock(self):
        self.celeriac("estop", check=0)
        status, _, error = self.celeriac("move", "1", "1", "0")
        self.assertNotEqual(status, 0)
        self.assertIn("unlock", error)
        self.celeriac("unlock", check=0)
        self.celeriac("move", "1", "1", "0", check=0)

    def test_call_reaches_any_operation(self):
        self.celeriac("call", "SYS.WRITE_PIN", "pin=11", "value=1", "mode=digital", check=0)
        _, out, _ = self.celeriac("call", "SYS.READ_PIN", "pin=11", "mode=0", "--json", check=0)
        self.assertEqual(json.loads(out)["value"], 1)
        status, _, error = self.celeriac("call", "SYS.MOVE_ABSOLUTE", "x=1")
        self.assertNotEqual(status, 0)
        self.assertIn("y", error)

    def test_watch_shows_changes(self):
        watching = subprocess.Popen(["celeriac", "--dir", self.host.dir, "watch", "pins.10"], stdout=subprocess.PIPE,
                                    text=True)
        try:
            stop = threading.Event()

            def toggle():
                while not stop.is_set():
                    self.celeriac("pin", "toggle", "10")

            toggling = threading.Thread(target=toggle)
            toggling.start()
            lines = [watching.stdout.readline() for _ in range(3)]
            stop.set()
            toggling.join()
            self.assertTrue(all("pins.10" in line for line in lines), lines)
        finally:
            watching.terminate()
            watching.wait()
            watching.stdout.close()

    def test_bad_code_is_shown_with_its_place_and_exit_status(self):
        path = self.file('{"kind": "sequence",\n "args": {"version": 1, "locals": {"kind": "scope_declaration", '
                         '"args": {}}},\n "body": [{"kind": "wiat", "args": {"milliseconds": 1}}]}\n')
        for command in ("check", "run"):
            status, out, error = self.celeriac(command, path)
            self.assertEqual(status, 2)
            self.assertIn("wait", out + error)
            self.assertIn(":3:", out + error)
            self.assertIn("^", out + error)

    def test_a_compiled_module_is_valid_wasm(self):
        module = os.path.join(self.host.dir, "out.wasm")
        self.celeriac("compile", os.path.join(EXAMPLES, "water_the_bed.json"), "-o", module, check=0)
        subprocess.run(["wasm-validate", module], check=True)
        _, text, _ = self.celeriac("compile", "--wat", os.path.join(EXAMPLES, "water_the_bed.json"), check=0)
        self.assertIn("(module", text)
        wat = self.file(text)
        subprocess.run(["wat2wasm", wat, "-o", module], check=True)

    def test_interrupting_run_kills_what_it_started(self):
        running = subprocess.Popen(["celeriac", "--dir", self.host.dir, "run", self.file(sequence(wait(60000)))],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with self.host.client() as client:
            end = time.monotonic() + wire.DEADLINE
            while time.monotonic() < end and not any(
                    p["state"] == "waiting" for p in client.call("PROC", "LIST").document["processes"]):
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            out, _ = running.communicate(timeout=wire.DEADLINE)
            self.assertEqual(running.returncode, 130, out)
            self.assertFalse([p for p in client.call("PROC", "LIST").document["processes"]
                              if p["state"] in ("running", "waiting")])

    def test_help_has_an_example_for_every_command(self):
        _, out, _ = self.celeriac("--help", check=0)
        for command in ("up", "check", "run", "ps", "pause", "resume", "step", "kill", "wait", "status", "watch", "move",
                        "jog", "home", "find-home", "pin", "outputs", "output", "console", "servo", "estop", "unlock", "param", "call", "compile",
                        "version", "completion"):
            self.assertIn(command, out)
            _, text, _ = self.celeriac(command, "--help", check=0)
            self.assertIn("celeriac " + command, text)


class NobodyThere(unittest.TestCase):
    def test_without_a_host_one_sentence_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(["celeriac", "--dir", empty, "status"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 3)
            self.assertIn("celeriac up", done.stderr)

    def test_up_stops_cleanly_with_its_children(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            host = Host()
            children = host.children()
            self.assertEqual(len(children), 4)  # simulator, hypervisor, VM, gateway
            self.assertEqual(host.stop(how), 0)
            self.assertFalse([pid for pid in children if os.path.exists(f"/proc/{pid}")])
            self.assertFalse([name for name in os.listdir(host.dir) if name.endswith(".sock")])
            shutil.rmtree(host.dir)


if __name__ == "__main__":
    unittest.main()
