"""The well-behaved app beside the bad ones: signed reads about every 5 ms over one HTTP connection,
and over one MQTT connection a PINGREQ and a `get` with its reply, in turn, as often.

A process of its own, so that nothing that the test does can hold it up. Commands come as lines on
standard input. `end` is answered, once one read and one reply that were asked for after it are
there, with a line of JSON: the longest time that an answer took since the last such line, and what
went wrong. Time in which this process itself was not run does not count: it is found by the loop
being late.
"""
import collections
import json
import select
import socket
import struct
import time

from home import DELTA  # noqa: F401  (finds the modules of tests/clients)
from http_row import ask
from mqtt_talk import mqtt_text, packet
from server import QUOTA

PERIOD_S = 0.005
PATIENCE_S = 20
READ = {"sn": DELTA, "params": {"quotas": ["pd.soc"]}}


class Keys:
    """As much of a Home as signing takes."""

    def __init__(self, facts):
        self.access_key, self.secret_key = facts["accessKey"], facts["secretKey"]


class Lane:
    """One connection with at most one thing asked for at a time."""

    def __init__(self, place):
        self.socket = socket.create_connection(tuple(place), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        self.asked_at = None
        self.excused_s = 0.0
        self.answered = 0
        self.worst_s = 0.0
        self.errors = collections.deque(maxlen=5)

    def asks(self, data, now):
        self.socket.sendall(data)
        self.asked_at, self.excused_s = now, 0.0

    def is_answered(self, now):
        self.worst_s = max(self.worst_s, now - self.asked_at - self.excused_s)
        self.asked_at = None
        self.answered += 1

    def read(self, now):
        piece = self.socket.recv(65536)
        if not piece:
            self.errors.append(f"the server closed the connection after {self.data[-200:]!r}")
            raise EOFError
        self.data += piece
        self.take(now)

    def waiting_s(self, now):
        return 0.0 if self.asked_at is None else now - self.asked_at - self.excused_s


class HttpLane(Lane):
    def __init__(self, facts):
        super().__init__(facts["http"])
        self.keys = Keys(facts)
        self.make = ask("POST", QUOTA, body=READ)

    def go(self, now):
        self.asks(self.make(self.keys), now)

    def take(self, now):
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) < size:
            return
        self.data = b""
        if not head.startswith(b"HTTP/1.1 200 ") or json.loads(body).get("code") != "0":
            self.errors.append(f"HTTP: {body!r}")
        self.is_answered(now)


class MqttLane(Lane):
    def __init__(self, facts):
        super().__init__(facts["mqtt"])
        self.account, self.number = facts["account"], 0
        login = b"".join(map(mqtt_text, ["neighbour", self.account, facts["password"]]))
        self.socket.sendall(
            packet(0x10, mqtt_text("MQTT") + bytes([4, 0xC2]) + struct.pack("!H", 60) + login)
        )
        if self.packet_now()[1] != b"\0\0":
            raise AssertionError("the neighbour may not sign in")
        topic = mqtt_text(f"/open/{self.account}/{DELTA}/get_reply")
        self.socket.sendall(packet(0x82, b"\0\1" + topic + b"\0"))
        if self.packet_now()[1] != b"\0\1\0":
            raise AssertionError("the neighbour may not subscribe")

    def packet_now(self):
        while (found := self.next_packet()) is None:
            piece = self.socket.recv(65536)
            if not piece:
                raise AssertionError("closed")
            self.data += piece
        return found

    def next_packet(self):
        """(first byte, body), or None; all that comes here is shorter than 16 KB."""
        if len(self.data) < 2:
            return None
        size, start = self.data[1], 2
        if size & 0x80:
            if len(self.data) < 3:
                return None
            size, start = (size & 0x7F) | self.data[2] << 7, 3
        if len(self.data) < start + size:
            return None
        found = self.data[0], self.data[start : start + size]
        self.data = self.data[start + size :]
        return found

    def go(self, now):
        self.number += 1
        body = json.dumps({"id": self.number, "version": "1.0", "params": READ["params"]})
        topic = mqtt_text(f"/open/{self.account}/{DELTA}/get")
        self.asks(b"\xc0\0" + packet(0x30, topic + body.encode()), now)
        self.waits_for = {0xD0, 0x30}

    def take(self, now):
        while self.asked_at is not None and (found := self.next_packet()):
            kind, body = found
            if kind == 0x30:
                reply = json.loads(body[body.index(b"{") :])
                if reply.get("id") != self.number or reply.get("code") != "0":
                    self.errors.append(f"MQTT: asked {self.number}, got {body!r}")
            self.waits_for.discard(kind)
            if not self.waits_for:
                self.is_answered(now)


def serve(lanes, commands):
    report = None  # for each lane, how many answers it had when the report was asked for
    due = time.monotonic()
    while True:
        before = time.monotonic()
        patience = max(0.0, min(PERIOD_S, due - before))
        readable, _, _ = select.select([lane.socket for lane in lanes] + [commands], [], [], patience)
        now = time.monotonic()
        if not readable and now - before - patience > 0.002:
            for lane in lanes:  # we were late ourselves, or the whole machine stood still
                lane.excused_s += now - before - patience
        for lane in lanes:
            if lane.socket in readable:
                lane.read(now)
        if now >= due:
            due = now + PERIOD_S
            for lane in lanes:
                if lane.asked_at is None:
                    lane.go(now)
                elif lane.waiting_s(now) > PATIENCE_S:
                    lane.errors.append(f"{type(lane).__name__}: no answer in {PATIENCE_S} s")
                    raise EOFError
        if commands in readable:
            if not commands.readline():
                return
            report = [lane.answered + (2 if lane.asked_at is not None else 1) for lane in lanes]
        if report and all(lane.answered >= wanted for lane, wanted in zip(lanes, report)):
            report = None
            tell(lanes)


def tell(lanes, ended=False):
    print(
        json.dumps(
            {
                "worst_ms": max(lane.worst_s for lane in lanes) * 1000,
                "errors": [error for lane in lanes for error in lane.errors],
                "answered": [lane.answered for lane in lanes],
                "ended": ended,
            }
        ),
        flush=True,
    )
    for lane in lanes:
        lane.worst_s = 0.0
        lane.errors.clear()


def main():
    commands = open(0, "rb", buffering=0)  # unbuffered: select() must see what was not read yet
    facts = json.loads(commands.readline())
    lanes = [HttpLane(facts), MqttLane(facts)]
    try:
        serve(lanes, commands)
    except (EOFError, ConnectionError) as end:
        lanes[0].errors.append(f"ended: {end!r}")
        tell(lanes, ended=True)


if __name__ == "__main__":
    main()
