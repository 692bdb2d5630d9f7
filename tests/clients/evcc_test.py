"""What evcc's documentation asks of a custom meter and of a battery that it controls, as a table over the YAML of
docs/user/evcc.md: each value comes from the document by its jq path and is a number or absent; signs are evcc's; the
setter takes evcc's numbers, and the watchdog's interval renews the mode before it ends.
"""
import json
import pathlib
import re
import unittest
import urllib.error
import urllib.request

import yaml

from mqtt_talk import await_reported
from server import DELTA_2, POWER_OCEAN, Deadline, Server, run_tests, told

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/user/evcc.md"
LEASE_S = 60
# evcc: the values that a custom meter of each usage may have, and those that it must have.
RULES = {
    "grid": ({"power"}, {"energy", "returnenergy", "currents", "voltages", "powers"}),
    "pv": ({"power"}, {"energy", "returnenergy", "maxacpower", "curtail", "dim"}),
    "battery": ({"power", "soc"}, {"energy", "returnenergy", "capacity", "minsoc", "maxsoc", "maxchargepower",
                                   "maxdischargepower", "batterymode", "limitsoc"}),
}


def meters():
    """The meters of the page's configuration, by name."""
    block = re.search(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]
    return {meter["name"]: meter for meter in yaml.safe_load(block)["meters"]}


def pick(document, path):
    """As jq does for a path of names; None where a name is missing."""
    for name in path.removeprefix(".").split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


class EvccTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--start", "2026-06-17 12:00")
        await_reported(cls.server, cls.server.api(), {DELTA_2: 1, POWER_OCEAN: 1})
        cls.tokens = {}
        for scope in ("read", "control"):
            made = cls.server.cli("token", "add", f"evcc-{scope}", "--account", "demo", "--scope", scope)
            cls.tokens[scope] = told(made)["token"]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def call(self, path, body=None, scope="control"):
        """(status, JSON)."""
        request = urllib.request.Request(self.server.facts["http"].rstrip("/") + path, headers={
            "Authorization": f"Bearer {self.tokens[scope]}", "Content-Type": "application/json"},
            data=None if body is None else body.encode(), method="GET" if body is None else "POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def test_the_page_configures_what_evcc_knows(self):
        for name, meter in meters().items():
            must, may = RULES[name]
            values = set(meter) - {"name", "type"}
            self.assertEqual(meter["type"], "custom")
            self.assertLessEqual(must, values, name)
            self.assertLessEqual(values, must | may, name)

    def test_each_value_is_a_number_or_absent(self):
        deadline = Deadline("powers of the home")
        while True:
            status, document = self.call("/api/v1/evcc", scope="read")
            self.assertEqual(status, 200)
            if pick(document, ".grid.power") is not None:
                break
            deadline.left_s()
        self.assertNotIn("null", json.dumps(document))
        for name, meter in meters().items():
            for value, source in meter.items():
                if value in ("name", "type", "batterymode"):
                    continue
                self.assertTrue(source["uri"].endswith("/api/v1/evcc"))
                number = pick(document, source["jq"])
                if number is not None:
                    self.assertIsInstance(number, (int, float), f"{name} {value}")
        self.assertTrue(all(0 <= each["battery"]["soc"] <= 100
                            for each in document["devices"] if "soc" in each.get("battery", {})))

    def test_signs_are_those_of_evcc(self):
        home = self.call("/api/v1/home", scope="read")[1]
        batteries = {each["sn"]: each["batteryPower_w"] for each in home["devices"]}
        for each in self.call("/api/v1/evcc", scope="read")[1]["devices"]:
            power = each.get("battery", {}).get("power")
            theirs = batteries[each["sn"]]
            if power and theirs and abs(theirs) > 50:
                self.assertLess(power * theirs, 0, each["sn"])

    def test_the_setter_takes_the_numbers_of_evcc(self):
        battery = meters()["battery"]["batterymode"]
        self.assertEqual((battery["source"], battery["timeout"], battery["reset"]), ("watchdog", "60s", 1))
        # The watchdog writes again after half of its timeout.
        self.assertLess(30, LEASE_S)
        body = battery["set"]["body"]
        self.assertEqual(battery["set"]["method"], "POST")
        for mode, status in ((1, 200), (5, 400), (0, 400)):
            asked = json.loads(body.replace("${batterymode}", str(mode))) | {"device": DELTA_2}
            self.assertEqual(self.call("/api/v1/evcc/batterymode", json.dumps(asked))[0], status, mode)
        # Not every battery of the demo home can hold.
        status, answer = self.call("/api/v1/evcc/batterymode", body.replace("${batterymode}", "2"))
        self.assertEqual(status, 400)
        self.assertIn('"device" names one', answer["message"])
        status, answer = self.call("/api/v1/evcc/batterymode", json.dumps({"mode": 4, "device": DELTA_2}))
        self.assertEqual((status, answer["message"]), (
            400, f"mode 4 (holdcharge) is not for {DELTA_2} (DELTA 2), which has normal, hold, charge"))
        self.assertEqual(self.call("/api/v1/evcc/batterymode", '{"mode": 1}', scope="read")[0], 403)

    def test_hold_is_shown_and_normal_ends_it(self):
        status, answer = self.call("/api/v1/evcc/batterymode", json.dumps({"mode": 2, "device": DELTA_2}))
        self.assertEqual(status, 200, answer)
        self.assertEqual([(each["sn"], each["mode"], each["name"]) for each in answer["modes"]],
                         [(DELTA_2, 2, "hold")])
        deadline = Deadline("the mode to be applied")
        while self.call("/api/v1/evcc")[1]["modes"][0]["state"] != "applied":
            deadline.left_s()
        status, answer = self.call("/api/v1/evcc/batterymode", json.dumps({"mode": 1, "device": DELTA_2}))
        self.assertEqual((status, [each["state"] for each in answer["modes"]]), (200, ["restoring"]))
        deadline = Deadline("the end of the mode", 60)
        while self.call("/api/v1/evcc")[1]["modes"]:
            deadline.left_s()


if __name__ == "__main__":
    run_tests()
