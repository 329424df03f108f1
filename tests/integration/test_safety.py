"""Nobody gets hurt: what happens to motion and outputs when those who asked for them are gone."""

import os
import signal
import time
import unittest

import wire
from host import Host
from wire import bson, move_to, sequence, wait, write_pin

VALVE_ON = {"pin": 8, "value": 1, "mode": 0}


class Safety(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=1)  # real time: so are the hypervisor's deadlines

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def setUp(self):
        self.watcher = self.host.hypervisor()
        self.addCleanup(self.watcher.close)

    def until(self, condition, what, deadline=20.0):
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(what)
            time.sleep(0.02)

    def valve(self):
        return self.watcher.read("outputs")["8"]["on"]

    def board_log(self):
        with open(os.path.join(self.host.dir, "firmware.log")) as file:
            return file.read()

    def ready(self, client):
        self.until(lambda: client.read("firmware")["state"] == "ready", "the board did not become ready")

    def test_a_valve_goes_off_with_the_client_that_opened_it_through_the_vm_or_straight(self):
        for connect in (self.host.client, self.host.hypervisor):
            with connect() as client:
                self.ready(client)
                self.assertEqual(client.call("SYS", "WRPIN", VALVE_ON).status, wire.OK)
                self.assertTrue(self.valve())
            self.until(lambda: not self.valve(), "the valve stayed on")
        self.assertEqual(self.watcher.call("SYS", "RDPIN", {"pin": 8, "mode": 0}).value, 0)

    def test_a_killed_program_leaves_no_valve_on_and_a_finished_one_may(self):
        with self.host.client() as client:
            self.ready(client)
            code, closed = client.upload(sequence(write_pin(8, 1), wait(60000)))
            self.assertEqual(closed.status, wire.OK, closed)
            process = client.start(code)
            self.until(self.valve, "the valve did not go on")
            self.assertEqual(client.process("KILL", process).status, wire.OK)
            self.until(lambda: not self.valve(), "the valve stayed on")
            code, closed = client.upload(sequence(write_pin(8, 1)))
            self.assertEqual(client.process("WAIT", client.start(code)).status, wire.OK)
            time.sleep(0.5)
            self.assertTrue(self.valve())
            self.assertEqual(client.call("SYS", "WRPIN", {"pin": 8, "value": 0, "mode": 0}).status, wire.OK)

    def test_moving_by_hand_stops_when_the_hand_is_gone(self):
        with self.host.client() as client:
            self.ready(client)
            before = client.read("position")["y"]
            for _ in range(25):
                self.assertEqual(client.call("SYS", "JOG", {"x": 0, "y": 1, "z": 0, "speed": 100}).status, wire.OK)
                time.sleep(0.08)
            self.until(lambda: not client.read("busy"), "the jog did not end", deadline=5)
            self.assertGreater(client.read("position")["y"], before)

    def test_a_vm_that_is_killed_or_hangs_moves_nothing_and_leaves_nothing_on(self):
        for how in (signal.SIGSTOP, signal.SIGKILL):
            with self.host.client() as client:
                self.ready(client)
                code, closed = client.upload(sequence(
                    write_pin(8, 1), move_to(2000, 0, 0, speed=20), move_to(0, 0, 0)))
                self.assertEqual(closed.status, wire.OK, closed)
                client.start(code)
                self.until(self.valve, "the valve did not go on")
                self.until(lambda: self.watcher.read("busy"), "nothing moves")
                time.sleep(0.5)
                vm = [pid for pid in self.host.children()
                      if "celeriac-vm" in open(f"/proc/{pid}/cmdline").read()][0]
                os.kill(vm, how)
                try:
                    self.until(lambda: not self.valve(), "the valve stayed on", deadline=5)
                    self.until(lambda: not self.watcher.read("busy"), "the machine still moves", deadline=5)
                finally:
                    if how == signal.SIGSTOP:
                        os.kill(vm, signal.SIGCONT)
            if how == signal.SIGSTOP:
                self.until(lambda: self.answers(), "the VM did not come back")
        self.assertIn("segment ended with error 5", self.board_log())

    def answers(self):
        try:
            with self.host.client() as client:
                return client.call("SYS", "HELLO", {"protocol": 1}).status == wire.OK
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
