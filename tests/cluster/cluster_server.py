"""A cluster that looks like one server to a test: behind each of its doors are all nodes, and each connection, each
request that has one of its own and each command goes to a random one of them.

It stands for server.Server in tests that run in with_cluster.py.
"""
import contextlib
import json
import random
import re
import signal
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
import server as servers
from cluster import Cluster
from programs import Program
from scatter import Scatter
from server import DOORS, Deadline, Server, temporary_folder

NODES, NATS = 3, 3
SEED = 20251127
ONLINE_S = 60  # until the devices of the home are online


class ClusterServer(Server):
    """With the interface of a Server, as far as a cluster has it. `demo`: the demo home's devices are there, or with
    "all" those of all families, of the account "demo"."""

    def __init__(self, *flags, data=None, demo=True, doors=DOORS, patience_s=None):
        if data is not None or doors != DOORS:
            raise unittest.SkipTest("it needs a server with a data folder of the test's")
        del patience_s  # nodes have one of their own
        self.random = random.Random(SEED)
        with contextlib.ExitStack() as ends:
            self.cluster = ends.enter_context(Cluster(nodes=NODES, nats=NATS, flags=flags))
            self.cluster.await_rest()
            self.scatters = {door: ends.enter_context(Scatter([node.place(door) for node in self.cluster.nodes], SEED))
                             for door in DOORS}
            first = self.cluster.nodes[0].facts
            self.facts = {**first, **{door: self._place_in(first[door], door) for door in DOORS}}
            if demo:
                account = self.add_account("demo")
                self.facts.update(accessKey=account["accessKey"], secretKey=account["secretKey"])
                ends.enter_context(self._home("all" if demo == "all" else "demo"))
            self._ends = ends.pop_all()

    def _place_in(self, fact, door):
        return re.sub(r":\d+$", f":{self.scatters[door].place[1]}", fact)

    # --- the home ---

    @contextlib.contextmanager
    def _home(self, home):
        sites = json.loads(servers.cli("home", "show", home, "--json").stdout)["sites"]
        sns = [device["sn"] for site in sites for device in site["devices"]]
        file = temporary_folder() / "keys"
        file.write_text("".join(f"{sn} {self.add_device(sn, 'demo')}\n" for sn in sns))
        host, port = self.place("mqtt")
        with Program(servers.GRIDLOOM, "simulate", "--server", f"{host}:{port}", "--keys", file,
                     "--home", home) as devices:
            self._await_online(devices, sns)
            yield
            devices.end(signal.SIGINT)

    def _await_online(self, devices, sns):
        """At all nodes: each is told by the owners."""
        deadline = Deadline(f"{len(sns)} devices that are online", ONLINE_S)
        for node in self.cluster.nodes:
            api = node.api(self.facts["accessKey"], self.facts["secretKey"])
            while not all(api.devices()[sn]["online"] for sn in sns):
                assert devices.process.poll() is None, devices.seen
                deadline.left_s()

    # --- as a server ---

    @property
    def node(self):
        """A random one of those that are there."""
        return self.random.choice([node for node in self.cluster.nodes if node.process.poll() is None])

    @property
    def data(self):
        return self.node.data

    def place(self, door):
        return self.scatters[door].place

    def cli(self, *arguments, stdin=None):
        done = self.node.cli(*arguments, stdin=stdin)
        self.cluster.await_known()
        return done

    def log_text(self):
        return self.cluster.logs()

    def health(self):
        return self.node.health()

    def metrics(self):
        """The samples of all nodes and slots, summed."""
        sums = {}
        for node in self.cluster.nodes:
            for line in node.metrics().splitlines():
                sample = re.fullmatch(r"(\w+)(\{.*\})? (\S+)", line)
                if not sample:
                    continue
                labels = re.sub(r'slot="\d+",?', "", sample[2] or "")
                name = sample[1] + (labels if labels != "{}" else "")
                sums[name] = sums.get(name, 0) + float(sample[3])
        return "".join(f"{name} {value:.15g}\n" for name, value in sums.items())

    # --- its end, and another start: of all nodes at once. Meanwhile nodes tell clients that nobody serves them, which
    # a server never says: they are let in again once all is served. ---

    def end(self, how=signal.SIGTERM):
        self._open(False)
        self.cluster.end_all(how)

    def start_again(self):
        for number in range(NODES):
            self.cluster.start(number)
        self.cluster.await_rest()
        self._open(True)

    def _open(self, is_open):
        for scatter in self.scatters.values():
            scatter.is_open = is_open

    def restart(self, how=signal.SIGTERM):
        self.end(how)
        self.start_again()

    def stop(self):
        self._ends.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
