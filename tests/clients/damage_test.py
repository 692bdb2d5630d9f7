"""What is lost or damaged in a data folder is told, costs nothing else, and is accepted by a command."""
import contextlib
import http.client
import json
import shutil
import signal
import sqlite3
import subprocess
import unittest

from mqtt_talk import DeviceClient
from server import DOORS, PATIENCE_S, Server, run_tests, told
import server as server_module

SNS = ("R331TEST0000001", "R331TEST0000002")
REGISTRY = ("registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm", "secret.key")
HISTORY = ("history.db", "history.db-wal", "history.db-shm")


class DamageTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(demo=False)
        self.addCleanup(lambda: self.server.process.poll() is None and self.server.stop())
        self.api = self.server.add_account("anna")["api"]
        for sn in SNS:
            with DeviceClient(self.server, sn, self.server.add_device(sn, "anna")) as device:
                device.publish(device.topic("quota"), {"params": {"pd.soc": 50}})
        self.server.restart()  # which stores what there is

    def text_of(self, path):
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            self.assertEqual(answer.status, 200)
            return answer.read().decode()
        finally:
            line.close()

    def health(self):
        return json.loads(self.text_of("/healthz"))

    def values(self, sn):
        path = f"/api/v1/devices/{sn}/history"
        answer = self.api.call("GET", path, {"fields": "pd.soc", "from": "-1h"})
        self.assertEqual(answer.get("code"), "0", answer)
        return [value for row in answer["data"]["series"] for _, value in row["points"]]

    def notes(self):
        shown = self.server.cli("damage")
        self.assertEqual(shown.returncode, 1 if shown.stdout else 0, shown.stderr)
        return [line.split(" ", 1)[1] for line in shown.stdout.splitlines()]

    def refusal(self):
        """What a start says that fails."""
        command = [server_module.GRIDLOOM, "serve", "--data", str(self.server.data)]
        for door in DOORS:
            command += ["--" + door, "127.0.0.1:0"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(ended.returncode, 1)
        return ended.stderr

    def remove(self, *names):
        for name in names:
            (self.server.data / name).unlink(missing_ok=True)

    def test_nothing_is_damaged(self):
        self.assertEqual(self.health(), {"status": "ok"})
        self.assertEqual(self.notes(), [])
        self.assertIn("\ngridloom_damage_notes 0\n", self.text_of("/metrics"))

    def test_a_lost_history(self):
        self.lost_history_is_told(lambda: self.remove(*HISTORY))

    def test_an_emptied_history(self):
        def empty():
            self.remove(*HISTORY)
            (self.server.data / "history.db").touch()

        self.lost_history_is_told(empty)

    def lost_history_is_told(self, lose):
        self.server.stop()
        lose()
        self.server.start_again()
        for _ in range(2):
            self.assertEqual(self.health(), {"status": "damaged", "damageNotes": 1})
            self.assertIn("\ngridloom_damage_notes 1\n", self.text_of("/metrics"))
            self.assertRegex(self.notes()[0], r"(^|Z: )records 1 to \d+ are neither in the log nor")
            self.server.restart()
        self.assertEqual(told(self.server.cli("damage", "--accept"))["accepted"], "1")
        self.server.restart()
        self.assertEqual(self.health(), {"status": "ok"})

    def test_a_history_that_cannot_be_opened(self):
        self.server.stop()
        self.remove(*HISTORY[1:])
        with open(self.server.data / "history.db", "r+b") as file:
            file.write(b"\xaa" * 100)
        said = self.refusal()
        self.assertIn("history.db", said)
        self.assertIn("from a backup", said)
        (self.server.data / "history.db").rename(self.server.data.parent / "history.db")
        self.server.start_again()
        self.assertEqual(self.health(), {"status": "damaged", "damageNotes": 1})

    def test_an_emptied_log(self):
        self.server.stop()
        for segment in (self.server.data / "log").iterdir():
            segment.unlink()
        self.server.start_again()
        self.assertEqual(self.health(), {"status": "damaged", "damageNotes": 1})
        self.assertRegex(self.notes()[0], r"^\S+ and \S+ lack \S+ to \S+: the log has no segment, but history.db has records up")
        self.assertEqual(self.values(SNS[0]), [50])
        key = self.server.add_device("R331TEST0000003", "anna")
        with DeviceClient(self.server, "R331TEST0000003", key) as device:
            device.publish(device.topic("quota"), {"params": {"pd.soc": 51}})
        self.server.restart(signal.SIGKILL)
        self.assertEqual(self.values("R331TEST0000003"), [51])

    def test_a_log_without_its_newest_segment(self):
        key = self.server.add_device("R331TEST0000003", "anna")
        with DeviceClient(self.server, "R331TEST0000003", key) as device:
            device.publish(device.topic("quota"), {"params": {"pd.soc": 51}})
        self.server.end(signal.SIGKILL)
        max((self.server.data / "log").glob("*.log")).unlink()
        self.server.start_again()
        self.assertEqual(self.health(), {"status": "damaged", "damageNotes": 1})
        self.assertRegex(self.notes()[0], r"^\S+ and \S+ lack \S+ to \S+: the log ends with record \d+, but log.seen names")
        self.assertEqual(self.values(SNS[0]), [50])

    def test_a_lost_registry_costs_no_history(self):
        self.server.stop()
        kept = self.server.data.parent / "kept"
        shutil.copytree(self.server.data, kept)
        self.remove(*REGISTRY[:3])
        self.assertIn("restore registry.sqlite from a backup", self.refusal())
        self.remove(REGISTRY[3])
        self.server.start_again()
        self.assertIn("history has 2 devices that the registry does not know, numbers 1 to 2",
                      self.server.log_text())
        health = self.health()
        self.assertEqual((health["status"], health["unknownDevices"]), ("damaged", 2))
        told(self.server.cli("account", "add", "berta"))
        told(self.server.cli("device", "add", "R331TEST0000009", "--owner", "berta"))
        self.server.stop()
        with contextlib.closing(sqlite3.connect(self.server.data / "registry.sqlite")) as store:
            self.assertEqual(store.execute("SELECT id FROM devices").fetchall(), [(3,)])
        self.remove(*REGISTRY)
        for name in REGISTRY:
            if (kept / name).exists():
                shutil.copy2(kept / name, self.server.data / name)
        self.server.start_again()
        self.assertNotIn("unknownDevices", self.health())
        self.assertEqual([self.values(sn) for sn in SNS], [[50], [50]])

    def test_what_the_registry_does_not_know_is_purged_on_request(self):
        self.server.stop()
        self.remove(*REGISTRY)
        self.server.start_again()
        self.assertEqual(self.health()["unknownDevices"], 2)
        self.assertIn("\ngridloom_history_unknown_devices 2\n", self.text_of("/metrics"))
        told(self.server.cli("damage", "--accept"))
        self.assertEqual(told(self.server.cli("device", "purge", "2"))["purged"], "2")
        self.assertEqual(told(self.server.cli("device", "purge", "--unknown"))["purged"], "1")
        self.server.restart()
        self.assertEqual(self.health(), {"status": "ok"})

    def test_a_damaged_page_is_not_the_clients_fault(self):
        self.server.stop()
        with contextlib.closing(sqlite3.connect(self.server.data / "history.db")) as store:
            store.execute("PRAGMA wal_checkpoint(truncate)")
            size = store.execute("PRAGMA page_size").fetchone()[0]
            pages = [
                store.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [name]).fetchone()
                for name in ("sqlite_autoindex_rollup_hour_1", "audit_entry")
            ]
        with open(self.server.data / "history.db", "r+b") as file:
            for (page,) in pages:
                file.seek((page - 1) * size)
                file.write(b"\xaa" * size)
        self.server.start_again()
        path = f"/api/v1/devices/{SNS[0]}/history"
        answer = self.api.call("GET", path, {"fields": "pd.soc", "from": "-1h", "step": "15m"})
        self.assertEqual((answer["code"], answer["message"]), ("1000", "Server error"))
        audit = self.server.cli("audit")
        self.assertEqual(audit.returncode, 1)
        self.assertIn("history.db is damaged", audit.stderr)
        self.assertNotIn(str(self.server.data), audit.stderr)
        # Beside what reading all of the file finds, sooner or later.
        self.assertIn("history.db: database disk image is malformed", self.notes())
        self.assertEqual(self.health()["status"], "damaged")

    def test_a_damaged_sessions_db_costs_no_start(self):
        self.server.stop()
        self.remove("sessions.db-wal", "sessions.db-shm")
        (self.server.data / "sessions.db").write_bytes(b"r" * 5000)
        self.server.start_again()
        self.assertEqual((self.server.data / "damaged-sessions.db-1").read_bytes(), b"r" * 5000)
        self.assertIn("damaged-sessions.db-1", self.notes()[0])
        self.server.restart()
        self.assertEqual(len(self.notes()), 1)

    def test_a_missing_sessions_db(self):
        self.server.stop()
        self.remove("sessions.db", "sessions.db-wal", "sessions.db-shm")
        self.server.start_again()
        self.assertRegex(self.notes()[0], "^sessions.db was missing or empty")
        self.server.restart()
        self.assertEqual(len(self.notes()), 1)
        self.server.stop()
        self.assertEqual(len(self.notes()), 1, "nothing but the notes")
        told(self.server.cli("damage", "--accept"))
        self.assertEqual(self.notes(), [])


if __name__ == "__main__":
    run_tests()
