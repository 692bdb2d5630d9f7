#!/usr/bin/env python3
"""The page of performance, its tables and its plots, of figures that are made up."""
import pathlib
import re
import sys
import tempfile
import unittest
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import page  # noqa: E402
import plot  # noqa: E402


def run(per_second, **more):
    return {"per_second": per_second, "server_cpu_us_per_operation": 1e6 / per_second, "own_cpu_us_per_operation": 5,
            "latency_p50_ms": 1.5, "latency_p99_ms": 3, **more}


def case(*sides, **more):
    counts = {"system_calls": 2.5, "allocations": 19, "allocated_bytes": 8000, "copies": 450, "copied_bytes": 8800}
    return {"rounds": [{side: run(rate / (at + 1), expected=100, arrived=99) for at, side in enumerate(sides)}
                       for rate in (40_000, 50_000, 60_000)], "counts": {side: counts for side in sides}, **more}


def found():
    servers = {name: case("Gridloom", "mosquitto", "floor", "durable floor") for name in (*page.REPORT_CASES, "fan_out")}
    return {
        **servers,
        "read": case("Gridloom", "nginx", bytes=5100), "read_tls": case("Gridloom", "nginx", bytes=5100),
        "sets": case("one", "many", "half"),
        "growth": [{"connections": n, "rounds": [run(1000 + n)], "device_kb": [2.5]} for n in (1, 100, 15_000)],
        "memory": {"idle": [2.5, 2.7], "idle_tls": [20.0], "full": [1.9]},
        "start": {"0": [0.1], "5000": [0.4, 0.5, 0.6]},
    }


class PageTest(unittest.TestCase):
    def test_a_table_has_medians_spreads_and_ratios_of_each_round(self):
        rows = page.table(case("Gridloom", "mosquitto")).splitlines()
        self.assertEqual(rows[0], "|  | Gridloom | mosquitto | ratio to mosquitto |")
        self.assertEqual(rows[2], "| operations/s | 50,000 (40,000–60,000) | 25,000 (20,000–30,000) "
                         "| 2.00 (2.00–2.00) |")
        self.assertIn("| system calls per operation | 2.50 | 2.50 |  |", rows)
        self.assertEqual(rows[-1], "| did not reach a subscriber | 3 | 3 |  |")

    def test_columns_that_are_no_servers_have_no_ratios(self):
        rows = page.TABLES["sets"](case("one", "many", "half")).splitlines()
        self.assertEqual(rows[0], "|  | 1 connection | all connections | all, at half that rate |")

    def test_the_page_has_every_figure_and_its_plots(self):
        template = (page.common.ROOT / "bench/performance.md.in").read_text()
        words = {word: word for word in re.findall(r"@(\w+)@", template)
                 if not word.startswith("table_") and word != "bytes"}
        with tempfile.TemporaryDirectory() as folder:
            page.write(found(), words, folder)
            text = (pathlib.Path(folder) / "performance.md").read_text()
            self.assertNotRegex(text, r"@\w+@")
            images = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
            self.assertEqual({f"performance/{name}.svg" for name in page.plots(found())}, set(images))
            for image in images:
                xml.dom.minidom.parseString((pathlib.Path(folder) / image).read_text())

    def test_the_summary_of_a_part_needs_no_other_part(self):
        self.assertIn("\ngrowth\n", page.summary({"growth": found()["growth"]}))


class PlotTest(unittest.TestCase):
    def test_numbers_have_three_digits_that_count(self):
        for value, text in ((0, "0"), (0.1234, "0.123"), (7, "7"), (1.5, "1.5"), (99.96, "100"), (43_490.4, "43,490")):
            self.assertEqual(plot.number(value), text)

    def test_an_axis_begins_at_0_and_ends_at_the_most_or_above(self):
        for most in (0, 0.03, 1, 3.7, 99, 43_490):
            marks = plot.steps(most)
            self.assertEqual(marks[0], 0)
            self.assertGreaterEqual(marks[-1] + 1e-9, most)
            self.assertLessEqual(len(marks), 7)

    def test_a_bar_is_as_long_as_its_median_and_names_are_escaped(self):
        image = plot.bars("A < B", "ms", {"x & y": {"a": [1, 2, 6], "b": [4]}})
        bars = [float(width) for width in re.findall(r'width="([\d.]+)" height="15"', image)]
        self.assertAlmostEqual(bars[1] / bars[0], 2, places=4)
        self.assertIn("x &amp; y", image)
        self.assertIn("A &lt; B", image)


if __name__ == "__main__":
    unittest.main(verbosity=2)
