"""Conformance of Kinode's processes, 63 to 95: state, exit, restart, spawn, capabilities, limits."""

import json
import re
import subprocess
import time
import unittest

from puppets import NODE, PATIENCE, Bed, Puppet, entry, installed, pack, quoted, until

MESSAGING = json.dumps("messaging")
MAILBOX = 1000  # messages that wait for a process
OUTSTANDING = 1024  # requests of a process that wait for an answer


def capability(params):
    return quoted(params if isinstance(params, str) else json.dumps(params))


class Lives(Bed):
    package = "lives"

    # ---- state ----

    def test_063_state_is_none_then_what_was_set_then_none(self):
        a = self.puppet("a")
        a.tell('get-state; set-state "a\\0b"; get-state; set-state ""; get-state; clear-state; get-state')
        self.assertEqual(a.heard(4), ["state none", 'state "a\\x00b"', 'state ""', "state none"])

    def test_064_state_survives_a_trap_and_a_restart(self):
        a = self.puppet("a", on_exit="restart", observed=False)
        a.run("set-state kept")
        a.tell("trap")
        self.speaker.ready(a.name, "!log", PATIENCE)
        self.assertEqual(a.run("get-state"), 'state "kept"\n')

    def test_064_state_survives_kill_and_reinstallation(self):
        package = pack(self.directory, "again", [entry("keeper")])
        installed(self.host, package)
        keeper = Puppet(self, "keeper:again:tests")
        self.speaker.ready(keeper.name, "!set-state kept", PATIENCE)
        self.kill(keeper)
        installed(self.host, package)
        self.speaker.ready(keeper.name, "!log", PATIENCE)
        self.assertEqual(keeper.run("get-state"), 'state "kept"\n')
        self.host.celeriac("uninstall", "again:tests", check=0)
        installed(self.host, pack(self.directory, "again", [entry("keeper")], version="2.0.0"))
        self.speaker.ready(keeper.name, "!log", PATIENCE)
        self.assertEqual(keeper.run("get-state"), 'state "kept"\n')

    def test_065_state_is_separate_for_each_process(self):
        a, b = self.puppets("ab")
        a.tell("set-state of-a; get-state")
        self.assertEqual(a.heard(), 'state "of-a"')
        b.tell("get-state; set-state of-b; get-state")
        self.assertEqual(b.heard(2), ["state none", 'state "of-b"'])
        a.tell("get-state; clear-state")
        self.assertEqual(a.heard(), 'state "of-a"')
        b.tell("get-state")
        self.assertEqual(b.heard(), 'state "of-b"')

    # ---- how processes end ----

    def test_066_a_process_without_on_exit_is_gone_when_it_returns(self):
        a, b = self.puppets("ab")
        b.tell("exit")
        self.until_gone(b)
        a.tell(f"send {b.at} body x expects 600 context mine")
        a.heard_only("error kind=timeout")

    def test_067_a_restart_keeps_address_and_capabilities_and_nothing_else(self):
        a, hold = self.puppet("a", on_exit="restart"), self.puppet("h")
        a.tell(f"our; caps; await {hold.at} body h expects 60; trap")
        ours, capabilities = a.heard(2)
        self.assertIn('body="h"', hold.heard())
        self.speaker.send(a.name, "!say queued")
        hold.tell("respond body now")
        self.assertIn("awaited response", a.heard())
        # It has no observer any more: what it had in its mailbox would be in the answer.
        self.assertNotIn("body", self.speaker.ready(a.name, "!log", PATIENCE))
        said = a.run("our; caps")
        self.assertEqual(said.splitlines()[0], ours)
        self.assertEqual(sorted(said.splitlines()[1][6:-1].split("; ")), sorted(capabilities[6:-1].split("; ")))

    def test_068_a_crash_loop_waits_longer_each_time(self):
        a = self.puppet("a", on_exit="restart")
        a.tell("set-state " + quoted(f'!observe our@{self.speaker.name}; say started; trap') + "; trap")
        times = []
        for _ in range(4):
            self.assertEqual(a.heard(), "started")
            times.append(time.monotonic())
        self.kill(a)
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        # The trap by hand is followed by a start at once; those of the loop wait 1 s, 2 s, 4 s.
        for gap, least in zip(gaps, (1, 2, 4)):
            self.assertGreaterEqual(gap, least - 0.2)

    def test_069_on_exit_requests_go_out_in_the_dead_processs_name(self):
        a = self.puppet("a", observed=False)
        a.tell(f"queue our@{self.speaker.name} body one expects 5 blob bytes\nqueue our@{self.speaker.name} body two metadata m\non-exit requests\ntrap")
        one, two = self.speaker.receive(PATIENCE), self.speaker.receive(PATIENCE)
        for item, body in (one, b"one"), (two, b"two"):
            self.assertEqual((item["type"], item["source"], item["body"]), ("request", a.address, body))
            self.assertNotIn("expects", item)
        self.assertEqual((one["blob"]["size"], two["metadata"]), (5, "m"))
        self.until_gone(a)

    def test_070_on_exit_requests_need_the_capability(self):
        a, secret = self.puppet("a"), self.puppet("secret", public=False)
        a.tell(f"queue {secret.at} body forbidden\nqueue our@{self.speaker.name} body allowed\non-exit requests\nexit")
        self.assertEqual(a.heard(), "allowed")
        secret.says_nothing()

    def test_071_kill_neither_restarts_nor_sends(self):
        a, b = self.puppet("a", on_exit="restart"), self.puppet("b")
        b.tell(f"queue our@{self.speaker.name} body forbidden\non-exit requests\nget-on-exit")
        self.assertIn("forbidden", b.heard())
        for each in a, b:
            self.kill(each)
            self.assertIsNone(self.known(each))
        self.puppet("c").says_nothing()
        self.assertFalse(self.reports[b.name])
        self.assertIsNone(self.known(a))

    def test_071_a_person_kills_by_number(self):
        a = self.puppet("a", on_exit="restart")
        numbers = {each["name"]: each["id"] for each in self.speaker.wire.call("PROC", "LIST").document["processes"]}
        number = next(number for name, number in numbers.items() if a.name in name)
        self.host.celeriac("kill", str(number), check=0)
        self.assertIsNone(self.known(a))

    def test_072_one_that_asks_for_a_restart_later_restarts(self):
        a = self.puppet("a", on_exit="none", observed=False)
        a.run("on-exit restart; set-state kept")
        a.tell("exit")
        self.speaker.ready(a.name, "!log", PATIENCE)
        self.assertEqual(a.run("get-on-exit; get-state"), 'on-exit restart\nstate "kept"\n')

    def test_073_get_on_exit_returns_what_was_set(self):
        a = self.puppet("a", observed=False)
        self.assertEqual(a.run("get-on-exit; on-exit restart; get-on-exit"), "on-exit none\non-exit restart\n")
        said = a.run(f'queue our@x:y:z body "b\\n" metadata "{{}}" mime text/plain blob bytes\nqueue our@u:v:w\non-exit requests\nget-on-exit')
        self.assertRegex(said, r'^on-exit requests \| to=\S+@x:y:z expects=none inherit=0 body="b\\n" metadata="{}" caps=\[\] '
                               r'blob=mime="text/plain" bytes="bytes" \| to=\S+@u:v:w expects=none inherit=0 body="" metadata=none caps=\[\] blob=none\n$')

    # ---- spawn ----

    def test_075_a_child_without_a_name_gets_a_unique_number_in_its_parents_package(self):
        said = self.root.run(f"spawn {self.path_of('kinode-puppet')}; spawn {self.path_of('kinode-puppet')}")
        names = re.findall(r"spawned (\d+):lives:tests\n", said)
        self.assertEqual(len(set(names)), 2, said)

    def test_076_a_live_name_is_taken_and_a_missing_file_is_none(self):
        a = self.puppet("a")
        name = a.name.split(":")[0]
        said = self.root.run(f"spawn {self.path_of('kinode-puppet')} name {name}; spawn {self.path_of('nothing')} name other; say on")
        self.assertEqual(said, "spawn error name-taken\nspawn error no-file-at-path\non\n")
        a.says_nothing()

    def test_077_080_parent_and_child_may_write_to_each_other_and_the_child_outlives_the_parent(self):
        parent = self.puppet("parent", public=False)
        parent.tell('observe ""')
        child = self.puppet("child", public=False, parent=parent)
        self.observed(parent)
        child.answers("down"), parent.answers("up")
        parent.tell(f"send {child.at} body down expects 60")
        self.assertIn("response from=" + child.address, parent.heard())
        self.assertIn('body="down"', child.heard())
        child.tell(f"send {parent.at} body up expects 60")
        self.assertIn("response from=" + parent.address, child.heard())
        self.kill(parent)
        child.says_nothing()

    def test_078_a_child_gets_no_capability_that_its_parent_lacks(self):
        parent = self.puppet("parent", observed=False)
        lacked, issued = {"operation": "SYS.WRITE_PIN", "pin": 8}, {"mine": 1}
        child = self.puppet("child", parent=parent, more=f"request our@hardware:distro:sys {capability(lacked)} request {parent.at} {capability(issued)}")
        child.tell("caps")
        said = child.heard()
        self.assertNotIn("hardware", said)
        self.assertIn(f"{parent.address} {json.dumps(issued)}", said)

    def test_079_those_that_are_granted_may_write_to_the_child_and_others_may_not(self):
        friend, stranger = self.puppets("fs")
        child = self.puppet("child", public=False, more=f"grant {friend.at}").answers()
        friend.tell(f"send {child.at} body x expects 60")
        friend.heard_only("response from=" + child.address)
        stranger.tell(f"send {child.at} body y expects 600")
        stranger.heard_only("error kind=timeout")
        child.heard_only('body="x"')

    # ---- capabilities ----

    def test_081_a_process_holds_the_capability_to_write_to_itself(self):
        a = self.puppet("a", public=False)
        a.tell(f"caps; send {a.at} body note")
        self.assertIn(f"{a.address} {MESSAGING}", a.heard())
        self.assertIn('body="note"', a.heard())

    def test_082_what_is_neither_held_nor_issued_is_filtered_and_the_message_arrives(self):
        a, b = self.puppets("ab")
        a.tell(f"send {b.at} body x cap our@vault:other:tests {capability(MESSAGING)} cap {a.at} {capability({'mine': 1})}")
        self.assertIn(f'body="x" metadata=none caps=[{a.address} {json.dumps({"mine": 1})}]', b.heard())

    def test_083_084_an_issued_capability_can_be_saved_and_passed_on_and_is_compared_as_json(self):
        a, b, c = self.puppets("abc")
        b.tell("on request *; save-caps; end")
        one, same, other = map(capability, ('{"k": 1, "l": [2]}', '{ "l":[2],   "k":1 }', '{"k": 2, "l": [2]}'))
        a.tell(f"send {b.at} body x cap {a.at} {one}")
        self.assertIn("caps=[" + a.address, b.heard())
        b.tell(f"send {c.at} body y cap {a.at} {same}; send {c.at} body z cap {a.at} {other}")
        equal, unequal = c.heard(2)
        self.assertRegex(equal, r'body="y" metadata=none caps=\[' + re.escape(a.address) + r' \{.*\}\]')
        self.assertIn('body="z" metadata=none caps=[]', unequal)

    def test_085_a_dropped_capability_no_longer_lets_through(self):
        friend = self.puppet("f")
        child = self.puppet("child", public=False, more=f"grant {friend.at}")
        friend.tell(f"send {child.at} body before; drop-cap {child.at} {capability(MESSAGING)}; send {child.at} body after expects 600")
        friend.heard_only("error kind=timeout")
        child.heard_only('body="before"')

    def test_086_a_capability_that_never_came_cannot_be_saved(self):
        a, secret = self.puppet("a"), self.puppet("secret", public=False)
        a.tell(f"save-cap {secret.at} {capability(MESSAGING)}; caps; send {secret.at} body x expects 600")
        self.assertNotIn(secret.name, a.heard())
        a.heard_only("error kind=timeout")
        secret.says_nothing()

    def test_087_capabilities_vanish_with_their_issuer_and_stay_over_its_restart(self):
        holder = self.puppet("h")
        for on_exit, how, stays in ("restart", "trap", True), ("none", "exit", False):
            with self.subTest(on_exit):
                issuer = self.puppet("issuer", public=False, on_exit=on_exit, more=f"grant {holder.at}")
                holder.tell("caps")
                self.assertIn(issuer.name, holder.heard())
                issuer.tell(how)
                if stays:
                    self.speaker.ready(issuer.name, "!log", PATIENCE)
                else:
                    self.until_gone(issuer)
                holder.tell("caps")
                (self.assertIn if stays else self.assertNotIn)(issuer.name, holder.heard())

    # ---- limits ----

    def test_092_printing_at_level_0_is_always_seen_and_names_the_package(self):
        a = self.puppet("a")
        a.tell("print 1 whispered; print 0 shouted; say done")
        self.assertEqual(a.heard(), "done")
        line = until(lambda: [each for each in self.host.logged().splitlines() if "shouted" in each])[0]
        self.assertIn("lives:tests", line)
        self.assertNotIn("whispered", self.host.logged())

    def test_093_beyond_the_limit_the_oldest_request_comes_back_as_a_timeout_with_its_context(self):
        a, b, c = self.puppets("abc", observed=False)
        self.observed(a)
        for each in b, c:
            each.tell("reports off")
        half = OUTSTANDING // 2
        # `receive` takes no request off the list of a: all that it sends stay outstanding.
        for target in b, c:
            a.tell("; ".join(f"send {target.at} body x expects 600 context {target.name[0]}{i}" for i in range(half)))
        a.says_nothing()
        a.tell("; ".join(f"send {b.at} body x expects 600 context more{i}" for i in range(3)))
        lines = a.heard_only(*("error kind=timeout",) * 3)
        self.assertEqual([line.split()[-1] for line in lines], [f'context="b{i}"' for i in range(3)])

    def test_094_a_full_mailbox_fails_its_next_request_and_stalls_nobody(self):
        a, full, hold, other = self.puppets("afho")
        other.answers()
        full.tell(f"await {hold.at} body h expects 600; reports off")
        self.assertIn('body="h"', hold.heard())
        a.tell(f"flood {full.at} {MAILBOX}; send {full.at} body more expects 600 context full; send {other.at} body x expects 60 context other")
        self.assertIn('error kind=timeout', a.heard())
        self.assertIn('context="other"', a.heard())
        hold.tell("respond body now")
        self.assertIn("awaited response", full.heard())
        until(lambda: self.known(full)["mailbox"] == 0)
        full.tell("say well")
        while (said := full.heard()) != "well":
            self.assertNotIn('body="more"', said)

    def test_095_an_endless_loop_stalls_nobody_and_kill_ends_it(self):
        a, spinning = self.puppets("as")
        a.answers()
        spinning.tell("say spinning; spin")
        self.assertEqual(spinning.heard(), "spinning")
        a.says_nothing()  # of the same package, in the same worker
        self.assertEqual(self.speaker.ask(a.name, "x", PATIENCE)["body"], b"answered")
        self.assertIn('body="x"', a.heard())
        begun = time.monotonic()
        self.kill(spinning)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertIsNone(self.known(spinning))
        a.says_nothing()


class Manifests(Bed):
    """What a manifest gives its processes, and when."""

    package = "manifest"
    processes = [
        entry("root"),
        entry("closed", public=False, grant_capabilities=["friend:manifest:tests", {"process": "reader:manifest:tests", "params": {"read": [1]}}]),
        entry("friend", public=False),
        entry("reader", request_networking=True, request_capabilities=["closed:manifest:tests", {"process": "hardware:distro:sys", "params": {"operation": "SYS.READ_PIN", "pin": 59}}]),
    ]

    def member(self, name):
        return Puppet(self, f"{name}:manifest:tests")

    def test_088_entries_of_the_manifest_are_capabilities(self):
        closed, friend, reader = map(self.member, ("closed", "friend", "reader"))
        said = reader.run("caps")
        for expected in (f"{closed.address} {MESSAGING}", f'{NODE}@hardware:distro:sys {{"operation":"SYS.READ_PIN","pin":59}}',
                         f'{NODE}@kernel:distro:sys "network"', f'{closed.address} {{"read":[1]}}'):
            self.assertIn(expected, said)
        self.assertIn(f"{closed.address} {MESSAGING}", friend.run("caps"))
        self.assertNotIn("network", friend.run("caps"))

    def test_089_processes_that_grant_each_other_can_write_from_their_first_instruction(self):
        processes = [entry("one", public=False, grant_capabilities=["two:mutual:tests"]), entry("two", public=False, grant_capabilities=["one:mutual:tests"])]
        installed(self.host, pack(self.directory, "mutual", processes))
        one, two = Puppet(self, "one:mutual:tests"), Puppet(self, "two:mutual:tests")
        for here, there in (one, two), (two, one):
            self.speaker.ready(here.name, "!set-state " + quoted(f"!send {there.at} body first expects 600"), PATIENCE)
        installed(self.host, pack(self.directory, "mutual", processes, version="1.0.1"))
        for here, there in (one, two), (two, one):
            said = []
            until(lambda: said.append(self.speaker.ready(here.name, "!log", PATIENCE).get("body", b"").decode()) or 'body="first"' in "".join(said))
            self.assertIn(f"request from={there.address} expects=600", "".join(said))
            self.assertNotIn("error kind", "".join(said))

    def test_090_an_update_with_another_manifest_waits_for_approval(self):
        first = pack(self.directory, "updated", [entry("only")])
        installed(self.host, first)
        same = pack(self.directory, "updated", [entry("only")], version="1.1.0")
        self.host.celeriac("update", "--unsigned", same, check=0, stdin=subprocess.DEVNULL)
        other = pack(self.directory, "updated", [entry("only", request_networking=True)], version="1.2.0")
        status, out, err = self.host.celeriac("update", "--unsigned", other, stdin=subprocess.DEVNULL)
        self.assertNotEqual(status, 0, out + err)
        listed = json.loads(self.host.celeriac("--json", "packages", check=0)[1])
        self.assertIn(("updated:tests", "1.1.0"), {(each["package"], each["version"]) for each in listed["packages"]})
        self.host.celeriac("update", "--unsigned", "--yes", other, check=0)


if __name__ == "__main__":
    unittest.main()
