"""The bridge "mirror": a strict Gridloom plays the vendor's cloud with all families, and another one mirrors it over
TLS: reports, sets and their replies, each fault of the platform, and a vendor that is killed.

The vendor's time stands still between steps, so that the twins of both can be compared to the last value.
"""
import json
import pathlib
import signal
import unittest

from mqtt_talk import AppClient
from programs import until
from server import (DELTA_2, GLACIER, POWER_OCEAN, POWER_STREAM, SMART_PLUG, STREAM, Server, run_tests,
                     temporary_folder, told)

DELTA_2_MAX = "R351ZFB4HF6L0030"
ULTRA = "Y711ZAB4SFAU0069"
WAVE_2 = "KT21ZCH2ZF170012"
PAUSE_MS = 40  # two hundred and fifty times the rhythm for the vendor's own cloud
BODIES = [json.loads(line)["body"] for line in
          pathlib.Path(__file__).with_name("set_bodies.jsonl").read_text().splitlines()]
QUIET = {"moduleType": 5, "operateType": "quietMode"}
# A set of each family that has commands: the quota that it changes, the body, the quota's value then.
SETS = {
    DELTA_2: ("mppt.beepState", {**QUIET, "params": {"enabled": 1}}, 1),
    DELTA_2_MAX: ("pd.beepMode", {"moduleType": 1, "operateType": "quietCfg", "params": {"enabled": 1}}, 1),
    ULTRA: ("hs_yj751_pd_app_set_info_addr.bmsModeSet",
            {"cmdCode": "YJ751_PD_BP_HEAT_SET", "params": {"enBpHeat": 1}}, 1),
    STREAM: ("cmsMaxChgSoc", {"cmdId": 17, "cmdFunc": 254, "params": {"cfgMaxChgSoc": 88}}, 88),
    GLACIER: ("pd.beepEn", {"moduleType": 1, "operateType": "beepEn", "params": {"flag": 1}}, 1),
    WAVE_2: ("pd.subMode", {"moduleType": 1, "operateType": "subMode", "params": {"subMode": 2}}, 2),
    SMART_PLUG: ("2_1.brightness", {"cmdCode": "WN511_SOCKET_SET_BRIGHTNESS_PACK", "params": {"brightness": 77}}, 77),
    POWER_STREAM: ("20_1.permanentWatts",
                   {"cmdCode": "WN511_SET_PERMANENT_WATTS_PACK", "params": {"permanentWatts": 210}}, 210),
}


class Mirrored:
    """A vendor and its mirror; a context manager."""

    start = "2026-06-01 12:00"  # of the vendor's time
    vendor_flags = local_flags = ()

    def __init__(self, *settings, others=(), own=()):
        self.vendor = Server("--strict", "--demo=all", "--start", self.start, "--paused", *self.vendor_flags,
                             demo=False)
        self.local = Server("--set-timeout-ms", "2000", *self.local_flags, demo=False)
        self.home = self.local.add_account("home")["api"]
        for sn in others:
            self.local.add_account("other")
            self.local.add_device(sn, "other")
        for sn in own:
            self.local.add_device(sn, "home")
        self.cloud = self.vendor.api(door="https")
        self.secret = temporary_folder() / "secret"
        self.secret.write_text(self.vendor.facts["secretKey"] + "\n")
        self.secret.chmod(0o600)
        told(self.local.cli("bridge", "add", "mirror", "cloud", "--account", "home", "--host",
                            self.host(), "--access-key", self.vendor.facts["accessKey"],
                            "--secret-key-file", self.secret, "--ca", self.vendor.ca, "--request-pause-ms", PAUSE_MS,
                            *settings))

    def host(self):
        """The address of the vendor's interface."""
        return self.vendor.facts["https"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.local.stop()
        self.vendor.stop()

    def row(self):
        return json.loads(self.local.cli("bridge", "show", "cloud", "--json").stdout)

    def figure(self, name):
        return self.row().get("figures", {}).get(name, 0)

    def await_figure(self, name, least):
        until(f"{name} >= {least}", lambda: self.figure(name) >= least)

    def await_state(self, state):
        until(state, lambda: self.row()["state"] == state)

    def await_error(self, text):
        until(text, lambda: text in self.row().get("lastError", ""))

    def fault(self, *words):
        told(self.vendor.cli("fault", *words))

    def step(self, span="10s"):
        told(self.vendor.cli("time", "step", span))

    def online(self):
        return {sn for sn, row in self.home.devices().items() if row["online"] == 1}

    def differences(self):
        """What the twins of both do not have in common."""
        found = []
        for sn in self.cloud.devices():
            theirs = self.cloud.quota_all(sn)
            answer = self.home.call("GET", "/iot-open/sign/device/quota/all", {"sn": sn})
            ours = answer.get("data") or {}
            found += [(sn, name, theirs.get(name), ours.get(name)) for name in {*theirs, *ours}
                      if theirs.get(name) != ours.get(name)]
        return found

    def await_equal(self):
        last = []

        def equal():
            last[:] = self.differences()
            return not last

        try:
            until("equal twins", equal)
        except AssertionError as late:
            raise AssertionError(f"{len(last)} differ, such as {last[:5]}: {self.row()}") from late

    def await_all(self):
        everything = set(self.cloud.devices())
        try:
            until("all online", lambda: self.online() == everything)
        except AssertionError as late:
            raise AssertionError(f"{late}: {everything ^ self.online()} are not; {self.row()}") from late
        self.await_equal()


class MirrorTest(unittest.TestCase):
    def test_all_families_are_mirrored_and_sets_go_out_and_replies_come_back(self):
        with Mirrored("--name-prefix", "EU ") as both:
            both.await_all()
            names = {sn: row["deviceName"] for sn, row in both.home.devices().items()}
            theirs = {sn: row["deviceName"] for sn, row in both.cloud.devices().items()}
            self.assertEqual(names, {sn: "EU " + name for sn, name in theirs.items()})
            self.assertEqual({sn: row["productName"] for sn, row in both.home.devices().items()},
                             {sn: row["productName"] for sn, row in both.cloud.devices().items()})
            both.step("3m")
            both.await_equal()
            for sn, (quota, body, value) in SETS.items():
                with self.subTest(sn=sn):
                    answer = both.home.set(sn, **body)
                    self.assertEqual(answer["code"], "0", answer)
                    self.assertEqual(both.cloud.quotas(sn, quota), {quota: value})
                    until(quota, lambda: both.home.quotas(sn, quota) == {quota: value})
            for body in BODIES:
                if body["sn"] not in names:
                    continue
                with self.subTest(body=body):
                    message = {name: part for name, part in body.items() if name != "sn"}
                    answer = both.home.set(body["sn"], **message)
                    self.assertEqual(answer["code"], "0", answer)
            both.step()
            both.await_equal()
            self.assertEqual(both.row()["state"], "connected")
            self.assertEqual(both.figure("devices_online"), len(names))
            for secret in (both.vendor.facts["secretKey"], both.cloud.certification()["certificatePassword"]):
                self.assertNotIn(secret, both.local.log_text())

    def test_a_reply_over_mqtt_has_the_id_of_its_set(self):
        with Mirrored("--devices", DELTA_2) as both:
            until("online", lambda: DELTA_2 in both.online())
            self.assertEqual(set(both.home.devices()), {DELTA_2})
            app = AppClient(both.local, both.home)
            self.addCleanup(app.close)
            self.assertEqual(app.connect(), 0)
            app.subscribe(app.topic(DELTA_2, "set_reply"))
            for number in ("4711", "abc"):
                app.publish(app.topic(DELTA_2, "set"), json.dumps({**QUIET, "id": number, "version": "1.0",
                                                                   "params": {"enabled": 0}}))
            for number in (4711, "abc"):
                app.message(app.topic(DELTA_2, "set_reply"), lambda m, number=number: m.payload["id"] == number)

    def test_read_only_refuses_by_name_and_sends_nothing(self):
        with Mirrored("--read-only", "--devices", POWER_STREAM) as both:
            until("online", lambda: POWER_STREAM in both.online())
            before = both.cloud.quotas(POWER_STREAM, "20_1.permanentWatts")
            answer = both.home.set(POWER_STREAM, cmdCode="WN511_SET_PERMANENT_WATTS_PACK",
                                   params={"permanentWatts": 210})
            self.assertEqual(answer["code"], "1008")
            self.assertIn("the mirror cloud is read-only", answer["message"])
            self.assertEqual(both.cloud.quotas(POWER_STREAM, "20_1.permanentWatts"), before)

    def test_a_device_of_another_account_is_left_alone(self):
        with Mirrored(others=(DELTA_2,)) as both:
            both.await_error(f"{DELTA_2} belongs to another account")
            until("the others", lambda: len(both.online()) == len(both.cloud.devices()) - 1)
            self.assertNotIn(DELTA_2, both.home.devices())
            until("the figure", lambda: both.figure("devices_of_others") == 1)

    def test_a_device_with_a_key_of_its_own_is_left_alone_unless_it_is_named(self):
        with Mirrored(own=(DELTA_2,)) as both:
            both.await_error(f"{DELTA_2} is registered here with a key of its own")
            until("the others", lambda: len(both.online()) == len(both.cloud.devices()) - 1)
            self.assertNotIn(DELTA_2, both.online())
            refused = both.home.set(DELTA_2, moduleType=5, operateType="dsgCfg", params={"minDsgSoc": 19})
            self.assertNotEqual(refused["code"], "0", "nothing of it goes to the vendor")
            told(both.local.cli("bridge", "change", "cloud", f"devices={DELTA_2}"))
            until("the one that is named", lambda: both.online() == {DELTA_2})

    def test_no_more_devices_are_added_than_are_allowed(self):
        with Mirrored("--most", "2") as both:
            both.await_error(f"the vendor lists {len(both.cloud.devices()) - 2} devices beyond the 2 that --most allows")
            until("two devices", lambda: len(both.online()) == 2)
            self.assertEqual(len(both.home.devices()), 2)

    def test_what_an_earlier_version_has_brought_is_taken_over(self):
        with Mirrored() as both:
            both.await_all()
            both.local.end()
            folder = both.local.data / "bridges" / "cloud"
            (folder / "client-id.json").rename(folder / "client-id")
            (folder / "devices.json").unlink()
            both.local.start_again()
            both.await_all()

    def test_a_vendor_that_is_killed_and_comes_back(self):
        with Mirrored() as both:
            both.await_all()
            both.vendor.end(signal.SIGKILL)
            until("all offline", lambda: not both.online())
            both.await_state("failing")
            self.assertEqual(len(both.home.devices()), both.figure("devices"), "they stay")
            values = both.home.quota_all(POWER_OCEAN)
            self.assertTrue(values, "the last values stay")
            both.vendor.start_again()
            both.cloud = both.vendor.api(door="https")
            both.await_state("connected")
            both.step()
            both.await_all()

    def test_the_client_id_outlives_restarts(self):
        with Mirrored("--devices", DELTA_2) as both:
            both.await_state("connected")
            file = both.local.data / "bridges" / "cloud" / "client-id.json"
            name = file.read_text()
            both.fault("on", "few_client_ids", "--value", "1")
            for _ in range(2):
                both.local.restart(signal.SIGKILL)
                both.await_state("connected")
                until("online", lambda: DELTA_2 in both.online())
            self.assertEqual(file.read_text(), name)

    def test_faults_can_be_laid_over_the_real_devices(self):
        with Mirrored("--intercept", "null_data", "--devices", DELTA_2) as both:
            until("online", lambda: DELTA_2 in both.online())
            self.assertIsNone(both.home.call("GET", "/iot-open/sign/device/quota/all", {"sn": DELTA_2})["data"])
            told(both.local.cli("bridge", "change", "cloud", "intercept="))
            until("its values", lambda: both.home.call(
                "GET", "/iot-open/sign/device/quota/all", {"sn": DELTA_2}).get("data"))

    def test_wrong_settings_are_refused_by_name(self):
        with Server() as server:
            secret = temporary_folder() / "secret"
            secret.write_text("x" * 32)
            secret.chmod(0o600)
            good = {"host": "https://127.0.0.1:1", "access-key": "a" * 32, "secret-key-file": secret}
            for change, said in (({"host": "ftp://x"}, "ftp://x"), ({"access-key": "short"}, "access key"),
                                 ({"devices": "a/b"}, "serial number"), ({"intercept": "rain"}, "null_data"),
                                 ({"request-pause-ms": 1}, "request-pause-ms")):
                with self.subTest(change):
                    words = [word for name, value in {**good, **change}.items() for word in ("--" + name, value)]
                    done = server.cli("bridge", "add", "mirror", "cloud", *words)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(said, done.stderr)


class FaultsTest(unittest.TestCase):
    """Each fault of the platform in turn: it is noticed where it can be, and leaves nothing behind."""

    @classmethod
    def setUpClass(cls):
        cls.both = cls.enterClassContext(Mirrored())
        cls.both.await_all()

    def noticed(self, name, *more):
        """Switches the fault on, and off at the end of the test, when all must be as before."""
        self.both.fault("on", name, *more)
        self.addCleanup(self.over)

    def over(self):
        self.both.fault("off")
        self.both.step("2m")  # a full set of each device
        self.both.await_all()

    def counted(self, fault, figure, *more):
        before = self.both.figure(figure)
        self.noticed(fault, *more)
        self.both.step("2m")
        self.both.await_figure(figure, before + 1)

    def test_frozen_snapshot(self):
        self.counted("frozen_snapshot", "frozen_snapshots")

    def test_null_data(self):
        self.counted("null_data", "null_data")

    def test_text_values(self):
        self.counted("text_values", "text_values")

    def test_sleepy_push(self):
        self.noticed("sleepy_push", "--value", "1")
        self.both.step("2m")

    def test_stale_offline(self):
        self.noticed("stale_offline")
        until("all offline", lambda: not self.both.online())
        self.both.step()
        self.assertEqual(self.both.online(), set())

    def test_flapping_online(self):
        self.noticed("flapping_online", "--value", "60")
        for _ in range(4):
            self.both.step("1m")
            now = json.loads(self.both.vendor.cli("time", "--json").stdout)["now"]
            expected = set() if now // 60_000 % 2 else set(self.both.home.devices())
            until("what the vendor says", lambda expected=expected: self.both.online() == expected)

    def test_refused_sign(self):
        self.noticed("refused_sign")
        self.both.await_error("8521")

    def test_too_many_requests(self):
        self.noticed("too_many_requests")
        self.both.await_error("429")

    def test_model_not_allowed(self):
        self.noticed("model_not_allowed")
        self.both.await_error("1006")

    def test_connections_that_break(self):
        for name in ("dropped_connection", "reset_connection"):
            with self.subTest(name):
                errors = self.both.row()["errors"]
                self.both.fault("on", name)
                until("errors", lambda: self.both.row()["errors"] > errors)
                self.over()

    def test_slow_answer(self):
        self.noticed("slow_answer", "--value", "1")
        self.both.step()

    def test_refused_certificate(self):
        self.noticed("refused_certificate")
        told(self.both.local.cli("bridge", "off", "cloud"))
        told(self.both.local.cli("bridge", "on", "cloud"))
        self.both.await_state("failing")
        self.assertEqual(self.both.online(), set())

    def test_unanswered_set(self):
        self.noticed("unanswered_set")
        answer = self.both.home.set(DELTA_2, **QUIET, params={"enabled": 1})
        self.assertEqual(answer["code"], "6012")
        self.assertIn("did not answer", answer["message"])

    def test_faults_that_a_mirror_need_not_notice(self):
        for name in ("few_client_ids", "no_wildcards", "refused_value"):
            with self.subTest(name):
                self.both.fault("on", name)
                answer = self.both.home.set(DELTA_2, **QUIET, params={"enabled": 0})
                self.assertEqual(answer["code"], "0", answer)
                self.over()


if __name__ == "__main__":
    run_tests()
