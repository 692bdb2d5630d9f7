"""The MQTT door with python3-paho-mqtt over TLS (the certificate from /certification), and by hand
where paho cannot: connections, rights, requests and their replies, in 3.1.1 and 5.
"""
import functools

from mqtt_talk import V5, V311, AppClient, Mqtt, RawMqtt, await_reported
from server import (
    DELTA_2,
    PATIENCE_S,
    POWER_KITS,
    POWER_OCEAN,
    POWER_STREAM,
    SMART_HOME_PANEL,
    ServerTest,
    run_tests,
)

VERSIONS = {"3.1.1": V311, "5": V5}
NOT_MINE = "R331NOTMINE00000"


def in_each_version(test):
    """Runs a test with 3.1.1 and with 5."""

    @functools.wraps(test)
    def both(self):
        for name, version in VERSIONS.items():
            with self.subTest(version=name):
                test(self, version)

    return both


class MqttTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        await_reported(cls.server, cls.api, {DELTA_2: 160, POWER_STREAM: 121})

    def app(self, **settings):
        return AppClient(self.server, self.api, **settings)

    # --- what an app sees ---

    @in_each_version
    def test_status_is_retained_and_reports_are_not(self, version):
        with self.app(version=version) as app:
            self.assertEqual(app.subscribe(app.topic(DELTA_2, "status")), [1])
            status = app.status(DELTA_2, 1)
            self.assertTrue(status.retain)
            self.assertLessEqual({"id", "version", "timestamp", "params"}, set(status.payload))
            self.assertEqual(app.subscribe(app.topic(DELTA_2, "quota")), [1])
            report = app.message(app.topic(DELTA_2, "quota"))
            self.assertFalse(report.retain)
            self.assertEqual(report.qos, 1)

    @in_each_version
    def test_four_topics_in_one_subscribe(self, version):
        with self.app(version=version) as app:
            topics = [
                app.topic(DELTA_2, verb) for verb in ("quota", "status", "set_reply", "get_reply")
            ]
            self.assertEqual(app.subscribe(*topics), [1, 1, 1, 1])
            self.assertEqual(app.subscribe(*topics, qos=0), [0, 0, 0, 0])
            app.message(topics[0], lambda m: m.qos == 0)

    def test_a_demo_device_of_each_family_reports(self):
        with self.app() as app:
            app.subscribe(f"/open/{app.account}/+/quota")
            for sn in (DELTA_2, POWER_STREAM, SMART_HOME_PANEL, POWER_OCEAN, POWER_KITS):
                app.message(app.topic(sn, "quota"))

    @in_each_version
    def test_wildcards_inside_one_s_own_topics_are_granted(self, version):
        for form in ("/open/{}/#", "/open/{}/+/status", "/open/{}/+/+", "/open/{}/+/#"):
            with self.subTest(form=form), self.app(version=version) as app:
                self.assertEqual(app.subscribe(form.format(app.account)), [1])
                self.assertTrue(app.status(DELTA_2, 1).retain)
                self.assertTrue(app.status(POWER_STREAM, 1).retain)

    def test_overlapping_subscriptions_bring_a_message_once(self):
        with self.app() as app:
            topic = app.topic(DELTA_2, "set_reply")
            app.subscribe(topic, app.topic(DELTA_2, "+"), f"/open/{app.account}/#")
            self.quiet_mode(app, 501)
            app.reply(topic, 501)
            # Behind it on the same connection comes the next reply, and no second one of 501.
            self.quiet_mode(app, 502)
            app.reply(topic, 502)
            self.assertEqual(app.seen(topic), 0)

    @in_each_version
    def test_after_unsubscribe_nothing_more_comes(self, version):
        with self.app(version=version) as app:
            reply, other = app.topic(DELTA_2, "set_reply"), app.topic(POWER_STREAM, "set_reply")
            app.subscribe(reply, other)
            self.assertEqual(app.unsubscribe(reply), 0)
            self.quiet_mode(app, 511)
            self.brightness(app, 512, 900)
            app.reply(other, 512)
            with self.app(version=version) as another:
                another.subscribe(reply)
                self.quiet_mode(another, 513)
                another.reply(reply, 513)
            self.brightness(app, 514, 901)
            app.reply(other, 514)
            self.assertEqual(app.seen(reply), 0)

    @in_each_version
    def test_unsubscribe_of_what_was_never_subscribed_is_answered(self, version):
        with self.app(version=version) as app:
            code = app.unsubscribe(app.topic(DELTA_2, "quota"))
            self.assertEqual(code, 17 if version == V5 else 0, "5 says: no subscription existed")
            self.assertEqual(app.subscribe(app.topic(DELTA_2, "status")), [1], "it goes on")

    # --- rights ---

    @in_each_version
    def test_another_s_topics_are_refused(self, version):
        foreign = "open-" + "0" * 32
        with self.app(version=version) as app:
            topics = [
                f"/open/{foreign}/{DELTA_2}/quota",
                f"/open/{foreign}/#",
                "/open/#",
                "/open/+/+/quota",
                "#",
                "+/+",
                f"/device/{DELTA_2}/set",
                "/device/#",
                "$SYS/#",
                "/open",
                f"/open/{app.account}x/#",
            ]
            refused = 135 if version == V5 else 128
            self.assertEqual(app.subscribe(*topics), [refused] * len(topics))
            granted = app.subscribe(topics[0], app.topic(DELTA_2, "status"))
            self.assertEqual(granted, [refused, 1], "one bad topic does not spoil the others")

    def test_another_s_topics_are_not_published_to(self):
        certificate = self.api.certification()
        account = certificate["certificateAccount"]
        raw = RawMqtt(
            self.server, account, certificate["certificatePassword"], "raw", 60, version=5
        )
        self.addCleanup(raw.close)
        for topic in (
            f"/open/open-{'0' * 32}/{DELTA_2}/set",
            f"/device/{DELTA_2}/quota",
            f"/device/{DELTA_2}/set",
            f"/open/{account}/{DELTA_2}/quota",
            f"/open/{account}/{DELTA_2}/set_reply",
            f"/open/{account}/{DELTA_2}/status",
            f"/open/{account}",
            "anything",
        ):
            with self.subTest(topic=topic):
                self.assertEqual(raw.publish(topic, {"id": 1}), 135)
        self.assertEqual(raw.publish(f"/open/{account}/{DELTA_2}/get", {"id": 1}), 0)

    @in_each_version
    def test_a_device_that_is_not_the_account_s_is_answered_minus_one(self, version):
        with self.app(version=version) as app:
            for verb in ("set", "get"):
                self.assertEqual(app.subscribe(app.topic(NOT_MINE, verb + "_reply")), [1])
                app.publish(app.topic(NOT_MINE, verb), {"id": 9, "params": {"quotas": ["a"]}})
                reply = app.reply(app.topic(NOT_MINE, verb + "_reply"), 9)
                self.assertEqual(reply["code"], "-1")

    @in_each_version
    def test_wrong_credentials_are_refused(self, version):
        certificate = self.api.certification()
        account, password = certificate["certificateAccount"], certificate["certificatePassword"]
        for user, secret in (
            (account, password + "x"),
            (account, ""),
            (account, None),
            ("open-" + "0" * 32, password),
            ("", ""),
            (DELTA_2, password),
            ("gateway:demo", password),
            ("gateway:", ""),
        ):
            client = Mqtt(self.server, user, secret, version=version)
            with self.subTest(user=user, secret=secret):
                self.assertIn(client.connect(), (134, 135) if version == V5 else (4, 5))
            client.close()

    # --- requests ---

    def quiet_mode(self, client, request_id, enabled=1):
        client.publish(
            client.topic(DELTA_2, "set"),
            {
                "id": request_id,
                "version": "1.0",
                "moduleType": 5,
                "operateType": "quietMode",
                "params": {"enabled": enabled},
            },
        )

    def brightness(self, client, request_id, value):
        client.publish(
            client.topic(POWER_STREAM, "set"),
            {
                "id": request_id,
                "version": "1.0",
                "cmdCode": "WN511_SET_BRIGHTNESS_PACK",
                "params": {"brightness": value},
            },
        )

    @in_each_version
    def test_a_set_gets_its_reply_and_is_read_back(self, version):
        with self.app(version=version) as app:
            app.subscribe(app.topic(DELTA_2, "set_reply"), app.topic(DELTA_2, "quota"))
            for enabled in (1, 0):
                self.quiet_mode(app, 600 + enabled, enabled)
                reply = app.reply(app.topic(DELTA_2, "set_reply"), 600 + enabled)
                self.assertEqual(
                    (reply["code"], reply["data"], reply["moduleType"], reply["operateType"]),
                    ("0", {"ack": 0}, 5, "quietMode"),
                )
                self.assertEqual(
                    self.api.quotas(DELTA_2, "mppt.beepState"), {"mppt.beepState": enabled}
                )
                app.message(
                    app.topic(DELTA_2, "quota"),
                    lambda m: m.payload["params"].get("beepState") == enabled,
                )

    def test_a_set_at_qos_0_gets_its_reply_too(self):
        with self.app() as app:
            app.subscribe(app.topic(DELTA_2, "set_reply"), qos=0)
            app.publish(
                app.topic(DELTA_2, "set"),
                {
                    "id": 610,
                    "version": "1.0",
                    "moduleType": 5,
                    "operateType": "quietMode",
                    "params": {"enabled": 0},
                },
                qos=0,
            )
            app.reply(app.topic(DELTA_2, "set_reply"), 610)

    def test_ids_come_back_as_numbers_or_as_they_were(self):
        with self.app() as app:
            topic = app.topic(POWER_STREAM, "set_reply")
            app.subscribe(topic)
            for sent in (123456789, "123456789", "a-b-c"):
                with self.subTest(id=sent):
                    self.brightness(app, sent, 500)
                    got = app.reply(topic, sent)["id"]
                    self.assertIn(got, (sent, int(sent)) if str(sent).isdigit() else (sent,))

    def test_two_apps_with_the_same_id_each_get_a_reply(self):
        with self.app() as one, self.app() as two:
            topic = one.topic(POWER_STREAM, "set_reply")
            one.subscribe(topic)
            two.subscribe(topic)
            self.brightness(one, 700, 100)
            self.brightness(two, 700, 200)
            for app in (one, two):
                for _ in range(2):  # both are one account: each sees both replies
                    self.assertEqual(app.reply(topic, 700)["data"], {"ack": 0})

    def test_a_set_out_of_range_is_answered_1008_with_a_reason(self):
        with self.app() as app:
            topic = app.topic(POWER_STREAM, "set_reply")
            app.subscribe(topic)
            self.brightness(app, 710, 1024)
            reply = app.reply(topic, 710)
            self.assertEqual(reply["code"], "1008")
            self.assertIn("brightness", reply["message"])
            self.assertIn("1024", reply["message"])
            self.assertIn("1023", reply["message"])

    def test_a_set_that_is_no_json_is_answered_1008(self):
        with self.app() as app:
            topic = app.topic(POWER_STREAM, "set_reply")
            app.subscribe(topic)
            for payload in ("", "{", "[]", "7", b"\xff\xfe"):
                with self.subTest(payload=payload):
                    app.publish(app.topic(POWER_STREAM, "set"), payload)
                    self.assertEqual(app.message(topic).payload["code"], "1008")

    def test_the_read_only_family_refuses_a_set_with_a_reason(self):
        with self.app() as app:
            app.subscribe(app.topic(POWER_OCEAN, "set_reply"))
            app.publish(app.topic(POWER_OCEAN, "set"), {"id": 720, "params": {"a": 1}})
            reply = app.reply(app.topic(POWER_OCEAN, "set_reply"), 720)
            self.assertEqual(reply["code"], "1008")
            self.assertTrue(reply["message"])

    @in_each_version
    def test_get_answers_the_quotas_that_are_named(self, version):
        with self.app(version=version) as app:
            app.subscribe(app.topic(DELTA_2, "get_reply"))
            app.publish(
                app.topic(DELTA_2, "get"),
                {
                    "id": "730",
                    "version": "1.0",
                    "params": {"quotas": ["pd.soc", "no.such", "mppt.beepState"]},
                },
            )
            reply = app.reply(app.topic(DELTA_2, "get_reply"), 730)
            self.assertEqual(reply["code"], "0")
            self.assertEqual(set(reply["data"]), {"pd.soc", "mppt.beepState"})

    @in_each_version
    def test_latest_quotas_answers_everything(self, version):
        with self.app(version=version) as app:
            for sn, count in ((DELTA_2, 160), (POWER_STREAM, 121)):
                app.subscribe(app.topic(sn, "get_reply"))
                app.publish(
                    app.topic(sn, "get"),
                    {
                        "id": 740,
                        "version": "1.0",
                        "moduleType": 0,
                        "operateType": "latestQuotas",
                        "params": {},
                    },
                )
                data = app.reply(app.topic(sn, "get_reply"), 740)["data"]
                self.assertEqual((data["sn"], data["online"]), (sn, 1))
                self.assertLessEqual({"productType", "model"}, set(data))
                self.assertGreaterEqual(len(data["quotaMap"]), count)

    @in_each_version
    def test_an_app_that_subscribes_to_set_sees_its_own(self, version):
        with self.app(version=version) as app, self.app(version=version) as other:
            topic = app.topic(DELTA_2, "set")
            self.assertEqual(app.subscribe(topic), [1])
            self.assertEqual(other.subscribe(topic), [1])
            self.quiet_mode(app, 750)
            for client in (app, other):
                seen = client.message(topic).payload
                self.assertEqual((seen["id"], seen["operateType"]), (750, "quietMode"))

    # --- connections ---

    @in_each_version
    def test_client_ids_may_be_long_or_the_account_or_empty(self, version):
        account = self.api.certification()["certificateAccount"]
        for client_id in ("x" * 128, account, "", "ANDROID_574719_ü_" + "é" * 60):
            with self.app(version=version, client_id=client_id) as app:
                app.subscribe(app.topic(DELTA_2, "status"))
                app.status(DELTA_2, 1)

    def test_an_account_may_have_several_connections(self):
        apps = [self.app(client_id=f"app-{i}", version=V5 if i % 2 else V311) for i in range(6)]
        for app in apps:
            self.addCleanup(app.close)
            self.assertEqual(app.connect(), 0)
            app.subscribe(app.topic(DELTA_2, "set_reply"))
        self.quiet_mode(apps[0], 760)
        for app in apps:
            app.reply(app.topic(DELTA_2, "set_reply"), 760)
        self.assertEqual([app.ended for app in apps], [None] * len(apps))

    @in_each_version
    def test_a_second_connection_with_the_same_client_id_takes_over(self, version):
        with self.app(client_id="same", version=version) as first:
            first.subscribe(first.topic(DELTA_2, "status"))
            with self.app(client_id="same", version=version) as second:
                code = first.end()
                if version == V5:
                    self.assertEqual(code, 142, "session taken over")
                second.subscribe(second.topic(DELTA_2, "status"))
                second.status(DELTA_2, 1)
                self.assertIsNone(second.ended)

    def test_client_ids_of_different_accounts_do_not_meet(self):
        other = self.server.add_account("neighbour")["api"]
        with self.app(client_id="shared-name") as mine, AppClient(
            self.server, other, client_id="shared-name"
        ) as theirs:
            self.assertEqual(theirs.subscribe(f"/open/{theirs.account}/#"), [1])
            mine.subscribe(mine.topic(DELTA_2, "set_reply"))
            self.quiet_mode(mine, 770)
            mine.reply(mine.topic(DELTA_2, "set_reply"), 770)
            self.assertIsNone(mine.ended)
            self.assertIsNone(theirs.ended)

    # proves v3: MQTT-3.1.2-24
    # proves v5: MQTT-3.1.2-22, MQTT-3.14.4-2
    @in_each_version
    def test_a_silent_app_is_disconnected_after_its_keepalive(self, version):
        certificate = self.api.certification()
        raw = RawMqtt(
            self.server,
            certificate["certificateAccount"],
            certificate["certificatePassword"],
            "silent",
            1,
            version=version,
        )
        self.addCleanup(raw.close)
        said = [(kind, body[:1]) for kind, body in raw.rest()]
        self.assertEqual(
            said,
            [(0xE0, b"\x8d")] if version == V5 else [],
            "5 has a DISCONNECT that says keepalive timeout",
        )

    # proves v5: MQTT-3.14.4-2
    def test_behind_our_disconnect_the_connection_ends(self):
        certificate = self.api.certification()
        for name, breach in (
            ("a second PINGREQ's flags", b"\xc1\x00"),
            ("an empty filter", b"\x82\x06\x00\x01\x00\x00\x00\x00"),
            ("AUTH", b"\xf0\x00"),
        ):
            with self.subTest(breach=name):
                raw = RawMqtt(
                    self.server,
                    certificate["certificateAccount"],
                    certificate["certificatePassword"],
                    "breaching",
                    0,
                    version=V5,
                )
                self.addCleanup(raw.close)
                raw.socket.settimeout(PATIENCE_S)
                raw.socket.sendall(breach)
                said = raw.rest()  # to the end of the connection, which this side keeps open
                self.assertEqual([kind for kind, _ in said], [0xE0])

    @in_each_version
    def test_the_plain_door_speaks_the_same(self, version):
        with self.app(version=version, door="mqtt") as app:
            app.subscribe(app.topic(DELTA_2, "status"))
            self.assertTrue(app.status(DELTA_2, 1).retain)


if __name__ == "__main__":
    run_tests()
