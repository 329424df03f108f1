"""celeriac doctor: green with the simulator, and without one part it names exactly that part."""

import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import unittest

import wire
from host import Host

# What the machine of the test is like, and not the host: no reason for the test to fail.
OF_THE_MACHINE = {"disk", "memory", "temperature", "power", "clock", "services", "configuration"}
NOBODY = 65534


def diagnose(directory, *arguments, user=None):
    """(exit status, {check: [finding]}, the whole document)"""
    more = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    done = subprocess.run(["celeriac", "--dir", directory, "doctor", "--json", *arguments], capture_output=True, text=True,
                          timeout=120, **more)
    document = json.loads(done.stdout)
    checks = {}
    for finding in document["checks"]:
        checks.setdefault(finding["check"], []).append(finding)
    return done.returncode, checks, document


def problems(checks):
    return {name: findings[0] for name, findings in checks.items()
            if name not in OF_THE_MACHINE and any(each["verdict"] == "problem" for each in findings)}


def until(look, deadline=30.0):
    """What `look` gives once it is something."""
    end = time.monotonic() + deadline
    while (found := look()) is None:
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.1)
    return found


class Parts:
    """Simulator, hypervisor and VM without a supervisor, so that one of them may be missing."""

    def __init__(self, simulator=True, hypervisor=True, vm=True):
        self.dir = tempfile.mkdtemp(prefix="celeriac-doctor-")
        self.log = open(os.path.join(self.dir, "parts.log"), "w")
        self.running = {}
        link = os.path.join(self.dir, "firmware")
        if simulator:
            self.start("celeriac-firmware-sim", "--garden", "--link", link, "--speed", "100")
        if hypervisor:
            self.start("celeriac-hal", "--dir", self.dir, "--serial", link)
        if vm:
            self.start("celeriac-vm", "--dir", self.dir)

    def start(self, program, *arguments):
        process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.running[program] = process
        assert process.stdout.readline().startswith("ready"), program

    def kill(self, program):
        process = self.running.pop(program)
        process.kill()
        process.wait()
        process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(list(self.running.values())):
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            process.stdout.close()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class WithTheSimulator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=100)

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def test_it_is_green(self):
        status, checks, document = diagnose(self.host.dir)
        self.assertEqual(problems(checks), {})
        for name in ("programs", "hypervisor", "vm", "board", "lock", "outputs", "camera", "image", "gateway"):
            self.assertEqual([each["verdict"] for each in checks[name]][0], "ok", checks[name])
        self.assertEqual(status, 1 if document["problems"] else 0)
        _, text, _ = self.host.celeriac("doctor")
        self.assertIn("RAMPS 1.4, firmware 6.6.23", text)
        self.assertIn(document["summary"], text)

    def test_a_photo_is_taken_only_on_request(self):
        photos = os.path.join(self.host.dir, "photos")
        before = len(os.listdir(photos)) if os.path.isdir(photos) else 0
        diagnose(self.host.dir)
        self.assertEqual(len(os.listdir(photos)) if os.path.isdir(photos) else 0, before)
        _, checks, _ = diagnose(self.host.dir, "--photo")
        self.assertEqual(checks["camera"][0]["verdict"], "ok", checks["camera"])
        self.assertEqual(len(os.listdir(photos)), before + 1)

    def test_the_lock_is_a_problem_with_its_way_out(self):
        self.host.celeriac("estop", check=0)
        try:
            status, checks, _ = diagnose(self.host.dir)
            self.assertEqual(status, 1)
            self.assertEqual(set(problems(checks)), {"lock"})
            self.assertIn("celeriac unlock", checks["lock"][0]["advice"])
        finally:
            self.host.celeriac("unlock", check=0)

    def test_the_bundle_holds_what_a_helper_needs_and_only_its_owner_may_read_it(self):
        bundle = os.path.join(self.host.dir, "bundle.tar.gz")

        def files_of_a_bundle():
            _, _, document = diagnose(self.host.dir, "--bundle", bundle)
            self.assertEqual(document["bundle"], bundle)
            with tarfile.open(bundle) as tar:
                files = {member.name.removeprefix("celeriac-doctor/"): tar.extractfile(member).read() for member in tar}
            return files if "trace.trace" in files else None  # a host just started has not written any yet

        files = until(files_of_a_bundle)
        self.assertEqual(os.stat(bundle).st_mode & 0o777, 0o600)
        self.assertIn(b"board", files["doctor.txt"])
        status = json.loads(files["status.json"])
        self.assertEqual(status["hypervisor"]["firmware"]["state"], "ready")
        self.assertTrue(status["image"]["whole"])
        self.assertIn(b"celeriac-hal", files["versions.txt"])
        self.assertIn("settings/position.json", list(files))
        trace = os.path.join(self.host.dir, "from-bundle.trace")
        with open(trace, "wb") as file:
            file.write(files["trace.trace"])
        self.host.celeriac("trace", "show", trace, check=0)


class WithoutAPart(unittest.TestCase):
    def test_without_a_host_it_names_both_daemons_and_how_to_start_them(self):
        with tempfile.TemporaryDirectory() as empty:
            status, checks, _ = diagnose(empty)
            self.assertEqual(status, 1)
            self.assertEqual(set(problems(checks)), {"hypervisor", "vm"})
            self.assertIn("celeriac-hal does not run", checks["hypervisor"][0]["says"])
            self.assertIn("celeriac up", checks["hypervisor"][0]["advice"])
            self.assertEqual(checks["board"][0]["verdict"], "unknown")

    def test_without_the_hypervisor_it_names_it_alone(self):
        with Parts() as parts:
            parts.kill("celeriac-hal")
            status, checks, _ = diagnose(parts.dir)
            self.assertEqual(status, 1)
            self.assertEqual(set(problems(checks)), {"hypervisor"})
            self.assertIn("nobody listens on", checks["hypervisor"][0]["says"])

    def test_without_the_vm_it_names_it_alone_and_still_tells_of_the_board(self):
        with Parts(vm=False) as parts:
            look = lambda: (lambda found: found if found[1]["board"][0]["verdict"] == "ok" else None)(diagnose(parts.dir))
            status, checks, _ = until(look)
            self.assertEqual(status, 1)
            self.assertEqual(set(problems(checks)), {"vm"})
            self.assertEqual(checks["image"][0]["verdict"], "unknown")

    def test_without_the_simulator_it_names_the_board_alone(self):
        with Parts(simulator=False) as parts:
            status, checks, _ = diagnose(parts.dir)
            self.assertEqual(status, 1)
            self.assertEqual(set(problems(checks)), {"board"})
            self.assertIn("simulated board", checks["board"][0]["advice"])

    def test_a_simulator_that_is_killed_is_named(self):
        with Parts() as parts:
            until(lambda: True if diagnose(parts.dir)[1]["board"][0]["verdict"] == "ok" else None)
            parts.kill("celeriac-firmware-sim")
            checks = until(lambda: (lambda found: found if "board" in problems(found) else None)(diagnose(parts.dir)[1]))
            self.assertEqual(set(problems(checks)), {"board"})
            self.assertIn("simulated board", checks["board"][0]["advice"])

    def test_a_hypervisor_that_does_not_answer_is_named(self):
        with Parts() as parts:
            parts.running["celeriac-hal"].send_signal(signal.SIGSTOP)
            try:
                _, checks, _ = diagnose(parts.dir)
            finally:
                parts.running["celeriac-hal"].send_signal(signal.SIGCONT)
            self.assertIn("does not answer", problems(checks)["hypervisor"]["says"])

    def test_a_socket_that_the_user_may_not_use_names_the_group(self):
        with Parts() as parts:
            os.chmod(parts.dir, 0o755)
            for name in ("hal.sock", "vm.sock"):
                os.chmod(os.path.join(parts.dir, name), 0o660 if os.geteuid() == 0 else 0)
            _, checks, _ = diagnose(parts.dir, user=NOBODY if os.geteuid() == 0 else None)
            self.assertEqual(set(problems(checks)), {"hypervisor", "vm"})
            self.assertIn("may not use " + os.path.join(parts.dir, "vm.sock"), checks["vm"][0]["says"])

    def test_a_directory_on_the_way_that_is_closed_is_named(self):
        if os.geteuid() != 0:
            self.skipTest("takes two users")
        with Parts() as parts:
            os.chmod(parts.dir, 0o700)
            _, checks, _ = diagnose(parts.dir, user=NOBODY)
            self.assertIn("may not use " + parts.dir, checks["vm"][0]["says"])


if __name__ == "__main__":
    unittest.main()
