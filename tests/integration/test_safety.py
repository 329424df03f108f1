"""Nobody gets hurt: what happens to motion and outputs when those who asked for them are gone."""

import os
import shutil
import signal
import subprocess
import tempfile
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
            with tempfile.TemporaryDirectory(prefix="celeriac-test-") as directory:
                self.lose_vm(directory, how)
        self.assertIn("segment ended with error 5", self.board_log())

    def lose_vm(self, directory, how):
        """Has a VM of its own, which nobody watches over, move and water, and takes it away."""
        vm = subprocess.Popen(["celeriac-vm", "--dir", directory, "--hypervisor", self.host.hal],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            vm.stdout.readline()  # ready
            with wire.Client(os.path.join(directory, "vm.sock")) as client:
                self.ready(client)
                code, closed = client.upload(sequence(
                    write_pin(8, 1), move_to(2000, 0, 0, speed=20), move_to(0, 0, 0)))
                self.assertEqual(closed.status, wire.OK, closed)
                client.start(code)
                self.until(self.valve, "the valve did not go on")
                self.until(lambda: self.watcher.read("busy"), "nothing moves")
                time.sleep(0.5)
                vm.send_signal(how)
                self.until(lambda: not self.valve(), "the valve stayed on", deadline=5)
                self.until(lambda: not self.watcher.read("busy"), "the machine still moves", deadline=5)
        finally:
            vm.kill()
            vm.wait()
            vm.stdout.close()

    def test_a_host_that_is_stopped_leaves_nothing_on_and_nothing_moving(self):
        host = Host(speed=1)
        log = os.path.join(host.dir, "firmware.log")
        try:
            client = host.hypervisor()
            self.ready(client)
            self.assertEqual(client.call("SYS", "WRPIN", VALVE_ON).status, wire.OK)
            client.send("SYS", "MVABS", bson({"x": 1000, "y": 0, "z": 0}))
            self.until(lambda: client.read("busy"), "nothing moves")
            time.sleep(0.5)
            host.stop()
            with open(log) as file:
                said = file.read()
            self.assertIn("segment ended with error 5", said)
            self.assertIn("pin 8 = 0", said[said.index("pin 8 = 1"):])
        finally:
            shutil.rmtree(host.dir, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
