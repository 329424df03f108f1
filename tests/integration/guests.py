"""Talking to guests from outside: a process of the test's own on a stream of the wire protocol, and packages."""

import json
import os
import struct
import time

import wire

BUILD = os.environ.get("CELERIAC_BUILD", os.path.join(os.environ["CELERIAC_SOURCE"], "build/release"))

CHUNK = 60_000  # bytes of a blob in one request


def example(name):
    """The package of an example guest, as the build made it."""
    return os.path.join(BUILD, "examples/guests", name + ".celeriac")


def until(condition, deadline=30, what="it did not come to pass"):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


class Speaker:
    """A process with a mailbox, for as long as its stream is open."""

    def __init__(self, host, name="tester:tests:local", public=True, **more):
        self.host = host
        self.wire = host.client()
        opened = self.wire.call("MESG", "OPEN", {"name": name, "public": public, **more})
        assert opened.status == wire.OK, opened
        self.id = opened.value
        self.name = name

    def close(self):
        if hasattr(self, "log_client"):
            self.log_client.close()
        self.wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, space, operation, fields, deadline=wire.DEADLINE):
        return self.wire.call(space, operation, struct.pack(">H", self.id) + wire.bson(fields), deadline=deadline)

    # ---- messages ----

    def send(self, to, body=b"", **fields):
        answer = self.call("MESG", "SEND", {"to": to, "body": _bytes(body), **fields})
        assert answer.status == wire.OK, answer

    def ask(self, to, body=b"", seconds=30, **fields):
        """Sends a request and waits for its response; returns the item."""
        answer = self.call("MESG", "AWAIT", {"to": to, "body": _bytes(body), "expects": int(seconds * 1000), **fields},
                           deadline=seconds + wire.DEADLINE)
        assert answer.status == wire.OK, answer
        return answer.document

    def ask_json(self, to, question, seconds=30, **fields):
        item = self.ask(to, json.dumps(question), seconds, **fields)
        assert item["type"] == "response", item
        return json.loads(item["body"])

    def ask_othismo(self, to, name, body, seconds=30):
        """Sends one message to an object; returns the name and the document of its reply."""
        document = {"othismo": {"send_to": to}, name: body}
        item = self.ask(to, wire.bson(document), seconds, format="othismo")
        assert item["type"] == "response", item
        reply = wire.unbson(item["body"])
        names = [each for each in reply if each != "othismo"]
        return names[0], reply[names[0]]

    def receive(self, seconds=30):
        """The next item of the mailbox; None if none comes."""
        answer = self.call("MESG", "RECV", {"timeout": int(seconds * 1000)}, deadline=seconds + wire.DEADLINE)
        if answer.status == wire.TIMEOUT:
            return None
        assert answer.status == wire.OK, answer
        return answer.document

    def blob(self, data):
        """The handle of a blob with these bytes."""
        handle = {}
        for at in range(0, len(data), CHUNK):
            answer = self.call("BLOB", "WRITE", {"data": data[at:at + CHUNK], **handle})
            assert answer.status == wire.OK, answer
            handle = {"blob": answer.value}
        return handle["blob"]

    def subscribe(self, topic):
        answer = self.call("TOPC", "SUBSC", {"topic": topic})
        assert answer.status == wire.OK, answer

    def ready(self, process, body=b"", deadline=30, **fields):
        """Asks until the process answers: it may still be starting."""
        end = time.monotonic() + deadline
        while True:
            item = self.ask(process, body, 5, **fields)
            if item["type"] == "response":
                return item
            if time.monotonic() > end:
                raise TimeoutError(f"{process} does not answer: {item}")
            time.sleep(0.05)

    # ---- the log: where lines of guests go ----

    def watch_log(self):
        """From now on logged() knows what the log says."""
        self.log_client = self.host.client()
        self.log_register = self.log_client.register("log")
        assert self.log_client.call("REGS", "WATCH", struct.pack(">H", self.log_register)).status == wire.OK

    def log_lines(self):
        try:
            while True:
                self.log_client.pump(0.05)
        except TimeoutError:
            pass
        return [change["value"] for register, change in self.log_client.changes if register == self.log_register]

    def logged(self, text):
        """Whether an entry of the log has this in it."""
        return any(text in json.dumps(line, ensure_ascii=False, default=str) for line in self.log_lines())

    # ---- packages ----

    def install(self, path):
        """Agrees to all that a package wants."""
        return self.host.celeriac("install", path, "--yes", "--unsigned", check=0)


def _bytes(body):
    return body.encode() if isinstance(body, str) else body
