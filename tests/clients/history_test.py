"""What devices reported, read back: over HTTP raw, in steps, as CSV and in pieces, by the command line,
after a stop and after a kill. The examples of docs/user/history.md are asked here too.
"""
import csv
import datetime
import http.client
import io
import json
import pathlib
import re
import signal
import socket
import time
import unittest

from mqtt_talk import DeviceClient
from server import PATIENCE_S, Server, cli, run_tests, signed_headers, temporary_folder, told

SN = "ZZ98HISTORY1"
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "user" / "history.md"
HISTORY = f"/api/v1/devices/{SN}/history"
MINUTE_MS = 60_000


class HistoryTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(demo=False)
        self.addCleanup(self.stop)
        self.ann = self.server.add_account("ann")
        self.api = self.ann["api"]
        self.key = self.server.add_device(SN, "ann")
        # Full minutes of the hour before, so that reports are neither too old nor too new.
        self.start = (time.time_ns() // 1_000_000 // MINUTE_MS - 60) * MINUTE_MS

    def stop(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def report(self, *reports):
        """Each (ms after the start, values), acknowledged."""
        with DeviceClient(self.server, SN, self.key) as device:
            for after, values in reports:
                device.report(values, timestamp=self.start + after)

    def report_usual(self):
        self.report(
            *(
                (i * 10_000, {"soc": 50 + i, "power": -12.5 * i, "mode": "auto" if i else "off"})
                for i in range(12)
            )
        )

    def answer(self, api=None, method="GET", path=HISTORY, version=11, **query):
        """(status, headers, text), whatever the answer is."""
        api = api or self.api
        text = "&".join(f"{name}={value}" for name, value in query.items())
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        line._http_vsn, line._http_vsn_str = version, f"HTTP/{version / 10}"
        self.addCleanup(line.close)
        line.request(
            method,
            f"{path}?{text}",
            headers=signed_headers(api.access_key, api.secret_key, query.items()),
        )
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def history(self, **query):
        query = {"from": self.start, "to": self.start + 10 * MINUTE_MS, **query}
        status, _, text = self.answer(**query)
        answer = json.loads(text)
        self.assertEqual((status, answer["code"], answer["message"]), (200, "0", "Success"), text)
        self.assertRegex(answer["eagleEyeTraceId"], r"^[0-9a-f]{32}$")
        return answer["data"]

    def refusal(self, **query):
        status, headers, text = self.answer(**{"fields": "soc", **query})
        self.assertEqual(status, 200)
        answer = json.loads(text)
        self.assertNotIn("data", answer)
        return answer["code"], answer["message"]

    def points(self, **query):
        return {row["field"]: row["points"] for row in self.history(**query)["series"]}

    def check_all(self):
        start = self.start
        self.assertEqual(
            self.points(fields="soc,mode"),
            {
                "soc": [[start + i * 10_000, 50 + i] for i in range(12)],
                "mode": [[start + i * 10_000, "auto" if i else "off"] for i in range(12)],
            },
        )
        mean = self.history(fields="*", step="1m", to=start + 3 * MINUTE_MS)
        self.assertEqual((mean["sn"], mean["from"], mean["step"]), (SN, start, MINUTE_MS))
        rows = {row["field"]: row["points"] for row in mean["series"]}
        self.assertEqual(set(rows), {"soc", "power", "mode"})
        self.assertEqual(
            rows["soc"],
            [[start, 52.5], [start + MINUTE_MS, 58.5], [start + 2 * MINUTE_MS, None]],
        )
        self.assertEqual(rows["mode"], [[start + i * MINUTE_MS, None] for i in range(3)])
        for aggregate, value in (
            ("min", 50),
            ("max", 55),
            ("sum", 315),
            ("count", 6),
            ("last", 55),
            ("integral", sum(range(50, 56)) * 10 / 3600),
        ):
            got = self.points(fields="soc", step="1m", aggregate=aggregate)["soc"][0][1]
            self.assertAlmostEqual(got, value, places=9, msg=aggregate)
        last = self.points(fields="mode", step="1m", aggregate="last")["mode"]
        self.assertEqual(last[1], [start + MINUTE_MS, "auto"])
        self.assertEqual(len(self.points(fields="soc", points="5")["soc"]), 5)

    # --- the tests ---

    def test_what_was_reported_is_there_also_after_a_stop_and_a_kill(self):
        self.report_usual()
        self.check_all()
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how=how):
                self.server.restart(how)
                self.check_all()

    def test_csv_has_a_row_a_time(self):
        self.report((0, {"a": 1, "b": 'x,"y"'}), (1500, {"a": 2.5}), (2000, {"b": [1, "z"]}))
        _, headers, text = self.answer(
            fields="a,b", format="csv", **{"from": self.start, "to": self.start + MINUTE_MS}
        )
        self.assertEqual(headers["Content-Type"], "text/csv; charset=utf-8")
        first = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.start / 1000))
        rows = list(csv.reader(io.StringIO(text, newline="")))
        self.assertEqual(rows[0], ["time", "a", "b", "local_time"])
        self.assertEqual(rows[1][:3], [first + "Z", "1", 'x,"y"'])
        self.assertEqual(datetime.datetime.fromisoformat(rows[1][3]).timestamp(), self.start // 1000)
        self.assertEqual(rows[2][:3], [first[:-2] + "01.500Z", "2.5", ""])
        self.assertEqual(rows[3][1:3], ["", '[1,"z"]'])
        self.assertTrue(text.endswith("\r\n"))

    def test_who_may_read_is_who_may_read_the_device(self):
        self.report_usual()
        ben = self.server.add_account("ben")["api"]
        self.assertEqual(self.refusal(api=ben)[0], "8512")
        self.assertEqual(self.refusal(path="/api/v1/devices/ZZ98NOBODY/history")[0], "8512")
        self.server.cli("device", "share", SN, "ben", "monitor")
        self.assertEqual(json.loads(self.answer(api=ben, fields="soc")[2])["code"], "0")
        wrong = type(self.api)("http://unused", self.api.access_key, "wrong")
        self.assertEqual(self.refusal(api=wrong)[0], "8521")

    def test_what_is_wrong_is_named(self):
        self.report_usual()
        for query, said in (
            ({"fields": "a..*.b"}, "fields is"),
            ({"fields": "soc,powr"}, f"fields is powr: {SN} has not reported such a field; did you mean power"),
            ({"from": "lately"}, 'from is "lately"'),
            ({"to": "0"}, "behind from"),
            ({"step": "36h"}, 'step is "36h"'),
            ({"step": "1h", "aggregate": "median"}, 'aggregate is "median"'),
            ({"format": "xml"}, 'format is "xml"'),
            ({"points": "2"}, 'points is "2"'),
            ({"agregate": "mean"}, "agregate is no parameter"),
            ({"from": "-4w", "step": "1s"}, "a step of 5s would be valid"),
        ):
            with self.subTest(query=query):
                code, message = self.refusal(**query)
                self.assertEqual(code, "1008")
                self.assertIn(said, message)
        self.assertIn("fields is missing", json.loads(self.answer()[2])["message"])
        status, headers, _ = self.answer(method="POST", fields="soc")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))

    def test_a_long_answer_comes_in_pieces(self):
        self.report_usual()
        query = {
            "fields": "soc,power",
            "step": "1s",
            "aggregate": "last",
            "from": self.start,
            "to": self.start + 5 * 3600_000,
        }
        _, headers, whole = self.answer(**query)
        self.assertEqual(headers["Transfer-Encoding"], "chunked")
        series = json.loads(whole)["data"]["series"]
        self.assertEqual([len(row["points"]) for row in series], [18_000] * 2)
        _, headers, old = self.answer(version=10, **query)
        self.assertEqual((headers["Connection"], headers["Transfer-Encoding"]), ("close", None))
        self.assertEqual(json.loads(old)["data"], json.loads(whole)["data"])
        status, headers, none = self.answer(method="HEAD", **query)
        self.assertEqual((status, headers["Transfer-Encoding"], none), (200, "chunked", ""))
        _, headers, none = self.answer(method="HEAD", fields="soc")
        self.assertEqual(none, "")
        self.assertGreater(int(headers["Content-Length"]), 100)

    def test_who_does_not_read_holds_nobody_up(self):
        self.report_usual()
        query = {"fields": "soc", "step": "1s", "from": self.start, "to": self.start + 86_400_000}
        idle = []
        for _ in range(12):  # many more than threads that read
            line = socket.create_connection(self.server.place("http"), PATIENCE_S)
            self.addCleanup(line.close)
            headers = signed_headers(self.api.access_key, self.api.secret_key, query.items())
            text = "&".join(f"{name}={value}" for name, value in query.items())
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            line.sendall(f"GET {HISTORY}?{text} HTTP/1.1\r\n{head}\r\n".encode())
            self.assertIn(b" 200 OK", line.recv(15))
            idle.append(line)
        self.check_all()

    def test_the_command_line_draws_and_writes_it(self):
        self.report_usual()
        begin, end = self.start, self.start + 3 * MINUTE_MS
        flags = ("history", SN, "soc", "--from", begin, "--to", end, "--step", "1m")
        text = self.server.cli(*flags, "--csv").stdout
        first = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin / 1000))
        self.assertEqual(text.splitlines()[0], "time,soc,local_time")
        self.assertTrue(text.splitlines()[1].startswith(f"{first},52.5,"), text)
        drawn = self.server.cli(*flags)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        lines = drawn.stdout.splitlines()
        self.assertRegex(lines[0], r"^soc, .* to .*, mean of each 1m$")
        self.assertEqual(lines[1:5], ["58.5 ┤ █ ", "     │ █ ", "     │ █ ", "52.5 ┤▁█ "])
        self.assertEqual(lines[6], "min 52.5  mean 55.5  max 58.5")
        self.assertEqual([line.split()[1] for line in lines[7:]], ["52.5", "58.5"])
        spark = self.server.cli(*flags, "--format", "spark").stdout.splitlines()
        self.assertEqual(spark, [lines[0], "▁█ ", lines[6]])
        as_json = json.loads(self.server.cli(*flags, "--format", "json").stdout)
        self.assertEqual(as_json["series"][0]["points"][0], [begin, 52.5])
        # By itself it takes a step of which there are about sixty.
        self.assertRegex(self.server.cli("history", SN, "soc").stdout, "mean of each 30m")
        self.server.stop()
        self.assertEqual(cli(*flags, data=self.server.data).stdout, drawn.stdout)

    def test_the_command_line_writes_a_long_answer_as_http_does(self):
        self.report_usual()
        end = self.start + 24 * 3600_000
        query = {"fields": "soc,mode", "step": "1s", "aggregate": "last"}
        span = {"from": self.start, "to": end}
        flags = ("history", SN, "soc,mode", "--from", self.start, "--to", end)
        flags += ("--step", "1s", "--aggregate", "last")
        written = self.server.cli(*flags, "--csv")
        self.assertEqual(written.returncode, 0, written.stderr)
        rows = written.stdout.splitlines()
        self.assertEqual(len(rows), 1 + 24 * 3600)
        _, _, text = self.answer(format="csv", **query, **span)
        self.assertEqual(rows, text.splitlines())
        as_json = json.loads(self.server.cli(*flags, "--format", "json").stdout)
        self.assertEqual(as_json, self.history(**query, **span))
        # A client that reads only the beginning: the next one is not held up.
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE_S)
        line.connect(str(self.server.data / "admin.sock"))
        request = {"op": "history", "sn": SN, "format": "csv", **query}
        request.update({name: str(value) for name, value in span.items()})
        line.sendall(json.dumps(request).encode() + b"\n")
        self.assertTrue(line.recv(12).startswith(b'{"ok":{}}\n'))
        self.assertEqual(self.server.cli(*flags, "--csv").stdout, written.stdout)
        line.close()
        self.assertEqual(self.server.cli(*flags, "--csv").stdout, written.stdout)

    def test_the_command_line_says_what_is_wrong(self):
        self.report_usual()
        for arguments, said in (
            (("history", "ZZ98NOBODY", "soc"), "there is no device ZZ98NOBODY"),
            (("history", SN, "soc", "--from", "x"), 'from is "x"'),
            (("history", SN, "soc", "--step", "1s", "--from", "-4w"), "would be valid"),
            (("history", SN, "socc"), f'{SN} has no field "socc"; `gridloom family show generic` lists the fields'),
        ):
            done = self.server.cli(*arguments)
            self.assertEqual(done.returncode, 1 if "ZZ98NOBODY" in arguments else 2)
            self.assertIn(said, done.stderr)

    def test_the_examples_of_the_page_work(self):
        # The page's are those of a DELTA 2.
        self.report((0, {"pd.soc": 50, "pd.wattsInSum": 12.5, "pd.beepMode": 0}))
        asked = re.findall(r"^GET /api/v1/devices/SN/history\?(\S+)$", PAGE.read_text(), re.M)
        self.assertGreater(len(asked), 4)
        for text in asked:
            with self.subTest(query=text):
                query = dict(pair.split("=", 1) for pair in text.split("&"))
                status, headers, answer = self.answer(**query)
                self.assertEqual(status, 200)
                if query.get("format") != "csv":
                    self.assertEqual(json.loads(answer)["code"], "0", answer)


if __name__ == "__main__":
    run_tests()
