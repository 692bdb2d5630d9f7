#!/usr/bin/python3
"""The figures of bench/cluster, made up: goals that are met and missed, the page without a gap, and processor times."""
import importlib.machinery
import importlib.util
import pathlib
import re
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import common  # noqa: E402

LOADER = importlib.machinery.SourceFileLoader("cluster_bench", str(common.ROOT / "bench/cluster"))
cluster = importlib.util.module_from_spec(importlib.util.spec_from_loader(LOADER.name, LOADER))
LOADER.exec_module(cluster)

OPTIONS = types.SimpleNamespace(devices=1000, rounds=2, seconds=10.0, session_seconds=180.0, reports=300)


def rounds(*rates):
    return [{"name": "side", "rate": rate, "p50_ms": 3.0, "p99_ms": 9.0, "cpu_us": {"nodes": 40, "NATS": 20},
             "generator_us": 7.0, "log_bytes": 2.2, "logged": 40.0, "between": 0.1} for rate in rates]


def cases(*statements):
    return [{"case": case, "messages": messages, "reports": 300, "log_bytes": 50.0, "statements": each}
            for case, messages, each in zip(cluster.SESSION_CASES, (240, 2400, 2400), statements)]


class FiguresTest(unittest.TestCase):
    def met(self, three, nats, rabbitmq, trips, statements):
        found = {"three": rounds(*three), "nats": rounds(*nats), "rabbitmq": rounds(*rabbitmq)}
        return list(cluster.goals(found, trips, cases(*statements), 0.1))

    def test_a_copy_may_cost_a_fifth(self):
        for rate, is_met in ((12_000, True), (11_900, False)):
            found = {"three": rounds(rate), "no_copies": rounds(15_000)}
            costs = [each for each in cluster.goals(found, [(4, 19)], cases(30, 30, 30), 0.1) if "copy" in each[0]]
            self.assertEqual([each[-1] for each in costs], [is_met])

    def test_each_goal_is_missed_alone(self):
        good = {"three": (15_000, 15_002), "nats": (7_000, 7_000), "rabbitmq": (5_000, 5_000), "trips": [(4, 19)],
                "statements": (30, 33, 90)}
        self.assertEqual([is_met for *_, is_met in self.met(**good)], [True] * 6)
        for number, worse in enumerate(({"three": (14_000, 15_000)}, {"rabbitmq": (8_000, 8_000)},
                                        {"trips": [(4, 19), (5, 19)]}, {"trips": [(4, 19), (4, 20)]})):
            self.assertEqual([at for at, (*_, is_met) in enumerate(self.met(**{**good, **worse})) if not is_met],
                             [number])
        self.assertFalse(self.met(**{**good, "statements": (30, 34, 34)})[5][3])

    def test_the_page_has_all_that_it_names(self):
        found = {name: rounds(16_000, 17_000) for name in cluster.SIDES}
        trips, of_sessions = [(2.0, 7.0)] * 6, cases(30, 30, 30)
        met = list(cluster.goals(found, trips, of_sessions, 0.1))
        facts = {**common.machine(0), **cluster.facts_of(OPTIONS, found, trips, of_sessions, 0.1, met)}
        template = (common.ROOT / "bench/performance-cluster.md.in").read_text()
        self.assertEqual(set(re.findall(r"@(\w+)@", template)) - set(facts), set())
        self.assertIn("Missed: that to the better neighbour.", facts["missed"])

    def test_processor_times_are_between_those_that_were_read(self):
        processors = cluster.Processors({"nodes": []})
        processors.times, processors.used = [0, 1, 2], [{"nodes": 0}, {"nodes": 1}, {"nodes": 3}]
        self.assertEqual([processors.at(moment)["nodes"] for moment in (-1, 0.5, 1.5, 5)], [0, 0.5, 2, 3])


if __name__ == "__main__":
    unittest.main()
