"""A sequence moves a bot: sockets, VM, hypervisor, serial line and simulated board, all real."""

import time
import unittest

import wire
from host import Host
from wire import coordinate, move_to, sequence, step, wait, write_pin


class Sequences(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=100)

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def setUp(self):
        self.client = self.host.client()
        self.addCleanup(self.client.close)
        # Whatever the test before left behind.
        if self.client.read("locked"):
            self.client.call("SYS", "UNLCK")

    def run_to_end(self, *documents):
        """Uploads all, runs the last; returns the answer of PROC.WAIT and the process."""
        for text in documents:
            code, closed = self.client.upload(text)
            self.assertEqual(closed.status, wire.OK, closed)
        process = self.client.start(code)
        return self.client.process("WAIT", process), process

    def test_moves_pins_if_and_execute_go_through(self):
        called = sequence(write_pin(9, 1), name="called", number=4711)
        main = sequence(
            move_to(10, 20, 0), write_pin(8, 1), wait(10), write_pin(8, 0),
            step("_if", lhs="x", op="is", rhs=10, _then=step("execute", sequence_id=4711), _else=step("nothing")),
            step("move_relative", x=5, y=0, z=-3, speed=100), step("read_pin", pin_number=59, label="soil", pin_mode=1))
        ended, process = self.run_to_end(called, main)
        self.assertEqual(ended.status, wire.OK, ended)
        self.assertEqual(self.client.stat(process)["state"], "done")
        self.assertEqual(self.client.read("position"), {"x": 15, "y": 20, "z": -3})
        self.assertEqual(self.client.read("pins.8"), 0)
        self.assertEqual(self.client.read("pins.9"), 1)

    def test_if_takes_the_other_branch(self):
        ended, _ = self.run_to_end(
            sequence(write_pin(10, 1), number=31), sequence(write_pin(10, 0), number=32),
            sequence(move_to(30, 0, 0),
                     step("_if", lhs="x", op=">", rhs=100, _then=step("execute", sequence_id=31),
                          _else=step("execute", sequence_id=32))))
        self.assertEqual(ended.status, wire.OK, ended)
        self.assertEqual(self.client.read("pins.10"), 0)

    def test_move_overwrites_adds_and_lifts_over_the_beds_edge(self):
        numeric = lambda n: step("numeric", number=n)
        move = step("move",
                    step("axis_overwrite", axis="x", axis_operand=numeric(40)),
                    step("axis_addition", axis="x", axis_operand=numeric(2)),
                    step("axis_overwrite", axis="z", axis_operand=numeric(-20)),
                    step("speed_overwrite", axis="x", speed_setting=numeric(50)), step("safe_z"))
        ended, _ = self.run_to_end(sequence(move_to(0, 50, 0), move))
        self.assertEqual(ended.status, wire.OK, ended)
        self.assertEqual(self.client.read("position"), {"x": 42, "y": 50, "z": -20})

    def test_homing_and_calibration_succeed(self):
        ended, _ = self.run_to_end(sequence(step("find_home", axis="all", speed=100), step("calibrate", axis="x")))
        self.assertEqual(ended.status, wire.OK, ended)
        length = self.client.call("SYS", "CFGRD", {"package": 0, "config": "movement_axis_nr_steps_x"}).document
        self.assertAlmostEqual(length["movement_axis_nr_steps_x"], 2700 * 5, delta=20)

    def test_a_message_is_filled_in_and_logged(self):
        log = self.client.register("log")
        self.assertEqual(self.client.call("REGS", "WATCH", log.to_bytes(2, "big")).status, wire.OK)
        ended, _ = self.run_to_end(sequence(
            move_to(7, 0, 0),
            step("send_message", step("channel", channel_name="ticker"), message="x is {{ x }}", message_type="info")))
        self.assertEqual(ended.status, wire.OK, ended)
        end = time.monotonic() + wire.DEADLINE
        while not any(change["value"].get("message") == "x is 7" for _, change in self.client.changes):
            self.client.pump(end - time.monotonic())

    def test_pause_comes_to_rest_and_step_does_one_step(self):
        code, _ = self.client.upload(sequence(*[write_pin(8, n % 2) for n in range(2000)]))
        process = self.client.start(code)
        self.assertEqual(self.client.process("PAUSE", process).status, wire.OK)
        before = self.client.stat(process)
        self.assertEqual(before["state"], "paused")
        self.assertEqual(self.client.process("STEP", process).status, wire.OK)
        after = self.client.stat(process)
        self.assertEqual((after["state"], after["steps_done"]), ("paused", before["steps_done"] + 1))
        self.assertEqual(self.client.process("RUN", process).status, wire.OK)
        self.assertEqual(self.client.process("KILL", process).status, wire.OK)
        self.assertEqual(self.client.process("WAIT", process).status, wire.CANCELLED)

    def test_kill_stops_a_move_on_its_way(self):
        self.assertEqual(self.client.call("SYS", "MVABS", {"x": 0.0, "y": 0.0, "z": 0.0}).status, wire.OK)
        code, _ = self.client.upload(sequence(move_to(2000, 0, 0)))
        process = self.client.start(code)
        self.client.until(process, lambda stat: stat["state"] == "waiting")
        time.sleep(0.05)
        self.assertEqual(self.client.process("KILL", process).status, wire.OK)
        self.assertEqual(self.client.stat(process)["state"], "killed")
        # A new move is possible at once, and starts from where it stopped.
        self.assertEqual(self.client.call("SYS", "MVREL", {"x": 0.0, "y": 1.0, "z": 0.0}).status, wire.OK)
        self.assertLess(self.client.read("position")["x"], 2000)

    def test_emergency_stop_in_mid_move_stops_locks_and_says_so(self):
        self.client.call("SYS", "MVABS", {"x": 0.0, "y": 0.0, "z": 0.0})
        code, _ = self.client.upload(sequence(move_to(2000, 0, 0), write_pin(8, 1)))
        process = self.client.start(code)
        self.client.until(process, lambda stat: stat["state"] == "waiting")
        self.assertEqual(self.client.call("SYS", "ESTOP", channel=0).status, wire.OK)
        ended = self.client.process("WAIT", process)
        self.assertEqual(ended.status, wire.LOCKED, ended)
        self.assertIn("emergency lock", ended.document["message"])
        self.assertTrue(self.client.read("locked"))
        refused = self.client.call("SYS", "MVABS", {"x": 1.0, "y": 0.0, "z": 0.0})
        self.assertEqual(refused.status, wire.LOCKED, refused)
        self.assertEqual(self.client.call("SYS", "UNLCK").status, wire.OK)
        self.assertFalse(self.client.read("locked"))
        ended, _ = self.run_to_end(sequence(step("move_relative", x=1, y=0, z=0, speed=100)))
        self.assertEqual(ended.status, wire.OK, ended)

    def test_one_program_owns_motion_and_others_wait_visibly(self):
        code, _ = self.client.upload(sequence(move_to(10, 0, 0), wait(3000), move_to(20, 0, 0)))
        other, _ = self.client.upload(sequence(move_to(500, 0, 0)))
        first = self.client.start(code)
        self.client.until(first, lambda stat: stat["steps_done"] >= 1)
        second = self.client.start(other)
        waiting = self.client.until(second, lambda stat: stat["state"] == "waiting")
        self.assertIn("motion", str(waiting.get("waiting_for")))
        self.assertEqual(self.client.process("WAIT", first).status, wire.OK)
        self.assertEqual(self.client.process("WAIT", second).status, wire.OK)
        self.assertEqual(self.client.read("position")["x"], 500)

    def test_code_survives_its_removal_while_it_runs(self):
        code, _ = self.client.upload(sequence(wait(200), write_pin(8, 0)))
        process = self.client.start(code)
        self.assertEqual(self.client.call("CODE", "RM", code.to_bytes(2, "big")).status, wire.OK)
        self.assertEqual(self.client.process("WAIT", process).status, wire.OK)
        self.assertEqual(self.client.call("PROC", "START", code.to_bytes(2, "big")).status, wire.NOT_FOUND)

    def test_a_thousand_requests_in_flight_are_all_answered(self):
        channels = [self.client.send("PROC", "STAT", b"\xff\xff") for _ in range(1000)]
        self.assertEqual({self.client.wait(channel).status for channel in channels}, {wire.NOT_FOUND})

    def test_many_processes_wait_at_once(self):
        code, _ = self.client.upload(sequence(wait(300)))
        processes = [self.client.start(code) for _ in range(500)]
        for process in processes:
            self.assertEqual(self.client.process("WAIT", process).status, wire.OK)

    def test_the_hypervisor_answers_clients_of_its_own(self):
        with self.host.hypervisor() as hal:
            self.assertEqual(hal.call("SYS", "WRPIN", {"pin": 7, "value": 1, "mode": 0}).status, wire.OK)
            self.assertEqual(hal.call("SYS", "RDPIN", {"pin": 7, "mode": 0}).value, 1)
            self.assertEqual(hal.read("pins.7"), 1)
        self.assertEqual(self.client.read("pins.7"), 1)

    def test_watched_positions_arrive_while_the_bot_moves(self):
        position = self.client.register("position")
        self.client.call("REGS", "WATCH", position.to_bytes(2, "big"))
        self.client.call("SYS", "MVABS", {"x": 0.0, "y": 0.0, "z": 0.0})
        self.client.changes.clear()
        self.client.call("SYS", "MVABS", {"x": 300.0, "y": 0.0, "z": 0.0})
        seen = [change["value"]["x"] for register, change in self.client.changes if register == position]
        self.assertTrue(seen, "no change arrived")
        self.assertEqual(seen, sorted(seen))


class Restart(unittest.TestCase):
    def test_code_survives_a_restart_of_the_host(self):
        with Host() as host:
            with host.client() as client:
                code, closed = client.upload(sequence(write_pin(8, 1), name="kept"))
                self.assertEqual(closed.status, wire.OK, closed)
            self.assertEqual(host.stop(), 0)
            with Host(dir=host.dir) as again, again.client() as client:
                codes = client.call("CODE", "LIST").document["codes"]
                self.assertIn((code, "kept"), [(c["id"], c["name"]) for c in codes])
                self.assertEqual(client.process("WAIT", client.start(code)).status, wire.OK)


if __name__ == "__main__":
    unittest.main()
