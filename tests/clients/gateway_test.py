"""docs/examples/gateway.py as the page says: a program's lines become reports of devices, sets become lines, and what
docs/user/gateways.md promises about presence, times and rights holds.
"""
import json
import pathlib
import subprocess
import sys
import time
import unittest

from mqtt_talk import AppClient
from programs import until
from server import Server, run_tests, temporary_folder, told

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "docs/examples/gateway.py"
HEATER, STATION = "HEATER-01", "R331TEST00000001"


class GatewayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.api = cls.server.api()
        cls.key = told(cls.server.cli("account", "rotate", "demo", "--gateway"))["gatewayKey"]
        for sn in (HEATER, STATION):
            cls.server.add_device(sn, "demo")
        cls.server.add_account("ben")
        cls.server.add_device("BENS-01", "ben")

    def setUp(self):
        self.file = temporary_folder() / "key.txt"
        self.file.write_text(self.key + "\n")

    def start(self, door="mqtt", key_file=None, *more):
        host, port = self.server.place(door)
        self.process = subprocess.Popen(
            [sys.executable, EXAMPLE, "--account", "demo", "--key-file", key_file or self.file,
             "--server", f"{host}:{port}", *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, self.process)
        return self.process.stderr.readline()

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def say(self, **row):
        self.process.stdin.write(json.dumps(row) + "\n")
        self.process.stdin.flush()

    def online(self, sn):
        return self.api.devices()[sn]["online"] == 1

    def test_lines_are_reports_and_the_device_is_online_from_the_first_one(self):
        self.assertIn("connected as gateway:demo", self.start())
        self.assertFalse(self.online(HEATER))
        self.say(sn=HEATER, params={"tank_c": 54.5, "heating": True})
        until("it online", lambda: self.online(HEATER))
        until("its values", lambda: self.api.quota_all(HEATER) == {"tank_c": 54.5, "heating": True})
        # A device of a family that Gridloom knows, by whole names.
        self.say(sn=STATION, params={"pd.soc": 61})
        until("its charge", lambda: self.api.quotas(STATION, "pd.soc").get("pd.soc") == 61)
        self.say(sn=HEATER, online=False)
        until("it offline", lambda: not self.online(HEATER))
        self.assertTrue(self.online(STATION))
        self.say(sn=HEATER, params={"tank_c": 50})
        until("it online again", lambda: self.online(HEATER))
        self.process.stdin.close()
        self.assertEqual(self.process.wait(20), 0)
        until("all offline", lambda: not self.online(HEATER) and not self.online(STATION))

    def test_a_report_has_its_own_time(self):
        self.start()
        at = time.time_ns() // 1_000_000 - 3_600_000
        with AppClient(self.server, self.api) as app:
            app.subscribe(app.topic(HEATER, "quota"))
            self.say(sn=HEATER, timestamp=at, params={"tank_c": 12})
            report = app.message(app.topic(HEATER, "quota"), lambda m: m.payload["params"] == {"tank_c": 12})
        self.assertEqual(report.payload["timestamp"], at)

    def test_sets_are_lines_and_their_answers_reach_who_asked(self):
        self.start()
        self.say(sn=HEATER, params={"heating": False})
        until("it online", lambda: self.online(HEATER))
        with AppClient(self.server, self.api) as app:
            app.subscribe(app.topic(HEATER, "set_reply"))
            app.publish(app.topic(HEATER, "set"), {"id": 77, "version": "1.0", "params": {"heating": True}})
            line = json.loads(self.process.stdout.readline())
            self.assertEqual(line["sn"], HEATER)
            self.assertEqual((line["set"]["id"], line["set"]["params"]), (77, {"heating": True}))
            self.say(sn=HEATER, params={"heating": True})
            self.say(sn=HEATER, reply={"id": 77, "version": "1.0", "data": {"ack": 0}})
            self.assertEqual(app.reply(app.topic(HEATER, "set_reply"), 77)["data"], {"ack": 0})
        self.assertEqual(self.api.quotas(HEATER, "heating"), {"heating": True})

    def test_it_speaks_for_devices_of_its_own_account_alone(self):
        self.start()
        self.say(sn="BENS-01", params={"tank_c": 1})
        self.say(sn="NOBODYS-01", params={"tank_c": 1})
        self.say(sn=HEATER, params={"tank_c": 33})
        until("what came behind it", lambda: self.api.quotas(HEATER, "tank_c") == {"tank_c": 33})
        lines = self.server.cli("device", "list", "--json").stdout.splitlines()
        rows = {row["sn"]: row for row in map(json.loads, lines)}
        self.assertFalse(rows["BENS-01"].get("online"), rows["BENS-01"])
        self.assertNotIn("NOBODYS-01", rows)

    def test_over_tls_and_with_a_wrong_key(self):
        self.assertIn("connected", self.start("mqtts", None, "--ca", self.server.ca))
        wrong = temporary_folder() / "wrong.txt"
        wrong.write_text("0" * 32)
        self.assertIn("refuses the gateway", self.start("mqtt", wrong))


if __name__ == "__main__":
    run_tests()
