"""Debian's mosquitto_sub and mosquitto_pub as apps: the certificate from /certification, TLS that
verifies the authority, 3.1.1 and 5. (Sessions, wills and the like: mosquitto_sessions_test.py.)
"""
import json
import os
import subprocess

from mosquitto_talk import Subscription
from mqtt_talk import await_reported
from server import DELTA_2, PATIENCE_S, POWER_STREAM, ServerTest, run_tests

VERSIONS = ("mqttv311", "mqttv5")


class MosquittoTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        await_reported(cls.server, cls.api, {DELTA_2: 160, POWER_STREAM: 121})
        cls.certificate = cls.api.certification()

    def arguments(self, version, **changed):
        """The connection's, from /certification alone."""
        certificate = {**self.certificate, **changed}
        return [
            "-h",
            certificate["url"],
            "-p",
            certificate["port"],
            "--cafile",
            self.server.ca,
            "-u",
            certificate["certificateAccount"],
            "-P",
            certificate["certificatePassword"],
            "-V",
            version,
        ]

    def topic(self, sn, verb):
        return f"/open/{self.certificate['certificateAccount']}/{sn}/{verb}"

    def subscribed(self, version, *topics, form="%r %t %p"):
        arguments = self.arguments(version) + ["-q", "1", "-F", form]
        for topic in topics:
            arguments += ["-t", topic]
        return Subscription(arguments)

    def publish(self, version, topic, payload):
        done = subprocess.run(
            [
                "mosquitto_pub",
                *self.arguments(version),
                "-q",
                "1",
                "-t",
                topic,
                "-m",
                json.dumps(payload),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_the_certificate_leads_to_the_door(self):
        self.assertEqual(self.certificate["protocol"], "mqtts")
        self.assertIn(self.certificate["url"], ("localhost", "127.0.0.1"))
        self.assertEqual(self.certificate["port"], str(self.server.place("mqtts")[1]))

    def test_reports_and_the_retained_status_arrive(self):
        for version in VERSIONS:
            with self.subTest(version=version), self.subscribed(
                version, self.topic(DELTA_2, "quota"), self.topic(DELTA_2, "status")
            ) as app:
                retained, status = app.message(self.topic(DELTA_2, "status"))
                self.assertTrue(retained)
                self.assertEqual(status["params"], {"status": 1})
                self.assertIsInstance(status["id"], str)
                retained, report = app.message(self.topic(DELTA_2, "quota"))
                self.assertFalse(retained)
                self.assertLessEqual(
                    {"id", "version", "time", "moduleType", "typeCode", "params"}, set(report)
                )
                self.assertTrue(report["params"])

    # proves v3: MQTT-7.0.0-2, MQTT-7.1.1-1
    # proves v5: MQTT-4.2.0-1
    def test_a_set_gets_its_reply_and_reaches_the_device(self):
        for number, version in enumerate(VERSIONS):
            request = {
                "id": 4100 + number,
                "version": "1.0",
                "moduleType": 5,
                "operateType": "quietMode",
                "params": {"enabled": 1 - number},
            }
            reply_topic = self.topic(DELTA_2, "set_reply")
            with self.subTest(version=version), self.subscribed(version, reply_topic) as app:
                app.await_new_line(lambda line: "received SUBACK" in line, "SUBACK")
                self.publish(version, self.topic(DELTA_2, "set"), request)
                _, reply = app.message(reply_topic, lambda p: p["id"] == request["id"])
                self.assertEqual(reply["code"], "0")
                self.assertEqual(reply["data"], {"ack": 0})
                self.assertEqual(reply["operateType"], "quietMode")
                self.assertEqual(
                    self.api.quotas(DELTA_2, "mppt.beepState"), {"mppt.beepState": 1 - number}
                )

    def test_mosquitto_pub_s_request_form_waits_for_the_reply_by_itself(self):
        # mosquitto_rr: subscribes, publishes, prints the first answer. 5 only.
        request = {"id": 77, "version": "1.0", "operateType": "latestQuotas", "params": {}}
        done = subprocess.run(
            [
                "mosquitto_rr",
                *self.arguments("mqttv5"),
                "-q",
                "1",
                "-t",
                self.topic(POWER_STREAM, "get"),
                "-e",
                self.topic(POWER_STREAM, "get_reply"),
                "-m",
                json.dumps(request),
                "-W",
                str(PATIENCE_S),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S + 5,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        data = json.loads(done.stdout)["data"]
        self.assertEqual((data["sn"], data["online"]), (POWER_STREAM, 1))
        self.assertGreater(len(data["quotaMap"]), 120)

    def test_all_of_one_s_own_topics_may_be_subscribed_by_a_wildcard(self):
        account = self.certificate["certificateAccount"]
        for version in VERSIONS:
            with self.subTest(version=version), self.subscribed(
                version, f"/open/{account}/#"
            ) as app:
                app.message(self.topic(POWER_STREAM, "status"))
                app.message(self.topic(POWER_STREAM, "quota"))

    def test_another_s_topics_are_refused(self):
        foreign = "/open/open-" + "0" * 32 + "/+/quota"
        for version, code in zip(VERSIONS, ("128", "135")):
            done = subprocess.run(
                ["mosquitto_sub", "-d", *self.arguments(version), "-t", foreign],
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
            with self.subTest(version=version):
                self.assertRegex(done.stdout, rf"(?m)^Subscribed \(mid: \d+\): {code}$")
                self.assertIn("All subscription requests were denied", done.stdout + done.stderr)

    def test_a_wrong_password_is_refused(self):
        for version, code in (("mqttv311", 4), ("mqttv5", 134)):
            done = subprocess.run(
                [
                    "mosquitto_pub",
                    *self.arguments(version, certificatePassword="wrong"),
                    "-t",
                    self.topic(DELTA_2, "set"),
                    "-m",
                    "{}",
                ],
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
            with self.subTest(version=version):
                self.assertEqual(done.returncode, code, done.stderr)

    def test_a_client_that_trusts_another_authority_does_not_connect(self):
        arguments = self.arguments("mqttv311")
        arguments[arguments.index("--cafile") + 1] = "/etc/ssl/certs/ca-certificates.crt"
        if not os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
            self.skipTest("this machine has no list of public authorities")
        done = subprocess.run(
            ["mosquitto_pub", *arguments, "-t", "x", "-m", "x"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("TLS error", done.stderr)


if __name__ == "__main__":
    run_tests()
