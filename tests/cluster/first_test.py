"""A cluster as a client sees it: any node takes any client, and tells of every device."""
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
from cluster import Cluster
from server import run_tests

SNS = [f"R331CLUSTER{number:05}" for number in range(8)]


class ClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(nodes=2)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.await_rest()  # whoever is connected while a slot moves is disconnected
        first = cls.cluster.nodes[0]
        cls.account = first.add_account("alice")
        cls.keys = {sn: first.add_device(sn, "alice") for sn in SNS}

    def connect(self, number, sn):
        return self.cluster.await_client(number % 2, sn, self.keys[sn], door="mqtt", client_id=sn)

    @staticmethod
    def report(device, sn, soc):
        device.publish(f"/device/{sn}/quota", {"id": 1, "version": "1.0", "typeCode": "pdStatus", "params": {"soc": soc}})

    def test_a_report_at_one_node_comes_to_an_app_and_a_read_at_the_other(self):
        certificate = self.account["api"].certification()
        user, password = certificate["certificateAccount"], certificate["certificatePassword"]
        app = self.cluster.await_client(1, user, password, door="mqtt", client_id="app")
        app.subscribe(f"/open/{user}/+/quota")
        for number, sn in enumerate(SNS):
            device = self.connect(number, sn)
            self.report(device, sn, 10 + number)
            app.message(f"/open/{user}/{sn}/quota", lambda m, soc=10 + number: m.payload["params"]["soc"] == soc)
            device.close()
        app.close()


if __name__ == "__main__":
    run_tests()
