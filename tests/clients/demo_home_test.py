"""The demo home adds up, whenever it is looked at: sun, battery, grid and home balance, no part is larger than its
whole, and what is not known is not 0."""
import collections
import json
import os
import select
import unittest

from server import PATIENCE_S, Deadline, Server, run_tests, temporary_folder

READINGS = int(os.environ.get("GRIDLOOM_HOME_READINGS", "25"))
LARGEST_W = 100  # unaccounted, while virtual time keeps reports of one moment together
USUAL_W = 1
REASONS = {"never", "offline", "old", "not_reported", "not_measured"}
FLOW_W = 0.5  # of rounding in each of the figures


class DemoHomeTest(unittest.TestCase):
    def readings(self, server, count):
        """The home at `count` different moments, from the first second on."""
        api = server.api()
        seen = None
        for _ in range(count):
            deadline = Deadline("another moment of the home", PATIENCE_S)
            while (home := api.data("GET", "/api/v1/home"))["now"] == seen:
                deadline.left_s()
                select.select([], [], [], 0.02)  # it is computed once a second, for all who ask
            seen = home["now"]
            yield home

    def look(self, home, unaccounted, largest_w):
        nodes = {name: node["power_w"] for name, node in home["nodes"].items()}
        sns = {device["sn"] for device in home["devices"]}
        text = json.dumps({"nodes": home["nodes"], "unaccounted_w": home["unaccounted_w"], "now": home["now"]})
        for name in ("sun", "home", "car", "heat"):
            self.assertGreaterEqual(nodes.get(name) or 0, 0, text)
        for name, node in home["nodes"].items():
            lacks = node["power_w"] is None or node["atLeast"]
            self.assertEqual(lacks, "unknown" in node, f"{name}: {text}")
            for each in node.get("unknown", []):
                self.assertIn(each["sn"], sns, text)
                self.assertIn(each["reason"], REASONS, text)
        whole = all(nodes[name] is not None and not home["nodes"][name]["atLeast"]
                    for name in ("sun", "battery", "grid", "home"))
        if not whole:
            self.assertIsNone(home["unaccounted_w"], text)
            return
        gap = nodes["sun"] - nodes["battery"] + nodes["grid"] - nodes["home"]
        self.assertAlmostEqual(gap, home["unaccounted_w"], delta=FLOW_W, msg=text)
        self.assertLessEqual(abs(gap), largest_w, text)
        unaccounted.append(abs(gap))
        self.assertLessEqual((nodes.get("car") or 0) + (nodes.get("heat") or 0), nodes["home"] + FLOW_W, text)
        given, taken = collections.Counter(), collections.Counter()
        for flow in home["flows"]:
            given[flow["from"]] += flow["power_w"]
            taken[flow["to"]] += flow["power_w"]
        for name, most in (("sun", nodes["sun"]), ("battery", -nodes["battery"]), ("grid", nodes["grid"])):
            self.assertLessEqual(given[name], max(most, 0) + FLOW_W, f"{name} gives more than it has: {text}")
        self.assertLessEqual(taken["home"], nodes["home"] + FLOW_W, text)
        charged = taken["battery"]
        self.assertAlmostEqual(charged, max(nodes["battery"], 0), delta=largest_w + FLOW_W, msg=f"charged: {text}")

    def test_every_reading_adds_up(self):
        # In real time, reports of one moment may come apart on a machine that is busy.
        for flags, largest_w, usual in ((["--start", "2026-06-20T04:00:00Z", "--speed", "2000"], LARGEST_W, 0.99),
                                        (["--start", "2026-01-12T15:30:00Z", "--speed", "600"], LARGEST_W, 0.99),
                                        (["--demo=all", "--start", "2026-06-21T09:00:00Z", "--speed", "600"], LARGEST_W, 0.9),
                                        (["--demo-home", "delta_2=2,power_stream,smart_plug=3,power_ocean",
                                          "--start", "2026-06-21T09:00:00Z", "--speed", "600"], LARGEST_W, 0.9),
                                        ([], float("inf"), 0.8)):
            with self.subTest(flags=flags), Server(*flags) as server:
                unaccounted = []
                for home in self.readings(server, READINGS):
                    self.look(home, unaccounted, largest_w)
                self.assertGreater(len(unaccounted), READINGS * 0.8, "the home is known")
                small = sum(gap < USUAL_W for gap in unaccounted)
                self.assertGreaterEqual(small, usual * len(unaccounted), sorted(unaccounted)[-10:])

    def test_a_home_of_ones_own(self):
        with Server("--home", "hamburg", demo=False) as server:
            self.assertEqual(sorted(server.api().devices()), ["HW51SIM00000001", "R331SIM00000001"])

    def test_a_home_of_ones_own_in_a_world_from_a_file(self):
        file = temporary_folder() / "dark.csv"
        file.write_text("time,sun\n2026-06-20 00:00,0\n")
        with Server("--home", "hamburg", "--world", file, "--start", "2026-06-20T11:00:00Z", demo=False) as server:
            suns = (home["nodes"]["sun"]["power_w"] for home in self.readings(server, READINGS))
            self.assertEqual(next(power_w for power_w in suns if power_w is not None), 0, "it is noon in June")


if __name__ == "__main__":
    run_tests()
