"""HTTP clients rely on these at /api/v1: compression, tags, one form of errors, names that are checked, and pages."""
import contextlib
import ctypes
import gzip
import http.client
import json
import socket

from mqtt_talk import await_reported
from server import DELTA_2, PATIENCE_S, TYPED_QUOTAS, ServerTest, run_tests, told

TAGGED = ("/api/v1/families", "/api/v1/families/delta_2", "/openapi.json", "/asyncapi.json")
COMPRESSED = ("/api/v1/home", "/api/v1/devices", f"/api/v1/devices/{DELTA_2}", *TAGGED)
HISTORY = f"/api/v1/devices/{DELTA_2}/history"
SERIES = f"{HISTORY}?fields=pd.soc,pd.wattsInSum&from=-1d&step=10s"


def unpacked_zstd(data):
    """By the library that the server itself is linked with: Python has none of its own yet."""
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]
    room = ctypes.create_string_buffer(64 * 1024 * 1024)
    size = library.ZSTD_decompress(room, len(room), data, len(data))
    if library.ZSTD_isError(size):
        raise AssertionError(f"no zstd frame: {data[:40]!r}")
    return room.raw[:size]


UNPACK = {None: bytes, "gzip": gzip.decompress, "zstd": unpacked_zstd}


class Protocol(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        await_reported(cls.server, cls.api, {DELTA_2: TYPED_QUOTAS[DELTA_2]})
        cls.token = told(cls.server.cli("token", "add", "test", "--account", "demo", "--scope", "control"))["token"]

    def ask(self, path, method="GET", body=None, token=None, version=11, **headers):
        """(status, headers, body as it came). Names of headers are written with _ for -."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token != "":
            headers["Authorization"] = f"Bearer {token or self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        line._http_vsn, line._http_vsn_str = version, f"HTTP/1.{version - 10}"
        with contextlib.closing(line):
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read()

    def data(self, path, **headers):
        status, _, body = self.ask(path, **headers)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def assert_error(self, answer, status, code):
        """One form of errors, whoever found it; its message."""
        got, headers, body = answer
        error = json.loads(body)
        self.assertEqual((got, list(error), error.get("code")), (status, ["code", "message"], code), body)
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["Content-Type"], "application/json")
        return error["message"]

    # --- compression ---
    def test_each_coding_has_the_same_in_it(self):
        for path in (*TAGGED, SERIES, SERIES + "&format=csv"):
            with self.subTest(path=path):
                _, headers, plain = self.ask(path)
                self.assertIsNone(headers["Content-Encoding"])
                self.assertEqual(headers["Vary"], "Accept-Encoding")
                for coding in ("gzip", "zstd"):
                    for version in (11, 10):
                        status, headers, packed = self.ask(path, version=version, Accept_Encoding=coding)
                        self.assertEqual((status, headers["Content-Encoding"]), (200, coding))
                        self.assertLess(len(packed), len(plain) / 2)
                        unpacked = UNPACK[coding](packed)
                        if path in TAGGED:
                            self.assertEqual(unpacked, plain)
                        else:  # virtual devices have reported meanwhile
                            self.assertEqual(unpacked[:20], plain[:20])
                            self.assertGreater(len(unpacked), len(plain) / 2)

    def test_what_is_of_the_moment_is_compressed_as_well(self):
        for path in COMPRESSED:
            for accepted, coding in (("gzip", "gzip"), ("gzip, deflate, br, zstd", "zstd"), ("br", None),
                                     ("gzip;q=0", None)):
                with self.subTest(path=path, accepted=accepted):
                    status, headers, body = self.ask(path, Accept_Encoding=accepted)
                    self.assertEqual((status, headers["Content-Encoding"]), (200, coding))
                    self.assertEqual(headers["Vary"], "Accept-Encoding")
                    self.assertIsInstance(json.loads(UNPACK[coding](body)), dict)

    def test_what_has_a_secret_never_is(self):
        administrator = told(self.server.cli("token", "add", "panel", "--scope", "admin"))["token"]
        for path, token in (("/api/v1/me", None), ("/api/v1/admin/operations", administrator)):
            status, headers, body = self.ask(path, token=token, Accept_Encoding="gzip, zstd")
            self.assertEqual((status, headers["Content-Encoding"]), (200, None), path)
            self.assertIsInstance(json.loads(body), dict)

    def test_the_vendors_interface_answers_as_ever(self):
        key = self.server.facts["accessKey"]
        status, headers, body = self.ask("/iot-open/sign/device/list", token="", accessKey=key, Accept_Encoding="gzip")
        self.assertEqual(status, 200)
        for name in ("Content-Encoding", "Vary", "Cache-Control", "ETag"):
            self.assertIsNone(headers[name], name)
        self.assertIn("eagleEyeTraceId", json.loads(body))

    # --- tags ---
    def test_what_a_client_has_is_not_sent_again(self):
        for path in TAGGED:
            with self.subTest(path=path):
                _, headers, _ = self.ask(path, Accept_Encoding="gzip")
                tag = headers["ETag"]
                self.assertIn("no-cache", headers["Cache-Control"])
                for accepted in ("identity", "gzip", "zstd"):
                    status, headers, body = self.ask(path, If_None_Match=tag, Accept_Encoding=accepted)
                    self.assertEqual((status, headers["ETag"], body), (304, tag, b""))
                self.assertEqual(self.ask(path, If_None_Match='"another"')[0], 200)

    def test_no_cache_keeps_anything_else(self):
        for path in ("/api/v1/me", "/api/v1/home", "/api/v1/devices", "/api/v1/events", SERIES):
            self.assertEqual(self.ask(path)[1]["Cache-Control"], "no-store", path)

    # --- errors ---
    def test_an_error_has_one_form_whoever_finds_it(self):
        commands = f"/api/v1/devices/{DELTA_2}/commands"
        self.assert_error(self.ask("/api/v1/nothing"), 404, "not_found")
        self.assertIn("takes GET", self.assert_error(self.ask("/api/v1/home", method="POST"), 405, "wrong_method"))
        self.assert_error(self.ask(commands, method="PATCH"), 405, "wrong_method")
        self.assert_error(self.ask("/api/v1/me", X="x" * 9000), 431, "header_too_large")
        answer = self.ask("/api/v1/live")
        self.assert_error(answer, 426, "upgrade_required")
        self.assertEqual(answer[1]["Upgrade"], "websocket")
        known = f"POST {commands} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.token}\r\n".encode()
        for bytes_sent, status, code in (
            (known + b"Content-Type: application/json\r\nContent-Length: 300000\r\n\r\n", 413, "body_too_large"),
            (b"GET /api/v1/me HTTP/3.0\r\n\r\n", 400, "malformed"),
            (b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nsign: a\r\nsign: a\r\n\r\n", 400, "malformed"),
            (b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417, "wrong_expectation"),
        ):
            with socket.create_connection(self.server.place("http"), PATIENCE_S) as line:
                line.sendall(bytes_sent)
                answer = http.client.HTTPResponse(line)
                answer.begin()
                self.assert_error((answer.status, answer.headers, answer.read()), status, code)

    def test_without_a_token_it_is_said_how_to_send_one(self):
        status, headers, _ = self.ask("/api/v1/me", token="")
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, 'Bearer realm="gridloom"'))
        status, headers, _ = self.ask("/api/v1/me", token="glt_wrong")
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, 'Bearer realm="gridloom", error="invalid_token"'))

    # --- names ---
    def test_a_name_that_is_not_known_is_refused(self):
        for path, said in (
            ("/api/v1/home?period=day", "period is no parameter of GET /api/v1/home"),
            (f"/api/v1/devices/{DELTA_2}/energy?perod=day", "did you mean period?"),
            (f"{HISTORY}?fields=pd.soc&agregate=max", "did you mean aggregate?"),
            (f"{HISTORY}?fields=pd.soc,pd.sok", "did you mean pd.soc"),
        ):
            with self.subTest(path=path):
                self.assertIn(said, self.assert_error(self.ask(path), 400, "bad_params"))
        said = self.assert_error(self.ask("/api/v1/session", "POST", {"lnk": "x"}, token=""), 400, "bad_params")
        self.assertIn("a name is no member of the body", said)
        declared = self.data(f"{HISTORY}?fields=pd.soc,pd.wattsInSum&from=-1h")
        self.assertEqual([row["field"] for row in declared["series"]], ["pd.soc", "pd.wattsInSum"])

    # --- pages ---
    def test_devices_come_in_pages(self):
        every = self.data("/api/v1/devices")
        self.assertNotIn("next", every)
        numbers = [row["sn"] for row in every["devices"]]
        for limit in (1, 4, len(numbers), 1000):
            found, after = [], ""
            while True:
                page = self.data(f"/api/v1/devices?limit={limit}{after}")
                self.assertLessEqual(len(page["devices"]), limit)
                found += page["devices"]
                if "next" not in page:
                    break
                after = f"&after={page['next']}"
            self.assertEqual([row["sn"] for row in found], numbers, limit)
        chosen = self.data("/api/v1/devices?family=delta_2")["devices"]
        self.assertEqual(chosen, [row for row in every["devices"] if row["family"] == "delta_2"])
        self.assertEqual([row["sn"] for row in self.data(f"/api/v1/devices?q={DELTA_2.lower()}")["devices"]], [DELTA_2])
        states = {row["sn"]: row["state"] for row in self.data("/api/v1/home")["devices"]}
        live = self.data("/api/v1/devices?state=live,quiet,offline,never")["devices"]
        self.assertEqual({row["sn"] for row in live}, set(states))
        self.assert_error(self.ask("/api/v1/devices?limit=0"), 400, "bad_params")
        self.assert_error(self.ask("/api/v1/devices?after=NONE"), 400, "bad_params")


if __name__ == "__main__":
    run_tests()
