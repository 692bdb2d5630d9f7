"""A name server that does not answer delays the bridge that asked it and nothing else: a bridge that looks up a name
ends at once, whatever its kind, and so does the server.

The test has a network and a resolv.conf of its own, so it has to run as root.
"""
import contextlib
import json
import os
import socket
import subprocess
import sys
import unittest

from programs import until
from server import PATIENCE_S, SERVER_S, Server, run_tests, temporary_folder, told

INSIDE = "GL_NAME_LOOKUP_TEST"
NAME = "silent.example"
# The system's resolver waits longer than the test does for anything: as often and as long as it can be told to.
TRIES, TRY_S = 5, 30
OCEAN = "HJ31ZDH2ZF690099"
KINDS = (
    ("webhook", "--url", f"http://{NAME}/events"),
    ("mqtt", "--broker", f"mqtt://{NAME}"),
    ("home-assistant", "--broker", f"mqtt://{NAME}"),
    ("meter", "--as", "ecotracker", "--source", f"mqtt:mqtt://{NAME}/power", "--listen", "127.0.0.1:0"),
    ("influx", "--url", f"http://{NAME}:8086", "--database", "home", "--every", "1"),
    ("modbus", "--address", f"tcp://{NAME}", "--device", OCEAN),
)


def enter_namespace():
    """Runs the test again where network and mounts are nobody else's; without the right to it, it is skipped."""
    if os.environ.get(INSIDE):
        return
    probe = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        return
    resolver = temporary_folder() / "resolv.conf"
    resolver.write_text(f"nameserver 127.0.0.1\noptions timeout:{TRY_S} attempts:{TRIES}\n")
    made = f"ip link set lo up && mount --bind {resolver} /etc/resolv.conf && exec \"$@\""
    os.execvpe("unshare", ["unshare", "--net", "--mount", "sh", "-c", made, "sh", sys.executable, *sys.argv],
               {**os.environ, INSIDE: "1"})


class NameLookupTest(unittest.TestCase):
    def setUp(self):
        if not os.environ.get(INSIDE):
            self.skipTest("this machine lets nobody have a network of its own: run the test as root")
        self.names = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.names.bind(("127.0.0.1", 53))
        self.server = self.enterContext(Server())
        told(self.server.cli("device", "add", OCEAN, "--owner", "demo"))

    def state(self, name):
        rows = [json.loads(line) for line in self.server.cli("bridge", "list", "--json").stdout.splitlines()]
        return next(row["state"] for row in rows if row["name"] == name)

    def start_lookup(self, *words):
        """Returns when the command has made the resolver ask, which waits for an answer from then on."""
        self.names.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.names.recv(512):
                pass
        self.names.settimeout(PATIENCE_S)
        told(self.server.cli("bridge", *words))
        while b"\x06silent\x07example" not in self.names.recv(512):
            pass

    def test_the_resolver_waits_longer_than_the_test(self):
        self.assertGreater(TRIES * TRY_S, max(PATIENCE_S, SERVER_S))

    def test_a_bridge_that_looks_up_a_name_ends_at_once_and_so_does_the_server(self):
        for kind, *settings in KINDS:
            with self.subTest(kind=kind):
                self.start_lookup("add", kind, kind, "--account", "demo", *settings)
                told(self.server.cli("bridge", "off", kind))
                until("off", lambda kind=kind: self.state(kind) == "off")
        self.start_lookup("on", "mqtt")
        self.server.end()


if __name__ == "__main__":
    enter_namespace()
    run_tests()
