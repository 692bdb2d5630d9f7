"""Commands with an id and modes of batteries in a cluster: whichever nodes are asked, each is carried out once."""
import http.client
import json
import threading
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
from cluster import Cluster
from server import PATIENCE_S, run_tests, told

SN = "R331CLUSTER00000"
PATIENCE_OF_LEASE_S = 150  # it lasts 60 s, and again as long with the next owner
HOLD = {"mode": 2, "device": SN}
CHARGE = {"moduleType": 5, "operateType": "acChgCfg", "params": {"chgWatts": 600, "chgPauseFlag": 255}}
OTHER = {"moduleType": 5, "operateType": "acChgCfg", "params": {"chgWatts": 700, "chgPauseFlag": 255}}
PATH = f"/api/v1/devices/{SN}/commands"


class CommandsTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(nodes=3, flags=("--set-timeout-ms", 2000))
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.cluster.await_rest()
        self.first = self.cluster.nodes[0]
        self.first.add_account("alice")
        self.key = self.first.add_device(SN, "alice")
        made = self.first.cli("token", "add", "script", "--account", "alice", "--scope", "control")
        self.token = told(made)["token"]
        self.cluster.await_known()

    def connect(self, number):
        device = self.cluster.await_client(number, SN, self.key, door="mqtt", client_id=SN)
        device.subscribe(f"/device/{SN}/set")
        return device

    def ask(self, number, method, path, body=None, **headers):
        """Status and body."""
        line = http.client.HTTPConnection(*self.cluster.nodes[number].place("http"), timeout=PATIENCE_S)
        try:
            line.request(method, path, body=json.dumps(body) if body else None, headers={
                "Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers,
            })  # fmt: skip
            answer = line.getresponse()
            self.ask_again = answer.getheader("Retry-After")
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def send(self, number, key, body=CHARGE):
        return self.ask(number, "POST", PATH, body, **{"Idempotency-Key": key})

    def sets_in_the_audit(self):
        """All that was ever sent to the device: how many sets each id has."""
        number = next(each for each in range(3) if self.cluster.is_there(each))
        listed = self.cluster.nodes[number].cli("audit", "--what", "set", "--last", 1000, "--json").stdout
        entries = [json.loads(line) for line in listed.splitlines()]
        return [each.get("command") for each in entries if each["sn"] == SN]

    def test_one_id_is_one_command_at_all_nodes_and_after_the_owner_has_died(self):
        device = self.connect(1)
        answers = [self.send(number, "one") for number in (0, 1, 2)]
        self.assertEqual([status for status, _ in answers], [504, 504, 504], "the device does not answer")
        self.assertEqual({answer["code"] for _, answer in answers}, {"no_answer"})
        self.assertEqual(self.ask_again, "5")
        self.assertEqual(self.sets_in_the_audit().count("one"), 1)
        for number in range(3):
            status, known = self.ask(number, "GET", f"{PATH}/one")
            self.assertEqual((status, known["state"]), (200, "unanswered"))
            self.assertEqual(self.send(number, "one", OTHER)[0], 409)
        for number in (0, 1):
            self.cluster.kill(number)
        device.close()
        self.cluster.await_rest()
        device = self.connect(2)
        self.assertEqual(self.send(2, "one")[0], 504)
        self.assertEqual(self.ask(2, "GET", f"{PATH}/one")[1]["state"], "unanswered")
        self.assertEqual(self.sets_in_the_audit().count("one"), 1)
        device.close()

    def test_a_mode_has_one_lease_that_ends_although_a_node_has_died(self):
        device = self.connect(2)
        topic = f"/device/{SN}/set"

        def report(**params):
            device.publish(f"/device/{SN}/quota", {"id": 1, "version": "1.0", "params": params})

        def obey():
            message = device.message(topic, patience_s=PATIENCE_OF_LEASE_S).payload
            asked = message["params"]
            report(**{"pd.watchIsConfig": asked["isConfig"], "pd.bpPowerSoc": asked["bpPowerSoc"]})
            device.publish(f"/device/{SN}/set_reply", {"id": message["id"], "data": {"ack": 0}})
            return asked["isConfig"], asked["bpPowerSoc"]

        report(**{"pd.soc": 50, "pd.watchIsConfig": 0, "pd.bpPowerSoc": 20})
        asking = threading.Thread(target=self.ask, args=(0, "POST", "/api/v1/evcc/batterymode", HOLD))
        asking.start()
        self.assertEqual(obey(), (1, 50))
        asking.join()
        for number in range(3):
            status, answer = self.ask(number, "POST", "/api/v1/evcc/batterymode", HOLD)
            self.assertEqual((status, [each["sn"] for each in answer["modes"]]), (200, [SN]))
            self.assertEqual(len(self.ask(number, "GET", "/api/v1/evcc")[1]["modes"]), 1)
        device.close()
        self.cluster.kill(next(n for n in range(3) if 0 in self.cluster.beats.served_of(self.cluster.name(n))))
        self.cluster.await_rest()
        device = self.connect(next(each for each in range(3) if self.cluster.is_there(each)))
        self.assertEqual(obey(), (0, 20), "what was before")
        self.assertEqual(self.sets_in_the_audit().count(None), 0)
        self.assertEqual(len(self.sets_in_the_audit()), 2)
        device.close()


if __name__ == "__main__":
    run_tests()
