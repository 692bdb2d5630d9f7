"""Breaks the PostgreSQL of a server again and again under load, and then asks the server for everything it promised.

    database_test.py PROGRAM faults [--faults N] [--how kill,pause,cut,stop] [--pause-s S] [--devices N] [--seed N]
    database_test.py PROGRAM failover|full_disk [--devices N] [--seed N]

The load and the promises are those of crash_test.py.

faults     The database is killed (SIGKILL of the postmaster), paused, cut off in the middle of its work (its sessions
           are terminated) or restarted, at any moment. Meanwhile reports are acknowledged, values are read and sets
           are answered; history and changes of the registry answer in time, whatever they answer.
failover   Its asynchronous standby takes over, and lacks what was committed last. A server that notices that ends, as
           its log has what is missing, and is started again.
full_disk  Its disk is full for a while (a small file system, which takes root).
"""
import argparse
import contextlib
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

SKIPPED = 77
START_AGAIN = 75  # the exit code of a server that has to read its log again
CATCH_UP_S = 120  # of a server with its database, once it is back
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


class Load:
    """A server with its database, devices that report and an app that sets them."""

    def __init__(self, options, flags):
        self.begin_ms = int(time.time() * 1000) - 1000
        limits = ("history.segment-bytes=65536", "history.head-bytes=65536", "history.points=10000000")
        self.server = servers.Server(*(f"--limit={limit}" for limit in limits), *flags, demo=False)
        self.keys = self.server.add_account("crash")
        self.acknowledged, self.devices = threading.Semaphore(0), []
        for number in range(options.devices):
            sn = f"CRASH{number:03}"
            window = crash.BURST if number % 2 else crash.FEW
            self.devices.append(crash.Device(sn, self.server.add_device(sn, "crash"), self.acknowledged, window,
                                             number % 3 == 1))
        self.app = crash.App(self.devices)
        self.go()

    def go(self):
        """The server has been started."""
        self.api = self.server.api(self.keys["accessKey"], self.keys["secretKey"])
        self.outage = Outage(self.server, self.api, self.devices[0])
        for device in self.devices:
            device.go(self.server.place("mqtt"))
        self.app.go(self.api)

    def run(self, count):
        for _ in range(count):
            if not self.acknowledged.acquire(timeout=PATIENCE_S):
                raise AssertionError(f"nothing is acknowledged any more\n{self.server.log_text()}")
        broken = [device.wrong for device in self.devices if device.wrong]
        assert not broken, broken

    def await_whole(self):
        """What waits is stored, and can be read, once the database works again."""
        deadline = Deadline("the database to work", CATCH_UP_S)
        while True:
            health = self.server.health()
            if health["status"] == "ok" and "catchesUp" not in health and self.outage.history()["code"] == "0":
                return
            try:
                deadline.left_s()
            except AssertionError as late:
                raise AssertionError(f"{late}: {health}\n{self.server.log_text()}") from None

    def await_answered(self):
        """An answer waits a second for what was just acknowledged, and no longer: a slow store takes more."""
        deadline = Deadline("the last reports in history", CATCH_UP_S)
        for device in self.devices:
            while not device.kept <= set(crash.numbers_in_history(self.api, device.sn, self.begin_ms)):
                deadline.left_s()

    def finish(self):
        """All that was sent is acknowledged, and nothing more comes."""
        self.app.finish()
        for device in self.devices:
            device.finish()

    def check(self):
        """Everything that was promised is there: now, after a kill, and after a stop."""
        self.await_whole()
        for how in (None, signal.SIGKILL, signal.SIGTERM):
            if how:
                self.server.restart(how)
                self.api = self.server.api(self.keys["accessKey"], self.keys["secretKey"])
                self.outage = Outage(self.server, self.api, self.devices[0])
                self.await_whole()
            self.await_answered()
            crash.check(self.api, self.devices, self.begin_ms, everything=True)
        lost = self.app.answered - set(crash.audited(self.server))
        assert not lost, f"answered sets that are not in the audit: {sorted(lost)[:10]}"
        self.server.stop()
        reports = sum(len(device.kept) for device in self.devices)
        assert self.app.answered, "no set was answered"
        return f"{reports} reports and {len(self.app.answered)} sets, none lost, none doubled"


def faults(options, chance):
    with Postgres() as database:
        load = Load(options, database.new_database())
        load.run(100)
        longest_s = 0.0
        for fault in range(options.faults):
            how = options.how[fault % len(options.how)]
            mend = break_database(database, how, options.pause_s)
            load.run(chance.choice((1, 300, 3000)))
            if mend:
                load.outage.look(is_away=True)
                load.run(chance.choice((1, 300, 3000)))
                mend()
            load.run(chance.choice((1, 300, 1000)))
            if fault % 4 == 3:
                load.await_whole()
                added = load.server.cli("account", "add", f"after-{fault}")
                assert added.returncode == 0, added.stderr
            longest_s = max([longest_s, *load.outage.waits_s])
        load.finish()
        print(f"{options.faults} faults of the database: {load.check()}; the longest answer meanwhile took "
              f"{longest_s:.1f} s")


def failover(options, chance):
    with Postgres() as first:
        flags = first.new_database()
        with first.standby() as second:
            flags[1] = flags[1].replace(f"127.0.0.1:{first.port}", f"127.0.0.1:{first.port},127.0.0.1:{second.port}")
            load = Load(options, flags)
            load.run(2000)
            second.pause()  # it lacks what is committed from now on
            load.run(chance.choice((2000, 4000)))
            load.await_whole()
            first.stop(signal.SIGKILL)
            second.go_on()
            second.promote()
            load.run(500)
            ended = load.server.process
            deadline = Deadline("the server to use the database that took over", CATCH_UP_S)
            while ended.poll() is None:
                with contextlib.suppress(ConnectionError):  # it ends
                    if load.server.health()["status"] == "ok":
                        break
                deadline.left_s()
            again = ended.poll()
            if again is not None:
                assert again == START_AGAIN, f"the server ended with {again}\n{load.server.log_text()}"
                load.server.start_again()
                load.go()
            load.run(500)
            load.finish()
            print(f"failover, the server was {'started again' if again else 'not started again'}: {load.check()}")


def full_disk(options, chance):
    if os.geteuid() != 0:
        print("skipped: only root can mount a small file system")
        sys.exit(SKIPPED)
    with Postgres(disk_mb=300) as database:
        load = Load(options, database.new_database())
        load.run(1000)
        database.fill_disk()
        load.run(chance.choice((3000, 6000)))
        load.outage.look(is_away=False)
        load.run(1000)
        database.free_disk()
        load.run(500)
        load.await_whole()
        load.finish()
        print(f"full disk of the database: {load.check()}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("what", choices=("faults", "failover", "full_disk"))
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--how", default="kill,cut,pause,cut,stop,cut", type=lambda text: text.split(","),
                        help="the faults, in turn")
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--pause-s", type=float, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    servers.GRIDLOOM = os.path.abspath(options.program)
    {"faults": faults, "failover": failover, "full_disk": full_disk}[options.what](options, random.Random(options.seed))


if __name__ == "__main__":
    main()
