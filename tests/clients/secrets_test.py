"""No answer, no line of the log, no entry of the audit and no file has a secret that a client sent in the wrong form or
the wrong place: tokens, cookies, passwords, links and secret keys, over HTTP, WebSockets and MQTT, and at the command
line.
"""
import base64
import json
import socket
import struct
import unittest
import urllib.parse

from dashboard_test import Browser
from mqtt_talk import V5, Mqtt
from raw_socket import TEXT, RawSocket, Refused
from server import PATIENCE_S, Server, cli, run_tests, told

SN = "R331TEST0000001"
PIECE = 8  # characters of a secret in a row that tell something of it
# What the server itself keeps, sealed or for its owner's eyes.
OWN_FILES = {"secret.key", "ready.json"}


def pieces(secret):
    return {secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1)}


class Sent:
    """What clients sent and got."""

    def __init__(self, server):
        self.server, self.answers, self.forms = server, [], 0

    def http(self, *lines, body=b""):
        """A request as these lines; the lines may be anything."""
        self.forms += 1
        head = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines)
        with socket.create_connection(self.server.place("http"), PATIENCE_S) as line:
            line.sendall(head + b"\r\n" + body)
            line.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := line.recv(65536):
                answer += piece
        if not answer.startswith(b"HTTP/1.1 ") or answer.startswith(b"HTTP/1.1 5"):
            raise AssertionError(f"{lines}: {answer}")
        self.answers.append(answer)

    def body(self, method, path, text, *headers):
        text = text.encode()
        self.http(
            f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
            f"Content-Length: {len(text)}", "Connection: close", *headers, body=text,
        )  # fmt: skip

    def get(self, path, *headers):
        self.http(f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers)


def in_http(sent, secret, cookie):
    """The places of a request where a secret can stand, and the forms in which it is none there."""
    own = f"Cookie: {cookie.split('=')[0]}={secret}"
    basic = base64.b64encode(f"anna:{secret}".encode()).decode()
    for header in (f"Authorization: Bearer {secret}", own, f"accessKey: {secret}", f"sign: {secret}"):
        sent.get("/api/v1/me", header)
        sent.get("/api/v1/me", header.encode() + b"\x01")
        sent.get("/api/v1/me", header.encode() + b"\r")
        sent.get("/api/v1/me", header.encode() + b"\nX: y")
        sent.get("/api/v1/me", " " + header)
        sent.get("/api/v1/me", header.replace(":", ""))
        sent.get("/api/v1/me", header.replace(":", " :"))
        sent.get("/api/v1/me", header, header)
        sent.get("/api/v1/me", header + "x" * 9000)
    for scheme in ("Basic", "Token", "bearer ", "Digest", ""):
        sent.get("/api/v1/me", f"Authorization: {scheme} {secret}")
    sent.get("/api/v1/me", f"Authorization: Basic {basic}")
    for name in ("Host", "Content-Length", "Transfer-Encoding", "Expect", "Content-Type", "Origin", "nonce",
                 "timestamp", "X-Gridloom-CSRF", "Upgrade", "User-Agent", secret):  # fmt: skip
        sent.http("POST /api/v1/session HTTP/1.1", f"{name}: {secret}", "Connection: close")
        sent.http("GET /iot-open/sign/device/list HTTP/1.1", f"{name}: {secret}", "Connection: close")
    for path in (f"/{secret}", f"/api/v1/{secret}", f"/api/v1/families/{secret}", f"/sign-in/{secret}",
                 f"/api/v1/devices/{secret}", f"/iot-open/{secret}", f"/api/v1/sessions/{secret}"):  # fmt: skip
        if secret.isalnum() and len(secret) > 16 or secret.startswith("glt_"):
            sent.get(path, f"Authorization: Bearer {sent.token}")
            sent.http(f"DELETE {path} HTTP/1.1", "Connection: close")
            sent.http(f"GET {path} x HTTP/1.1", "Connection: close")
    for query in (f"token={secret}", f"password={secret}", f"link={secret}"):
        sent.get(f"/api/v1/devices/{SN}/history?{query}", f"Authorization: Bearer {sent.token}")
        sent.get(f"/iot-open/sign/device/list?{query}", "accessKey: annas-own-access-key", "nonce: 1",
                 "timestamp: 1", f"sign: {'0' * 64}")  # fmt: skip
        sent.http(f"GET /?{query} with spaces HTTP/1.1", "Connection: close")
    sent.http(f"{secret} / HTTP/1.1")
    sent.http(f"GET / HTTP/{secret}")
    sent.http(f"GET {secret} HTTP/1.1")
    sent.http(secret)


def in_bodies(sent, secret, headers):
    text = json.dumps(secret)
    forms = ["[{}]", '{{"x":{}}}', "[[{}]]", "{} ", '{}{{"y":1}}', "{},{}", '{}"']
    for name in ("password", "link", "current", "account"):
        for form in forms if name != "account" else forms[:1]:
            if name == "account" and not sent.is_long(secret):
                continue
            value = form.replace("{}", text).replace("{{", "{").replace("}}", "}")
            rest = '"account":"anna",' if name == "password" else ""
            sent.body("POST", "/api/v1/session", f'{{{rest}"{name}":{value}}}')
            sent.body("PUT", "/api/v1/me/password", f'{{"{name}":{value}}}', *headers)
    escaped = json.dumps(secret[: len(secret) // 2] + "\x01" + secret[len(secret) // 2 :])
    raw = text[:-1] + "\x01" + '"'
    for value in (escaped, raw, text[:-1], text * 2, json.dumps(secret * 200)):
        sent.body("POST", "/api/v1/session", f'{{"link":{value}}}')
        sent.body("POST", "/api/v1/session", f'{{"account":"anna","password":{value}}}')
        sent.body("PUT", "/api/v1/me/password", f'{{"password":"short","current":{value}}}', *headers)
    for body in (text, f"[{text}]", secret, f"password={secret}", f'{{"password":{text},"password":{text}}}'):
        sent.body("POST", "/api/v1/session", body)
        sent.body("PUT", "/api/v1/me/password", body, *headers)
        sent.body("PUT", "/iot-open/sign/device/quota", body, "accessKey: annas-own-access-key", "nonce: 1",
                  "timestamp: 1", f"sign: {'0' * 64}")  # fmt: skip
    sent.body("PUT", "/api/v1/me/password", f'{{"current":{text},"password":{text}}}',
              "accessKey: annas-own-access-key", "nonce: 1", "timestamp: 1", f"sign: {'0' * 64}")  # fmt: skip


def in_web_sockets(sent, secret):
    for headers in ([("Authorization", f"Basic {secret}")], [("Authorization", f"Bearer {secret}")],
                    [("Cookie", f"gl-x={secret}")], [("Origin", f"http://{secret}")]):  # fmt: skip
        sent.forms += 1
        try:
            RawSocket(sent.server, "/api/v1/live", "gridloom.live.1", headers).close()
        except Refused as refused:
            sent.answers.append(refused.body.encode())
    if not sent.is_long(secret):
        return
    line = RawSocket(sent.server, "/api/v1/live", "gridloom.live.1", [("Authorization", f"Bearer {sent.token}")])
    for message in ({"t": secret}, {"t": "sub", "id": 1, "topic": secret}, {"t": "sub", "id": secret},
                    {"t": "sub", "id": 1, "topic": "device", "sn": secret},
                    {"t": "sub", "id": 1, "topic": "device", "sn": SN, "fields": {"token": secret}}):  # fmt: skip
        sent.forms += 1
        line.send(TEXT, json.dumps(message).encode())
        sent.answers.append(line.read()[1])
    line.close()


def in_mqtt(sent, secret):
    sent.forms += 4
    for user, password, client in ((SN, secret, "a"), ("anna", secret, "b"), ("gateway:anna", secret, "c"),
                                   (secret, "x", "d"), ("nobody", "x", secret)):  # fmt: skip
        if client == secret and not sent.is_long(secret):
            continue
        for version in (V5, 4):
            client_end = Mqtt(sent.server, user, password, client_id=client, version=version, door="mqtt")
            if client_end.connect() == 0:
                raise AssertionError(f"{user} signed in")
            client_end.close()
    # CONNECT packets that are none.
    words = secret.encode()
    good = b"\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01e\x00\x04anna" + struct.pack("!H", len(words)) + words
    for packet in (good + b"!", good[:-3], good.replace(b"MQTT", b"MQTX"), good.replace(b"anna", b"an\xff\x00"),
                   good.replace(b"\xc2", b"\xc3"), good.replace(b"\x00\x01e", b"\x00\xffe")):  # fmt: skip
        sent.forms += 1
        with socket.create_connection(sent.server.place("mqtt"), PATIENCE_S) as line:
            line.sendall(b"\x10" + bytes([len(packet)] if len(packet) < 128 else
                                         [len(packet) % 128 + 128, len(packet) // 128]) + packet)  # fmt: skip
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                sent.answers.append(piece)


class SecretsTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(demo=False)
        self.addCleanup(self.stop)
        self.key_file = self.server.data.parent / "secret.txt"
        self.key_file.write_text("aBcDeFgH1234567890ijklmnOPQRSTuv\n")
        told(self.server.cli("account", "add", "anna", "--access-key", "annas-own-access-key",
                             "--secret-key-file", str(self.key_file)))  # fmt: skip
        self.device_key = self.server.add_device(SN, "anna")

    def stop(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def link(self):
        answer = json.loads(self.server.cli("sign-in", "--json", "--account", "anna").stdout)
        return urllib.parse.urlsplit(answer["link"]).fragment.removeprefix("t=")

    def test_no_malformed_secret_is_shown(self):
        anna = self.server.api("annas-own-access-key", self.key_file.read_text().strip())
        browser = Browser(self.server)
        self.addCleanup(browser.connection.close)
        self.assertEqual(browser.sign_in(link=self.link()), 200)
        password = "hunter2-Hunter3-hunter4"
        sent = Sent(self.server)
        sent.is_long = lambda secret: len(secret) > 16 and secret.removeprefix("glt_").isalnum()
        sent.token = told(self.server.cli("token", "add", "test", "--account", "anna"))["token"]
        secrets = [
            told(self.server.cli("token", "add", "other", "--account", "anna"))["token"],
            browser.cookie.split("=")[1],
            self.link(),
            self.key_file.read_text().strip(),
            anna.certification()["certificatePassword"],
            self.device_key,
            password,
        ]
        headers = (f"Cookie: {browser.cookie}", f"X-Gridloom-CSRF: {browser.csrf}", f"Origin: http://{browser.host}")
        headers = (*headers, "Sec-Fetch-Site: same-origin")
        for secret in secrets:
            in_http(sent, secret, browser.cookie)
            # Its session's Origin is that of the page.
            in_bodies(sent, secret, [header for header in headers if not header.startswith("Origin")])
            in_web_sockets(sent, secret)
            if secret != self.device_key:
                in_mqtt(sent, secret)
        self.assertGreater(sent.forms, 20 * len(secrets))
        self.everything_is_clean(sent, secrets)

    def everything_is_clean(self, sent, secrets):
        audit = self.server.cli("audit", "--json", "--last", "100000").stdout
        self.assertIn("sign-in", audit)
        log = self.server.log.read_text(errors="replace")
        self.assertIn("request refused", log)
        self.stop()
        for secret in secrets:
            # A password's basic form as well.
            for form in (secret, base64.b64encode(f"anna:{secret}".encode()).decode()):
                parts = pieces(form.removeprefix("glt_"))
                for where, text in (("the log", log), ("the audit", audit)):
                    for line in text.splitlines():
                        self.assertFalse([part for part in parts if part in line], f"{where}: {line}")
                for answer in sent.answers:
                    text = answer.decode(errors="replace")
                    self.assertFalse([part for part in parts if part in text], text)
                for file in self.server.data.rglob("*"):
                    if file.is_file() and file.name not in OWN_FILES:
                        self.assertFalse(form.encode() in file.read_bytes(), f"{file} has {form}")

    def test_the_command_line_does_not_repeat_them(self):
        token = "glt_" + "aBcDeFgH1234567890ijklmnOPQRSTuvwxyz1234567"
        config = self.server.data.parent / "gridloom.conf"
        config.write_text(f'http = "127.0.0.1:0"\n{token} = "x"\n')
        for words in (["token", "remove", token], [token], ["account", "list", token], ["--config", str(config), "serve"],
                      ["sign-in", "--account", token], ["account", token],
                      ["login", "--secret-key=" + token], ["status", "--limit", token]):  # fmt: skip
            with self.subTest(words=words):
                answer = cli(*words, data=self.server.data if words[0] in ("token", "account", "sign-in") else None)
                self.assertNotEqual(answer.returncode, 0)
                said = answer.stdout + answer.stderr
                self.assertFalse([part for part in pieces(token[4:]) if part in said], said)


if __name__ == "__main__":
    run_tests()
