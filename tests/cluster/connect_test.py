"""CONNECT works on every node that is there while any one node, or any one NATS server, is away."""
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
from cluster import SLOTS, Cluster
from server import Deadline, run_tests

CLIENTS = 2 * SLOTS  # over all slots, more or less
CONNECT_S = 40  # until the slots of a dead node, and the streams of a dead server, have others


class ConnectTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(nodes=3, nats=3)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.nodes[0].add_account("alice")
        cls.keys = {sn: cls.cluster.nodes[0].add_device(sn, "alice")
                    for sn in (f"CONNECT{number:04}" for number in range(CLIENTS))}

    def connect_everywhere(self, nodes):
        """Each client at each of these nodes, with a report that is acknowledged."""
        for node in nodes:
            for sn, key in self.keys.items():
                self.report(node, sn, key)

    def report(self, node, sn, key):
        deadline = Deadline(f"an acknowledgement for {sn} at node {node}", CONNECT_S)
        while True:
            client = self.cluster.await_client(node, sn, key, door="mqtt", client_id=sn)
            try:
                client.publish(f"/device/{sn}/quota", {"version": "1.0", "params": {"soc": 10}})
                return
            except (AssertionError, RuntimeError, ValueError):  # its slot moved meanwhile
                deadline.left_s()
            finally:
                client.close()

    def test_while_any_one_node_is_away(self):
        for away in range(3):
            with self.subTest(away=away):
                self.cluster.await_rest()
                self.cluster.kill(away)
                self.connect_everywhere(node for node in range(3) if node != away)
                self.cluster.start(away)
        self.cluster.await_rest()

    def test_while_any_one_nats_server_is_away(self):
        for away in self.cluster.nats.all:
            with self.subTest(away=away.name):
                self.cluster.await_rest()
                self.cluster.await_nats()
                away.kill()
                self.connect_everywhere(range(3))
                away.start()
        self.cluster.await_rest()


if __name__ == "__main__":
    run_tests()
