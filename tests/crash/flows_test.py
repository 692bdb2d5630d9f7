"""Kills the server at each step of QoS 1 and 2, on the way in and on the way out.

    flows_test.py PROGRAM [--kills N] [--seed N] [--clock]

A device reports values that alternate or repeat, so that nothing but what MQTT says tells two
reports apart. Two apps with kept sessions, one of QoS 1 and one of QoS 2, are away meanwhile, or
there. The server is killed (SIGKILL) the moment that the device, or an app, has sent or got a
PUBLISH, PUBACK, PUBREC, PUBREL or PUBCOMP; each goes on as the standard says, with DUP. In the end
history has each report once and in order, and each app got each one: once in QoS 2, and in QoS 1
again only where its own acknowledgement was cut off, with DUP.

With --clock, which needs libfaketime, a server that was killed comes back later by its own clock:
often by seconds, sometimes by an hour or more. What is repeated then is still known.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import socket
import struct
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tests/bad_inputs"), str(ROOT / "tests/clients")]
import server as servers  # noqa: E402
from mqtt_talk import mqtt_text, packet  # noqa: E402
from server import PATIENCE_S  # noqa: E402

CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK = 0x20, 0x30, 0x40, 0x50, 0x62, 0x70, 0x90
NAMES = {PUBLISH: "PUBLISH", PUBACK: "PUBACK", PUBREC: "PUBREC", PUBREL: "PUBREL", PUBCOMP: "PUBCOMP"}
SN = "FLOWS001"


class Killed(Exception):
    """The server is gone: it was killed at the step that was chosen."""


class Chance:
    """Where the server is killed next: when this client sends or gets a packet of this kind."""

    STEPS = {
        ("device", 1): (("sent", PUBLISH), ("got", PUBACK)),
        ("device", 2): (("sent", PUBLISH), ("got", PUBREC), ("sent", PUBREL), ("got", PUBCOMP)),
        ("app", 1): (("got", PUBLISH), ("sent", PUBACK)),
        ("app", 2): (("got", PUBLISH), ("sent", PUBREC), ("got", PUBREL), ("sent", PUBCOMP)),
    }

    def __init__(self, seed, server):
        self.random, self.server = random.Random(seed), server
        self.next, self.left, self.kills = None, 0, 0

    def aim(self, who, qos, after):
        self.next, self.left = (who, *self.random.choice(self.STEPS[who, qos])), after

    def step(self, who, way, kind):
        if self.next != (who, way, kind):
            return
        self.left -= 1
        if self.left > 0:
            return
        self.next = None
        self.kills += 1
        self.server.process.kill()
        self.server.process.wait(PATIENCE_S)
        (self.server.data / "ready.json").unlink()
        raise Killed


class Client:
    """One client id with a session that outlives its connections."""

    def __init__(self, who, server, chance, user, password, client_id):
        self.who, self.server, self.chance = who, server, chance
        self.user, self.password, self.client_id = user, password, client_id
        self.socket, self.data = None, b""

    def connect(self):
        self.socket = socket.create_connection(self.server.place("mqtt"), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        body = mqtt_text("MQTT") + b"\x04\xc0\x00\x00"
        body += mqtt_text(self.client_id) + mqtt_text(self.user) + mqtt_text(self.password)
        self.socket.sendall(packet(0x10, body))
        kind, answer = self.read()
        assert (kind, answer[1]) == (CONNACK, 0), (kind, answer)
        return answer[0] & 1

    def leave(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def send(self, kind, body, flags=0):
        self.socket.sendall(packet(kind | flags, body))
        self.chance.step(self.who, "sent", kind)

    def read(self):
        """A whole packet: its kind, without the flags of a PUBLISH, and its body with them."""
        while True:
            for at in range(1, min(5, len(self.data))):
                if not self.data[at] & 0x80:
                    size = sum((self.data[i] & 0x7F) << 7 * (i - 1) for i in range(1, at + 1))
                    if len(self.data) > at + size:
                        first, body = self.data[0], self.data[at + 1 : at + 1 + size]
                        self.data = self.data[at + 1 + size :]
                        return (PUBLISH, bytes([first]) + body) if first & 0xF0 == PUBLISH else (first, body)
                    break
            piece = self.socket.recv(65536)
            assert piece, f"{self.who}: the connection ended"
            self.data += piece

    def get(self):
        kind, body = self.read()
        self.chance.step(self.who, "got", kind)
        return kind, body


class Device(Client):
    def __init__(self, server, chance, key):
        super().__init__("device", server, chance, SN, key, SN)
        self.sent, self.packet_id = [], 0
        self.flying = None  # packet id, QoS, body; the body is None once PUBREC came

    def report(self, qos, value):
        self.packet_id = self.packet_id % 0xFFFF + 1
        self.sent.append(value)
        payload = json.dumps({"version": "1.0", "params": {"n": value}}).encode()
        body = mqtt_text(f"/device/{SN}/quota") + struct.pack("!H", self.packet_id) + payload
        self.flying = self.packet_id, qos, body
        self.finish(dup=False)

    def finish(self, dup):
        """What is left of the flow of what is under way."""
        packet_id, qos, body = self.flying
        number = struct.pack("!H", packet_id)
        if body is not None:
            self.send(PUBLISH, body, flags=qos << 1 | (8 if dup else 0))
            kind, answer = self.get_answer()
            assert (kind, answer) == (PUBACK if qos == 1 else PUBREC, number), (NAMES.get(kind), answer)
        if qos == 2:
            self.flying = packet_id, qos, None
            self.send(PUBREL, number)
            kind, answer = self.get_answer()
            assert (kind, answer) == (PUBCOMP, number), (NAMES.get(kind), answer)
        self.flying = None

    def get_answer(self):
        kind, body = self.read()
        if kind == PUBREC and self.flying[2] is not None:
            packet_id, qos, _ = self.flying
            try:
                self.chance.step(self.who, "got", kind)
            except Killed:
                self.flying = packet_id, qos, None  # it has the PUBREC, and goes on with PUBREL
                raise
            return kind, body
        if kind in (PUBACK, PUBCOMP):
            flying, self.flying = self.flying, None  # it has its answer, whatever comes
            self.chance.step(self.who, "got", kind)
            self.flying = flying
        return kind, body


class App(Client):
    """What it got is as a whole what was sent, if some messages that say DUP are left out in QoS 1:
    nothing else says there which of two equal ones came again."""

    def __init__(self, server, chance, user, password, topic, qos, sent):
        super().__init__(f"app{qos}", server, chance, user, password, f"app{qos}")
        self.topic, self.qos, self.sent = topic, qos, sent
        self.number, self.places = 0, {0}  # messages that it got; how many of `sent` they may be
        self.unreleased = set()  # packet ids of QoS 2 whose PUBREL has not come

    def subscribe(self):
        self.socket.sendall(packet(0x82, b"\x00\x01" + mqtt_text(self.topic) + bytes([self.qos])))
        kind, body = self.read()
        assert (kind, body) == (SUBACK, b"\x00\x01" + bytes([self.qos])), (kind, body)

    def drain(self):
        """Until it has all that was sent, and nothing is owed."""
        while len(self.sent) not in self.places or self.unreleased:
            self.go_on()

    def go_on(self):
        kind, body = self.read()
        if kind == PUBLISH:
            self.take(body)
        elif kind == PUBREL:
            self.chance.step(self.who, "got", kind)
            self.unreleased.discard(body)
            self.send(PUBCOMP, body)
        return kind

    def take(self, body):
        flags, size = body[0], struct.unpack("!H", body[1:3])[0]
        qos, dup, rest = flags >> 1 & 3, bool(flags & 8), body[3 + size :]
        number, payload = rest[:2], rest[2:]
        if qos == 1:
            self.chance.step(self.who, "got", PUBLISH)
            self.count(json.loads(payload)["params"]["n"], maybe_again=dup)
            return self.send(PUBACK, number)
        assert qos == 2, qos
        if number not in self.unreleased:
            self.unreleased.add(number)
            self.count(json.loads(payload)["params"]["n"], maybe_again=False)
            self.chance.step(self.who, "got", PUBLISH)
        else:
            assert dup, "a message that was sent before says so"
        return self.send(PUBREC, number)

    def count(self, value, maybe_again):
        self.number += 1
        on = {n + 1 for n in self.places if n < len(self.sent) and self.sent[n] == value}
        self.places = on | self.places if maybe_again else on
        assert self.places, f"{self.who}: message {self.number}, {value}, is none that was sent then"

    def expect_nothing_more(self):
        """But for what comes again in QoS 1, and a PUBREL whose answer was not heard."""
        self.socket.sendall(b"\xc0\x00")
        while self.go_on() != 0xD0:
            pass


class Clock:
    """The server's clock, which is ahead of ours."""

    LIBRARY = pathlib.Path("/usr/lib", f"{os.uname().machine}-linux-gnu", "faketime/libfaketime.so.1")

    def __init__(self, server, chance):
        if not self.LIBRARY.exists():
            raise SystemExit(f"{self.LIBRARY} is not there: apt install libfaketime")
        self.server, self.command, self.ahead_s = server, list(server.command), 0
        self.random = chance

    def pass_some(self):
        self.ahead_s += self.random.choice((0, 0, 5, 60, 1000, 3600, 3700, 3 * 3600))
        ahead = [f"LD_PRELOAD={self.LIBRARY}", f"FAKETIME=+{self.ahead_s}s", "DONT_FAKE_MONOTONIC=1"]
        self.server.command = ["env", *ahead, *self.command]


class Trial:
    def __init__(self, program, seed, clock=False):
        servers.GRIDLOOM = os.path.abspath(program)
        self.begin_ms = int(time.time() * 1000) - 1000
        limits = ("history.segment-bytes=65536", "history.head-bytes=65536")
        self.server = servers.Server(*(f"--limit={limit}" for limit in limits), demo=False)
        self.clock = Clock(self.server, random.Random(seed)) if clock else None
        self.keys = self.server.add_account("flows")
        key = self.server.add_device(SN, "flows")
        self.chance = Chance(seed, self.server)
        self.random = self.chance.random
        self.device = Device(self.server, self.chance, key)
        mqtt = self.api().data("GET", servers.CERTIFICATION)
        user, password = mqtt["certificateAccount"], mqtt["certificatePassword"]
        topic = f"/open/{user}/{SN}/quota"
        self.apps = [App(self.server, self.chance, user, password, topic, qos, self.device.sent) for qos in (1, 2)]
        for app in self.apps:
            app.connect()
            app.subscribe()
            app.leave()

    def api(self):
        return self.server.api(self.keys["accessKey"], self.keys["secretKey"])

    def alive(self, act):
        """Does it, over as many kills as it meets."""
        while True:
            try:
                return act()
            except Killed:
                for client in (self.device, *self.apps):
                    client.leave()
                if self.clock:
                    self.clock.pass_some()
                self.server.start_again()

    def report(self, count):
        values = [self.random.choice((0, 0, 1)) for _ in range(count)]
        alternate = self.random.random() < 0.5
        state = {"left": [i % 2 for i in range(count)] if alternate else values}

        def act():
            if not self.device.socket:
                self.device.connect()
                if self.device.flying:
                    self.device.finish(dup=True)
            while state["left"]:
                value = state["left"].pop(0)
                self.device.report(self.random.choice((1, 2)), value)

        self.alive(act)

    def drain(self, app):
        def act():
            if not app.socket:
                assert app.connect() == 1, "its session is there"
            app.drain()

        self.alive(act)

    def round(self):
        who = self.random.choice(("device", "device", "app1", "app2"))
        if who == "device":
            self.chance.aim("device", self.random.choice((1, 2)), self.random.randrange(1, 4))
        else:
            app = self.apps[int(who[-1]) - 1]
            if self.random.random() < 0.5 and not app.socket:
                self.drain(app)  # it is there while the device reports
            step = self.random.choice(Chance.STEPS["app", app.qos])
            self.chance.next, self.chance.left = (who, *step), self.random.randrange(1, 4)
        self.report(self.random.randrange(1, 8))
        for app in self.apps:
            if who == app.who or self.random.random() < 0.3:
                self.drain(app)
                if self.random.random() < 0.7:
                    app.leave()
        self.chance.next = None

    def check(self):
        for app in self.apps:
            self.drain(app)
            app.leave()
            assert app.connect() == 1
            app.expect_nothing_more()
            app.leave()
        query = {"fields": "n", "from": str(self.begin_ms), "to": "now"}
        (series,) = self.api().data("GET", f"/api/v1/devices/{SN}/history", query)["series"]
        there = [value for _, value in series["points"]]
        assert there == self.device.sent, f"history: {differences(there, self.device.sent)}"


def differences(there, sent):
    at = next((i for i, (a, b) in enumerate(zip(there, sent)) if a != b), min(len(there), len(sent)))
    return f"{len(there)} instead of {len(sent)}, the first difference at {at}: {there[at:at+8]}, {sent[at:at+8]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--clock", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    trial = Trial(options.program, options.seed, options.clock)
    rounds = 0
    while trial.chance.kills < options.kills:
        trial.round()
        rounds += 1
        if rounds % 10 == 0:
            trial.check()
    trial.check()
    trial.server.restart(signal.SIGTERM)
    trial.check()
    trial.server.stop()
    again = trial.apps[0].number - len(trial.device.sent)
    print(
        f"{trial.chance.kills} kills: {len(trial.device.sent)} reports, each once in history and for "
        f"both apps; {again} came again in QoS 1 where the acknowledgement was cut off"
    )
    if trial.clock:
        print(f"by the server's clock that took {trial.clock.ahead_s / 3600:.0f} hours more than here")


if __name__ == "__main__":
    main()
