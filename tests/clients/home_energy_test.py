"""The home's energies in one request: they are the sums of those of its devices, hours of which nothing is known have no
sums, and the day curve says the same in watts."""
import datetime
import unittest

from server import DELTA_2, Server, run_tests

PAST_H = 10
HOUR = datetime.timedelta(hours=1)
SUMS = {  # of the home: the flow of its devices, and whether the meters alone count
    "sun_kwh": ("pv", False),
    "batteryIn_kwh": ("batteryIn", False),
    "batteryOut_kwh": ("batteryOut", False),
    "gridImport_kwh": ("gridIn", True),
    "gridExport_kwh": ("gridOut", True),
}
HOME = "/api/v1/home"


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def sums_of(row):
    return {name for name in row if name.endswith("_kwh")}


class HomeEnergyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--past", f"{PAST_H}h")
        cls.addClassCleanup(cls.server.stop)
        cls.api = cls.server.api()
        now = datetime.datetime.now(datetime.timezone.utc)
        cls.end = now.replace(minute=0, second=0, microsecond=0)  # of the hours that are complete
        cls.span = {"from": iso(cls.end - (PAST_H + 2) * HOUR), "to": iso(cls.end)}
        cls.home = cls.api.data("GET", HOME)

    def energy(self, **query):
        return self.api.data("GET", f"{HOME}/energy", {**self.span, **query})

    def test_the_home_is_the_sum_of_its_devices(self):
        total = self.energy()["total"]
        meters = {device["sn"] for device in self.home["devices"] if device["role"] == "meter"}
        self.assertTrue(meters)
        expected = dict.fromkeys(SUMS, 0)
        for device in self.home["devices"]:
            path = f"/api/v1/devices/{device['sn']}/energy"
            own = self.api.data("GET", path, self.span)["total"]
            for name, (flow, of_meters) in SUMS.items():
                if not of_meters or device["sn"] in meters:
                    expected[name] += own.get(flow, 0)
        for name, kwh in expected.items():
            self.assertAlmostEqual(total[name], kwh, delta=0.02, msg=name)
        self.assertGreater(total["home_kwh"], 0)
        self.assertLessEqual(total["car_kwh"] + total["heat_kwh"], total["home_kwh"])

    def test_hours_before_the_server_existed_are_absent(self):
        answer = self.energy()
        hours = answer["buckets"]
        self.assertEqual(len(hours), PAST_H + 2)
        self.assertEqual((hours[0]["unknown_s"], sums_of(hours[0])), (3600, set()))
        for hour in hours[3:]:
            self.assertLess(hour["unknown_s"], 60, hour["from"])
            self.assertIn("sun_kwh", hour)
        self.assertGreaterEqual(answer["total"]["unknown_s"], 3600)
        own = self.api.data("GET", f"/api/v1/devices/{DELTA_2}/energy", self.span)
        self.assertEqual(set(own["buckets"][0]), {"from", "to", "unknown_s"})
        self.assertIn("pv", own["buckets"][-1])
        self.assertEqual(len(answer["unknown"]), 8, "the first of the eleven")
        self.assertGreater(answer["unknownDevices"], 8)

    def test_the_span_before_is_all_unknown(self):
        before = self.energy(compare="previous")["previous"]
        self.assertEqual(len(before["buckets"]), PAST_H + 2)
        self.assertEqual(datetime.datetime.fromisoformat(before["to"]), self.end - (PAST_H + 2) * HOUR)
        self.assertEqual((before["total"]["unknown_s"], sums_of(before["total"])), ((PAST_H + 2) * 3600, set()))

    def test_the_day_curve_has_the_same_energies(self):
        span = {**self.span, "from": iso(self.end - (PAST_H - 2) * HOUR)}
        series = self.api.data("GET", f"{HOME}/series", {**span, "step": "30m"})
        total = self.api.data("GET", f"{HOME}/energy", span)["total"]
        self.assertEqual(len(series["times"]), 2 * (PAST_H - 2))
        for place, kwh in {
            "sun": total["sun_kwh"],
            "home": total["home_kwh"],
            "grid": total["gridImport_kwh"] - total["gridExport_kwh"],
            "battery": total["batteryIn_kwh"] - total["batteryOut_kwh"],
        }.items():
            powers = series["powers_w"][place]
            self.assertEqual(len(powers), len(series["times"]))
            self.assertAlmostEqual(sum(powers) / 2 / 1000, kwh, delta=0.05 + 0.02 * abs(kwh), msg=place)
        self.assertTrue(all(0 < percent <= 100 for percent in series["charge_percent"]), series["charge_percent"])

    def test_today_of_the_home_is_the_same(self):
        today = self.api.data("GET", HOME)["today"]
        total = self.api.data("GET", f"{HOME}/energy", {"period": "day"})["total"]
        for name in SUMS:
            self.assertAlmostEqual(today[name], total.get(name, 0) or 0, delta=0.1, msg=name)
        self.assertLessEqual(abs(today["unknown_s"] - total["unknown_s"]), 60)

    def test_wrong_parameters_are_named(self):
        for path, query, says in (
            ("energy", {"period": "hour"}, "period is"),
            ("energy", {"compare": "last"}, "compare is"),
            ("series", {"step": "5m"}, "step is"),
        ):
            answer = self.api.call("GET", f"{HOME}/{path}", query)
            self.assertEqual(answer["code"], "1008", answer)
            self.assertIn(says, answer["message"])

    def test_what_is_known_survives_a_restart(self):
        with Server("--past", "3h") as server:
            span = {"from": iso(self.end - 4 * HOUR), "to": iso(self.end)}
            before = server.api().data("GET", f"{HOME}/energy", span)
            server.restart()
            after = server.api().data("GET", f"{HOME}/energy", span)
            self.assertEqual(after["buckets"][:3], before["buckets"][:3])
            self.assertLess(before["total"]["unknown_s"], 2 * 3600 + 60)


if __name__ == "__main__":
    run_tests()
