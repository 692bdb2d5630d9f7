"""A new data folder begins with a past: the virtual devices live it before the server is ready. One that ended meanwhile
goes on."""
import ctypes
import datetime
import os
import pathlib
import select
import signal
import subprocess
import unittest

import server as servers
from server import DELTA_2, POWER_OCEAN, Deadline, Server, cli, run_tests, temporary_folder

PAST = datetime.timedelta(hours=16)
LONG_PAST = datetime.timedelta(days=1)  # of a server that ends before its end
REPORTS = datetime.timedelta(minutes=5)  # are at most this far apart, and in the last half day a step
HALF_DAY = datetime.timedelta(hours=12)
STEP = datetime.timedelta(minutes=1)
# All of the demo home that tell their load as one number.
WITH_LOAD = ("R331ZEB4ZEAL0528", "R331ZCB4ZE86056P", "KT21ZCH2ZF170012", "HJ31ZDH2ZF690025", "HW513000SF767194",
             "HW52ZDH1RF3J0033", "HJ31ZDH2ZF690029", "BK61Z00000000001", "M106ZAB4Z000001F", "BX11ZCB4EF2E0002")
SLACK = datetime.timedelta(seconds=1)  # between a step and the report that it brings
IN_MODIFY = 0x2
SOME_BYTES = 3_000_000  # of the log, of some thirty millions


def times(data, sn, field):
    """When the device reported the field, and what."""
    result = cli("history", sn, field, "--from", "-5d", "--csv", data=data)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    rows = [line.split(",") for line in result.stdout.splitlines()[1:]]
    return [(datetime.datetime.fromisoformat(at), float(value)) for at, value, *_ in rows if value]


def begin(data, log):
    """A server that lives its past, and has written some of it."""
    (data / "log").mkdir(mode=0o700, parents=True)
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if watch < 0 or libc.inotify_add_watch(watch, os.fsencode(data / "log"), IN_MODIFY) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    doors = [word for door in servers.DOORS for word in ("--" + door, "127.0.0.1:0")]
    command = [servers.GRIDLOOM, "serve", "--demo", "--past", "1d", "--data", str(data), *doors]
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=data.parent)
    deadline = Deadline("a part of the past in the log")
    try:
        while sum(file.stat().st_size for file in (data / "log").iterdir()) < SOME_BYTES:
            if select.select([watch], [], [], deadline.left_s())[0]:
                os.read(watch, 4096)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        os.close(watch)
    return process


class PastTest(unittest.TestCase):
    def test_the_devices_have_lived_before_the_server_is_ready(self):
        with Server("--past", "16h") as server:
            self.assertFalse((server.data / "past.json").exists())
            ready = datetime.datetime.now().astimezone()
            for sn, field in ((DELTA_2, "pd.soc"), (POWER_OCEAN, "bpSoc")):
                with self.subTest(sn=sn):
                    at = [moment for moment, _ in times(server.data, sn, field) if moment <= ready]
                    self.assertLess(at[0], ready - PAST + REPORTS)
                    gaps = [(b - a, b) for a, b in zip(at, at[1:])]
                    begun = at[0]
                    lived = [gap for gap, end in gaps if end <= begun + PAST]
                    self.assertLessEqual(max(lived), REPORTS, "what lies between them is known")
                    dense = [gap for gap, end in gaps if begun + PAST - HALF_DAY + REPORTS < end <= begun + PAST]
                    self.assertLessEqual(max(dense), STEP + SLACK)
                    self.assertGreater(len(dense), 700)
            state = server.api().quota_all(DELTA_2)["pd.soc"]
            self.assertEqual(state, times(server.data, DELTA_2, "pd.soc")[-1][1])
            server.restart()
            self.assertNotIn("live the", server.log_text().rsplit("ready:", 1)[-1])

    def test_a_server_that_ended_meanwhile_goes_on(self):
        for how, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)):
            with self.subTest(how=how):
                data = pathlib.Path(temporary_folder()) / "data"
                process = begin(data, data.parent / "begun.log")
                process.send_signal(how)
                self.assertEqual(process.wait(servers.PATIENCE_S), code)
                self.assertTrue((data / "past.json").exists())
                self.assertFalse((data / "ready.json").exists())
                begun = {sn: times(data, sn, "load.power") for sn in WITH_LOAD}
                self.assertTrue(all(begun.values()))
                with Server("--past", "1d", data=data):
                    self.assertFalse((data / "past.json").exists())
                    ready = datetime.datetime.now().astimezone()
                    for sn in WITH_LOAD:
                        with self.subTest(sn=sn):
                            whole = times(data, sn, "load.power")
                            self.assertEqual(whole[: len(begun[sn])], begun[sn])
                            at = [moment for moment, _ in whole if moment <= ready]
                            self.assertLessEqual(max(b - a for a, b in zip(at, at[1:])), REPORTS)
                            self.assertGreater(at[-1] - at[0], LONG_PAST - REPORTS)
                    used = [value for _, value in times(data, DELTA_2, "pd.invUsedTime")]
                    self.assertEqual(used, sorted(used), "no counter goes back")


if __name__ == "__main__":
    run_tests()
