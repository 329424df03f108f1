"""The example guests, installed and run by the real programs."""

import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

import wire
from guests import Speaker, example, until
from host import Host

SOURCE = os.environ["CELERIAC_SOURCE"]


def repacked(name, directory, change):
    """A package like the example's, with another manifest: change(processes)."""
    work = os.path.join(directory, name)
    os.mkdir(work)
    subprocess.run(["tar", "-xzf", example(name), "-C", work], check=True)
    with open(os.path.join(work, "manifest.json")) as file:
        processes = json.load(file)
    change(processes)
    with open(os.path.join(work, "manifest.json"), "w") as file:
        json.dump(processes, file)
    out = os.path.join(directory, name + ".celeriac")
    subprocess.run([os.path.join(SOURCE, "guest/sdk/celeriac-package"), work, "-o", out], check=True)
    return out


class Guests(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="celeriac-guests-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def host(self, *extra):
        host = self.enterContext(Host(speed=100, extra=extra))
        return host, self.enterContext(Speaker(host))

    def test_an_echo_in_every_abi(self):
        host, speaker = self.host()
        speaker.subscribe("echo/back")
        speaker.watch_log()
        speaker.install(example("echo"))
        for process in "kinode-0-7", "kinode-0-8", "kinode-1-0", "assemblyscript":
            with self.subTest(process):
                item = speaker.ready(f"{process}:echo:celeriac", "how dry it is")
                self.assertEqual(item["body"], b"how dry it is")
                self.assertEqual(item["source"].split("@")[1], f"{process}:echo:celeriac")
        for path in "/examples/echo", "/examples/echo3":
            with self.subTest(path):
                self.assertEqual(speaker.ask_othismo(path, "say", {"what": "hello", "times": 2}),
                                 ("say.response", {"what": "hello", "times": 2}))
        with self.subTest("wasi:messaging"):
            speaker.send("/topic/echo", "42 %", format="wasi", content_type="text/plain")
            for _ in range(2):  # one of each draft
                item = speaker.receive()
                self.assertEqual((item["topic"], item["body"], item["content_type"]), ("echo/back", b"42 %", "text/plain"))
        with self.subTest("a program"):
            until(lambda: speaker.logged("the garden speaks"))
        with self.subTest("farm"):
            self.assertEqual(speaker.ready("farm:echo:celeriac", "frames")["body"], b"frames")

    def test_the_soil_logger_reads_keeps_and_tells(self):
        host, speaker = self.host()
        speaker.install(example("soil-logger"))
        for process in "soil-logger", "assemblyscript":
            with self.subTest(process):
                self.logs(host, speaker, f"{process}:soil-logger:celeriac")

    def logs(self, host, speaker, logger):
        speaker.ready(logger, '{"latest":null}')
        latest = speaker.ask_json(logger, {"latest": None})
        self.assertTrue(0 < latest["moisture"] < 1024, latest)
        self.assertLess(abs(latest["time"] - time.time()), 600)
        self.assertEqual(speaker.ask_json(logger, {"every": 1}), {"every": 1})
        until(lambda: len(speaker.ask_json(logger, {"readings": 100})["readings"]) >= 3)
        # Its state outlives its worker.
        for pid in workers(host):
            os.kill(pid, signal.SIGKILL)
        speaker.ready(logger, '{"latest":null}')
        self.assertGreaterEqual(len(speaker.ask_json(logger, {"readings": 100})["readings"]), 3)
        self.assertEqual(speaker.ask_json(logger, {"every": 0}), {"every": 1})

    def test_the_weather_watcher_pauses_watering_while_rain_is_coming(self):
        rain = {"rain_mm": 0}
        with forecast(rain) as url:
            def change(processes):
                processes[0]["arguments"] = [url, "2", "1", "8", "Water"]
            package = repacked("weather-watcher", self.directory, change)
            host, speaker = self.host()
            water = os.path.join(self.directory, "water.json")
            with open(water, "w") as file:
                file.write(wire.sequence(wire.write_pin(8, 1), *[wire.wait(100)] * 6000, name="Water"))
            running = subprocess.Popen(["celeriac", "--dir", host.dir, "run", water], stdout=subprocess.DEVNULL)
            self.addCleanup(running.wait)
            self.addCleanup(running.kill)
            until(lambda: speaker.wire.read("pins.8") == 1)
            state = lambda: next(each["state"] for each in speaker.wire.call("PROC", "LIST").document["processes"] if each["name"] == "Water")
            speaker.install(package)
            watcher = "weather-watcher:weather-watcher:celeriac"
            speaker.ready(watcher)
            self.assertEqual(speaker.ask_json(watcher, {}), {"rain_mm": 0, "watering": True})
            self.assertNotEqual(state(), "paused")
            rain["rain_mm"] = 12.5
            until(lambda: speaker.ask_json(watcher, {}) == {"rain_mm": 12.5, "watering": False})
            until(lambda: speaker.wire.read("pins.8") == 0)
            until(lambda: state() == "paused")
            rain["rain_mm"] = 0
            until(lambda: state() != "paused")
            self.assertEqual(speaker.ask_json(watcher, {}), {"rain_mm": 0, "watering": True})

    def test_the_status_page_counts_its_visitors(self):
        host, speaker = self.host("--http", "127.0.0.1:0")
        speaker.install(example("status-page"))
        until(lambda: "Visitor" in page(host, "/garden"))
        first, second = page(host, "/garden"), page(host, "/garden")
        self.assertIn("The valve is closed.", first)
        self.assertNotEqual(first, second)
        self.assertIn("Visitor", page(host, "/status-page:status-page:celeriac/garden"))
        until(lambda: "Visitor" in page(host, "/examples/status-page"))

    def test_the_time_lapse_takes_photos(self):
        def change(processes):
            processes[0]["arguments"] = ["1"]
        package = repacked("time-lapse", self.directory, change)
        host, speaker = self.host()
        speaker.install(package)
        lapse = "time-lapse:time-lapse:celeriac"
        speaker.ready(lapse)
        until(lambda: speaker.ask_json(lapse, {})["photos"] >= 2)


    def test_a_compiled_guest_is_compiled_once_answers_and_is_killed(self):
        def change(processes):
            processes[:] = [each for each in processes if each["process_name"] == "kinode-1-0"]
            processes[0]["ahead_of_time"] = True
        package = repacked("echo", self.directory, change)
        host, speaker = self.host()
        speaker.install(package)
        echo = "kinode-1-0:echo:celeriac"
        self.assertEqual(speaker.ready(echo, "quick")["body"], b"quick")
        worker, = workers(host)
        with open(f"/proc/{worker}/cmdline") as file:
            self.assertIn("--compiled", file.read().split("\0"))
        self.assertEqual(len(os.listdir(os.path.join(host.dir, "compiled"))), 1)
        # The next worker takes what is there.
        os.kill(worker, signal.SIGKILL)
        until(lambda: worker not in workers(host))
        self.assertEqual(speaker.ready(echo, "again")["body"], b"again")
        self.assertEqual(host.logged().count("has been compiled ahead of time"), 1)
        processes = speaker.wire.call("PROC", "LIST").document["processes"]
        number, = (each["id"] for each in processes if each["name"] == echo)
        self.assertEqual(speaker.wire.process("KILL", number).status, wire.OK)
        self.assertEqual(speaker.wire.process("STAT", number).status, wire.NOT_FOUND)
        self.assertEqual(speaker.ask(echo, "still there?")["type"], "error")


def workers(host):
    """The processes celeriac-guest of a host."""
    out = subprocess.run(["pgrep", "-f", "-P", ",".join(map(str, host.children())), "celeriac-guest"], capture_output=True, text=True).stdout
    return [int(pid) for pid in out.split()]


def page(host, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port(host)}{path}", timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def http_port(host):
    with open(os.path.join(host.dir, "http.port")) as file:
        return int(file.read())


class forecast:
    """A weather service: answers with what it is given, at a port of its own."""

    def __init__(self, rain):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(rain).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/forecast.json"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    unittest.main()
