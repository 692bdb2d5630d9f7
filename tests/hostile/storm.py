"""What storms the server. Each kind runs in a process of its own, told by its first argument, until
its standard input ends; then it prints one line of JSON with what it did.

    storm.py KIND SEED < facts
"""
import json
import random
import resource
import select
import socket
import struct
import sys
import threading
import time

import paths  # noqa: F401  (finds the modules of the other tests)
from http_row import ask
from mqtt_row import connect, publish, subscribe, unsubscribe
from server import LIST, QUOTA

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST, so that no port is used up by waiting


class Work:
    def __init__(self, facts, seed):
        self.facts, self.chance = facts, random.Random(seed)
        self.counts, self.stopping = {}, threading.Event()
        threading.Thread(target=self._await_end, daemon=True).start()

    def _await_end(self):
        sys.stdin.read()
        self.stopping.set()

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number

    def goes_on(self):
        return not self.stopping.is_set()

    def line(self, door, patience_s=5.0):
        """A connection, or None if there was none to be had."""
        try:
            made = socket.create_connection(tuple(self.facts[door]), patience_s)
        except OSError:
            self.count("not connected")
            return None
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        return made


def drain(line):
    """What comes until the server closes, or says nothing for a while."""
    got = b""
    try:
        while piece := line.recv(65536):
            got += piece
    except OSError:
        pass
    line.close()
    return got


def floods(work):
    """Connects as fast as this process can: some say something, none waits for an answer."""
    doors = [tuple(work.facts[door]) for door in ("http", "mqtt", "https", "mqtts")]
    hellos = [b"", b"", b"GET / HTTP/1.1\r\n\r\n", connect(4, "nobody", "x", "flood"), b"\x16\x03\x01"]
    waiting, poll = {}, select.epoll()
    while work.goes_on():
        while len(waiting) < 400:
            line = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            if line.connect_ex(work.chance.choice(doors)) not in (0, 115):
                work.count("not connected")
                line.close()
                break
            waiting[line.fileno()] = line
            poll.register(line, select.EPOLLOUT)
        for number, event in poll.poll(0.05):
            poll.unregister(number)
            line = waiting.pop(number)
            if event & (select.EPOLLERR | select.EPOLLHUP):
                work.count("not connected")
            else:
                work.count("connected")
                try:
                    line.send(work.chance.choice(hellos))
                except OSError:
                    pass
            line.close()


def logins(work):
    """Sign-ins that are none, as fast as they are answered."""
    users = [work.facts["account"], work.facts["sn"], "gateway:good", "nobody", "", "x\n[error] forged"]
    while work.goes_on():
        line = work.line("mqtt")
        if line:
            version = work.chance.choice([4, 5])
            line.sendall(connect(version, work.chance.choice(users), str(work.chance.random())))
            work.count("MQTT" if drain(line)[:1] == b"\x20" else "MQTT, unanswered")
        line = work.line("http")
        if line:
            key = work.chance.choice([work.facts["accessKey"], "AKnobody"])
            try:
                for _ in range(5):
                    line.sendall(ask("GET", LIST, access_key=key, secret="wrong")(None))
                    work.count("HTTP" if line.recv(65536).startswith(b"HTTP/1.1 200") else "HTTP, odd")
            except OSError:
                work.count("HTTP, unanswered")
            line.close()


def mutated(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 8])):
        kind, at = chance.randrange(5), chance.randrange(len(data) + 1)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[at % len(data)] = chance.randrange(256)
        elif kind == 2:
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
        elif kind == 3:
            del data[at : at + chance.randrange(1, 9)]
        elif data:
            data[at:at] = data[: chance.randrange(len(data))] * chance.choice([1, 1, 30])
    return bytes(data)


def malformed(work):
    """Mutations of good requests and packets, of one who may sign in."""
    bad, keys = work.facts["bad"], work.facts["bad"]
    topic = f"/open/{bad['account']}/{bad['sn']}/"
    while work.goes_on():
        version = work.chance.choice([4, 5])
        hello = connect(version, bad["account"], bad["password"])
        said = b"".join(
            work.chance.choice([
                publish(version, topic + "set", {"id": 1, "params": {"enabled": 1}}, first=0x32, packet_id=3),
                publish(version, topic + "get", {"id": 1, "params": {"quotas": ["pd.soc"]}}),
                publish(version, topic + "get", b"x" * 3000, first=0x34, packet_id=9),
                subscribe(version, topic + "#", topic + "quota"),
                unsubscribe(version, topic + "#"),
                b"\xc0\0", b"\x62\x02\0\x09", b"\x40\x02\0\1", b"\xe0\0", hello,
            ])
            for _ in range(work.chance.randrange(1, 8)))
        data = hello + mutated(said, work.chance) if work.chance.random() < 0.7 else mutated(hello, work.chance)
        send_pieces(work, "mqtt", data)
        body = {"sn": bad["sn"], "params": {"quotas": ["pd.soc"]}}
        form = work.chance.choice([
            ask("POST", QUOTA, body=body), ask("GET", LIST), ask("PUT", QUOTA, body=body),
            ask("POST", QUOTA, body=b"5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nX: y\r\n\r\n", length=False,
                extra=b"Transfer-Encoding: chunked\r\n"),
        ])
        request = form(Keys(keys)) * work.chance.choice([1, 1, 5])
        send_pieces(work, "http", mutated(request, work.chance))


class Keys:
    def __init__(self, facts):
        self.access_key, self.secret_key = facts["accessKey"], facts["secretKey"]


def send_pieces(work, door, data):
    line = work.line(door)
    if line is None:
        return
    line.settimeout(0.05)
    try:
        cut = work.chance.randrange(len(data) + 1)
        line.sendall(data[:cut])
        line.sendall(data[cut:])
    except OSError:
        pass
    work.count(door)
    drain(line)


def slow(work):
    """Holds many connections that never read, or never say what they began to."""
    bad, held = work.facts["bad"], []
    topic = f"/open/{bad['account']}/{bad['sn']}/#"

    def hold(door, data, what, most=1 << 16):
        line = work.line(door)
        if line is None:
            return None
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        try:
            line.send(data[:most])
        except OSError:
            pass
        held.append(line)
        work.count(what)
        return line

    pipelined = ask("GET", LIST)(Keys(bad))
    plan = [
        ("mqtt", lambda: connect(4, bad["account"], bad["password"]) + subscribe(4, topic), "deaf subscribers", 100),
        ("mqtt", lambda: connect(4, bad["account"], bad["password"]) + subscribe(4, topic) + b"\xc0\0" * 30_000,
         "pingers that do not read", 20),
        ("http", lambda: pipelined * 200, "pipelines that do not read", 100),
        ("http", lambda: b"GET /metrics HTTP/1.1\r\n\r\n" * 2500, "metrics that are not read", 30),
        ("http", lambda: pipelined[:-9], "half requests", 300),
        ("http", lambda: b"POST / HTTP/1.1\r\nContent-Length: 262144\r\n\r\n" + b"x" * 60_000, "half bodies", 100),
        ("http", lambda: b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 60_000,
         "extensions without an end", 50),
        ("mqtt", lambda: b"\x10\xff\xff\x0f\x00\x04MQTT" + b"x" * 60_000, "half CONNECTs", 100),
        ("https", lambda: b"\x16\x03\x01", "half handshakes", 300),
        ("mqtts", lambda: b"", "silent handshakes", 300),
    ]
    while work.goes_on():
        for door, data, what, count in plan:
            for _ in range(count):
                if not work.goes_on():
                    break
                hold(door, data(), what)
        work.stopping.wait(5)
        # Some go, others stay: the next round comes on top.
        work.chance.shuffle(held)
        for line in held[1000:]:
            line.close()
        del held[1000:]
    for line in held:
        line.close()


def reports(work):
    """The bad account's device reports to its deaf subscribers as fast as it can, and its app asks
    and sets without end, all at QoS 0, where nobody has to wait for an answer."""
    bad = work.facts["bad"]

    def shout(user, password, data, what):
        while work.goes_on():
            line = work.line("mqtt")
            if line is None:
                continue
            try:
                line.sendall(connect(4, user, password))
                while work.goes_on():
                    line.sendall(data * 50)
                    work.count(what, 50)
            except OSError:
                work.count(what + ", cut off")
            line.close()

    body = {"id": 1, "params": {f"field{i}": i for i in range(60)}}
    ask_all = {"id": 1, "operateType": "latestQuotas", "params": {}}
    topic = f"/open/{bad['account']}/{bad['sn']}/"
    threads = [
        threading.Thread(target=shout, args=arguments)
        for arguments in (
            (bad["sn"], bad["key"], publish(4, f"/device/{bad['sn']}/quota", body), "reports"),
            (bad["account"], bad["password"], publish(4, topic + "get", ask_all), "gets"),
            (bad["account"], bad["password"], publish(4, topic + "set", {"id": 1, "params": {"a": 1}}), "sets"),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def subscriptions(work):
    """Subscribes to as much as it may, drops it all, and begins again."""
    bad = work.facts["bad"]
    while work.goes_on():
        line = work.line("mqtt")
        if line is None:
            continue
        line.settimeout(5)
        try:
            line.sendall(connect(4, bad["account"], bad["password"]))
            for packet_id in range(1, 60):
                filters = [f"/open/{bad['account']}/+/{packet_id}/{i}/#" for i in range(64)]
                line.sendall(subscribe(4, *filters, packet_id=packet_id))
                work.count("filters", len(filters))
            line.sendall(b"\xc0\0")
            line.recv(65536)
        except OSError:
            work.count("cut off")
        line.close()


KINDS = {f.__name__: f for f in (floods, logins, malformed, slow, reports, subscriptions)}


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    facts = json.loads(sys.stdin.readline())
    work = Work(facts, f"{sys.argv[1]}-{sys.argv[2]}")
    began = time.monotonic()
    KINDS[sys.argv[1]](work)
    spent_s = time.monotonic() - began
    print(json.dumps({"counts": work.counts, "seconds": round(spent_s, 1)}), flush=True)


if __name__ == "__main__":
    main()
