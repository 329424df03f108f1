"""Conformance where a VM starts again, or is started otherwise: 64, 74, 91, 92, 102, 104."""

import re
import signal
import tempfile
import unittest

import wire
from guests import Speaker
from puppets import PATIENCE, Machine, Puppet, Stage, guest, until


class Restarts(Stage):
    package = "restarts"

    def begin(self, *options, packaged=True):
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="celeriac-restarts-"))
        self.host = self.enterContext(Machine(self.directory, *options))
        if packaged:
            self.prepare(self.host, self.directory)
        self.speak()

    def kill_if_there(self, puppet):
        """Nobody needs to: the host ends with the test."""

    def again(self, how=signal.SIGKILL):
        self.speaker.close()
        self.host.restart(how)
        self.speak()

    def test_064_074_a_host_that_starts_again_starts_those_that_restart_with_their_state(self):
        self.begin()
        stays, goes, tells = self.puppet("stays", on_exit="restart"), self.puppet("goes"), self.puppet("tells")
        for each in stays, goes, tells:
            each.tell("set-state kept; get-state")
            self.assertEqual(each.heard(), 'state "kept"')
        tells.tell("queue our@root:restarts:tests body farewell\non-exit requests\nsay set")
        self.assertEqual(tells.heard(), "set")
        for how in signal.SIGTERM, signal.SIGKILL:
            with self.subTest(how.name):
                self.again(how)
                self.speaker.ready(stays.name, "!log", PATIENCE)
                self.assertEqual(Puppet(self, stays.name).run("get-state"), 'state "kept"\n')
                self.assertIsNone(self.known(goes))

    def test_074_what_sends_something_at_its_end_is_started_again_too(self):
        self.begin()
        tells = self.puppet("tells")
        tells.tell("queue our@root:restarts:tests body farewell\non-exit requests\nsay set")
        self.assertEqual(tells.heard(), "set")
        self.again()
        root = Puppet(self, self.root.name)
        said = []
        until(lambda: said.append(self.speaker.ready(root.name, "!log", PATIENCE).get("body", b"").decode()) or "farewell" in "".join(said))
        self.assertIn(f"request from={tells.address} expects=none", "".join(said))
        self.speaker.ready(tells.name, "!log", PATIENCE)

    def test_091_in_strict_mode_a_response_needs_the_capability_of_messaging(self):
        for options in (), ("--strict-responses",):
            with self.subTest(options):
                self.begin(*options)
                a, b = self.puppet("a", public=False), self.puppet("b").answers()
                a.tell(f"send {b.at} body x expects 2 context mine")
                self.assertIn("error kind=timeout" if options else 'body="answered"', a.heard())

    def test_092_printing_is_seen_up_to_the_level_of_the_host(self):
        for level in 1, 3:
            with self.subTest(level=level):
                self.begin("--verbosity", str(level))
                a = self.puppet("a")
                a.tell("; ".join(f"print {v} level-{v}" for v in range(5)) + "; say done")
                self.assertEqual(a.heard(), "done")
                until(lambda: f"level-{level}" in self.host.logged())
                lines = [line for line in self.host.logged().splitlines() if "level-" in line]
                self.assertEqual([re.search(r"level-(\d)", line)[1] for line in lines], [str(v) for v in range(level + 1)])
                for line in lines:
                    self.assertIn("restarts:tests", line)

    def test_102_an_object_has_after_a_power_cut_what_its_last_run_left(self):
        for generation in "", "-3":
            with self.subTest(generation):
                self.begin(packaged=False)
                self.host.celeriac("image", "import", guest("othismo-puppet" + generation), "/modules/puppet", check=0)
                self.host.celeriac("image", "instantiate", "/modules/puppet", "/garden/puppet", check=0)
                for i in range(3):
                    self.ask(f'keep "kept {i}"; grow 3')
                self.again()
                self.assertEqual(self.ask("kept"), 'kept "kept 2" runs=4 starts=1\n')
                self.again(signal.SIGTERM)
                self.assertEqual(self.ask("kept"), 'kept "kept 2" runs=5 starts=1\n')

    def ask(self, script):
        name, reply = self.speaker.ask_othismo("/garden/puppet", "puppet.run", {"script": script}, PATIENCE)
        self.assertEqual(name, "puppet.run.response", reply)
        return reply["report"]

    def test_104_memory_globals_and_grown_pages_survive_and_the_start_function_is_not_seen_twice(self):
        self.begin(packaged=False)
        self.host.celeriac("image", "import", guest("othismo-counter"), "/modules/counter", check=0)
        self.host.celeriac("image", "instantiate", "/modules/counter", "/garden/counter", check=0)
        seen = []
        for count in range(1, 7):
            with Speaker(self.host, "collector:tests:local", path="/collector") as collector:
                collector.send("/garden/counter", "tick")
                # A run that the power cut has ended before it was kept is done again, and what it says to others is said again.
                while len(seen) < count:
                    counted = self.counted(collector)
                    seen += [counted] if counted not in seen else []
            self.assertEqual(seen[-1], {"memory": 100 + count, "global": count, "pages": 1 + count})
            if count % 2 == 0:
                self.again()

    def counted(self, collector):
        item = collector.receive(PATIENCE)
        if item.get("request"):  # the object waits for a reply
            collector.call("MESG", "RESPD", {"request": item["request"], "body": b""})
        document = wire.unbson(item["body"])
        return next(value for key, value in document.items() if key != "othismo")


if __name__ == "__main__":
    unittest.main()
