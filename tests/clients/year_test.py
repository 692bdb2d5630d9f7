"""The table of docs/user/year.md: its first month is lived again, and must come out the same."""
import os
import pathlib
import unittest

from server import Server, cli, run_tests

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/user/year.md"
SN = "HJ31SIM00000001"
MONTH_S = 500  # to live it; a healthy server needs 20 under sanitizers


def table():
    """Column titles, and the row of each month, as the page has them."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    titles = next(row for row in rows if row[0] == "month")
    return titles[1:], {row[0]: [float(cell) for cell in row[1:]]
                        for row in rows if row[0].startswith("2025-")}


class YearTest(unittest.TestCase):
    def test_january_is_as_the_page_says(self):
        os.environ["TZ"] = "UTC"
        titles, months = table()
        self.assertEqual(len(months), 12)
        with Server("--demo-home", "power_ocean", "--start", "2025-01-01", "--paused") as server:
            step = cli("time", "step", "31d", data=server.data, patience_s=MONTH_S)
            self.assertEqual(step.returncode, 0)
            answer = server.api().data("GET", f"/api/v1/devices/{SN}/energy",
                                       {"period": "year", "from": "2025-01-01",
                                        "to": "2025-02-01"})
            self.assertEqual([round(answer["buckets"][0][title], 1) for title in titles],
                             months["2025-01"])
            own = cli("simulate", "--family", "power_ocean", "--from", "2025-01-01Z", "--for",
                      "31d", "--step", "60s", patience_s=MONTH_S).stdout
            brought = float(own.partition("energy:")[2].split()[0])
            counted = answer["total"]["pv"] + answer["total"]["gridIn"]
            self.assertLess(abs(counted / brought - 1), 0.001)

    def test_a_home_of_ones_own_choice(self):
        with Server("--demo-home", "delta_2=2,power_stream") as server:
            devices = server.api().devices()
            self.assertEqual(sorted(devices), ["HW51SIM00000001", "R331SIM00000001",
                                               "R331SIM00000002"])
        refused = cli("serve", "--demo", "--demo-home", "castle", data=server.data)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--demo-home: there is no family 'castle'", refused.stderr)


if __name__ == "__main__":
    run_tests()
