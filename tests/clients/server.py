"""A Gridloom of a test's own: started on free ports with a folder of its own, stopped by SIGTERM.

Nothing here waits by time: the start is seen by inotify (ready.json) or by the process' end, both
in one select() with a deadline. A server that does not exit with 0, or leaves ready.json behind,
fails the test that used it, so a sanitizer's complaint at exit does too.
"""
import atexit
import contextlib
import ctypes
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

GRIDLOOM = os.environ.get("GRIDLOOM", "")
PATIENCE_S = 60  # of every wait; a healthy server needs a fraction of it, also under sanitizers
SERVER_S = 120  # but for a server's start and stop: a sync of the disk after the other, and a busy disk's take seconds
STEP_S = 300  # but for `time step`: days of virtual devices are work, of which a loaded machine makes minutes

LIST = "/iot-open/sign/device/list"
CERTIFICATION = "/iot-open/sign/certification"
QUOTA = "/iot-open/sign/device/quota"
QUOTA_ALL = "/iot-open/sign/device/quota/all"
MAIN_SN = "/iot-open/sign/device/system/main/sn"

DOORS = ("http", "https", "mqtt", "mqtts")

# The demo home. The numbers: how many quotas the published npm client insists on.
DELTA_2 = "R331ZEB4ZEAL0528"
POWER_STREAM = "HW513000SF767194"
SMART_HOME_PANEL = "SP10ZAW5ZE9E0052"
POWER_OCEAN = "HJ31ZDH2ZF690025"
POWER_KITS = "M106ZAB4Z000001F"
SMART_PLUG = "HW52ZDH1RF3J0033"
GLACIER = "BX11ZCB4EF2E0002"
STREAM = "BK61Z00000000001"
NODE_PATIENCE_S = 120  # for a file of Node.js tests
SANITIZER = re.compile(r"^==\d+==ERROR: |^\S+: runtime error: |^Direct leak of ", re.MULTILINE)
LOG_CHARACTERS = 4000  # of a log, in a complaint
SANITIZER_CHARACTERS = 20_000
TYPED_QUOTAS = {DELTA_2: 160, POWER_STREAM: 121, SMART_HOME_PANEL: 83, SMART_PLUG: 53, GLACIER: 156}


def run_tests():
    """The main of every test file: argv[1] is the executable, the rest is unittest's."""
    global GRIDLOOM
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        GRIDLOOM = os.environ["GRIDLOOM"] = os.path.abspath(sys.argv.pop(1))
    os.environ["LC_ALL"] = "C.UTF-8"  # the terminal may be German
    unittest.main(module="__main__", verbosity=2)


def temporary_folder():
    """Gone when the tests end."""
    folder = pathlib.Path(
        tempfile.mkdtemp(prefix="gl-")
    )  # short: a socket's name has 107 characters
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Deadline:
    def __init__(self, what, patience_s=PATIENCE_S):
        self.what, self.at, self.patience_s = what, time.monotonic() + patience_s, patience_s

    def left_s(self):
        """Seconds that are left; fails when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise AssertionError(f"after {self.patience_s} s still waiting for {self.what}")
        return left


def pause(process):
    """Stops a child by SIGSTOP: none of its threads runs any more, which takes a while on a busy machine."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


def flatten(value, key=""):
    """(path, signed text) of every leaf, as the guide's steps 1 and 2 say."""
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in flatten(v, f"{key}.{k}" if key else k)]
    if isinstance(value, list):
        return [p for i, v in enumerate(value) for p in flatten(v, f"{key}[{i}]")]
    return [(key, value if isinstance(value, str) else json.dumps(value))]


def signed_headers(access_key, secret_key, params=(), timestamp=None, nonce=None, also=()):
    """`params`: (path, text) pairs, unsorted; `also`: what is signed behind the timestamp."""
    nonce = str(nonce or random.randint(100000, 999999))
    stamp = str(timestamp or time.time_ns() // 1_000_000)
    text = "&".join(
        [f"{k}={v}" for k, v in sorted(params)]
        + [f"accessKey={access_key}", f"nonce={nonce}", f"timestamp={stamp}", *also]
    )
    sign = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"accessKey": access_key, "nonce": nonce, "timestamp": stamp, "sign": sign}


class Api:
    """One account's signed HTTP calls; the answer is the JSON envelope."""

    def __init__(self, base_url, access_key, secret_key, ca=None):
        self.base, self.ca = urllib.parse.urlsplit(base_url), ca
        self.access_key, self.secret_key = access_key, secret_key

    def call(self, method, path, query=None, body=None):
        pairs = flatten(body) if body is not None else list((query or {}).items())
        own = path.startswith("/api/v1/")  # Gridloom's own interface signs the path as well
        headers = signed_headers(
            self.access_key,
            self.secret_key,
            pairs,
            also=(f"method={method}", f"path={path}") if own else (),
        )
        if body is not None:
            headers["Content-Type"] = "application/json;charset=UTF-8"
        if query:
            path += "?" + "&".join(f"{k}={v}" for k, v in query.items())
        where = (self.base.hostname, self.base.port)
        if self.base.scheme == "https":
            line = http.client.HTTPSConnection(
                *where, timeout=PATIENCE_S, context=ssl.create_default_context(cafile=self.ca)
            )
        else:
            line = http.client.HTTPConnection(*where, timeout=PATIENCE_S)
        try:
            line.request(method, path, None if body is None else json.dumps(body), headers)
            answer = line.getresponse()
            return json.loads(answer.read())
        finally:
            line.close()

    def data(self, method, path, query=None, body=None):
        """The `data` of an answer that must be a success."""
        answer = self.call(method, path, query, body)
        if answer.get("code") != "0" or answer.get("message") != "Success":
            raise AssertionError(f"{method} {path} {query or ''} {body or ''}: {answer}")
        return answer.get("data")

    def devices(self):
        return {row["sn"]: row for row in self.data("GET", LIST)}

    def certification(self):
        return self.data("GET", CERTIFICATION)

    def quota_all(self, sn):
        return self.data("GET", QUOTA_ALL, {"sn": sn})

    def quotas(self, sn, *names):
        return self.data("POST", QUOTA, body={"sn": sn, "params": {"quotas": list(names)}})

    def set(self, sn, **message):
        return self.call("PUT", QUOTA, body={"sn": sn, **message})


def cli(*arguments, data=None, stdin=None, patience_s=None):
    """Runs a command to its end. `patience_s` is for one that has much to do."""
    if patience_s is None:
        patience_s = STEP_S if arguments[:2] == ("time", "step") else PATIENCE_S
    command = [GRIDLOOM, *map(str, arguments)]
    if data is not None:
        command += ["--data", str(data)]
    try:
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=patience_s,
            cwd=temporary_folder(),
        )
    except subprocess.TimeoutExpired as late:
        raise AssertionError(
            f"{' '.join(command)} did not end: {late.stderr or late.stdout}"
        ) from None


def told(result):
    """What a verb that must succeed printed as `key: value` lines."""
    if result.returncode != 0:
        raise AssertionError(f"{result.args} exited with {result.returncode}: {result.stderr}")
    return dict(line.split(": ", 1) for line in result.stdout.splitlines() if ": " in line)


def run_node(node, folder, file, environment):
    """The exit code of a file of Node.js tests, which learns by the environment where the server is."""
    return subprocess.run([node, "--test-reporter=spec", "--test", file], cwd=folder,
                          env={**os.environ, **environment}, timeout=NODE_PATIENCE_S, check=False).returncode


IN_CREATE, IN_MOVED_TO = 0x100, 0x80


def start_server(command, data, patience_s=SERVER_S, **how):
    """The process of a server, once it is ready (its ready.json is in `data`) or has ended."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if watch < 0 or libc.inotify_add_watch(watch, os.fsencode(data), IN_CREATE | IN_MOVED_TO) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    process = subprocess.Popen(command, **how)
    ended = os.pidfd_open(process.pid)
    poller = select.poll()  # a test of thousands of clients has numbers that are too high for select()
    for number in (watch, ended):
        poller.register(number, select.POLLIN)
    deadline = Deadline(f"ready.json of {' '.join(map(str, command))}", patience_s)
    try:
        while not (data / "ready.json").exists():
            happened = [number for number, _ in poller.poll(1000 * deadline.left_s())]
            if ended in happened:
                process.wait()
                break
            if watch in happened:
                os.read(watch, 65536)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        os.close(watch)
        os.close(ended)
    return process


def database_of(data):
    """The flags of a server whose test runs in with_postgres.py: a new data folder has a database of its own."""
    place = os.environ.get("GRIDLOOM_POSTGRES")
    if not place or any(data.iterdir()):
        return []
    import postgres  # it needs this module

    return postgres.new_database(**json.loads(place))


def held_port():
    """A socket on a free port of the loopback. While it lives, a server can listen there, and no other program
    gets the port, also between the server's end and its next start: a listener shares it with a socket that does
    not listen, but the kernel gives it to nobody who asks for any port."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


class Server:
    """A running server; a context manager. `flags` go to `serve` as they are. `doors` get a free
    port; without any the folder, too, is said by a configuration file among the flags. `patience_s`: with its start
    and its stop."""

    def __init__(self, *flags, data=None, demo=True, doors=DOORS, patience_s=SERVER_S):
        self.patience_s = patience_s
        self.data = pathlib.Path(data) if data is not None else temporary_folder() / "data"
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log = self.data.parent / (self.data.name + ".log")
        command = [GRIDLOOM, "serve"]
        if doors:
            command += ["--data", str(self.data)]
        self.held = [held_port() for _ in doors]
        for door, port in zip(doors, self.held):
            command += ["--" + door, f"127.0.0.1:{port.getsockname()[1]}"]
        if demo:
            command.append("--demo")
        self.command = [*command, *database_of(self.data), *map(str, flags)]
        self._start(self.command)

    def restart(self, how=signal.SIGTERM):
        """Ends it, SIGKILL is possible, and starts it again with the same ports."""
        self.end(how)
        self.start_again()

    def end(self, how=signal.SIGTERM):
        if how == signal.SIGTERM:
            return self.stop()
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)
        return (self.data / "ready.json").unlink()

    def start_again(self):
        command = list(self.command)
        for door in DOORS:
            if "--" + door in command:
                command[command.index("--" + door) + 1] = f"127.0.0.1:{self.place(door)[1]}"
        self._start(command)

    def reset(self):
        """Everything is as at the start again; the server has --lab."""
        done = self.cli("lab", "reset")
        if done.returncode != 0:
            raise AssertionError(f"{done.stderr}\n{self.log_text()}")
        self.facts = json.loads((self.data / "ready.json").read_text())

    def _start(self, command):
        with open(self.log, "ab") as log:
            # In its own folder: what it makes by mistake does not end up among the sources.
            self.process = start_server(
                command, self.data, self.patience_s, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.data.parent
            )
        if self.process.returncode is not None:
            raise AssertionError(
                f"the server ended with {self.process.returncode} before it was ready:\n{self.log_text()}"
            )
        self.facts = json.loads((self.data / "ready.json").read_text())
        atexit.register(self._kill)

    def _kill(self):
        """Ends a server that a test forgot to stop."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log_text(self):
        """The end of the log, or what a sanitizer found, which is far before the end."""
        text = self.log.read_text(errors="replace")
        found = SANITIZER.search(text)
        return text[found.start():][:SANITIZER_CHARACTERS] if found else text[-LOG_CHARACTERS:]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(self.patience_s)
        except subprocess.TimeoutExpired:
            self._kill()
            raise AssertionError(
                f"no exit {self.patience_s} s after SIGTERM:\n{self.log_text()}"
            ) from None
        if code != 0:
            raise AssertionError(f"the server exited with {code}:\n{self.log_text()}")
        if (self.data / "ready.json").exists():
            raise AssertionError("the server left its ready.json behind")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def ca(self):
        return self.facts["ca"]

    def place(self, door):
        """(host, port) of a door."""
        host, _, port = self.facts[door].split("//")[-1].rpartition(":")
        return host, int(port)

    def api(self, access_key=None, secret_key=None, door="http"):
        return Api(
            self.facts[door],
            access_key or self.facts["accessKey"],
            secret_key or self.facts["secretKey"],
            self.ca,
        )

    def metrics(self):
        """The text of /metrics."""
        return self._text("/metrics")

    def health(self):
        return json.loads(self._text("/healthz"))

    def _text(self, path):
        line = http.client.HTTPConnection(*self.place("http"), timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.request("GET", path)
            return line.getresponse().read().decode()

    def cli(self, *arguments, stdin=None):
        return cli(*arguments, data=self.data, stdin=stdin)

    def add_account(self, name):
        """Adds an account; its facts as the command line told them, and its Api under "api"."""
        facts = told(self.cli("account", "add", name))
        return {**facts, "api": self.api(facts["accessKey"], facts["secretKey"])}

    def add_device(self, sn, owner, *flags):
        """Adds a device; its key."""
        return told(self.cli("device", "add", sn, "--owner", owner, *flags))["deviceKey"]


def ask_admin(data, request):
    """The answer to one request to the running server: thousands of devices are added faster than by the CLI."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(data / "admin.sock"))
        line.sendall(json.dumps(request).encode())
        line.shutdown(socket.SHUT_WR)
        answer = json.loads(b"".join(iter(lambda: line.recv(65536), b"")))
    if "ok" not in answer:
        raise SystemExit(f"{request}: {answer}")
    return answer["ok"]


class ServerTest(unittest.TestCase):
    """Tests that share one server with the demo home; `flags` may be set by the class."""

    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.flags)
        cls.addClassCleanup(cls.server.stop)
        cls.api = cls.server.api()
