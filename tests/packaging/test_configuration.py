"""The configuration files: they explain every option, and the daemons understand them."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.environ["CELERIAC_SOURCE"], "tests", "integration"))
import host  # noqa: E402

CONF = os.path.join(os.environ["CELERIAC_SOURCE"], "packaging", "conf")
DAEMONS = ("hal", "vm", "gateway")
# Where things are is said by the units; the rest is no matter of configuration.
NOT_CONFIGURED = {"help", "version", "config", "dir", "socket", "hypervisor", "stdio"}


def options_of(daemon):
    shown = subprocess.run([f"celeriac-{daemon}", "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^\s+(?:-\w,)?--([a-z-]+)", shown, re.M)) - NOT_CONFIGURED


def conf_of(daemon):
    with open(os.path.join(CONF, f"{daemon}.conf")) as file:
        return file.read()


def run(daemon, text, *arguments):
    """Starts a daemon with a configuration that it cannot live by for long: its folder cannot be made."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        return subprocess.run([f"celeriac-{daemon}", "--config", file.name, *arguments],
                              capture_output=True, text=True, timeout=60)


class Configuration(unittest.TestCase):
    def test_every_option_is_explained(self):
        for daemon in DAEMONS:
            explained = set(re.findall(r"^#?([a-z-]+) = ", conf_of(daemon), re.M))
            self.assertEqual(options_of(daemon) - explained, set(),
                             f"options of celeriac-{daemon} that packaging/conf/{daemon}.conf does not explain")
            self.assertEqual(explained - options_of(daemon), set(), f"{daemon}.conf has what celeriac-{daemon} has not")

    def test_the_files_are_understood_as_they_are(self):
        for daemon in DAEMONS:
            done = run(daemon, conf_of(daemon), "--dir", "/proc/nowhere", "--version")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_all_of_what_they_show_is_understood(self):
        for daemon in DAEMONS:
            everything = re.sub(r"^#([a-z-]+ = )", r"\1", conf_of(daemon), flags=re.M)
            done = run(daemon, everything, "--dir", "/proc/nowhere", "--version")
            self.assertEqual(done.returncode, 0, f"{daemon}: {done.stderr}")

    def test_a_name_that_is_none_is_refused_by_name(self):
        for daemon in DAEMONS:
            done = run(daemon, "seriall = auto\n", "--dir", "/proc/nowhere")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("seriall", done.stdout + done.stderr)

    def test_a_file_that_is_absent_is_refused_by_name(self):
        for daemon in DAEMONS:
            done = subprocess.run([f"celeriac-{daemon}", "--config", "/nowhere/it.conf", "--dir", "/proc/nowhere"],
                                  capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("/nowhere/it.conf", done.stdout + done.stderr)

    def test_the_command_line_wins(self):
        done = run("vm", "rest = 99\n", "--dir", "/proc/nowhere")
        self.assertIn("rest", done.stdout + done.stderr)
        done = run("vm", "rest = 5\n", "--dir", "/proc/nowhere", "--rest", "77")
        self.assertIn("77", done.stdout + done.stderr)

    def test_the_simulated_robot_has_the_parameters_that_a_simulated_host_gives_it(self):
        with host.Host() as simulated, open(os.path.join(simulated.dir, "garden-parameters.json")) as file:
            given = json.load(file)
        with open(os.path.join(CONF, "simulator-parameters.json")) as file:
            self.assertEqual(json.load(file), given)


if __name__ == "__main__":
    unittest.main()
