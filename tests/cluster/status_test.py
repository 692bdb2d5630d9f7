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
from programs import until
from server import Deadline, run_tests, temporary_folder, told
from webhook_test import Receiver

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
    names = ("n1", "n2")

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
        type(self).key = node.add_device(SN, "ann")
        device = self.cluster.await_client(1, SN, self.key, door="mqtt", client_id=SN)
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

    def bridge_rows(self):
        lines = [node.cli("bridge", "list", "--json").stdout.splitlines() for node in self.cluster.nodes]
        return [json.loads(line) for of_node in lines for line in of_node]

    def await_bridge(self, node=None):
        """Until the one bridge runs at one node, `node` if that is given, and both nodes say so."""
        def runs():
            rows = self.bridge_rows()
            here = [row for row in rows if row["state"] != "elsewhere" and "waiting" in row["figures"]]
            names = {row["node"] for row in rows}
            return len(rows) == 2 and len(here) == 1 and len(names) == 1 and names <= {node or here[0]["node"]}

        until("a bridge at one node", runs)

    def fault(self, value):
        """Of the device: not 0, it begins; 0, it ends."""
        self.device.publish(f"/device/{SN}/quota", {"params": {"inv.errCode": value}}, qos=1)

    def test_3_a_bridge_runs_at_one_node(self):
        node, receiver = self.cluster.nodes[0], Receiver()
        self.addClassCleanup(receiver.close)
        secret = temporary_folder() / "secret"
        secret.write_text("secret\n")
        secret.chmod(0o600)
        told(node.cli("bridge", "add", "webhook", "hook", "--account", "ann", "--url", receiver.url, "--secret-file",
                      secret, "--events", "fault.began,fault.ended"))
        type(self).receiver = receiver
        self.await_bridge()
        type(self).device = self.cluster.await_client(0, SN, self.key, door="mqtt", client_id=SN)
        self.fault(0)
        # Whoever told it twice would do so before the next.
        for value, kind in ((1, "fault.began"), (0, "fault.ended"), (2, "fault.began"), (0, "fault.ended")):
            self.fault(value)
            self.assertEqual(receiver.call().kind, kind)

    def test_4_a_node_that_drains_has_no_slot_and_is_not_healthy_and_its_bridges_go_on_at_the_other(self):
        (drained,) = {row["node"] for row in self.bridge_rows()}
        node = self.cluster.nodes[self.names.index(drained)]
        self.receiver.answers = [(503, {}, "")] * 999
        self.fault(5)
        waiting = self.receiver.call()
        type(self).left = 1 - self.names.index(drained)
        done = node.cli("cluster", "drain")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"The node {drained} has no slot any more", done.stdout)
        goes_on = self.names[self.left]
        status = self.await_status(
            self.left, lambda status: status["good"] and {slot["node"] for slot in status["slots"]} == {goes_on},
            "all slots at the other node")
        self.assertEqual({each["node"]: each["phase"] for each in status["nodes"]},
                         {goes_on: "serving", drained: "draining"})
        code, health = got(node, "/healthz")
        self.assertEqual((code, json.loads(health)["status"]), (503, "draining"))
        audit = until("the audit", lambda: node.cli("audit", "--what", "cluster.drain", "--json").stdout.splitlines())
        self.assertEqual([json.loads(line)["node"] for line in audit], [drained])
        self.await_bridge(goes_on)
        self.device.close()
        type(self).device = self.cluster.await_client(self.left, SN, self.key, door="mqtt", client_id=SN)
        self.receiver.answers = []
        self.fault(0)
        calls = iter(self.receiver.call, None)
        ended = next(call for call in calls if call.id != waiting.id)
        self.assertEqual((waiting.kind, ended.kind), ("fault.began", "fault.ended"))
        for value, kind in ((3, "fault.began"), (0, "fault.ended")):
            self.fault(value)
            self.assertEqual(self.receiver.call().kind, kind)
        self.device.close()
        node.stop()

    def test_5_nats_that_is_away_is_a_problem(self):
        server = self.cluster.nats.all[0]
        server.stop()
        status = self.await_status(self.left, lambda status: not status["nats"]["connected"], "NATS being away")
        self.assertFalse(status["good"])
        self.assertRegex("\n".join(status["problems"]), "NATS has been away for ")
        code, health = got(self.cluster.nodes[self.left], "/healthz")
        self.assertEqual((code, json.loads(health)["status"]), (503, "failing"))
        self.assertIn("natsFailingForMs", health)

    def test_6_the_log_of_a_node_names_slots_and_does_not_repeat_itself(self):
        for node in self.cluster.nodes:
            log = node.log.read_text(errors="replace")
            self.assertLessEqual(log.count(WATCHED[0]), 1, log)
            self.assertEqual(log.count(WATCHED[1]), 0, log)
            self.assertRegex(log, r"\] slot \d: ")


if __name__ == "__main__":
    run_tests()
