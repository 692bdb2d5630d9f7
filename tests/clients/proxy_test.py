"""Behind a reverse proxy: whose address and scheme a request has, and what that protects.

The proxy is one of ours which sets the headers that the nginx example of docs/user/getting-started.md sets. The test
stands in front of it as another trusted proxy that names the client, or connects from an address of its own.
"""
import contextlib
import http.client
import json
import pathlib
import re
import socket
import socketserver
import threading
import unittest

from raw_socket import TEXT, RawSocket
from server import DELTA_2, GRIDLOOM, LIST, PATIENCE_S, Server, ServerTest, cli, run_tests, signed_headers, temporary_folder

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs/user/getting-started.md"
HOST = "energy.example.org"
CLIENT, OTHER = "198.51.100.7", "203.0.113.9"
STRANGER = "127.0.0.9"  # connects from there; no trusted proxy's
FEW = 3  # failures that an address may have in a minute


def documented_headers():
    """(name, value with nginx's variables) of each header that the example sets."""
    block = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(), re.S)[1]
    return re.findall(r"proxy_set_header (\S+) (\S+);", block)


class Handler(socketserver.BaseRequestHandler):
    """One request a connection, or a WebSocket; bytes are passed on as they come."""

    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(65536)
            if not piece:
                return
            head += piece
        head, _, rest = head.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        asked = {name.lower(): value for name, value in headers}
        forwarded = ", ".join([v for n, v in headers if n.lower() == "x-forwarded-for"] + [self.client_address[0]])
        upgrade = asked.get("upgrade", "")
        values = {"$http_host": asked["host"], "$proxy_add_x_forwarded_for": forwarded, "$scheme": self.server.scheme,
                  "$http_upgrade": upgrade, "$connection_upgrade": "upgrade" if upgrade else "close"}
        ours = [(name, values[value]) for name, value in documented_headers()]
        names = {name.lower() for name, _ in ours}
        kept = [(name, value) for name, value in headers if name.lower() not in names]
        text = "".join(f"{name}: {value}\r\n" for name, value in kept + ours if value)
        with socket.create_connection(self.server.upstream, PATIENCE_S) as upstream:
            upstream.sendall(f"{first}\r\n{text}\r\n".encode("latin-1") + rest)
            back = threading.Thread(target=self.pipe, args=(upstream, self.request))
            back.start()
            self.pipe(self.request, upstream)
            back.join(PATIENCE_S)

    @staticmethod
    def pipe(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, upstream, scheme="https"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.scheme = upstream, scheme
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def place(self, _door):
        return self.server_address


class ProxyTest(ServerTest):
    flags = ("--trusted-proxy", "127.0.0.1", "--replay-check", "on", "--public-host", HOST,
             "--limit", f"listener.failures-per-minute={FEW}")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = cls.start_proxy(cls.server)

    @classmethod
    def start_proxy(cls, server, **how):
        proxy = Proxy(server.place("http"), **how)
        cls.addClassCleanup(proxy.server_close)
        cls.addClassCleanup(proxy.shutdown)
        return proxy

    def ask(self, method, path, body=None, headers=(), client=None, source="127.0.0.1", place=None):
        """Through the proxy, as asked by `client` through another one; (status, answer, the answer's headers)."""
        sent = {"Host": HOST, "Origin": f"https://{HOST}", **dict(headers)}
        if client:
            sent["X-Forwarded-For"] = client
        if body is not None:
            sent["Content-Type"] = "application/json"
        line = http.client.HTTPConnection(*(place or self.proxy.place("http")), timeout=PATIENCE_S,
                                          source_address=(source, 0))
        with contextlib.closing(line):
            line.request(method, path, body=None if body is None else json.dumps(body), headers=sent)
            answer = line.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data else None, answer

    def link(self):
        return json.loads(self.server.cli("sign-in", "--json").stdout)["link"].split("#t=")[1]

    def sign_in(self, **how):
        status, facts, answer = self.ask("POST", "/api/v1/session", {"link": self.link()}, **how)
        self.assertEqual(status, 200, facts)
        return answer.getheader("Set-Cookie"), facts["csrf"]

    def spend(self, **how):
        """Wrong tokens until the address has no more failures; how many there were."""
        for tried in range(100 * FEW):
            status, _, _ = self.ask("GET", "/api/v1/me", headers={"Authorization": "Bearer wrong"}, **how)
            if status == 429:
                return tried
            self.assertEqual(status, 401)
        self.fail("wrong tokens without end")

    def test_a_client_that_fails_locks_out_itself_alone(self):
        self.assertEqual(self.spend(client=CLIENT), FEW)
        self.assertEqual(self.ask("POST", "/api/v1/session", {"link": self.link()}, client=CLIENT)[0], 429)
        self.sign_in(client=OTHER)
        self.assertIn(f"from {CLIENT}", self.server.log_text())

    def test_what_the_client_writes_in_front_of_its_address_changes_nothing(self):
        client = "198.51.100.50"
        for tried in range(FEW):
            status, _, _ = self.ask("GET", "/api/v1/me", headers={"Authorization": "Bearer wrong"},
                                    client=f"203.0.113.{tried}, unknown, {client}")
            self.assertEqual(status, 401)
        self.assertEqual(self.spend(client=client), 0)

    def test_an_ipv6_network_is_one_client(self):
        self.assertEqual(self.spend(client="2001:db8::1"), FEW)
        self.assertEqual(self.spend(client="[2001:db8::2]:443"), 0)
        self.assertEqual(self.spend(client="2001:db8:0:1::1"), FEW)

    def test_from_anybody_else_the_headers_are_ignored(self):
        direct = {"place": self.server.place("http"), "source": STRANGER}
        headers = {"X-Forwarded-Proto": "https"}
        cookie, _ = self.sign_in(client=CLIENT, headers=headers, **direct)
        self.assertNotIn("Secure", cookie)
        tried = 0
        while self.ask("GET", "/api/v1/me", headers={"Authorization": "Bearer wrong"}, client=f"192.0.2.{tried % 250}",
                       **direct)[0] != 429:
            tried += 1
            self.assertLess(tried, 100 * FEW)

    def test_the_clients_scheme_decides_about_the_cookie(self):
        cookie, _ = self.sign_in(client="192.0.2.77")
        self.assertTrue(cookie.startswith("__Host-gl-"), cookie)
        self.assertTrue(cookie.endswith("; Secure"), cookie)
        plain = self.start_proxy(self.server, scheme="http")
        cookie, _ = self.sign_in(client="192.0.2.77", place=plain.place("http"), headers={"Origin": f"http://{HOST}"})
        self.assertTrue(cookie.startswith("gl-"), cookie)
        self.assertNotIn("Secure", cookie)

    def test_the_page_works_behind_a_proxy_with_a_password_of_its_own(self):
        basic = {"Authorization": "Basic dTpw"}
        cookie, csrf = self.sign_in(client="192.0.2.78", headers=basic)
        headers = {**basic, "Cookie": cookie.split(";")[0], "X-Gridloom-CSRF": csrf}
        self.assertEqual(self.ask("GET", "/api/v1/me", headers=headers)[1]["account"], "demo")
        self.assertEqual(self.ask("DELETE", "/api/v1/sessions/999", headers=headers)[0], 404)

    def test_the_live_stream_passes_through(self):
        cookie, _ = self.sign_in(client="192.0.2.79")
        line = RawSocket(self.proxy, "/api/v1/live", "gridloom.live.1",
                         [("X-Forwarded-For", "192.0.2.79"), ("Cookie", cookie.split(";")[0]),
                          ("Origin", "https://" + ":".join(map(str, self.proxy.place("http"))))])
        self.addCleanup(line.close)
        line.send(TEXT, b'{"t":"hello"}')
        opcode, payload = line.read()
        self.assertEqual((opcode, json.loads(payload)["t"]), (TEXT, "welcome"))

    def test_a_signature_needs_the_path(self):
        path = "/api/v1/devices"
        for also, status in (((), 401), (("method=GET", f"path={path}"), 200)):
            headers = signed_headers(self.api.access_key, self.api.secret_key, also=also)
            got, answer, _ = self.ask("GET", path, headers=headers, client="192.0.2.80")
            code = answer.get("code")
            self.assertEqual((got, code), (200, "0" if status == 200 else "8521"), answer)

    def test_an_address_that_is_none_counts_for_the_proxy_and_is_in_the_log(self):
        with Server("--trusted-proxy", "127.0.0.1") as server:
            headers = signed_headers(server.facts["accessKey"], server.facts["secretKey"])
            for _ in range(3):
                place = server.place("http")
                got, answer, _ = self.ask("GET", LIST, headers=headers, client="garbage", place=place)
                self.assertEqual((got, answer["code"]), (200, "0"))
            said = [line for line in server.log_text().splitlines() if "X-Forwarded-For" in line]
            self.assertEqual(len(said), 1, said)
            self.assertIn("a request from the trusted proxy 127.0.0.1", said[0])
            self.assertNotIn("garbage", server.log_text())

    def test_the_configuration_file_may_name_several(self):
        folder = temporary_folder()
        config = folder / "gridloom.conf"
        config.write_text('trusted-proxy = ["10.0.0.0/8", "127.0.0.1"]\n'
                          f'limit = ["listener.failures-per-minute={FEW}"]\n')
        with Server("--config", config) as server:
            place = server.place("http")
            self.assertEqual(self.spend(client=f"{CLIENT}, 10.1.2.3", place=place), FEW)
            self.assertEqual(self.spend(client=f"{OTHER}, 10.1.2.3", place=place), FEW)

    def test_a_wrong_network_is_named(self):
        for wrong in ("10.0.0.0/33", "proxy.example.org", ""):
            result = cli("serve", "--trusted-proxy", wrong, data=temporary_folder() / "data")
            self.assertEqual(result.returncode, 2, result)
            self.assertIn(f'--trusted-proxy: "{wrong}" is no network', result.stderr)


if __name__ == "__main__":
    run_tests()
