"""Photos and sensors from the street: what is in the files, who hears of them, what the values mean."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import host
import wire

DEADLINE = 30.0  # seconds for what takes well under one


def until(condition, what):
    end = time.monotonic() + DEADLINE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, what
        time.sleep(0.02)


def read(path):
    with open(path) as file:
        return file.read()


def segments(jpeg):
    """(marker, contents) of each segment before the scan."""
    assert jpeg[:2] == b"\xff\xd8", jpeg[:16]
    at = 2
    while jpeg[at + 1] != 0xDA:
        assert jpeg[at] == 0xFF
        length = int.from_bytes(jpeg[at + 2:at + 4], "big")
        yield jpeg[at + 1], jpeg[at + 4:at + 2 + length]
        at += 2 + length


def exif(jpeg):
    """Tags by number of the first directory and Exif's own, as TIFF 6.0 tells to read them."""
    tiff = next(body[6:] for marker, body in segments(jpeg) if marker == 0xE1 and body[:6] == b"Exif\0\0")
    order = {b"II": "little", b"MM": "big"}[tiff[:2]]

    def number(at, size):
        return int.from_bytes(tiff[at:at + size], order)

    assert number(2, 2) == 42
    tags, directories = {}, [number(4, 4)]
    while directories:
        directory = directories.pop()
        for entry in range(directory + 2, directory + 2 + 12 * number(directory, 2), 12):
            tag, kind, count = number(entry, 2), number(entry + 2, 2), number(entry + 4, 4)
            if kind in (3, 4):
                tags[tag] = number(entry + 8, 2 if kind == 3 else 4)
                if tag == 0x8769:
                    directories.append(tags[tag])
            else:
                start = entry + 8 if count <= 4 else number(entry + 8, 4)
                value = tiff[start:start + count]
                assert len(value) == count
                tags[tag] = value.rstrip(b"\0").decode() if kind == 2 else value
    return tags


def comment(jpeg):
    text = exif(jpeg)[0x9286]
    assert text[:8] == b"ASCII\0\0\0"
    return json.loads(text[8:])


class CameraTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="celeriac-test-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        os.mkdir(os.path.join(self.dir, "garden"))

    def script(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)
        return path

    def test_a_photo_knows_where_it_was_taken_and_everybody_hears_of_it(self):
        heard = os.path.join(self.dir, "heard")
        hook = self.script("hook", f'echo "$1 $2" >>{heard}')
        with host.Host(dir=os.path.join(self.dir, "garden"), extra=["--photo-hook", f"{hook} taken"]) as garden:
            garden.celeriac("find-home", "all", check=0)
            garden.celeriac("move", "120", "80", "-5", check=0)
            copy = os.path.join(self.dir, "copy.jpg")
            garden.celeriac("photo", "--out", copy, check=0)
            with open(copy, "rb") as file:
                jpeg = file.read()
            tags, said = exif(jpeg), comment(jpeg)
            self.assertEqual((said["x"], said["y"], said["z"]), (120, 80, -5))
            self.assertEqual(tags[0x0112], 1)
            self.assertRegex(tags[0x9003], r"^\d{4}:\d\d:\d\d \d\d:\d\d:\d\d$")
            self.assertEqual(tags[0x9011], "+00:00")
            self.assertEqual(tags[0x010E], "x 120.0 mm, y 80.0 mm, z -5.0 mm")
            self.assertTrue(tags[0x0131].startswith("Celeriac"))

            photo = json.loads(garden.celeriac("photo", "--json", check=0)[1])
            self.assertEqual(photo["position"], {"x": 120, "y": 80, "z": -5})

            def told():
                if not os.path.exists(heard):
                    return None
                lines = read(heard).splitlines()
                return lines if len(lines) == 2 else None
            lines = until(told, "the hook")
            self.assertEqual(lines[1], f"taken {photo['path']}")

            def images():
                listed = json.loads(garden.celeriac("asset", "list", "images", "--json", check=0)[1])["images"]
                return listed if len(listed) == 2 else None
            image = next(each for each in until(images, "the images") if each["meta"]["name"] == photo["name"])
            self.assertEqual(urllib.parse.unquote(urllib.parse.urlparse(image["attachment_url"]).path), photo["path"])
            self.assertEqual({axis: image["meta"][axis] for axis in "xyz"}, photo["position"])

    def test_a_program_is_a_camera(self):
        with host.Host(dir=os.path.join(self.dir, "garden")) as garden:
            path = garden.celeriac("photo", check=0)[1].strip()
            picture = os.path.join(self.dir, "picture.jpg")
            shutil.copy(path, picture)
        calibration = os.path.join(self.dir, "camera_calibration.json")
        with open(calibration, "w") as file:
            json.dump({"coord_scale": 0.5, "image_bot_origin_location": "BOTTOM_LEFT"}, file)
        words = os.path.join(self.dir, "words")
        program = self.script("shoot", f'echo "$@" >{words}\ncat {picture}')
        folder = os.path.join(self.dir, "hal")
        hal = subprocess.Popen(
            ["celeriac-hal", "--dir", folder, "--serial", os.path.join(self.dir, "nothing"),
             "--camera", f"command:{program} {{width}} {{height}}", "--camera-size", "1640x1232",
             "--camera-rotation", "180", "--camera-calibration", calibration, "--photos", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.assertEqual(hal.stdout.readline().strip(), "ready")
            for _ in range(3):
                done = subprocess.run(["celeriac", "--dir", folder, "--hal", "photo"], capture_output=True,
                                      text=True, timeout=wire.DEADLINE)
                self.assertEqual(done.returncode, 0, done.stderr)
            with open(done.stdout.strip(), "rb") as file:
                jpeg = file.read()
            self.assertEqual(exif(jpeg)[0x0112], 3)
            self.assertEqual(comment(jpeg)["calibration"],
                             {"coord_scale": 0.5, "image_bot_origin_location": "BOTTOM_LEFT"})
            self.assertEqual(len([1 for marker, body in segments(jpeg) if body[:4] == b"Exif"]), 1)
            self.assertEqual(read(words), "1640 1232\n")
            self.assertEqual(len(os.listdir(os.path.join(folder, "photos"))), 2)
        finally:
            hal.terminate()
            hal.wait(20)
            hal.stdout.close()

    def test_options_that_are_wrong_are_told_before_anything_starts(self):
        for options, said in (
                (["--camera", "usb"], 'There is no camera "usb"'),
                (["--camera-size", "big"], "is no size of a picture"),
                (["--camera-rotation", "45"], "--camera-rotation"),
                (["--camera-calibration", "/nowhere/c.json"], "does not exist"),
                (["--photos", "0"], "--photos"),
                (["--photo-hook", '"open'], "A quote does not end")):
            with self.subTest(options):
                done = subprocess.run(["celeriac-hal", "--dir", os.path.join(self.dir, "hal"), *options],
                                      capture_output=True, text=True, timeout=wire.DEADLINE)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(said, done.stderr + done.stdout)

    def test_a_sensor_is_read_in_its_unit(self):
        with host.Host(dir=os.path.join(self.dir, "garden")) as garden:
            sensors = os.path.join(self.dir, "sensors.json")
            with open(sensors, "w") as file:
                json.dump([{"id": 1, "pin": 59, "mode": 1, "label": "Soil moisture"}], file)
            garden.celeriac("asset", "import", sensors, "--kind", "sensors", check=0)
            self.assertEqual(garden.celeriac("sensor", "read", "soil moisture", check=0)[1],
                             "Soil moisture: 512 (analog)\n")
            garden.celeriac("sensor", "calibrate", "1", "--at", "112=0", "--at", "912=100", "--unit", "%", check=0)
            self.assertEqual(garden.celeriac("sensor", "read", "1", check=0)[1],
                             "Soil moisture: 512 (analog), 50 %\n")
            listed = garden.celeriac("sensor", "list", check=0)[1]
            self.assertRegex(listed, r"Soil moisture\s+59\s+analog\s+512\s+50 %")
            readings = json.loads(
                garden.celeriac("asset", "list", "sensor_readings", "--json", check=0)[1])["sensor_readings"]
            self.assertEqual([reading["value"] for reading in readings], [512, 512])
            sequence = os.path.join(self.dir, "read.json")
            with open(sequence, "w") as file:
                json.dump({"kind": "sequence", "name": "read",
                           "args": {"version": 20180209, "locals": {"kind": "scope_declaration", "args": {}}},
                           "body": [{"kind": "read_pin",
                                     "args": {"pin_number": 59, "label": "soil", "pin_mode": 1}},
                                    {"kind": "lua", "args": {"lua": "local value, unit, raw = "
                                     "read_sensor('Soil moisture')\n"
                                     "send_message('info', value .. unit .. ' of ' .. raw)"}}]}, file)
            said = garden.celeriac("run", sequence, check=0)
            self.assertIn("The Soil moisture sensor value is 512 (analog): 50 %", said[1] + said[2])
            self.assertTrue(re.search(r"50(\.0)?% of 512", said[1] + said[2]), said)
            garden.celeriac("sensor", "calibrate", "1", "--forget", check=0)
            self.assertEqual(garden.celeriac("sensor", "read", "1", check=0)[1], "Soil moisture: 512 (analog)\n")


if __name__ == "__main__":
    unittest.main()
