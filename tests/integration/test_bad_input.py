"""What bad input gets: the right status and error document, a daemon that stays up, other clients untouched."""

import json
import os
import pathlib
import random
import signal
import socket
import struct
import time
import unittest

import wire
from host import Host
from wire import move_to, sequence, step, wait, write_pin


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=100)
        cls.pids = cls.host.children()

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def setUp(self):
        self.client, self.bystander = self.host.client(), self.host.client()
        self.addCleanup(self.client.close)
        self.addCleanup(self.bystander.close)

    def tearDown(self):
        # Another client notices nothing, and no daemon was replaced.
        self.assertEqual(self.bystander.call("SYS", "HELLO", {"protocol": 1, "client": "bystander"}).value, 1)
        self.assertEqual(self.host.children(), self.pids)

    def refused(self, text):
        """Uploads what must be refused; returns the error document."""
        _, closed = self.client.upload(text)
        self.assertEqual(closed.status, wire.INVALID_CODE, closed)
        document = closed.document
        self.assertTrue(document["message"])
        self.assertIn("code", document)
        return document

    # Frames

    def test_a_malformed_header_is_answered_and_the_stream_goes_on(self):
        self.client.socket.sendall(struct.pack(">H", 77) + b"codeCREAT\0\0\r\n")
        self.assertEqual(self.client.wait(77).status, wire.MALFORMED)
        self.assertEqual(self.client.call("SYS", "HELLO", {"protocol": 1}).status, wire.OK)

    def test_garbage_before_a_frame_is_dropped(self):
        self.client.socket.sendall(b"\x00\x05" + b"no frame at all " * 50)
        self.assertEqual(self.client.wait(5).status, wire.MALFORMED)
        self.assertEqual(self.client.call("SYS", "HELLO", {"protocol": 1}).status, wire.OK)

    def test_endless_garbage_closes_only_its_own_stream(self):
        with self.host.client() as noisy, self.assertRaises(ConnectionError):
            generator = random.Random(1)
            noise = bytes(generator.choice(b"abcdefgh ") for _ in range(4096))
            for _ in range(100):
                noisy.socket.sendall(noise)
            while True:
                noisy.pump(wire.DEADLINE)

    def test_a_stream_that_ends_inside_a_frame_is_a_clean_end(self):
        with self.host.client() as cut:
            code = cut.call("CODE", "CREAT").value
            cut.socket.sendall(struct.pack(">H4s5sH", 3, b"CODE", b"WRITE", 1000) + b"\r\n" + b"half")
        self.assertIn(code, [c["id"] for c in self.client.call("CODE", "LIST").document["codes"]])

    def test_a_fragmented_frame_arrives(self):
        frame = struct.pack(">H4s5sH", 9, b"SYS ", b"HELLO", len(wire.bson({"protocol": 1}))) + b"\r\n" + wire.bson(
            {"protocol": 1})
        for byte in frame:
            self.client.socket.sendall(bytes([byte]))
        self.assertEqual(self.client.wait(9).value, 1)

    def test_unknown_operations_and_ids_are_named(self):
        self.assertEqual(self.client.call("SYS", "NOPE").status, wire.UNKNOWN_OPERATION)
        later = self.client.call("SYS", "EXSCR", {"label": "x", "env": {}})
        self.assertEqual(later.status, wire.UNKNOWN_OPERATION)
        self.assertTrue(later.document["message"])
        for space, operation in (("PROC", "RUN"), ("PROC", "STAT"), ("PROC", "WAIT"), ("CODE", "OPEN"), ("CODE", "RM")):
            self.assertEqual(self.client.call(space, operation, b"\xff\xfe").status, wire.NOT_FOUND, operation)

    def test_fields_are_checked_and_named(self):
        for payload, field in (({"x": 1.0, "y": 2.0}, "z"), ({"x": "far", "y": 2.0, "z": 0.0}, "x"),
                               ({"x": 1.0, "y": 2.0, "z": 0.0, "x_speed": 1000}, "x_speed"),
                               ({"x": float("nan"), "y": 2.0, "z": 0.0}, "x")):
            answer = self.client.call("SYS", "MVABS", payload)
            self.assertEqual(answer.status, wire.MALFORMED, answer)
            self.assertIn(f'"{field}"', answer.document["message"])
        self.assertEqual(self.client.call("SYS", "MVABS", b"\x05\0\0").status, wire.MALFORMED)

    # Code

    def test_json_that_is_none_is_refused_with_its_place(self):
        document = self.refused('{"kind": "sequence",\n  "args": {,}')
        self.assertEqual(document["details"]["diagnostics"][0]["line"], 2)

    def test_invalid_utf8_is_refused(self):
        self.refused(sequence(name="x").encode().replace(b'"x"', b'"\xff\xfe"'))

    def test_json_nested_a_hundred_thousand_deep_is_refused(self):
        self.refused('{"kind":' * 100000)
        self.refused("[" * 100000 + "]" * 100000)

    def test_unknown_kinds_get_a_suggestion_and_all_errors_come_at_once(self):
        document = self.refused(sequence(step("move_absolut", speed=1), step("wait", milliseconds="long"),
                                         step("write_pin", pin_number=8, pin_value=1)))
        diagnostics = document["details"]["diagnostics"]
        self.assertEqual([d["path"].split("/")[2] for d in diagnostics][:1], ["0"])
        self.assertGreaterEqual(len({d["path"].split("/")[2] for d in diagnostics}), 3)
        self.assertIn("move_absolute", json.dumps(diagnostics[0]))

    def test_numbers_out_of_range_are_refused(self):
        self.refused(sequence(write_pin(8, 1)).replace('"pin_value": 1', '"pin_value": 1e400'))
        self.refused(sequence(wait(1)).replace('"milliseconds": 1', '"milliseconds": 99999999999999999999'))

    def test_kinds_that_no_device_runs_any_more_are_named_at_their_place(self):
        document = self.refused(sequence(write_pin(8, 1), step("dump_info")))
        self.assertTrue(document["path"].startswith("/body/1"), document)
        self.assertIn("read_status", document["message"])

    def test_a_script_in_a_busy_loop_is_paused_and_killed(self):
        code, closed = self.client.upload(sequence(step("lua", lua="while true do end")))
        self.assertEqual(closed.status, wire.OK, closed)
        process = self.client.start(code)
        self.assertEqual(self.client.process("PAUSE", process).status, wire.OK)
        self.assertEqual(self.client.process("RUN", process).status, wire.OK)
        self.assertEqual(self.client.process("KILL", process).status, wire.OK)
        self.assertEqual(self.client.process("WAIT", process).status, wire.CANCELLED)

    def test_a_broken_script_is_named_with_its_line(self):
        code, _ = self.client.upload(sequence(wait(0), step("lua", lua="local x = 1\nx.y.z = 2")))
        ended = self.client.process("WAIT", self.client.start(code))
        self.assertEqual(ended.status, wire.FAILED)
        self.assertEqual(ended.document["path"], "/body/1")
        self.assertIn("Line 2", ended.document["message"])

    def test_a_sequence_that_calls_itself_for_ever_ends_with_an_error(self):
        for body in ([step("execute", sequence_id=990)], [step("execute", sequence_id=990), write_pin(8, 0)]):
            code, closed = self.client.upload(sequence(*body, number=990))
            self.assertEqual(closed.status, wire.OK, closed)
            ended = self.client.process("WAIT", self.client.start(code))
            self.assertIn(ended.status, (wire.FAILED, wire.OUT_OF_RESOURCES))
            self.assertTrue(ended.document["message"])
            self.client.call("CODE", "RM", struct.pack(">H", code))

    def test_an_unknown_sequence_is_named(self):
        code, _ = self.client.upload(sequence(step("execute", sequence_id=123456)))
        ended = self.client.process("WAIT", self.client.start(code))
        self.assertEqual(ended.status, wire.FAILED)
        self.assertTrue(ended.document["message"].startswith("sequence not found"))
        self.assertEqual(ended.document["path"], "/body/0")

    def test_operations_in_the_wrong_state_are_refused(self):
        code, _ = self.client.upload(sequence(write_pin(8, 0)))
        self.assertEqual(self.client.call("CODE", "WRITE", b"{}").status, wire.WRONG_STATE)
        process = self.client.start(code)
        self.assertEqual(self.client.process("WAIT", process).status, wire.OK)
        for operation in ("RUN", "PAUSE", "STEP"):
            self.assertEqual(self.client.process(operation, process).status, wire.WRONG_STATE, operation)

    def test_a_channel_with_an_unanswered_request_is_busy(self):
        channel = self.client.send("SYS", "WAIT", wire.bson({"milliseconds": 300}))
        self.client.send("SYS", "HELLO", wire.bson({"protocol": 1}), channel)
        self.assertEqual(self.client.wait(channel).status, wire.CHANNEL_BUSY)
        self.assertEqual(self.client.wait(channel).status, wire.OK)

    def test_a_client_that_does_not_read_disturbs_nobody(self):
        with self.host.client() as deaf:
            deaf.socket.setblocking(False)
            request = struct.pack(">H4s5sH", 1, b"CODE", b"LIST ", 0) + b"\r\n"
            try:
                for channel in range(1, 60000):
                    deaf.socket.send(struct.pack(">H", channel) + request[2:])
            except BlockingIOError:
                pass
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertEqual(self.client.call("SYS", "HELLO", {"protocol": 1}).status, wire.OK)

    # Firmware

    def test_random_bytes_at_both_doors_do_no_harm(self):
        generator = random.Random(7)
        for path in (self.host.vm, self.host.hal):
            for _ in range(20):
                with socket.socket(socket.AF_UNIX) as door:
                    door.connect(path)
                    try:
                        door.sendall(generator.randbytes(generator.randrange(1, 70000)))
                    except (BrokenPipeError, ConnectionResetError):
                        pass


class FirmwareTrouble(unittest.TestCase):
    def test_a_board_that_disappears_in_mid_move_is_named_and_its_return_is_noticed(self):
        with Host(speed=20) as host, host.client() as client:
            client.call("SYS", "MVABS", {"x": 0.0, "y": 0.0, "z": 0.0})
            simulator = next(pid for pid in host.children()
                             if b"firmware-sim" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
            code, _ = client.upload(sequence(move_to(2500, 0, 0)))
            process = client.start(code)
            client.until(process, lambda stat: stat["state"] == "waiting")
            os.kill(simulator, signal.SIGSTOP)  # it falls silent
            ended = client.process("WAIT", process, deadline=120)
            os.kill(simulator, signal.SIGCONT)
            self.assertIn(ended.status, (wire.OFFLINE, wire.TIMEOUT, wire.HARDWARE_FAULT), ended)
            self.assertTrue(ended.document["message"])
            end = time.monotonic() + 60
            while client.read("firmware")["state"] != "ready" and time.monotonic() < end:
                time.sleep(0.1)
            self.assertEqual(client.read("firmware")["state"], "ready")


if __name__ == "__main__":
    unittest.main()
