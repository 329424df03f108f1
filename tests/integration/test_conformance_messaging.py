"""Conformance of components of wasi:messaging, 20 and 111 to 122, of the header protocol, 125 to 127, and of crossings, 128 to 130."""

import json
import re
import struct
import subprocess
import time
import unittest

import wire
from puppets import PATIENCE, Bed, Puppet, entry, quoted, until

ANY = ["reports/a", "reports/e", "reports/r1", "reports/r2", "reports/t", "reports/x", "shared", "Shared", "e", "ask", "nobody", "puppet/void", "puppet"]
# What of a handle must end a component.
BREACHES = ["use-after-send", "send-twice", "double-drop", "wrong-type", "zero", "unknown"]


def component(name, module="wasi-puppet", **more):
    return entry(name, module, publish=ANY, **more)


def hears(*topics):
    """What a component needs that names its topics itself."""
    return [{"process": "topic:distro:sys", "params": {"kind": "subscribe", "topic": topic}} for topic in topics]


class Messaging(Bed):
    package = "waves"
    processes = [
        entry("root"),
        component("a", "wasi-puppet-a", topics=["a", "extra", "shared", "puppet"], request_capabilities=hears("puppet/b")),
        component("e", topics=["e", "shared", "shared"]),
        component("r1", topics=["r1", "ask"]),
        component("r2", topics=["r2", "ask"]),
        entry("fails", "wasi-subscribe-fails", on_exit="None"),
        entry("posts", "wasi-post-return", publish=["counted"], request_capabilities=hears("count", "fail")),
        entry("listener", topics=["shared"]),
        entry("object", "othismo-puppet", path="/garden/object"),
        entry("loops", "othismo-puppet", path="/garden/loops"),
        entry("order", "othismo-order", path="/garden/order"),
        entry("frames", "farm-puppet"),
        *(component(f"t-{each}", topics=[f"t-{each}"], on_exit="None") for each in BREACHES),
        *(component(f"ta-{each}", "wasi-puppet-a", topics=[f"ta-{each}"], on_exit="None") for each in ["use-after-send", "client-twice"]),
    ]
    variants = "a", "e"

    def setUp(self):
        super().setUp()
        for name in "a", "e", "r1", "r2":
            self.order(name, f"observe reports/{name}")
            self.speaker.subscribe(f"reports/{name}")
        self.waiting = []

    def order(self, component, script):
        """Has a component run a script; only it hears it."""
        self.publish(component, "!" + script)

    def publish(self, topic, data, **more):
        self.speaker.send("/topic/" + topic, data, format="wasi", **more)

    def heard_from(self, component, count=1):
        """Its next reports."""
        lines = []
        while len(lines) < count:
            kept = next((item for item in self.waiting if item["topic"] == f"reports/{component}"), None)
            if kept:
                self.waiting.remove(kept)
                lines.append(kept.get("body", b"").decode())
                continue
            item = self.speaker.receive(PATIENCE)
            self.assertIsNotNone(item, f"{component} is silent; others: {self.waiting}")
            if item.get("topic"):
                self.waiting.append(item)
            else:
                self.reports[item["source"].split("@")[1]].append(item.get("body", b"").decode())
        return lines

    def said(self, component, script, count=1):
        self.order(component, script)
        lines = self.heard_from(component, count)
        return lines[0] if count == 1 else lines

    def report_of(self, name):
        while not self.reports[name]:
            item = self.speaker.receive(PATIENCE)
            self.assertIsNotNone(item, f"{name} is silent")
            if item.get("topic"):
                self.waiting.append(item)
            else:
                self.reports[item["source"].split("@")[1]].append(item.get("body", b"").decode())
        return self.reports[name].popleft()

    def listener(self):
        listener = self.observed(Puppet(self, "listener:waves:tests"))
        listener.says_nothing()
        return listener

    # ---- wasi:messaging ----

    def test_020_post_return_is_called_once_after_each_call_with_what_it_returned(self):
        self.speaker.subscribe("counted")
        for topic in "count", "fail", "count":
            self.publish(topic, "x")
        # After the first count neither handle had returned; after the second, one that gave ok and one that gave an error.
        for handled in 0, 2:
            while not (heard := [each for each in self.waiting if each["topic"] == "counted"]):
                item = self.speaker.receive(PATIENCE)
                self.assertIsNotNone(item, f"nobody has counted; others: {self.waiting}")
                self.waiting.append(item)
            self.waiting.remove(heard[0])
            self.assertEqual(json.loads(heard[0]["body"]), {"subscribe": 1, "handle": handled, "wrong": 0})

    def test_111_the_topics_of_subscribe_and_of_the_configuration_are_active(self):
        # The component names puppet and puppet/b itself; puppet is in the configuration as well, and is heard once.
        for topic in "puppet", "puppet/b", "extra":
            self.publish(topic, "hello")
            self.assertEqual(self.heard_from("a"), [f'message topic="{topic}" data="hello" type=none metadata=none'])
        self.assertEqual(self.said("a", "say done"), "done")

    def test_111_a_component_whose_subscribe_fails_does_not_run(self):
        self.assertNotIn("fails:waves:tests", self.kernel({"Debug": "ProcessMap"})["Debug"])

    def test_112_a_publication_reaches_every_subscriber_once_and_whole(self):
        self.speaker.subscribe("shared")
        self.assertEqual(self.said("r1", 'publish shared "4\\x00 2" type text/plain meta b 1 meta a 2'), "publish ok")
        for name in self.variants:
            self.assertEqual(self.heard_from(name), ['message topic="shared" data="4\\x00 2" type="text/plain" metadata=["b"="1", "a"="2"]'])
            self.assertEqual(self.said(name, "say done"), "done")
        item = self.waiting.pop(next(i for i, each in enumerate(self.waiting) if each["topic"] == "shared"))
        self.assertEqual((item["body"], item["content_type"], item["pairs"]), (b"4\0 2", "text/plain", [{"key": "b", "value": "1"}, {"key": "a", "value": "2"}]))
        self.assertFalse([each for each in self.waiting if each["topic"] == "shared"])

    def test_113_topics_match_exactly(self):
        for topic in "Shared", "shared/x", "share", "puppet/", "PUPPET":
            self.publish(topic, "wrong")
        for name in self.variants:
            self.assertEqual(self.said(name, "say done"), "done")

    def test_114_an_error_of_handle_does_not_reach_the_publisher_and_the_next_message_comes(self):
        for name in self.variants:
            self.assertEqual(self.said("r1", f"publish {name if name == 'e' else 'puppet'} {quoted('!fail other broken')}"), "publish ok")
            self.assertEqual(self.said(name, "say well"), "well")

    def test_115_metadata_is_none_at_first_and_a_key_is_overwritten_in_its_place(self):
        for name in self.variants:
            new, added = self.said(name, "metadata", 2)
            self.assertIn("metadata=none", new)
            self.assertIn('metadata=["k"="3", "l"="2"]', added)

    def test_116_118_what_is_no_handle_any_more_ends_the_component(self):
        for name in [f"t-{each}" for each in BREACHES] + ["ta-use-after-send"]:
            with self.subTest(name):
                puppet = Puppet(self, f"{name}:waves:tests")
                self.order(name, f"handle {name.split('-', 1)[1]}")
                self.until_gone(puppet)
        self.assertEqual(self.said("e", "say well"), "well")

    def test_117_the_client_is_consumed_by_the_first_draft_alone(self):
        self.order("ta-client-twice", "handle client-twice")
        self.until_gone(Puppet(self, "ta-client-twice:waves:tests"))
        self.assertEqual(self.said("e", "handle client-twice"), "handle survived")

    def test_119_what_a_component_leaves_is_released(self):
        # Over 100,000 messages: tests/guest/abi. Here, handles that a component has left when it ended, and messages that it was given.
        for name in self.variants:
            self.assertEqual(self.said(name, "handle leak 1000"), "handle survived")
            before = self.resident()
            for _ in range(10):
                self.assertEqual(self.said(name, "handle leak 1000"), "handle survived")
            self.order(name, "trap")
            self.again(name)
            for _ in range(20):
                for _ in range(100):
                    self.order(name, "say well")
                self.assertEqual(self.heard_from(name, 100), ["well"] * 100)
            self.assertLess(self.resident() - before, 16 << 20)

    def again(self, name):
        """Waits until a component that has ended is there again, and has it report to the test."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.order(name, f"observe reports/{name}")
            self.order(name, "say back")
            item = self.speaker.receive(1)
            if item and item.get("topic") == f"reports/{name}" and item.get("body") == b"back":
                return
        self.fail(f"{name} did not come back")

    def resident(self):
        """Bytes of memory of all workers."""
        children = ",".join(map(str, self.host.children()))
        out = subprocess.run(["ps", "-o", "rss=,comm=", "--ppid", children], capture_output=True, text=True).stdout
        return sum(int(line.split()[0]) for line in out.splitlines() if "celeriac-guest" in line) << 10

    def test_120_errors_have_the_numbers_of_their_draft(self):
        self.assertRegex(self.said("a", "publish secret x"), '^publish error other ".+"')
        self.assertRegex(self.said("e", "publish secret x"), '^publish error permission-denied ".+"')
        # And the way back: what handle returns is told to a publisher who asks.
        for topic in "a", "e":
            item = self.speaker.ask("/topic/" + topic, '!fail other "it is broken"', PATIENCE, format="wasi")
            self.assertIn("it is broken", item["error"])

    def test_121_connecting_to_an_unknown_exchange_is_a_connection_error(self):
        for name in self.variants:
            self.assertRegex(self.said(name, "connect nowhere"), '^connect error connection ".+"')
            self.assertEqual(self.said(name, 'connect ""'), "connect ok")

    def test_122_a_request_collects_replies(self):
        one = self.said("e", f"request ask {quoted('!reply one')}", 2)
        self.assertEqual(one[0], "request ok")
        self.assertIn('data="one"', one[1])
        self.heard_from("r1"), self.heard_from("r2")  # reply ok
        two = self.said("e", f"request ask {quoted('!reply more')} replies 2 timeout 60000", 3)
        self.assertEqual([re.search('data="(.*?)"', line)[1] for line in two[1:]], ["more", "more"])
        partial = self.said("e", f"request ask {quoted('!reply some')} replies 5 timeout 1500", 3)
        self.assertEqual(partial[0], "request ok")
        self.assertEqual(self.said("e", "request ask silence timeout 300"), "request error timeout")
        self.assertEqual(self.said("e", "say done"), "done")

    # ---- the header protocol ----

    def test_123_124_a_guest_may_write_its_frames_by_hand(self):
        frames = Puppet(self, "frames:waves:tests")
        self.speaker.ready(frames.name, "!say ready", PATIENCE)
        whole = struct.pack(">H4s5sH", 7, b"SYS ", b"NOSUC", 3) + b"\r\n" + b"abc"
        self.assertEqual(len(whole), 15 + 3)
        self.assertRegex(frames.run(f"raw {whole.hex()}; next 60000"), r"^send 0\nresponse status=1 value=\d+\n$")
        # Without its end, with another one, shorter and longer than it says.
        for broken in whole[:14], whole[:13] + b"\n\r" + b"abc", whole[:-1], whole + b"d":
            with self.subTest(broken):
                self.assertRegex(frames.run(f"raw {broken.hex()}"), r"^send [1-9]\d*\n$")
        self.assertEqual(frames.run("say well"), "well\n")

    def test_125_127_frames_of_a_guest(self):
        frames = Puppet(self, "frames:waves:tests")
        self.speaker.ready(frames.name, "!say ready", PATIENCE)
        # An operation that there is not, while a request in the other direction is being answered: the same channel, two directions.
        self.assertIn("status=1 ", frames.run("ask SYS NOSUC"))
        self.assertIn("status=1 ", frames.run("ask NOPE NOSUC"))
        self.assertIn('request ', self.speaker.ask(frames.name, "no script", PATIENCE)["body"].decode())

    def test_126_a_payload_has_at_most_65535_bytes(self):
        frames = Puppet(self, "frames:waves:tests")
        self.speaker.ready(frames.name, "!say ready", PATIENCE)
        self.assertRegex(frames.run("large 65535"), r"^answer status=0 value=[1-9]\d*\n$")
        self.assertRegex(frames.run("large 65536"), r"^answer status=2 ")  # malformed: nothing has been sent
        self.assertEqual(frames.run("say well"), "well\n")

    # ---- crossings ----

    def test_128_a_kinode_request_reaches_an_object_and_its_reply_comes_back(self):
        a = self.puppet("a")
        a.tell(f'send our@object:waves:tests body "a\\0b" expects 600 metadata m mime text/plain blob bytes; send our@order:waves:tests body q expects 60 context mine')
        line = a.heard()
        self.assertRegex(line, r'^response from=\S+@order:waves:tests .*order\.response.* metadata=".*application/bson.*" .*context="mine"$')
        seen = []
        until(lambda: seen.append(self.speaker.ask_othismo("/garden/object", "puppet.run", {"script": "log"})[1]["report"]) or "message" in "".join(seen))
        document = json.loads(re.search(r"message kinode\.request .*?(\{.*\})", "".join(seen))[1])
        self.assertEqual((document["metadata"], document["mime"]), ("m", "text/plain"))
        self.assertEqual((document["body"], document["blob"]), ({"$binary": "610062"}, {"$binary": b"bytes".hex()}))

    def test_129_a_publication_is_a_one_way_request_of_the_topic_for_kinode(self):
        listener = self.listener()
        self.assertEqual(self.said("r1", "publish shared wet type text/plain meta k v"), "publish ok")
        line = listener.heard()
        self.assertRegex(line, r'^request from=\S+@topic:distro:sys expects=none inherit=0 body="wet" metadata=".*" caps=\[\]$')
        metadata = json.loads(json.loads('"' + re.search(r'metadata="(.*)" caps', line)[1] + '"'))
        self.assertEqual((metadata["topic"], metadata["k"]), ("shared", "v"))
        listener.says_nothing()

    def test_130_a_kinode_timeout_against_an_object_that_loops(self):
        path, looping = "/garden/loops", "loops:waves:tests"
        self.speaker.send(path, wire.bson({"othismo": {"send_to": path}, "puppet.run": {"script": "spin"}}), format="othismo")
        a = self.puppet("a")
        begun = time.monotonic()
        a.tell(f"send our@{looping} body q expects 1 context mine")
        a.heard_only("error kind=timeout")
        self.assertGreaterEqual(time.monotonic() - begun, 0.9)
        # Nobody else waits for it: not its neighbour in the same worker, not the kernel.
        self.assertEqual(self.speaker.ask_othismo("/garden/object", "puppet.run", {"script": "say well"})[1]["report"], "well\n")
        self.kill(Puppet(self, looping))


if __name__ == "__main__":
    unittest.main()
