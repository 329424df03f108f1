"""Every example runs, and the simulator's log agrees with what the sequence says."""

import glob
import os
import re
import unittest

from host import Host

EXAMPLES = os.path.join(os.environ["CELERIAC_SOURCE"], "examples")


def example(name):
    return os.path.join(EXAMPLES, name)


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(speed=200)

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__(None)

    def test_every_example_checks_and_runs(self):
        files = sorted(glob.glob(example("*.json")))
        self.assertGreaterEqual(len(files), 6)
        self.host.celeriac("check", *files, check=0)
        called = example("water_a_plant.json")
        for file in files:
            with self.subTest(os.path.basename(file)):
                self.host.celeriac("run", *([called] if file != called else []), file, check=0)

    def test_the_simulators_log_agrees_with_watering_the_bed(self):
        # A bed of its own: soil that was watered is not dry.
        with Host(speed=200) as host:
            with open(os.path.join(host.dir, "firmware.log")) as file:
                file.read()  # at start every fail-safe output is switched off
                host.celeriac("run", example("water_a_plant.json"), example("water_the_bed.json"), check=0)
                log = file.read()
        self.assertEqual(re.findall(r"pin 8 = (\d)", log), ["1", "0"] * 4, log)


if __name__ == "__main__":
    unittest.main()
