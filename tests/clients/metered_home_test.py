"""A home with a household meter adds up to 0 W, in a simulated evening and at noon: what the meter measures is what the
home draws, its storage has the meter's power, and sun, batteries, grid and home balance."""
import unittest

from server import Deadline, PATIENCE_S, Server, cli, run_tests, told

STORAGE, METER, STATION = "BK61ZAX4ZG2F0163", "BK21ZE1B2H4H0033", "MR51ZAS2PG330041"
STEP, STEPS = "7m", 12
ROUNDED_W = 0.1  # six digits of each of the figures
NODE_W = 0.5  # of the home's nodes, in whole watts
EVENING, NOON = "2026-06-15T19:30:00Z", "2026-06-15T10:30:00Z"


class MeteredHomeTest(unittest.TestCase):
    def moments(self, start):
        """The values of each device and the home, every few minutes from the start on."""
        with Server("--home", "metered", "--start", start, "--paused", demo=False) as server:
            api = server.api()
            deadline = Deadline("the first reports", PATIENCE_S)
            while not all(api.quota_all(sn) for sn in (STORAGE, METER, STATION)):
                deadline.left_s()
                told(cli("time", "step", "2s", data=server.data))
            for _ in range(STEPS):
                told(cli("time", "step", STEP, data=server.data))
                values = {sn: api.quota_all(sn) for sn in (STORAGE, METER, STATION)}
                yield values, self.home_now(api, values)

    def home_now(self, api, values):
        """The home of that moment: it is computed once a second."""
        deadline = Deadline("the home of this moment", PATIENCE_S)
        while True:
            home = api.data("GET", "/api/v1/home")
            grid = home["nodes"]["grid"]
            if grid["power_w"] is not None and abs(grid["power_w"] - values[METER]["powGetSysGrid"]) <= NODE_W:
                return home
            deadline.left_s()

    def look(self, values, home):
        storage, meter, station = (values[sn] for sn in (STORAGE, METER, STATION))
        grid_w = meter["powGetSysGrid"]
        # The storage and its meter see one connection to the grid.
        self.assertAlmostEqual(storage["powGetSysGrid"], grid_w, delta=ROUNDED_W)
        self.assertAlmostEqual(storage["gridConnectionPower"], -grid_w, delta=ROUNDED_W)
        self.assertAlmostEqual(sum(meter[f"gridConnectionPowerL{k}"] for k in (1, 2, 3)), grid_w, delta=ROUNDED_W)
        # What the meter measures, and what comes from sun and battery, is what the flat draws.
        drawn_w = storage["powGetPvSum"] + grid_w - storage["powGetBpCms"]
        self.assertAlmostEqual(drawn_w - storage["powGetSysLoad"], 0, delta=ROUNDED_W)
        # The power station draws from a socket of the flat.
        self.assertLessEqual(station["powGetAcIn"], storage["powGetSysLoad"] + ROUNDED_W)
        nodes = {name: node["power_w"] for name, node in home["nodes"].items()}
        self.assertAlmostEqual(nodes["grid"], grid_w, delta=NODE_W)
        rest_w = nodes["sun"] - nodes["battery"] + nodes["grid"] - nodes["home"]
        self.assertAlmostEqual(rest_w, 0, delta=4 * NODE_W, msg=nodes)
        self.assertAlmostEqual(home["unaccounted_w"], 0, delta=NODE_W, msg=nodes)
        return grid_w

    def test_an_evening_adds_up_to_0_w(self):
        grids_w, suns_w, households_w = [], [], set()
        for values, home in self.moments(EVENING):
            grids_w.append(self.look(values, home))
            suns_w.append(values[STORAGE]["powGetPvSum"])
            households_w.add(round(values[STORAGE]["powGetSysLoad"]))
        self.assertLess(suns_w[-1], suns_w[0] + 1, "the sun goes down")
        self.assertGreater(len(households_w), STEPS // 2, "people switch things on and off")

    def test_a_noon_adds_up_to_0_w(self):
        suns_w = []
        for values, home in self.moments(NOON):
            self.look(values, home)
            suns_w.append(values[STORAGE]["powGetPvSum"])
        self.assertGreater(min(suns_w), 50, "it is noon in June")


if __name__ == "__main__":
    run_tests()
