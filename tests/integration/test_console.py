"""The console on a real pseudo terminal, with the daemons and the simulator running."""

import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import time
import unittest

import wire
from host import Host
from terminal import CTRL_C, CTRL_X, DEADLINE, ENTER, ESCAPE, LEFT, RIGHT, TAB, UP, Terminal
from wire import sequence, wait

SIZES = ((80, 24), (132, 43))


def x_of(screen):
    """The x position that the screen shows."""
    found = re.search(r"^x +(-?[0-9.]+) ", screen.text, re.MULTILINE)
    return float(found.group(1)) if found else None


class Console(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=2)
        cls.state = tempfile.mkdtemp(prefix="celeriac-state-")
        cls.client = cls.host.client()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        shutil.rmtree(cls.state)
        cls.host.__exit__(None)

    def console(self, columns=80, rows=24, **options):
        terminal = Terminal(["celeriac", "--dir", self.host.dir, "console"], columns, rows,
                            XDG_STATE_HOME=self.state, **options)
        self.addCleanup(terminal.close)
        return terminal

    def tearDown(self):
        self.host.celeriac("abort")
        self.host.celeriac("unlock")

    def machine(self):
        return self.client.call("SYS", "STATU").document

    def until(self, wanted, what):
        end = time.monotonic() + DEADLINE
        while not wanted():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)

    def test_it_shows_position_trust_and_the_board_at_two_sizes(self):
        for columns, rows in SIZES:
            with self.subTest(columns=columns), self.console(columns, rows) as terminal:
                terminal.until("board ready")
                terminal.until(lambda screen: x_of(screen) is not None, "a position")
                terminal.until("^X E-STOP")  # the last row: a screen may come in pieces
                for part in ("mm", "trust", "unlocked", "^X E-STOP", "8 water", "processes", "log"):
                    self.assertIn(part, terminal.screen.text)
                for axis in "xyz":
                    self.assertRegex(terminal.screen.text, rf"(?m)^{axis} .*(known|STALE|UNKNOWN) ")
                self.assertEqual(len(terminal.screen.lines), rows)
                self.assertIn("E-STOP", terminal.screen.lines[-1])
                self.assertEqual(terminal.screen.unknown, [])
                terminal.press("q")
                self.assertEqual(terminal.ended(), 0)
                self.assertTrue(terminal.restored())

    def test_an_axis_that_has_found_home_is_known(self):
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press(":find-home z", ENTER)
            terminal.until(lambda screen: re.search(r"(?m)^z +0\.00 known ", screen.text), "z known")

    def test_a_tap_moves_by_one_step(self):
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press(":home all", ENTER)
            terminal.until("went to 0")
            terminal.press("j", "2")
            terminal.until("step 1 mm")
            terminal.press(RIGHT)
            terminal.until(lambda screen: x_of(screen) == 1, "x at 1 mm")
            terminal.press("3", RIGHT)
            terminal.until(lambda screen: x_of(screen) == 11, "x at 11 mm")
            terminal.press(LEFT)
            terminal.until(lambda screen: x_of(screen) == 1, "x back at 1 mm")

    def test_a_held_key_jogs_and_letting_go_stops(self):
        for columns, rows in SIZES:
            with self.subTest(columns=columns), self.console(columns, rows) as terminal:
                terminal.until("board ready")
                terminal.press(":home all", ENTER)
                terminal.until("went to 0")
                terminal.press("j")
                terminal.until("JOG")
                terminal.hold(RIGHT, lambda screen: (x_of(screen) or 0) > 30, "x beyond 30 mm")
                # The key is let go: the machine comes to rest, far from the end of the axis, and stays there.
                self.until(lambda: not self.machine()["busy"], "at rest")
                rest = self.machine()["position"]["x"]
                self.assertLess(rest, 700)
                terminal.until(lambda screen: x_of(screen) is not None and abs(x_of(screen) - rest) < 0.02, "x at rest")
                terminal.press(ESCAPE)
                terminal.until(lambda screen: "JOG" not in screen.text, "no jog mode")

    def test_a_jog_ends_with_its_console(self):
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press(":home all", ENTER)
            terminal.until("went to 0")
            terminal.press("j")
            terminal.hold(RIGHT, lambda screen: (x_of(screen) or 0) > 20, "x beyond 20 mm")
            terminal.process.send_signal(signal.SIGKILL)
            self.until(lambda: not self.machine()["busy"], "at rest")
            self.assertLess(self.machine()["position"]["x"], 700)

    def test_the_emergency_stop_works_while_typing_and_unlocking_is_deliberate(self):
        for columns, rows in SIZES:
            with self.subTest(columns=columns), self.console(columns, rows) as terminal:
                terminal.until("board ready")
                terminal.press(":move 1 2")
                terminal.until(":move 1 2")
                terminal.press(CTRL_X)
                terminal.until("EMERGENCY LOCK IS ON")
                self.assertIn("EMERGENCY LOCK IS ON", terminal.screen.inverted_text())
                self.assertTrue(self.machine()["locked"])
                self.assertIn(":move 1 2", terminal.screen.text)
                terminal.press(CTRL_C)
                terminal.until("Stopped and locked")
                terminal.press("u")
                terminal.until("Unlock the machine?")
                terminal.press("n")
                terminal.until("Not unlocked")
                self.assertTrue(self.machine()["locked"])
                terminal.press("u")
                terminal.until("Unlock the machine?")
                terminal.press(CTRL_X, "u", "y")  # the stop works in the dialog, and leaves it open
                terminal.press("u", "y")
                terminal.until("unlocked, ")
                terminal.press(CTRL_X)
                terminal.until("EMERGENCY LOCK IS ON")
                terminal.press(":unlock", ENTER)
                terminal.until("unlocked, ")
                self.assertFalse(self.machine()["locked"])

    def test_the_emergency_stop_needs_no_vm(self):
        vm = next(pid for pid in self.host.children()
                  if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "celeriac-vm")
        with self.console() as terminal:
            terminal.until("board ready")
            os.kill(vm, signal.SIGSTOP)  # alive, connected, and deaf
            try:
                terminal.press(CTRL_X)
                terminal.until("EMERGENCY LOCK IS ON")
                terminal.until("says the hypervisor")
            finally:
                os.kill(vm, signal.SIGCONT)
            terminal.until("the hypervisor and the VM")
            terminal.press("u", "y")
            terminal.until("unlocked, ")

    def test_a_terminal_that_loses_the_focus_stops_a_jog(self):
        with self.console() as terminal:
            terminal.until("board ready")
            self.assertIn(1004, terminal.screen.modes)
            terminal.press(":home all", ENTER)
            terminal.until("went to 0")
            terminal.press("j")
            terminal.hold(RIGHT, lambda screen: (x_of(screen) or 0) > 10 and "MOVING" in screen.text, "it moves")
            terminal.press("\x1b[O")
            terminal.until(lambda screen: "MOVING" not in screen.text, "no motion")
            self.until(lambda: not self.machine()["busy"], "at rest")

    def test_commands_complete_run_and_are_remembered(self):
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press(":SYS.HO", TAB)
            terminal.until("SYS.HOME axis=x|y|z|all")  # what it takes: so the name is whole, with a blank behind
            terminal.press("ax", TAB)
            terminal.until(":SYS.HOME axis=")
            terminal.press("z", ENTER)
            terminal.until("SYS.HOME: ok")
            terminal.press(":param get movement_max_spd_x", ENTER)
            terminal.until("steps/s")
            terminal.press(":nonsense", ENTER)
            terminal.until("There is no command")
            terminal.press(CTRL_C)
            self.assertEqual(terminal.ended(), 0)
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press(":", UP, UP)
            terminal.until(":param get movement_max_spd_x")
            terminal.press(UP)
            terminal.until(":SYS.HOME axis=z")
            terminal.press(CTRL_C)
            terminal.until(lambda screen: ":SYS" not in screen.text, "no prompt")

    def test_processes_show_their_steps(self):
        path = os.path.join(self.host.dir, "waiting.json")
        with open(path, "w") as file:
            file.write(sequence(wait(100), wait(600000)))
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press(f":run --name Patience {path}", ENTER)
            terminal.until(lambda screen: re.search(r"Patience +running +2/2 +/body/1 wait", screen.text), "its step")
            terminal.press(CTRL_C)  # ends what runs, not the console
            terminal.until("interrupted")
            terminal.until(lambda screen: re.search(r"Patience +killed", screen.text), "its end")

    def test_the_raw_view_shows_frames_and_serial_lines_and_filters_them(self):
        for columns, rows in SIZES:
            with self.subTest(columns=columns), self.console(columns, rows) as terminal:
                terminal.until("board ready")
                terminal.press("r")
                terminal.until("raw")

                def read_pin():
                    self.host.celeriac("pin", "read", "59", "--analog")

                terminal.until(lambda screen: "SYS.READ_PIN" in screen.text and "F42" in screen.text,
                               "the frame and the line", each=read_pin)
                terminal.press("/f42", ENTER)
                terminal.until("filter \"f42\"")
                terminal.until(lambda screen: "F42" in screen.text and "READ_PIN" not in screen.text, "only F42")
                terminal.press("p")
                terminal.until("PAUSED")
                read_pin()
                terminal.until(lambda screen: not re.search(r"PAUSED, 0 missed", screen.text), "some are missed")
                terminal.press("p", "/", ESCAPE)
                terminal.until(lambda screen: "filter \"" not in screen.text, "no filter")
                terminal.press("o")
                terminal.until("axes")

    def test_an_output_that_is_on_shows_its_time(self):
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press(":pin write 8 1 --for 3", ENTER)
            terminal.until(lambda screen: re.search(r"8 water.* ON 0:0", screen.inverted_text()), "the valve")
            terminal.until(lambda screen: re.search(r"8 water.* off", screen.text), "the valve off")

    def test_a_terminal_that_changes_its_size_is_drawn_anew(self):
        with self.console() as terminal:
            terminal.until("board ready")
            for columns, rows in ((132, 43), (60, 16), (40, 10), (80, 24)):
                terminal.resize(columns, rows)
                terminal.until(lambda screen: any("E-STOP" in line for line in screen.lines), "the stop key")
            terminal.until("board ready")

    def test_without_colour_everything_can_be_told(self):
        for term, more in (("vt100", {}), ("linux", {"NO_COLOR": "1"}), ("xterm", {"NO_COLOR": "1"})):
            with self.subTest(term=term), self.console(term=term, **more) as terminal:
                terminal.until("board ready")
                terminal.press(CTRL_X)
                terminal.until("EMERGENCY LOCK IS ON")
                self.assertFalse({n for n in terminal.screen.attributes if 30 <= n <= 49 or n >= 90})
                if term != "xterm":
                    self.assertNotIn(1004, terminal.screen.modes)
                    self.assertTrue(all(ord(c) < 128 for c in terminal.screen.text))
                terminal.press("u", "y")
                terminal.until("unlocked, ")
                terminal.press("q")
                self.assertEqual(terminal.ended(), 0)
                self.assertTrue(terminal.restored())

    def test_a_signal_gives_the_terminal_back(self):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(how=how), self.console() as terminal:
                terminal.until("board ready")
                terminal.process.send_signal(how)
                self.assertEqual(terminal.ended(), 0)
                self.assertTrue(terminal.restored())

    def test_help_lists_the_keys(self):
        with self.console() as terminal:
            terminal.until("board ready")
            terminal.press("?")
            terminal.until("emergency stop, also while typing")
            terminal.press(ESCAPE)
            terminal.until("axes")


class OverTcp(unittest.TestCase):
    def test_one_connection_to_a_distant_host_shows_and_stops_it(self):
        with tempfile.TemporaryDirectory() as state:
            secret = os.path.join(state, "token")
            with open(secret, "w") as file:
                file.write("a-secret-of-the-test\n")
            with socket.create_server(("127.0.0.1", 0)) as probe:
                where = f"127.0.0.1:{probe.getsockname()[1]}"
            with Host(speed=10, extra=("--tcp", where, "--token-file", secret)), \
                    Terminal(["celeriac", "--connect", where, "--token-file", secret, "console"],
                             XDG_STATE_HOME=state) as terminal:
                terminal.until("board ready")
                terminal.until("vm up")
                terminal.press(":move 1 2 0", ENTER)
                terminal.until(lambda screen: x_of(screen) == 1, "x at 1 mm")
                terminal.press(CTRL_X)
                terminal.until("EMERGENCY LOCK IS ON")
                terminal.press("u", "y")
                terminal.until("unlocked, ")
                terminal.press("q")
                self.assertEqual(terminal.ended(), 0)


class WithoutHost(unittest.TestCase):
    def test_it_says_that_nobody_is_there_and_recovers(self):
        directory = tempfile.mkdtemp(prefix="celeriac-test-")
        terminal = Terminal(["celeriac", "--dir", directory, "console"], XDG_STATE_HOME=directory)
        try:
            terminal.until("NO CONNECTION TO THE HYPERVISOR")
            with Host(speed=10, dir=directory):
                terminal.until("board ready")
                terminal.until("vm up")
            terminal.until("NO CONNECTION TO THE HYPERVISOR")
            terminal.press("q")
            self.assertEqual(terminal.ended(), 0)
            self.assertTrue(terminal.restored())
        finally:
            terminal.close()
            shutil.rmtree(directory, ignore_errors=True)

    def test_a_dumb_terminal_is_told_what_else_there_is(self):
        terminal = Terminal(["celeriac", "console"], term="dumb")
        try:
            self.assertEqual(terminal.ended(), 1)
            self.assertIn("celeriac watch", terminal.screen.text.replace("\n", ""))
        finally:
            terminal.close()


if __name__ == "__main__":
    unittest.main()
