"""The audit of a real server: who signed in, what was set and what became of it, what was changed,
and that no secret is anywhere in it, on the disk or in an answer.
"""
import http.client
import json
import pathlib
import re
import signal
import unittest
import urllib.parse

from dashboard_test import Browser
from mqtt_talk import V5, AppClient, DeviceClient, Mqtt
from server import PATIENCE_S, QUOTA, Server, cli, run_tests, told

SN = "R331TEST0000001"
# Every kind of entry. A kind that the program knows and this list or docs/user/audit.md does not is one that nobody
# has thought about: who, by what, from where?
ACCESS = {"sign-in", "sign-out", "session.end", "password.set", "certification", "ups.primary", "ups.shutdown"}
SETS = {"set", "set_reply", "set_refused"}
ADMIN = {
    "link.add", "account.add", "account.keys", "account.rotate", "account.remove", "token.add", "token.remove",
    "device.add", "device.rename", "device.share", "device.rotate", "device.move", "device.remove", "device.purge",
    "device.simulated", "device.set", "damage.accept", "fault.on", "fault.off", "time.pause", "time.resume",
    "time.speed", "time.step", "record", "backup", "bridge.add", "bridge.change", "bridge.remove", "cluster.drain",
    "cluster.remove",
}  # fmt: skip
SERVER = {"start", "stop", "damaged"}
PAGE = pathlib.Path(__file__).parents[2] / "docs/user/audit.md"
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
                {"what": "set", "who": "anna", **by, "by": "client the-app", "message": {**asked}},
                {
                    "what": "set_reply", "who": "anna", **by,
                    "id": "77", "outcome": "answered", "code": "0",
                },
                {
                    "what": "set_refused", "who": "anna", "through": "http", "sn": SN,
                    "by": f"key {SECRETS['accessKey']}",
                    "why": f"{SN} is not connected",
                },
                {
                    "what": "set_refused", "who": "ben", "through": "http", "sn": SN,
                    "by": f"key {ben.access_key}",
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
        wrong = self.server.cli("audit", "--since", "lately")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn('--from is "lately"', wrong.stderr)

    def test_every_kind_is_listed_here_and_described(self):
        unknown = self.server.cli("audit", "--what", "nothing")
        self.assertNotEqual(unknown.returncode, 0)
        kinds = set(unknown.stderr.split("there are ")[1].strip().split(", "))
        self.assertEqual(kinds, ACCESS | SETS | ADMIN | SERVER)
        table = PAGE.read_text().split("| `what` |")[1].split("\n\n")[0]
        described = {kind for row in table.splitlines() for kind in re.findall("`([^`]+)`", row.split(" | ")[0])}
        self.assertEqual(kinds - described, set())

    def link(self):
        answer = json.loads(self.server.cli("sign-in", "--json", "--account", "anna").stdout)
        return urllib.parse.urlsplit(answer["link"]).fragment.removeprefix("t=")

    def ask(self, browser, method, path, body=None):
        answer, data = browser.ask(method, path, body, {"User-Agent": "Firefox\t\u202e/1".encode()})
        return answer.status, json.loads(data) if data else None

    def signed_in(self, **how):
        browser = Browser(self.server)
        self.addCleanup(browser.connection.close)
        status, said = self.ask(browser, "POST", "/api/v1/session", how)
        if status == 200:
            browser.csrf = said["csrf"]
        return browser, status

    def by_token(self, token, method, path, body=None):
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        self.addCleanup(line.close)
        line.request(method, path, body=json.dumps(body) if body else None, headers={
            "Authorization": f"Bearer {token}", "Content-Type": "application/json", "User-Agent": "kitchen/" + "1" * 500,
        })  # fmt: skip
        answer = line.getresponse()
        answer.read()
        return answer.status

    def accessed(self):
        """The entries of access and of sets so far."""
        # What was acknowledged behind them on the same disk is there, and so are they.
        told(self.server.cli("device", "rename", SN, "Garage"))
        result = self.server.cli("audit", "--json", "--what", ",".join(ACCESS | SETS))
        found = [json.loads(line) for line in result.stdout.splitlines()]
        for entry in found:
            self.assertGreater(entry.pop("at"), 0)
            if entry["what"] != "set_reply":
                self.assertEqual(entry.pop("from"), "127.0.0.1")
        return found

    def test_a_browser_is_recorded_from_its_sign_in_to_its_end(self):
        link, password = self.link(), "correct horse"
        first, status = self.signed_in(link=link)
        self.assertEqual(status, 200)
        self.assertEqual(self.signed_in(link=link)[1], 401)
        self.assertEqual(self.ask(first, "PUT", "/api/v1/me/password", {"password": password})[0], 204)
        second, status = self.signed_in(account="anna", password=password)
        self.assertEqual(status, 200)
        third, status = self.signed_in(account="anna", password=password)
        self.assertEqual(status, 200)
        self.assertEqual(self.signed_in(account="anna", password="wrong horses")[1], 401)
        self.assertEqual(self.signed_in(account="wrong horses", password=password)[1], 401)
        change = {"password": "another horse", "current": "wrong horses"}
        self.assertEqual(self.ask(second, "PUT", "/api/v1/me/password", change)[0], 403)
        sessions = self.ask(second, "GET", "/api/v1/sessions")[1]["sessions"]
        one, two, three = sorted(each["id"] for each in sessions)
        self.assertEqual(self.ask(second, "DELETE", f"/api/v1/sessions/{one}")[0], 204)
        change["current"] = password
        self.assertEqual(self.ask(second, "PUT", "/api/v1/me/password", change)[0], 204)
        self.assertEqual(self.ask(second, "DELETE", "/api/v1/session")[0], 204)
        anna = {"who": "anna", "client": "Firefox??/1"}
        sign_in, refused = {"what": "sign-in", **anna}, {"outcome": "refused"}
        wrong = {**refused, "why": "the account or the password is wrong"}
        ended = {"what": "session.end", "through": "session", "by": f"session {two}", **anna}
        set_by = {"what": "password.set", "through": "session", **anna}
        found = self.accessed()
        used = found[1].pop("why")
        self.assertIn("the link was used already", used)
        self.assertEqual(found, [
            {**sign_in, "through": "link", "by": f"session {one}", "outcome": "accepted"},
            {**sign_in, "who": "", "through": "link", **refused},
            {**set_by, "by": f"session {one}"},
            {**sign_in, "through": "password", "by": f"session {two}", "outcome": "accepted"},
            {**sign_in, "through": "password", "by": f"session {three}", "outcome": "accepted"},
            {**sign_in, "through": "password", **wrong},
            {**sign_in, "who": "", "through": "password", **wrong},
            {**set_by, "by": f"session {two}", **refused,
             "why": "current is not the account's password; a new link of `gridloom sign-in` replaces a forgotten one"},
            {**ended, "session": one},
            {**set_by, "by": f"session {two}"},
            {**ended, "session": three},
            {"what": "sign-out", "through": "session", "by": f"session {two}", **anna},
        ])  # fmt: skip

    def test_a_token_is_recorded_once_a_day_and_by_what_it_sets(self):
        made = told(self.server.cli("token", "add", "kitchen", "--account", "anna", "--scope", "control"))
        token, by = made["token"], f"token {made['number']}"
        for _ in range(3):
            self.assertEqual(self.by_token(token, "GET", "/api/v1/me"), 200)
        self.assertEqual(self.by_token("glt_" + "y" * 43, "GET", "/api/v1/me"), 401)
        self.assertEqual(self.by_token(token, "POST", f"/api/v1/devices/{SN}/commands", SET), 504)
        self.anna.certification()
        self.anna.call("PUT", QUOTA, body={"sn": SN, **SET})
        client = "kitchen/" + "1" * 112 + "..."
        key = f"key {SECRETS['accessKey']}"
        anna = {"who": "anna", "through": "token"}
        offline = {"what": "set_refused", "who": "anna", "through": "http", "sn": SN, "why": f"{SN} is not connected"}
        self.assertEqual(self.accessed(), [
            {"what": "sign-in", **anna, "by": by, "client": client, "outcome": "accepted"},
            {"what": "sign-in", "who": "", "through": "token", "client": client, "outcome": "refused",
             "why": "no account has this token"},
            {**offline, "by": by},
            {"what": "certification", "who": "anna", "through": "http", "by": key},
            {**offline, "by": key},
        ])  # fmt: skip
        told(self.server.cli("token", "remove", made["number"]))
        self.assertEqual(self.by_token(token, "GET", "/api/v1/me"), 401)
        entries_by = [json.loads(line) for line in self.server.cli("audit", "--json", "--by", by).stdout.splitlines()]
        self.assertEqual([entry["what"] for entry in entries_by], ["sign-in", "set_refused"])
        elsewhere = self.server.cli("audit", "--json", "--address", "192.0.2.1").stdout
        self.assertEqual(elsewhere, "")

    def test_strangers_do_not_fill_the_disk(self):
        for _ in range(200):
            self.by_token("glt_" + "y" * 43, "GET", "/api/v1/me")
        self.assertEqual(len(self.accessed()), 10)

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
