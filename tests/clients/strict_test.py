"""`serve --strict`: what the vendor's cloud refuses is refused, over real sockets; and what it
grants still works. Each test of a refusal has its counterpart on a server without --strict.
"""
import json
import time
import urllib.request

from mqtt_talk import V5, V311, AppClient
from server import DELTA_2, LIST, ServerTest, run_tests, signed_headers

OFFLINE = "R331OFFLINE00000"
QUIET = {"moduleType": 5, "operateType": "quietMode", "params": {"enabled": 1}}


class Both(ServerTest):
    """What is asked of either server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_device(OFFLINE, "demo")

    def list_with(self, headers):
        request = urllib.request.Request(self.server.facts["http"] + LIST, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def headers(self, timestamp=None, nonce=None):
        return signed_headers(
            self.api.access_key, self.api.secret_key, timestamp=timestamp, nonce=nonce
        )

    def codes_of_times(self):
        now_ms = time.time_ns() // 1_000_000
        stamps = {
            "now": now_ms,
            "4 minutes ago": now_ms - 240_000,
            "in 4 minutes": now_ms + 240_000,
            "6 minutes ago": now_ms - 360_000,
            "in 6 minutes": now_ms + 360_000,
            "in seconds": now_ms // 1000,
            "in nanoseconds": now_ms * 1_000_000,
        }
        return {
            name: self.list_with(self.headers(timestamp=stamp))["code"]
            for name, stamp in stamps.items()
        }


class StrictTest(Both):
    flags = ("--strict", "--set-timeout-ms", "500")

    def test_a_request_is_of_now(self):
        codes = self.codes_of_times()
        good = [name for name, code in codes.items() if code == "0"]
        self.assertEqual(good, ["now", "4 minutes ago", "in 4 minutes"])
        self.assertEqual({code for code in codes.values() if code != "0"}, {"8521"})

    def test_a_request_is_answered_once_whatever_the_connection(self):
        headers = self.headers()
        self.assertEqual(self.list_with(headers)["code"], "0")
        for _ in range(4):  # the loops take connections in turn
            answer = self.list_with(headers)
            self.assertEqual(answer["code"], "8521")
            self.assertIn("used before", answer["message"])
        again = self.headers(timestamp=headers["timestamp"], nonce="another")
        self.assertEqual(self.list_with(again)["code"], "0")

    def test_wildcards_are_denied_and_exact_topics_are_not(self):
        for version, refused in ((V311, 128), (V5, 135)):
            with AppClient(
                self.server, self.api, version=version, client_id="wildcards"
            ) as app:
                mine = f"/open/{app.account}"
                self.assertEqual(
                    app.subscribe(f"{mine}/#", f"{mine}/+/quota", app.topic(DELTA_2, "quota")),
                    [refused, refused, 1],
                )
                app.message(app.topic(DELTA_2, "quota"))

    def test_an_offline_device_is_1008_over_http_and_silence_over_mqtt(self):
        answer = self.api.set(OFFLINE, **QUIET)
        self.assertEqual(answer["code"], "1008", answer)
        with AppClient(self.server, self.api, client_id="offline") as app:
            for sn in (OFFLINE, DELTA_2):
                app.subscribe(app.topic(sn, "set_reply"), app.topic(sn, "get_reply"))
            app.publish(app.topic(OFFLINE, "set"), {"id": 1, "version": "1.0", **QUIET})
            app.publish(app.topic(OFFLINE, "get"), {"id": 2, "operateType": "latestQuotas"})
            # Behind them another one's reply: theirs would have come before it.
            app.publish(app.topic(DELTA_2, "set"), {"id": 3, "version": "1.0", **QUIET})
            app.reply(app.topic(DELTA_2, "set_reply"), 3)
            self.assertEqual(app.seen(app.topic(OFFLINE, "set_reply")), 0)
            self.assertEqual(app.seen(app.topic(OFFLINE, "get_reply")), 0)

    def test_ten_client_ids_a_day(self):
        facts = self.server.add_account("busy")
        codes = {}
        for version, refused in ((V311, 5), (V5, 135)):
            for i in range(12):
                app = AppClient(
                    self.server, facts["api"], version=version, client_id=f"v{i}"
                )
                codes.setdefault(refused, []).append(app.connect())
                app.close()
        self.assertEqual(codes, {5: [0] * 10 + [5] * 2, 135: [0] * 10 + [135] * 2})
        self.assertEqual(facts["api"].call("GET", LIST)["code"], "0", "HTTP goes on working")


class PatientTest(Both):
    flags = ("--set-timeout-ms", "500")

    def test_any_time_and_any_number_of_times(self):
        self.assertEqual(set(self.codes_of_times().values()), {"0"})
        headers = self.headers()
        self.assertEqual([self.list_with(headers)["code"] for _ in range(3)], ["0"] * 3)

    def test_an_offline_device_is_told(self):
        self.assertEqual(self.api.set(OFFLINE, **QUIET)["code"], "6012")
        with AppClient(self.server, self.api) as app:
            replies = [app.topic(OFFLINE, verb) for verb in ("set_reply", "get_reply")]
            app.subscribe(*replies)
            app.publish(app.topic(OFFLINE, "set"), {"id": 1, "version": "1.0", **QUIET})
            app.publish(app.topic(OFFLINE, "get"), {"id": 2, "operateType": "latestQuotas"})
            self.assertEqual(app.reply(replies[0], 1)["code"], "-2")
            self.assertEqual(app.reply(replies[1], 2)["code"], "-2")

    def test_more_than_ten_client_ids(self):
        for i in range(12):
            app = AppClient(self.server, self.api, client_id=f"v{i}")
            self.assertEqual(app.connect(), 0)
            app.close()


if __name__ == "__main__":
    run_tests()
