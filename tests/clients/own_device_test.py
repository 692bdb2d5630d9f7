"""Devices of one's own: of a prefix that no family knows, speaking for themselves or through a
gateway. What they report is read back, what is set reaches them, their going is seen.

The tests play the device's side, so each waits for what the platform hands it.
"""
import concurrent.futures
import time

from mqtt_talk import V5, V311, AppClient, DeviceClient, Mqtt, RawMqtt
from server import ServerTest, run_tests

SET_TIMEOUT_MS = 1000
REPORT = {
    "temperature": 21.5,
    "pump.rpm": 1400,
    "name": "Heizstab ü",
    "on": True,
    "nothing": None,
    "phases": [1, 2.5, {"v": 230}],
    "nested": {"a": {"b": 7}},
    "big": 123456789012345678,
}


class OwnDeviceTest(ServerTest):
    flags = ("--set-timeout-ms", SET_TIMEOUT_MS)
    made = 0

    def new_sn(self):
        OwnDeviceTest.made += 1
        return f"ZZ99OWN{OwnDeviceTest.made:09}"

    def new_device(self):
        """(serial number, device key) of a device that is not connected yet."""
        sn = self.new_sn()
        return sn, self.server.add_device(sn, "demo")

    def app(self, *topics, **settings):
        app = AppClient(self.server, self.api, **settings)
        self.addCleanup(app.close)
        self.assertEqual(app.connect(), 0)
        if topics:
            self.assertEqual(
                app.subscribe(*(app.topic(*topic) for topic in topics)), [1] * len(topics)
            )
        return app

    def device(self, sn, key, **settings):
        """Connected and subscribed to its sets."""
        device = DeviceClient(self.server, sn, key, **settings)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        self.assertEqual(device.subscribe(device.topic("set")), [1])
        return device

    def in_background(self, *call, **named):
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(*call, **named)

    # --- a device of an unknown prefix ---

    def test_it_is_listed_offline_and_comes_online(self):
        sn, key = self.new_device()
        row = self.api.devices()[sn]
        self.assertEqual((row["online"], row["deviceName"]), (0, sn))
        self.assertEqual(self.api.quota_all(sn), {})
        app = self.app((sn, "status"))
        self.assertTrue(app.status(sn, 0).retain)
        self.device(sn, key)
        self.assertFalse(app.status(sn, 1).retain)
        self.assertEqual(self.api.devices()[sn]["online"], 1)

    def test_what_it_reports_is_passed_on_as_it_came_and_read_back(self):
        for version in (V311, V5):
            for door in ("mqtt", "mqtts"):
                with self.subTest(version=version, door=door):
                    sn, key = self.new_device()
                    app = self.app((sn, "quota"))
                    device = self.device(sn, key, version=version, door=door)
                    device.report(REPORT, extra="as it came")
                    report = app.message(app.topic(sn, "quota")).payload
                    self.assertEqual(report["params"], REPORT)
                    self.assertEqual(report["extra"], "as it came")
                    read = self.api.quota_all(sn)
                    for name, value in REPORT.items():
                        self.assertEqual(read[name], value, name)
                        self.assertEqual(self.api.quotas(sn, name), {name: value})
                    self.assertEqual(
                        self.api.quotas(sn, "nested.a.b", "no.such"), {"nested.a.b": 7}
                    )

    def test_a_report_may_be_any_json_object(self):
        sn, key = self.new_device()
        app = self.app((sn, "quota"))
        device = self.device(sn, key)
        device.publish(device.topic("quota"), {"watts": 12, "state": {"mode": "eco"}})
        app.message(app.topic(sn, "quota"))
        read = self.api.quota_all(sn)
        self.assertEqual((read["watts"], read["state"]), (12, {"mode": "eco"}))

    def test_a_later_report_changes_only_what_it_names(self):
        sn, key = self.new_device()
        app = self.app((sn, "quota"))
        device = self.device(sn, key)
        device.report({"a": 1, "b": 2})
        device.report({"b": 3})
        app.message(app.topic(sn, "quota"), lambda m: m.payload["params"] == {"b": 3})
        self.assertEqual(self.api.quota_all(sn), {"a": 1, "b": 3})

    def test_a_report_that_is_no_json_changes_nothing_and_ends_nothing(self):
        sn, key = self.new_device()
        app = self.app((sn, "quota"))
        device = self.device(sn, key)
        device.report({"a": 1})
        for payload in (b"", b"{", b"\xff\xfe", b"[1]", b"7"):
            device.publish(device.topic("quota"), payload)
        device.report({"b": 2})
        app.message(app.topic(sn, "quota"), lambda m: b'"b"' in m.raw)
        self.assertEqual(self.api.quota_all(sn), {"a": 1, "b": 2})

    def test_a_set_over_http_reaches_it_unvalidated_and_its_reply_comes_back(self):
        sn, key = self.new_device()
        device = self.device(sn, key)
        answer = self.in_background(
            self.api.set,
            sn,
            operateType="anything",
            moduleType=99,
            params={"level": -5, "list": [1, {"x": None}]},
        )
        asked = device.message(device.topic("set")).payload
        self.assertEqual(asked["params"], {"level": -5, "list": [1, {"x": None}]})
        self.assertEqual((asked["operateType"], asked["moduleType"]), ("anything", 99))
        reply = {"id": asked["id"], "code": "0", "data": {"ack": 0, "own": "words"}}
        device.publish(device.topic("set_reply"), reply)
        answer = answer.result()
        self.assertEqual((answer["code"], answer["data"]), ("0", reply))

    def test_a_set_over_mqtt_reaches_it_and_its_reply_comes_back(self):
        for version in (V311, V5):
            for request_id in (42, "42", "abc"):
                with self.subTest(version=version, id=request_id):
                    sn, key = self.new_device()
                    app = self.app((sn, "set_reply"), version=version)
                    device = self.device(sn, key)
                    app.publish(app.topic(sn, "set"), {"id": request_id, "params": {"x": 1}})
                    asked = device.message(device.topic("set")).payload
                    self.assertEqual(asked["params"], {"x": 1})
                    self.assertEqual(asked["id"], request_id)
                    device.publish(
                        device.topic("set_reply"), {"id": asked["id"], "data": {"ack": 1}}
                    )
                    reply = app.reply(app.topic(sn, "set_reply"), request_id)
                    self.assertEqual(reply["data"], {"ack": 1})

    def test_a_set_right_after_the_suback_reaches_the_device(self):
        app = self.app()
        for number in range(30):
            sn, key = self.new_device()
            with DeviceClient(self.server, sn, key) as device:
                app.subscribe(app.topic(sn, "set_reply"))
                self.assertEqual(device.subscribe(device.topic("set")), [1])
                app.publish(app.topic(sn, "set"), {"id": 1000 + number, "params": {"x": 1}})
                self.assertEqual(
                    device.message(device.topic("set"), patience_s=5).payload["id"], 1000 + number
                )

    def test_a_set_of_any_form_reaches_it(self):
        sn, key = self.new_device()
        app = self.app((sn, "set_reply"))
        device = self.device(sn, key)
        for number, form in enumerate(
            ({}, {"params": []}, {"params": 7}, {"param": {"x": 1}}, {"cmdCode": "GO"}), 50
        ):
            with self.subTest(form=form):
                app.publish(app.topic(sn, "set"), {"id": number, **form})
                asked = device.message(device.topic("set"), patience_s=5).payload
                self.assertEqual(asked, {"id": number, **form})
                device.publish(device.topic("set_reply"), {"id": number})
                app.reply(app.topic(sn, "set_reply"), number)

    def test_replies_find_their_sets_in_any_order(self):
        sn, key = self.new_device()
        device = self.device(sn, key)
        answers = [self.in_background(self.api.set, sn, params={"n": n}) for n in range(5)]
        asked = [device.message(device.topic("set")).payload for _ in answers]
        self.assertEqual(len({request["id"] for request in asked}), len(asked))
        for request in reversed(asked):
            device.publish(
                device.topic("set_reply"), {"id": request["id"], "n": request["params"]["n"]}
            )
        self.assertEqual([answer.result()["data"]["n"] for answer in answers], list(range(5)))

    def test_a_set_that_is_not_answered_in_time_ends_as_offline(self):
        sn, key = self.new_device()
        device = self.device(sn, key)
        app = self.app((sn, "set_reply"))
        began = time.monotonic()
        answer = self.in_background(self.api.set, sn, params={"x": 1})
        app.publish(app.topic(sn, "set"), {"id": 31, "params": {"x": 1}})
        self.assertEqual(answer.result()["code"], "6012")
        self.assertEqual(app.reply(app.topic(sn, "set_reply"), 31)["code"], "-2")
        self.assertGreaterEqual(time.monotonic() - began, SET_TIMEOUT_MS / 1000)
        self.assertIsNone(device.ended)

    def test_the_deadline_of_an_answered_set_does_not_end_a_later_one_with_its_id(self):
        sn, key = self.new_device()
        device = self.device(sn, key)
        app = self.app((sn, "set_reply"))
        timeout_s = SET_TIMEOUT_MS / 1000
        began = time.monotonic()
        # Sets under one id, each answered, until most of the first one's time is over …
        while time.monotonic() - began < 0.6 * timeout_s:
            app.publish(app.topic(sn, "set"), {"id": 32, "params": {"x": 1}})
            device.message(device.topic("set"))
            device.publish(device.topic("set_reply"), {"id": 32, "code": "0"})
            app.message(app.topic(sn, "set_reply"))
        # … and one that is not: it has all of its own time.
        began = time.monotonic()
        app.publish(app.topic(sn, "set"), {"id": 32, "params": {"x": 2}})
        self.assertEqual(app.message(app.topic(sn, "set_reply")).payload["code"], "-2")
        self.assertGreaterEqual(time.monotonic() - began, timeout_s)

    def test_an_offline_device_keeps_its_values_and_takes_no_set(self):
        sn, key = self.new_device()
        app = self.app((sn, "quota"), (sn, "status"), (sn, "set_reply"), (sn, "get_reply"))
        device = self.device(sn, key)
        device.report({"a": 1})
        app.message(app.topic(sn, "quota"))
        device.close()
        app.status(sn, 0)
        self.assertEqual(self.api.quota_all(sn), {"a": 1})
        self.assertEqual(self.api.quotas(sn, "a"), {"a": 1})
        self.assertEqual(self.api.set(sn, params={"x": 1})["code"], "6012")
        for verb in ("set", "get"):
            app.publish(app.topic(sn, verb), {"id": 33, "params": {"quotas": ["a"]}})
            self.assertEqual(app.reply(app.topic(sn, verb + "_reply"), 33)["code"], "-2")

    # --- its connection ---

    def test_a_device_that_falls_silent_goes_offline_after_its_keepalive(self):
        sn, key = self.new_device()
        app = self.app((sn, "status"), (sn, "quota"))
        app.status(sn, 0)
        raw = RawMqtt(self.server, sn, key, "silent", keepalive_s=1)
        self.addCleanup(raw.close)
        began = time.monotonic()
        self.assertEqual(app.status(sn, 1).payload["params"], {"status": 1})
        raw.publish(f"/device/{sn}/quota", {"params": {"a": 1}})
        app.message(app.topic(sn, "quota"))
        status = app.status(sn, 0)
        self.assertFalse(status.retain)
        took = time.monotonic() - began
        self.assertGreaterEqual(took, 1, "one and a half keepalives are its due")
        self.assertLess(took, 6)
        self.assertEqual(self.api.devices()[sn]["online"], 0)

    def test_a_device_whose_connection_breaks_goes_offline_at_once(self):
        sn, key = self.new_device()
        app = self.app((sn, "status"))
        app.status(sn, 0)
        raw = RawMqtt(self.server, sn, key, "broken", keepalive_s=600)
        app.status(sn, 1)
        raw.close()
        app.status(sn, 0)

    def test_a_device_that_connects_again_stays_online(self):
        sn, key = self.new_device()
        app = self.app((sn, "status"), (sn, "quota"))
        app.status(sn, 0)
        first = self.device(sn, key, client_id=sn)
        app.status(sn, 1)
        second = self.device(sn, key, client_id=sn)
        first.end()
        second.report({"a": 1})
        app.message(app.topic(sn, "quota"))
        self.assertEqual(self.api.devices()[sn]["online"], 1)
        self.assertIsNone(second.ended)
        second.close()
        app.message(app.topic(sn, "status"), lambda m: m.payload["params"]["status"] == 0)
        self.assertEqual(self.api.devices()[sn]["online"], 0)

    def test_a_wrong_device_key_is_refused(self):
        sn, key = self.new_device()
        for version, codes in ((V311, (4, 5)), (V5, (134, 135))):
            for user, password in ((sn, key + "x"), (sn, ""), (sn.lower(), key), (sn + "x", key)):
                client = Mqtt(self.server, user, password, version=version)
                with self.subTest(version=version, user=user):
                    self.assertIn(client.connect(), codes)
                client.close()

    def test_a_device_sees_and_speaks_its_own_topics_only(self):
        sn, key = self.new_device()
        other, _ = self.new_device()
        account = self.api.certification()["certificateAccount"]
        device = self.device(sn, key, version=V5)
        refused = [
            f"/device/{other}/set",
            "/device/+/set",
            "/device/#",
            "#",
            f"/open/{account}/{sn}/set",
        ]
        self.assertEqual(device.subscribe(*refused), [135] * len(refused))
        raw = RawMqtt(self.server, sn, key, "raw", 60, version=5)
        self.addCleanup(raw.close)
        for topic in (f"/device/{other}/quota", f"/device/{sn}/set", f"/open/{account}/{sn}/quota"):
            with self.subTest(topic=topic):
                self.assertEqual(raw.publish(topic, {"params": {"a": 1}}), 135)
        self.assertEqual(raw.publish(f"/device/{sn}/quota", {"params": {"a": 1}}), 0)
        self.assertEqual(self.api.quota_all(other), {})

    # --- a gateway ---

    def new_hub(self):
        """An account with two devices: (its Api, its app, their serial numbers, its gateway)."""
        name = f"hub-{self.new_sn()}"
        account = self.server.add_account(name)
        sns = [self.new_sn(), self.new_sn()]
        for sn in sns:
            self.server.add_device(sn, name)
        gateway = Mqtt(self.server, f"gateway:{name}", account["gatewayKey"], version=V5)
        self.addCleanup(gateway.close)
        self.assertEqual(gateway.connect(), 0)
        app = AppClient(self.server, account["api"])
        self.addCleanup(app.close)
        self.assertEqual(app.connect(), 0)
        return account["api"], app, sns, gateway

    def test_a_gateway_speaks_for_its_account_s_devices(self):
        api, app, sns, gateway = self.new_hub()
        app.subscribe(f"/open/{app.account}/#")
        self.assertEqual(gateway.subscribe("/device/+/set"), [1])
        for number, sn in enumerate(sns):
            gateway.publish(f"/device/{sn}/quota", {"params": {"number": number}})
        for number, sn in enumerate(sns):
            app.status(sn, 1)
            app.message(app.topic(sn, "quota"))
            self.assertEqual(api.quota_all(sn), {"number": number})
            self.assertEqual(api.devices()[sn]["online"], 1)
            answer = self.in_background(api.set, sn, params={"to": number})
            asked = gateway.message(f"/device/{sn}/set").payload
            self.assertEqual(asked["params"], {"to": number})
            gateway.publish(f"/device/{sn}/set_reply", {"id": asked["id"], "from": number})
            self.assertEqual(answer.result()["data"]["from"], number)

    def test_a_gateway_s_end_takes_its_devices_offline(self):
        api, app, sns, gateway = self.new_hub()
        for sn in sns:
            gateway.publish(f"/device/{sn}/quota", {"params": {"a": 1}})
            app.subscribe(app.topic(sn, "status"))
            app.status(sn, 1)
        gateway.close()
        for sn in sns:
            app.status(sn, 0)
            self.assertEqual(api.devices()[sn]["online"], 0)

    def test_a_gateway_may_say_that_one_of_its_devices_left(self):
        api, app, sns, gateway = self.new_hub()
        for sn in sns:
            gateway.publish(f"/device/{sn}/quota", {"params": {"a": 1}})
            app.subscribe(app.topic(sn, "status"))
            app.status(sn, 1)
        gateway.publish(f"/device/{sns[0]}/status", {"params": {"status": 0}})
        app.status(sns[0], 0)
        self.assertEqual([api.devices()[sn]["online"] for sn in sns], [0, 1])
        gateway.publish(f"/device/{sns[0]}/quota", {"params": {"a": 2}})
        app.status(sns[0], 1)

    def test_a_gateway_does_not_speak_for_others(self):
        _, app, sns, gateway = self.new_hub()
        foreign, _ = self.new_device()
        gateway.subscribe("/device/#")
        gateway.publish(f"/device/{foreign}/quota", {"params": {"a": 1}})
        gateway.publish(f"/device/{sns[0]}/quota", {"params": {"a": 1}})
        app.subscribe(app.topic(sns[0], "status"))
        app.status(sns[0], 1)  # so the message before it was dealt with, too
        self.assertEqual(self.api.quota_all(foreign), {})
        self.assertEqual(self.api.devices()[foreign]["online"], 0)
        account = app.account
        self.assertEqual(gateway.subscribe(f"/open/{account}/#"), [135])


if __name__ == "__main__":
    run_tests()
