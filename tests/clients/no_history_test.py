"""A server that writes nothing down of what devices report: it answers and acknowledges all the same."""
import signal
import urllib.request

from mqtt_talk import DeviceClient
from server import ServerTest, cli, run_tests

SN = "ZZ99NONE000000001"


class NoHistoryTest(ServerTest):
    flags = ("--no-history",)

    def test_a_report_is_acknowledged_and_read_until_the_server_is_killed(self):
        key = self.server.add_device(SN, "demo")
        device = DeviceClient(self.server, SN, key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        device.report({"power": 12.5})  # QoS 1: returns when it is acknowledged
        self.assertEqual(self.api.quota_all(SN), {"power": 12.5})
        for path in ("/healthz", "/metrics"):
            with urllib.request.urlopen(f"{self.api.base.geturl()}{path}") as answer:
                self.assertEqual(answer.status, 200)
        segments = list((self.server.data / "log").glob("*.log"))
        self.assertTrue(segments)
        for segment in segments:
            shown = cli("segment", "show", segment)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertNotIn(" reports ", shown.stdout)
        self.server.restart(signal.SIGKILL)
        self.assertEqual(self.api.quota_all(SN), {})


if __name__ == "__main__":
    run_tests()
