"""The audit of a real server: who signed in, what was set and what became of it, what was changed,
and that no secret is anywhere in it, on the disk or in an answer.
"""
import json
import signal
import unittest

from mqtt_talk import V5, AppClient, DeviceClient, Mqtt
from server import Server, cli, run_tests, told

SN = "R331TEST0000001"
SET = {"moduleType": 1, "operateType": "standbyTime", "params": {"standbyMin": 60}}
SECRETS = {"accessKey": "annas-own-access-key", "secretKey": "annas-own-secret-key"}


def entries(result):
    """What `gridloom audit --json` printed, without what differs from run to run."""
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    for entry in found:
        assert entry.pop("at") > 0
        entry.pop("from", None)
    return found


def in_files(folder, secret):
    """The files of a folder that have a text in them."""
    needle = secret.encode()
    return [
        str(file) for file in folder.rglob("*") if file.is_file() and needle in file.read_bytes()
    ]


class AuditTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(demo=False)
        self.addCleanup(self.stop)
        file = self.server.data.parent / "secret.txt"
        file.write_text(SECRETS["secretKey"] + "\n")
        told(
            self.server.cli(
                "account", "add", "anna", "--access-key", SECRETS["accessKey"],
                "--secret-key-file", str(file),
            )
        )  # fmt: skip
        self.anna = self.server.api(SECRETS["accessKey"], SECRETS["secretKey"])
        self.key = self.server.add_device(SN, "anna")

    def stop(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def audit(self, *flags):
        return entries(self.server.cli("audit", "--json", *flags))

    def test_sign_ins_accepted_and_refused(self):
        wrong = Mqtt(self.server, SN, "wrong-password-1", client_id="thief")
        self.assertNotEqual(wrong.connect(), 0)
        wrong.close()
        nobody = Mqtt(self.server, "nobody", "wrong-password-2", client_id="thief", version=V5)
        self.assertNotEqual(nobody.connect(), 0)
        nobody.close()
        with DeviceClient(self.server, SN, self.key, client_id="the-device"):
            pass
        with AppClient(self.server, self.anna, client_id="the-app"):
            pass
        # What was acknowledged behind them on the same disk is there, and so are they.
        self.server.add_device("R331TEST0000002", "anna")
        refused = {"outcome": "refused", "why": "the user name or the password is wrong"}
        sign_in = {"what": "sign-in", "through": "mqtt"}
        self.assertEqual(
            self.audit("--what", "sign-in"),
            [
                {**sign_in, "who": SN, "client": "thief", **refused},
                {**sign_in, "who": "nobody", "client": "thief", **refused},
                {**sign_in, "who": SN, "client": "the-device", "outcome": "accepted"},
                {**sign_in, "who": "anna", "client": "the-app", "outcome": "accepted"},
            ],
        )
        first = self.server.cli("audit", "--what", "sign-in", "--json", "--limit", "1")
        self.assertEqual(json.loads(first.stdout)["from"], "127.0.0.1")

    def test_a_storm_of_bad_sign_ins_is_counted_not_kept(self):
        for number in range(60):
            thief = Mqtt(self.server, "nobody", "wrong", client_id=f"thief-{number}", door="mqtt")
            self.assertNotEqual(thief.connect(), 0)
            thief.close()
        kept = self.audit("--what", "sign-in", "--limit", "1000")
        said = sum(1 + entry.get("leftOut", 0) for entry in kept)
        self.assertLessEqual(said, 60)
        self.assertGreaterEqual(len(kept), 10)

    def test_sets_their_replies_and_refusals(self):
        device = DeviceClient(self.server, SN, self.key, client_id="the-device")
        ben = self.server.add_account("ben")["api"]
        with device:
            device.subscribe(device.topic("set"))
            # Two at once: the answer is only given when the device has replied.
            with AppClient(self.server, self.anna, client_id="the-app") as app:
                app.subscribe(app.topic(SN, "set_reply"))
                app.publish(app.topic(SN, "set"), {"id": 77, "version": "1.0", **SET})
                asked = device.message(device.topic("set")).payload
                self.assertEqual(asked["id"], 77)
                device.publish(
                    device.topic("set_reply"), {"id": 77, "code": "0", "data": {"ack": 0}}
                )
                app.reply(app.topic(SN, "set_reply"), 77)
        self.assertEqual(self.anna.set(SN, **SET)["code"], "6012")
        self.assertNotEqual(ben.set(SN, **SET)["code"], "0")
        self.server.add_device("R331TEST0000002", "anna")
        by = {"through": "mqtt", "sn": SN}
        self.assertEqual(
            self.audit("--what", "set,set_reply,set_refused"),
            [
                {"what": "set", "who": "anna", **by, "message": {**asked}},
                {
                    "what": "set_reply", "who": "anna", **by,
                    "id": "77", "outcome": "answered", "code": "0",
                },
                {
                    "what": "set_refused", "who": "anna", "through": "http", "sn": SN,
                    "why": f"{SN} is not connected",
                },
                {
                    "what": "set_refused", "who": "ben", "through": "http", "sn": SN,
                    "why": f"{SN} is not a device that this account may set",
                },
            ],
        )  # fmt: skip
        self.assertEqual(len(self.audit("--who", "ben", "--what", "set_refused")), 1)

    def test_filters_times_and_lines(self):
        self.assertEqual(
            [entry["what"] for entry in self.audit()], ["start", "account.add", "device.add"]
        )
        self.assertEqual([entry["what"] for entry in self.audit("--limit", "1")], ["device.add"])
        self.assertEqual(self.audit("--sn", SN)[0]["owner"], "anna")
        self.assertEqual(len(self.audit("--since", "-1h")), 3)
        self.assertEqual(self.audit("--until", "-1h"), [])
        self.assertEqual(self.audit("--since", "-1d", "--until", "-23h"), [])
        self.assertEqual(self.audit("--from", "-1d", "--to", "-23h"), [])
        self.assertEqual(self.audit("--device", SN)[0]["owner"], "anna")
        text = self.server.cli("audit", "--sn", SN).stdout
        self.assertRegex(
            text,
            rf"^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d device.add who=admin through=command sn={SN} "
            r'owner=anna name="DELTA 2" family=delta_2\n$',
        )
        wrong = self.server.cli("audit", "--since", "yesterday")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn('--from is "yesterday"', wrong.stderr)

    def test_it_outlasts_stops_and_kills_and_is_read_from_a_stopped_folder(self):
        self.server.restart(signal.SIGKILL)
        self.server.restart()
        whats = ["start", "account.add", "device.add", "start", "stop", "start"]
        self.assertEqual([entry["what"] for entry in self.audit()], whats)
        self.server.stop()
        self.assertEqual([entry["what"] for entry in self.audit()], [*whats, "stop"])
        told(cli("device", "rename", SN, "Garage", data=self.server.data))
        self.assertEqual([e["what"] for e in self.audit()], [*whats, "stop", "device.rename"])
        self.server.start_again()
        told(self.server.cli("device", "rename", SN, "Attic"))
        self.assertEqual(
            [entry["what"] for entry in self.audit()],
            [*whats, "stop", "device.rename", "start", "device.rename"],
        )

    def test_no_secret_is_anywhere(self):
        certificate = self.anna.certification()
        with DeviceClient(self.server, SN, self.key):
            pass
        wrong = Mqtt(self.server, SN, "wrong-password-3")
        wrong.connect()
        wrong.close()
        with AppClient(self.server, self.anna):
            pass
        further = told(self.server.cli("account", "keys", "anna"))
        self.server.cli("account", "rotate", "anna")
        secrets = [
            SECRETS["secretKey"],
            self.key,
            certificate["certificatePassword"],
            further["secretKey"],
            self.anna.certification()["certificatePassword"],
            "wrong-password-3",
        ]
        self.server.process.send_signal(signal.SIGKILL)  # the log still has everything
        self.server.process.wait()
        text = cli("audit", "--json", "--limit", "1000", data=self.server.data).stdout
        self.assertIn("account.keys", text)
        self.assertTrue(in_files(self.server.data, "account.keys"), "the search finds what is there")
        for secret in secrets:
            self.assertGreater(len(secret), 10)
            self.assertNotIn(secret, text)
            self.assertEqual(in_files(self.server.data, secret), [])
            self.assertNotIn(secret, self.server.log.read_text())


if __name__ == "__main__":
    run_tests()
