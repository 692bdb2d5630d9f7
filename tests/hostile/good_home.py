"""The well-behaved device and app that must lose nothing while others storm the server.

    good_home.py < facts      until its standard input ends; then one line of JSON: what was lost

The device sends numbered reports at QoS 1, one in flight, and answers every set. The app has a
subscription at QoS 1 and checks that every number comes once and in order; it reads and sets over
signed HTTP, and sets over MQTT, and awaits each answer. Every connection has a thread of its own.
"""
import json
import socket
import struct
import sys
import threading
import time

import paths  # noqa: F401  (finds the modules of the other tests)
import server
from mqtt_row import connect, publish, subscribe
from server import QUOTA, Api

# Long: what is lost stays lost, and a machine with much beside makes an answer late. How late is bench/neighbours'.
PATIENCE_S = server.PATIENCE_S = 120
PAUSE_S = 0.01
QUIET = {"moduleType": 5, "operateType": "quietMode"}


class Line:
    """One MQTT 3.1.1 connection, read packet by packet."""

    def __init__(self, place, user, password, client_id):
        self.socket = socket.create_connection(tuple(place), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data, self.lock = b"", threading.Lock()
        self.send(connect(4, user, password, client_id, keepalive=0))
        if self.read() != (0x20, b"\0\0"):
            raise AssertionError(f"{client_id} may not sign in")
        self.socket.settimeout(None)  # silence is no loss; who awaits something has a deadline

    def send(self, data):
        with self.lock:
            self.socket.sendall(data)

    def subscribe(self, topic):
        self.send(subscribe(4, topic, packet_id=1))
        while self.read()[0] != 0x90:
            pass

    def read(self):
        while True:
            size, start = 0, 1
            for start in range(1, min(5, len(self.data))):
                size |= (self.data[start] & 0x7F) << (7 * (start - 1))
                if not self.data[start] & 0x80:
                    whole = start + 1 + size
                    if len(self.data) >= whole:
                        found = self.data[0], self.data[start + 1 : whole]
                        self.data = self.data[whole:]
                        return found
                    break
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError("the server closed a good connection")
            self.data += piece

    def message(self):
        """(topic, packet id, parsed payload) of the next PUBLISH, acknowledged; others are skipped
        and given to `other`."""
        while True:
            kind, body = self.read()
            if kind & 0xF0 != 0x30:
                self.other(kind, body)
                continue
            (size,) = struct.unpack("!H", body[:2])
            topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
            if kind & 0x06:
                self.send(b"\x40\x02" + rest[:2])
                rest = rest[2:]
            return topic, json.loads(rest)

    def other(self, kind, body):
        pass


class Tally:
    def __init__(self):
        self.stopping = threading.Event()
        self.errors, self.counts, self.worst_ms = [], {}, {}
        self.lock = threading.Lock()

    def count(self, what, since=None):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1
            if since is not None:
                spent = (time.monotonic() - since) * 1000
                self.worst_ms[what] = max(self.worst_ms.get(what, 0), spent)

    def wrong(self, what):
        with self.lock:
            self.errors.append(what)
        self.stopping.set()


class Device(Line):
    """Reports from one thread; another reads what comes: sets, and the PUBACKs of the reports."""

    def __init__(self, facts, tally):
        super().__init__(facts["mqtt"], facts["sn"], facts["key"], "good-device")
        self.sn, self.tally, self.acked = facts["sn"], tally, threading.Semaphore(0)
        self.subscribe(f"/device/{self.sn}/set")

    def other(self, kind, body):
        if kind == 0x40:
            self.acked.release()

    def answer_sets(self):
        while True:
            _, request = self.message()
            reply = {**request, "code": "0", "data": {"ack": 0}}
            reply.pop("params", None)
            self.send(publish(4, f"/device/{self.sn}/set_reply", reply))

    def report(self):
        number = 0
        while not self.tally.stopping.is_set():
            number += 1
            body = {"id": number, "version": "1.0", "typeCode": "pdStatus", "params": {"number": number}}
            since = time.monotonic()
            self.send(publish(4, f"/device/{self.sn}/quota", body, first=0x32,
                              packet_id=1 + number % 60_000))
            if not self.acked.acquire(timeout=PATIENCE_S):
                raise AssertionError(f"report {number} was not acknowledged in {PATIENCE_S} s")
            self.tally.count("reports", since)
            time.sleep(PAUSE_S)
        return number


class App(Line):
    def __init__(self, facts, tally):
        super().__init__(facts["mqtt"], facts["account"], facts["password"], "good-app")
        self.topic = f"/open/{facts['account']}/{facts['sn']}/"
        self.tally, self.last, self.replied = tally, 0, {}
        self.changed = threading.Condition()
        self.subscribe(self.topic + "quota")
        self.subscribe(self.topic + "set_reply")

    def listen(self):
        while True:
            topic, body = self.message()
            with self.changed:
                if topic.endswith("/quota"):
                    if body["id"] != self.last + 1:
                        raise AssertionError(f"report {body['id']} came after {self.last}")
                    self.last = body["id"]
                else:
                    self.replied[str(body.get("id"))] = body
                self.changed.notify_all()

    def await_(self, look, what):
        with self.changed:
            if not self.changed.wait_for(look, PATIENCE_S):
                raise AssertionError(f"{what} did not come in {PATIENCE_S} s")

    def set(self):
        number = 0
        while not self.tally.stopping.is_set():
            number += 1
            name, since = f"app-{number}", time.monotonic()
            self.send(publish(4, self.topic + "set", {"id": name, "version": "1.0", **QUIET,
                                                      "params": {"enabled": number % 2}}))
            self.await_(lambda name=name: name in self.replied, f"the reply to set {name}")
            if self.replied.pop(name).get("code") != "0":
                raise AssertionError(f"set {name} was refused")
            self.tally.count("sets over MQTT", since)
            time.sleep(5 * PAUSE_S)


def call(facts, tally):
    """Each call opens a connection of its own: a storm must not shut the door."""
    api = Api(facts["http"], facts["accessKey"], facts["secretKey"])
    while not tally.stopping.is_set():
        since = time.monotonic()
        answer = api.set(facts["sn"], **QUIET, params={"enabled": 1})
        if answer.get("code") != "0":
            raise AssertionError(f"a set over HTTP: {answer}")
        tally.count("sets over HTTP", since)
        since = time.monotonic()
        api.data("POST", QUOTA, body={"sn": facts["sn"], "params": {"quotas": ["pd.number"]}})
        tally.count("reads", since)
        time.sleep(5 * PAUSE_S)


def run(tally, what, work):
    def guarded():
        try:
            work()
        except Exception as wrong:  # whatever it is, it is a loss
            if not tally.done:
                tally.wrong(f"{what}: {wrong!r}")

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    return thread


def main():
    facts, tally = json.loads(sys.stdin.readline()), Tally()
    tally.done = False
    app, device = App(facts, tally), Device(facts, tally)
    run(tally, "the app's subscription", app.listen)
    run(tally, "the device's sets", device.answer_sets)
    workers = [
        run(tally, "reports", device.report),
        run(tally, "sets over MQTT", app.set),
        run(tally, "HTTP", lambda: call(facts, tally)),
    ]
    print("ready", flush=True)
    sys.stdin.read()
    tally.stopping.set()
    for worker in workers:
        worker.join(2 * PATIENCE_S)
    sent = tally.counts.get("reports", 0)
    try:
        app.await_(lambda: app.last == sent, f"the last of {sent} reports")
    except AssertionError as wrong:
        tally.wrong(f"{wrong}; {app.last} came")
    tally.done = True
    print(json.dumps({"errors": tally.errors, "counts": tally.counts,
                      "worst_ms": {k: round(v) for k, v in tally.worst_ms.items()}}), flush=True)


if __name__ == "__main__":
    main()
