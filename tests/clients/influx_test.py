"""The bridge "influx" with Debian's InfluxDB 1.6 and VictoriaMetrics: what devices report is in the database, each value
once, also after the database or the server was away.
"""
import json
import signal
import time
import unittest
import urllib.parse
import urllib.request

from mqtt_talk import DeviceClient
from programs import Program, free_port, until
from server import PATIENCE_S, Server, run_tests, temporary_folder

SN = "ZZ99OUT0000000002"


class InfluxDb(Program):
    """InfluxDB 1.6; the same data after a restart."""

    def __init__(self, folder=None, port=None):
        self.folder, self.port = folder or temporary_folder(), port or free_port()
        config = self.folder / "influxdb.conf"
        config.write_text(f'''reporting-disabled = true
bind-address = "127.0.0.1:{free_port()}"
[meta]
dir = "{self.folder}/meta"
[data]
dir = "{self.folder}/data"
wal-dir = "{self.folder}/wal"
[http]
bind-address = "127.0.0.1:{self.port}"
log-enabled = false
''')
        super().__init__("influxd", "-config", config)
        self.await_line(lambda line: "Listening on HTTP" in line, "the start of influxd")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, query):
        words = urllib.parse.urlencode({"db": "home", "epoch": "ms", "q": query})
        with urllib.request.urlopen(f"{self.url}/query", words.encode(), timeout=PATIENCE_S) as answer:
            return json.load(answer)["results"][0].get("series", [])

    def values(self, field):
        """[value, ..] in order of time."""
        series = self.ask(f'SELECT "{field}" FROM "own" WHERE sn = \'{SN}\'')
        return [value for _, value in series[0]["values"]] if series else []

    def write(self, line):
        urllib.request.urlopen(f"{self.url}/write?db=home", line.encode(), timeout=PATIENCE_S).close()


class VictoriaMetrics(Program):
    def __init__(self):
        self.folder, self.port = temporary_folder(), free_port()
        super().__init__("victoria-metrics", f"-storageDataPath={self.folder}", "-retentionPeriod=100y",
                         f"-httpListenAddr=127.0.0.1:{self.port}")
        self.await_line(lambda line: "started VictoriaMetrics" in line, "the start of VictoriaMetrics")

    def values(self, name):
        url = f"http://127.0.0.1:{self.port}"
        urllib.request.urlopen(f"{url}/internal/force_flush", timeout=PATIENCE_S).close()
        words = urllib.parse.urlencode({"match[]": f'{{__name__="{name}",sn="{SN}"}}'})
        with urllib.request.urlopen(f"{url}/api/v1/export?{words}", timeout=PATIENCE_S) as answer:
            rows = [json.loads(line) for line in answer.read().splitlines()]
        return [value for row in rows for value in row["values"]]


class InfluxTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(demo=False)
        self.addCleanup(self.end_server)
        self.server.add_account("home")
        self.key = self.server.add_device(SN, "home")
        self.device = self.connect()

    def end_server(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def connect(self):
        device = DeviceClient(self.server, SN, self.key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        return device

    def database(self, **how):
        database = InfluxDb(**how)
        self.addCleanup(database.__exit__)
        if not how:
            database.ask("CREATE DATABASE home")
        return database

    def add(self, url, *more):
        done = self.server.cli("bridge", "add", "influx", "db", "--account", "home", "--url", url, "--measurement", "own",
                               "--every", "1", *more)
        self.assertEqual(done.returncode, 0, done.stderr)

    def row(self):
        shown = self.server.cli("bridge", "show", "db", "--json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return json.loads(shown.stdout)

    def report(self, *numbers):
        for number in numbers:
            self.device.report({"n": number, "watts": number * 1.5, "mode": f"m {number}", "on": number % 2 == 0})

    def has(self, database, field, values):
        until(f"{len(values)} values of {field}", lambda: len(database.values(field)) >= len(values))
        self.assertEqual(database.values(field), values)

    def test_what_is_reported_is_in_the_database(self):
        database = self.database()
        self.add(database.url, "--database", "home")
        until("a bridge that runs", lambda: self.row()["state"] == "connected")
        self.assertEqual(self.row()["out"], 0, "nothing was reported yet")
        self.report(*range(10))
        self.has(database, "n", list(range(10)))
        self.assertEqual(database.values("watts"), [number * 1.5 for number in range(10)])
        self.assertEqual(database.values("mode"), [f"m {number}" for number in range(10)])
        self.assertEqual(database.values("on"), [number % 2 == 0 for number in range(10)])
        self.assertEqual(self.row()["state"], "connected")
        self.assertEqual(self.row()["dropped"], 0)

    def test_a_database_that_is_not_there_is_told_before_anything_is_reported(self):
        port = free_port()
        self.add(f"http://127.0.0.1:{port}", "--database", "home")
        until("a bridge that fails", lambda: self.row()["state"] == "failing")
        self.assertIn("refused", self.row()["lastError"])
        self.database(port=port)
        until("a bridge that is connected", lambda: self.row()["state"] == "connected")

    def test_history_from_before_the_bridge_is_written_if_it_is_asked_for(self):
        self.report(*range(5))
        database = self.database()
        self.add(database.url, "--database", "home", "--since", "1600000000000")
        self.has(database, "n", list(range(5)))

    def test_nothing_is_missing_after_the_database_was_away(self):
        database = self.database()
        self.add(database.url, "--database", "home")
        self.report(1)
        self.has(database, "n", [1])
        folder, port = database.folder, database.port
        database.end(signal.SIGKILL)
        self.report(*range(2, 60))
        until("a bridge that fails", lambda: self.row()["state"] == "failing")
        self.report(*range(60, 80))
        database = self.database(folder=folder, port=port)
        self.has(database, "n", list(range(1, 80)))
        until("a bridge that is connected", lambda: self.row()["state"] == "connected")

    def test_nothing_is_missing_after_the_server_was_killed_while_the_database_was_away(self):
        database = self.database()
        self.add(database.url, "--database", "home")
        self.report(1)
        self.has(database, "n", [1])
        folder, port = database.folder, database.port
        database.end(signal.SIGKILL)
        self.report(*range(2, 20))
        self.device.close()  # it would connect again by itself
        self.server.end(signal.SIGKILL)
        database = self.database(folder=folder, port=port)
        self.server.start_again()
        self.device = self.connect()
        self.report(*range(20, 30))
        self.has(database, "n", list(range(1, 30)))

    def test_values_that_come_late_arrive_and_are_not_lost_by_a_kill(self):
        database = self.database()
        self.add(database.url, "--database", "home")
        self.report(1, 2)
        self.has(database, "n", [1, 2])
        hour = int(time.time() * 1000) - 3_600_000
        for number in range(10, 15):
            self.device.report({"n": number}, timestamp=hour + number)
        self.report(3)
        self.has(database, "n", [10, 11, 12, 13, 14, 1, 2, 3])
        folder, port = database.folder, database.port
        database.end(signal.SIGKILL)
        for number in range(20, 25):
            self.device.report({"n": number}, timestamp=hour + number)
        self.device.close()
        self.server.end(signal.SIGKILL)
        self.server.start_again()
        self.server.restart()  # which stores what history has in memory
        database = self.database(folder=folder, port=port)
        self.has(database, "n", [*range(10, 15), *range(20, 25), 1, 2, 3])
        until("a bridge that has written all", lambda: self.row()["figures"]["behind_s"] == 0)
        self.assertEqual(self.row()["dropped"], 0)

    def test_values_behind_a_clock_that_was_ahead_arrive(self):
        database = self.database()
        self.add(database.url, "--database", "home")
        until("a bridge that runs", lambda: self.row()["state"] == "connected")
        right = list(self.server.command)
        self.device.close()
        self.server.command += ["--start", "2040-01-01"]
        self.server.restart()
        self.device = self.connect()
        self.report(1, 2)
        self.has(database, "n", [1, 2])
        self.device.close()
        self.server.command = right
        self.server.restart()
        self.device = self.connect()
        self.report(3, 4)
        self.has(database, "n", [3, 4, 1, 2])

    def test_a_database_that_stands_still_delays_nobody_and_misses_nothing(self):
        database = self.database()
        self.add(database.url, "--database", "home")
        self.report(1)
        self.has(database, "n", [1])
        database.process.send_signal(signal.SIGSTOP)
        self.report(*range(2, 50))  # each is acknowledged
        database.process.send_signal(signal.SIGCONT)
        self.has(database, "n", list(range(1, 50)))
        database.process.send_signal(signal.SIGSTOP)
        self.report(50)
        self.server.stop()  # within its patience

    def test_lines_that_the_database_refuses_are_dropped_counted_and_told(self):
        database = self.database()
        database.write(f'own,family=generic,name={SN},sn={SN} watts="a text" {time.time_ns()}')
        self.add(database.url, "--database", "home")
        self.report(1, 2, 3)
        row = until("lines that were dropped", lambda: self.row() if self.row()["dropped"] else None)
        self.assertIn("field type conflict", row["lastError"])
        self.device.report({"n": 4})
        until("later lines", lambda: 4 in database.values("n"))

    def test_a_missing_database_is_told_and_waited_for(self):
        database = InfluxDb()
        self.addCleanup(database.__exit__)
        self.add(database.url, "--database", "home")
        self.report(1, 2)
        row = until("a bridge that fails", lambda: self.row() if self.row()["state"] == "failing" else None)
        self.assertIn("database not found", row["lastError"])
        database.ask("CREATE DATABASE home")
        self.has(database, "n", [1, 2])

    def test_victoria_metrics_takes_the_same_by_version_2(self):
        database = VictoriaMetrics()
        self.addCleanup(database.__exit__)
        token = temporary_folder() / "token"
        token.write_text("any\n")
        token.chmod(0o600)
        self.add(f"http://127.0.0.1:{database.port}", "--bucket", "home", "--org", "me", "--token-file", token)
        self.report(*range(1, 10))
        # It has times to the millisecond, no order within one, and the last line of a request again with the next.
        until("values", lambda: len(set(database.values("own_n"))) >= 9)
        self.assertEqual(set(database.values("own_n")), set(range(1, 10)))


if __name__ == "__main__":
    run_tests()
