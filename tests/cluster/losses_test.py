"""What is lost is told by every node, by device and time; and a node that is gone is missed."""
import json
import re
import shutil
import signal
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
from cluster import Cluster
from programs import until
from server import run_tests, told
from status_test import got

SN = "R331LOSS00000001"
RANGE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ to \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class LossesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(nodes=2)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.await_rest()
        node = cls.cluster.nodes[0]
        node.add_account("alice")
        cls.key = node.add_device(SN, "alice")
        cls.cluster.await_known()

    def status(self, node):
        done = self.cluster.nodes[node].cli("cluster", "status", "--json")
        status = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if status["good"] else 1)
        return status

    def damage(self, node):
        shown = self.cluster.nodes[node].cli("damage")
        self.assertEqual(shown.returncode, 1 if shown.stdout else 0, shown.stderr)
        return shown.stdout.splitlines()

    def test_1_a_node_that_was_killed_is_missed_until_it_is_back_or_removed(self):
        until("a good status", lambda: self.status(0)["good"])
        self.cluster.kill(1)
        until("a missing node", lambda: "the node n2 is missing" in "\n".join(self.status(0)["problems"]))
        self.assertFalse(self.status(0)["good"])
        self.cluster.start(1)
        self.cluster.await_rest()
        until("a good status", lambda: self.status(0)["good"])
        self.cluster.nodes[1].stop()
        until("slots at the other node", lambda: self.status(0)["good"])
        self.cluster.start(1)
        self.cluster.await_rest()
        self.cluster.kill(1)
        until("a missing node", lambda: "the node n2 is missing" in "\n".join(self.status(0)["problems"]))
        told(self.cluster.nodes[0].cli("cluster", "remove", "n2"))
        until("a good status", lambda: self.status(0)["good"])
        self.cluster.start(1)
        self.cluster.await_rest()

    def test_2_a_loss_is_told_by_every_node_and_accepted_at_any(self):
        device = self.cluster.await_client(0, SN, self.key, door="mqtt", client_id=SN)
        device.publish(f"/device/{SN}/quota", {"id": 1, "version": "1.0", "params": {"n": 1}}, qos=1)
        device.close()
        self.cluster.end_all(signal.SIGTERM)
        for each in self.cluster.nats.all:
            each.kill()
            shutil.rmtree(each.store)
            each.store.mkdir()
            each.start()
        for node in self.cluster.nodes:
            for copy in node.data.glob("slot_*/copy"):
                shutil.rmtree(copy)
        for number in range(2):
            self.cluster.start(number)
        self.cluster.await_rest()

        def of_device(node):
            return [line for line in self.damage(node) if SN in line]

        (line,) = until("the loss at one node", lambda: of_device(0))
        self.assertRegex(line, re.compile(rf" slot \d: {SN} lacks {RANGE}: the slot's log ended with record 0"))
        until("the same at both nodes", lambda: self.damage(0) == self.damage(1))
        notes = self.damage(0)
        for number, node in enumerate(self.cluster.nodes):
            health = json.loads(got(node, "/healthz")[1])
            self.assertEqual((health["status"], health["damageNotes"]), ("damaged", len(notes)))
            status = self.status(number)
            self.assertEqual((status["good"], len(status["damage"])), (False, len(notes)))
        self.cluster.nodes[0].stop()
        self.assertEqual(self.damage(1), notes, "they stay when a node goes")
        self.cluster.start(0)
        self.cluster.await_rest()
        until("the notes at a node that has started", lambda: self.damage(0) == notes)
        told(self.cluster.nodes[1].cli("damage", "--accept"))
        until("no note anywhere", lambda: self.damage(0) == [] == self.damage(1))
        until("a good status", lambda: self.status(0)["good"])


if __name__ == "__main__":
    run_tests()
