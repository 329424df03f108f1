"""The gateway as a program beside the others: HTTP to a process of the test's, topics and nodes over a broker of the test's."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import wire
from guests import Speaker, example
from host import Host


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, deadline=30, what="it did not come to pass"):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


class Broker:
    """mosquitto on a free port of loopback."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="celeriac-broker-")
        self.port = free_port()
        with open(os.path.join(self.dir, "mosquitto.conf"), "w") as file:
            file.write(f"user root\nlistener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.process = subprocess.Popen(["mosquitto", "-c", file.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers, what="mosquitto does not listen")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def publish(self, topic, text):
        subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(self.port), "-q", "1", "-t", topic, "-m", text], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        shutil.rmtree(self.dir, ignore_errors=True)


class Page(Speaker):
    """A process that serves a page."""

    def bind(self, path, **fields):
        def bound():
            item = self.ask("http-server:distro:sys", json.dumps({"Bind": {"path": path, **fields}}), 5)
            return item["type"] == "response" and json.loads(item["body"]) == {"Ok": None}
        until(bound, what="the path is not bound")

    def serve_one(self, text):
        item = self.receive()
        assert item is not None and item["type"] == "request", item
        answer = self.call("MESG", "RESPD", {
            "request": item["request"], "body": json.dumps({"HttpResponse": {"status": 200, "headers": {}}}).encode(),
            "blob_bytes": text.encode(), "mime": "text/plain"})
        assert answer.status == wire.OK, answer
        return json.loads(item["body"])["Http"]


def get(port, path):
    """(status, text) of what the server answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Gateway(unittest.TestCase):
    def test_up_starts_it_and_a_process_serves_a_page(self):
        host = self.enterContext(Host(speed=100, extra=("--http", "127.0.0.1:0", "--http-path", "/garden=page:garden:local")))
        with open(os.path.join(host.dir, "http.port")) as file:
            port = int(file.read())
        self.assertEqual(get(port, "/nothing"), (404, "Nobody serves this path.\n"))
        page = self.enterContext(Page(host, "page:garden:local"))
        page.bind("/garden")
        for path in "/page:garden:local/garden?bed=4", "/garden/now":
            asked = subprocess.Popen(["python3", "-c", "import urllib.request, sys;"
                                      "print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())",
                                      f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, text=True)
            http = page.serve_one("the bed is wet")
            self.assertEqual(http["method"], "GET")
            self.assertEqual(asked.communicate(timeout=60)[0].strip(), "the bed is wet")
        page.close()
        until(lambda: get(port, "/garden")[0] == 404, what="the path of a process that has ended is still served")

    def test_a_topic_of_the_broker_reaches_a_process_and_back(self):
        with Broker() as broker:
            host = self.enterContext(Host(speed=100, extra=("--mqtt", broker.url)))
            speaker = self.enterContext(Speaker(host, "listener:garden:local"))
            speaker.subscribe("mqtt:garden/soil")
            end = time.monotonic() + 30
            item = None
            while item is None and time.monotonic() < end:
                broker.publish("garden/soil", "42 %")
                item = speaker.receive(1)
            self.assertEqual((item["topic"], item["body"]), ("mqtt:garden/soil", b"42 %"))
            speaker.call("MESG", "RESPD", {"request": item["request"], "body": b""})
            heard = subprocess.Popen(["mosquitto_sub", "-p", str(broker.port), "-t", "garden/valve", "-C", "1"],
                                     stdout=subprocess.PIPE, text=True)
            def published():
                answer = speaker.ask("/exchange/mqtt", "open", 15, topic="garden/valve", format="wasi")
                self.assertEqual(answer["type"], "response", answer)
                return heard.poll() is not None
            until(published, what="nobody hears what is published")
            self.assertEqual(heard.communicate()[0].strip(), "open")

    def test_two_nodes_talk_through_one_broker(self):
        with Broker() as broker:
            shed, house = (self.enterContext(Host(speed=100, extra=("--mqtt", broker.url, "--node", node)))
                           for node in ("shed", "house"))
            asker = self.enterContext(Speaker(shed, "asker:garden:local"))
            echo = "kinode-1-0:echo:celeriac"
            with Speaker(house) as speaker:
                speaker.install(example("echo"))
                speaker.ready(echo)
            house.celeriac("grant", echo, "our@kernel:distro:sys", '"network"', check=0)

            def asked():
                asker.send(f"house@{echo}", "how dry is it", expects=20000, context=b"1")
                asked.item = asker.receive()
                return asked.item["type"] == "response"  # or offline: the nodes have not met yet

            until(asked, what="the nodes do not meet")
            self.assertEqual((asked.item["source"], asked.item["body"]), (f"house@{echo}", b"how dry is it"))
            asker.send(f"nowhere@{echo}", "x", expects=20000, context=b"2")
            item = asker.receive()
            self.assertEqual((item["type"], item["failure"]), ("error", "offline"))


if __name__ == "__main__":
    unittest.main()
