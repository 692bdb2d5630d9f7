"""The clients of bench/neighbours. Each runs in a process of its own: `neighbour_roles.py ROLE < facts`.

`dora` is the neighbour whose waits are measured; `newcomer` is her device that connects anew. The others
are attacks of `evil`: each says a line of JSON with its counts five times a second, `ready` among them once
it is at full work, and goes on until it is killed. evil's connections come from an address of their own.
"""
import contextlib
import http.server
import json
import os
import pathlib
import random
import resource
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/hostile"))
sys.dont_write_bytecode = True
import storm  # noqa: E402  (it finds the modules of the other tests)
from good_home import Line  # noqa: E402
from http_row import ask  # noqa: E402
from mqtt_row import connect, data, number, publish, subscribe  # noqa: E402
from programs import free_port  # noqa: E402
from server import QUOTA, QUOTA_ALL, Api  # noqa: E402

EVIL_ADDRESS = "127.0.0.66"
PERIOD_S = 0.02  # between an answer and dora's next request
HISTORY_PERIOD_S = 0.5
PATIENCE_S = 15
CALL_PATIENCE_S = 3
NEWCOMER_LATENCY_S = 0.05  # of a slow line, between a connection and its first packet
MOST_NEW = 100  # connections that are begun in one turn of the loop
SESSIONS, FILTERS, FILTERS_A_PACKET = 200, 2048, 64
STRANGERS = 10_000
HISTORY_REQUESTS = 280
HISTORY_FIELDS, HISTORY_HOURS, HISTORY_REPORTS = 64, 24, 4000
QUIET_STREAMS, UNREAD_STREAMS = 3000, 200
CHANGES_PERIOD_S = 0.3
COPYING_PAIRS = 4
LIST_BYTES = 60_000_000  # of a vendor
TRICKLE_BYTES, TRICKLE_PERIOD_S = 1000, 0.01  # of a receiver's answer


# --- the neighbour ---


class Waits:
    """What dora waited for: (kind, begun, ended, whether it was answered well), by the monotonic clock,
    which all processes of a machine share."""

    def __init__(self):
        self.rows, self.stopping = [], threading.Event()
        self.missing = set()  # kinds without an answer so far

    def repeat(self, kind, period_s, open_line, once):
        """Calls `once` with a connection that lives as long as it is of use."""
        with contextlib.ExitStack() as stack:
            line = None
            while not self.stopping.is_set():
                begun, good = time.monotonic(), True
                try:
                    line = line or stack.enter_context(contextlib.closing(open_line()))
                    good = once(line)
                except (OSError, EOFError, AssertionError):
                    line, good = None, False
                    stack.close()
                self.rows.append((kind, begun, time.monotonic(), good))
                if kind in self.missing:
                    self.missing.discard(kind)
                    if not self.missing:
                        print(json.dumps({"ready": True}), flush=True)
                time.sleep(period_s)


class HttpLine:
    """A keep-alive connection that sends what ask() made and reads the answer to its end."""

    def __init__(self, place):
        self.socket = socket.create_connection(place, PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def call(self, request):
        """(status, body). A body in chunks is joined."""
        self.socket.sendall(request)
        status, size = int(self._line().split()[1]), 0
        while header := self._line().lower():
            if header.startswith(b"content-length:"):
                size = int(header.split(b":")[1])
            elif header.startswith(b"transfer-encoding:"):
                size = None
        if size is not None:
            return status, self.file.read(size)
        body = b""
        while piece := int(self._line(), 16):
            body += self.file.read(piece)
            self._line()
        self._line()
        return status, body

    def _line(self):
        line = self.file.readline()
        if not line:
            raise EOFError("the server closed the connection")
        return line.rstrip(b"\r\n")

    def close(self):
        self.file.close()
        self.socket.close()


def is_success(answer):
    return answer[0] == 200 and json.loads(answer[1])["code"] == "0"


def keys_of(facts, who):
    return Api(f"http://{facts['http'][0]}:{facts['http'][1]}", facts[who]["accessKey"], facts[who]["secretKey"])


def dora(facts):
    """Reads and reports until the standard input ends; then prints its waits."""
    mine, keys, waits = facts["dora"], keys_of(facts, "dora"), Waits()
    numbers = iter(range(1, 1 << 40))
    read = ask("GET", QUOTA_ALL, f"sn={mine['sn']}")
    history = ask("GET", f"/api/v1/devices/{mine['sn']}/history", "fields=power&from=-1h&step=1m")

    def report(line):
        value = next(numbers)
        line.send(publish(4, f"/device/{mine['sn']}/quota", {"id": value, "params": {"power": value}},
                          first=0x32, packet_id=value % 60_000 + 1))
        while line.read()[0] != 0x40:
            pass
        return True

    def open_device():
        line = Line(facts["mqtt"], mine["sn"], mine["key"], "dora-device")
        line.socket.settimeout(PATIENCE_S)
        line.close = line.socket.close
        return line

    def open_http():
        return HttpLine(tuple(facts["http"]))

    plan = [
        ("read", PERIOD_S, open_http, lambda line: is_success(line.call(read(keys)))),
        ("report", PERIOD_S, open_device, report),
    ]
    if facts.get("asks_history"):
        plan.append(("history", HISTORY_PERIOD_S, open_http, lambda line: is_success(line.call(history(keys)))))
    waits.missing = {row[0] for row in plan}
    threads = [threading.Thread(target=waits.repeat, args=row) for row in plan]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    waits.stopping.set()
    for thread in threads:
        thread.join()
    print(json.dumps(waits.rows), flush=True)


def newcomer(facts):
    """dora's device connects 20 times, each time anew, on a slow line: how often it was let in."""
    mine, came_in = facts["dora"], 0
    for attempt in range(facts["attempts"]):
        begun = time.monotonic()
        try:
            with socket.create_connection(tuple(facts["mqtt"]), CALL_PATIENCE_S) as line:
                line.settimeout(CALL_PATIENCE_S)
                time.sleep(NEWCOMER_LATENCY_S)
                line.sendall(connect(4, mine["sn"], mine["key"], f"new-{attempt}"))
                came_in += line.recv(4) == b"\x20\x02\0\0"
        except OSError:
            pass
        time.sleep(max(0, facts["every_s"] - (time.monotonic() - begun)))
    print(json.dumps({"came_in": came_in}), flush=True)


# --- evil's connections ---


class Attack(storm.Work):
    def __init__(self, facts):
        super().__init__(facts, "neighbours")
        self.evil = facts["evil"]
        threading.Thread(target=self._tell, daemon=True).start()

    def _tell(self):
        while True:
            time.sleep(0.2)
            print(json.dumps(dict(self.counts)), flush=True)

    def ready(self):
        self.counts["ready"] = True

    def begin(self, door):
        """A connection under way."""
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, storm.RESET)
        line.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        line.bind((EVIL_ADDRESS, 0))
        line.connect_ex(tuple(self.facts[door]))
        return line


class Crowd:
    """Many connections in one thread. Each sends what `says(number)` gives, (listener, bytes); one that the
    server ends is begun anew with the next number. `on_data(bytes)` says what a connection does that was
    answered: "again" sends its bytes once more, "renew" begins anew, None holds it. `endless` bytes are sent
    behind the first without end. A crowd that does not `read` leaves in the kernel what comes."""

    def __init__(self, attack, size, says, on_data=lambda data: None, endless=b"", reads=True):
        self.attack, self.size, self.says, self.on_data = attack, size, says, on_data
        self.endless, self.reads = endless, reads
        self.lines, self.poll, self.next, self.said = {}, select.epoll(), 0, 0

    def run(self):
        while self.attack.goes_on():
            for _ in range(min(MOST_NEW, self.size - len(self.lines))):
                self.add()
            for at, event in self.poll.poll(0.02):
                self.handle(at, event)
            if self.said >= self.size:
                self.attack.ready()

    def add(self):
        door, hello = self.says(self.next)
        self.next += 1
        try:
            line = self.attack.begin(door)
        except OSError:
            self.attack.count("no connection to be had")
            return
        self.lines[line.fileno()] = [line, hello, memoryview(hello), False]
        self.poll.register(line, select.EPOLLOUT | select.EPOLLRDHUP)

    def drop(self, at):
        line = self.lines.pop(at)[0]
        self.poll.unregister(at)
        line.close()

    def handle(self, at, event):
        try:
            if event & (select.EPOLLERR | select.EPOLLHUP) and not event & select.EPOLLIN:
                raise ConnectionResetError
            if event & select.EPOLLIN:
                self.take(at)
            if at in self.lines and event & select.EPOLLOUT:
                self.send(at)
            if at in self.lines and event & select.EPOLLRDHUP and not event & select.EPOLLIN:
                raise ConnectionResetError
        except OSError:
            self.attack.count("closed by the server")
            if at in self.lines:
                self.drop(at)

    def take(self, at):
        row = self.lines[at]
        got = row[0].recv(1 << 18)
        if not got:
            raise ConnectionResetError
        what = self.on_data(got)
        if what == "renew":
            self.drop(at)
        elif what == "again":
            row[2] = memoryview(row[1])
            self.send(at)

    def send(self, at):
        row = self.lines[at]
        sent = row[0].send(row[2]) if row[2] else 0
        row[2] = row[2][sent:]
        if not row[2]:
            if not row[3]:
                row[3] = True
                self.said += 1
            if self.endless:
                row[2] = memoryview(self.endless)
                self.attack.count("bursts")
        wants = select.EPOLLRDHUP | (select.EPOLLIN if self.reads else 0) | (select.EPOLLOUT if row[2] else 0)
        self.poll.modify(at, wants)


# --- the attacks ---


def dear_bodies():
    """Three bodies of about 8 KB that cost much to flatten and to sort: a name of many steps before thousands
    of elements, objects in objects around elements, and names that every order of sorting puts elsewhere."""
    dotted = '{"%s":[%s]}' % (".".join("b" * 119), ",".join("1" * 4000))
    nested = '{"a":' * 30 + "[" + ",".join("1" * 3900) + "]" + "}" * 30
    chance = random.Random(8)
    names = [f"n{chance.randrange(1 << 16)}[{i}]" for i in range(240)]
    mixed = json.dumps({"params": {name: {"z": i, "a.b": i} for i, name in enumerate(names)}})
    return [body.encode() for body in (dotted, nested, mixed)]


def wrong_signatures(attack):
    bodies = dear_bodies()
    wrong = {"sign": "0" * 64}

    def says(at):
        body = bodies[at % len(bodies)]
        return "http", ask("PUT", QUOTA, body=body, signs="", instead=wrong)(keys_of(attack.facts, "evil"))

    def on_data(got):
        refused = got.startswith(b"HTTP/1.1 429")
        attack.count("refused unread" if refused else "answered")
        return "again"

    Crowd(attack, 24, says, on_data).run()


def evil_hello(attack, client_id):
    return connect(4, attack.evil["account"], attack.evil["password"], client_id, keepalive=0)


def filters_of(attack):
    """The filters of one session, all with wildcards; four of them match each report."""
    begin = f"/open/{attack.evil['account']}/"
    match = [begin + "#", begin + "+/#", begin + "+/quota", begin + attack.evil["sn"] + "/#"]
    return match + [f"{begin}+/+/part{i}/+" for i in range(FILTERS - len(match))]


def sessions(attack, reads):
    filters = filters_of(attack)
    said = b"".join(subscribe(4, *filters[at : at + FILTERS_A_PACKET], packet_id=at + 1, options=0)
                    for at in range(0, FILTERS, FILTERS_A_PACKET))

    def on_data(got):
        attack.count("bytes read", len(got))

    Crowd(attack, SESSIONS, lambda at: ("mqtt", evil_hello(attack, f"wild-{at}") + said), on_data, reads=reads).run()


def small_report(attack, value=1):
    return publish(4, f"/device/{attack.evil['sn']}/quota", {"params": {"power": value}})


def device_hello(attack, client_id, version=4, **more):
    return connect(version, attack.evil["sn"], attack.evil["key"], client_id, keepalive=0, **more)


def publications(attack, connections):
    burst = b"".join(small_report(attack, i) for i in range(50))
    Crowd(attack, connections, lambda at: ("mqtt", device_hello(attack, f"flood-{at}")), endless=burst).run()


def fill_history(attack):
    """A day of reports with many fields, whose times the device tells; ends by itself."""
    chance, now_ms = random.Random(3), time.time_ns() // 1_000_000
    line = Line(attack.facts["mqtt"], attack.evil["sn"], attack.evil["key"], "fill")
    distance_ms = HISTORY_HOURS * 3_600_000 // (HISTORY_REPORTS + 20)
    for i in range(HISTORY_REPORTS):
        params = {f"field{n}": chance.randrange(1 << 30) for n in range(HISTORY_FIELDS)}
        last = i == HISTORY_REPORTS - 1 or i % 500 == 499
        line.send(publish(4, f"/device/{attack.evil['sn']}/quota",
                          {"id": i, "params": params, "timestamp": now_ms - (HISTORY_REPORTS - i) * distance_ms},
                          first=0x32 if last else 0x30, packet_id=1 if last else None))
        while last and line.read()[0] != 0x40:
            pass


def history(attack):
    keys = keys_of(attack.facts, "evil")
    names = ",".join(f"field{n}" for n in range(32))

    def says(at):
        query = f"fields={names}&from=-{HISTORY_HOURS - at % 3}h"
        path = f"/api/v1/devices/{attack.evil['sn']}/history"
        return "http", ask("GET", path, query, extra=b"Connection: close\r\n")(keys)

    def on_data(got):
        attack.count("refused" if got.startswith(b"HTTP/1.1 503") else "parts of answers")

    Crowd(attack, HISTORY_REQUESTS, says, on_data).run()


def sign_ins(attack):
    def on_data(got):
        attack.count("signed in" if got == b"\x20\x02\0\0" else "refused")
        return "renew"

    Crowd(attack, 64, lambda at: ("mqtt", evil_hello(attack, f"storm-{at:08}")), on_data).run()


def strangers(attack):
    """Each has said the beginning of something, or nothing, and waits."""
    begun = [("http", b"GET /healthz HTTP/1.1\r\nHost: "), ("https", b"\x16\x03\x01"),
             ("mqtt", b"\x10"), ("mqtts", b"")]
    Crowd(attack, attack.facts["strangers"], lambda at: begun[at % 4]).run()


def half_said(attack):
    """CONNECTs and bodies of 250 KB whose last bytes never come."""
    hello = connect(4, "nobody", "v" * 60_000, "x", will=data("/t") + data("w" * 60_000), tail=b"t" * 130_000)
    body = b"POST " + QUOTA.encode() + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 262144\r\n\r\n" + b"{" * 250_000
    Crowd(attack, 1000, lambda at: ("mqtt", hello[:-9]) if at % 2 else ("http", body)).run()


def kept_sessions(attack):
    """Twenty sessions that outlive their connection, then messages for them with 240 KB of properties each."""
    expiry = b"\x11" + struct.pack("!I", 604_800)
    topic = f"/open/{attack.evil['account']}/{attack.evil['sn']}/set_reply"
    for at in range(20):
        with socket.create_connection(tuple(attack.facts["mqtt"]), PATIENCE_S) as line:
            line.sendall(connect(5, attack.evil["account"], attack.evil["password"], f"kept-{at}", flags=0xC2,
                                 props=(expiry,)) + subscribe(5, topic, options=1) + b"\xc0\0")
            while b"\xd0\0" not in line.recv(65536):
                pass
    attack.ready()
    big = tuple(b"\x26" + data("k") + data("v" * 60_000) for _ in range(4))
    while attack.goes_on():
        try:
            send_big(attack, big)
        except OSError:
            attack.count("cut off")


def send_big(attack, properties):
    """Eight messages at a time, as long as the server acknowledges them."""
    with socket.create_connection(tuple(attack.facts["mqtt"]), 60) as line:
        line.sendall(device_hello(attack, "sender", version=5, props=(b"\x17\x00",)))  # no reasons in PUBACKs
        line.recv(4096)
        while attack.goes_on():
            for packet_id in range(1, 9):
                line.sendall(publish(5, f"/device/{attack.evil['sn']}/set_reply", b"x", first=0x32,
                                     packet_id=packet_id, props=properties))
            answered = 0
            while answered < 8 * 4:
                got = len(line.recv(4096))
                if not got:
                    raise ConnectionResetError
                answered += got
            attack.count("messages", 8)


def places(attack):
    """Takes more connections than the listener has places, and again each that it loses."""
    def on_data(got):
        attack.count("signed in" if got == b"\x20\x02\0\0" else "refused")

    def says(at):
        return "mqtt", connect(4, "gateway:evil", attack.evil["gatewayKey"], f"place-{at}", keepalive=0)

    Crowd(attack, attack.facts["places"], says, on_data).run()


# --- the attacks: the live stream and the API for programs ---


def frames(*messages):
    """Text frames of a client, with a mask of zeros."""
    out = b""
    for message in messages:
        text = json.dumps(message, separators=(",", ":")).encode()
        long = struct.pack("!BH", 0x80 | 126, len(text)) if len(text) > 125 else bytes([0x80 | len(text)])
        out += b"\x81" + long + bytes(4) + text
    return out


def bearer(attack):
    return b"Authorization: Bearer " + attack.evil["token"].encode() + b"\r\n"


def live_hello(attack):
    """Opens the live stream; frames may follow at once."""
    return (b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: gridloom.live.1\r\n" + bearer(attack) + b"\r\n")


def watch(at, sn):
    return {"t": "sub", "id": at, "topic": "device", "sn": sn}


def live(attack, size, said=b"", endless=b"", reads=True):
    def on_data(got):
        attack.count("bytes read", len(got))

    Crowd(attack, size, lambda at: ("http", live_hello(attack) + said), on_data, endless=endless, reads=reads).run()


def hellos(attack):
    live(attack, 4, endless=frames({"t": "hello"}) * 3400)


def home_viewers(attack):
    live(attack, 300, frames({"t": "sub", "id": 1, "topic": "home", "every": 60_000}))


def subscription_storm(attack):
    live(attack, 2, endless=frames(*(watch(1, sn) for sn in attack.evil["devices"])))


def home_storm(attack):
    live(attack, 2, endless=frames(*({"t": "sub", "id": i, "topic": "home"} for i in range(250))))


def quiet_streams(attack):
    subscriptions = frames(*(watch(at, sn) for at, sn in enumerate(attack.evil["devices"])))
    live(attack, min(QUIET_STREAMS, attack.facts["strangers"]), subscriptions)


def unread_streams(attack):
    live(attack, UNREAD_STREAMS, frames(*(watch(at, sn) for at, sn in enumerate(attack.evil["devices"]))), reads=False)


def evil_devices(attack, reports, qos):
    """Connections of evil's further devices that publish what reports(sn) gives."""
    flags = 0x30 | qos << 1
    lines = []
    for sn, key in attack.evil["devices"].items():
        line = Line(attack.facts["mqtt"], sn, key, sn)
        lines.append((line, [publish(4, f"/device/{sn}/quota", {"params": report}, first=flags,
                                     packet_id=at + 1 if qos else None) for at, report in enumerate(reports(sn))]))
    return lines


def changing_values(attack):
    names = [f"value_number_{i:03}" for i in range(500)]
    lines = evil_devices(attack, lambda sn: [{name: at * 1.5 + i for i, name in enumerate(names)} for at in range(64)],
                         qos=0)
    attack.ready()
    at = 0
    while attack.goes_on():
        at += 1
        for line, packets in lines:
            line.send(packets[at % len(packets)])
            attack.count("reports")
        time.sleep(CHANGES_PERIOD_S)


def big_reports(attack):
    """As fast as they are taken; the acknowledgements are read and dropped."""
    report = {f"name_of_value_number_{i:05}{'x' * 8}": 1.5 for i in range(1000)}
    keys = list(attack.evil["devices"].items())
    flood = {sn: b"".join(publish(4, f"/device/{sn}/quota", {"params": report}, first=0x32, packet_id=i + 1)
                          for i in range(5)) for sn, _ in keys}
    for sn, key in keys[1:]:
        threading.Thread(target=big_report_line, args=(attack, sn, key, flood[sn]), daemon=True).start()
    big_report_line(attack, *keys[0], flood[keys[0][0]])


def big_report_line(attack, sn, key, burst):
    hello = connect(4, sn, key, sn, keepalive=0)
    Crowd(attack, 1, lambda at: ("mqtt", hello), endless=burst).run()


def requests_of(attack, path, size):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + bearer(attack) + b"\r\n"

    def on_data(got):
        attack.count("bytes read", len(got))

    Crowd(attack, size, lambda at: ("http", request), on_data, endless=request * 20).run()


def copies(attack):
    """The control of what the kernel copies: evil's bytes go through sockets of its own, and none to the server."""
    def copy(line):
        while attack.goes_on():
            attack.count("bytes read", len(line.recv(1 << 16)))

    def fill(line):
        while attack.goes_on():
            line.sendall(bytes(1 << 16))

    with socket.create_server((EVIL_ADDRESS, 0)) as listener:
        for _ in range(COPYING_PAIRS):
            for work, line in ((copy, socket.create_connection(listener.getsockname())), (fill, listener.accept()[0])):
                threading.Thread(target=work, args=(line,), daemon=True).start()
    attack.ready()
    while attack.goes_on():
        time.sleep(0.1)


def bodies(attack):
    """JSON that is dear to parse, for a sign-in that nobody is known by."""
    body = b'{"a":[' + b",".join([b"1"] * 127_000) + b"]}"
    head = (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n")

    def on_data(got):
        attack.count("refused unread" if got.startswith(b"HTTP/1.1 429") else "answered")
        return "again"

    Crowd(attack, 2, lambda at: ("http", head + body), on_data).run()


# --- the attacks: the peers of evil's bridges, and who is in the house with it ---


def bridge(attack, kind, *options, secret=None):
    """Adds a bridge of evil's. `secret`: the option that names a file, and its content."""
    with tempfile.NamedTemporaryFile("w") as file:
        if secret:
            options += secret[0], file.name
            print(secret[1], file=file, flush=True)
        subprocess.run([attack.facts["program"], "bridge", "add", kind, "--account", "evil", "--data", attack.facts["data"],
                        *options], check=True, stdout=subprocess.DEVNULL)  # fmt: skip


def listen(serve):
    """Calls serve(connection) in a thread of each; the port."""
    door = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return door.getsockname()[1]


def answers(attack, what, pieces):
    """An HTTP server that answers each request with these pieces of a body, as far as they are taken; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            attack.count(what)
            self.send_response(200)
            self.send_header("Content-Length", str(LIST_BYTES))
            self.end_headers()
            with contextlib.suppress(OSError):
                for piece in pieces():
                    self.wfile.write(piece)
            self.close_connection = True

        do_POST = do_GET

        def log_message(self, *_):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made.server_port


def trickle():
    while True:
        time.sleep(TRICKLE_PERIOD_S)
        yield bytes(TRICKLE_BYTES)


def bridge_peers(attack):
    """A vendor whose answers are lists of 60 MB, a broker that takes sessions and reads nothing, a receiver whose
    answers do not end; evil's device comes and goes, so that the receiver is called."""
    whole = b'{"code":"0","data":[' + b"1," * (LIST_BYTES // 2 - 12) + b"1]}"

    def broker(line):
        line.recv(1 << 10)
        line.sendall(b"\x20\x02\0\0")
        attack.count("sessions")
        attack.stopping.wait()

    bridge(attack, "mirror", "--host", f"http://127.0.0.1:{answers(attack, 'lists', lambda: [whole])}",
           "--access-key", "a1b2c3d4e5f6a7b8", "--request-pause-ms", "100", secret=("--secret-key-file", "vendorsecret1234"))
    bridge(attack, "mqtt", "--broker", f"mqtt://127.0.0.1:{listen(broker)}")
    bridge(attack, "webhook", "--url", f"http://127.0.0.1:{answers(attack, 'calls', trickle)}/")
    attack.ready()
    while attack.goes_on():
        with contextlib.suppress(OSError, EOFError, AssertionError):
            Line(attack.facts["mqtt"], attack.evil["sn"], attack.evil["key"], "visitor").socket.close()
            attack.count("visits")
        time.sleep(0.5)


def house_guests(attack):
    """At evil's NUT server wrong passwords, and at its emulated meter polls, as fast as they are answered."""
    nut, meter = free_port(), free_port()
    bridge(attack, "nut", "--listen", f"127.0.0.1:{nut}", "--user", "ups", secret=("--password-file", "right-password"))
    bridge(attack, "meter", "--as", "ecotracker", "--listen", f"127.0.0.1:{meter}")
    attack.facts |= {"nut": ("127.0.0.1", nut), "meter": ("127.0.0.1", meter)}
    says = (("nut", b"USERNAME ups\nPASSWORD wrong\nLOGIN battery\n"),
            ("meter", b"GET /v1/json HTTP/1.1\r\nHost: localhost\r\n\r\n"))

    def on_data(got):
        attack.count("polls" if got.startswith(b"HTTP") else "guesses")
        return "again"

    Crowd(attack, 64, lambda at: says[at % 2], on_data).run()


ATTACKS = {
    "wrong_signatures": wrong_signatures,
    "sessions_that_read": lambda attack: sessions(attack, reads=True),
    "sessions_that_do_not": lambda attack: sessions(attack, reads=False),
    "reports": lambda attack: publications(attack, 1),
    "fill_history": fill_history,
    "history": history,
    "sign_ins": sign_ins,
    "strangers": strangers,
    "half_said": half_said,
    "kept_sessions": kept_sessions,
    "places": places,
    "publications": lambda attack: publications(attack, attack.facts["connections"]),
    "hellos": hellos,
    "home_viewers": home_viewers,
    "subscription_storm": subscription_storm,
    "home_storm": home_storm,
    "quiet_streams": quiet_streams,
    "unread_streams": unread_streams,
    "changing_values": changing_values,
    "big_reports": big_reports,
    "families": lambda attack: requests_of(attack, "/api/v1/families/smart_home_panel", 2),
    "device_lists": lambda attack: requests_of(attack, "/api/v1/devices", 2),
    "copies": copies,
    "bodies": bodies,
    "bridge_peers": bridge_peers,
    "house_guests": house_guests,
}


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    facts, role = json.loads(sys.stdin.readline()), sys.argv[1]
    if role in ("dora", "newcomer"):
        with contextlib.suppress(PermissionError):
            os.nice(-10)
        return {"dora": dora, "newcomer": newcomer}[role](facts)
    return ATTACKS[role](Attack(facts))


if __name__ == "__main__":
    main()
