"""Breaks the PostgreSQL of a server again and again under load, and then asks the server for everything it promised.

    database_test.py PROGRAM [--faults N] [--devices N] [--seed N] [--pause-s S]

The load and the promises are those of crash_test.py. The database is killed (SIGKILL of the postmaster), paused, cut off
in the middle of its work (its sessions are terminated) or restarted, at any moment. Meanwhile reports are acknowledged,
values are read and sets are answered; history and changes of the registry answer in time, whatever they answer.
"""
import argparse
import os
import pathlib
import random
import signal
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tests/clients"), str(ROOT / "tests/bad_inputs")]
import crash_test as crash  # noqa: E402
import server as servers  # noqa: E402
from postgres import Postgres  # noqa: E402
from server import PATIENCE_S, Deadline  # noqa: E402

LONGEST_S = 12  # of an answer while the database is away: docs/operate/postgres.md


class Outage:
    """What the server does without its database."""

    def __init__(self, server, api, device):
        self.server, self.api, self.device = server, api, device
        self.waits_s, self.changes = [], 0

    def timed(self, ask):
        begun = time.monotonic()
        answer = ask()
        self.waits_s.append(time.monotonic() - begun)
        assert self.waits_s[-1] < LONGEST_S, f"{answer} took {self.waits_s[-1]:.1f} s"
        return answer

    def history(self):
        return self.timed(lambda: self.api.call("GET", f"/api/v1/devices/{self.device.sn}/history",
                                                {"fields": "n", "from": "-1m", "to": "now"}))

    def look(self, is_away):
        assert self.timed(lambda: self.api.quota_all(self.device.sn)), "no values"
        # What is in memory is answered, and else 503.
        answer = self.history()
        assert answer["code"] in ("0", "503"), answer
        self.changes += 1
        added = self.timed(lambda: self.server.cli("account", "add", f"more-{self.changes}"))
        if is_away:
            assert added.returncode != 0 and "database" in added.stderr, (added.returncode, added.stderr)


def break_database(database, how, pause_s):
    """Returns what mends it; None: it is whole again already."""
    if how == "kill":
        database.stop(signal.SIGKILL)
        return database.start
    if how == "stop":
        database.stop(signal.SIGINT)
        return database.start
    if how == "pause":
        database.pause()
        stopped = time.monotonic()

        def go_on():
            threading.Event().wait(max(0.0, stopped + pause_s - time.monotonic()))
            database.go_on()
        return go_on
    database.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'gridloom%'",
                 "postgres")
    return None


def load(acknowledged, count, server):
    for _ in range(count):
        if not acknowledged.acquire(timeout=PATIENCE_S):
            raise AssertionError(f"nothing is acknowledged any more\n{server.log_text()}")


def await_whole(server, outage):
    """What waits is stored, and can be read, once the database works again."""
    deadline = Deadline("the database to work", 4 * PATIENCE_S)
    while True:
        health = server.health()
        if health["status"] == "ok" and "catchesUp" not in health and outage.history()["code"] == "0":
            return
        try:
            deadline.left_s()
        except AssertionError as late:
            raise AssertionError(f"{late}: {health}\n{server.log_text()}") from None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--pause-s", type=float, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    servers.GRIDLOOM = os.path.abspath(options.program)
    begin_ms = int(time.time() * 1000) - 1000
    database = Postgres()
    server = servers.Server(
        *(f"--limit={limit}" for limit in ("history.segment-bytes=65536", "history.head-bytes=65536")),
        *database.new_database(), demo=False)
    keys = server.add_account("crash")
    acknowledged = threading.Semaphore(0)
    devices = []
    for number in range(options.devices):
        sn = f"CRASH{number:03}"
        window = crash.BURST if number % 2 else crash.FEW
        devices.append(crash.Device(sn, server.add_device(sn, "crash"), acknowledged, window, number % 3 == 1))
    app = crash.App(devices)
    api = server.api(keys["accessKey"], keys["secretKey"])
    outage = Outage(server, api, devices[0])
    for device in devices:
        device.go(server.place("mqtt"))
    app.go(api)
    load(acknowledged, 100, server)
    for fault in range(options.faults):
        how = ("kill", "cut", "pause", "cut", "stop", "cut")[fault % 6]
        mend = break_database(database, how, options.pause_s)
        load(acknowledged, chance.choice((1, 300, 3000)), server)
        if mend:
            outage.look(is_away=True)
            load(acknowledged, chance.choice((1, 300, 3000)), server)
            mend()
        load(acknowledged, chance.choice((1, 300, 1000)), server)
        if fault % 4 == 3:
            await_whole(server, outage)
            added = server.cli("account", "add", f"after-{fault}")
            assert added.returncode == 0, added.stderr
        broken = [device.wrong for device in devices if device.wrong]
        assert not broken, broken
    app.finish()
    for device in devices:
        device.finish()
    await_whole(server, outage)
    crash.check(api, devices, begin_ms, everything=True)
    # Once more, with the server killed and the log read again.
    server.restart(signal.SIGKILL)
    api = server.api(keys["accessKey"], keys["secretKey"])
    crash.check(api, devices, begin_ms, everything=True)
    lost = app.answered - crash.audited(server)
    assert not lost, f"answered sets that are not in the audit: {sorted(lost)[:10]}"
    server.restart(signal.SIGTERM)
    crash.check(server.api(keys["accessKey"], keys["secretKey"]), devices, begin_ms, everything=True)
    server.stop()
    database.stop()
    reports = sum(len(device.kept) for device in devices)
    print(f"{options.faults} faults of the database: {reports} reports and {len(app.answered)} sets, none lost, none "
          f"doubled; the longest answer meanwhile took {max(outage.waits_s, default=0):.1f} s")
    assert app.answered, "no set was answered"


if __name__ == "__main__":
    main()
