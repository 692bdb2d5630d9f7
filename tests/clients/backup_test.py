"""A backup of a server at work, and a second server on what was restored of it."""
import contextlib
import fcntl
import json
import os
import sqlite3
import subprocess
import threading
import unittest

from mqtt_talk import AppClient, DeviceClient
from server import PATIENCE_S, Server, cli, run_tests, temporary_folder, told

SN = "R331TEST0000001"


def reported(data, name):
    """All values of a field in a stopped server's history."""
    found = []
    with contextlib.closing(sqlite3.connect(f"file:{data}/history.db?mode=ro", uri=True)) as store:
        (field,) = store.execute("SELECT id FROM field_name WHERE CAST(bytes AS TEXT) = ?", (name,)).fetchone()
        blocks = store.execute("SELECT bytes FROM block ORDER BY device, hour, chunk").fetchall()
    for (block,) in blocks:
        file = temporary_folder() / "one.block"
        file.write_bytes(block)
        rows = told_lines("block", "show", "--rows", file)
        found += [row["fields"].get(str(field)) for row in map(json.loads, rows)]
    return [value for value in found if value is not None]


def told_lines(*arguments):
    result = cli(*arguments)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return result.stdout.splitlines()


class Reporter(threading.Thread):
    """Reports 1, 2, 3 ... with QoS 1 until it is told to end; `acknowledged` is the last that was."""

    def __init__(self, device):
        super().__init__()
        self.device, self.acknowledged, self.failure = device, 0, None
        self.ends, self.moved = False, threading.Condition()
        self.start()

    def run(self):
        try:
            while not self.ends:
                self.device.publish(
                    self.device.topic("quota"), {"params": {"count": self.acknowledged + 1}}
                )
                with self.moved:
                    self.acknowledged += 1
                    self.moved.notify_all()
        except AssertionError as failure:
            self.failure = failure

    def further(self, count):
        """Awaits so many more acknowledgements; the number of the last."""
        with self.moved:
            wanted = self.acknowledged + count
            if not self.moved.wait_for(lambda: self.acknowledged >= wanted, PATIENCE_S):
                raise AssertionError(f"no acknowledgement: {self.failure}")
            return self.acknowledged

    def end(self):
        self.ends = True
        self.join()
        if self.failure:
            raise self.failure


def modes(folder):
    return {
        str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")
    }


class BackupTest(unittest.TestCase):
    def server(self, **settings):
        # Small segments, and hours in parts: the log is trimmed while the test runs.
        server = Server(
            "--limit", "history.segment-bytes=65536", "--limit", "history.head-bytes=65536",
            demo=False, **settings,
        )  # fmt: skip
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def test_everything_acknowledged_before_it_is_in_it(self):
        server = self.server()
        anna = server.add_account("anna")
        key = server.add_device(SN, "anna")
        server.add_account("ben")
        told(server.cli("device", "share", SN, "ben", "monitor"))
        places = []
        with DeviceClient(server, SN, key, client_id="device") as device:
            reporter = Reporter(device)
            for number in range(3):
                before = reporter.further(100)
                place = temporary_folder() / "backup"
                answer = told(server.cli("backup", place))
                self.assertEqual(answer["backup"], str(place))
                places.append((place, before))
                self.assertGreater(reporter.further(1), before, "nobody waits for a backup")
            reporter.end()
        with AppClient(server, anna["api"]) as app:
            certificate = app.account
        server.stop()
        for place, before in places:
            with self.subTest(before=before):
                self.look_at(place, before, key, anna, certificate)

    def look_at(self, place, before, key, anna, certificate):
        self.assertEqual(place.stat().st_mode & 0o777, 0o700)
        for name, mode in modes(place).items():
            self.assertEqual(mode, 0o700 if name in ("log", "tls") else 0o600, name)
        description = json.loads((place / "backup.json").read_text())
        self.assertIn("history.db", [each["name"] for each in description["files"]])
        data = temporary_folder() / "restored"
        told(cli("restore", place, data=data))
        with self.server(data=data) as second:
            api = second.api(anna["accessKey"], anna["secretKey"])
            self.assertEqual(list(api.devices()), [SN])
            self.assertGreaterEqual(api.quota_all(SN)["count"], before)
            self.assertIn('"rights":"monitor"', second.cli("device", "list", "--json").stdout)
            with AppClient(second, api) as app, DeviceClient(second, SN, key) as device:
                self.assertEqual(app.account, certificate)
                app.subscribe(app.topic(SN, "quota"))
                device.publish(device.topic("quota"), {"params": {"count": 0}})
                app.message(app.topic(SN, "quota"))
            audit = [json.loads(line) for line in second.cli("audit", "--json").stdout.splitlines()]
            self.assertIn("device.share", [entry["what"] for entry in audit])
            self.assertIn("backup", [entry["what"] for entry in audit])
        values = reported(data, "count")
        self.assertEqual(values.pop(), 0)
        self.assertEqual(values, list(range(1, len(values) + 1)), "each once, in order")
        self.assertGreaterEqual(len(values), before)

    def test_of_a_stopped_server(self):
        server = self.server()
        anna = server.add_account("anna")
        server.add_device(SN, "anna")
        server.stop()
        place = temporary_folder() / "backup"
        told(cli("backup", place, data=server.data))
        data = temporary_folder() / "restored"
        told(cli("restore", place, data=data))
        self.assertEqual((data / "tls/ca.pem").stat().st_mode & 0o777, 0o644)
        with self.server(data=data) as second:
            self.assertEqual(list(second.api(anna["accessKey"], anna["secretKey"]).devices()), [SN])
            self.assertEqual(second.ca, str(data / "tls/ca.pem"))
            self.assertEqual(
                (data / "tls/server.pem").read_bytes(),
                (server.data / "tls/server.pem").read_bytes(),
            )

    def test_refusals(self):
        server = self.server()
        server.add_account("anna")
        full = temporary_folder()
        (full / "file").write_text("mine")
        refused = server.cli("backup", full)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("not an empty folder", refused.stderr)
        self.assertEqual(os.listdir(full), ["file"])
        missing = server.cli("backup", "/proc/nothing/can/be/made/here")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("/proc/nothing", missing.stderr)

        place = temporary_folder()  # empty: that will do
        told(server.cli("backup", place))
        for target, words in ((full, "not an empty folder"), (server.data, "not an empty folder")):
            refused = cli("restore", place, data=target)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(words, refused.stderr)
        (place / "secret.key").write_bytes(b"short")
        refused = cli("restore", place, data=temporary_folder() / "new")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("secret.key is damaged", refused.stderr)
        (place / "backup.json").unlink()
        refused = cli("restore", place, data=temporary_folder() / "new")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("is not a complete backup", refused.stderr)
        self.assertEqual(cli("restore", "/nowhere", data=temporary_folder() / "x").returncode, 1)

    def test_where_there_is_no_room_nothing_is_left(self):
        server = self.server()
        server.add_account("anna")
        place = temporary_folder() / "small"
        place.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True
        )
        if mounted.returncode != 0:
            self.skipTest("this machine lets nobody mount a small disk")
        self.addCleanup(lambda: subprocess.run(["umount", place], check=True))
        for target in (place, place / "new"):
            refused = server.cli("backup", target)
            self.assertEqual(refused.returncode, 1)
            self.assertRegex(refused.stderr, "full|No space")
            self.assertEqual(os.listdir(place), [])

    def test_the_rest_of_a_killed_backup_is_replaced(self):
        server = self.server()
        server.add_account("anna")
        place = temporary_folder() / "backup"
        told(server.cli("backup", place))
        complete = sorted(os.listdir(place))
        refused = server.cli("backup", place)
        self.assertEqual(refused.returncode, 2, "it is complete")
        # As a kill leaves it: without the description, with a file that is cut short.
        (place / "backup.json").unlink()
        (place / "registry.sqlite").write_bytes(b"short")
        marker = place / "backup.unfinished"
        marker.touch()
        (place / "mine").write_text("mine")
        refused = server.cli("backup", place)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("not an empty folder", refused.stderr)
        self.assertEqual((place / "mine").read_text(), "mine")
        (place / "mine").unlink()
        marker.touch()
        with open(marker) as locked:
            fcntl.flock(locked, fcntl.LOCK_EX)
            refused = server.cli("backup", place)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("another backup is being written", refused.stderr)
        told(server.cli("backup", place))
        self.assertEqual(sorted(os.listdir(place)), complete)
        told(cli("restore", place, data=temporary_folder() / "restored"))


if __name__ == "__main__":
    run_tests()
