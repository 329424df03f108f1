"""Conformance of Othismo's objects, 96 to 110: puppets in the image, made and asked as people do it. 102 and 104 are in test_conformance_restarts."""

import json
import re
import struct
import tempfile
import unittest

import wire
from guests import Speaker
from host import Host
from puppets import PATIENCE, Stage, guest, until

MODULES = {"one": "othismo-puppet", "three": "othismo-puppet-3", "order": "othismo-order", "order3": "othismo-order-3"}


class Othismo(Stage):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="celeriac-othismo-"))
        cls.host = cls.enterClassContext(Host(speed=100))
        for name, file in MODULES.items():
            cls.host.celeriac("image", "import", guest(file), f"/modules/{name}", check=0)

    def setUp(self):
        self.speak()

    def make(self, module="one", path=None):
        """A new object; its path."""
        path = path or f"/tests/{module}-{next(self.numbers)}"
        self.host.celeriac("image", "instantiate", f"/modules/{module}", path, check=0)
        return path

    def run_at(self, path, script):
        """The report of an object's script."""
        name, reply = self.speaker.ask_othismo(path, "puppet.run", {"script": script}, PATIENCE)
        self.assertEqual(name, "puppet.run.response", reply)
        return reply["report"]

    def send_from(self, path, document):
        """What an object of generation 1 reports of a document that it sends: length and reply."""
        said = self.run_at(path, "send " + json.dumps(document))
        length, _, reply = re.fullmatch(r"reply (\d+)( (.*))?\n", said, re.DOTALL).groups()
        return int(length), json.loads(reply) if reply else None

    def error_of(self, path, document):
        return self.send_from(path, document)[1]["othismo.error"]

    def log_of(self, path, pattern):
        """Its reports up to one that fits."""
        said = []
        until(lambda: said.append(self.run_at(path, "log")) or re.search(pattern, "".join(said)), f"no {pattern} in {said}")
        return "".join(said)

    def test_096_both_forms_reach_the_same_handler_with_the_same_content(self):
        a, b = self.make(), self.make()
        replies = [self.send_from(a, document)[1] for document in
                   ({f"{b}/echo.x": {"n": 3, "t": "x"}}, {"othismo": {"send_to": b}, "echo.x": {"n": 3, "t": "x"}})]
        for reply in replies:
            self.assertEqual(reply["echo.x.response"], {"n": 3, "t": "x"})
        first, second = self.log_of(b, "(?s)message.*message").splitlines()
        self.assertEqual(first, second)
        self.assertIn(f'message echo.x reply_to="{a}" request_id=1', first)

    def test_097_the_last_slash_divides_object_and_message(self):
        a, b = self.make(), self.make(path="/foo/foo.bar")
        self.send_from(a, {"/foo/foo.bar/fizz.buzz": {}})
        self.assertIn("message fizz.buzz ", self.log_of(b, "message"))

    def test_098_a_reply_goes_to_reply_to_else_to_the_sender(self):
        a, b, c = self.make("three"), self.make(), self.make()
        self.run_at(a, "send " + json.dumps({"othismo": {"send_to": b, "reply_to": c}, "echo.there": {"n": 1}}))
        self.assertIn("message echo.there.response ", self.log_of(c, "message"))
        self.run_at(a, "send " + json.dumps({"othismo": {"send_to": b}, "echo.back": {"n": 2}}))
        self.assertNotIn("echo.there.response", self.log_of(a, "message echo.back.response .*response_id=1"))

    def test_099_send_message_returns_the_length_of_the_reply_or_0(self):
        a, b = self.make(), self.make()
        length, reply = self.send_from(a, {f"{b}/echo.x": {"n": 3}})
        self.assertEqual(reply["echo.x.response"], {"n": 3})
        # Its bytes: those of the document that was shown, whose numbers are int32 and int64.
        routing = {key: value for key, value in reply["othismo"].items()}
        longest = len(wire.bson({"othismo": routing, "echo.x.response": {"n": 3}}))
        self.assertLessEqual(abs(length - longest), 8)
        self.assertEqual(self.send_from(a, {f"{b}/silent": {}}), (0, None))

    def test_100_prepare_inbox_is_called_before_each_message(self):
        a = self.make("order")
        for expected in "SPM", "SPMPM", "SPMPMPM":
            self.assertEqual(self.speaker.ask_othismo(a, "order", {}, PATIENCE), ("order.response", {"order": expected}))

    def test_100_a_reply_is_placed_where_the_guest_prepares_room_for_it(self):
        a, b = self.make(), self.make()
        said = self.run_at(a, "send " + json.dumps({f"{b}/echo.x": {"t": "x" * 30000}}))  # longer than any inbox before
        length, size = re.search(r'^reply (\d+) .*"echo\.x\.response":\{"t":#(\d+):', said).groups()
        self.assertEqual(int(size), 30000)
        self.assertGreater(int(length), 30000)

    def test_101_the_namespace_lists_makes_paths_and_not_through_objects(self):
        a = self.make()
        paths = self.listed(a, {})
        self.assertIn(a, paths)
        self.assertIn("/modules/one", paths)
        self.assertEqual(paths, sorted(paths))
        self.assertEqual(self.listed(a, {"prefix": "/modules/o"}), ["/modules/one", "/modules/order", "/modules/order3"])
        self.assertEqual(self.listed(a, {"prefix": "/mod_les/%"}), [])
        made = {"othismo": {"send_to": "/othismo"}, "othismo.namespace.make_path": {"path": "/shed/left/top"}}
        for _ in range(2):  # it may be there already
            self.assertEqual(self.send_from(a, made)[1]["othismo.namespace.make_path.response"], {})
        self.assertEqual(self.listed(a, {"prefix": "/shed"}), ["/shed", "/shed/left", "/shed/left/top"])
        made["othismo.namespace.make_path"]["path"] = a + "/below"
        self.assertEqual(self.error_of(a, made)["code"], "path_conflict")
        self.assertEqual(self.send_from(a, {"othismo": {"send_to": "/othismo"}, "othismo.make_path": {"path": "/shed"}})[1]["othismo.make_path.response"], {})

    def listed(self, path, fields):
        name = "othismo.namespace.list"
        reply = self.send_from(path, {"othismo": {"send_to": "/othismo"}, name: fields})[1][name + ".response"]
        return list(reply.values()) if isinstance(reply, dict) else reply

    def test_103_a_run_that_traps_leaves_what_was_and_is_an_error_for_the_sender(self):
        for module in "one", "three":
            with self.subTest(module):
                a, other = self.make(module), self.make()
                self.run_at(a, "keep before")
                self.assertEqual(self.error_of(other, {f"{a}/puppet.run": {"script": "keep after; trap"}})["code"], "guest_trap")
                self.assertEqual(self.run_at(a, "kept"), 'kept "before" runs=2 starts=1\n')

    def test_105_a_guest_may_not_import_and_the_command_line_may(self):
        a = self.make()
        for name in "othismo.namespace.import", "othismo.import":
            error = self.error_of(a, {"othismo": {"send_to": "/othismo"}, name: {"file": "othismo-puppet.wasm", "bytes": {"$binary": "0061736d01000000"}}})
            self.assertEqual(error["code"], "not_permitted")
        self.host.celeriac("image", "import", guest("othismo-counter"), "/modules/counter", check=0)
        self.assertIn("/modules/counter", self.host.celeriac("image", "ls", check=0)[1])

    def test_106_a_module_with_instances_is_not_removed(self):
        self.host.celeriac("image", "import", guest("othismo-puppet"), "/modules/used", check=0)
        a = self.make("used")
        status, _, said = self.host.celeriac("image", "rm", "/modules/used")
        self.assertNotEqual(status, 0)
        self.assertIn("instance", said)
        self.assertIn("object_not_free", json.dumps(self.speaker.wire.call("IMGE", "RM", {"path": "/modules/used"}).document))
        self.run_at(a, "log")
        self.host.celeriac("image", "rm", a, "/modules/used", check=0)
        self.assertNotIn("/modules/used", self.host.celeriac("image", "ls", check=0)[1])

    def test_107_malformed_documents_are_bad_message(self):
        a = self.make()
        good = wire.bson({"othismo": {"send_to": a}, "echo.x": {"n": 1}})
        spoilt = {"length": struct.pack("<i", len(good) + 7) + good[4:], "terminator": good[:-1] + b"\x01", "type": good.replace(b"\x10n", b"\x99n"),
                  "cut": good[:9], "negative": struct.pack("<i", -1) + good[4:], "nothing": b"", "empty": b"\5\0\0\0\0"}
        for what, bytes_ in spoilt.items():
            with self.subTest(what):
                item = self.speaker.ask(a, bytes_, PATIENCE, format="othismo")
                if item["type"] == "error":
                    self.assertEqual(item["failure"], "bad_message", item)
                else:
                    self.assertEqual(wire.unbson(item["body"])["othismo.error"]["code"], "bad_message", item)
                if bytes_:
                    self.assertIn("bad_message", self.run_at(a, f"raw {bytes_.hex()}"))
        self.assertEqual(self.send_from(a, {f"{self.make()}/echo.x": {}})[1]["echo.x.response"], {})

    def test_108_an_unknown_target_is_an_error_for_the_sender(self):
        a = self.make()
        self.assertEqual(self.error_of(a, {"/nowhere/at.all": {}})["code"], "object_does_not_exist")
        status, out, err = self.host.celeriac("image", "send", "/nowhere", "some.message")
        self.assertNotEqual(status, 0)
        self.assertIn("/nowhere", out + err)

    def test_109_generation_3_allocates_receives_and_runs_and_replies_name_their_request(self):
        a = self.make("order3")
        self.assertEqual(self.speaker.ask_othismo(a, "order", {}, PATIENCE), ("order.response", {"order": "SAMR"}))
        self.assertEqual(self.speaker.ask_othismo(a, "order", {}, PATIENCE), ("order.response", {"order": "SAMRAMR"}))
        b, c = self.make("three"), self.make()
        handle = re.match(r"sent (-?\d+)\n", self.run_at(b, "send " + json.dumps({f"{c}/echo.x": {"n": 5}})))
        self.assertTrue(handle)
        self.assertRegex(self.log_of(b, "message"), r'message echo\.x\.response .*request_id=0 response_id=1 .*5')

    def test_110_a_circle_of_calls_is_told_and_does_not_hang(self):
        a, b = self.make(), self.make()
        circle = "send " + json.dumps({f"{b}/puppet.run": {"script": "send " + json.dumps({f"{a}/echo.x": {}})}})
        self.assertIn("puppet.run.response", self.run_at(a, circle))
        self.assertEqual(self.send_from(a, {f"{a}/echo.x": {}})[1]["othismo.error"]["code"], "deadlock")
        # The same with a client in between, who sees what is told to the one that closes the circle.
        with Speaker(self.host, "middle:tests:local", path="/tests/middle") as middle:
            self.speaker.send(a, wire.bson({"othismo": {"send_to": a}, "puppet.run": {"script": 'send {"/tests/middle/ask": {}}'}}), format="othismo")
            request = middle.receive(PATIENCE)
            item = middle.ask(a, "question", PATIENCE)
            self.assertEqual((item["type"], item["failure"]), ("error", "deadlock"), item)
            answer = middle.call("MESG", "RESPD", {"body": b"answer", "request": request["request"]})
            self.assertEqual(answer.status, wire.OK, answer)
        self.assertEqual(self.send_from(a, {f"{b}/echo.x": {}})[1]["echo.x.response"], {})


if __name__ == "__main__":
    unittest.main()
