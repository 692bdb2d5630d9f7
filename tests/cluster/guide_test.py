"""docs/operate/scale.md, tried by its own commands: three NATS servers with the configuration that it prints, over TLS
and with a password, PostgreSQL over TLS, a first node, another one with the keys of the first, and the end of a node.

Addresses, ports and folders are those of this machine; what the page says is otherwise taken as it is printed. Blocks
that are not run here or in clients/pages_test.py need systemd or Kubernetes.
"""
import contextlib
import pathlib
import re
import shlex
import shutil
import subprocess
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
import pages_test
import server as servers
from mqtt_talk import Mqtt
from nats_servers import PROGRAM as NATS_SERVER
from postgres import Certificate, Postgres
from programs import Program
from server import Deadline, Server, held_port, run_tests, temporary_folder

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/operate/scale.md"
SERVED_S = 60  # until the slots of a client are served: much more than a lease


def block(begin):
    """The commands of the one block of the page that begins so."""
    found = [text for _, text in pages_test.blocks(PAGE) if text.startswith(begin)]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} blocks of {PAGE.name} begin with {begin}")
    return found[0]


def replaced(text, pairs):
    for old, new in pairs:
        if old not in text:
            raise AssertionError(f"{PAGE.name} has no {old} in: {text}")
        text = text.replace(old, str(new))
    return text


class Guide(unittest.TestCase):
    def setUp(self):
        self.ends = contextlib.ExitStack()
        self.addCleanup(self.ends.close)
        self.folder = temporary_folder()
        self.certificate = Certificate("IP:127.0.0.1")

    def run_block(self, text):
        done = subprocess.run(["bash", "-euc", text], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=servers.PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def start_nats(self):
        """{name on the page: address here} of its clients."""
        names = [f"nats-{number}" for number in (1, 2, 3)]
        held = {(name, what): held_port() for name in names for what in ("client", "monitoring", "route")}
        self.ends.callback(held.clear)
        at = {key: f"127.0.0.1:{port.getsockname()[1]}" for key, port in held.items()}
        for name in names:
            own = self.folder / name
            own.mkdir()
            for file, source in (("server.pem", self.certificate.certificate), ("server.key", self.certificate.key),
                                 ("ca.pem", self.certificate.authority)):
                shutil.copy(source, own / file)
            self.run_block(replaced(block("cat >/etc/nats/nats.conf"), [
                *((f"{other}.example.org:6222", at[other, "route"]) for other in names),
                ("server_name: nats-1", f"server_name: {name}"), ("0.0.0.0:4222", at[name, "client"]),
                ("127.0.0.1:8222", at[name, "monitoring"]), ("0.0.0.0:6222", at[name, "route"]),
                ("/var/lib/nats", own / "store"), ("/etc/nats/", f"{own}/"), ("nats-server -t", f"{NATS_SERVER} -t")]))
        for name in names:
            program = Program(NATS_SERVER, "-c", self.folder / name / "nats.conf")
            self.ends.callback(program.end)
            program.await_line(lambda line: "Server is ready" in line, f"the start of {name}")
        return {name: at[name, "client"] for name in names}

    def start_node(self, name, nats, database):
        """By the command of the page, with listeners on free ports."""
        for file, text in (("db-password", "choose-one"), ("nats-password", "choose-another")):
            (self.folder / file).write_text(text + "\n")
            (self.folder / file).chmod(0o600)
        text = replaced(block("gridloom serve --data /var/lib/gridloom"), [
            *((f"{other}.example.org:4222", address) for other, address in nats.items()),
            ("db.example.org", f"127.0.0.1:{database.port}"), ("/etc/gridloom/db-ca.pem", self.certificate.authority),
            ("/etc/gridloom/nats-ca.pem", self.certificate.authority), ("/etc/gridloom/", f"{self.folder}/")])
        words = shlex.split(text.replace("\\\n", " "))
        self.assertEqual(words[:2], ["gridloom", "serve"])
        for option in ("--data", "--https", "--mqtts"):
            at = words.index(option)
            del words[at:at + 2]
        node = Server(*words[2:], "--cluster-node", name, data=self.folder / name, demo=False)
        self.ends.callback(lambda: node.process.poll() is None and node.stop())
        return node

    def connect(self, node, user, password):
        """A client that is connected at that node: its slot is served."""
        deadline = Deadline("a slot that is served", SERVED_S)
        while True:
            client = Mqtt(node, user, password, door="mqtts", client_id="app")
            if client.connect() == 0:
                return client
            client.close()
            deadline.left_s()

    def await_good_status(self, node):
        """What it prints once all slots are served: at the start they go from the first node to the second."""
        deadline = Deadline("a cluster with which all is well", SERVED_S)
        while True:
            status = servers.cli(*shlex.split(block("gridloom cluster status"))[1:-1], node.data)
            if status.returncode == 0:
                return status
            self.assertEqual(status.returncode, 1, status.stderr)
            deadline.left_s()

    def test_a_cluster_is_begun_extended_and_left_by_a_node(self):
        nats = self.start_nats()
        database = self.ends.enter_context(Postgres("max_connections=200", *self.certificate.settings()))
        self.run_block(f"ADMIN={shlex.quote(database.admin_url())}; {block('psql')}")
        first = self.start_node("one", nats, database)
        account = first.add_account("ann")
        keys = replaced(block("tar -C /var/lib/gridloom -cf"), [("/var/lib/gridloom", "{data}")]).splitlines()
        self.run_block(keys[0].replace("{data}", str(first.data)))
        second_data = self.folder / "two"
        second_data.mkdir(mode=0o700)
        self.run_block(keys[1].replace("{data}", str(second_data)))
        second = self.start_node("two", nats, database)
        self.assertEqual(pathlib.Path(second.ca).read_text(), pathlib.Path(first.ca).read_text())
        certificate = account["api"].certification()
        user, password = certificate["certificateAccount"], certificate["certificatePassword"]
        self.connect(second, user, password).close()
        if re.search(r"^  cluster ", servers.cli("help").stdout, re.MULTILINE):
            status = self.await_good_status(second)
            for name in ("one", "two"):
                self.assertIn(name, status.stdout)
        first.stop()
        self.connect(second, user, password).close()


if __name__ == "__main__":
    run_tests()
