"""The HTTP door as bytes: what clients other than well-behaved libraries send, over real sockets.

Answers are read strictly (exact Content-Length, nothing left over), so an answer too many shows.
"""
import json
import re
import socket

from mqtt_talk import await_reported
from server import (
    CERTIFICATION,
    DELTA_2,
    LIST,
    MAIN_SN,
    PATIENCE_S,
    POWER_STREAM,
    QUOTA,
    QUOTA_ALL,
    ServerTest,
    flatten,
    run_tests,
    signed_headers,
)


class Line:
    """A connection; `leftover` is what came behind the answers that were read."""

    def __init__(self, server):
        self.socket = socket.create_connection(server.place("http"), PATIENCE_S)
        self.leftover = b""

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        piece = self.socket.recv(65536)
        self.leftover += piece
        return bool(piece)

    def answer(self, head_only=False):
        """(status, headers, body) of the next answer; EOFError if there is none."""
        while b"\r\n\r\n" not in self.leftover:
            if not self._more():
                raise EOFError(f"closed after {self.leftover!r}")
        head, _, self.leftover = self.leftover.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", first).group(1))
        size = 0 if head_only or status == 100 else int(headers["content-length"])
        while len(self.leftover) < size:
            if not self._more():
                raise EOFError(f"closed within a body of {size}: {self.leftover!r}")
        body, self.leftover = self.leftover[:size], self.leftover[size:]
        return status, headers, body

    def closed(self):
        """Awaits the server's end of the connection; True if it said nothing more before."""
        try:
            while self._more():
                pass
        except ConnectionResetError:
            pass
        return self.leftover == b""

    def close(self):
        self.socket.close()


class HttpTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        await_reported(cls.server, cls.api, {DELTA_2: 160, POWER_STREAM: 121})

    def line(self):
        line = Line(self.server)
        self.addCleanup(line.close)
        return line

    def headers(self, params=(), **more):
        signed = signed_headers(self.api.access_key, self.api.secret_key, params)
        return "".join(f"{k}: {v}\r\n" for k, v in {"Host": "localhost", **signed, **more}.items())

    def request(self, method, target, query="", body=None, params=None, extra="", version="1.1"):
        """The bytes of a signed request; `params` are taken from the query or body if not given."""
        if params is None:
            pairs = [pair.split("=", 1) for pair in query.split("&") if pair]
            params = pairs if body is None else flatten(body)
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            extra += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        target += "?" + query if query else ""
        head = f"{method} {target} HTTP/{version}\r\n{self.headers(params)}{extra}\r\n"
        return head.encode() + data

    def ask(self, data):
        """The one answer to `data` on a connection of its own: (status, parsed body)."""
        line = self.line()
        line.send(data)
        status, headers, body = line.answer()
        self.assertEqual(headers["content-type"], "application/json")
        return status, json.loads(body)

    def good(self, data):
        status, answer = self.ask(data)
        self.assertEqual((status, answer["code"], answer["message"]), (200, "0", "Success"), answer)
        self.assert_envelope(answer)
        return answer.get("data")

    def assert_envelope(self, answer):
        self.assertRegex(answer["eagleEyeTraceId"], "^[0-9a-f]{32}$")
        self.assertEqual(answer["tid"], "")
        self.assertIsInstance(answer["code"], str)
        self.assertIsInstance(answer["message"], str)

    def assert_refused(self, data, status, ends=False):
        """One answer with `status` in the platform's envelope, and nothing behind it."""
        line = self.line()
        line.send(data)
        got, headers, body = line.answer()
        self.assertEqual(got, status, body)
        self.assertEqual(headers["content-type"], "application/json")
        answer = json.loads(body)
        self.assert_envelope(answer)
        self.assertEqual(answer["code"], str(status))
        if ends:
            self.assertEqual(headers["connection"], "close")
            self.assertTrue(line.closed(), f"more was answered: {line.leftover!r}")
        return headers

    # --- one connection, many requests ---

    def test_a_connection_stays_for_further_requests(self):
        line = self.line()
        for _ in range(3):
            line.send(self.request("GET", LIST))
            status, headers, _ = line.answer()
            self.assertEqual((status, headers["connection"]), (200, "keep-alive"))

    def test_three_pipelined_requests_are_answered_in_their_order(self):
        line = self.line()
        line.send(
            self.request("GET", MAIN_SN, f"sn={DELTA_2}")
            + self.request("GET", QUOTA_ALL, f"sn={POWER_STREAM}")
            + self.request("GET", CERTIFICATION)
        )
        answers = [json.loads(line.answer()[2])["data"] for _ in range(3)]
        self.assertEqual(answers[0], {"sn": DELTA_2})
        self.assertIn("20_1.permanentWatts", answers[1])
        self.assertIn("certificateAccount", answers[2])
        self.assertEqual(line.leftover, b"")

    def test_a_pipelined_read_sees_what_the_set_before_it_wrote(self):
        line = self.line()
        set_ = {
            "sn": POWER_STREAM,
            "cmdCode": "WN511_SET_BRIGHTNESS_PACK",
            "params": {"brightness": 77},
        }
        read = {"sn": POWER_STREAM, "params": {"quotas": ["20_1.invBrightness"]}}
        line.send(self.request("PUT", QUOTA, body=set_) + self.request("POST", QUOTA, body=read))
        self.assertEqual(json.loads(line.answer()[2])["code"], "0")
        self.assertEqual(json.loads(line.answer()[2])["data"], {"20_1.invBrightness": 77})

    def test_a_request_may_come_byte_by_byte(self):
        line = self.line()
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in self.request("GET", MAIN_SN, f"sn={DELTA_2}"):
            line.send(bytes([byte]))
        self.assertEqual(json.loads(line.answer()[2])["data"], {"sn": DELTA_2})

    def test_connection_close_ends_it(self):
        line = self.line()
        line.send(self.request("GET", LIST, extra="Connection: close\r\n"))
        status, headers, _ = line.answer()
        self.assertEqual((status, headers["connection"]), (200, "close"))
        self.assertTrue(line.closed())

    def test_http_1_0_ends_after_its_answer(self):
        line = self.line()
        line.send(self.request("GET", LIST, version="1.0"))
        self.assertEqual(line.answer()[0], 200)
        self.assertTrue(line.closed())

    def test_a_half_closed_connection_still_gets_its_answer(self):
        line = self.line()
        line.send(self.request("GET", MAIN_SN, f"sn={DELTA_2}"))
        line.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(json.loads(line.answer()[2])["data"], {"sn": DELTA_2})

    # --- forms that real clients use ---

    def test_head_has_the_headers_of_get_and_no_body(self):
        line = self.line()
        line.send(self.request("GET", CERTIFICATION))
        size = line.answer()[1]["content-length"]
        line.send(self.request("HEAD", CERTIFICATION))
        status, headers, _ = line.answer(head_only=True)
        self.assertEqual((status, headers["content-length"]), (200, size))
        line.send(self.request("GET", LIST))
        self.assertEqual(
            line.answer()[0], 200, "the next answer starts right behind HEAD's headers"
        )

    def test_get_may_carry_a_signed_body(self):
        body = {"sn": DELTA_2, "params": {"quotas": ["pd.soc"]}}
        self.assertEqual(list(self.good(self.request("GET", QUOTA, body=body))), ["pd.soc"])

    def test_get_may_carry_an_unsigned_query_beside_its_json_type(self):
        # Content-Type without a body: nothing is signed, sn is still read (quirk 2).
        request = self.request(
            "GET",
            QUOTA_ALL,
            f"sn={DELTA_2}",
            params=(),
            extra="Content-Type: application/json;charset=UTF-8\r\n",
        )
        self.assertGreater(len(self.good(request)), 159)

    def test_post_may_carry_everything_in_the_query(self):
        query = f"params.quotas[0]=pd.soc&params.quotas[1]=inv.cfgAcOutVol&sn={DELTA_2}"
        self.assertEqual(
            set(self.good(self.request("POST", QUOTA, query))), {"pd.soc", "inv.cfgAcOutVol"}
        )
        request = self.request("POST", QUOTA, query, extra="Content-Length: 0\r\n")
        self.assertEqual(set(self.good(request)), {"pd.soc", "inv.cfgAcOutVol"})

    def test_put_may_repeat_the_sn_in_its_query(self):
        body = {
            "sn": POWER_STREAM,
            "cmdCode": "WN511_SET_BRIGHTNESS_PACK",
            "params": {"brightness": 5},
        }
        self.good(self.request("PUT", QUOTA, f"sn={POWER_STREAM}", body=body))

    def test_a_lone_question_mark_is_no_query(self):
        self.good(self.request("GET", LIST + "?"))

    def test_a_body_may_come_in_chunks(self):
        body = {"sn": DELTA_2, "params": {"quotas": ["pd.soc"]}}
        data = json.dumps(body).encode()
        head = self.request(
            "POST",
            QUOTA,
            params=flatten(body),
            extra="Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
        )
        pieces = [data[:1], data[1:30], data[30:]]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        self.assertEqual(list(self.good(head + chunks + b"0\r\n\r\n")), ["pd.soc"])
        named = b"".join(b"%X;name=value\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        self.assertEqual(
            list(self.good(head + named + b"0\r\nTrailer: x\r\n\r\n")),
            ["pd.soc"],
            "extensions and trailers are allowed and mean nothing",
        )

    def test_a_request_that_expects_100_is_told_to_continue_before_its_body(self):
        body = {"sn": DELTA_2, "params": {"quotas": ["pd.soc"]}}
        whole = self.request("POST", QUOTA, body=body, extra="Expect: 100-continue\r\n")
        head, _, data = whole.partition(b"\r\n\r\n")
        line = self.line()
        line.send(head + b"\r\n\r\n")
        self.assertEqual(line.answer()[0], 100)
        line.send(data)
        status, _, answer = line.answer()
        self.assertEqual((status, list(json.loads(answer)["data"])), (200, ["pd.soc"]))

    def test_a_doubled_slash_is_the_same_path(self):
        for path in ("/" + LIST, "//" + CERTIFICATION):
            with self.subTest(path=path):
                self.good(self.request("GET", path))
        self.assertEqual(
            self.good(self.request("GET", "/" + MAIN_SN, f"sn={DELTA_2}")), {"sn": DELTA_2}
        )

    def test_a_target_may_be_absolute(self):
        for start in ("http://localhost", "http://api.example.test:8080", "HTTP://localhost"):
            with self.subTest(start=start):
                self.good(self.request("GET", start + LIST))

    def test_header_names_have_any_case(self):
        for change in (str.lower, str.upper, str.title):
            lines = self.request("GET", LIST).decode().split("\r\n")
            changed = [
                change(l.split(": ")[0]) + ": " + l.split(": ")[1] if ": " in l else l
                for l in lines
            ]
            with self.subTest(headers=changed[1:]):
                self.good("\r\n".join(changed).encode())

    def test_header_values_may_have_spaces_around_them(self):
        lines = self.request("GET", LIST).decode().split("\r\n")
        spaced = [l.replace(": ", ":  \t", 1) + " \t" if ": " in l else l for l in lines]
        self.good("\r\n".join(spaced).encode())

    def test_certification_names_the_host_that_the_request_came_to(self):
        for host, named in (
            ("energy.example.test:8080", "energy.example.test"),
            ("energy.example.test", "energy.example.test"),
            ("10.1.2.3:1", "10.1.2.3"),
        ):
            with self.subTest(host=host):
                request = self.request("GET", CERTIFICATION).replace(
                    b"Host: localhost", b"Host: " + host.encode()
                )
                data = self.good(request)
                self.assertEqual(data["url"], named)
        self.assertEqual(data["port"], str(self.server.place("mqtts")[1]))
        self.assertEqual(data["protocol"], "mqtts")
        self.assertRegex(data["certificateAccount"], "^open-[0-9a-f]{32}$")

    # --- what is refused ---

    def test_an_unknown_path_is_404(self):
        for path in (
            "/nothing",
            "/iot-open",
            LIST + "/",
            LIST + "x",
            "/iot-open/sign/../sign/device/list",
            "*",
        ):
            with self.subTest(path=path):
                self.assert_refused(self.request("GET", path), 404)

    def test_a_known_path_with_another_method_is_405(self):
        for method, path in (
            ("DELETE", LIST),
            ("PUT", LIST),
            ("POST", CERTIFICATION),
            ("PATCH", QUOTA),
            ("BREW", QUOTA_ALL),
        ):
            with self.subTest(method=method, path=path):
                headers = self.assert_refused(self.request(method, path), 405)
                self.assertIn("get", headers["allow"])

    def test_what_is_not_http_is_400_and_the_end(self):
        for data in (
            b"HELO\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"\x10\x10\x00\x04MQTT",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        ):
            with self.subTest(data=data):
                self.assert_refused(data, 400, ends=True)

    def test_a_body_over_256_kb_is_413_and_the_end(self):
        head = self.request("POST", QUOTA, params=(), extra="Content-Type: application/json\r\n")
        limit = 256 * 1024
        with self.subTest(form="Content-Length"):
            self.assert_refused(
                head[:-2] + b"Content-Length: %d\r\n\r\n" % (limit + 1), 413, ends=True
            )
        with self.subTest(form="Content-Length beyond any number"):
            self.assert_refused(
                head[:-2] + b"Content-Length: 18446744073709551615\r\n\r\n", 413, ends=True
            )
        with self.subTest(form="chunks"):
            self.assert_refused(
                head[:-2] + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (limit + 1),
                413,
                ends=True,
            )

    def test_a_body_of_256_kb_is_read(self):
        body = b"x" * (256 * 1024)
        request = self.request("GET", LIST, extra=f"Content-Length: {len(body)}\r\n")
        self.good(request + body)

    def test_headers_over_8_kb_are_431_and_the_end(self):
        with self.subTest(what="a header"):
            self.assert_refused(
                self.request("GET", LIST, extra=f"X-Long: {'x' * 9000}\r\n"), 431, ends=True
            )
        with self.subTest(what="a target"):
            self.assert_refused(self.request("GET", LIST, "a=" + "x" * 9000), 431, ends=True)
        with self.subTest(what="headers that do not end"):
            self.assert_refused(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 9000, 431, ends=True)

    def test_headers_of_7_kb_are_read(self):
        self.good(self.request("GET", LIST, extra=f"X-Long: {'x' * 7000}\r\n"))

    def test_a_header_that_stands_twice_is_400(self):
        for name in ("accessKey", "sign", "nonce", "timestamp"):
            with self.subTest(name=name):
                self.assert_refused(self.request("GET", LIST, extra=f"{name.upper()}: 1\r\n"), 400)

    def test_an_ambiguous_end_of_a_body_is_400_and_the_end(self):
        # Behind each stands a request that must not be answered: whoever reads the body's length
        # otherwise would take it for one.
        smuggled = self.request("GET", LIST)
        forms = {
            "length and chunks": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "chunks and length": "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            "two lengths": "Content-Length: 0\r\nContent-Length: 4\r\n",
            "the same length twice": "Content-Length: 0\r\nContent-Length: 0\r\n",
            "a list of lengths": "Content-Length: 0, 4\r\n",
            "a length with a sign": "Content-Length: +0\r\n",
            "a negative length": "Content-Length: -1\r\n",
            "a hexadecimal length": "Content-Length: 0x0\r\n",
            "no length": "Content-Length: \r\n",
            "a space before the colon": "Content-Length : 0\r\n",
            "an unknown coding": "Transfer-Encoding: gzip\r\n",
            "chunks that are not the last coding": "Transfer-Encoding: chunked, identity\r\n",
            "chunked twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "a coding that looks like chunked": "Transfer-Encoding: xchunked\r\n",
            "a folded coding": "Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n",
        }
        for name, extra in forms.items():
            with self.subTest(form=name):
                self.assert_refused(
                    self.request("POST", QUOTA, params=(), extra=extra) + b"0\r\n\r\n" + smuggled,
                    400,
                    ends=True,
                )

    def test_a_coding_that_the_server_does_not_know_is_501_or_400(self):
        line = self.line()
        line.send(
            self.request("POST", QUOTA, params=(), extra="Transfer-Encoding: gzip, chunked\r\n")
            + b"0\r\n\r\n"
        )
        status, headers, _ = line.answer()
        self.assertIn(status, (400, 501), "the body is gzip's, whoever signed it")
        self.assertEqual(headers["connection"], "close")

    def test_a_broken_chunk_is_400_and_the_end(self):
        head = self.request(
            "POST",
            QUOTA,
            params=(),
            extra="Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
        )
        for chunk in (
            b"zz\r\n\r\n",
            b"-1\r\n\r\n",
            b"2\r\nabc\r\n0\r\n\r\n",
            b"fffffffffffffffff\r\n\r\n",
        ):
            with self.subTest(chunk=chunk):
                self.assert_refused(head + chunk, 400, ends=True)

    # --- what is HTTP, and wrong: 200 with the platform's codes ---

    def test_wrong_requests_are_answered_200_with_a_code(self):
        no_json = (
            self.request(
                "POST",
                QUOTA,
                params=(),
                extra="Content-Type: application/json\r\nContent-Length: 1\r\n",
            )
            + b"{"
        )
        cases = {
            "8513": f"GET {LIST} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
            "8521": self.request("GET", QUOTA_ALL, f"sn={DELTA_2}", params=()),
            "8512": self.request("GET", QUOTA_ALL, "sn=R331NOTMINE00000"),
            "1008": self.request("POST", QUOTA, body={"sn": DELTA_2}),
        }
        for code, data in cases.items():
            with self.subTest(code=code):
                status, answer = self.ask(data)
                self.assertEqual((status, answer["code"]), (200, code))
                self.assert_envelope(answer)
        with self.subTest(what="a body that is no JSON"):
            status, answer = self.ask(no_json)
            self.assertEqual(status, 200)
            self.assertIn(answer["code"], ("1008", "8521"))

    def test_health_and_metrics_need_no_signature(self):
        for path in ("/healthz", "/metrics"):
            line = self.line()
            line.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            status, _, body = line.answer()
            self.assertEqual(status, 200, path)
            self.assertTrue(body, path)


if __name__ == "__main__":
    run_tests()
