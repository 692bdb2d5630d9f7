"""What a cluster says of itself: `gridloom cluster status` and `drain`, /metrics, /healthz, and the nodes' logs."""
import json
import pathlib
import re
import unittest
import urllib.error
import urllib.request

import jsonschema
import paths  # noqa: F401  (finds the modules of the other tests)
from cluster import REST_S, Cluster
from server import Deadline, run_tests

SN = "R331STATUS000001"
SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs/user/output.schema.json"
WATCHED = ("the database has no data checksums", "more events of devices happened")


def got(server, path):
    """The status and the text of an answer."""
    url = f"{server.facts['http']}{path}"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def sample(text, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])


class StatusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(nodes=2)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        schema = json.loads(SCHEMA.read_text())
        cls.schema = {"$defs": schema["$defs"], **schema["properties"]["cluster status"]}

    def status(self, node, code=None):
        done = self.cluster.nodes[node].cli("cluster", "status", "--json")
        self.assertNotEqual(done.stdout, "", done.stderr)
        status = json.loads(done.stdout)
        jsonschema.Draft7Validator(self.schema).validate(status)
        self.assertEqual(done.returncode, 0 if status["good"] else 1)
        if code is not None:
            self.assertEqual(done.returncode, code, status["problems"])
        return status

    def await_status(self, node, is_so, what):
        deadline = Deadline(what, REST_S)
        while True:
            status = self.status(node)
            if is_so(status):
                return status
            deadline.left_s()

    def test_1_both_nodes_see_the_same_and_who_serves_what(self):
        shared = self.await_status(
            0, lambda status: status["good"] and [len(node["slots"]) for node in status["nodes"]] == [4, 4],
            "four slots at each node, so that none is to move")
        self.assertEqual(sorted(part for slot in shared["slots"] for part in slot["partitions"]), list(range(64)))
        self.assertEqual({node["phase"] for node in shared["nodes"]}, {"serving"})
        other = self.await_status(1, lambda status: status["good"], "all slots as the other node sees them")
        self.assertEqual(other["cluster"], shared["cluster"])
        for slot, same in zip(other["slots"], shared["slots"], strict=True):
            self.assertEqual(slot["partitions"], same["partitions"])
        warnings = "\n".join(shared["warnings"])
        self.assertIn("--cluster names 1 of NATS's servers", warnings)
        self.assertIn("--cluster-replicas is 1", warnings)
        text = self.cluster.nodes[0].cli("cluster", "status").stdout
        for line in (r"^n1 +serving ", r"^n2 +serving .* ago ", r"^SLOT +NODE ", r"^NATS: connected for ",
                     r"^PostgreSQL: connected", r"^Warning: "):
            self.assertRegex(text, re.compile(line, re.MULTILINE))

    def test_2_the_metrics_of_a_node_have_its_slots(self):
        node = self.cluster.nodes[0]
        node.add_account("ann")
        key = node.add_device(SN, "ann")
        device = self.cluster.await_client(1, SN, key, door="mqtt", client_id=SN)
        device.publish(f"/device/{SN}/quota", {"id": 1, "version": "1.0", "typeCode": "pdStatus", "params": {"soc": 1}},
                       qos=1)
        device.close()
        texts = [got(each, "/metrics")[1] for each in self.cluster.nodes]
        reports = [re.findall(r'^gridloom_reports_total\{slot="(\d)"\} (\d+)$', text, re.MULTILINE) for text in texts]
        self.assertEqual(sorted(int(slot) for node in reports for slot, _ in node), list(range(8)))
        self.assertGreaterEqual(sum(int(count) for node in reports for _, count in node), 1)
        for text in texts:
            self.assertEqual(text.count("# TYPE gridloom_reports_total counter\n"), 1)
            self.assertEqual(sample(text, "gridloom_reports_total"), 0, "a door has no device")
            self.assertEqual(sample(text, "gridloom_cluster_nodes"), 2)
            self.assertEqual(sample(text, "gridloom_cluster_slots"), 8)
            self.assertEqual(sample(text, "gridloom_cluster_slots_unserved"), 0)
            self.assertEqual(sample(text, "gridloom_cluster_nats_connected"), 1)
            self.assertEqual(sample(text, "gridloom_cluster_database_connected"), 1)
        here = [sample(text, "gridloom_cluster_slots_here") for text in texts]
        self.assertEqual(sum(here), 8)
        self.assertEqual(got(node, "/healthz")[0], 200)

    def test_3_a_node_that_drains_has_no_slot_and_is_not_healthy(self):
        done = self.cluster.nodes[1].cli("cluster", "drain")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("The node n2 has no slot any more", done.stdout)
        status = self.await_status(
            0, lambda status: status["good"] and {slot["node"] for slot in status["slots"]} == {"n1"},
            "all slots at the other node")
        self.assertEqual({node["node"]: node["phase"] for node in status["nodes"]}, {"n1": "serving", "n2": "draining"})
        code, health = got(self.cluster.nodes[1], "/healthz")
        self.assertEqual((code, json.loads(health)["status"]), (503, "draining"))
        audit = self.cluster.nodes[1].cli("audit", "--what", "cluster.drain", "--json").stdout
        self.assertEqual([json.loads(line)["node"] for line in audit.splitlines()], ["n2"])
        self.cluster.nodes[1].stop()

    def test_4_nats_that_is_away_is_a_problem(self):
        server = self.cluster.nats.all[0]
        server.stop()
        status = self.await_status(0, lambda status: not status["nats"]["connected"], "NATS being away")
        self.assertFalse(status["good"])
        self.assertRegex("\n".join(status["problems"]), "NATS has been away for ")
        code, health = got(self.cluster.nodes[0], "/healthz")
        self.assertEqual((code, json.loads(health)["status"]), (503, "failing"))
        self.assertIn("natsFailingForMs", health)

    def test_5_the_log_of_a_node_names_slots_and_does_not_repeat_itself(self):
        for node in self.cluster.nodes:
            log = node.log.read_text(errors="replace")
            self.assertLessEqual(log.count(WATCHED[0]), 1, log)
            self.assertEqual(log.count(WATCHED[1]), 0, log)
            self.assertRegex(log, r"\] slot \d: ")


if __name__ == "__main__":
    run_tests()
