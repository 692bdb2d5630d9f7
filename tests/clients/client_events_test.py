"""What goes wrong for a client is a line of the log and a counter, by which an operator finds it."""
import re
import unittest

from mqtt_talk import V5, AppClient, DeviceClient, Mqtt
from server import LIST, Server, run_tests

METRIC = re.compile(
    r'^gridloom_client_events_total\{event="([^"]+)",reason="([^"]+)"\} (\d+)', re.M
)


class ClientEventsTest(unittest.TestCase):
    def counts(self):
        return {
            (event, reason): int(count)
            for event, reason, count in METRIC.findall(self.server.metrics())
        }

    def test_each_is_counted_and_told(self):
        server = Server("--demo")
        self.addCleanup(server._kill)
        self.server, self.api = server, server.api()
        with AppClient(server, self.api, version=V5, client_id="phone") as app:
            self.assertEqual(app.subscribe("/open/somebody/else/quota"), [135])
            app.publish("/open/somebody/else/set", "{}")
            with AppClient(server, self.api, version=V5, client_id="phone"):
                self.assertEqual(app.end(), 142)
        sn = "EVENTS-1"
        with DeviceClient(server, sn, server.add_device(sn, "demo")) as device:
            device.report({f"name{i}": i for i in range(2050)})
            device.publish(device.topic("quota"), "no json", qos=1)
        stranger = Mqtt(server, app.account, "a wrong password", version=V5, client_id="thief")
        self.assertEqual(stranger.connect(), 134)
        stranger.close()
        wrong = server.api()
        wrong.secret_key = "x" * 32
        self.assertEqual(wrong.call("GET", LIST)["code"], "8521")
        counts = self.counts()
        for event, reason in (
            ("connected", "success"),
            ("subscription refused", "not authorized"),
            ("publication refused", "not authorized"),
            ("taken over", "session taken over"),
            ("disconnected", "session taken over"),
            ("report refused", "malformed"),
            ("report refused", "too many quotas"),
            ("sign-in refused", "bad user name or password"),
            ("request refused", "8521"),
        ):
            self.assertGreaterEqual(counts.get((event, reason), 0), 1, (event, reason, counts))
        server.stop()
        log = server.log.read_text()
        for line in (
            rf'client connected \(success\), user "{app.account}", client id "phone", from 127\.',
            r'client subscription refused \(not authorized\), .*"phone".*/open/somebody/else/quota',
            r'client publication refused \(not authorized\), .*"phone".*/open/somebody/else/set',
            r'client report refused \(malformed\), user "EVENTS-1", .*from 127.*of EVENTS-1: ',
            r'client report refused \(too many quotas\), .*2 quotas of EVENTS-1 are not kept.*=2048 ',
            r'client taken over \(session taken over\), .*client id "phone"',
            r'client disconnected \(success\), .*client id "phone"',
            rf'client sign-in refused \(bad .*\), user "{app.account}", client id "thief", from 127',
            rf'client request refused \(8521\), user "{self.api.access_key}", from 127\.0\.0\.1',
        ):
            self.assertRegex(log, line)
        self.assertNotIn("a wrong password", log)


if __name__ == "__main__":
    run_tests()
