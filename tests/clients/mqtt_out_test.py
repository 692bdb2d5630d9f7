"""The bridge "mqtt" with Debian's mosquitto as the broker: values under their topics, who is there, and a broker that
goes away and comes back.
"""
import json
import signal
import unittest

from bad_peers import FullBroker
from mqtt_talk import DeviceClient
from programs import Broker, until
from server import DELTA_2, Server, run_tests, temporary_folder, told

SN = "ZZ99OUT0000000001"
VALUES = 1000  # of a report
MOST_WAITING = 20_000 + 64  # messages: the queue, and those on their way


class MqttOutTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())
        self.broker = Broker()
        self.addCleanup(lambda: self.broker.__exit__())
        self.password = temporary_folder() / "password"
        self.password.write_text(Broker.password + "\n")
        self.password.chmod(0o600)

    def settings(self):
        return ["--account", "demo", "--broker", f"mqtt://localhost:{self.broker.port}", "--user", Broker.user,
                "--password-file", self.password]

    def add(self, *more):
        done = self.server.cli("bridge", "add", "mqtt", "out", *self.settings(), *more)
        self.assertEqual(done.returncode, 0, done.stderr)

    def subscribed(self, topic):
        app = self.broker.subscribed(topic)
        self.addCleanup(app.__exit__)
        return app

    def device(self):
        key = self.server.add_device(SN, "demo")
        device = DeviceClient(self.server, SN, key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        return device

    def got(self, app, line):
        app.await_line(lambda seen: seen == line, line)

    def row(self):
        return json.loads(self.server.cli("bridge", "show", "out", "--json").stdout)

    def test_values_come_under_their_topics_and_changes_follow(self):
        app = self.subscribed("gridloom/#")
        self.add()
        device = self.device()
        device.report({"temperature": 21.5, "on": True, "mode": "eco", "pump.rpm": 1400})
        for line in (f"0 gridloom/{SN}/temperature 21.5", f"0 gridloom/{SN}/on true", f"0 gridloom/{SN}/mode eco",
                     f"0 gridloom/{SN}/pump.rpm 1400", f"0 gridloom/{SN}/availability online",
                     "0 gridloom/status online"):
            self.got(app, line)
        device.report({"temperature": 22})
        self.got(app, f"0 gridloom/{SN}/temperature 22")
        app.await_line(lambda line: line.startswith(f"0 gridloom/{DELTA_2}/pd.soc "), "a value of the demo home")

    def test_a_topic_of_ones_own_json_and_retained_values(self):
        self.add("--topic", "home/{name}/{group}/{field}", "--payload", "json", "--retain", "--devices", SN, "--fields",
                 "pump.*,temperature")
        device = self.device()
        device.report({"temperature": 21.5, "on": True, "pump.rpm": 1400})
        early = self.subscribed("home/#")
        value = json.loads(early.await_line(lambda line: "/pump/pump.rpm " in line, "rpm").split(" ", 2)[2])
        self.assertEqual(value["value"], 1400)
        self.assertGreater(value["at"], 1_600_000_000_000)
        late = self.subscribed("home/#")
        late.await_line(lambda line: line.startswith(f"1 home/{SN}/temperature/temperature "), "a kept value")
        self.assertFalse([line for line in early.seen if "/on " in line])

    def test_a_device_that_goes_offline_is_said_to_be_and_its_values_stop(self):
        self.add("--devices", SN)
        device = self.device()
        device.report({"temperature": 21.5})
        app = self.subscribed(f"gridloom/{SN}/#")
        app.await_line(lambda line: line.endswith("/availability online"), "the device online")
        device.close()
        self.got(app, f"0 gridloom/{SN}/availability offline")

    def test_a_device_that_falls_silent_is_offline_until_it_reports(self):
        self.server = self.enterContext(Server("--paused"))
        self.add("--devices", SN)
        device = self.device()
        device.report({"temperature": 21.5})
        app = self.subscribed(f"gridloom/{SN}/#")
        app.await_line(lambda line: line.endswith("/availability online"), "the device online")
        told(self.server.cli("time", "step", "2m"))
        self.got(app, f"0 gridloom/{SN}/availability offline")
        device.report({"humidity": 40})
        app.await_new_line(lambda line: line.endswith("/availability online"), "the device online again")
        self.got(app, f"0 gridloom/{SN}/temperature 21.5")

    def test_a_broker_that_was_away_has_all_values_again(self):
        app = self.subscribed(f"gridloom/{SN}/#")
        self.add("--devices", SN, "--retain")
        device = self.device()
        device.report({"temperature": 21.5})
        self.got(app, f"0 gridloom/{SN}/temperature 21.5")
        self.broker.end(signal.SIGKILL)
        device.report({"temperature": 30})
        port = self.broker.port
        self.broker = Broker(port)
        again = self.subscribed(f"gridloom/{SN}/#")
        again.await_line(lambda line: line.endswith(f"gridloom/{SN}/temperature 30"), "the value of now")
        self.assertEqual(self.row()["state"], "connected")

    def report_until_messages_are_dropped(self, device, text):
        """Reports of a thousand values, in the first of which `steady` is 2; the number of reports."""
        count = 0
        while not self.row()["dropped"]:
            for _ in range(8):
                values = {f"value_{name}": f"{count} {text}" for name in range(VALUES)}
                device.report(values if count else {**values, "steady": 2})
                count += 1
        row = self.row()
        self.assertLessEqual(row["figures"]["waiting"], MOST_WAITING)
        self.assertEqual(row["state"], "connected")
        return count

    def await_values(self, device, app, last):
        """All of now are at the broker, also those whose last message was dropped."""
        for value in ("steady 2", f"value_0 {last}", f"value_{VALUES - 1} {last}"):
            app.await_new_line(lambda seen, value=value: seen[2:] == f"gridloom/{SN}/{value}", value)
        until("nothing that waits", lambda: self.row()["figures"]["waiting"] == 0)
        late = self.subscribed(f"gridloom/{SN}/steady")
        self.got(late, f"1 gridloom/{SN}/steady 2")

    def test_a_broker_that_is_paused_loses_old_messages_and_has_the_values_of_now_afterwards(self):
        app = self.subscribed(f"gridloom/{SN}/#")
        self.add("--devices", SN, "--retain", "--qos", "1")
        device = self.device()
        device.report({"steady": 1})
        self.got(app, f"0 gridloom/{SN}/steady 1")
        self.broker.process.send_signal(signal.SIGSTOP)
        count = self.report_until_messages_are_dropped(device, "x")
        self.broker.process.send_signal(signal.SIGCONT)
        self.await_values(device, app, f"{count - 1} x")

    def test_a_broker_that_is_full_loses_old_messages_and_its_successor_has_the_values_of_now(self):
        self.broker.end()
        device = self.device()
        device.report({"steady": 1})
        with FullBroker(self.broker.port):
            self.add("--devices", SN, "--retain")
            # Long values fill what the system takes ahead.
            count = self.report_until_messages_are_dropped(device, "x" * 180)
        self.broker = Broker(self.broker.port)
        self.await_values(device, self.subscribed(f"gridloom/{SN}/#"), f"{count - 1} {'x' * 180}")

    def test_bridges_of_one_name_of_two_servers_do_not_end_each_other(self):
        self.add()
        mine = self.broker.await_line(lambda line: " as gridloom-out-" in line, "the bridge at the broker")
        other = self.enterContext(Server())
        done = other.cli("bridge", "add", "mqtt", "out", *self.settings())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.broker.await_new_line(lambda line: " as gridloom-out-" in line, "the other bridge at the broker")
        self.server.end(signal.SIGKILL)
        self.server.start_again()
        again = self.broker.await_new_line(lambda line: " as gridloom-out-" in line, "the bridge again")
        client_ids = [line.split(" as ")[1].split(" ")[0] for line in (mine, again)]
        self.assertEqual(client_ids[0], client_ids[1])
        self.assertFalse([line for line in self.broker.seen if "already connected" in line])

    def test_a_server_that_is_killed_leaves_its_will(self):
        app = self.subscribed("gridloom/status")
        self.add()
        self.got(app, "0 gridloom/status online")
        self.server.end(signal.SIGKILL)
        self.got(app, "0 gridloom/status offline")
        self.server.start_again()
        app.await_new_line(lambda line: line == "0 gridloom/status online", "the bridge again")

    def test_a_bridge_that_is_switched_off_says_so(self):
        app = self.subscribed("gridloom/status")
        self.add()
        self.got(app, "0 gridloom/status online")
        self.assertEqual(self.server.cli("bridge", "off", "out").returncode, 0)
        self.got(app, "0 gridloom/status offline")

    def test_a_wrong_password_is_told(self):
        self.password.write_text("wrong\n")
        self.add()
        self.broker.await_line(lambda line: "not authorised" in line, "the broker's refusal")
        row = until("a bridge that fails", lambda: self.row() if self.row()["state"] == "failing" else None)
        self.assertTrue(row["lastError"])

    def test_a_preview_shows_the_first_messages_and_adds_nothing(self):
        device = self.device()
        device.report({"temperature": 21.5})
        self.assertEqual(self.server.cli("wait", SN, "temperature == 21.5", "--timeout", "20s").returncode, 0)
        done = self.server.cli("bridge", "add", "mqtt", *self.settings(), "--devices", SN, "--dry-run")
        self.assertEqual((done.returncode, done.stdout), (0, f"gridloom/{SN}/temperature\n  21.5\n"), done.stderr)
        self.assertEqual(self.server.cli("bridge", "list", "--json").stdout, "")


if __name__ == "__main__":
    run_tests()
