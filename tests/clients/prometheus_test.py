"""GET /metrics/home as Prometheus reads it: `promtool check metrics` has nothing against it, and every metric that the
alert rules and the dashboard of docs/examples/prometheus name is there.

promtool is of Debian's package prometheus. Where it is not installed, the tests that need it are skipped, and say so.
"""
import json
import pathlib
import re
import shutil
import subprocess
import unittest
import urllib.error
import urllib.request

from mqtt_talk import await_reported
from server import DELTA_2, STREAM, Deadline, Server, run_tests, told

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs/examples/prometheus"
PROMTOOL = shutil.which("promtool")
NAME = re.compile(r"\bgridloom_[a-z0-9_]+")
SAMPLE = re.compile(r'(gridloom_[a-z0-9_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.e+-]+)')


def names_in_examples():
    names = set(NAME.findall((EXAMPLES / "rules.yml").read_text()))
    dashboard = json.loads((EXAMPLES / "grafana.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names.update(NAME.findall(target["expr"]))
    return names


class PrometheusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--start", "2026-06-17 12:00")
        await_reported(cls.server, cls.server.api(), {DELTA_2: 1, STREAM: 1})
        made = cls.server.cli("token", "add", "prometheus", "--account", "demo", "--scope", "read")
        cls.token = told(made)["token"]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def scrape(self, query="", accept="text/plain", token=None):
        request = urllib.request.Request(self.server.facts["http"].rstrip("/") + f"/metrics/home{query}", headers={
            "Authorization": f"Bearer {token or self.token}", "Accept": accept})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers["Content-Type"], answer.read().decode()

    def test_each_line_is_a_sample_of_a_metric_that_is_described(self):
        kind, text = self.scrape()
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"), kind)
        described, seen = {}, set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, metric_type = line.split(" ")
                self.assertNotIn(name, described)
                described[name] = metric_type
            elif not line.startswith("# HELP "):
                found = SAMPLE.fullmatch(line)
                self.assertTrue(found, line)
                self.assertIn(found[1], described)
                self.assertNotIn((found[1], found[2]), seen)
                seen.add((found[1], found[2]))
                float(found[3])
        for name, metric_type in described.items():
            self.assertEqual(metric_type == "counter", name.endswith("_total"), name)

    def test_openmetrics_is_answered_where_it_is_asked_for(self):
        kind, text = self.scrape(accept="application/openmetrics-text; version=1.0.0, text/plain;q=0.5")
        self.assertTrue(kind.startswith("application/openmetrics-text"), kind)
        self.assertTrue(text.endswith("# EOF\n"))
        for unit in re.findall(r"^# UNIT (\S+) (\S+)$", text, re.MULTILINE):
            self.assertTrue(unit[0].endswith("_" + unit[1]), unit)

    def test_the_examples_name_metrics_that_are_there(self):
        named = names_in_examples()
        self.assertGreater(len(named), 5)
        # Energies are known between two reports, and read again after half a minute.
        deadline = Deadline("the metrics of the examples", 90)
        while True:
            missing = named - set(NAME.findall(self.scrape()[1]))
            if not missing:
                break
            self.assertGreater(deadline.left_s(), 1, missing)

    def test_an_unknown_name_and_another_token_are_refused(self):
        for query, token, status in (("?fields=no.such", None, 400), ("?devices=NONE", None, 403),
                                     ("?colour=red", None, 400), ("", "wrong", 401)):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.scrape(query, token=token)
            self.assertEqual(refused.exception.code, status, query)
            refused.exception.close()

    @unittest.skipUnless(PROMTOOL, "promtool is not installed (Debian's package prometheus)")
    def test_promtool_has_nothing_against_it(self):
        _, text = self.scrape()
        checked = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))
        rules = subprocess.run([PROMTOOL, "check", "rules", EXAMPLES / "rules.yml"], capture_output=True, text=True,
                               check=False)
        self.assertEqual(rules.returncode, 0, rules.stdout + rules.stderr)


if __name__ == "__main__":
    run_tests()
