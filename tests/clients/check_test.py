"""`gridloom check`: of a folder that is whole, running and stopped, and of one with a flipped bit in
each of its files."""
import contextlib
import shutil
import signal
import sqlite3
import unittest

from mqtt_talk import DeviceClient
from server import Server, cli, pause, run_tests, temporary_folder, told

SN = "R331TEST0000001"
WAL_HEAD_BYTES, FRAME_HEAD_BYTES = 32, 24
FLIPS = 5  # places in each file
PASSING = ("lock", "ready.json", "admin.sock")


def states(result):
    """What it says of each file: {name: (state, the rest)}."""
    lines = (line.split(None, 2) for line in result.stdout.splitlines())
    return {words[1]: (words[0], words[2] if len(words) > 2 else "") for words in lines}


def snapshot(folder):
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class CheckTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A folder with something in each file, stopped; and one that was killed, with its logs."""
        server = Server(demo=False)
        server.add_account("anna")
        key = server.add_device(SN, "anna")
        cls.report(server, key)
        cls.running = cli("check", server.data)
        cls.killed = temporary_folder() / "killed"
        pause(server.process)
        shutil.copytree(
            server.data, cls.killed, ignore=shutil.ignore_patterns(*PASSING), dirs_exist_ok=True
        )
        server.process.send_signal(signal.SIGCONT)
        server.stop()
        cls.stopped = server.data

    @staticmethod
    def report(server, key):
        with DeviceClient(server, SN, key) as device:
            for count in range(50):
                device.publish(device.topic("quota"), {"params": {"count": count}})

    def assert_good(self, result):
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        found = states(result)
        for name in ("history.db", "registry.sqlite", "secret.key", "sessions.db", "tls/ca.pem"):
            self.assertEqual(found[name][0], "good", result.stdout)
        self.assertNotIn("DAMAGED", result.stdout)

    def test_a_running_and_a_killed_server(self):
        self.assert_good(self.running)
        self.assertIn("history.db-wal", states(self.running))
        result = cli("check", self.killed)
        self.assert_good(result)
        logs = [said for name, (_, said) in states(result).items() if name.startswith("log/")]
        self.assertGreater(sum(int(said.split()[0]) for said in logs), 50, logs)

    def test_a_stopped_one_is_not_touched(self):
        before = snapshot(self.stopped)
        self.assert_good(cli("check", self.stopped))
        self.assertEqual(snapshot(self.stopped), before)

    def flips(self, folder, name):
        """The results of checks with one flipped bit each."""
        file = folder / name
        good = file.read_bytes()
        size = len(good)
        if name.endswith("-wal"):  # what is behind its frames is of before the last checkpoint
            frames = int(states(cli("check", folder))[name][1].split()[0])
            page_bytes = int.from_bytes(good[8:12], "big")
            size = WAL_HEAD_BYTES + frames * (FRAME_HEAD_BYTES + page_bytes)
        step = max(1, size // FLIPS)
        try:
            for at in {*range(0, size, step), size - 1}:
                file.write_bytes(good[:at] + bytes([good[at] ^ 2]) + good[at + 1 :])
                yield at, cli("check", folder)
        finally:
            file.write_bytes(good)

    def test_a_flipped_bit_in_files_that_are_checked_whole(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.killed, folder)
        log = [f"log/{path.name}" for path in (folder / "log").iterdir()]
        self.assertTrue(log)
        for name in (*log, "secret.key", "history.db-wal"):
            for at, result in self.flips(folder, name):
                with self.subTest(file=name, at=at):
                    self.assertEqual(result.returncode, 1, result.stdout)
                    # A wrong key shows in the registry that it does not open.
                    blamed = "registry.sqlite" if name == "secret.key" else name
                    self.assertEqual(states(result)[blamed][0], "DAMAGED")

    def test_a_log_that_lacks_its_beginning(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.killed, folder)
        with contextlib.closing(sqlite3.connect(folder / "history.db")) as store:
            (applied,) = store.execute("SELECT min(position) FROM part").fetchone()
        (segment,) = (folder / "log").iterdir()
        segment.rename(segment.with_name(f"{applied + 31:020}.log"))
        result = cli("check", folder)
        self.assertEqual(result.returncode, 1)
        lost = f"records {applied + 1} to {applied + 30} are neither in the log nor in history.db"
        state, why = states(result)["log"]
        self.assertEqual(state, "DAMAGED")
        self.assertTrue(why.startswith(lost), why)

    def test_a_log_that_lacks_its_end(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.killed, folder)
        (segment,) = (folder / "log").iterdir()
        with open(segment, "r+b") as file:
            file.truncate(segment.stat().st_size - 1)
        result = cli("check", folder)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(states(result)["log"][1], r"^the log ends with record \d+, but log.seen names")

    def test_an_end_of_the_log_that_was_torn_is_no_damage(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.killed, folder)
        (segment,) = (folder / "log").iterdir()
        with open(segment, "ab") as file:
            file.write(bytes(100))
        result = cli("check", folder)
        self.assert_good(result)
        self.assertIn("an incomplete write of 100 bytes at its end", states(result)[f"log/{segment.name}"][1])

    def test_a_file_that_the_disk_does_not_give_is_not_called_damaged(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.killed, folder)
        (folder / "damage.txt").symlink_to("/proc/self/mem")  # of which no byte at 0 can be read
        result = cli("check", folder)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"NOT READ damage.txt .*Input/output error")
        self.assertNotIn("DAMAGED", result.stdout)
        self.assertIn("could not be read: check the disk", result.stderr)
        said = cli("serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--mqtt", "127.0.0.1:0",
                   "--mqtts", "127.0.0.1:0", data=folder)
        self.assertEqual(said.returncode, 1)
        self.assertIn("damage.txt: Input/output error", said.stderr)

    def test_a_segment_that_the_disk_does_not_give_is_no_loss(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.killed, folder)
        (segment,) = (folder / "log").iterdir()
        segment.unlink()
        segment.symlink_to("/proc/self/mem")
        result = cli("check", folder)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"NOT READ log/\S+ .*Input/output error")
        self.assertNotIn("DAMAGED", result.stdout)

    def test_a_log_that_is_damaged_under_a_running_server(self):
        server = Server(demo=False)
        server.add_account("anna")
        self.report(server, server.add_device(SN, "anna"))
        (segment,) = (server.data / "log").iterdir()
        with open(segment, "r+b") as file:
            file.seek(segment.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 2]))
        result = cli("check", server.data)
        self.assertEqual(states(result)[f"log/{segment.name}"][0], "DAMAGED", result.stdout)
        server.stop()

    def test_old_copies(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.killed, folder)
        for name in ("registry.sqlite", "sessions.db"):
            with contextlib.closing(sqlite3.connect(folder / name)) as database:
                database.execute("PRAGMA wal_checkpoint(truncate)")
        for seen, name in (("registry.seen", "registry.sqlite"), ("sessions.seen", "sessions.db")):
            file = folder / seen
            before = file.read_text()
            head, number = before.split("\n")[0].rpartition(" ")[::2]
            later = f"{head} {int(number) + 3}".strip() + "\n"
            file.write_text(later * 2)
            with self.subTest(file=name):
                result = cli("check", folder)
                self.assertEqual(result.returncode, 1)
                state, why = states(result)[name]
                self.assertEqual(state, "DAMAGED")
                self.assertIn("old copy", why)
            file.write_text("0\n1\n")
            self.assertIn("not compared", states(cli("check", folder))[seen][1])
            file.write_text(before)
        self.assert_good(cli("check", folder))

    def test_a_changed_row_of_history(self):
        for sql in (
            "UPDATE block SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'7f' AS BLOB)",
            "UPDATE audit_entry SET entry = replace(entry, 'anna', 'anta')",
            "UPDATE twin SET device = device + 1",
            "UPDATE part SET position = position + 1 WHERE p = 7",
            "UPDATE writer SET mark = mark + 1",
        ):
            with self.subTest(sql=sql):
                folder = temporary_folder() / "copy"
                shutil.copytree(self.stopped, folder)
                with contextlib.closing(sqlite3.connect(folder / "history.db")) as store:
                    changed = store.execute(sql).rowcount
                    store.commit()
                self.assertGreater(changed, 0)
                result = cli("check", folder)
                self.assertEqual(result.returncode, 1)
                state, why = states(result)["history.db"]
                self.assertEqual(state, "DAMAGED")
                self.assertIn(f"table {sql.split()[1]}", why)

    def test_a_backup(self):
        backup = temporary_folder() / "backup"
        told(cli("backup", backup, data=self.stopped))
        before = snapshot(backup)
        result = cli("check", backup)
        self.assert_good(result)
        self.assertIn("the SHA-256 is right", states(result)["history.db"][1])
        self.assertEqual(snapshot(backup), before)
        for name in before:
            for at, result in self.flips(backup, name):
                with self.subTest(file=name, at=at):
                    self.assertEqual(result.returncode, 1, result.stdout)
                    self.assertEqual(states(result)[name][0], "DAMAGED")
        (backup / "history.db").unlink()
        self.assertIn("is missing", states(cli("check", backup))["history.db"][1])

    def test_what_is_missing_or_none(self):
        folder = temporary_folder() / "copy"
        shutil.copytree(self.stopped, folder)
        (folder / "secret.key").unlink()
        (folder / "notes.txt").write_text("mine")
        result = cli("check", folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("missing", states(result)["secret.key"][1])
        self.assertEqual(states(result)["notes.txt"], ("-", "not known"))
        (folder / "registry.sqlite").unlink()
        self.assertIn("missing", states(cli("check", folder))["registry.sqlite"][1])
        shutil.rmtree(folder / "log")
        self.assertIn("no segment", states(cli("check", folder))["log"][1])
        refused = cli("check", temporary_folder())
        self.assertEqual(refused.returncode, 1)
        self.assertIn("neither a data folder", refused.stderr)
        missing = temporary_folder() / "none"
        self.assertEqual(cli("check", missing).returncode, 1)
        self.assertFalse(missing.exists())


if __name__ == "__main__":
    run_tests()
