"""Accounts on a running server: given keys, sharing, rotation, moving and removing, each with its
effect on both doors, and on sessions that are open.
"""
import http.client

from mqtt_talk import V5, V311, AppClient, DeviceClient, Mqtt
from server import LIST, QUOTA, ServerTest, run_tests, signed_headers, told


class AccountTest(ServerTest):
    flags = ("--set-timeout-ms", "1000")
    made = 0

    def unique(self, stem):
        AccountTest.made += 1
        return f"{stem}{AccountTest.made}"

    def new_account(self):
        """(name, Api)"""
        name = self.unique("friend")
        return name, self.server.add_account(name)["api"]

    def new_device(self, owner="demo"):
        """(serial number, key, connected client of the device)"""
        sn = self.unique("ZZ98SHARED000")
        key = self.server.add_device(sn, owner)
        device = DeviceClient(self.server, sn, key, version=V5)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        self.assertEqual(device.subscribe(device.topic("set")), [1])
        return sn, key, device

    def app(self, api, **settings):
        app = AppClient(self.server, api, **settings)
        self.addCleanup(app.close)
        self.assertEqual(app.connect(), 0)
        return app

    def cli(self, *arguments):
        return told(self.server.cli(*arguments))

    def assert_foreign(self, api, sn):
        """`sn` is to `api` as if it did not exist."""
        unknown = "ZZ98NEVERADDED"
        for call in (
            lambda it: api.call("GET", QUOTA + "/all", {"sn": it}),
            lambda it: api.call("POST", QUOTA, body={"sn": it, "params": {"quotas": ["a"]}}),
            lambda it: api.set(it, params={"x": 1}),
        ):
            answer, answer_unknown = call(sn), call(unknown)
            self.assertEqual((answer["code"], answer.get("data")), ("8512", None))
            self.assertEqual(
                answer["message"].replace(sn, ""), answer_unknown["message"].replace(unknown, "")
            )
        self.assertNotIn(sn, api.devices())

    # --- keys ---

    def test_an_account_may_be_added_with_given_keys(self):
        secret = self.server.data.parent / "secret"
        secret.write_text("Given0Secret0Key0of0a0client0000\n")
        for number, (file, stdin) in enumerate(((secret, None), ("-", secret.read_text()))):
            key = f"GivenAccessKey000000000000{number}"
            facts = told(
                self.server.cli(
                    "account",
                    "add",
                    self.unique("given"),
                    "--access-key",
                    key,
                    "--secret-key-file",
                    file,
                    stdin=stdin,
                )
            )
            self.assertEqual(facts["accessKey"], key)
            self.assertNotIn("secretKey", facts, "it was given")
            api = self.server.api(key, "Given0Secret0Key0of0a0client0000")
            self.assertEqual(api.devices(), {})
            wrong = self.server.api(key, "another")
            self.assertEqual(wrong.call("GET", QUOTA)["code"], "8521")

    def test_what_cannot_be_added_is_refused_with_a_reason(self):
        for arguments, reason in (
            (("account", "add", "demo"), "demo"),
            (
                (
                    "account",
                    "add",
                    self.unique("twice"),
                    "--access-key",
                    self.api.access_key,
                    "--secret-key-file",
                    "-",
                ),
                "key",
            ),
            (
                ("account", "add", self.unique("none"), "--secret-key-file", "/no/such/file"),
                "/no/such/file",
            ),
            (("device", "add", "ZZ97", "--owner", "nobody"), "nobody"),
            (("device", "share", "ZZ98NEVERADDED", "demo", "full"), "ZZ98NEVERADDED"),
            (("device", "share", "R331ZEB4ZEAL0528", "demo", "everything"), "everything"),
            (("account", "remove", "demo"), "demo"),
        ):
            done = self.server.cli(*arguments, stdin="Given0Secret0Key0of0a0client0000\n")
            with self.subTest(arguments=arguments):
                self.assertEqual(done.returncode, 2 if "everything" in arguments else 1, done.stdout)
                self.assertIn(reason, done.stderr)

    def test_an_account_may_have_several_key_pairs(self):
        name, api = self.new_account()
        facts = self.cli("account", "keys", name)
        second = self.server.api(facts["accessKey"], facts["secretKey"])
        self.assertEqual(second.certification(), api.certification())
        self.cli("account", "keys", name, "--remove", api.access_key)
        self.assertEqual(api.call("GET", QUOTA)["code"], "8513")
        self.assertEqual(second.devices(), {})

    # --- sharing ---

    def test_an_account_sees_nothing_of_another_s_device(self):
        sn, _, device = self.new_device()
        _, friend = self.new_account()
        self.assert_foreign(friend, sn)
        app = self.app(friend)
        app.subscribe(f"/open/{app.account}/#")
        device.report({"a": 1})
        app.publish(app.topic(sn, "get"), {"id": 1, "params": {"quotas": ["a"]}})
        self.assertEqual(app.reply(app.topic(sn, "get_reply"), 1)["code"], "-1")
        self.assertEqual(app.seen(app.topic(sn, "quota")), 0)
        self.assertEqual(app.seen(app.topic(sn, "status")), 0)

    def test_monitor_may_read_and_not_set(self):
        sn, _, device = self.new_device()
        name, friend = self.new_account()
        self.cli("device", "share", sn, name, "monitor")
        app = self.app(friend)
        app.subscribe(f"/open/{app.account}/#")
        self.assertTrue(app.status(sn, 1).retain)
        device.report({"a": 1})
        self.assertEqual(app.message(app.topic(sn, "quota")).payload["params"], {"a": 1})
        self.assertEqual(friend.quota_all(sn), {"a": 1})
        app.publish(app.topic(sn, "get"), {"id": 2, "params": {"quotas": ["a"]}})
        self.assertEqual(app.reply(app.topic(sn, "get_reply"), 2)["data"], {"a": 1})
        self.assertEqual(friend.set(sn, params={"x": 1})["code"], "8512")
        app.publish(app.topic(sn, "set"), {"id": 3, "params": {"x": 1}})
        self.assertEqual(app.reply(app.topic(sn, "set_reply"), 3)["code"], "-1")
        self.assertEqual(device.seen(device.topic("set")), 0)
        device.close()
        app.status(sn, 0)

    def test_the_list_has_only_own_devices(self):
        # Document 002, "Query the user's bound device list": not those that others share.
        sn, _, _ = self.new_device()
        for rights in ("monitor", "full"):
            name, friend = self.new_account()
            self.cli("device", "share", sn, name, rights)
            with self.subTest(rights=rights):
                self.assertNotIn(sn, friend.devices())

    def test_full_may_set(self):
        sn, _, device = self.new_device()
        name, friend = self.new_account()
        self.cli("device", "share", sn, name, "full")
        app, owner = self.app(friend), self.app(self.api)
        app.subscribe(app.topic(sn, "set_reply"))
        owner.subscribe(owner.topic(sn, "set"))
        app.publish(app.topic(sn, "set"), {"id": 4, "params": {"x": 1}})
        asked = device.message(device.topic("set")).payload
        device.publish(device.topic("set_reply"), {"id": asked["id"], "data": {"ack": 0}})
        self.assertEqual(app.reply(app.topic(sn, "set_reply"), 4)["data"], {"ack": 0})

    def test_the_end_of_a_share_ends_what_comes(self):
        sn, _, device = self.new_device()
        name, friend = self.new_account()
        self.cli("device", "share", sn, name, "full")
        app, owner = self.app(friend), self.app(self.api)
        app.subscribe(f"/open/{app.account}/#")
        owner.subscribe(owner.topic(sn, "quota"))
        device.report({"a": 1})
        app.message(app.topic(sn, "quota"))
        owner.message(owner.topic(sn, "quota"))
        self.cli("device", "share", sn, name, "none")
        self.assert_foreign(friend, sn)
        device.report({"a": 2})
        owner.message(owner.topic(sn, "quota"))
        app.publish(app.topic(sn, "get"), {"id": 5, "params": {"quotas": ["a"]}})
        self.assertEqual(app.reply(app.topic(sn, "get_reply"), 5)["code"], "-1")
        self.assertEqual(app.seen(app.topic(sn, "quota")), 0)

    # --- rotation ---

    def test_rotation_ends_the_account_s_sessions_and_no_others(self):
        name, api = self.new_account()
        sn, _, device = self.new_device(name)
        other = self.app(self.api)
        sessions = [self.app(api, version=V311), self.app(api, version=V5)]
        before = api.certification()
        self.cli("account", "rotate", name)
        sessions[0].end()
        self.assertEqual(sessions[1].end(), 135, "5 is told why")
        after = api.certification()
        self.assertNotEqual(after["certificatePassword"], before["certificatePassword"])
        old = Mqtt(self.server, before["certificateAccount"], before["certificatePassword"])
        self.assertIn(old.connect(), (4, 5))
        old.close()
        fresh = self.app(api)
        fresh.subscribe(fresh.topic(sn, "status"))
        fresh.status(sn, 1)
        self.assertIsNone(device.ended)
        self.assertIsNone(other.ended)

    # --- moving, renaming and removing ---

    def test_a_moved_device_is_its_new_owner_s(self):
        sn, _, device = self.new_device()
        shared_name, shared = self.new_account()
        name, friend = self.new_account()
        self.cli("device", "share", sn, shared_name, "full")
        old, new = self.app(self.api), self.app(friend)
        old.subscribe(old.topic(sn, "quota"))
        new.subscribe(new.topic(sn, "quota"))
        key = self.cli("device", "move", sn, name)["deviceKey"]
        self.assertIn(sn, friend.devices())
        self.assert_foreign(self.api, sn)
        self.assert_foreign(shared, sn)
        device = DeviceClient(self.server, sn, key)  # the old key ends with the move
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        device.report({"a": 3})
        new.message(new.topic(sn, "quota"), lambda m: m.payload["params"] == {"a": 3})
        self.assertEqual(friend.quota_all(sn)["a"], 3)
        self.assertEqual(old.seen(old.topic(sn, "quota")), 0)

    def test_a_renamed_device_is_listed_under_its_name(self):
        sn, _, device = self.new_device()
        self.cli("device", "rename", sn, "Wärmepumpe im Keller")
        self.assertEqual(self.api.devices()[sn]["deviceName"], "Wärmepumpe im Keller")
        self.assertIsNone(device.ended)

    def test_a_removed_device_is_gone_and_so_is_its_session(self):
        sn, key, device = self.new_device()
        device.report({"a": 1})
        self.cli("device", "remove", sn)
        device.end()
        self.assert_foreign(self.api, sn)
        again = Mqtt(self.server, sn, key)
        self.assertIn(again.connect(), (4, 5))
        again.close()

    def test_a_device_that_is_added_again_starts_empty(self):
        sn, key, device = self.new_device()
        device.report({"of the former owner": 1})
        self.assertEqual(self.api.quota_all(sn), {"of the former owner": 1})
        self.cli("device", "remove", sn)
        device.end()
        name, friend = self.new_account()
        fresh = self.server.add_device(sn, name)
        self.assertNotEqual(fresh, key)
        self.assertEqual(friend.quota_all(sn), {})

    def test_a_removed_account_is_gone_and_so_are_its_sessions(self):
        name, api = self.new_account()
        app = self.app(api, version=V5)
        self.cli("account", "remove", name)
        self.assertEqual(app.end(), 135)
        self.assertEqual(api.call("GET", QUOTA)["code"], "8513")

    def test_an_account_with_devices_is_not_removed(self):
        name, api = self.new_account()
        sn, _, device = self.new_device(name)
        done = self.server.cli("account", "remove", name)
        self.assertEqual(done.returncode, 1)
        self.assertIn("device", done.stderr)
        self.assertIn(sn, api.devices())
        self.assertIsNone(device.ended)

    def test_lists_name_accounts_and_devices_and_no_secret(self):
        name, api = self.new_account()
        sn, key, _ = self.new_device(name)
        accounts = self.server.cli("account", "list")
        self.assertIn(name, accounts.stdout)
        self.assertIn(api.access_key, accounts.stdout)
        devices = self.server.cli("device", "list", "--owner", name)
        self.assertIn(sn, devices.stdout)
        self.assertNotIn("R331ZEB4ZEAL0528", devices.stdout)
        for secret in (api.secret_key, key, api.certification()["certificatePassword"]):
            self.assertNotIn(secret, accounts.stdout + devices.stdout)

    def test_an_open_http_connection_sees_the_change_too(self):
        name, api = self.new_account()
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=20)
        self.addCleanup(line.close)
        bodies = []
        for step in (lambda: None, lambda: self.cli("account", "remove", name)):
            step()
            line.request("GET", LIST, headers=signed_headers(api.access_key, api.secret_key))
            bodies.append(line.getresponse().read())
        self.assertIn(b'"code":"0"', bodies[0])
        self.assertIn(b'"code":"8513"', bodies[1])


if __name__ == "__main__":
    run_tests()
