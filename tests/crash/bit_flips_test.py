"""Flips one bit of a data folder, again and again, and asks a server about everything in it.

    bit_flips_test.py PROGRAM [--trials N] [--seed N] [--jobs N] [--only NUMBER] [--file NAME]
                      [--keep] [--tell]

Two data folders have something of each kind in each file: one of a server that was stopped, one of
a server that was killed, with its logs. What a server with an undamaged copy answers is the truth.
Each trial flips one bit of one file of a copy. Then either every answer is the truth, or the damage
is reported: `gridloom check` shows it, the server does not start and names the file, its log has an
error, /healthz or /metrics tell it, or the answers that differ are errors. A wrong answer and no
report fails the test.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tests/clients")]
import server as servers  # noqa: E402
from mqtt_talk import mqtt_text, packet  # noqa: E402
from server import PATIENCE_S, pause, told  # noqa: E402

BEGIN_MS = 1_740_960_000_000  # 2025-03-03 00:00 UTC, of the devices' time
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
END_MS = BEGIN_MS + 80 * HOUR_MS  # behind all that the folders were made in
PASSING = ("lock", "ready.json", "ready.json.new", "admin.sock", "reserve")
ACCOUNTS = {"anna": 3, "berta": 2, "carl": 1, "dora": 2}  # how many devices it may read
SNS = ("R331FLIPS000001", "R331FLIPS000002", "R331FLIPS000003", "HW51FLIPS000004")
FIELDS = ("pd.soc", "pd.wattsOutSum", "n")
CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, PINGRESP = (
    0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xD0)  # fmt: skip
WAITING = 4  # packets in each session
# What waits may come a moment behind the answer to the ping.
LATE_S = 2


class Line:
    """MQTT 3.1.1 by hand, with a session that is kept (`clean` 0) or not."""

    def __init__(self, place, user, password, client_id, clean=False):
        self.socket = socket.create_connection(place, PATIENCE_S)
        self.data, self.early, self.taken = b"", [], set()
        body = mqtt_text("MQTT") + bytes([4, 0xC2 if clean else 0xC0]) + b"\0\0"
        self.send(packet(0x10, body + mqtt_text(client_id) + mqtt_text(user) + mqtt_text(password)))
        kind, answer = self.read()
        assert kind == CONNACK, hex(kind)
        self.present, self.code = answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """(first byte, body)"""
        while True:
            for at in range(1, min(5, len(self.data))):
                if not self.data[at] & 0x80:
                    size = sum((self.data[i] & 0x7F) << 7 * (i - 1) for i in range(1, at + 1))
                    if len(self.data) > at + size:
                        first, body = self.data[0], self.data[at + 1 : at + 1 + size]
                        self.data = self.data[at + 1 + size :]
                        return first, body
                    break
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError("the server closed the connection")
            self.data += piece

    def subscribe(self, *filters, qos=1):
        """The codes of the SUBACK; what is retained may come before it."""
        self.send(packet(0x82, b"\0\1" + b"".join(mqtt_text(f) + bytes([qos]) for f in filters)))
        while (answer := self.read())[0] != SUBACK:
            self.early.append(answer)
        return list(answer[1][2:])

    def publish(self, topic, payload, qos=1, packet_id=1, retain=False, dup=False):
        body = mqtt_text(topic) + (struct.pack("!H", packet_id) if qos else b"")
        flags = qos << 1 | retain | (8 if dup else 0)
        self.send(packet(PUBLISH | flags, body + json.dumps(payload).encode()))
        if qos:
            kind, _ = self.read()
            assert kind == (PUBACK if qos == 1 else PUBREC), hex(kind)

    def release(self, packet_id=1):
        self.send(b"\x62\2" + struct.pack("!H", packet_id))
        kind, _ = self.read()
        assert kind == PUBCOMP, hex(kind)

    def everything(self, expected=0):
        """All that comes, acknowledged: until a ping is answered, and `expected` of it is there."""
        came = []
        for first, body in self.early:
            self.take(came, first, body)
        self.send(b"\xc0\0")
        answered = False
        try:
            while not answered or len(came) < expected:
                first, body = self.read()
                if first == PINGRESP:
                    answered = True
                    self.socket.settimeout(LATE_S)
                    continue
                self.take(came, first, body)
            # A PUBREL that is still under way is heard before the answer to another ping.
            self.send(b"\xc0\0")
            while (got := self.read())[0] != PINGRESP:
                self.take(came, *got)
        except TimeoutError:
            pass
        return came

    def take(self, came, first, body):
        if first & 0xF0 == PUBREL:
            if body[:2] not in self.taken:  # of a message that another connection took
                came.append(["PUBREL"])
            return self.send(b"\x70\2" + body[:2])
        assert first & 0xF0 == PUBLISH, hex(first)
        (size,) = struct.unpack("!H", body[:2])
        topic, rest, qos = body[2 : 2 + size].decode("latin1"), body[2 + size :], first >> 1 & 3
        if qos == 2:
            self.taken.add(rest[:2])
        if qos:
            self.send((b"\x40\2" if qos == 1 else b"\x50\2") + rest[:2])
        payload = rest[2:] if qos else rest
        return came.append([topic, qos, first & 1, payload.decode("latin1")])


def open_server(data, at_ms):
    """On a port of its own, at a time that stands still."""
    start = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.timezone.utc)
    return servers.Server(
        "--start", start.strftime("%Y-%m-%dT%H:%M:%SZ"), "--paused", "--threads=1",
        "--limit=history.raw-days=1", "--limit=history.head-bytes=65536",
        data=data, demo=False,
    )  # fmt: skip


class Home:
    """A data folder and what one has to know to ask about it."""

    def __init__(self, folder):
        self.server = open_server(folder, BEGIN_MS)
        self.hours = 0
        self.keys, self.device_keys, self.certificates = {}, {}, {}
        for name in ACCOUNTS:
            self.keys[name] = self.server.add_account(name)
        self.revoked = told(self.server.cli("account", "keys", "anna"))
        for sn, owner in zip(SNS, ("anna", "anna", "berta", "carl")):
            self.device_keys[sn] = self.server.add_device(sn, owner, "--name", f"{owner}'s {sn[-1]}")
        self.server.add_device("R331FLIPS000009", "carl")
        for name in ACCOUNTS:
            self.certificates[name] = self.api(name).data("GET", servers.CERTIFICATION)
        for verb in (
            ("share", SNS[0], "berta", "monitor"),
            ("share", SNS[1], "carl", "full"),
            ("share", SNS[2], "dora", "full"),
            ("share", SNS[2], "anna", "monitor"),
            ("share", SNS[3], "dora", "monitor"),
            ("share", SNS[3], "dora", "none"),
            ("remove", "R331FLIPS000009"),
        ):
            told(self.server.cli("device", *verb))

    def api(self, name, server=None):
        return (server or self.server).api(self.keys[name]["accessKey"], self.keys[name]["secretKey"])

    def app(self, server, name, client_id, clean=False):
        mqtt = self.certificates[name]
        return Line(server.place("mqtt"), mqtt["certificateAccount"], mqtt["certificatePassword"],
                    client_id, clean)

    def device(self, server, sn):
        return Line(server.place("mqtt"), sn, self.device_keys[sn], sn)

    def topic(self, name, sn, verb):
        return f"/open/{self.certificates[name]['certificateAccount']}/{sn}/{verb}"

    def live(self, hours):
        """Each device reports every five minutes."""
        for _ in range(hours):
            hour_ms = BEGIN_MS + self.hours * HOUR_MS
            told(self.server.cli("time", "step", "1h"))
            self.hours += 1
            for number, sn in enumerate(SNS):
                with self.device(self.server, sn) as line:
                    for minute in range(0, 60, 5):
                        params = {"pd.soc": 10 * number + minute % 7, "pd.wattsOutSum": 100 + minute,
                                  "mppt.inWatts": 500 + minute * number, "n": f"{number}/{minute}"}
                        line.publish(f"/device/{sn}/quota", {"id": minute, "version": "1.0",
                                     "params": params, "timestamp": hour_ms + minute * MINUTE_MS})

    def park(self):
        """Sessions that wait with messages of each kind, and what is retained."""
        for name, client, sn, qos in (("anna", "a1", SNS[0], 1), ("anna", "a2", SNS[0], 2),
                                      ("berta", "b2", SNS[0], 2), ("carl", "c1", SNS[1], 1),
                                      ("dora", "d2", SNS[2], 2)):
            with self.app(self.server, name, client) as line:
                assert line.subscribe(self.topic(name, sn, "quota"), qos=qos) == [qos]
        for number, sn in enumerate(SNS):
            with self.device(self.server, sn) as line:
                for packet_id in (1, 2, 3):
                    line.publish(f"/device/{sn}/quota", {"params": {"n": f"parked {number}.{packet_id}"}},
                                 qos=2, packet_id=packet_id, retain=packet_id == 3)
                    line.release(packet_id)
                # Never released: its repetition is known.
                line.publish(f"/device/{sn}/quota", self.owed(number), qos=2, packet_id=7)
        # The client has this one, and its PUBCOMP is owed.
        with self.app(self.server, "dora", "d2") as line:
            first, body = line.read()
            assert first & 0xF6 == PUBLISH | 4, hex(first)
            line.send(b"\x50\2" + body[2 + struct.unpack("!H", body[:2])[0] :][:2])
            while line.read()[0] & 0xF0 != PUBREL:
                pass

    @staticmethod
    def owed(number):
        return {"params": {"n": f"owed {number}"}}

    def change(self):
        """What revokes and moves, behind what was made before."""
        for verb in (("account", "keys", "anna", "--remove", self.revoked["accessKey"]),
                     ("device", "rename", SNS[0], "kitchen")):
            told(self.server.cli(*verb))
        self.device_keys[SNS[3]] = told(self.server.cli("device", "move", SNS[3], "dora"))[
            "deviceKey"]
        self.device_keys[SNS[1]] = told(self.server.cli("device", "rotate", SNS[1]))["deviceKey"]


def make_homes(folder):
    """The folder of a server that was stopped, of one that was killed, and what they know."""
    home = Home(folder / "made")
    home.live(2)
    told(home.server.cli("time", "step", "70h"))  # retention makes quarters of what there is
    home.hours += 70
    home.live(2)
    home.change()
    home.server.stop()
    (home.server.data / "sessions.db").unlink()  # damage that is noted, and not accepted yet
    home.server = open_server(folder / "made", BEGIN_MS + home.hours * HOUR_MS)
    home.live(2)
    home.park()
    ignore = shutil.ignore_patterns(*PASSING)
    pause(home.server.process)
    shutil.copytree(home.server.data, folder / "killed", ignore=ignore)
    home.server.process.send_signal(signal.SIGCONT)
    home.server.stop()
    shutil.copytree(home.server.data, folder / "stopped", ignore=ignore)
    return home


def fixed(answer):
    """An answer of HTTP without what differs from time to time."""
    for name in ("eagleEyeTraceId", "tid"):
        answer.pop(name, None)
    if isinstance(answer.get("data"), dict):
        answer["data"].pop("port", None)
    return answer


class Answers(dict):
    """What a server says, each answer by what was asked."""

    def __init__(self, home, server):
        super().__init__()
        self.home, self.server = home, server
        self.health = self.text_of("/healthz")
        self.ask_commands()
        for name in ACCOUNTS:
            self.ask_http(name)
        # Sessions first: a device that signs in would send them more.
        for name, client in (("anna", "a1"), ("anna", "a2"), ("berta", "b2"), ("carl", "c1"), ("dora", "d2")):
            self.ask_session(name, client)
        for name in ACCOUNTS:
            self.ask_rights(name)
        self.ask_devices()
        self.health_then = self.text_of("/healthz")

    def text_of(self, path):
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.request("GET", path)
            return line.getresponse().read().decode()

    def ask_commands(self):
        for verb in (("account", "list"), ("device", "list"), ("damage",), ("audit", "--json", "--limit", "1000")):
            result = self.server.cli(*verb)
            text = result.stdout
            if verb[0] == "audit":  # what this server itself did stands there as well
                text = "".join(line + "\n" for line in text.splitlines() if f'"at":{END_MS}' not in line)
            is_good = result.returncode == 0 or (verb[0] == "damage" and text)
            self[" ".join(verb)] = text if is_good else {"code": "error", "message": result.stderr}

    def ask_http(self, name):
        api = self.home.api(name, self.server)

        def ask(path, **query):
            words = " ".join([name, path, *map(str, query.values())])
            self[words] = fixed(api.call("GET", path, query))

        ask(servers.LIST)
        ask(servers.CERTIFICATION)
        for sn in SNS:
            ask(servers.QUOTA_ALL, sn=sn)
            own = f"/api/v1/devices/{sn}"
            span = {"from": BEGIN_MS, "to": END_MS}
            ask(f"{own}/history", fields=",".join(FIELDS), **span)
            ask(f"{own}/history", fields="pd.soc", step="1h", **span)
            ask(f"{own}/energy", **{"from": BEGIN_MS, "to": END_MS + HOUR_MS})
        self[f"{name} again"] = fixed(api.call("GET", servers.LIST))

    def ask_session(self, name, client):
        label = f"session {client}"
        with self.home.app(self.server, name, client) as line:
            if line.code != 0:
                self[label] = {"code": str(line.code)}
                return
            came = line.everything(WAITING if line.present else 0)
            self[label] = {"present": line.present, "came": came}

    def ask_rights(self, name):
        """Which topics an account may have, and what is retained on them."""
        with self.home.app(self.server, name, f"{name}-looks", clean=True) as line:
            label = f"{name} subscribes"
            if line.code != 0:
                self[label] = {"code": str(line.code)}
                return
            codes = line.subscribe(*(self.home.topic(name, sn, "quota") for sn in SNS))
            came = line.everything(ACCOUNTS[name])  # one is retained for each device
            self[label] = {"codes": codes, "came": sorted(came)}

    def ask_devices(self):
        for number, sn in enumerate(SNS):
            with self.home.device(self.server, sn) as line:
                self[f"device {sn}"] = {"code": str(line.code), "present": line.present}
                if line.code != 0:
                    continue
                line.publish(f"/device/{sn}/quota", Home.owed(number), qos=2, packet_id=7, dup=True)
                line.release(7)
        for name, sn in (("anna", SNS[0]), ("carl", SNS[1]), ("berta", SNS[2]), ("dora", SNS[3])):
            query = {"fields": "n", "from": BEGIN_MS, "to": END_MS + 2 * HOUR_MS}
            path = f"/api/v1/devices/{sn}/history"
            self[f"{sn} repeated"] = fixed(self.home.api(name, self.server).call("GET", path, query))


def errors_in(text):
    """Errors of a log, and what a program said beside it."""
    return [line for line in text.splitlines()
            if re.search(r"\] \[(error|critical)\] ", line) or line.startswith("gridloom: ")]


def is_error(answer):
    return isinstance(answer, dict) and answer.get("code", "0") not in ("0", "")


def differences(truth, answers):
    """What is not as it should be: (answers that are wrong, answers that are errors)."""
    wrong, refused = {}, {}
    for label, right in truth.items():
        answer = answers.get(label)
        if answer == right:
            continue
        (refused if is_error(answer) and not is_error(right) else wrong)[label] = (right, answer)
    return wrong, refused


Flip = collections.namedtuple("Flip", "home file at bit")


def choose(chance, folder, home, name):
    """One bit of one file: each file is hit as often as any other, or as often as it is long."""
    files = sorted(p for p in folder.rglob(name) if p.is_file() and p.stat().st_size > 0)
    if chance.random() < 0.5:
        file = chance.choice(files)
    else:
        file = chance.choices(files, [p.stat().st_size for p in files])[0]
    data = file.read_bytes()
    at = chance.randrange(len(data))
    if chance.random() < 0.5:  # where there is something
        used = [i for i, byte in enumerate(data) if byte]
        at = chance.choice(used) if used else at
    return Flip(home, str(file.relative_to(folder)), at, chance.randrange(8))


class Trials:
    def __init__(self, options):
        self.options = options
        self.folder = servers.temporary_folder()
        self.home = make_homes(self.folder)
        self.truth, self.healthy_errors, self.health = {}, {}, {}
        for name in ("stopped", "killed"):
            first, log = self.serve(self.copy(name))
            check = servers.cli("check", self.folder / name)
            assert check.returncode == 0, check.stdout
            self.truth[name], self.health[name] = first, (first.health, first.health_then)
            assert not errors_in(log), errors_in(log)
            second, _ = self.serve(self.copy(name))
            wrong = differences(first, second)
            assert all(self.is_whole(answer) for answer in first.values()), first
            assert wrong == ({}, {}), f"the same server answers otherwise: {wrong}"

    @staticmethod
    def is_whole(answer):
        """No session lacks what waits in it."""
        return not isinstance(answer, dict) or "present" not in answer or "came" not in answer or (
            answer["present"] and len(answer["came"]) == WAITING)

    def copy(self, name):
        target = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "data"
        shutil.copytree(self.folder / name, target)
        return target

    def serve(self, data):
        """All answers of a server with this folder, and its log."""
        server = open_server(data, END_MS)
        try:
            answers = Answers(self.home, server)
            server.stop()
        finally:
            server._kill()
        return answers, server.log.read_text(errors="replace")

    def trial(self, number):
        """(how it went, words)"""
        chance = random.Random(f"{self.options.seed}/{number}")
        name = chance.choice(("stopped", "killed"))
        flip = choose(chance, self.folder / name, name, self.options.file)
        data = self.copy(name)
        file = data / flip.file
        content = bytearray(file.read_bytes())
        content[flip.at] ^= 1 << flip.bit
        file.write_bytes(content)
        try:
            return flip, *self.judge(name, data, flip)
        finally:
            if not self.options.keep:
                shutil.rmtree(data.parent)

    def judge(self, name, data, flip):
        check = servers.cli("check", data)
        checked = check.returncode != 0 and "DAMAGED" in check.stdout
        truth = self.truth[name]
        try:
            answers, log = self.serve(data)
        except (AssertionError, EOFError, OSError, ValueError) as error:
            text = (data.parent / (data.name + ".log")).read_text(errors="replace")
            said = errors_in(text)
            if "before it was ready" in str(error) and said:
                names_it = any(flip.file.split("/")[-1].split("-")[0] in line for line in said)
                return ("no start" if names_it or checked else "WRONG"), said[-1]
            return ("told by check" if checked else "WRONG"), f"{error!r}\n{text[-2000:]}"
        wrong, refused = differences(truth, answers)
        said = errors_in(log)
        health = (answers.health, answers.health_then)
        if said or health != self.health[name]:
            return "told by the server", (said or health)[0]
        if not wrong and not refused:
            return ("told by check" if checked else "harmless"), ""
        if checked:
            return "told by check alone", str(sorted({*wrong, *refused}))
        if not wrong:
            return "told by the answers alone", str(sorted(refused.items()))[:300]
        return "WRONG", json.dumps({key: both for key, both in wrong.items()})[:3000]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", type=int, help="this trial of the seed alone, told at length")
    parser.add_argument("--file", default="*", help="only files of this name, which may have a * in it")
    parser.add_argument("--keep", action="store_true", help="the folders of the trials stay till the end")
    parser.add_argument("--tell", action="store_true", help="a line for each trial")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    servers.GRIDLOOM = os.path.abspath(options.program)
    os.environ["TZ"] = "UTC"
    trials = Trials(options)
    numbers = [options.only] if options.only is not None else range(options.trials)
    counts, failed = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for number, (flip, how, words) in zip(numbers, pool.map(trials.trial, numbers)):
            counts[how] += 1
            where = f"trial {number}: {flip.home}/{flip.file}, byte {flip.at}, bit {flip.bit}"
            if options.tell or options.only is not None or how == "WRONG":
                print(f"{where}: {how}: {words}", flush=True)
            if how == "WRONG":
                failed.append(where)
    told_how = ", ".join(f"{count} {how}" for how, count in sorted(counts.items()) if how != "WRONG")
    print(f"{sum(counts.values())} flipped bits, seed {options.seed}: {told_how}; {len(failed)} wrong in silence", flush=True)
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
