"""`gridloom record` and `gridloom replay`: what a server heard becomes a test, and devices again."""
import json
import signal
import subprocess
import unittest

import server as servers
from mqtt_talk import AppClient, await_reported
from server import (DELTA_2, PATIENCE_S, POWER_STREAM, SMART_HOME_PANEL, Server, cli, run_tests,
                    temporary_folder, told)

QUIET = {"moduleType": 5, "operateType": "quietMode", "params": {"enabled": 1}}
LOUD = {"moduleType": 5, "operateType": "quietMode", "params": {"enabled": 0}}


class Running:
    """A verb that runs until it is told to end."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([servers.GRIDLOOM, *map(str, arguments)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        return self.outcome()

    def outcome(self):
        out, errors = self.process.communicate(timeout=PATIENCE_S)
        if self.process.returncode != 0:
            raise AssertionError(f"exited with {self.process.returncode}: {errors}")
        return out


def recording(server, *arguments):
    running = Running("record", "--data", server.data, *arguments)
    line = running.process.stderr.readline()  # it listens from here on
    if "recording" not in line:
        running.process.kill()
        raise AssertionError(line + running.process.stderr.read())
    return running


def played(file):
    result = cli("simulate", file)
    return result.stdout + result.stderr


class RecordTest(unittest.TestCase):
    def test_what_was_recorded_holds_and_lives_again(self):
        file = temporary_folder() / "home.loom"
        with Server("--start", "2026-06-01 12:00", "--paused") as server:
            api = server.api()
            await_reported(server, api, {DELTA_2: 160, SMART_HOME_PANEL: 83})
            running = recording(server, "--out", file, "--device", DELTA_2,
                                "--device", SMART_HOME_PANEL)
            self.assertEqual(api.set(DELTA_2, **QUIET)["code"], "0")
            with AppClient(server, api) as app:
                app.subscribe(app.topic(DELTA_2, "set_reply"))
                app.publish(app.topic(DELTA_2, "set"),
                            json.dumps({"id": 77, "version": "1.0", **LOUD}))
                app.reply(app.topic(DELTA_2, "set_reply"), 77)
            told_why = api.set(DELTA_2, **{**QUIET, "params": {"enabled": 7}})
            self.assertEqual(told_why["code"], "1008")
            cli("time", "step", "2m", data=server.data)
            before = {sn: api.quota_all(sn) for sn in (DELTA_2, SMART_HOME_PANEL)}
            self.assertRegex(running.end(), r"home.loom: \d+\.\d s, \d+ messages of devices, 4 req")
            self.assertIn(DELTA_2,
                          cli("audit", "--what", "record", data=server.data).stdout)
        text = file.read_text()
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(POWER_STREAM, text)
        for line in ("> PUT /iot-open/sign/device/quota", f"< device {DELTA_2} set ",
                     f"> device {DELTA_2} set_reply ", "< mqtt ", '"code":"1008"'):
            self.assertIn(line, text)
        self.assertRegex(played(file), "^ok home.loom")
        # A test that cannot fail would be none.
        file.write_text(text.replace('"code":"1008"', '"code":"0"'))
        self.assertRegex(played(file), r'home.loom:\d+: code: expected "0", got "1008"')
        file.write_text(text)
        with Server(demo=False) as other:
            done = json.loads(Running("replay", file, "--data", other.data, "--speed", 50,
                                      "--json").outcome())
            self.assertEqual((done["devices"], done["refused"], done["lost"]), (2, 0, 0))
            self.assertEqual(done["sent"], done["acknowledged"])
            self.assertGreater(done["sent"], 50)
            keys = told(cli("account", "keys", "simulated", data=other.data))
            again = other.api(keys["accessKey"], keys["secretKey"])
            for sn, quotas in before.items():
                self.assertEqual(again.quota_all(sn), quotas)

    def test_serial_numbers_are_replaced_on_request(self):
        file = temporary_folder() / "home.loom"
        with Server("--start", "2026-06-01 12:00", "--paused") as server:
            await_reported(server, server.api(), {SMART_HOME_PANEL: 83})
            running = recording(server, "--out", file, "--replace-serials",
                                "--device", SMART_HOME_PANEL)
            server.api().quota_all(SMART_HOME_PANEL)
            running.end()
        self.assertNotIn(SMART_HOME_PANEL, file.read_text())
        self.assertIn("device smart_home_panel SP10RECORDED0001 ", file.read_text())
        self.assertRegex(played(file), "^ok home.loom")

    def test_it_ends_by_itself_and_with_the_server(self):
        folder = temporary_folder()
        with Server() as server:
            running = recording(server, "--out", folder / "short.loom", "--for", "1s")
            self.assertIn("short.loom: ", running.outcome())
            ended = recording(server, "--out", folder / "long.loom", "--device", DELTA_2)
        self.assertIn("until the server ended", ended.outcome())
        for name in ("short", "long"):
            self.assertRegex(played(folder / f"{name}.loom"), "^ok")

    def test_what_makes_no_sense_is_refused(self):
        folder = temporary_folder()
        there = folder / "there.loom"
        there.write_text("precious")
        with Server(demo=False) as server:
            for arguments, code, why in ((("--out", folder / "a", "--device", "R331"), 1, "no device R331"),
                                         (("--out", folder / "a"), 2, "a recording has 1 to 256 devices")):
                refused = cli("record", *arguments, data=server.data)
                self.assertEqual(refused.returncode, code)
                self.assertIn(why, refused.stderr)
            cli("account", "add", "me", data=server.data)
            cli("device", "add", DELTA_2, "--owner", "me", data=server.data)
            refused = cli("record", "--out", there, data=server.data)
            self.assertIn("there.loom: File exists", refused.stderr)
            self.assertEqual(there.read_text(), "precious")
            refused = cli("replay", there, data=server.data)
            self.assertIn("there.loom:1: there is no line that begins with precious",
                          refused.stderr)
            played_again = folder / "again.loom"
            played_again.write_text(f"device delta_2 {DELTA_2} owner demo real\n")
            refused = cli("replay", played_again, data=server.data)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"{DELTA_2} belongs to another account", refused.stderr)
            self.assertNotIn("simulated", cli("account", "list", data=server.data).stdout, "nothing is left behind")
        refused = cli("record", "--out", folder / "a", data=server.data)
        self.assertIn("no server runs on the data folder", refused.stderr)
        refused = cli("replay", there)
        self.assertIn("the server is missing", refused.stderr)


SCRIPT = f"""
device delta_2 {DELTA_2} owner demo real
> device {DELTA_2} quota {{"params":{{"pd.soc":61}}}}
> PUT /iot-open/sign/device/quota {{"sn":"{DELTA_2}"}}
< device {DELTA_2} set {{"id":<id>,"version":"1.0","moduleType":5,"operateType":"quietMode",
    "params":{{"enabled":1}}}}
@ +50ms
> device {DELTA_2} set_reply {{"id":<id>,"version":"1.0","data":{{"ack":7}}}}
@ +1h
> device {DELTA_2} quota {{"params":{{"pd.soc":60}}}}
"""


class ReplayTest(unittest.TestCase):
    def test_a_device_of_a_recording_answers_sets(self):
        folder = temporary_folder()
        (folder / "home.loom").write_text(SCRIPT)
        with Server(demo=False) as server:
            keys = told(cli("account", "add", "me", data=server.data))
            device = told(cli("device", "add", DELTA_2, "--owner", "me", data=server.data))
            (folder / "keys").write_text(f"{DELTA_2} {device['deviceKey']}\n")
            host, port = server.place("mqtts")
            api = server.api(keys["accessKey"], keys["secretKey"])
            with AppClient(server, api) as app:
                app.subscribe(app.topic(DELTA_2, "quota"))
                running = Running("replay", folder / "home.loom", "--server", f"{host}:{port}",
                                  "--ca", server.ca, "--keys", folder / "keys", "--json")
                app.message(app.topic(DELTA_2, "quota"))
            self.assertEqual(api.quotas(DELTA_2, "pd.soc"), {"pd.soc": 61})
            for message in (QUIET, LOUD):  # the second is only of the same command
                self.assertEqual(api.set(DELTA_2, **message)["data"]["data"], {"ack": 7})
            done = json.loads(running.end())
            self.assertEqual((done["sets"], done["answered"]), (2, 2))
            self.assertLess(done["played_s"], 3600)

    def test_whom_the_server_does_not_know_is_told(self):
        folder = temporary_folder()
        (folder / "home.loom").write_text(SCRIPT)
        (folder / "keys").write_text(f"{DELTA_2} wrong-key-wrong-key\n")
        with Server(demo=False) as server:
            host, port = server.place("mqtt")
            refused = cli("replay", folder / "home.loom", "--server", f"{host}:{port}",
                          "--keys", folder / "keys")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("1 of 1 devices were refused", refused.stderr)


if __name__ == "__main__":
    run_tests()
