"""Buttons and lights of a simulated computer: a press runs a sequence, the stop button stops with the VM dead."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import wire
from host import Host

BOUND = wire.sequence(wire.write_pin(10, 1), name="Light the bed", number=7)


def hand(host, command):
    """One command to the hands of the simulated computer."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(wire.DEADLINE)
        stream.connect(os.path.join(host.dir, "gpio.sock"))
        stream.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += stream.recv(4096)
    return answer.decode().strip()


class Gpio(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=20)

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def until(self, condition, what, deadline=20.0):
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(what)
            time.sleep(0.02)

    def bind(self, client, **binding):
        answer = client.call("ASET", "PUT", {"kind": "pin_binding", "items": binding})
        self.assertEqual(answer.status, wire.OK, answer)

    def test_a_press_runs_the_bound_sequence_once(self):
        with self.host.client() as client:
            _, closed = client.upload(BOUND)
            self.assertEqual(closed.status, wire.OK, closed)
            self.bind(client, id=1, pin_num=26, binding_type="standard", sequence_id=7)
            self.host.celeriac("gpio", "press", "button_3", check=0)

            def runs():
                return [each for each in client.call("PROC", "LIST").document["processes"]
                        if each["name"] == "Light the bed"]
            self.until(lambda: runs() and runs()[0]["state"] == "done", "the press started nothing")
            self.assertEqual(len(runs()), 1)
            self.assertEqual(client.call("SYS", "RDPIN", {"pin": 10, "mode": 0}).value, 1)

    def test_lines_are_read_written_and_shown_by_name(self):
        with self.host.client() as client:
            self.assertEqual(client.call("SYS", "WRLIN", {"line": "led_blue", "value": 1, "blink": 2}).status, wire.OK)
            self.assertEqual(client.call("SYS", "RDLIN", {"line": "led_blue"}).value, 1)
            self.assertEqual(client.read("gpio.led_blue"), 1)
            self.assertEqual(client.read("status")["gpio"]["led_blue"]["blink"], "fast")
            # Through the VM and straight, a light of the box is its line.
            self.assertEqual(client.call("SYS", "WRLED", {"led": 3, "value": 1}).status, wire.OK)
            self.assertEqual(json.loads(hand(self.host, "state"))["box_led_3"]["value"], 1)
            self.assertEqual(client.read("gpio.BoxLed3"), 1)
            self.assertEqual(client.call("SYS", "WRLIN", {"line": "button_3", "value": 1}).status, wire.WRONG_STATE)
            self.assertEqual(client.call("SYS", "WRLIN", {"line": "nothing", "value": 1}).status, wire.NOT_FOUND)
        # As guests do, through the object of the line.
        self.host.celeriac("image", "send", "/sys/gpio/led_green", "farmbot.write_line", "value=1", check=0)
        self.assertEqual(json.loads(hand(self.host, "state"))["led_green"]["value"], 1)
        self.host.celeriac("gpio", "set", "led_blue", "0", check=0)
        _, table, _ = self.host.celeriac("gpio", check=0)
        self.assertIn("led_blue", table)
        _, lines, _ = self.host.celeriac("gpio", "--json", check=0)
        self.assertEqual(json.loads(lines)["led_blue"]["value"], 0)
        status, _, said = self.host.celeriac("gpio", "set", "lde_blue", "1")
        self.assertEqual(status, 1)
        self.assertIn('did you mean "led_blue"?', said)

    def test_a_button_can_lock_and_unlock(self):
        with self.host.client() as client:
            self.bind(client, id=2, pin_num=5, special_action="emergency_lock")
            self.bind(client, id=3, pin_num=22, special_action="emergency_unlock")
            self.assertEqual(hand(self.host, "press button_4"), "ok")
            self.until(lambda: client.read("locked"), "the button did not lock")
            self.assertEqual(hand(self.host, "release button_4"), "ok")
            self.assertEqual(hand(self.host, "press unlock_button"), "ok")
            self.until(lambda: not client.read("locked"), "the button did not unlock")
            self.assertEqual(hand(self.host, "release unlock_button"), "ok")


class StopButton(unittest.TestCase):
    def test_the_stop_button_stops_with_the_vm_dead(self):
        with tempfile.TemporaryDirectory(prefix="celeriac-test-") as directory:
            sim = hal = None
            try:
                link, control = os.path.join(directory, "firmware"), os.path.join(directory, "gpio.sock")
                sim = subprocess.Popen(["celeriac-firmware-sim", "--garden", "--link", link, "--speed", "20"],
                                       stdout=subprocess.PIPE)
                sim.stdout.readline()  # ready
                lines = os.path.join(directory, "lines.json")
                with open(lines, "w") as file:
                    json.dump({"lines": {"stop": {"line": "GPIO16", "direction": "input", "role": "stop"}}}, file)
                hal = subprocess.Popen(["celeriac-hal", "--dir", directory, "--serial", link, "--lines", lines,
                                        "--gpio", "simulated:" + control],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                hal.stdout.readline()  # ready
                self.stop_and_unlock(directory)
            finally:
                for program in (hal, sim):
                    if program:
                        program.send_signal(signal.SIGTERM)
                        program.wait(20)
                        program.stdout.close()
            said = subprocess.run(["celeriac-hal", "trace", "show", "--dir", directory], capture_output=True,
                                  text=True).stdout
            self.assertRegex(said, r"(?m) E$", said)

    def stop_and_unlock(self, directory):
        class Place:
            dir = directory
        with wire.Client(os.path.join(directory, "hal.sock")) as client:
            end = time.monotonic() + 30
            while client.read("firmware")["state"] != "ready":
                self.assertLess(time.monotonic(), end, "the board did not become ready")
                time.sleep(0.05)
            self.assertEqual(hand(Place, "cut stop"), "ok")  # a broken wire is a pressed button
            end = time.monotonic() + 20
            while not client.read("locked"):
                self.assertLess(time.monotonic(), end, "the stop button did not stop")
                time.sleep(0.02)
            self.assertEqual(client.read("status")["stop_button"]["state"], "held")
            self.assertEqual(client.call("SYS", "UNLCK").status, wire.LOCKED)
            self.assertEqual(hand(Place, "release stop"), "ok")
            end = time.monotonic() + 20
            while client.call("SYS", "UNLCK").status != wire.OK:
                self.assertLess(time.monotonic(), end, "it could not be unlocked")
                time.sleep(0.05)


class Check(unittest.TestCase):
    def test_a_file_of_lines_is_checked_without_a_host(self):
        source = os.environ["CELERIAC_SOURCE"]
        done = subprocess.run(["celeriac-hal", "lines", "--file-only", "--check",
                               os.path.join(source, "systemd", "lines.json")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("14 lines are described well.", done.stdout)
        with tempfile.TemporaryDirectory(prefix="celeriac-test-") as directory:
            path = os.path.join(directory, "lines.json")
            with open(path, "w") as file:
                file.write('{"lines": {"lights": {"lien": "GPIO1", "direction": "output"}}}')
            done = subprocess.run(["celeriac-hal", "lines", "--check", path], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn('did you mean "line"?', done.stdout)
            done = subprocess.run(["celeriac-hal", "--dir", directory, "--lines", path], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn('Line "lights"', done.stderr)


if __name__ == "__main__":
    unittest.main()
