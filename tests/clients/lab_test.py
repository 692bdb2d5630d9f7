"""A server with --lab: a reset brings back its home, accounts, time, faults and history, at the same addresses; a server
without it keeps what it has.
"""
import unittest

from mqtt_talk import AppClient, DeviceClient
from server import DELTA_2, Server, run_tests, told

START = "2026-06-01 12:00"


class LabTest(unittest.TestCase):
    def test_everything_is_as_at_the_start_again(self):
        with Server("--lab", "--paused", "--start", START) as server:
            api, facts = server.api(), dict(server.facts)
            told(server.cli("wait", DELTA_2, "soc >= 0", "--timeout", "1m"))
            before = api.quota_all(DELTA_2)
            devices = api.devices()
            for _ in range(2):
                server.add_account("ann")
                key = server.add_device("R331TESTLAB00001", "ann")
                with DeviceClient(server, "R331TESTLAB00001", key) as device:
                    device.report({"pd.soc": 1})
                told(server.cli("device", "rename", DELTA_2, "Changed"))
                told(server.cli("fault", "on", "grid_outage"))
                told(server.cli("time", "step", "1h"))
                self.assertNotEqual(api.quota_all(DELTA_2), before)
                with AppClient(server, api) as app:
                    app.subscribe(app.topic(DELTA_2, "quota"))
                    server.reset()
                self.assertEqual({name: facts[name] for name in facts if name not in ("run", "sign_in_link")},
                                 {name: server.facts[name] for name in facts if name not in ("run", "sign_in_link")})
                self.assertIn(START, server.cli("time").stdout)
                self.assertNotIn("ann", server.cli("account", "list").stdout)
                self.assertIn("No fault is on", server.cli("fault", "list").stderr)
                self.assertEqual({sn: row["deviceName"] for sn, row in api.devices().items()},
                                 {sn: row["deviceName"] for sn, row in devices.items()})
                self.assertEqual(server.cli("audit", "--what", "account.add", "--json").stdout.count("ann"), 0)
                told(server.cli("wait", DELTA_2, "soc >= 0", "--timeout", "1m"))
                self.assertEqual(api.quota_all(DELTA_2), before)

    def test_a_server_without_it_says_how_to_get_one(self):
        with Server(demo=False) as server:
            refused = server.cli("lab", "reset")
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn("start one with --lab", refused.stderr)

    def test_what_is_no_file_of_the_folder_cannot_be_set_back(self):
        with self.assertRaises(AssertionError) as refused, Server("--lab", "--database", "postgres://h/d", demo=False):
            pass
        self.assertIn("--lab: only a server with files is set back", str(refused.exception))


if __name__ == "__main__":
    run_tests()
