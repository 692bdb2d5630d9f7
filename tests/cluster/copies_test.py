"""The copies on the nodes' disks: what was acknowledged is still there when NATS has lost its store, and PostgreSQL never had it."""
import shutil
import signal
import time
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
from cluster import Cluster
from programs import until
from server import run_tests

SNS = [f"COPY{number:04}" for number in range(8)]
REPORTS = 25  # of each device


class CopiesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(nodes=1, nats=3)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.await_rest()
        node = cls.cluster.nodes[0]
        cls.account = node.add_account("alice")
        cls.keys = {sn: node.add_device(sn, "alice") for sn in SNS}
        cls.cluster.await_known()  # without the database no slot hears of them

    def report(self):
        for sn in SNS:
            device = self.cluster.await_client(0, sn, self.keys[sn], door="mqtt", client_id=sn)
            for number in range(1, REPORTS + 1):
                device.publish(f"/device/{sn}/quota", {"id": number, "version": "1.0", "params": {"n": number}}, qos=1)
            device.close()

    def lose_nats(self):
        for each in self.cluster.nats.all:
            each.kill()
        for each in self.cluster.nats.all:
            shutil.rmtree(each.store)
            each.store.mkdir()
            each.start()

    def history(self, sn, since_ms):
        api = self.cluster.nodes[0].api(self.account["accessKey"], self.account["secretKey"])
        answer = api.call("GET", f"/api/v1/devices/{sn}/history",
                          {"fields": "n", "from": str(since_ms), "to": "now"})
        return [value for _, value in answer["data"]["series"][0]["points"]] if answer["code"] == "0" else answer

    def test_nothing_that_was_acknowledged_is_lost_with_the_store_of_nats(self):
        since_ms = int(time.time() * 1000) - 1000
        self.cluster.database.stop(signal.SIGKILL)
        self.report()
        self.cluster.kill(0)
        self.lose_nats()
        self.cluster.database.start()
        self.cluster.start(0)
        self.cluster.await_rest()
        for sn in SNS:
            until(f"all reports of {sn}", lambda sn=sn: self.history(sn, since_ms) == list(range(1, REPORTS + 1)))
        damage = self.cluster.nodes[0].cli("damage")
        self.assertEqual(damage.returncode, 0, damage.stderr)
        self.assertNotIn("lost", damage.stdout)


if __name__ == "__main__":
    run_tests()
