"""A client of the wire protocol in plain Python, written from docs/protocol.md alone.

It shares no code with the host, so that the two can only agree by agreeing with the document.
"""

import os
import select
import socket
import struct
import time

OK, UNKNOWN_OPERATION, MALFORMED, NOT_FOUND, CHANNEL_BUSY, OVERLOADED, DENIED, INVALID_CODE = range(8)
WRONG_STATE, LOCKED, OFFLINE, TIMEOUT, HARDWARE_FAULT, CANCELLED, FAILED, OUT_OF_RESOURCES, INTERNAL = range(8, 17)

DEADLINE = 60.0  # seconds; what a test waits at most for an answer


def bson(document):
    """BSON of a dict of plain values."""

    def element(key, value):
        name = key.encode() + b"\0"
        if isinstance(value, bool):
            return b"\x08" + name + bytes([value])
        if isinstance(value, int):
            return b"\x10" + name + struct.pack("<i", value) if -2**31 <= value < 2**31 else \
                b"\x12" + name + struct.pack("<q", value)
        if isinstance(value, float):
            return b"\x01" + name + struct.pack("<d", value)
        if isinstance(value, str):
            text = value.encode()
            return b"\x02" + name + struct.pack("<i", len(text) + 1) + text + b"\0"
        if isinstance(value, bytes):
            return b"\x05" + name + struct.pack("<i", len(value)) + b"\0" + value
        if isinstance(value, dict):
            return b"\x03" + name + bson(value)
        if isinstance(value, list):
            return b"\x04" + name + bson({str(i): item for i, item in enumerate(value)})
        if value is None:
            return b"\x0a" + name
        raise TypeError(type(value))

    body = b"".join(element(key, value) for key, value in document.items())
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def unbson(data):
    """The dict that one BSON document holds."""

    def cstring(at):
        end = data.index(b"\0", at)
        return data[at:end].decode(), end + 1

    def document(at, array):
        size, = struct.unpack_from("<i", data, at)
        end, at, out = at + size - 1, at + 4, {}
        while at < end:
            kind = data[at]
            key, at = cstring(at + 1)
            if kind == 0x01:
                value, at = struct.unpack_from("<d", data, at)[0], at + 8
            elif kind == 0x02:
                length, = struct.unpack_from("<i", data, at)
                value, at = data[at + 4:at + 3 + length].decode(), at + 4 + length
            elif kind in (0x03, 0x04):
                inner, = struct.unpack_from("<i", data, at)
                value, at = document(at, kind == 0x04), at + inner
            elif kind == 0x05:
                length, = struct.unpack_from("<i", data, at)
                value, at = bytes(data[at + 5:at + 5 + length]), at + 5 + length
            elif kind == 0x08:
                value, at = data[at] != 0, at + 1
            elif kind == 0x0a:
                value = None
            elif kind == 0x10:
                value, at = struct.unpack_from("<i", data, at)[0], at + 4
            elif kind in (0x09, 0x12):
                value, at = struct.unpack_from("<q", data, at)[0], at + 8
            else:
                raise ValueError(f"BSON type {kind:#x}")
            out[key] = value
        return list(out.values()) if array else out

    return document(0, False)


class Answer:
    def __init__(self, status, value, data):
        self.status, self.value, self.data = status, value, data

    @property
    def document(self):
        return unbson(self.data) if self.data else {}

    def __repr__(self):
        return f"<status {self.status} value {self.value} {self.document if self.data else ''}>"


class Client:
    """One stream. Requests are answered in any order; call() waits for one of them."""

    def __init__(self, path=None, address=None):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection(address)
        self.buffer = b""
        self.answers, self.slices, self.changes = {}, {}, []
        self.channel = 0
        self.closed = False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, space, operation, payload=b"", channel=None):
        """Sends a request and returns its channel."""
        if channel is None:
            self.channel = self.channel % 65535 + 1
            channel = self.channel
        header = struct.pack(">H4s5sH", channel, space.encode().ljust(4), operation.encode().ljust(5), len(payload))
        self.socket.sendall(header + b"\r\n" + payload)
        return channel

    def call(self, space, operation, payload=b"", channel=None, deadline=DEADLINE):
        if isinstance(payload, dict):
            payload = bson(payload)
        return self.wait(self.send(space, operation, payload, channel), deadline)

    def wait(self, channel, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while channel not in self.answers:
            self.pump(end - time.monotonic())
        return self.answers.pop(channel)

    def pump(self, seconds):
        """Reads what comes within that time and takes the frames in it."""
        if seconds <= 0 or not select.select([self.socket], [], [], seconds)[0]:
            raise TimeoutError("no answer in time")
        data = self.socket.recv(1 << 16)
        if not data:
            self.closed = True
            raise ConnectionError("the host closed the stream")
        self.buffer += data
        while self._take():
            pass

    def _take(self):
        b = self.buffer
        if len(b) < 8:
            return False
        if b[6:8] == b"\r\n":
            channel, status, value = struct.unpack_from(">HHH", b)
            self.answers[channel] = Answer(status, value, self.slices.pop(channel, b""))
            self.buffer = b[8:]
            return True
        if len(b) < 15:
            return False
        channel, space, operation, size = struct.unpack_from(">H4s5sH", b)
        assert b[13:15] == b"\r\n", b[:15]
        if len(b) < 15 + size:
            return False
        payload, self.buffer = b[15:15 + size], b[15 + size:]
        self._serve(channel, space.rstrip().decode(), operation.rstrip().decode(), payload)
        return True

    def _serve(self, channel, space, operation, payload):
        if (space, operation) == ("SLCE", "NEW"):
            answered, = struct.unpack_from(">H", payload)
            self.slices[answered] = self.slices.get(answered, b"") + payload[2:]
        elif (space, operation) == ("REGS", "SET"):
            register, = struct.unpack_from(">H", payload)
            self.changes.append((register, unbson(payload[2:])))
        self.socket.sendall(struct.pack(">HHH", channel, 0, 0) + b"\r\n")

    # What people do with it.

    def upload(self, text):
        """Puts CeleryScript into a new code; returns (code id, answer of CLOSE)."""
        code = self.call("CODE", "CREAT").value
        channel = self.send("CODE", "OPEN", struct.pack(">H", code))
        assert self.wait(channel).status == OK
        data = text.encode() if isinstance(text, str) else text
        for at in range(0, max(1, len(data)), 60000):
            assert self.call("CODE", "WRITE", data[at:at + 60000], channel).status == OK
        return code, self.call("CODE", "CLOSE", struct.pack(">H", code), channel)

    def start(self, code, run=True):
        process = self.call("PROC", "START", struct.pack(">H", code))
        assert process.status == OK, process
        if run:
            assert self.call("PROC", "RUN", struct.pack(">H", process.value)).status == OK
        return process.value

    def process(self, operation, number, deadline=DEADLINE):
        return self.call("PROC", operation, struct.pack(">H", number), deadline=deadline)

    def stat(self, number):
        return self.process("STAT", number).document

    def until(self, number, condition, deadline=DEADLINE):
        """Asks for the process until the condition holds of its description."""
        end = time.monotonic() + deadline
        while True:
            stat = self.stat(number)
            if condition(stat):
                return stat
            if time.monotonic() > end:
                raise TimeoutError(f"the process stayed {stat}")
            time.sleep(0.01)

    def register(self, name):
        opened = self.call("REGS", "NEW", {"name": name})
        assert opened.status == OK, (name, opened)
        return opened.value

    def read(self, name):
        register = self.register(name)
        answer = self.call("REGS", "READ", struct.pack(">H", register))
        self.call("REGS", "RM", struct.pack(">H", register))
        assert answer.status == OK, (name, answer)
        return answer.document["value"]


def sequence(*body, name=None, number=None):
    """CeleryScript of a sequence."""
    import json
    node = {"kind": "sequence",
            "args": {"version": 20180209, "locals": {"kind": "scope_declaration", "args": {}, "body": []}},
            "body": list(body)}
    if name:
        node["name"] = name
    if number:
        node["id"] = number
    return json.dumps(node)


def step(word, *body, **args):
    """One node."""
    return {"kind": word, "args": args, "body": list(body)} if body else {"kind": word, "args": args}


def coordinate(x, y, z):
    return step("coordinate", x=x, y=y, z=z)


def move_to(x, y, z, speed=100):
    return step("move_absolute", location=coordinate(x, y, z), offset=coordinate(0, 0, 0), speed=speed)


def write_pin(pin, value, mode=0):
    return step("write_pin", pin_number=pin, pin_value=value, pin_mode=mode)


def wait(milliseconds):
    return step("wait", milliseconds=milliseconds)
