"""A cluster of a test's own: NATS servers, PostgreSQL and nodes, all on free ports of the loopback."""
import contextlib
import re
import shutil
import signal

import paths  # noqa: F401  (finds the modules of the other tests)
from beats import Beats
from mqtt_talk import Mqtt
from nats_servers import NatsServers
from postgres import Postgres
from programs import free_port, until
from relay import Relay
from server import Deadline, Server, temporary_folder

CONNECTIONS = 300  # of PostgreSQL: about nine a slot, and some more a node
REST_S = 90  # until no slot moves any more: much more than a lease
NODE_PATIENCE_S = 120  # with the start and the drain of a node: three share a machine with NATS and PostgreSQL
SLOTS = 8


class Links:
    """A node's ways to the NATS servers and to PostgreSQL, each of which can be held, or cut, and mended. A context
    manager."""

    def __init__(self, nats, database):
        self.nats = [Relay(("127.0.0.1", free_port()), ("127.0.0.1", each.port("client"))) for each in nats.all]
        self.database = Relay(("127.0.0.1", free_port()), ("127.0.0.1", database.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in (*self.nats, self.database):
            each.release()
            each.__exit__()

    @property
    def urls(self):
        return ",".join(f"nats://127.0.0.1:{relay.place[1]}" for relay in self.nats)

    def place(self, flags, port):
        """The flags of a database as they are for this node. `port`: where the database is."""
        return [flag.replace(f"127.0.0.1:{port}/", f"127.0.0.1:{self.database.place[1]}/") for flag in flags]


class Cluster:
    """A context manager. `nodes` are Servers, by number; each has the key and the authority of the first. With `links`
    each node has ways of its own, which can be cut. `settings`: of PostgreSQL, NAME=VALUE. `disk_mb`: NatsServer's."""

    def __init__(self, nodes=3, nats=1, flags=(), links=False, settings=(), disk_mb=None):
        self.flags, self.count = flags, nodes
        self.settings = (f"max_connections={CONNECTIONS}", *settings)
        self.nats = NatsServers(nats, disk_mb=disk_mb)
        self.replicas = 3 if nats >= 3 else 1
        self.nodes, self.links, self.has_links = [], [], links

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.nats)
            self.database = stack.enter_context(Postgres(*self.settings))
            self.place = self.database.new_database()
            self.beats = stack.enter_context(Beats([each.port("client") for each in self.nats.all]))
            for number in range(self.count):
                urls, place = self.nats.urls, self.place
                if self.has_links:
                    self.links.append(stack.enter_context(Links(self.nats, self.database)))
                    urls, place = self.links[number].urls, self.links[number].place(place, self.database.port)
                self._make(number, urls, place)
                stack.callback(self.end, number)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *what):
        return self.stack.__exit__(*what)

    @staticmethod
    def name(number):
        return f"n{number + 1}"

    def _make(self, number, urls, place):
        data = temporary_folder() / "data"
        data.mkdir(mode=0o700)
        if self.nodes:
            first = self.nodes[0].data
            shutil.copy(first / "secret.key", data)
            (data / "tls").mkdir(mode=0o700)
            for file in ("ca.pem", "ca.key"):
                shutil.copy(first / "tls" / file, data / "tls")
        self.nodes.append(Server("--cluster", urls, "--cluster-node", self.name(number), "--cluster-replicas",
                                 self.replicas, "--cluster-slots", SLOTS, *place, *self.flags, data=data, demo=False,
                                 patience_s=NODE_PATIENCE_S))

    def is_there(self, number):
        return self.nodes[number].process.poll() is None

    def kill(self, number):
        self.nodes[number].end(signal.SIGKILL)

    def end_all(self, how):
        """All nodes at once: one that is stopped alone gives its slots to the others."""
        for node in self.nodes:
            node.process.send_signal(how)
        for node in self.nodes:
            node.end(how)

    def start(self, number):
        """A node that has ended, with what it has."""
        self.nodes[number].start_again()

    def signal(self, number, what):
        self.nodes[number].process.send_signal(what)

    def end(self, number):
        if self.is_there(number):
            self.signal(number, signal.SIGCONT)
            self.nodes[number].stop()

    def await_rest(self, patience_s=REST_S):
        """Until the nodes that are there serve all slots, in shares that differ by one at most, and no slot is to move
        any more: a client that is connected then stays so."""
        names = [self.name(number) for number in range(self.count) if self.is_there(number)]
        try:
            self.beats.await_rest(names, SLOTS, patience_s)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.logs()}") from None

    def await_known(self):
        """What was changed is known at all nodes, and in all slots. They are told within moments, and nobody waits for
        it: a client of another node may come too early. To be called at rest."""
        ((revision,),) = self.ask("SELECT registry || ' ' || number FROM revision")
        deadline = Deadline("registries that know the last change")
        for number, node in enumerate(self.nodes):
            if not self.is_there(number):
                continue
            folders = [f"slot_{slot}" for slot in self.beats.served_of(self.name(number))]
            for folder in ("", *folders):
                while (node.data / folder / "registry.seen").read_text().splitlines()[0] != revision:
                    deadline.left_s()

    def await_nats(self):
        """Until the replicas of all streams have caught up, so that the next server may be away. A nats-server 2.9.10
        now and then leaves one behind for good: as an operator does, it is started again."""
        def behind():
            return [each for each in self.nats.all if not each.is_healthy()]

        def await_all():
            until("replicas that have caught up", lambda: not behind())

        try:
            await_all()
        except AssertionError:
            for each in behind():
                print(f"{each.name} does not catch up ({each.health()}): it is started again", flush=True)
                each.stop()
                each.start()
            await_all()

    def logs(self):
        return "\n".join(f"{self.name(number)}: {node.log_text()}" for number, node in enumerate(self.nodes))

    def count_in_logs(self, pattern):
        return sum(len(re.findall(pattern, node.log.read_text(errors="replace"))) for node in self.nodes)

    def database_name(self):
        return re.search(r"/(\w+)\?", self.place[1])[1]

    def ask(self, sql):
        """Rows of text."""
        return self.database.ask(f"SET search_path = gridloom; {sql}", self.database_name())

    def await_client(self, node, user, password, **how):
        """A client that is connected at that node: its slot is served."""
        deadline = Deadline("a slot that is served", REST_S)
        while True:
            client = Mqtt(self.nodes[node], user, password, **how)
            if client.connect() == 0:
                return client
            client.close()
            deadline.left_s()
