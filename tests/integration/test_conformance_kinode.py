"""Conformance of Kinode's processes, 22 to 62: requests, responses, errors and blobs, between real guests."""

import re
import subprocess
import time
import unittest

from puppets import PATIENCE, Bed, Puppet, entry, installed, pack, quoted, until

HUNDRED_MIB = 100 << 20


class KinodeMessages(Bed):
    processes = [entry("root"), entry("networked", request_networking=True)]

    def test_022_a_process_receives_its_own_address(self):
        a = self.puppet("a")
        a.tell("our")
        self.assertEqual(a.heard(), f"our {a.address}")
        b = self.puppet("b", module="kinode-puppet-1-0")
        b.tell("our")
        self.assertEqual(b.heard(), f"our {b.address} {b.address}")

    def test_023_a_request_answered_in_time_keeps_its_context(self):
        a, b = self.puppets("ab")
        b.answers("hello")
        a.tell(f'send {b.at} body hello expects 60 context "one\\ntwo \\xff"')
        self.assertEqual(a.heard(), f'response from={b.address} inherit=0 body="answered" metadata=none caps=[] context="one\\ntwo \\xff"')
        a.says_nothing()

    def test_024_answers_in_reverse_order_keep_their_contexts(self):
        a, b, c = self.puppets("abc")
        c.answers()
        a.tell(f"send {b.at} body first expects 60 context 1; send {c.at} body second expects 60 context 2")
        self.assertIn('context="2"', a.heard())
        self.assertIn('body="first"', b.heard())
        b.tell("respond body late")
        self.assertRegex(a.heard(), 'body="late".* context="1"')

    def test_025_the_context_of_a_request_that_expects_nothing_is_never_seen(self):
        a, b = self.puppets("ab")
        b.answers()
        a.tell(f"send {b.at} body x context lost; send {b.at} body y expects 60 context kept")
        a.heard_only('context="kept"')

    def test_026_038_a_chain_answers_whoever_asked_first_in_the_last_ones_name(self):
        a, b, c, d = self.puppets("abcd")
        b.tell(f"on request *; send {c.at} echo inherit; end")
        c.tell(f"on request *; send {d.at} echo inherit; end")
        d.answers()
        a.tell(f"send {b.at} body question expects 60 context mine")
        a.heard_only(f'response from={d.address} inherit=0 body="answered" metadata=none caps=[] context="mine"')
        for middle, source in (b, a), (c, b):
            middle.heard_only(f"request from={source.address} ")

    def test_027_a_response_to_nothing_is_dropped_and_logged(self):
        a = self.puppet("a")
        a.tell("respond body nobody")
        a.says_nothing()
        until(lambda: re.search(r"there is no request that it could answer: dropped", self.host.logged()))

    def test_028_029_a_second_response_and_an_unsolicited_one_are_not_delivered(self):
        a, b = self.puppets("ab")
        b.tell(f"on request q; respond body one; respond body two; send {a.at} body marker; end")
        a.tell(f"send {b.at} body q expects 60")
        a.heard_only('body="one"', f"request from={b.address} expects=none inherit=0 body=\"marker\"")

    def test_030_031_a_request_nobody_answers_times_out_and_a_late_response_is_discarded(self):
        a, b = self.puppets("ab")
        begun = time.monotonic()
        a.tell(f"send {b.at} body q expects 1 context mine metadata m mime text/plain blob picture")
        line = a.heard()
        self.assertGreaterEqual(time.monotonic() - begun, 0.9)
        self.assertEqual(line, 'error kind=timeout of=request expects=1 inherit=0 body="q" metadata="m" caps=[] '
                               'blob=mime="text/plain" bytes="picture" context="mine"')
        b.heard_only('body="q"')
        b.tell(f"respond body late; send {a.at} body marker")
        a.heard_only('body="marker"')

    def test_032_exactly_one_outcome_however_close_the_deadline(self):
        a, b = self.puppets("ab")
        b.tell("reports off; on request r*; timer 1000 t; end; on response *; respond body answered; end")
        count = 60
        a.tell("; ".join(f"send {b.at} body r{i} expects 1 context {i}" for i in range(count)))
        outcomes = a.heard(count)
        self.assertEqual({re.search(r'context="(\d+)"$', line)[1] for line in outcomes}, {str(i) for i in range(count)})
        # After b has answered them all, a has heard of nothing twice.
        b.run("log")
        time_is_up = self.puppet("t")
        time_is_up.tell("timer 1500 up")
        self.assertIn('context="up"', time_is_up.heard())
        a.says_nothing()

    def test_033_034_a_request_to_nobody_fails_at_once_or_is_nothing(self):
        a = self.puppet("a")
        begun = time.monotonic()
        nobody = "our@nobody:bed:tests"
        a.tell(f"send {nobody} body x; send {nobody} body y expects 600 context mine")
        line, = a.heard_only("error kind=timeout")
        self.assertIn('body="y"', line)
        self.assertIn('context="mine"', line)
        self.assertLess(time.monotonic() - begun, PATIENCE)

    def test_035_without_the_capability_the_target_never_sees_it(self):
        a, secret = self.puppet("a"), self.puppet("secret", public=False)
        a.tell(f"send {secret.at} body x; send {secret.at} body y expects 600 context mine")
        a.heard_only("error kind=timeout")
        secret.says_nothing()

    def test_036_a_public_process_needs_no_capability(self):
        a, b = self.puppets("ab")
        a.tell(f"caps; send {b.at} body x")
        self.assertNotIn(b.name, a.heard())
        self.assertIn('body="x"', b.heard())

    def test_037_a_node_that_cannot_be_reached_is_offline(self):
        networked = self.observed(Puppet(self, "networked:bed:tests"))
        networked.tell("send elsewhere.net@some:process:there body x expects 600 context mine")
        networked.heard_only("error kind=offline")

    def test_039_one_that_inherits_and_expects_gets_the_response_and_can_answer(self):
        a, b, c = self.puppets("abc")
        b.tell(f"on request q; send {c.at} body sub inherit expects 60 context own; end; on response *; respond body whole; end")
        c.answers("sub", "respond body part")
        a.tell(f"send {b.at} body q expects 60 context mine")
        a.heard_only(f'response from={b.address} inherit=0 body="whole" metadata=none caps=[] context="mine"')
        b.heard_only('body="q"', f'response from={c.address} inherit=0 body="part" metadata=none caps=[] context="own"')

    def test_040_the_answer_after_a_thirds_response_goes_to_the_first(self):
        a, other, b, c = self.puppets("aobc")
        b.tell(f"on request r1; send {c.at} body sub expects 60; end; on response *; respond body first; end")
        a.tell(f"send {b.at} body r1 expects 60 context mine")
        self.assertIn('body="sub"', c.heard())
        other.tell(f"send {b.at} body r2 expects 60 context others")
        self.assertIn('body="r1"', b.heard())
        self.assertIn('body="r2"', b.heard())
        c.tell("respond body part")
        a.heard_only('body="first"')
        other.says_nothing()

    def test_041_a_message_that_expects_nothing_does_not_change_whom_a_response_answers(self):
        a, b, c = self.puppets("abc")
        a.tell(f"send {b.at} body q expects 60 context mine")
        self.assertIn('body="q"', b.heard())
        c.tell(f"send {b.at} body note")
        self.assertIn('body="note"', b.heard())
        b.tell("respond body answer")
        a.heard_only('body="answer"')
        c.says_nothing()

    def test_042_to_inherit_from_nothing_is_to_send_afresh(self):
        b, c = self.puppets("bc")
        c.answers("x")
        b.tell(f"send {c.at} body x inherit expects 60 context own; send {c.at} body y inherit")
        b.heard_only(f'response from={c.address} inherit=0 body="answered" metadata=none caps=[] context="own"')
        c.heard_only('body="x"', 'body="y"')

    def test_043_two_inheriting_requests_keep_separate_contexts(self):
        a, b, c, d = self.puppets("abcd")
        b.tell(f"on request q; send {c.at} body s inherit expects 60 context one; send {d.at} body s inherit expects 60 context two; end")
        c.answers(), d.answers()
        a.tell(f"send {b.at} body q expects 60")
        self.assertIn('body="q"', b.heard())
        got = {line.split()[1]: line.split()[-1] for line in b.heard(2)}
        self.assertEqual(got, {f"from={c.address}": 'context="one"', f"from={d.address}": 'context="two"'})

    def test_044_metadata_goes_unchanged(self):
        a, b = self.puppets("ab")
        a.tell(f'send {b.at} body 1 metadata "{{\\"k\\": 1}}"; send {b.at} body 2 metadata ""; send {b.at} body 3')
        for line, expected in zip(b.heard(3), ('metadata="{\\"k\\": 1}"', 'metadata=""', "metadata=none")):
            self.assertIn(" " + expected + " ", line)
        b.answers("q", 'respond body r metadata ""')
        a.tell(f"send {b.at} body q expects 60")
        self.assertIn(' metadata="" ', a.heard())

    def test_045_send_requests_keeps_the_order_of_its_list(self):
        a, b = self.puppets("ab")
        a.tell("\n".join(f"queue {b.at} body {i}" for i in range(20)) + "\nflush")
        self.assertEqual([re.search(r'body="(\d+)"', line)[1] for line in b.heard(20)], [str(i) for i in range(20)])

    def test_046_ten_thousand_messages_keep_their_order(self):
        a, b = self.puppets("ab")
        for _ in range(20):  # a mailbox holds 1,000
            b.tell("count 500")
            a.tell(f"flood {b.at} 500")
            self.assertEqual(b.heard(), "counted 500 in order")
        a.says_nothing()

    # ---- send and await ----

    def test_047_051_what_comes_while_a_process_awaits_is_received_later_in_order(self):
        a, b = self.puppets("ab")
        a.tell(f"await {b.at} body q expects 60 context lost")
        self.assertIn('body="q"', b.heard())
        for i in range(5):
            self.speaker.send(a.name, f"m{i}")
        b.tell("respond body answer")
        self.assertEqual(a.heard(), f'awaited response from={b.address} inherit=0 body="answer" metadata=none caps=[] context=none')
        self.assertEqual([re.search('body="(.*?)"', line)[1] for line in a.heard(5)], [f"m{i}" for i in range(5)])

    def test_048_a_response_behind_queued_messages_is_found(self):
        a, hold, echo = self.puppets("ahe")
        echo.answers()
        a.tell(f"await {hold.at} body h expects 60; await {echo.at} body e expects 60; await our@nobody:bed:tests body n expects 600; say after")
        self.assertIn('body="h"', hold.heard())
        for i in range(3):
            self.speaker.send(a.name, f"m{i}")
        hold.tell("respond body held")
        lines = a.heard(7)
        for line, expected in zip(lines, ('awaited response .* body="held"', 'awaited response .* body="answered"', "awaited error kind=timeout",
                                          "after", 'body="m0"', 'body="m1"', 'body="m2"')):
            self.assertRegex(line, expected)

    def test_049_an_awaited_timeout_is_returned_and_not_received_again(self):
        a, b = self.puppets("ab")
        a.tell(f"await {b.at} body q expects 1 blob bytes; say after")
        a.heard_only('awaited error kind=timeout of=request expects=1 inherit=0 body="q" metadata=none caps=[] blob=mime=none bytes="bytes"', "after")

    def test_050_awaiting_nothing_and_awaiting_oneself_trap(self):
        b = self.puppet("b")
        for what in (f"await {b.at} body q", "await {itself} body q expects 5"):
            a = self.puppet("a", observed=False)
            a.tell(what.format(itself=a.at))
            self.until_gone(a)

    def test_052_what_is_sent_before_a_process_runs_comes_after_its_start_in_order(self):
        # The image keeps what is for an object that does not run yet: see test_102. Of Kinode's processes the installation is what initialises
        # before it runs: the first process of a package sends in its first instant to one that is started after it.
        processes = [entry("early"), entry("later")]
        first = pack(self.directory, "order", processes)
        installed(self.host, first)
        early, later = (Puppet(self, f"{name}:order:tests") for name in ("early", "later"))
        self.speaker.ready(early.name, "!set-state " + quoted("!" + "; ".join(f"send {later.at} body {i}" for i in range(5))), PATIENCE)
        installed(self.host, pack(self.directory, "order", processes, version="1.0.1"))
        seen = until(lambda: re.findall(r'request from=\S+early:order:tests .*? body="(\d)"', later.run("log")))
        while len(seen) < 5:
            seen += re.findall(r'body="(\d)"', later.run("log"))
        self.assertEqual(seen, list("01234"))

    # ---- blobs ----

    def test_053_054_the_blob_is_that_of_the_last_message(self):
        a = self.puppet("a")
        a.tell("reports off; on request *; blob; blob; end")
        self.speaker.send(a.name, "with", blob_bytes=b"pixels", mime="image/png")
        self.assertEqual(a.heard(2), ['blob mime="image/png" bytes="pixels"'] * 2)
        self.speaker.send(a.name, "without")
        self.assertEqual(a.heard(2), ["blob none"] * 2)

    def test_055_057_a_request_passes_the_present_blob_on_unless_it_has_its_own(self):
        b, c = self.puppets("bc")
        b.tell(f"on request *; send {c.at} body plain inherit; send {c.at} body own inherit blob mine; end")
        c.tell("reports off; on request *; blob; end")
        self.speaker.send(b.name, "with", blob_bytes=b"pixels", mime="image/png")
        self.assertEqual(c.heard(2), ['blob mime="image/png" bytes="pixels"', 'blob mime=none bytes="mine"'])
        self.speaker.send(b.name, "without")
        self.assertEqual(c.heard(2), ["blob none", 'blob mime=none bytes="mine"'])

    def test_056_a_response_passes_the_present_blob_on_unless_it_has_its_own(self):
        a, b = self.puppets("ab")
        b.tell("on request plain; respond body r inherit; end; on request own; respond body r inherit blob mine; end")
        a.tell("reports off; on response *; blob; end")
        for body, expected in ("plain", "pixels"), ("own", "mine"):
            a.tell(f"send {b.at} body {body} expects 60 blob pixels")
            self.assertEqual(a.heard(), f'blob mime=none bytes="{expected}"')

    def test_058_state_and_spawn_leave_the_blob(self):
        a = self.puppet("a")
        a.tell(f"reports off; on request *; get-state; set-state s; get-state; clear-state; blob; spawn {self.path_of('kinode-puppet')}; blob; end")
        self.speaker.send(a.name, "with", blob_bytes=b"pixels")
        lines = a.heard(5)
        self.assertEqual(lines[:3], ["state none", 'state "s"', 'blob mime=none bytes="pixels"'])
        self.assertEqual(lines[4], lines[2])

    def test_059_060_after_awaiting_the_blob_is_the_responses_and_after_an_error_none(self):
        a, b = self.puppets("ab")
        b.answers("q", "respond body r blob theirs")
        a.tell(f"await {b.at} body q expects 60 blob ours; blob")
        self.assertEqual(a.heard(2)[1], 'blob mime=none bytes="theirs"')
        a.tell("on error *; blob; end; send our@nobody:bed:tests body x expects 60 blob lost")
        line, blob = a.heard(2)
        self.assertIn('blob=mime=none bytes="lost"', line)
        self.assertEqual(blob, "blob none")

    def test_061_a_large_blob_passes_ten_processes_and_no_guests_memory(self):
        chain = [self.puppet("c") for _ in range(10)]
        for here, there in zip(chain, chain[1:]):
            here.tell(f"reports off; on request *; send {there.at} echo inherit; end")
        chain[-1].tell(f"reports off; on request *; send our@{self.speaker.name} body arrived inherit; end")
        before = [(each.tell("memory"), each.heard())[1] for each in chain]
        resident = self.resident()
        handle = self.speaker.blob(b"\x5a" * HUNDRED_MIB)
        self.speaker.send(chain[0].name, "pass it on", blob=handle)
        item = self.speaker.receive(PATIENCE)
        self.assertEqual((item["body"], item["blob"]["size"]), (b"arrived", HUNDRED_MIB))
        self.assertEqual([(each.tell("memory"), each.heard())[1] for each in chain], before)
        self.assertLess(self.resident() - resident, 50 << 20)

    def resident(self):
        """Bytes of memory of all workers."""
        children = ",".join(map(str, self.host.children()))
        out = subprocess.run(["ps", "-o", "rss=,comm=", "--ppid", children], capture_output=True, text=True).stdout
        return sum(int(line.split()[0]) for line in out.splitlines() if "celeriac-guest" in line) << 10

    def test_062_has_blob_and_last_blob(self):
        a = self.puppet("a", module="kinode-puppet-1-0")
        a.tell("reports off; on request *; has-blob; blob; last-blob; end")
        self.speaker.send(a.name, "with", blob_bytes=b"pixels")
        self.assertEqual(a.heard(3), ["has-blob 1", 'blob mime=none bytes="pixels"', 'last-blob mime=none bytes="pixels"'])
        self.speaker.send(a.name, "without")
        self.assertEqual(a.heard(3), ["has-blob 0", "blob none", 'last-blob mime=none bytes="pixels"'])


if __name__ == "__main__":
    unittest.main()
