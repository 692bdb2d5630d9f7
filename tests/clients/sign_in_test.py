"""Honest people sign in while a crowd of strangers tries passwords, and an account its own."""
import contextlib
import http.client
import json
import threading
import unittest

from server import PATIENCE_S, ServerTest, run_tests

PASSWORD = "correct horse"
STRANGERS, CHANGERS, LINKS = 40, 36, 12


class Browser:
    def __init__(self, server, address="127.0.0.1"):
        self.place, self.address = server.place("http"), address
        self.cookie, self.csrf = "", ""

    def ask(self, method, path, body=None):
        headers = {"Origin": "http://" + ":".join(map(str, self.place)), "Content-Type": "application/json",
                   "Cookie": self.cookie, "X-Gridloom-CSRF": self.csrf}
        line = http.client.HTTPConnection(*self.place, timeout=6 * PATIENCE_S, source_address=(self.address, 0))
        with contextlib.closing(line):
            line.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            answer = line.getresponse()
            data = answer.read()
            if method == "POST" and answer.status == 200:
                self.cookie, self.csrf = answer.getheader("Set-Cookie").split(";")[0], json.loads(data)["csrf"]
            return answer.status

    def sign_in(self, **how):
        return self.ask("POST", "/api/v1/session", how)


class SignInTest(ServerTest):
    def link(self, account="demo"):
        return json.loads(self.server.cli("sign-in", "--json", "--account", account).stdout)["link"].split("#t=")[1]

    def signed_in(self, account="demo", address="127.0.0.1"):
        made = Browser(self.server, address)
        self.assertEqual(made.sign_in(link=self.link(account)), 200)
        return made

    @contextlib.contextmanager
    def crowd(self, attempts):
        """Runs each attempt over and over; the statuses that came, once it has ended."""
        came, ends = set(), threading.Event()
        busy = threading.Barrier(len(attempts) + 1)

        def run(attempt):
            came.add(attempt())
            busy.wait(6 * PATIENCE_S)
            while not ends.is_set():
                came.add(attempt())

        threads = [threading.Thread(target=run, args=(attempt,), daemon=True) for attempt in attempts]
        for thread in threads:
            thread.start()
        try:
            busy.wait(6 * PATIENCE_S)  # each has had an answer, and goes on
            yield came
        finally:
            ends.set()
            for thread in threads:
                thread.join(6 * PATIENCE_S)

    def honest(self):
        """What honest people get meanwhile."""
        links = [Browser(self.server, "127.1.0.1").sign_in(link=self.link()) for _ in range(LINKS)]
        leaving = self.signed_in(address="127.1.0.2")
        left = [leaving.ask("DELETE", "/api/v1/session"), leaving.ask("GET", "/api/v1/me")]
        return links, left

    def test_strangers_who_try_passwords_are_in_nobodys_way(self):
        owner = self.signed_in(address="127.1.0.3")
        self.assertEqual(owner.ask("PUT", "/api/v1/me/password", {"password": PASSWORD}), 204)
        strangers = [Browser(self.server, f"127.2.0.{i + 1}") for i in range(STRANGERS)]
        names = iter(range(10**9))

        def attempt_of(browser):
            return lambda: browser.sign_in(account=f"nobody{next(names)}", password="wrong horses")

        with self.crowd([attempt_of(browser) for browser in strangers]) as came:
            links, left = self.honest()
            usual = Browser(self.server, "127.1.0.3").sign_in(account="demo", password=PASSWORD)
            elsewhere = Browser(self.server, "127.1.0.4").sign_in(account="demo", password=PASSWORD)
        self.assertEqual(links, [200] * LINKS)
        self.assertEqual(left, [204, 401])
        self.assertEqual((usual, elsewhere), (200, 200))
        self.assertIn(401, came)

    def test_an_account_that_changes_its_password_over_and_over_is_in_nobodys_way(self):
        self.server.add_account("evil")
        evil = self.signed_in("evil")
        self.assertEqual(evil.ask("PUT", "/api/v1/me/password", {"password": "evil password"}), 204)
        self.assertEqual(evil.sign_in(account="evil", password="evil password"), 200)
        body = {"current": "wrong horses", "password": "another horse"}
        with self.crowd([lambda: evil.ask("PUT", "/api/v1/me/password", body)] * CHANGERS) as came:
            links, left = self.honest()
        self.assertEqual(links, [200] * LINKS)
        self.assertEqual(left, [204, 401])
        self.assertLessEqual(came, {403, 429, 503})
        self.assertIn(403, came)

    def test_a_long_body_of_a_stranger_is_refused_by_its_head(self):
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.putrequest("POST", "/api/v1/session")
            line.putheader("Content-Type", "application/json")
            line.putheader("Content-Length", "2049")
            line.endheaders()  # and none of the body
            self.assertEqual(line.getresponse().status, 413)


if __name__ == "__main__":
    run_tests()
