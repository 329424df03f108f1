"""Every example runs, and the simulator's log agrees with what the sequence says."""

import glob
import json
import os
import re
import unittest

from host import Host

EXAMPLES = os.path.join(os.environ["CELERIAC_SOURCE"], "examples")


def example(name):
    return os.path.join(EXAMPLES, name)


# Examples that end with an error when they are run as they are, and what it says.
REFUSED = {
    "called_with_values.json": "No value provided for place",
    "scan_soil_height.json": 'The package "Measure Soil Height" is not installed',
    "water_one_plant.json": "No value provided for parent",
}


class Examples(unittest.TestCase):
    def test_every_example_checks_and_runs(self):
        with open(example("garden.json")) as file:
            account = json.load(file)
        documents = {}
        for path in sorted(glob.glob(example("*.json"))):
            with open(path) as file:
                document = json.load(file)
            if "kind" in document:
                documents[path] = document
        self.assertGreaterEqual(len(documents), 20)
        account["sequences"] = [each for each in documents.values() if "id" in each]
        with Host(speed=300) as host:
            host.celeriac("check", *documents, check=0)
            whole = os.path.join(host.dir, "account.json")
            with open(whole, "w") as file:
                json.dump(account, file)
            host.celeriac("asset", "import", whole, check=0)
            for path in documents:
                name = os.path.basename(path)
                with self.subTest(name):
                    status, out, err = host.celeriac("run", path, timeout=120)
                    self.assertEqual(status, 1 if name in REFUSED else 0, out + err)
                    self.assertIn(REFUSED.get(name, ""), err)

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
