"""What the dashboard's page uses: signing in by a link and a password, the home, the live stream, and the page's files
with what protects them.
"""
import gzip
import http.client
import json
import unittest
import urllib.parse

from mqtt_talk import await_reported
from raw_socket import TEXT, RawSocket, Refused
from server import DELTA_2, PATIENCE_S, POWER_OCEAN, Deadline, Server, ServerTest, cli, run_tests, temporary_folder

PASSWORD = "correct horse"


class Browser:
    """Keeps one connection and the cookies, as a browser does."""

    def __init__(self, server):
        self.server = server
        self.host = ":".join(map(str, server.place("http")))
        self.connection = http.client.HTTPConnection(*server.place("http"), PATIENCE_S)
        self.cookie, self.csrf = "", ""

    def ask(self, method, path, body=None, headers=()):
        sent = {"Origin": f"http://{self.host}", **dict(headers)}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if self.csrf:
            sent.setdefault("X-Gridloom-CSRF", self.csrf)
        if body is not None:
            sent["Content-Type"] = "application/json"
        self.connection.request(method, path, body=None if body is None else json.dumps(body), headers=sent)
        answer = self.connection.getresponse()
        data = answer.read()
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return answer, data

    def get(self, path):
        answer, data = self.ask("GET", path)
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status} {data}")
        return json.loads(data)

    def sign_in(self, **how):
        answer, data = self.ask("POST", "/api/v1/session", how)
        if answer.status == 200:
            self.csrf = json.loads(data)["csrf"]
        return answer.status

    def live(self):
        return Live(RawSocket(self.server, "/api/v1/live", "gridloom.live.1",
                              [("Origin", f"http://{self.host}"), ("Cookie", self.cookie)]))


class Live:
    def __init__(self, line):
        self.line = line

    def say(self, **message):
        self.line.send(TEXT, json.dumps(message).encode())

    def wait(self, what, is_it):
        deadline = Deadline(what)
        while deadline.left_s():
            opcode, payload = self.line.read()
            message = json.loads(payload) if opcode == TEXT else {"t": "end"}
            if is_it(message):
                return message
        return None


class DashboardTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        await_reported(cls.server, cls.api, {DELTA_2: 160, POWER_OCEAN: 1})

    def link(self):
        answer = self.server.cli("sign-in", "--json")
        return json.loads(answer.stdout)["link"]

    def browser(self):
        made = Browser(self.server)
        self.addCleanup(made.connection.close)
        return made

    def signed_in(self):
        made = self.browser()
        link = self.link()
        self.assertTrue(link.startswith(f"{self.server.facts['http']}/sign-in#t="), link)
        self.assertEqual(made.sign_in(link=link.split("#t=")[1]), 200)
        return made

    def test_the_link_of_the_demo_home_signs_in_once(self):
        token = urllib.parse.urlsplit(self.server.facts["sign_in_link"]).fragment.removeprefix("t=")
        first, second = self.browser(), self.browser()
        self.assertEqual((first.sign_in(link=token), second.sign_in(link=token)), (200, 401))
        self.assertEqual(first.get("/api/v1/me")["account"], "demo")

    def test_no_secret_is_in_the_log(self):
        browser = self.browser()
        token = self.link().split("#t=")[1]
        self.assertEqual((browser.sign_in(link=token), browser.sign_in(link=token)), (200, 401))
        for secret in (token, browser.cookie.split("=")[1], browser.csrf):
            self.assertNotIn(secret, self.server.log_text())

    def test_a_password_signs_in_and_sessions_survive_a_restart(self):
        with Server() as running:
            browser = Browser(running)
            link = json.loads(running.cli("sign-in", "--json", "--account", "demo").stdout)["link"]
            self.assertEqual(browser.sign_in(link=link.split("#t=")[1]), 200)
            answer, data = browser.ask("PUT", "/api/v1/me/password", {"password": PASSWORD})
            self.assertEqual(answer.status, 204, data)
            browser.connection.close()
            running.restart()
            again = Browser(running)
            again.cookie, again.csrf = browser.cookie, browser.csrf
            self.assertTrue(again.get("/api/v1/me")["passwordSet"])
            other = Browser(running)
            self.assertEqual(other.sign_in(account="demo", password="wrong horses"), 401)
            self.assertEqual(other.sign_in(account="demo", password=PASSWORD), 200)
            self.assertEqual([each["by"] for each in other.get("/api/v1/sessions")["sessions"]], ["link", "password"])
            answer, _ = other.ask("DELETE", "/api/v1/session")
            self.assertEqual(answer.status, 204)
            self.assertEqual(other.ask("GET", "/api/v1/me")[0].status, 401)
            again.connection.close()
            other.connection.close()

    def test_another_site_changes_nothing(self):
        browser = self.signed_in()
        for headers in ([("Origin", "http://evil.example")], [("X-Gridloom-CSRF", "0" * 64)]):
            answer, _ = browser.ask("DELETE", "/api/v1/session", headers=headers)
            self.assertEqual(answer.status, 403, headers)
        answer, _ = browser.ask("GET", "/api/v1/me", headers=[("Host", "evil.example")])
        self.assertEqual(answer.status, 421)
        browser.get("/api/v1/me")

    def test_the_home_adds_up(self):
        home = self.signed_in().get("/api/v1/home")
        roles = {device["sn"]: device["role"] for device in home["devices"]}
        self.assertEqual((roles[DELTA_2], roles[POWER_OCEAN]), ("consumer", "meter"))
        self.assertEqual(home["gridCaption"], "measured")
        power = {name: node["power_w"] for name, node in home["nodes"].items()}
        if None not in (power["sun"], power["battery"], power["grid"], home["unaccounted_w"]):
            balance = power["sun"] - power["battery"] + power["grid"] - power["home"]
            self.assertAlmostEqual(balance, home["unaccounted_w"], delta=1)

    def test_live_values_move_and_end_with_the_session(self):
        browser = self.signed_in()
        live = browser.live()
        live.say(t="hello")
        welcome = live.wait("the welcome", lambda m: m["t"] == "welcome")
        self.assertEqual(welcome["rights"][DELTA_2], "owner")
        live.say(t="sub", id=1, topic="home")
        live.say(t="sub", id=2, topic="device", sn=DELTA_2)
        names = live.wait("names", lambda m: m["t"] == "names")["names"]
        snap = live.wait("a device", lambda m: m["t"] == "snap" and m["id"] == 2)
        self.assertEqual(snap["state"], "live")
        self.assertIn("pd.soc", {names[each[0]] for each in snap["f"]})
        live.wait("values that changed", lambda m: m["t"] == "d" and m["id"] == 2 and m["f"])
        live.wait("the home", lambda m: m.get("id") == 1 and m["home"]["devices"])
        browser.ask("DELETE", "/api/v1/session")
        self.assertEqual(live.wait("the end", lambda m: m["t"] == "bye")["why"], "signed out")
        live.line.close()

    def test_the_live_stream_is_closed_to_other_sites_and_strangers(self):
        browser = self.signed_in()
        for headers, status in (([("Origin", "http://evil.example"), ("Cookie", browser.cookie)], 403),
                                ([("Cookie", browser.cookie)], 403),
                                ([("Origin", f"http://{browser.host}")], 401)):
            with self.assertRaises(Refused) as refused:
                RawSocket(self.server, "/api/v1/live", "gridloom.live.1", headers)
            self.assertEqual(refused.exception.status, status, headers)

    def test_a_program_opens_the_live_stream_by_its_token(self):
        added = self.server.cli("token", "add", "wall", "--account", "demo", "--json")
        token = json.loads(added.stdout)["token"]
        live = Live(RawSocket(self.server, "/api/v1/live", "gridloom.live.1", [("Authorization", f"Bearer {token}")]))
        live.say(t="sub", id=1, topic="home")
        live.wait("the home", lambda m: m["t"] == "snap")
        live.line.close()

    def test_a_card_offers_its_token_among_the_protocols_of_the_live_stream(self):
        token = json.loads(self.server.cli("token", "add", "card", "--account", "demo", "--json").stdout)["token"]
        live = Live(RawSocket(self.server, "/api/v1/live", f"gridloom.live.1, gridloom.token.{token}"))
        live.say(t="sub", id=1, topic="device", sn=DELTA_2)
        live.wait("a device", lambda m: m["t"] == "snap")
        live.line.close()
        with self.assertRaises(Refused) as refused:
            RawSocket(self.server, "/api/v1/live", "gridloom.live.1, gridloom.token.glt_none")
        self.assertEqual(refused.exception.status, 401)
        self.assertNotIn(token, self.server.log_text())

    def test_the_token_of_a_card_is_told_its_card_alone(self):
        words = ("token", "add", "frame", "--account", "demo", "--scope", "card", "--device", DELTA_2, "--json")
        token = json.loads(self.server.cli(*words).stdout)["token"]
        live = Live(RawSocket(self.server, "/api/v1/live", f"gridloom.live.1, gridloom.token.{token}"))
        live.say(t="hello")
        self.assertEqual(live.wait("a welcome", lambda m: m["t"] == "welcome")["rights"], {})
        live.say(t="sub", id=1, topic="device", sn=DELTA_2)
        self.assertEqual(live.wait("a refusal", lambda m: m["t"] == "error")["code"], "no_permission")
        live.say(t="sub", id=2, topic="home")
        home = live.wait("the card", lambda m: m["t"] == "snap")["home"]
        self.assertEqual([device["sn"] for device in home["devices"]], [DELTA_2])
        self.assertEqual(home["nodes"], {})
        live.line.close()

    def test_cards_may_be_in_the_frames_that_the_server_was_told_of(self):
        folder = temporary_folder()
        (folder / "index.html").write_text("<p>page")
        with Server("--web", folder, "--embed-origin", "https://a.example", "--embed-origin", "http://[::1]:8123",
                    demo=False) as running:  # fmt: skip
            browser = Browser(running)

            def policy(path):
                answer, _ = browser.ask("GET", path, headers=[("Accept", "text/html")])
                isolated = answer.getheader("Cross-Origin-Opener-Policy") == "same-origin"
                ancestors = answer.getheader("Content-Security-Policy").rpartition("frame-ancestors ")[2]
                self.assertEqual(isolated, ancestors == "'none'", path)
                return ancestors

            for path in ("/?embed", "/d/R331?embed"):
                self.assertEqual(policy(path), "https://a.example http://[::1]:8123")
            for path in ("/", "/d/R331?tab=control", "/wall"):
                self.assertEqual(policy(path), "'none'")
            browser.connection.close()

    def test_what_is_no_origin_is_refused(self):
        for text in ("*", "home.example", "https://a.example/path", "https://*.example"):
            result = cli("serve", "--embed-origin", text, data=temporary_folder())
            self.assertEqual(result.returncode, 2, text)
            self.assertIn(f"--embed-origin: {text} is no origin: must be as https://home.example", result.stderr)

    def test_a_folder_is_served_as_the_page(self):
        folder = temporary_folder()
        (folder / "assets").mkdir()
        (folder / "index.html").write_text("<p>page")
        (folder / "assets/main.1234.js").write_text("main")
        with Server("--web", folder) as running:
            browser = Browser(running)
            answer, data = browser.ask("GET", "/d/R331", headers=[("Accept", "text/html")])
            self.assertEqual((answer.status, data), (200, b"<p>page"))
            self.assertIn("default-src 'none'", answer.getheader("Content-Security-Policy"))
            tag = answer.getheader("ETag")
            answer, data = browser.ask("GET", "/", headers=[("If-None-Match", tag)])
            self.assertEqual((answer.status, data), (304, b""))
            answer, data = browser.ask("HEAD", "/assets/main.1234.js")
            self.assertEqual((answer.status, answer.getheader("Content-Length"), data), (200, "4", b""))
            self.assertIn("immutable", answer.getheader("Cache-Control"))
            answer, _ = browser.ask("GET", "/nothing")
            self.assertEqual(answer.status, 404)
            browser.connection.close()

    def test_the_program_has_a_page_or_says_how_to_get_one(self):
        answer, data = self.browser().ask("GET", "/", headers=[("Accept-Encoding", "gzip")])
        self.assertEqual(answer.status, 200)
        text = gzip.decompress(data) if answer.getheader("Content-Encoding") == "gzip" else data
        self.assertIn(b"Gridloom", text)

    def test_an_answer_of_more_than_the_output_holds_does_not_stop_the_connection(self):
        browser = self.signed_in()
        for path in ("families/power_kits", f"devices/{DELTA_2}/energy", "devices"):
            browser.get(f"/api/v1/{path}")


if __name__ == "__main__":
    run_tests()
