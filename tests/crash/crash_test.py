"""Kills the server again and again under load, and then asks it for everything it promised.

    crash_test.py PROGRAM [--kills N] [--devices N] [--seed N]

Devices send numbered reports at QoS 1, and repeat after a crash what was not acknowledged, as a
good library does (DUP). Some have a few in flight; others send what they kept in one write, also
with timestamps in whole seconds. All but the number repeats and alternates. An app sets the devices
over HTTP, each set with a number. The server is killed (SIGKILL) after a random number of
acknowledgements, so at any moment of its work. In the end each value that was sent is in history
once and in order, the acknowledged ones after every start, and each set that was answered is in the
audit.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import socket
import struct
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tests/bad_inputs"), str(ROOT / "tests/clients")]
import server as servers  # noqa: E402
from mqtt_row import connect, publish, subscribe  # noqa: E402
from server import PATIENCE_S, Deadline  # noqa: E402

FEW, BURST = 4, 300  # reports in flight
FIELDS = {"n": lambda number: number, "switch": lambda number: number % 2, "same": lambda number: 7}


def remaining(size):
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


class Device:
    """Reports as fast as it is acknowledged, and answers sets. Its connection ends with the server
    and begins with the next one."""

    def __init__(self, sn, key, acknowledged, window, has_time):
        self.sn, self.key, self.acknowledged = sn, key, acknowledged
        self.window, self.has_time = window, has_time
        self.next, self.kept = 1, set()  # numbers; those that were acknowledged
        self.flying = collections.OrderedDict()  # packet id: (number, packet without its first byte)
        self.changed = threading.Condition()
        self.running, self.place, self.wrong = True, None, None
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        try:
            while self.running:
                with self.changed:
                    self.changed.wait_for(lambda: self.place or not self.running)
                    place = self.place
                if place:
                    self.live(place)
        except Exception as error:  # the test's thread tells it
            self.wrong = f"{self.sn}: {error!r}"
            self.acknowledged.release()

    def live(self, place):
        try:
            with socket.create_connection(place, PATIENCE_S) as line:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.sendall(connect(4, self.sn, self.key, self.sn, keepalive=0))
                line.sendall(subscribe(4, f"/device/{self.sn}/set", packet_id=0xFFFF))
                line.sendall(b"".join(b"\x3a" + rest for _, rest in self.flying.values()))
                self.talk(line)
        except (ConnectionError, EOFError):
            pass  # killed
        with self.changed:
            if self.place == place:
                self.place = None

    def talk(self, line):
        data = b""
        while True:
            with self.changed:
                if self.running and (self.window == FEW or not self.flying):
                    missing = range(self.window - len(self.flying))
                    line.sendall(b"".join(b"\x32" + self.report() for _ in missing))
                if not self.running and not self.flying:
                    self.changed.notify_all()
            piece = line.recv(65536)
            if not piece:
                raise EOFError
            data += piece
            while (size := self.whole(data)) is not None:
                self.take(line, data[0], data[:size])
                data = data[size:]

    @staticmethod
    def whole(data):
        size = shift = 0
        for at in range(1, min(5, len(data))):
            size |= (data[at] & 0x7F) << shift
            shift += 7
            if not data[at] & 0x80:
                return at + 1 + size if len(data) >= at + 1 + size else None
        return None

    def report(self):
        number, self.next = self.next, self.next + 1
        packet_id = number % 0xFFF0 + 1
        values = {name: value(number) for name, value in FIELDS.items()}
        stamp = {"timestamp": int(time.time()) * 1000} if self.has_time else {}
        payload = json.dumps({"version": "1.0", "params": {**values, "t": "x" * (number % 300)}, **stamp})
        topic = f"/device/{self.sn}/quota".encode()
        body = struct.pack("!H", len(topic)) + topic + struct.pack("!H", packet_id) + payload.encode()
        rest = remaining(len(body)) + body
        self.flying[packet_id] = number, rest
        return rest

    def take(self, line, kind, packet):
        if kind == 0x40:
            (packet_id,) = struct.unpack("!H", packet[2:4])
            with self.changed:
                number, _ = self.flying.pop(packet_id)
                self.kept.add(number)
            self.acknowledged.release()
        elif kind & 0xF0 == 0x30:
            request = json.loads(packet[packet.index(b'{"') :])  # a length may be a brace
            if kind & 0x06:
                (size,) = struct.unpack("!H", packet[2:4]) if packet[1] < 0x80 else struct.unpack("!H", packet[3:5])
                start = (2 if packet[1] < 0x80 else 3) + 2 + size
                line.sendall(b"\x40\x02" + packet[start : start + 2])
            reply = {"id": request["id"], "code": "0", "data": {"ack": 0}}
            line.sendall(publish(4, f"/device/{self.sn}/set_reply", reply))

    def go(self, place):
        with self.changed:
            self.place = place
            self.changed.notify_all()

    def finish(self):
        """Sends nothing new; returns once everything is acknowledged."""
        with self.changed:
            self.running = False
            self.changed.notify_all()
            if not self.changed.wait_for(lambda: not self.flying or self.wrong, PATIENCE_S):
                raise AssertionError(f"{self.sn}: never acknowledged: {list(self.flying)}")


class App:
    """Sets the devices, one after another, and knows which sets were answered."""

    def __init__(self, devices):
        self.devices, self.answered, self.next = devices, set(), 1
        self.api, self.running = None, True
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while self.running:
            with self.changed:
                self.changed.wait_for(lambda: self.api or not self.running)
                api, number, self.next = self.api, self.next, self.next + 1
            if not api:
                continue
            try:
                device = self.devices[number % len(self.devices)]
                answer = api.set(device.sn, operateType="mark", params={"number": number})
                if answer.get("code") == "0":
                    self.answered.add(number)
            except (OSError, ValueError, servers.http.client.HTTPException):
                with self.changed:
                    if self.api is api:
                        self.api = None  # killed

    def go(self, api):
        with self.changed:
            self.api = api
            self.changed.notify_all()

    def finish(self):
        self.running = False
        self.go(None)
        self.thread.join(PATIENCE_S)


def numbers_in_history(api, sn, begin_ms, to="now"):
    """The numbers of the reports, in order; all other values have to fit to them."""
    query = {"fields": ",".join(FIELDS), "from": str(begin_ms), "to": to}
    answer = api.call("GET", f"/api/v1/devices/{sn}/history", query)
    if "has not reported such a field" in answer["message"]:
        return []  # no report of the device has come yet
    assert answer["code"] == "0", answer
    series = answer["data"]["series"]
    numbers = [value for _, value in series[0]["points"]]
    for field in series:
        times = [at for at, _ in field["points"]]
        assert times == sorted(times), f"{sn}: times of {field['field']} decrease"
        expected = [FIELDS[field["field"]](number) for number in numbers]
        assert [value for _, value in field["points"]] == expected, f"{sn}: other values of {field['field']}"
    return numbers


def check(api, devices, begin_ms, everything):
    for device in devices:
        with device.changed:
            kept = set(device.kept)
        there = numbers_in_history(api, device.sn, begin_ms)
        doubled = [n for n, times in collections.Counter(there).items() if times > 1]
        assert not doubled, f"{device.sn}: more than once in history: {doubled[:10]}"
        assert there == sorted(there), f"{device.sn}: in another order"
        lost = kept - set(there)
        assert not lost, f"{device.sn}: acknowledged and lost: {sorted(lost)[:10]}"
        if everything:
            assert kept == set(there) == set(range(1, device.next)), f"{device.sn}: not what was sent"


def audited(server):
    # Also what a clock has recorded that was wrong.
    told = server.cli("audit", "--what", "set", "--limit", "100000", "--json", "--from", "2000-01-01", "--to", "+7d")
    assert told.returncode == 0, told.stderr
    return collections.Counter(json.loads(line)["message"]["params"]["number"] for line in told.stdout.splitlines())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    servers.GRIDLOOM = os.path.abspath(options.program)
    begin_ms = int(time.time() * 1000) - 1000
    # Small bounds, so that segments end and hours are stored in parts while we look.
    server = servers.Server(
        *(f"--limit={limit}" for limit in ("history.segment-bytes=65536", "history.head-bytes=65536")),
        demo=False,
    )
    keys = server.add_account("crash")
    acknowledged = threading.Semaphore(0)
    devices = []
    for number in range(options.devices):
        sn = f"CRASH{number:03}"
        window = BURST if number % 2 else FEW
        devices.append(Device(sn, server.add_device(sn, "crash"), acknowledged, window, number % 3 == 1))
    app = App(devices)
    for kill in range(options.kills + 1):
        api = server.api(keys["accessKey"], keys["secretKey"])
        if kill % 10 == 0:
            check(api, devices, begin_ms, everything=False)
        for device in devices:
            device.go(server.place("mqtt"))
        app.go(api)
        for _ in range(chance.choice((1, 20, 300, 1000, 3000))):
            if not acknowledged.acquire(timeout=PATIENCE_S):
                raise AssertionError(f"nothing is acknowledged any more\n{server.log_text()}")
        broken = [device.wrong for device in devices if device.wrong]
        assert not broken, broken
        if kill < options.kills:
            server.restart(signal.SIGKILL)
    app.finish()
    for device in devices:
        device.finish()
    server.restart(signal.SIGKILL)
    api = server.api(keys["accessKey"], keys["secretKey"])
    check(api, devices, begin_ms, everything=True)
    lost = app.answered - set(audited(server))
    assert not lost, f"answered sets that are not in the audit: {sorted(lost)[:10]}"
    server.restart(signal.SIGTERM)
    check(server.api(keys["accessKey"], keys["secretKey"]), devices, begin_ms, everything=True)
    server.stop()
    reports = sum(len(device.kept) for device in devices)
    print(f"{options.kills} kills: {reports} reports and {len(app.answered)} sets, none lost, none doubled")
    assert app.answered, "no set was answered"


if __name__ == "__main__":
    main()
