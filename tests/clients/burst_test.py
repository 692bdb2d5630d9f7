"""Reports that come faster than the clock ticks: history has each of them once, in order, live, after a kill, after the
end of the hour, and in a restored backup."""
import csv
import io
import itertools
import json
import pathlib
import select
import signal
import socket
import sqlite3
import struct
import sys
import unittest

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "bad_inputs"))
from mqtt_row import connect, publish  # noqa: E402
from server import PATIENCE_S, Deadline, Server, cli, run_tests, temporary_folder, told  # noqa: E402

SN = "HEATER-01"
TOPIC = f"/device/{SN}/quota"
BEGIN = "2026-03-01T12:30:00Z"
BEGIN_MS = 1772368200000
FIRST, AGAIN = 0x32, 0x3A  # PUBLISH with QoS 1, and with DUP


class Device:
    """Publishes many reports in one write."""

    def __init__(self, server, key):
        self.line = socket.create_connection(server.place("mqtt"), PATIENCE_S)
        self.line.sendall(connect(4, SN, key, SN, keepalive=0, flags=0xC0))
        self.read(4)
        self.ids = itertools.cycle(range(1, 0xFFFF))

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.line.recv(size - len(data))
            if not piece:
                raise EOFError(f"{len(data)} of {size} bytes came")
            data += piece
        return data

    def send(self, reports, first=FIRST, ids=None):
        """The packet ids of what was sent in one write."""
        ids = ids or [next(self.ids) for _ in reports]
        self.line.sendall(b"".join(publish(4, TOPIC, report, first=first, packet_id=packet_id)
                                   for packet_id, report in zip(ids, reports, strict=True)))
        return ids

    def acknowledged(self, count):
        """The ids of the next acknowledgements."""
        data = self.read(4 * count)
        return [struct.unpack("!H", data[at + 2:at + 4])[0] for at in range(0, len(data), 4)]

    def report(self, reports):
        """Sends them as a client does that has at most 1,000 in flight; each is acknowledged."""
        for at in range(0, len(reports), 1000):
            some = reports[at:at + 1000]
            ids = self.send(some)
            if self.acknowledged(len(some)) != ids:
                raise AssertionError("acknowledged in another order")

    def close(self):
        self.line.close()


def report(number, at_ms=None):
    """Its values repeat and alternate; only `n` tells one from another."""
    stamp = {} if at_ms is None else {"timestamp": at_ms}
    return {"params": {"n": number, "switch": number % 2, "same": 7}, **stamp}


class BurstTest(unittest.TestCase):
    def setUp(self):
        # A clock that stands still, and hours that are stored in parts while the reports come.
        self.server = Server("--start", BEGIN, "--paused", "--limit", "history.head-bytes=65536",
                             "--limit", "history.segment-bytes=65536", demo=False)
        self.addCleanup(lambda: self.server.process.poll() is None and self.server.stop())
        self.account = self.server.add_account("anna")
        self.key = self.server.add_device(SN, "anna")

    def history(self, server=None, **query):
        api = (server or self.server).api(self.account["accessKey"], self.account["secretKey"])
        return api.data("GET", f"/api/v1/devices/{SN}/history",
                        {"from": BEGIN_MS - 7_200_000, "to": BEGIN_MS + 7_200_000, **query})["series"]

    def look(self, numbers, server=None):
        """History has exactly the reports with these numbers, in this order."""
        n, same, switch = self.history(server, fields="n,same,switch")
        times = [at for at, _ in n["points"]]
        self.assertEqual(times, sorted(times), "times never decrease")
        self.assertEqual([value for _, value in n["points"]], numbers)
        self.assertEqual([value for _, value in switch["points"]], [k % 2 for k in numbers])
        self.assertEqual([value for _, value in same["points"]], [7] * len(numbers))
        table = csv.DictReader(io.StringIO(self.csv(server)))
        self.assertEqual([(row["n"], row["switch"], row["same"]) for row in table],
                         [(str(k), str(k % 2), "7") for k in numbers])
        for aggregate, of in (("count", len), ("sum", sum), ("min", min), ("max", max)):
            n, switch = self.history(server, fields="n,switch", step="1d", aggregate=aggregate)
            self.assertEqual(self.only(n), of(numbers), aggregate)
            self.assertEqual(self.only(switch), of([k % 2 for k in numbers]), aggregate)
        n, switch = self.history(server, fields="n,switch", step="1d", aggregate="last")
        self.assertEqual((self.only(n), self.only(switch)), (numbers[-1], numbers[-1] % 2))

    def only(self, series):
        (value,) = [value for _, value in series["points"] if value is not None]
        return value

    def csv(self, server=None):
        told_it = (server or self.server).cli("history", SN, "n,switch,same", "--from", str(BEGIN_MS - 7_200_000),
                                              "--to", str(BEGIN_MS + 7_200_000), "--csv")
        self.assertEqual(told_it.returncode, 0, told_it.stderr)
        return told_it.stdout

    def all_the_way(self, numbers):
        """Live, after a kill, in a backup of the running server, after the hour, after a stop."""
        self.look(numbers)
        self.server.restart(signal.SIGKILL)
        self.look(numbers)
        backup, data = temporary_folder() / "backup", temporary_folder() / "restored"
        told(self.server.cli("backup", backup))
        told(cli("restore", backup, data=data))
        with Server("--start", BEGIN, "--paused", data=data, demo=False) as restored:
            self.look(numbers, restored)
        told(self.server.cli("time", "step", "90m"))
        self.await_blocks()
        self.look(numbers)
        self.server.restart(signal.SIGKILL)
        self.look(numbers)
        self.server.restart()
        self.look(numbers)

    def await_blocks(self):
        """Nothing tells when a commit can be seen: this looks again and again."""
        deadline = Deadline("blocks of the hours that are over")
        while True:
            store = sqlite3.connect(f"file:{self.server.data}/history.db?mode=ro", uri=True)
            with store:
                rows = store.execute("SELECT count(*), total(over) FROM block").fetchone()
            store.close()
            if rows[0] > 0 and rows[0] == rows[1]:
                return
            deadline.left_s()
            select.select([], [], [], 0.02)

    def test_many_in_one_write(self):
        device = Device(self.server, self.key)
        device.report([report(number) for number in range(900)])
        device.close()
        self.all_the_way(list(range(900)))

    def test_writes_that_follow_each_other(self):
        device = Device(self.server, self.key)
        for first in range(0, 6000, 20):
            device.report([report(number) for number in range(first, first + 20)])
        device.close()
        self.all_the_way(list(range(6000)))

    def test_a_device_that_was_away_comes_back_with_what_it_kept(self):
        device = Device(self.server, self.key)
        device.report([report(number) for number in range(10_000)])
        device.close()
        self.all_the_way(list(range(10_000)))

    def test_what_it_kept_with_times_in_seconds(self):
        """Ten reports have one timestamp, and five of them are equal but for their number."""
        device = Device(self.server, self.key)
        device.report([report(number, BEGIN_MS - 1_000_000 + number // 10 * 1000) for number in range(10_000)])
        device.close()
        self.all_the_way(list(range(10_000)))

    def test_two_thousand_a_second_for_a_minute(self):
        """All of a second come at one moment. What holds for the second is the last of them, so that an integral counts
        the last alone."""
        device = Device(self.server, self.key)
        watts = [1800 + 60 * (second % 7) for second in range(60)]
        for second, held_w in enumerate(watts):
            device.report([{"params": {"n": 2000 * second + k, "power": held_w if k == 1999 else k % 3}}
                           for k in range(2000)])
            told(self.server.cli("time", "step", "1s"))
        device.report([{"params": {"n": 120_000, "power": 0}}])
        device.close()
        self.look_at_a_minute(watts)
        self.server.restart(signal.SIGKILL)
        self.look_at_a_minute(watts)
        told(self.server.cli("time", "step", "90m"))
        self.await_blocks()
        self.look_at_a_minute(watts)
        self.server.restart(signal.SIGKILL)
        self.look_at_a_minute(watts)

    def look_at_a_minute(self, watts):
        numbers = range(120_001)
        of_power = sum(watts) + 60 * sum(k % 3 for k in range(1999))
        # In minutes from the reports themselves, in quarters from what is kept of each, when the hour is over.
        for step, first in (("1m", range(120_000)), ("15m", numbers)):
            for aggregate, of in (("count", len), ("sum", sum), ("min", min), ("max", max), ("last", lambda all: all[-1])):
                (n,) = self.history(fields="n", step=step, aggregate=aggregate)
                points = [value for _, value in n["points"] if value is not None]
                self.assertEqual(points[0], of(first), (step, aggregate))
            (power,) = self.history(fields="power", step=step, aggregate="sum")
            self.assertEqual([value for _, value in power["points"] if value is not None][0], of_power, step)
            (power,) = self.history(fields="power", step=step, aggregate="integral")
            self.assertAlmostEqual([value for _, value in power["points"] if value is not None][0], sum(watts) / 3600, 6)
        each = self.history(fields="n", **{"from": BEGIN_MS + 30_000, "to": BEGIN_MS + 31_000})[0]["points"]
        self.assertEqual([value for _, value in each], list(range(60_000, 62_000)))

    def test_a_switch_that_says_nothing_else(self):
        for stamp in ({}, {"timestamp": BEGIN_MS - 5000}):
            with self.subTest(stamp=stamp):
                device = Device(self.server, self.key)
                device.report([{"params": {"lamp": number % 2}, **stamp} for number in range(900)])
                device.close()
        for how in (None, signal.SIGKILL, signal.SIGTERM):
            if how:
                self.server.restart(how)
            (lamp,) = self.history(fields="lamp")
            self.assertEqual([value for _, value in lamp["points"]], [0, 1] * 900)
            (count,) = self.history(fields="lamp", step="1d", aggregate="count")
            self.assertEqual(self.only(count), 1800)

    def test_what_was_in_flight_when_the_server_was_killed(self):
        for stamp in (None, BEGIN_MS - 5000):
            with self.subTest(stamp=stamp):
                self.repeats_after_a_kill(400 if stamp is None else 0, stamp)

    def repeats_after_a_kill(self, first, stamp):
        device = Device(self.server, self.key)
        reports = [report(first + number, stamp) for number in range(400)]
        equal = [{"params": {"lamp": number % 2}, **({} if stamp is None else {"timestamp": stamp})}
                 for number in range(400)]
        ids = device.send(reports + equal)
        device.acknowledged(10)
        self.server.end(signal.SIGKILL)
        device.close()
        self.server.start_again()
        device = Device(self.server, self.key)
        device.send((reports + equal)[10:], AGAIN, ids[10:])
        self.assertEqual(device.acknowledged(790), ids[10:])
        device.close()
        numbers = [value for _, value in self.history(fields="n")[0]["points"]]
        lamps = [value for _, value in self.history(fields="lamp")[0]["points"]]
        self.assertEqual(sorted(numbers), sorted(numbers_so_far(first)))
        self.assertEqual(len(lamps), len(numbers))
        self.assertEqual(sum(lamps), len(lamps) // 2)

    def test_a_read_behind_the_acknowledgement_has_the_report(self):
        device = Device(self.server, self.key)
        api = self.server.api(self.account["accessKey"], self.account["secretKey"])
        for number in range(100):
            device.report([report(number), report(number)])
            (n,) = api.data("GET", f"/api/v1/devices/{SN}/history", {"fields": "n", "from": "-1h"})["series"]
            self.assertEqual(n["points"][-1][1:], [number])
            self.assertEqual(len(n["points"]), 2 * number + 2)
        device.close()
        told_it = self.server.cli("history", SN, "n", "--from", "-1h", "--csv")
        self.assertEqual(told_it.stdout.splitlines()[-1].split(",")[1], "99")
        answer = json.loads(self.server.cli("history", SN, "n", "--from", "-1h", "--json").stdout)
        self.assertEqual(len(answer["series"][0]["points"]), 200)


def numbers_so_far(first):
    """The case with timestamps comes second."""
    return range(400, 800) if first else range(800)


if __name__ == "__main__":
    run_tests()
