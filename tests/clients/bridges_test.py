"""Bridges as such: added, listed, changed, switched, removed, over the command line, the configuration and the API, kept
over restarts and kills, gone with their account; what is wrong is refused by name, and no secret is shown.
"""
import contextlib
import ctypes
import http.client
import http.server
import json
import pathlib
import signal
import threading
import unittest

from programs import Broker, free_port, until
from server import DELTA_2, PATIENCE_S, Server, run_tests, temporary_folder, told


def secret_file(text=Broker.password):
    file = temporary_folder() / "password"
    file.write_text(text + "\n")
    file.chmod(0o600)
    return file


class Vendor:
    """A vendor's cloud that lists one device, and whose certification has `certification` in it. A context manager."""

    def __init__(self, certification):
        answers = {"/iot-open/sign/device/list": [{"sn": "SN-1", "deviceName": "n", "online": 1}],
                   "/iot-open/sign/certification": {"certificateAccount": "open-x", "certificatePassword": "p",
                                                    "url": "127.0.0.1", "port": "1", "protocol": "mqtt",
                                                    **certification}}

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                data = answers.get(self.path.partition("?")[0], {})
                body = json.dumps({"code": "0", "message": "Success", "data": data}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class BridgesTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())

    def add(self, name, *settings, kind="mqtt"):
        return self.server.cli("bridge", "add", kind, name, *settings)

    def rows(self):
        lines = self.server.cli("bridge", "list", "--json").stdout.splitlines()
        return {row["name"]: row for row in map(json.loads, lines)}

    def await_state(self, name, state):
        return until(f"{name} {state}", lambda: self.rows().get(name, {}).get("state") == state and self.rows()[name])

    def own_api(self, path, token):
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())

    def test_the_life_of_a_bridge(self):
        with Broker() as broker:
            added = told(self.add("attic", "--broker", f"mqtt://127.0.0.1:{broker.port}", "--user", Broker.user,
                                  "--password-file", secret_file()))
            self.assertEqual((added["name"], added["kind"], added["account"], added["on"]),
                             ("attic", "mqtt", "demo", "true"))
            self.assertNotIn(Broker.password, json.dumps(added))
            row = self.await_state("attic", "connected")
            self.assertEqual((row["origin"], row["account"], row["on"]), ("registry", "demo", True))
            self.assertNotIn("password", row["settings"])
            self.assertEqual(told(self.server.cli("bridge", "off", "attic"))["on"], "false")
            self.assertEqual(self.await_state("attic", "off")["on"], False)
            self.server.restart(signal.SIGKILL)
            self.assertEqual(self.rows()["attic"]["on"], False, "it is kept")
            self.assertEqual(told(self.server.cli("bridge", "on", "attic"))["on"], "true")
            self.await_state("attic", "connected")
            told(self.server.cli("bridge", "change", "attic", f"broker=mqtt://127.0.0.1:{free_port()}"))
            self.assertIn("refused", self.await_state("attic", "failing")["lastError"])
            told(self.server.cli("bridge", "change", "attic", f"broker=mqtt://127.0.0.1:{broker.port}"))
            self.await_state("attic", "connected")
        self.await_state("attic", "failing")
        self.assertEqual(told(self.server.cli("bridge", "remove", "attic"))["removed"], "attic")
        self.assertEqual(self.rows(), {})
        entries = [json.loads(line) for line in self.server.cli("audit", "--json").stdout.splitlines()]
        self.assertEqual([each["what"] for each in entries if each["what"].startswith("bridge.")],
                         ["bridge.add", *4 * ["bridge.change"], "bridge.remove"])

    def test_what_is_wrong_is_refused_by_name_and_adds_nothing(self):
        broker = ("--broker", "mqtt://127.0.0.1:1")
        told(self.add("attic", *broker))
        for words, said in (
                (("add", "mqtt", "attic", *broker), "attic"),
                (("add", "mqtt", "bad name", *broker), "a bridge's name must have 1 to 32 characters"),
                (("add", "mqtt", "b", *broker, "--account", "dmeo"), "did you mean demo"),
                (("add", "mqtt", "b", "--broker", "127.0.0.1"), "broker is \"127.0.0.1\""),
                (("add", "mqtt", "b"), "--broker"),
                (("add", "mqtt", "b", *broker, "--password-file", "/nowhere"), "/nowhere"),
                (("add", "mqqt", "b", *broker), "did you mean"),
                (("change", "attic", "brokr=x"), "did you mean broker"),
                (("change", "attic", "password=x"), "password-file"),
                (("change", "attic", "retain=perhaps"), "retain is \"perhaps\": must be true or false"),
                (("change", "attc", "retain=true"), "attc"),
                (("remove", "attc"), "attc"),
                (("show", "attc"), "attc")):
            with self.subTest(words):
                done = self.server.cli("bridge", *words)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertIn(said, done.stderr)
        self.assertEqual(list(self.rows()), ["attic"])

    def test_a_preview_of_nothing_says_so(self):
        self.server.add_account("ben")
        shown = self.add("attic", "--broker", "mqtt://127.0.0.1:1", "--account", "ben", "--dry-run")
        self.assertEqual((shown.returncode, shown.stdout), (0, ""))
        self.assertIn("would send nothing now", shown.stderr)

    def test_a_peer_elsewhere_to_which_nothing_is_encrypted_is_told(self):
        for name, broker, warns in (("a", "mqtt://192.0.2.1:1883", True), ("b", "mqtts://192.0.2.1", False),
                                    ("c", "mqtt://127.0.0.1:1", False), ("d", "mqtt://[::1]:1", False),
                                    ("e", "mqtt://localhost", False)):
            with self.subTest(broker):
                done = self.add(name, "--broker", broker)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual("broker is not encrypted" in done.stderr, warns, done.stderr)

    def test_a_device_that_is_not_there_is_told(self):
        broker = ("--broker", "mqtt://127.0.0.1:1", "--account", "demo")
        added = self.add("attic", *broker, "--devices", f"{DELTA_2},Kichen power station")
        self.assertEqual(told(added)["name"], "attic", "it may come later")
        self.assertIn("demo has no device \"Kichen power station\" yet; did you mean Kitchen power station",
                      added.stderr)
        changed = self.server.cli("bridge", "change", "attic", "devices=Kitchen power station")
        self.assertEqual((changed.returncode, changed.stderr), (0, ""))
        key = ("--access-key", "a1b2c3d4e5f6a7b8", "--secret-key-file", secret_file())
        mirror = self.add("cloud", "--host", "https://127.0.0.1:1", *key, "--devices", "R331ELSEWHERE001",
                          "--account", "demo", kind="mirror")
        self.assertEqual((mirror.returncode, mirror.stderr), (0, ""), "its devices are the vendor's")

    def test_a_vendor_whose_texts_are_too_long_is_told_and_nothing_else_suffers(self):
        for field, length in (("certificateAccount", 65_530), ("certificateAccount", 65_536),
                              ("certificatePassword", 70_000), ("url", 1_000_000)):
            with self.subTest(field=field, length=length), Vendor({field: "u" * length}) as vendor:
                self.assertEqual(self.add("cloud", "--host", f"http://127.0.0.1:{vendor.port}", "--access-key",
                                          "a1b2c3d4e5f6a7b8", "--secret-key-file", secret_file(), "--account", "demo",
                                          kind="mirror").stderr, "")
                error = until("it is told", lambda: self.rows()["cloud"].get("lastError"))
                self.assertEqual(error, f"certification: the {field} of the server's certification has {length} bytes: at "
                                        f"most 256 are valid")
                told(self.server.cli("bridge", "remove", "cloud"))

    def test_a_bridge_that_ends_the_program_twice_is_off_until_it_is_switched_on(self):
        """By a signal to the thread of the bridges, as a fault in one of them would make. A server that is killed blames
        nobody."""
        told(self.add("attic", "--broker", "mqtt://127.0.0.1:1"))
        self.await_state("attic", "failing")
        for _ in range(2):
            self.server.restart(signal.SIGKILL)
            self.await_state("attic", "failing")
        for _ in range(2):
            process = self.server.process.pid
            threads = {(task / "comm").read_text().strip(): int(task.name)
                       for task in pathlib.Path(f"/proc/{process}/task").iterdir()}
            ctypes.CDLL(None).tgkill(process, threads["bridges"], signal.SIGABRT)
            self.server.process.wait(PATIENCE_S)
            (self.server.data / "ready.json").unlink()
            self.server.start_again()
        row = self.await_state("attic", "off")
        until("what is off in the registry", lambda: not self.rows()["attic"]["on"])
        self.assertIn("it has ended the program twice", row["lastError"])
        self.assertIn("gridloom bridge on attic", row["lastError"])
        self.assertEqual(told(self.server.cli("bridge", "on", "attic"))["on"], "true")
        self.await_state("attic", "failing")

    def test_the_configuration_names_bridges_too(self):
        with Broker() as broker:
            line = (f'mqtt cellar account=demo broker=mqtt://127.0.0.1:{broker.port} user={Broker.user} '
                    f'password-file="{secret_file()}"')
            with Server("--bridge", line) as self.server:
                self.assertEqual(self.await_state("cellar", "connected")["origin"], "configuration")
                for words in (("remove", "cellar"), ("off", "cellar"), ("change", "cellar", "retain=true")):
                    self.assertIn("that was added", self.server.cli("bridge", *words).stderr)
                self.assertIn("the configuration has a bridge", self.add("cellar", "--broker", "mqtt://127.0.0.1:1").stderr)

    def test_a_mistake_in_the_configuration_ends_the_start(self):
        for line, said in (
                ("mqtt", "is no bridge: must be KIND NAME account=ACCOUNT"),
                ("mqtt a broker=mqtt://h:1", "is no bridge"),
                ("mqqt a account=demo", 'kind is "mqqt": must be'),
                ("mqtt a account=demo", "broker is missing"),
                ("mqtt a account=demo broker=mqtt://h:1 password=x", "password-file"),
                ('mqtt a account=demo broker="mqtt://h:1', "a quote is not closed"),
                ("mqtt a account=nobody broker=mqtt://127.0.0.1:1", 'there is no account "nobody"')):
            with self.subTest(line):
                data = temporary_folder() / "data"
                with self.assertRaises(AssertionError) as refused, Server("--bridge", line, data=data):
                    pass
                self.assertIn(f"--bridge: ", str(refused.exception))
                self.assertIn(said, str(refused.exception))

    def test_an_account_sees_its_own_bridges_and_takes_them_with_it(self):
        self.server.add_account("ann")
        told(self.add("hers", "--broker", "mqtt://127.0.0.1:1", "--account", "ann"))
        told(self.add("theirs", "--broker", "mqtt://127.0.0.1:1", "--account", "demo"))
        for account, name in (("ann", "hers"), ("demo", "theirs")):
            token = told(self.server.cli("token", "add", account, "--account", account))["token"]
            status, answer = self.own_api("/api/v1/bridges", token)
            self.assertEqual((status, [each["name"] for each in answer["bridges"]]), (200, [name]))
        told(self.server.cli("account", "remove", "ann"))
        until("ann's bridge gone", lambda: list(self.rows()) == ["theirs"])


if __name__ == "__main__":
    run_tests()
