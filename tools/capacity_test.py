#!/usr/bin/env python3
"""tools/capacity comes out where it was measured, says so where it does not, and its sizes add up."""
import copy
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TOOLS))
import capacity_model as model  # noqa: E402

LOADER = importlib.machinery.SourceFileLoader("capacity", str(TOOLS / "capacity"))
capacity = importlib.util.module_from_spec(importlib.util.spec_from_loader("capacity", LOADER))
LOADER.exec_module(capacity)
PARAMETERS, DATA = capacity.load(TOOLS / "capacity.json")
KNOWN = {}  # what was simulated with these parameters


def run(*arguments, data=None):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "data.json"
        file.write_text(json.dumps(data or DATA))
        command = [TOOLS / "capacity", "--data", file, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def off(data):
    return capacity.compare(data, PARAMETERS, io.StringIO(), KNOWN)


class Points(unittest.TestCase):
    def test_each_measured_point_comes_out_within_15_percent(self):
        done = run()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        ratios = re.findall(r"  (\d\.\d\d)  (?:sets \w+|predicted)$", done.stdout, re.MULTILINE)
        self.assertEqual(len(ratios), len(DATA["points"]))
        self.assertTrue(all(0.85 <= float(ratio) <= 1.15 for ratio in ratios), done.stdout)

    def test_a_point_that_is_off_ends_the_program_before_it_extrapolates(self):
        for at, point in enumerate(DATA["points"]):
            with self.subTest(point["what"]):
                other = copy.deepcopy(DATA)
                other["points"][at]["measured"] *= 1.4
                self.assertEqual(off(other), [point["what"]])
        done = run("--every", "10s", data=other)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"off: {point['what']}", done.stderr)
        self.assertNotIn("devices", done.stdout)

    def test_each_parameter_that_a_point_sets_changes_the_figure_of_that_point(self):
        named = [point["sets"] for point in DATA["points"] if "sets" in point]
        self.assertEqual(len(named), len(set(named)), "one point sets a parameter")
        for point in DATA["points"]:
            if "sets" not in point:
                continue
            with self.subTest(point["what"]):
                name = point["sets"]
                figures = [capacity.simulate(point, {**PARAMETERS, name: PARAMETERS[name] * factor}, {},
                                             DATA["days"])
                           for factor in (0.5, 1, 2)]
                self.assertEqual(len(set(figures)), 3, figures)

    def test_more_points_are_predicted_than_half_of_those_that_set_a_parameter(self):
        fitted = sum("sets" in point for point in DATA["points"])
        self.assertGreater(2 * (len(DATA["points"]) - fitted), fitted)

    def test_each_page_that_a_figure_is_from_is_there(self):
        rows = [*DATA["parameters"].values(), *DATA["points"]]
        for row in rows:
            page = re.match(r"docs/[\w/-]+\.md", row["from"])
            with self.subTest(row["from"]):
                self.assertTrue(page or re.match(r"prototype: |the same$|(bench|tests)/cluster$", row["from"]))
                self.assertTrue(page is None or (TOOLS.parent / page[0]).exists())

    def test_what_is_read_off_a_page_stands_on_it(self):
        pages = {"docs/performance-history.md": ("82,132", "100,849", "15.66", "11.66", "25.7 values", "| 4.67 |",
                                                 "| Gridloom, over PostgreSQL | 17.1 M | 9.33 M | 140 | 1.53 |"),
                 "docs/performance.md": ("43,490", "31,696", "33.28", "31.44", "10.21"),
                 "docs/performance-cluster.md": ("| one node, SQLite | 63,314", "| 20.0 (", "62,642", "25,528",
                                                 "| 65.0 (", "| 39.2 ("),
                 "docs/internals/performance-log.md": ("30.3", "12.7", "6.2"),
                 "docs/performance-simulator.md": ("1,165 MB",),
                 "docs/performance-neighbours.md": ("that send an incomplete request and wait | +230 |",)}
        for page, figures in pages.items():
            text = (TOOLS.parent / page).read_text()
            for figure in figures:
                with self.subTest(page=page, figure=figure):
                    self.assertIn(figure, text, "measured anew: tools/capacity.json wants the new figure")


class Parts(unittest.TestCase):
    def test_a_slot_has_one_message_under_way_and_it_is_no_larger_than_256_kb(self):
        engine, sent, acknowledged = model.Engine(), [], []

        class Slow:
            """A stream that answers after 10 ms."""

            def append(self, kb, done):
                sent.append((engine.now, kb))
                engine.after(0.01, done)

        log = model.SlotLog(engine, Slow(), 1024, acknowledged.extend)
        for number in range(2_000):
            engine.after(number * 1e-4, lambda number=number: log.append([(number, 1)]))
        engine.run(1.0)
        self.assertEqual([born for born, _ in acknowledged], list(range(2_000)), "each once, in order")
        self.assertTrue(all(second - first >= 0.0099 for (first, _), (second, _) in zip(sent, sent[1:])), sent)
        log.append([(number, 64) for number in range(40)])
        engine.run(2.0)
        self.assertLessEqual(max(kb for _, kb in sent), 256)

    def test_work_is_done_in_its_order_by_as_many_as_there_are(self):
        engine, ended = model.Engine(), []
        station = model.Station(engine, 2, 0.5)
        for name in "abc":
            station.work(1000, lambda name=name: ended.append((name, round(engine.now, 6))))
        engine.run(1.0)
        self.assertEqual(ended, [("a", 0.002), ("b", 0.002), ("c", 0.004)])
        self.assertAlmostEqual(station.used(1.0), 0.003)

    def test_a_cluster_that_is_not_full_acknowledges_as_much_as_is_reported(self):
        for rate in (50, 3_000, 100_000):
            with self.subTest(rate):
                cluster = model.Cluster(PARAMETERS, nodes=3, cores=8, nats=3, nats_cores=8, slots=8)
                found = cluster.paced(rate, 4.5)
                self.assertAlmostEqual(found["reports/s"] / rate, 1, delta=0.1)
                self.assertLessEqual(found["KB"], 256)

    def test_the_same_run_gives_the_same_figures(self):
        runs = [model.cluster_on_one_machine(PARAMETERS, seconds=1.0) for _ in range(2)]
        self.assertEqual(runs[0], runs[1])


class Sizes(unittest.TestCase):
    def test_the_log_and_the_history_are_what_the_reports_take(self):
        plan = capacity.Plan(PARAMETERS, 36_000, 10, 8, 8)
        self.assertEqual(plan.rate, 3_600)
        # An hour and ten minutes of reports of 120 bytes, and as long as the database takes for the hour before.
        bytes_of_slot = 3_600 * 120 * (3_600 + 600 + plan.store_s) / 8
        self.assertAlmostEqual(plan.log_gb, bytes_of_slot / 2**30)
        self.assertAlmostEqual(plan.day_gb, 36_000 * 8_640 * 25.7 * 1.53 / 1e9)

    def test_more_devices_or_smaller_machines_never_need_less(self):
        plans = [capacity.Plan(PARAMETERS, devices, 10, cores, None)
                 for devices, cores in ((1_000, 8), (100_000, 8), (1_000_000, 8), (1_000_000, 1))]
        for name in ("nodes", "slots", "nats", "database_cores", "memory_gb"):
            found = [getattr(plan, name) for plan in plans]
            self.assertEqual(found, sorted(found), name)
        self.assertGreater(plans[3].nodes, plans[2].nodes)

    def test_three_sizes_are_shown_unless_others_are_asked_for(self):
        for words, expected in (((), ["1,000", "100,000", "10,000,000"]), (("--devices", "250"), ["250"])):
            done = run("--every", "10s", *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(re.search(r"^devices +(.*)$", done.stdout, re.MULTILINE)[1].split(), expected)

    def test_what_cannot_be_meant_is_refused_in_words(self):
        number = "not a number from 1 to"
        for words, answer in ((("--every", "0s"), "is no time"), (("--every", "10"), "is no time"),
                              (("--slots", "65"), number), (("--cores", "0"), number)):
            done = run(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(answer, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
