"""The bridge "webhook" with a receiver over HTTP: what happens to a device is told once, in order and signed, whatever
the receiver does.
"""
import hashlib
import hmac
import http.server
import json
import queue
import signal
import threading
import time
import unittest

from mqtt_talk import DeviceClient
from programs import free_port, until
from server import PATIENCE_S, Server, run_tests, temporary_folder

SN = "R331TESTHOOK0001"  # a DELTA 2
SECRET = "webhook-secret"


class Call:
    """One attempt, as the receiver got it."""

    def __init__(self, handler):
        self.at = time.monotonic()
        self.path, self.headers = handler.path, handler.headers
        self.bytes = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.body = json.loads(self.bytes)
        self.event = self.body["event"]
        self.id = self.headers["X-Gridloom-Id"]

    @property
    def kind(self):
        return self.event["kind"]

    def is_signed(self):
        timestamp = self.headers["X-Gridloom-Timestamp"]
        sign = hmac.new(SECRET.encode(), timestamp.encode() + b"." + self.bytes, hashlib.sha256).hexdigest()
        return self.headers["X-Gridloom-Signature"] == f"sha256={sign}"


class Receiver:
    """Answers each call with the next of `answers`, (status, headers, text); afterwards with 204. A status of None is
    no answer at all.
    """

    def __init__(self, *answers, port=None):
        self.calls, self.answers = queue.Queue(), list(answers)
        self.over = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            receiver = self

            def do_POST(self):
                self.receiver.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port or free_port()), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?house=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        self.calls.put(Call(handler))
        status, headers, text = self.answers.pop(0) if self.answers else (204, {}, "")
        if status is None:
            self.over.wait()
            handler.close_connection = True
            return
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text.encode())

    def call(self):
        return self.calls.get(timeout=PATIENCE_S)

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


class WebhookTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(demo=False)
        self.addCleanup(self.end_server)
        self.account = self.server.add_account("home")
        self.key = self.server.add_device(SN, "home", "--name", "cellar")
        self.device = self.connect()
        self.device.report({"inv.errCode": 0, "pd.soc": 50})

    def end_server(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def connect(self):
        device = DeviceClient(self.server, SN, self.key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        return device

    def receiver(self, *answers, **how):
        receiver = Receiver(*answers, **how)
        self.addCleanup(receiver.close)
        return receiver

    def secret(self):
        secret = temporary_folder() / "secret"
        secret.write_text(f"{SECRET}\n")
        secret.chmod(0o600)
        return secret

    def add(self, url, *more):
        done = self.server.cli("bridge", "add", "webhook", "hook", "--account", "home", "--url", url, "--secret-file",
                               self.secret(), *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        until("a bridge that watches", lambda: "waiting" in self.row().get("figures", {}))

    def row(self):
        return json.loads(self.server.cli("bridge", "show", "hook", "--json").stdout)

    def fault(self, value):
        """Not 0: a fault begins; 0: it ends."""
        self.device.report({"inv.errCode": value})

    def test_events_arrive_signed_and_in_order(self):
        receiver = self.receiver()
        self.add(receiver.url)
        self.fault(1)
        self.fault(0)
        began, ended = receiver.call(), receiver.call()
        self.device.close()
        away = receiver.call()
        self.device = self.connect()
        back = receiver.call()
        calls = (began, ended, away, back)
        self.assertEqual([call.kind for call in calls], ["fault.began", "fault.ended", "offline", "online"])
        self.assertTrue(all(call.is_signed() for call in calls))
        self.assertEqual(len({call.id for call in calls}), 4)
        self.assertEqual(began.path, "/hook?house=1")
        self.assertEqual(began.headers["Content-Type"], "application/json")
        self.assertEqual((began.body["id"], began.body["account"]), (began.id, "home"))
        self.assertEqual(began.body["device"], {"sn": SN, "name": "cellar", "family": "delta_2"})
        self.assertEqual((began.event["field"], began.event["value"]), ("inv.errCode", 1))
        self.assertEqual((ended.event["field"], ended.event["since"]), ("inv.errCode", began.event["since"]))
        row = until("a bridge that is connected", lambda: self.row() if self.row()["out"] == 4 else None)
        self.assertEqual((row["state"], row["dropped"], row["errors"]), ("connected", 0, 0))

    def test_only_the_events_that_are_asked_for_are_told(self):
        receiver = self.receiver()
        self.add(receiver.url, "--events", "fault.ended,offline")
        self.fault(1)
        self.fault(0)
        self.device.close()
        self.assertEqual([receiver.call().kind for _ in range(2)], ["fault.ended", "offline"])

    def test_a_fault_that_lasts_over_a_restart_is_not_told_again(self):
        receiver = self.receiver()
        self.add(receiver.url, "--events", "fault.began,fault.ended")
        self.fault(1)
        began = receiver.call()
        # Until the bridge has the answer, it would send the event again.
        until("a bridge that knows that it was taken", lambda: self.row()["out"] == 1)
        self.device.close()  # it would connect again by itself
        self.server.restart()
        self.device = self.connect()
        until("a bridge that watches", lambda: "waiting" in self.row().get("figures", {}))
        self.fault(1)
        self.device.report({"pd.errCode": 2})
        self.fault(0)
        other, ended = receiver.call(), receiver.call()
        self.assertEqual((other.kind, other.event["field"]), ("fault.began", "pd.errCode"))
        self.assertEqual((ended.kind, ended.event["field"]), ("fault.ended", "inv.errCode"))
        self.assertEqual(ended.event["since"], began.event["since"])

    def test_before_the_first_event_the_state_says_whether_the_receiver_is_there(self):
        port = free_port()
        self.add(f"http://127.0.0.1:{port}/")
        until("a bridge that fails", lambda: self.row()["state"] == "failing")
        self.assertIn("refused", self.row()["lastError"])
        receiver = self.receiver(port=port)
        until("a bridge that is connected", lambda: self.row()["state"] == "connected")
        self.assertEqual((self.row()["out"], receiver.calls.qsize()), (0, 0), "nothing is posted for it")

    def test_a_receiver_that_is_away_at_first_gets_all(self):
        port = free_port()
        self.add(f"http://127.0.0.1:{port}/")
        self.fault(1)
        self.fault(0)
        until("a bridge that fails", lambda: self.row()["state"] == "failing")
        receiver = self.receiver(port=port)
        self.assertEqual([receiver.call().kind for _ in range(2)], ["fault.began", "fault.ended"])
        until("a bridge that is connected", lambda: self.row()["state"] == "connected")

    def test_an_error_of_the_receiver_is_tried_again_with_the_same_id(self):
        receiver = self.receiver((500, {}, "oops"), (503, {}, ""))
        self.add(receiver.url)
        self.fault(1)
        calls = [receiver.call() for _ in range(3)]
        self.assertEqual({call.id for call in calls}, {calls[0].id})
        self.assertEqual({call.bytes for call in calls}, {calls[0].bytes})
        self.assertEqual(len({call.headers["X-Gridloom-Timestamp"] for call in calls}), 3)
        self.assertTrue(all(call.is_signed() for call in calls))
        until("a bridge that is connected", lambda: self.row()["state"] == "connected")
        self.assertEqual(self.row()["dropped"], 0)

    def test_what_waits_outlives_a_kill_under_the_same_id(self):
        receiver = self.receiver(*[(503, {}, "")] * 99)
        self.add(receiver.url)
        self.fault(1)
        self.fault(0)
        first = receiver.call()
        until("two events that wait", lambda: self.row()["figures"]["waiting"] == 2)
        self.server.end(signal.SIGKILL)
        self.device.close()  # it would connect again by itself
        receiver.answers.clear()
        while not receiver.calls.empty():
            self.assertEqual(receiver.calls.get().id, first.id)
        self.server.start_again()
        calls = [receiver.call() for _ in range(2)]
        self.assertEqual([call.kind for call in calls], ["fault.began", "fault.ended"])
        self.assertEqual((calls[0].id, calls[0].bytes), (first.id, first.bytes))
        until("a bridge that has told all", lambda: self.row()["out"] == 2)
        self.assertEqual(self.row()["dropped"], 0)
        self.server.restart(signal.SIGKILL)
        self.device = self.connect()
        self.assertEqual(receiver.call().kind, "online", "no event is told again that was told long before a kill")
        api = self.server.api(self.account["accessKey"], self.account["secretKey"])
        listed = {(event["kind"], event["at"]) for event in api.data("GET", "/api/v1/events")["events"]}
        self.assertLessEqual({(call.kind, call.event["at"]) for call in calls}, listed)

    def test_what_the_list_of_events_left_out_counts_as_dropped(self):
        self.device.close()
        self.server.command += ["--start", "2026-06-01 12:00", "--paused"]
        self.server.restart()
        self.device = self.connect()
        receiver = self.receiver()
        self.add(receiver.url, "--events", "fault.began,fault.ended")
        for _ in range(35):
            self.fault(1)
            self.fault(0)
        self.assertEqual([receiver.call().kind for _ in range(60)], ["fault.began", "fault.ended"] * 30)
        self.assertEqual(self.row()["dropped"], 0)
        self.assertEqual(self.server.cli("time", "step", "1h").returncode, 0)
        until("dropped events", lambda: self.row()["dropped"] == 10)

    def test_a_bridge_of_the_same_name_does_not_tell_what_was_before_it(self):
        receiver = self.receiver()
        self.add("http://127.0.0.1:1/")
        self.fault(1)
        until("an event that waits", lambda: self.row()["figures"]["waiting"] == 1)
        self.assertEqual(self.server.cli("bridge", "remove", "hook").returncode, 0)
        self.add(receiver.url)
        self.fault(0)
        self.assertEqual(receiver.call().kind, "fault.ended")

    def test_a_receiver_with_too_much_to_do_says_when(self):
        receiver = self.receiver((429, {"Retry-After": "4"}, "slowly"))
        self.add(receiver.url)
        self.fault(1)
        self.fault(0)
        first, second, third = (receiver.call() for _ in range(3))
        self.assertGreaterEqual(second.at - first.at, 3.9, "its own pause would be 1 s")
        self.assertEqual(first.id, second.id)
        self.assertEqual(third.kind, "fault.ended")

    def test_an_event_that_is_refused_is_dropped_counted_and_told(self):
        receiver = self.receiver((400, {}, "no such house"))
        self.add(receiver.url)
        self.fault(1)
        self.fault(0)
        self.assertEqual([receiver.call().kind for _ in range(2)], ["fault.began", "fault.ended"])
        row = until("the other event", lambda: self.row() if self.row()["out"] == 1 else None)
        self.assertEqual((row["state"], row["dropped"]), ("connected", 1))
        self.assertIn("HTTP 400: no such house", row["lastError"])

    def test_a_receiver_that_never_answers_delays_nobody(self):
        receiver = self.receiver(*[(None, {}, "")] * 9)
        self.add(receiver.url)
        self.fault(1)
        first = receiver.call()
        for value in range(20):
            self.device.report({"pd.soc": value})  # each is acknowledged
        again = receiver.call()
        self.assertEqual(again.id, first.id)
        begin = time.monotonic()
        done = self.server.cli("bridge", "off", "hook")
        self.assertEqual(done.returncode, 0, done.stderr)
        until("a bridge that is off", lambda: self.row()["state"] == "off")
        self.assertLess(time.monotonic() - begin, 8, "it does not wait for the answer")
        self.server.stop()  # within its patience

    def test_a_preview_shows_a_body_of_each_kind(self):
        done = self.server.cli("bridge", "add", "webhook", "--account", "home", "--url", "http://127.0.0.1:1/",
                               "--events", "fault.began,quiet", "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in ("fault.began", "quiet", "lastReport", SN):
            self.assertIn(part, done.stdout)


if __name__ == "__main__":
    run_tests()
