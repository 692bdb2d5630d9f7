"""A cluster of a test's own: NATS servers, PostgreSQL and nodes, all on free ports of the loopback."""
import contextlib
import shutil

import paths  # noqa: F401  (finds the modules of the other tests)
from mqtt_talk import Mqtt
from nats_servers import NatsServers
from postgres import Postgres
from server import Deadline, Server, temporary_folder

CONNECTIONS = 300  # of PostgreSQL: about nine a slot, and some more a node
SERVED_S = 60  # until all slots are served: much more than a lease


class Cluster:
    """A context manager. `nodes` are Servers, by number; each has the key of the first."""

    def __init__(self, nodes=3, nats=1, flags=()):
        self.flags, self.count = flags, nodes
        self.nats = NatsServers(nats)
        self.replicas = 3 if nats >= 3 else 1
        self.nodes = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.nats)
            self.database = stack.enter_context(Postgres(f"max_connections={CONNECTIONS}"))
            self.place = self.database.new_database()
            for number in range(self.count):
                self.start(number)
                stack.callback(self.end, number)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *what):
        return self.stack.__exit__(*what)

    def start(self, number):
        """A new node, or one that has ended, with what it has."""
        if number < len(self.nodes):
            self.nodes[number].start_again()
            return
        data = temporary_folder() / "data"
        data.mkdir(mode=0o700)
        if self.nodes:
            shutil.copy(self.nodes[0].data / "secret.key", data)
        self.nodes.append(Server("--cluster", self.nats.urls, "--cluster-node", f"n{number + 1}", "--cluster-replicas",
                                 self.replicas, *self.place, *self.flags, data=data, demo=False))

    def end(self, number):
        if self.nodes[number].process.poll() is None:
            self.nodes[number].stop()

    def await_client(self, node, user, password, **how):
        """A client that is connected at that node: its slot is served."""
        deadline = Deadline("a slot that is served", SERVED_S)
        while True:
            client = Mqtt(self.nodes[node], user, password, **how)
            if client.connect() == 0:
                return client
            client.close()
            deadline.left_s()
