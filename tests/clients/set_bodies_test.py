"""The bodies of `gridloom set` over a profile: those of the vendor's documents, to the last member.

A server that stands in for the vendor's cloud has five devices and writes down what it is sent.
set_bodies.jsonl has each set of the documents: where it stands, the words that a user types, the body. A user types
watts where the body has tenths.
"""
import collections
import http.server
import json
import pathlib
import subprocess
import threading
import unittest

import server as servers
from server import (DELTA_2, LIST, PATIENCE_S, POWER_KITS, POWER_STREAM, QUOTA, QUOTA_ALL, SMART_HOME_PANEL,
                     run_tests, temporary_folder)

ROWS = [json.loads(line) for line in
        pathlib.Path(__file__).with_name("set_bodies.jsonl").read_text().splitlines()]
# The modules of the documents' kit.
MODULES = {"bbcin": {"M1093-DCIN-CA7C3": {}}, "bbcout": {"M109ZEB4Z0000016": {}},
           "iclow": {"M109ZEB4ZE7B0963": {}}, "ichigh": {"M109ZEB4ZE7B0963": {}}}
ANY_ID = 123456789  # of the documents' examples


class Cloud(http.server.BaseHTTPRequestHandler):
    """Answers as the signed API does; `bodies` are those of the sets."""

    protocol_version = "HTTP/1.1"
    bodies = []

    def answer(self, data):
        text = json.dumps({"code": "0", "message": "Success", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        path = self.path.partition("?")[0]
        sns = (DELTA_2, POWER_STREAM, SMART_HOME_PANEL, POWER_KITS)
        self.answer([{"sn": sn, "online": 1} for sn in sns] if path == LIST else
                    MODULES if path == QUOTA_ALL and POWER_KITS in self.path else {})

    def do_PUT(self):
        assert self.path == QUOTA, self.path
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({"ack": 0})

    def log_message(self, *_):
        pass


class SetBodiesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(server.shutdown)
        cls.environment = {"GRIDLOOM_HOST": "http://127.0.0.1:%d" % server.server_port,
                           "GRIDLOOM_ACCESS_KEY": "A" * 32, "GRIDLOOM_SECRET_KEY": "S" * 32}

    def sent(self, sn, words, *flags):
        Cloud.bodies.clear()
        done = subprocess.run([servers.GRIDLOOM, "set", sn, *words, "--profile", "env", "--yes", "--wait", "0s", *flags],
                              capture_output=True, text=True, timeout=PATIENCE_S, env=self.environment,
                              cwd=temporary_folder())
        self.assertEqual(done.returncode, 0, done.stderr)
        return Cloud.bodies[:], done.stdout

    def test_each_body_is_that_of_the_documents(self):
        for row in ROWS:
            with self.subTest(row["source"]):
                bodies, _ = self.sent(row["body"]["sn"], row["words"])
                self.assertEqual(len(bodies), 1)
                if "id" in row["body"]:
                    self.assertIn(bodies[0]["id"], range(1, 10**9))
                    bodies[0]["id"] = ANY_ID
                self.assertEqual(bodies[0], row["body"])

    def test_the_documents_have_so_many_sets(self):
        families = collections.Counter(row["body"]["sn"] for row in ROWS)
        self.assertEqual(families, {SMART_HOME_PANEL: 17, POWER_KITS: 27, DELTA_2: 17, POWER_STREAM: 6})

    def test_a_dry_run_sends_nothing_and_shows_it(self):
        bodies, shown = self.sent(POWER_KITS, ["socUpperLimit", "80"], "--dry-run")
        self.assertEqual(bodies, [])
        body = json.loads(shown)
        self.assertEqual((body["moduleType"], body["operateType"]), (0, "socUpperLimit"))


if __name__ == "__main__":
    run_tests()
