"""The whole of MQTT as an app and a device use it, with one library that others wrote (the command
line says which: paho=..., mqtt_js=..., libmosquitto=...) through each of its doors, in 3.1.1 and 5.

Nothing waits by time: where nothing must come, something that comes later is awaited.
"""
import json

from conversations import Conversations, in_each_way, report, run_conversations
from driver import V5, V311
from server import DELTA_2

LONGEST_S = 600  # keepalive
EVEN_THEN_ODD = [*range(0, 20, 2), *range(1, 20, 2)]
NOT_AUTHORIZED, NO_SUBSCRIPTION, TAKEN_OVER = 135, 17, 142


def numbers(payloads):
    return [json.loads(payload)["params"]["number"] for payload in payloads]


class ConversationTest(Conversations):
    flags = ("--limit", f"mqtt.keepalive-s={LONGEST_S}")

    # --- messages ---

    @in_each_way()
    def test_reports_arrive_at_the_lower_of_two_qos_as_they_were(self, way):
        topic = self.topic(way, "quota")
        with self.app(way) as app, self.device(way) as device:
            for granted in (0, 1, 2):
                self.assertEqual(app.subscribe(topic, qos=granted)["codes"], [granted])
                for sent in (0, 1, 2):
                    text = f'{{"id":{sent}, "params":{{"ünï":  1.50, "granted":{granted}}} }}'
                    device.publish(way.topic("quota"), text, sent)
                    got = app.message(topic)
                    self.assertEqual(
                        (got["payload"], got["qos"], got["retain"]),
                        (text, min(granted, sent), False),
                    )
            quotas = self.api.quota_all(way.sn)
            self.assertEqual((quotas["ünï"], quotas["granted"]), (1.5, 2))

    @in_each_way()
    def test_sets_reach_the_device_and_replies_the_app_at_every_qos(self, way):
        reply_topic = self.topic(way, "set_reply")
        with self.app(way, keepalive=15) as app, self.device(way) as device:
            four = [self.topic(way, v) for v in ("quota", "status", "set_reply", "get_reply")]
            self.assertEqual(app.subscribe(*four, qos=2)["codes"], [2, 2, 2, 2])
            self.assertTrue(self.assert_status(app, way, 1)["retain"])
            device.subscribe(way.topic("set"), qos=2)
            for qos in (0, 1, 2):
                app.publish(self.topic(way, "set"), {"id": 50 + qos, "params": {"x": qos}}, qos)
                asked = device.message(way.topic("set"))
                self.assertEqual(asked["json"]["params"], {"x": qos})
                device.publish(
                    way.topic("set_reply"), {"id": asked["json"]["id"], "data": {"ack": 0}}, qos
                )
                self.assertEqual(app.reply(reply_topic, 50 + qos)["json"]["data"], {"ack": 0})
            device.leave()
            self.assert_status(app, way, 0)
            app.publish(self.topic(way, "set"), {"id": 60, "params": {"x": 1}}, 1)
            self.assertEqual(app.reply(reply_topic, 60)["json"]["code"], "-2")

    @in_each_way()
    def test_a_virtual_device_obeys_and_is_read(self, way):
        with self.app(way) as app:
            app.subscribe(*(self.delta_2(verb) for verb in ("quota", "set_reply", "get_reply")))
            app.message(self.delta_2("quota"))
            for enabled in (1, 0):
                request = {"id": 70 + enabled, "moduleType": 5, "operateType": "quietMode"}
                app.publish(self.delta_2("set"), {**request, "params": {"enabled": enabled}})
                reply = app.reply(self.delta_2("set_reply"), 70 + enabled)["json"]
                self.assertEqual((reply["code"], reply["data"]), ("0", {"ack": 0}))
                app.publish(self.delta_2("get"), {"id": 80, "operateType": "latestQuotas"})
                data = app.reply(self.delta_2("get_reply"), 80)["json"]["data"]
                self.assertEqual((data["sn"], data["online"]), (DELTA_2, 1))
                self.assertEqual(data["quotaMap"]["mppt.beepState"], enabled)

    @in_each_way()
    def test_one_sees_one_s_own_sets(self, way):
        topic = self.topic(way, "set")
        with self.app(way) as app, self.app(way) as other, self.device(way):
            for each in (app, other):
                each.subscribe(topic)
            app.publish(topic, {"id": 1, "params": {"x": 1}})
            for each in (app, other):
                self.assertEqual(each.message(topic)["json"]["id"], 1)

    @in_each_way()
    def test_after_unsubscribe_nothing_comes(self, way):
        topic, status = self.topic(way, "quota"), self.topic(way, "status")
        five = way.version == V5
        with self.app(way) as app, self.device(way) as device:
            app.subscribe(topic, status)
            never = app.unsubscribe(self.topic(way, "set"))
            codes = app.unsubscribe(topic)
            if five and "codes" in codes:
                self.assertEqual((never["codes"], codes["codes"]), ([NO_SUBSCRIPTION], [0]))
            device.publish(way.topic("quota"), report(1))
            device.leave()
            self.assert_status(app, way, 0)
            self.assertEqual(app.seen(topic), 0)

    # --- connections ---

    @in_each_way()
    def test_client_ids_may_be_long_or_the_account(self, way):
        for client_id in ("x" * 100 + "-" + "y" * 100, self.account):
            with self.app(way, id=client_id, keepalive=15) as app:
                app.subscribe(self.delta_2("status"))
                self.assertIn('"status":1', app.message(self.delta_2("status"))["payload"])

    @in_each_way()
    def test_an_empty_client_id_is_replaced(self, way):
        client = self.app(way, id="")
        connack = client.connect()
        self.assertEqual((connack["code"], connack["present"]), (0, False))
        if way.version == V5:
            given = connack["properties"].get("assigned-client-identifier")
            self.assertRegex(given, "^gl-")
        client.subscribe(self.delta_2("status"))
        client.message(self.delta_2("status"))
        client.leave()

    @in_each_way()
    def test_wrong_credentials_are_refused(self, way):
        for settings in ({"password": self.password + "x"}, {"user": "open-" + "0" * 32}):
            connack = self.app(way, **settings).connect()
            self.assertEqual(connack["code"], 134 if way.version == V5 else 4)
            if way.version == V5:
                self.assertIn("password", connack["properties"]["reason-string"])

    @in_each_way()
    def test_the_same_client_id_takes_over(self, way):
        topic = self.topic(way, "quota")
        settings = {"id": f"same-{way}", "clean": False}
        if way.version == V5:
            settings["properties"] = {"session-expiry-interval": 60}
        first, second = self.app(way, **settings), self.app(way, **settings)
        self.assertFalse(first.connect()["present"])
        first.subscribe(topic)
        self.assertTrue(second.connect()["present"])
        closed = first.closed()
        if way.version == V5:
            self.assertEqual(closed["code"], TAKEN_OVER)
        with self.device(way) as device:
            device.publish(way.topic("quota"), report(1))
            self.assertEqual(second.message(topic)["json"], report(1))
        self.assertEqual(first.seen(topic), 0)
        second.leave()
        with self.app(way, id=settings["id"]):
            pass  # clean: the session does not stay behind

    @in_each_way()
    def test_who_is_dropped_by_the_server_comes_back(self, way):
        # Another connection with the same client id is how a server ends a healthy one.
        topic = self.topic(way, "quota")
        with self.app(way, id=f"drop-{way}", reconnect=True) as app:
            app.subscribe(topic)
            self.assertEqual(self.app(way, id=f"drop-{way}").connect()["code"], 0)
            self.assertEqual(app.back()["code"], 0)
            app.subscribe(topic)
            with self.device(way) as device:
                device.publish(way.topic("quota"), report(1))
            app.message(topic)

    # --- sessions ---

    def persistent(self, way, name, **more):
        if way.version == V5:
            more.setdefault("properties", {})["session-expiry-interval"] = 60
        return self.app(way, id=f"{name}-{way}", clean=False, **more)

    @in_each_way()
    def test_what_came_meanwhile_comes_in_order(self, way):
        topic = self.topic(way, "quota")
        # The last one may come twice: whether it was acknowledged in time is the library's affair.
        is_kept = lambda each: '"number": 20}' not in each["payload"]
        app = self.persistent(way, "resumed")
        self.assertFalse(app.connect()["present"])
        app.subscribe(topic, qos=2)
        with self.device(way) as device:
            for end in ("drop", "leave"):
                getattr(app, end)()
                for number in range(20):
                    device.publish(way.topic("quota"), report(-1), 0)  # is not kept
                    # Its acknowledgement tells that the one before it is done with, too.
                    device.publish(way.topic("quota"), report(number), 1 + number % 2)
                app = self.persistent(way, "resumed")
                self.assertTrue(app.connect()["present"])
                # In order at each QoS: a client hands a message of QoS 2 on at its PUBREL.
                kept = [app.message(topic, is_kept) for _ in range(20)]
                got = numbers(each["payload"] for each in kept)
                self.assertEqual(sorted(got, key=lambda number: number % 2), EVEN_THEN_ODD)
                device.publish(way.topic("quota"), report(20))
                app.message(topic, lambda each: not is_kept(each))
        app.leave()
        with self.app(way, id=f"resumed-{way}"):
            pass

    @in_each_way()
    def test_a_clean_start_forgets(self, way):
        topic, status = self.topic(way, "quota"), self.topic(way, "status")
        app = self.persistent(way, "forgotten")
        app.connect()
        app.subscribe(topic, status)
        app.drop()
        with self.device(way) as device:
            device.publish(way.topic("quota"), report(1))
            again = self.app(way, id=f"forgotten-{way}")
            self.assertFalse(again.connect()["present"])
            device.publish(way.topic("quota"), report(2))
            again.subscribe(status)
            self.assert_status(again, way, 1)
            self.assertEqual(again.seen(topic), 0)
            again.leave()
        once_more = self.persistent(way, "forgotten")
        self.assertFalse(once_more.connect()["present"], "a clean session ends with its connection")
        once_more.leave()
        with self.app(way, id=f"forgotten-{way}"):
            pass

    @in_each_way(unless=("libmosquitto",))
    def test_what_was_not_acknowledged_comes_again_as_a_duplicate(self, way):
        topic = self.topic(way, "quota")
        app = self.persistent(way, "again")
        app.connect()
        app.subscribe(topic)
        app.hold()
        with self.device(way) as device:
            for number in (1, 2, 3):
                device.publish(way.topic("quota"), report(number))
            self.assertFalse(app.message(topic)["dup"])
            app.drop()
        again = self.persistent(way, "again")
        self.assertTrue(again.connect()["present"])
        got = [again.message(topic) for _ in range(3)]
        self.assertEqual([each["json"]["params"]["number"] for each in got], [1, 2, 3])
        self.assertTrue(got[0]["dup"])
        again.leave()
        with self.app(way, id=f"again-{way}"):
            pass

    # --- retained messages ---

    @in_each_way()
    def test_a_retained_report_waits_for_subscribers(self, way):
        topic = self.topic(way, "quota")
        with self.device(way) as device, self.app(way) as app:
            app.subscribe(topic)
            for qos in (0, 1, 2):
                device.publish(way.topic("quota"), report(qos), qos, retain=True)
                self.assertFalse(app.message(topic)["retain"], "it was subscribed before")
                with self.app(way) as late:
                    late.subscribe(topic, qos=2)
                    got = late.message(topic)
                    self.assertEqual((got["json"], got["retain"]), (report(qos), True))
                    self.assertEqual(got["qos"], qos)
            device.publish(way.topic("quota"), "", retain=True)
            self.assertEqual(app.message(topic)["payload"], "")
            with self.app(way) as late:
                late.subscribe(topic, self.topic(way, "status"))
                self.assert_status(late, way, 1)
                self.assertEqual(late.seen(topic), 0)

    @in_each_way(V5)
    def test_retain_handling_and_retain_as_published(self, way):
        topic, status = self.topic(way, "quota"), self.topic(way, "status")
        with self.device(way) as device, self.app(way) as app:
            device.publish(way.topic("quota"), report(1), retain=True)
            for handling, again in ((0, True), (1, False), (2, False)):
                with self.subTest(handling=handling):
                    for sends in (handling != 2, again):
                        app.subscribe(topic, handling=handling)
                        if sends:
                            self.assertTrue(app.message(topic)["retain"])
                    app.subscribe(status)
                    self.assert_status(app, way, 1)
                    self.assertEqual(app.seen(topic), 0)
                    app.unsubscribe(topic)
            for as_published in (True, False):
                app.subscribe(topic, as_published=as_published, handling=2)
                device.publish(way.topic("quota"), report(2), retain=True)
                self.assertEqual(app.message(topic)["retain"], as_published)
            device.publish(way.topic("quota"), "", retain=True)

    # --- wills ---

    def will(self, way, number, qos=1, retain=False, **properties):
        return {
            "topic": way.topic("quota"),
            "payload": json.dumps(report(number)),
            "qos": qos,
            "retain": retain,
            "properties": {key.replace("_", "-"): value for key, value in properties.items()},
        }

    @in_each_way()
    def test_the_will_of_a_lost_device_is_its_last_report(self, way):
        topic = self.topic(way, "quota")
        with self.app(way) as app:
            app.subscribe(topic, qos=2)
            for qos in (0, 1, 2):
                device = self.device(way, will=self.will(way, qos, qos))
                device.connect()
                device.drop()
                got = app.message(topic)
                self.assertEqual((got["json"], got["qos"]), (report(qos), qos))
            self.assertEqual(self.api.quota_all(way.sn)["number"], 2)

    @in_each_way()
    def test_who_says_good_bye_leaves_no_will_and_a_retained_one_stays(self, way):
        topic, status = self.topic(way, "quota"), self.topic(way, "status")
        with self.app(way) as app:
            app.subscribe(topic, status)
            with self.device(way, will=self.will(way, 1)):
                pass
            device = self.device(way, will=self.will(way, 2, retain=True))
            device.connect()
            device.drop()
            self.assertEqual(app.message(topic)["json"], report(2))
            with self.app(way) as late:
                late.subscribe(topic)
                self.assertTrue(late.message(topic)["retain"])
            with self.device(way) as device:
                device.publish(way.topic("quota"), "", retain=True)

    @in_each_way(V5)
    def test_good_bye_with_will(self, way):
        topic = self.topic(way, "quota")
        with self.app(way) as app:
            app.subscribe(topic)
            device = self.device(
                way,
                will=self.will(
                    way,
                    4,
                    content_type="application/json",
                    payload_format_indicator=1,
                    user_property=[["from", "the other side"]],
                ),
            )
            device.connect()
            device.leave(reason=4)
            got = app.message(topic)
            self.assertEqual(got["json"], report(4))
            self.assertEqual(got["properties"]["content-type"], "application/json")
            self.assertEqual(got["properties"]["payload-format-indicator"], 1)
            self.assertEqual(got["properties"]["user-property"], [["from", "the other side"]])

    @in_each_way(V5)
    def test_a_delayed_will_is_dropped_when_the_session_goes_on(self, way):
        topic, status = self.topic(way, "quota"), self.topic(way, "status")
        settings = {
            "id": f"delayed-{way}",
            "clean": False,
            "properties": {"session-expiry-interval": 60},
        }
        with self.app(way) as app:
            app.subscribe(topic)
            device = self.device(way, will=self.will(way, 1, will_delay_interval=30), **settings)
            device.connect()
            device.drop()
            device = self.device(way, **settings)
            self.assertTrue(device.connect()["present"])
            device.publish(way.topic("quota"), report(2))
            self.assertEqual(app.message(topic)["json"], report(2))
            # The next connection may be made to another node, and be there before this one's end.
            app.subscribe(status)
            self.assert_status(app, way, 1)
            device.leave(session_expiry_interval=0)
            self.assert_status(app, way, 0)
            # Its session's end is a reason to publish it at once.
            device = self.device(way, will=self.will(way, 3, will_delay_interval=30), **settings)
            self.assertFalse(device.connect()["present"])
            device.drop()
            with self.device(way, id=settings["id"]):
                self.assertEqual(app.message(topic)["json"], report(3))
            self.assertEqual(app.seen(topic), 0)

    # --- 5 ---

    @in_each_way(V5)
    def test_properties_are_passed_on(self, way):
        sent = {
            "content-type": "application/json",
            "response-topic": f"/open/{self.account}/answers",
            "correlation-data": "c-1",
            "payload-format-indicator": 1,
            "message-expiry-interval": 100,
            "user-property": [["a", "1"], ["a", "2"], ["ü", ""]],
        }
        roads = (
            ("report", self.device, self.app, way.topic("quota"), self.topic(way, "quota")),
            ("own set", self.app, self.app, self.topic(way, "set"), self.topic(way, "set")),
            ("set", self.app, self.device, self.topic(way, "set"), way.topic("set")),
            ("reply", self.device, self.app, way.topic("set_reply"), self.topic(way, "set_reply")),
        )
        with self.device(way):
            for name, sender, receiver, there, here in roads:
                with self.subTest(name), receiver(way) as to, sender(way) as by:
                    to.subscribe(here)
                    by.publish(there, report(1), properties=sent)
                    got = to.message(here)["properties"]
                    self.assertLessEqual(got.pop("message-expiry-interval"), 100)
                    self.assertEqual({**got, "message-expiry-interval": 100}, sent)

    @in_each_way(V5)
    def test_a_request_s_correlation_data_comes_back_with_its_reply(self, way):
        request = {"correlation-data": "which one?", "response-topic": self.topic(way, "set_reply")}
        with self.app(way) as app, self.device(way) as device:
            app.subscribe(self.topic(way, "set_reply"), self.topic(way, "get_reply"))
            device.subscribe(way.topic("set"))
            app.publish(self.topic(way, "set"), {"id": 5, "params": {}}, properties=request)
            asked = device.message(way.topic("set"))
            self.assertEqual(asked["properties"]["correlation-data"], "which one?")
            # As devices of 3.1.1 do it: they know of no properties.
            device.publish(way.topic("set_reply"), {"id": asked["json"]["id"], "data": {}})
            app.publish(
                self.topic(way, "get"), {"id": 6, "operateType": "latestQuotas"}, properties=request
            )
            app.publish(self.topic(way, "set"), "no JSON", properties=request)
            for topic in ("set_reply", "get_reply", "set_reply"):
                got = app.message(self.topic(way, topic))
                self.assertEqual(got["properties"].get("correlation-data"), "which one?", got)

    @in_each_way(V5)
    def test_subscription_identifiers_tell_which_subscriptions_matched(self, way):
        topic = self.topic(way, "quota")
        with self.app(way) as app, self.device(way) as device:
            app.subscribe(topic, subscription_identifier=7)
            numbers = [7]
            # libmosquitto 2.0.11 takes two identifiers in one PUBLISH for a mistake.
            if way.kind != "libmosquitto":
                app.subscribe(self.topic(way, "+"), subscription_identifier=200_000)
                numbers.append(200_000)
            app.subscribe(f"/open/{self.account}/{way.sn}/#")
            device.publish(way.topic("quota"), report(1))
            got = app.message(topic)["properties"]["subscription-identifier"]
            self.assertEqual(sorted(got), numbers)
            device.publish(way.topic("quota"), report(2))
            self.assertEqual(app.message(topic)["json"], report(2), "once, though three match")

    @in_each_way(V5)
    def test_no_local(self, way):
        topic = self.topic(way, "set")
        with self.app(way) as app, self.app(way) as other, self.device(way):
            app.subscribe(topic, no_local=True)
            other.subscribe(topic)
            app.publish(topic, {"id": 1, "params": {}})
            other.message(topic)
            other.publish(topic, {"id": 2, "params": {}})
            self.assertEqual(app.message(topic)["json"]["id"], 2)

    @in_each_way(V5)
    def test_topic_aliases_both_ways(self, way):
        # Not set_reply: where another test left a set without an answer, one comes 8 s later.
        verbs = ("quota", "get_reply")
        topics = [self.topic(way, verb) for verb in verbs]
        # libmosquitto takes none from a server. The others get an alias for one of two topics.
        most = 0 if way.kind == "libmosquitto" else 1
        app = self.app(way, properties={"topic-alias-maximum": most})
        with app, self.device(way) as device:
            app.subscribe(*topics)
            for number in range(3):
                for alias, verb in enumerate(verbs, 1):
                    device.publish(
                        way.topic(verb) if number == 0 else "",
                        report(number),
                        properties={"topic-alias": alias},
                    )
            for topic in topics:
                self.assertEqual(numbers(app.payloads(topic, 3)), [0, 1, 2])

    @in_each_way(V5)
    def test_a_receive_maximum_of_1_brings_everything_in_order(self, way):
        topic = self.topic(way, "quota")
        with self.app(way, properties={"receive-maximum": 1}) as app, self.device(way) as device:
            app.subscribe(topic, qos=2)
            waiting = [
                device.start_publish(way.topic("quota"), report(number), 1 + number % 2)
                for number in range(30)
            ]
            for each in waiting:
                device.published(each)
            self.assertEqual(sorted(numbers(app.payloads(topic, 30))), list(range(30)))

    @in_each_way(V5, unless=("libmosquitto",))
    def test_a_receive_maximum_of_1_waits_for_the_acknowledgement(self, way):
        topic = self.topic(way, "quota")
        # Not set_reply: where another test left a set without an answer, one comes 8 s later.
        other = self.topic(way, "get_reply")
        app = self.app(way, properties={"receive-maximum": 1})
        with app, self.device(way) as device:
            app.subscribe(topic, other)
            app.hold()
            for number in (1, 2):
                device.publish(way.topic("quota"), report(number))
            device.publish(way.topic("get_reply"), report(3), 0)
            # QoS 0 needs no acknowledgement, so it goes ahead of the second report.
            order = [app.take("message")["topic"] for _ in range(2)]
            self.assertEqual(order, [topic, other])
            app.go_on()
            self.assertEqual(app.message(topic)["json"], report(2))

    @in_each_way(V5)
    def test_a_maximum_packet_size_keeps_larger_messages_away(self, way):
        topic = self.topic(way, "quota")
        with self.app(way, properties={"maximum-packet-size": 300}) as app, self.device(
            way
        ) as device:
            app.subscribe(topic)
            device.publish(way.topic("quota"), report(1, long="x" * 300))
            device.publish(way.topic("quota"), report(2))
            self.assertEqual(app.message(topic)["json"], report(2))

    @in_each_way(V5)
    def test_the_server_tells_what_it_can(self, way):
        client = self.app(way, properties={"session-expiry-interval": 0xFFFFFFFF})
        told = client.connect()["properties"]
        self.assertEqual(told["maximum-packet-size"], 256 * 1024)
        self.assertGreaterEqual(told["receive-maximum"], 100)
        self.assertGreaterEqual(told["topic-alias-maximum"], 8)
        self.assertEqual(told["session-expiry-interval"], 7 * 24 * 3600)
        for name in ("retain-available", "shared-subscription-available", "maximum-qos"):
            self.assertNotEqual(told.get(name, 1), 0)
        client.leave(session_expiry_interval=0)

    @in_each_way(V5)
    def test_the_server_s_keepalive_is_told_to_who_asks_for_more(self, way):
        rows = ((15, None), (LONGEST_S, None), (LONGEST_S + 1, LONGEST_S), (0, LONGEST_S))
        for asked, told in rows:
            # paho takes its keepalive for the time that a handshake of TLS or WebSocket may take.
            if asked == 0 and way.kind == "paho" and way.door != "mqtt":
                continue
            with self.subTest(asked=asked):
                client = self.app(way, keepalive=asked)
                connack = client.connect()
                self.assertEqual(connack["properties"].get("server-keep-alive"), told)
                client.leave()

    @in_each_way(V5)
    def test_refusals_have_codes_and_reasons(self, way):
        foreign = "/open/open-" + "0" * 32 + "/x/quota"
        with self.app(way) as app:
            refused = app.subscribe(foreign, self.topic(way, "quota"))
            self.assertEqual(refused["codes"], [NOT_AUTHORIZED, 1])
            self.assertIn("an account subscribes below", refused["properties"]["reason-string"])
            for qos in (1, 2):
                answer = app.publish(foreign, {"id": 1}, qos)
                if way.kind != "paho":
                    self.assertEqual(answer["code"], NOT_AUTHORIZED)
                # libmosquitto tells it for QoS 1, paho for none.
                if way.kind == "mqtt_js" or (way.kind, qos) == ("libmosquitto", 1):
                    self.assertIn("an account publishes", answer["properties"]["reason-string"])

    @in_each_way(V311)
    def test_refusals_in_3_1_1(self, way):
        foreign = "/open/open-" + "0" * 32 + "/x/quota"
        with self.app(way) as app:
            self.assertEqual(
                app.subscribe(foreign, self.topic(way, "quota"))["codes"], [128, 1]
            )
            app.publish(foreign, {"id": 1})  # is acknowledged: 3.1.1 has no other answer


if __name__ == "__main__":
    run_conversations()
