"""Faults on demand, ordered by the command line and seen by apps: of devices, and of the platform."""
import http.client
import unittest

from mqtt_talk import V5, Mqtt, await_reported
from server import DELTA_2, POWER_STREAM, Server, cli, run_tests, temporary_folder


def fault(server, *arguments, code=0):
    result = cli("fault", *arguments, data=server.data)
    if result.returncode != code:
        raise AssertionError(f"{arguments}: {result.stdout}{result.stderr}")
    return result.stderr if code else result.stdout


def step(server, span):
    cli("time", "step", span, data=server.data)


class DeviceFaultsTest(unittest.TestCase):
    def test_a_fault_shows_in_its_fields_while_it_is_on(self):
        with Server("--start", "2026-06-01 12:00", "--paused") as server:
            api = server.api()
            await_reported(server, api, {POWER_STREAM: 121, DELTA_2: 160})
            names = ("20_1.pv2ErrCode", "20_1.pv2InputWatts", "20_1.pv1InputWatts")
            before = api.quotas(POWER_STREAM, *names)
            self.assertEqual(before[names[0]], 0)
            self.assertGreater(before[names[1]], 0)
            told = fault(server, "on", "panel_lost", "--device", POWER_STREAM, "--for", "10m")
            self.assertIn(POWER_STREAM, told)
            step(server, "1m")
            lost = api.quotas(POWER_STREAM, *names)
            self.assertEqual((lost[names[0]], lost[names[1]]), (9003, 0))
            self.assertGreater(lost[names[2]], 0)
            self.assertEqual(api.quotas(DELTA_2, "mppt.faultCode"), {"mppt.faultCode": 0})
            self.assertIn("2026-06-01 12:10:00", fault(server, "list"))
            step(server, "10m")
            self.assertEqual(api.quotas(POWER_STREAM, names[0]), {names[0]: 0})
            self.assertEqual(fault(server, "list"), "")

    def test_a_device_is_cut_off_and_comes_back(self):
        with Server() as server:
            account = server.api().certification()
            with Mqtt(server, account["certificateAccount"],
                      account["certificatePassword"]) as app:
                other, topic = (f"/open/{account['certificateAccount']}/{sn}/status"
                                for sn in (POWER_STREAM, DELTA_2))
                for each in (other, topic):
                    app.subscribe(each)
                    app.message(each, lambda m: m.payload["params"]["status"] == 1)
                fault(server, "on", "disconnect", "--device", DELTA_2)
                app.message(topic, lambda m: m.payload["params"]["status"] == 0)
                self.assertEqual(server.api().devices()[DELTA_2]["online"], 0)
                self.assertEqual(server.api().devices()[POWER_STREAM]["online"], 1)
                fault(server, "off")
                app.message(topic, lambda m: m.payload["params"]["status"] == 1)

    def test_orders_are_checked_listed_and_audited(self):
        with Server() as server:
            why = fault(server, "on", "rain", code=2)
            for name in ("panel_lost", "disconnect", "slow_answer"):
                self.assertIn(name, why)
            self.assertIn("there is no device", fault(server, "on", "disconnect", "--device", "NOBODY",
                                                      code=1))
            self.assertIn("probability is 2", fault(server, "on", "slow_answer", "--probability",
                                                    "2", code=2))
            self.assertIn("rain is not on", fault(server, "off", "rain", code=1))
            everything = fault(server, "list", "--all")
            for name in ("over_temperature", "clock_skew", "frozen_snapshot"):
                self.assertIn(name, everything)
            fault(server, "on", "slow_answer", "--probability", "0.5", "--value", "3")
            self.assertRegex(fault(server, "list"), r"(?m)^slow_answer +0\.5 +3$")
            fault(server, "off", "slow_answer")
            audit = cli("audit", data=server.data).stdout
            self.assertRegex(audit, r"fault.on .*fault=slow_answer.*probability=0.5")
            self.assertRegex(audit, r"fault.off .*fault=slow_answer")

    def test_without_a_server_there_are_none(self):
        data = temporary_folder() / "data"
        cli("account", "add", "ann", data=data)
        result = cli("fault", "list", data=data)
        self.assertEqual(result.returncode, 1)
        self.assertIn("none runs on this data folder", result.stderr)


class PlatformFaultsTest(unittest.TestCase):
    def test_apps_see_what_was_ordered_and_then_no_more(self):
        with Server() as server:
            api = server.api()
            await_reported(server, api, {DELTA_2: 160})
            self.assertIn(DELTA_2, api.devices())
            for name, raised in (("dropped_connection", http.client.RemoteDisconnected),
                                 ("reset_connection", ConnectionResetError)):
                fault(server, "on", name)
                with self.assertRaises(raised) as seen:
                    api.devices()
                self.assertIs(type(seen.exception), raised)
                fault(server, "off", name)
            fault(server, "on", "refused_sign")
            self.assertEqual(api.call("GET", "/iot-open/sign/device/list")["code"], "8521")
            fault(server, "off")
            fault(server, "on", "slow_answer", "--value", "0.1")
            self.assertIn(DELTA_2, api.devices())
            fault(server, "off")
            fault(server, "on", "null_data")
            self.assertIsNone(api.quota_all(DELTA_2))
            fault(server, "off")
            self.assertIn("pd.soc", api.quota_all(DELTA_2))

    def test_a_refused_certificate_and_refused_wildcards(self):
        with Server() as server:
            account = server.api().certification()
            who = (account["certificateAccount"], account["certificatePassword"])
            fault(server, "on", "refused_certificate", "--account", "demo")
            self.assertIn(Mqtt(server, *who).connect(), (4, 5))
            fault(server, "off")
            fault(server, "on", "no_wildcards")
            with Mqtt(server, *who, version=V5) as app:
                self.assertGreaterEqual(app.subscribe(f"/open/{who[0]}/+/quota")[0], 0x80)
                self.assertLess(app.subscribe(f"/open/{who[0]}/{DELTA_2}/quota")[0], 0x80)


if __name__ == "__main__":
    run_tests()
