"""`gridloom migrate`: some days of virtual homes move to a database and back, interrupted by kill -9 in the middle and
with their server running. GL_MIGRATE_LONG=1: a month of twelve homes."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import unittest

import server as servers
from postgres import PASSWORD, USER, Postgres, programs
from programs import Program
from server import PATIENCE_S, Deadline, Server, cli, run_tests, temporary_folder, told

LONG = bool(os.environ.get("GL_MIGRATE_LONG"))
HOMES = "power_ocean=12" if LONG else "power_ocean=2,delta_2"
SPAN = "31d" if LONG else "4d"
WORK_S = 3000 if LONG else 240  # of a migration, and of the homes' life
SN = "HJ31SIM00000001"
FILES = ("registry.sqlite", "history.db", "sessions.db")
# What no copy carries: the marks of chunks, of which only the order to those of days counts, and checksums over them; and
# which numbering the marks are of.
MARKS = {"running_day": ("first_mark", "checksum"), "block": ("mark", "checksum"),
         "writer": ("number", "mark", "numbering", "checksum")}


def dump(file):
    """All rows of a SQLite file, by table; one that has none may not be there."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        names = [name for name, in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'")]
        tables = {}
        for name in names:
            rows = database.execute(f"SELECT * FROM {name}")
            columns = [column for column, *_ in rows.description]
            kept = [i for i, column in enumerate(columns) if column not in MARKS.get(name, ())]
            tables[name] = sorted(repr([row[i] for i in kept]) for row in rows)
        return {name: rows for name, rows in tables.items() if rows}


def exports(data):
    """What a folder's commands tell of it."""
    told_by = {}
    span = ["--from", "2026-03-01", "--to", "2026-03-05"]
    for words in (["history", SN, "bpSoc", *span, "--csv"], ["energy", SN, *span, "--json"], ["audit", "--json"],
                  ["account", "list", "--json"], ["device", "list", "--json"], ["token", "list", "--json"]):
        done = cli(*words, data=data, patience_s=WORK_S)
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.stderr}")
        told_by[" ".join(words)] = done.stdout
    return told_by


class Migration(Program):
    """A migration that runs beside the test."""

    def __init__(self, *flags):
        super().__init__(servers.GRIDLOOM, "migrate", *flags, cwd=temporary_folder())


class Locked:
    """Holds what a statement locks, until it is left."""

    def __init__(self, database, name, statement):
        self.database, self.name = database, name
        self.psql = subprocess.Popen(
            [programs() / "psql" if (programs() / "psql").exists() else "psql", "-X", "-q", "-A", "-t", "-h",
             "127.0.0.1", "-p", str(database.port), "-U", USER, "-d", name], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PGPASSWORD": PASSWORD})
        self.psql.stdin.write(f"BEGIN; {statement}; SELECT 'held';\n")
        self.psql.stdin.flush()
        seen = []
        for line in self.psql.stdout:
            seen.append(line.strip())
            if line.strip() == "held":
                return
        raise AssertionError(seen)

    def await_waiting(self):
        """Until somebody else waits for it."""
        deadline = Deadline("a migration that waits for a lock", WORK_S)
        while self.database.ask("SELECT count(*) FROM pg_locks WHERE NOT granted", self.name) == [["0"]]:
            deadline.left_s()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.psql.stdin.close()
        self.psql.wait(PATIENCE_S)
        self.psql.stdout.close()


class MigrateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = Postgres()
        cls.addClassCleanup(cls.database.stop)
        with Server("--demo-home", HOMES, "--start", "2026-03-01", "--paused") as home:
            cls.home = home.data
            stepped = cli("time", "step", SPAN, data=home.data, patience_s=WORK_S)
            assert stepped.returncode == 0, stepped.stderr
            home.add_account("ann")
            told(cli("account", "add", "gone", data=home.data))
            told(cli("account", "remove", "gone", data=home.data))
            home.add_device("ZZ99MIG0000000001", "ann")
            told(cli("device", "remove", "ZZ99MIG0000000001", data=home.data))
        cls.before = exports(cls.home)

    def setUp(self):
        self.data = temporary_folder() / "data"
        shutil.copytree(self.home, self.data)

    def new_database(self):
        """Its name, its URL and the words for its password."""
        _, url, *password = self.database.new_database()
        return url.split("/")[-1].split("?")[0], url, password

    def migrate(self, *flags):
        done = cli("migrate", *flags, "--json", patience_s=WORK_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def interrupt(self, name, statement, words):
        """kill -9 while the migration waits for what the statement locks."""
        with Locked(self.database, name, statement) as held:
            migration = Migration(*words)
            held.await_waiting()
            migration.end(signal.SIGKILL)

    def count(self, name, table):
        return int(self.database.ask(f"SELECT count(*) FROM gridloom.{table}", name)[0][0])

    def test_up_and_down_equal_row_by_row_although_interrupted_twice(self):
        name, url, password = self.new_database()
        up = ["--from", self.data, "--to", url, *password]
        # The first partition of a month is made under this lock.
        self.interrupt(name, "SELECT pg_advisory_lock(hashtext('gridloom months of gridloom'))", up)
        self.assertEqual(self.count(name, "devices"), len(dump(self.data / "registry.sqlite")["devices"]))
        self.assertEqual(self.count(name, "block"), 0)
        refused = cli("serve", "--database", url, "--database-password-file", password[1], data=temporary_folder())
        self.assertEqual(refused.returncode, 1)
        self.assertIn("the database has a part of the data", refused.stderr)
        self.interrupt(name, "LOCK TABLE gridloom.audit_entry IN ACCESS EXCLUSIVE MODE", up)
        chunks = self.count(name, "block")
        self.assertGreater(chunks, 0)
        newest = self.database.ask("SELECT max(CAST(CAST(xmin AS text) AS bigint)) FROM gridloom.block", name)
        self.assertEqual(sorted(path.name for path in self.data.glob("*.migrated")), [])
        answer = self.migrate(*up)
        self.assertEqual(answer["kept"], [f"{file}.migrated" for file in FILES])
        self.assertEqual({row["table"]: row["written"] for row in answer["tables"]}["chunks"], 0)
        self.assertEqual(self.database.ask("SELECT max(CAST(CAST(xmin AS text) AS bigint)) FROM gridloom.block", name),
                         newest, "what was copied before the second interruption was not copied again")
        self.assertEqual(exports(self.data), self.before)
        again = self.migrate(*up)
        self.assertTrue(again["before"])

        down = ["--from", url, "--to", self.data]
        self.interrupt(name, "LOCK TABLE gridloom.block IN ACCESS EXCLUSIVE MODE", down)
        self.interrupt(name, "LOCK TABLE gridloom.audit_entry IN ACCESS EXCLUSIVE MODE", down)
        self.assertTrue((self.data / "database.json").exists())
        self.assertFalse((self.data / "history.db").exists())
        answer = self.migrate(*down)
        self.assertFalse((self.data / "database.json").exists())
        self.assertFalse((self.data / "migrating").exists())
        for file in FILES:
            with self.subTest(file=file):
                self.assertEqual(dump(self.data / file), dump(self.data / f"{file}.migrated"))
        self.assertEqual(exports(self.data), self.before)
        checked = cli("check", self.data, patience_s=WORK_S)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        # Nobody goes on with what has moved away, and it may come back.
        refused = cli("serve", "--database", url, "--database-password-file", password[1], data=temporary_folder())
        self.assertIn(f"the data of the database were moved to {self.data}", refused.stderr)
        self.migrate(*up)
        self.assertEqual(exports(self.data), self.before)
        self.migrate(*down)

    def test_the_server_runs_until_a_last_short_stop(self):
        name, url, password = self.new_database()
        up = ["--from", self.data, "--to", url, *password]
        home = Server("--demo-home", HOMES, "--start", "2026-03-06", "--paused", data=self.data)
        ended = cli("migrate", *up, patience_s=WORK_S)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("stop it and run the same command again", ended.stderr)
        self.assertGreater(self.count(name, "block"), 0)
        self.assertEqual(self.count(name, "twin"), 0, "they change all the time")
        stepped = cli("time", "step", "5h", data=self.data, patience_s=WORK_S)
        self.assertEqual(stepped.returncode, 0, stepped.stderr)
        words = ["history", SN, "bpSoc", "--from", "2026-03-05", "--to", "2026-03-07", "--csv"]
        before = cli(*words, data=self.data).stdout
        self.assertGreater(len(before.splitlines()), 100)
        migration = Migration(*up, "--wait")
        migration.await_line(lambda line: "stop the server now" in line, "the wait for the server", WORK_S)
        home.stop()
        migration.await_line(lambda line: "all data are moved" in line, "the end of the migration", WORK_S)
        self.assertEqual(migration.process.wait(PATIENCE_S), 0)
        migration.process.stdout.close()
        self.assertEqual(cli(*words, data=self.data).stdout, before)
        home.start_again()
        self.assertEqual(home.health()["status"], "ok")
        down = ["--from", url, "--to", self.data]
        ended = cli("migrate", *down, patience_s=WORK_S)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("stop it and run the same command again", ended.stderr)
        home.stop()
        self.migrate(*down)
        home.start_again()
        self.assertEqual(home.health()["status"], "ok")
        home.stop()

    def test_backup_check_and_restore_say_what_is_in_the_database(self):
        _, url, password = self.new_database()
        data, backup, restored = (temporary_folder() / name for name in ("data", "backup", "restored"))
        told(cli("account", "add", "other", data=data))
        self.migrate("--from", data, "--to", url, *password)

        def states(folder):
            done = cli("check", folder, "--json")
            return done.returncode, {row["file"]: row for row in map(json.loads, done.stdout.splitlines())}

        code, files = states(data)
        self.assertEqual(code, 0, files)
        self.assertIn("all in the database 127.0.0.1:", files["database.json"]["note"])
        self.assertIn("not used any more", files["registry.sqlite.migrated"]["note"])
        self.assertEqual(files["secret.key"]["note"], "checked with the database")
        made = cli("backup", backup, "--json", data=data)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("pg_dump", json.loads(made.stdout)["leftOut"])
        self.assertLessEqual({"database.json", "secret.key"}, {path.name for path in backup.iterdir()})
        code, files = states(backup)
        self.assertEqual(code, 0, files)
        self.assertIn("backups of its own", files["database.json"]["note"])
        done = cli("restore", backup, data=restored)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(url, done.stderr)
        self.assertIn("other", cli("account", "list", data=restored).stdout)

        place = restored / "database.json"
        place.write_text(place.read_text().replace(f":{self.database.port}/", ":1/"))
        code, files = states(restored)
        self.assertEqual((code, files["database.json"]["state"]), (1, "not read"))
        (data / "secret.key").write_bytes(bytes(32))
        code, files = states(data)
        self.assertEqual((code, files["database.json"]["state"]), (1, "damaged"), files)

    def test_what_is_refused(self):
        name, url, password = self.new_database()
        other = temporary_folder() / "data"
        told(cli("account", "add", "other", data=other))
        for words, said in (
                (["--from", self.data, "--to", other], "one is a data folder, and the other is a database"),
                (["--from", temporary_folder(), "--to", url, *password], "has no registry.sqlite"),
                (["--from", url, "--to", temporary_folder(), *password], "it has no database.json"),
                (["--from", url, "--to", other, *password], "has its data in files already"),
        ):
            with self.subTest(words=words):
                done = cli("migrate", *words)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(said, done.stderr)
        # A database that has the data of another home.
        self.migrate("--from", other, "--to", url, *password)
        self.assertEqual(self.count(name, "accounts"), 1)
        done = cli("migrate", "--from", self.data, "--to", url, *password)
        self.assertIn("has data of its own", done.stderr)
        self.assertTrue((self.data / "registry.sqlite").exists())
        elsewhere = self.new_database()
        done = cli("migrate", "--from", other, "--to", elsewhere[1], *password)
        self.assertIn("the data of", done.stderr)


if __name__ == "__main__":
    run_tests()
