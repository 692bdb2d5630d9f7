"""What a device's values mean, in everything that Gridloom adds to them: powers, energies, charge, faults, units. Each row
of meanings.jsonl is a case that an owner met, with what is right; each has an account of its own, so that its home is
this device alone.
"""
import json
import pathlib
import time
import unittest

from mqtt_talk import DeviceClient
from programs import until
from server import Server, run_tests

ROWS = [json.loads(line) for line in (pathlib.Path(__file__).parent / "meanings.jsonl").read_text().splitlines()]
EVERY_MS = 10_000
TIMES = 120
AGO_MS = 2 * 3_600_000  # energies are read where no report is open


class MeaningTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(demo=False)
        cls.addClassCleanup(cls.server.stop)

    def told(self, row):
        """The messages that the device sends, the last ones with its present time."""
        begin = time.time_ns() // 1_000_000 - AGO_MS
        if "texts" in row:
            yield from row["texts"]
            return
        if "counter" in row:
            counter = row["counter"]
            for i in range(TIMES):
                value = counter["blip"] if i == TIMES // 2 else counter["from"] + i // counter["step_every"]
                yield self.message({"params": {counter["name"]: value, **counter["with"]}}, begin + i * EVERY_MS)
            return
        bodies = row.get("reports") or [{"params": row["values"]}]
        if "energy_wh" in row or "home_kwh" in row:
            for i in range(TIMES):
                for body in bodies:
                    yield self.message(body, begin + i * EVERY_MS)
        for body in bodies:
            yield self.message(body, None)

    @staticmethod
    def message(body, at_ms):
        return json.dumps({"id": 1, "version": "1.0", **({"timestamp": at_ms} if at_ms else {}), **body})

    def check(self, number, row):
        sn = row["sn"]
        account = self.server.add_account(f"case-{number}")
        api = account["api"]
        with DeviceClient(self.server, sn, self.server.add_device(sn, f"case-{number}")) as device:
            for text in self.told(row):
                device.publish(device.topic("quota"), text)
            path = f"/api/v1/devices/{sn}"
            device.report({"last": number})
            until("all reports", lambda: number == api.data("GET", path)["values"].get("last"))
            self.expect(row, api, sn)

    def expect(self, row, api, sn):
        path = f"/api/v1/devices/{sn}"
        twin = api.data("GET", path)
        if "set" in row:
            answer = api.set(sn, **row["set"])
            self.assertNotEqual(answer["code"], "0")
            self.assertIn(row["refused"], answer["message"])
        if row.get("all_values"):
            self.assertEqual({name: twin["values"].get(name) for name in row["values"]}, row["values"])
        for name, value in row.get("shown", {}).items():
            self.assertEqual(twin["values"].get(name), value)
        if "faults" in row:
            self.assertEqual(sorted(fault["field"] for fault in twin["faults"]), row["faults"])
        home = api.data("GET", "/api/v1/home")
        for name, value in row.get("device", {}).items():
            self.assertEqual(home["devices"][0][name], value, name)
        for name, watts in row.get("home_w", {}).items():
            self.assertAlmostEqual(home["nodes"][name]["power_w"], watts, delta=0.5, msg=name)
        for name, wh in row.get("energy_wh", {}).items():
            self.assertAlmostEqual(1000 * self.energy(api, path)[name], wh, delta=1, msg=name)
        for name, kwh in row.get("home_kwh", {}).items():
            self.assertAlmostEqual(self.energy(api, "/api/v1/home")[name], kwh, delta=0.001, msg=name)
        if "units" in row:
            family = api.data("GET", f"/api/v1/families/{twin['family']}")
            units = {field["name"]: field.get("unit") for field in family["fields"]}
            self.assertEqual({name: units.get(name) for name in row["units"]}, row["units"])

    @staticmethod
    def energy(api, path):
        begin = time.time_ns() // 1_000_000 - AGO_MS - 1_800_000
        return api.data("GET", f"{path}/energy", {"from": begin, "to": begin + AGO_MS})["total"]


for number, row in enumerate(ROWS):
    setattr(MeaningTest, f"test_{row['case']}_{row['is'].replace(' ', '_').replace(',', '')}",
            lambda self, number=number, row=row: self.check(number, row))

if __name__ == "__main__":
    run_tests()
