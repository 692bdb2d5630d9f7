"""What became of commands: ids, states and faults, over Gridloom's own interface and real sockets."""
import http.client
import json
import signal

from mqtt_talk import DeviceClient, await_reported
from server import DELTA_2, PATIENCE_S, Deadline, Server, ServerTest, cli, run_tests, told

OWN = "R331ZEB4ZEAL0777"  # of the demo's family, and not of the demo
NEVER = "R331ZEB4ZEAL0778"  # never connects


def quiet(enabled):
    """A command that mppt.beepState and pd.beepMode show."""
    return {"moduleType": 5, "operateType": "quietMode", "params": {"enabled": enabled}}


class Commands:
    """The commands of one device, by a token."""

    def __init__(self, server, token, sn):
        self.server, self.token, self.path = server, token, f"/api/v1/devices/{sn}/commands"

    def ask(self, method, path, body=None, **headers):
        """Status, headers and body of an answer."""
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        try:
            line.request(method, path, body=json.dumps(body) if body else None, headers={
                "Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers,
            })  # fmt: skip
            answer = line.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            line.close()

    def send(self, body, key=None):
        """Status and body of the answer; its Location is that of the command, unless the id is another's."""
        status, headers, answer = self.ask("POST", self.path, body, **({"Idempotency-Key": key} if key else {}))
        if key and status != 409:
            assert headers["Location"] == f"{self.path}/{key}", headers["Location"]
        return status, answer

    def decided(self, key):
        """The command's status once it is final."""
        status, _, answer = self.ask("GET", f"{self.path}/{key}?wait=30s")
        assert status == 200 and answer["final"], answer
        return answer

    def status(self, key):
        return self.ask("GET", f"{self.path}/{key}")[::2]

    def list(self):
        return self.ask("GET", self.path)[2]


def make_token(server, account):
    return told(server.cli("token", "add", "script", "--account", account, "--scope", "control"))["token"]


class VirtualDeviceTest(ServerTest):
    def setUp(self):
        await_reported(self.server, self.api, {DELTA_2: 160})
        self.commands = Commands(self.server, make_token(self.server, "demo"), DELTA_2)

    def fault(self, state, name):
        result = cli("fault", state, name, "--device", DELTA_2, data=self.server.data)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_command_is_applied_once_its_field_shows_it(self):
        for enabled in (1, 0):
            status, sent = self.commands.send(quiet(enabled), f"applied-{enabled}")
            self.assertEqual(status, 200)
            self.assertIn(sent["state"], ("answered", "applied"))
            self.assertEqual(sent["reply"]["data"], {"ack": 0})
            done = self.commands.decided(f"applied-{enabled}")
            self.assertEqual(done["state"], "applied")
            self.assertEqual(done["fields"], [
                {"field": name, "asked": enabled, "is": enabled} for name in ("mppt.beepState", "pd.beepMode")
            ])  # fmt: skip
            self.assertLessEqual(done["sentAt"], done["decidedAt"])

    def test_an_id_that_comes_twice_is_sent_once(self):
        self.commands.send(quiet(1), "first")
        self.assertEqual(self.commands.decided("first")["state"], "applied")
        self.commands.send(quiet(0), "second")
        self.assertEqual(self.commands.decided("second")["state"], "applied")
        status, again = self.commands.send(quiet(1), "first")
        self.assertEqual((status, again["state"]), (200, "applied"), "as it ended")
        self.commands.send(quiet(0), "third")
        self.assertEqual(self.commands.decided("third")["state"], "applied")
        self.assertEqual(self.api.quota_all(DELTA_2)["mppt.beepState"], 0)
        status, refused = self.commands.send(quiet(0), "first")
        self.assertEqual((status, refused["code"]), (409, "conflict"))
        ids = [each["id"] for each in self.commands.list()["commands"]]
        self.assertEqual([each for each in ids if each in ("first", "second", "third")], ["third", "second", "first"])

    def test_without_replies_a_command_is_done_by_what_the_device_reports(self):
        self.fault("on", "no_reply")
        self.addCleanup(self.fault, "off", "no_reply")
        deadline = Deadline("a device that does not reply")
        enabled = 0
        while True:  # the fault begins with the device's next step
            enabled = 1 - enabled
            status, sent = self.commands.send(quiet(enabled))
            self.assertEqual(status, 200, sent)
            if "reply" not in sent:
                break
            deadline.left_s()
        self.assertEqual((sent["state"], sent["final"]), ("applied", True))
        status, failed = self.commands.send(quiet(enabled), "nothing-new")
        self.assertEqual((status, failed["code"]), (504, "no_answer"))
        self.assertEqual(self.commands.status("nothing-new")[1]["state"], "unanswered")

    def test_a_wrong_parameter_is_named(self):
        status, refused = self.commands.send(quiet(7), "wrong")
        self.assertEqual((status, refused["code"]), (400, "bad_params"))
        state = self.commands.decided("wrong")
        self.assertEqual((state["state"], state["param"]), ("refused", "enabled"))
        self.assertEqual(state["message"], refused["message"])


class OwnDeviceTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--set-timeout-ms", 500, demo=False)
        cls.addClassCleanup(cls.server.stop)
        cls.server.add_account("ann")
        cls.key = cls.server.add_device(OWN, "ann")
        cls.server.add_device(NEVER, "ann")
        cls.token = make_token(cls.server, "ann")

    def test_a_device_that_was_never_there_is_offline(self):
        commands = Commands(self.server, self.token, NEVER)
        status, failed = commands.send(quiet(1), "one")
        self.assertEqual((status, failed["code"]), (504, "offline"))
        self.assertEqual(commands.decided("one")["state"], "offline")

    def test_a_device_that_does_not_answer_may_still_do_it(self):
        device = DeviceClient(self.server, OWN, self.key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        device.subscribe(device.topic("set"))
        commands = Commands(self.server, self.token, OWN)
        status, failed = commands.send(quiet(1), "late")
        self.assertEqual((status, failed["code"]), (504, "no_answer"))
        self.assertEqual(commands.status("late")[1]["state"], "unanswered")
        device.report({"beepState": 1}, moduleType=5, typeCode="mpptStatus")
        device.report({"beepMode": 1}, moduleType=1, typeCode="pdStatus")
        self.assertEqual(commands.decided("late")["state"], "applied")

    def test_a_kill_forgets_no_command_that_was_sent(self):
        device = DeviceClient(self.server, OWN, self.key)
        self.assertEqual(device.connect(), 0)
        device.subscribe(device.topic("set"))
        commands = Commands(self.server, self.token, OWN)
        self.assertEqual(commands.send(quiet(1), "killed")[0], 504)
        device.message(device.topic("set"))
        device.close()
        self.server.restart(signal.SIGKILL)
        device = DeviceClient(self.server, OWN, self.key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        device.subscribe(device.topic("set"))
        commands = Commands(self.server, self.token, OWN)
        self.assertEqual(commands.send(quiet(1), "killed")[0], 504)
        self.assertEqual(commands.send(quiet(0), "killed")[0], 409)
        self.assertEqual(commands.send(quiet(0), "next")[0], 504)
        first = device.message(device.topic("set"))
        self.assertEqual(first.payload["params"], {"enabled": 0}, "the other was not sent again")

    def test_a_restart_forgets_what_was_not_sent(self):
        commands = Commands(self.server, self.token, NEVER)
        commands.send(quiet(1), "before")
        epoch = commands.list()["epoch"]
        self.server.restart(signal.SIGTERM)
        commands = Commands(self.server, self.token, NEVER)
        status, unknown = commands.status("before")
        self.assertEqual((status, unknown["code"]), (404, "not_found"))
        self.assertNotEqual(commands.list()["epoch"], epoch)
        self.assertEqual(commands.list()["commands"], [])


if __name__ == "__main__":
    run_tests()
