"""The servers that bench/cluster compares: Gridloom in three forms, and brokers of others as clusters of three. Each is
a context manager that yields a Side."""
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from common import ROOT, ask_admin, free_port, program  # noqa: E402

sys.path.insert(0, str(ROOT / "tests/cluster"))
import server  # noqa: E402
from cluster import Cluster  # noqa: E402
from mqtt_talk import RawMqtt, mqtt_text, packet  # noqa: E402
from nats_servers import NatsServers  # noqa: E402
from postgres import Postgres  # noqa: E402
from programs import Program, until  # noqa: E402

# places: of the MQTT listeners. flags: of the load generator. processes: what they are -> their ids. stored(): how many
# of the reports are there. database: a Database, or None. nodes, fleet: of Gridloom. traffic: a Traffic, or None.
Side = collections.namedtuple("Side", "name places flags processes stored database nodes fleet traffic",
                              defaults=(None, (), None, None))

NODES, QUEUES = 3, 8  # as many queues as a cluster of Gridloom has slots
ACCOUNT = "bench"
# All points of a device can be read, and no message that waits is dropped.
LIMITS = ("history.points=10000000", "mqtt.queue-messages=10000000", "mqtt.queue-bytes=1073741824",
          "mqtt.queued-bytes-per-account=8589934592", "mqtt.all-queued-bytes=8589934592")
FLAGS = ("--log-level", "warn", *(word for limit in LIMITS for word in ("--limit", limit)))
FIELD = "pd.soc"  # every report has it
AT_ONCE = 8  # requests that add or read devices
START_S = 300  # of a cluster of others
RETRY_S = 0.1
RABBITMQ = pathlib.Path("/usr/lib/rabbitmq/lib")


class Fleet:
    """An account with devices at a running Gridloom."""

    def __init__(self, node, count):
        self.begun_ms = int(time.time() * 1000) - 1000
        account = ask_admin(node.data, {"op": "account.add", "name": ACCOUNT})
        self.access = account["accessKey"], account["secretKey"]
        self.serials = [f"R331BENCH{number:07}" for number in range(count)]

        def add(sn):
            return ask_admin(node.data, {"op": "device.add", "sn": sn, "owner": ACCOUNT})["deviceKey"]

        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            self.keys = list(pool.map(add, self.serials))
        folder = server.temporary_folder()
        self.devices, self.key = folder / "devices", folder / "key"
        self.devices.write_text(self.text_of(count))
        self.key.write_text(" ".join(self.access) + "\n")

    def text_of(self, count):
        """The lines of the first devices, as the load generator reads them."""
        return "".join(f"{sn} {key}\n" for sn, key in list(zip(self.serials, self.keys))[:count])

    def stored(self, node):
        """How many reports history has."""
        api = node.api(*self.access)
        query = {"fields": FIELD, "from": str(self.begun_ms), "to": "now"}

        def points(sn):
            series = api.data("GET", f"/api/v1/devices/{sn}/history", query)["series"]
            return len(series[0]["points"]) if series else 0

        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return sum(pool.map(points, self.serials))


class Database:
    """What PostgreSQL has done so far for a database."""

    SETTINGS = ("fsync=on", "shared_preload_libraries=pg_stat_statements",
                "shared_buffers=256MB", "max_wal_size=4GB")

    def __init__(self, postgres, name):
        self.postgres, self.name = postgres, name
        postgres.ask("CREATE EXTENSION pg_stat_statements", name)

    def done(self):
        """(bytes of its log, statements)"""
        (log, statements), = self.postgres.ask(
            "SELECT pg_current_wal_insert_lsn() - '0/0', sum(calls) FROM pg_stat_statements "
            "JOIN pg_database ON dbid = pg_database.oid WHERE datname = current_database()", self.name)
        return int(log), int(statements)


class Traffic:
    """How many messages a cluster has sent by NATS so far."""

    def __init__(self, cluster):
        self.cluster = cluster

    def done(self):
        """(messages of the logs, messages between nodes)"""
        told = json.loads(self.cluster.nats.all[0].ask("/jsz?accounts=1&streams=1")[1])
        logs = sum(each["state"]["last_seq"] for account in told["account_details"]
                   for each in account["stream_detail"] if each["name"].startswith("GL_LOG_"))
        metrics = "".join(node.metrics() for node in self.cluster.nodes)
        return logs, sum(map(int, re.findall(r"^gridloom_cluster_frame_messages_total (\d+)$", metrics, re.MULTILINE)))


def name_in(place):
    """The name of the database in the flags of a server."""
    return place[1].rpartition("/")[2].partition("?")[0]


def gridloom_side(name, nodes, devices, processes, database=None, traffic=None):
    fleet = Fleet(nodes[0], devices)
    return Side(name, [node.place("mqtt") for node in nodes], ["--devices", fleet.devices], processes,
                lambda: fleet.stored(nodes[0]), database, nodes, fleet, traffic)


@contextlib.contextmanager
def one_node(devices):
    with server.Server(*FLAGS, demo=False) as node:
        yield gridloom_side("one node, SQLite", [node], devices, {"nodes": [node.process.pid]})


@contextlib.contextmanager
def one_node_postgres(devices):
    with Postgres(*Database.SETTINGS) as postgres:
        place = postgres.new_database()
        with server.Server(*FLAGS, *place, demo=False) as node:
            yield gridloom_side("one node, PostgreSQL", [node], devices, {
                "nodes": [node.process.pid], "PostgreSQL": [postgres.program.process.pid],
            }, Database(postgres, name_in(place)))


@contextlib.contextmanager
def three_nodes(devices, name="three nodes, NATS, PostgreSQL", flags=()):
    with Cluster(nodes=NODES, nats=NODES, flags=(*FLAGS, *flags), settings=Database.SETTINGS) as cluster:
        cluster.await_rest()
        yield gridloom_side(name, cluster.nodes, devices, {
            "nodes": [node.process.pid for node in cluster.nodes],
            "NATS": [each.program.process.pid for each in cluster.nats.all],
            "PostgreSQL": [cluster.database.program.process.pid],
        }, Database(cluster.database, cluster.database_name()), Traffic(cluster))


def three_nodes_without_copies(devices):
    return three_nodes(devices, "three nodes, --durable nats", ("--durable", "nats"))


# --- brokers of others

def write_devices(count):
    file = server.temporary_folder() / "devices"
    file.write_text("".join(f"bench-{number} key\n" for number in range(count)))
    return file


def keep_session(place, topic):
    """A session that is away, for which the broker keeps all messages of the topic."""
    deadline = server.Deadline("a broker that takes a client", START_S)
    broker = types.SimpleNamespace(place=lambda _: place)
    while True:
        try:
            with contextlib.closing(RawMqtt(broker, "guest", "guest", "bench-away", 0, is_kept=True)) as client:
                client.socket.sendall(packet(0x82, b"\0\1" + mqtt_text(topic) + b"\1"))
                if client.read() != (0x90, b"\0\1\1"):
                    raise SystemExit(f"{topic} was refused")
                client.socket.sendall(packet(0xE0, b""))
                return
        except (AssertionError, EOFError, OSError):  # it has no leader yet
            deadline.left_s()
            time.sleep(RETRY_S)


@contextlib.contextmanager
def nats_mqtt(devices):
    with NatsServers(NODES, mqtt=True) as nats:
        until("NATS servers that have found each other", lambda: all(each.is_healthy() for each in nats.all))
        places = [("127.0.0.1", each.port("mqtt")) for each in nats.all]
        # Without a session that waits for them, NATS acknowledges messages and keeps none.
        keep_session(places[0], "/device/+/quota")

        def messages():
            """Where the stream has its three replicas, each has all of them."""
            told = json.loads(nats.all[0].ask("/jsz?accounts=1&streams=1&config=1")[1])
            stream, = (each for account in told["account_details"] for each in account["stream_detail"]
                       if each["name"] == "$MQTT_msgs")
            if stream["config"]["num_replicas"] != NODES:
                raise SystemExit(f"NATS keeps {stream['config']['num_replicas']} replicas")
            return stream["state"]["messages"]

        yield Side("NATS, MQTT, JetStream R3", places, ["--devices", write_devices(devices)],
                   {"NATS": [each.program.process.pid for each in nats.all]}, messages)


RABBIT_CONFIG = """\
listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:{port}
mqtt.allow_anonymous = true
mqtt.tcp_listen_options.backlog = 4096
mqtt.tcp_listen_options.nodelay = true
log.console = true
log.console.level = warning
log.file = false
cluster_formation.peer_discovery_backend = classic_config
{peers}
"""
# Durable queues of three replicas, and the topics of the devices bound to them in turn.
RABBIT_QUEUES = """\
Resource = fun(Kind, Name) -> rabbit_misc:r(<<"/">>, Kind, list_to_binary(Name)) end,
Queue = fun(Number) -> Resource(queue, "bench-" ++ integer_to_list(Number)) end,
[{{new, _}} = rabbit_amqqueue:declare(Queue(Number), true, false,
    [{{<<"x-queue-type">>, longstr, <<"quorum">>}}, {{<<"x-quorum-initial-group-size">>, long, {nodes}}},
     {{<<"x-queue-leader-locator">>, longstr, <<"balanced">>}}], none, <<"bench">>)
 || Number <- lists:seq(0, {queues} - 1)],
[ok = rabbit_binding:add({{binding, Resource(exchange, "amq.topic"),
    list_to_binary(".device.bench-" ++ integer_to_list(Device) ++ ".quota"), Queue(Device rem {queues}), []}},
    <<"bench">>)
 || Device <- lists:seq(0, {devices} - 1)],
ok."""
RABBIT_COUNT = """\
lists:sum([element(2, rabbit_amqqueue:stat(Queue)) || Queue <- rabbit_amqqueue:list()])."""
RABBIT_REPLICAS = """\
[] = [Queue || Queue <- rabbit_amqqueue:list(),
      length(maps:get(nodes, amqqueue:get_type_state(Queue))) =/= {nodes}], ok."""


class Rabbit:
    """Three RabbitMQ servers. A context manager."""

    def __init__(self):
        folders = sorted(RABBITMQ.glob("rabbitmq_server-*/sbin"))
        if not folders:
            raise SystemExit("rabbitmq-server is not installed: apt-get install rabbitmq-server")
        self.programs, self.folder = folders[-1], server.temporary_folder()
        self.ports = [free_port() for _ in range(NODES)]
        self.names = [f"bench{number}-{os.getpid()}@localhost" for number in range(NODES)]
        # A name service of its own, so that it neither finds nor disturbs another RabbitMQ.
        self.environment = {
            **os.environ, "HOME": str(self.folder), "ERL_EPMD_PORT": str(free_port()), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"), "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_LOG_BASE": str(self.folder), "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
        }
        (self.folder / "plugins").write_text("[rabbitmq_mqtt].\n")
        (self.folder / ".erlang.cookie").write_text("bench" * 4)
        (self.folder / ".erlang.cookie").chmod(0o400)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            port = self.environment["ERL_EPMD_PORT"]
            self.servers = [stack.enter_context(Program(program("epmd"), "-port", port, "-address", "127.0.0.1"))]
            peers = "\n".join(f"cluster_formation.classic_config.nodes.{number + 1} = {name}"
                              for number, name in enumerate(self.names))
            for name, mqtt in zip(self.names, self.ports):
                own = self.folder / name.partition("@")[0]
                own.mkdir()
                (own / "rabbitmq.conf").write_text(RABBIT_CONFIG.format(port=mqtt, peers=peers))
                self.servers.append(stack.enter_context(Program(self.programs / "rabbitmq-server", env={
                    **self.environment, "RABBITMQ_NODENAME": name, "RABBITMQ_MNESIA_BASE": str(own),
                    "RABBITMQ_CONFIG_FILE": str(own / "rabbitmq.conf"), "RABBITMQ_DIST_PORT": str(free_port()),
                })))
                self._await(self.servers[-1], mqtt)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *what):
        return self.stack.__exit__(*what)

    @staticmethod
    def _await(running, port):
        """It says nothing that would be the same in each version: asked until it takes connections."""
        deadline = server.Deadline("the start of RabbitMQ", START_S)
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            if running.process.poll() is not None:
                raise SystemExit("\n".join(["RabbitMQ ended:", *iter(running.lines.get, None)]))
            deadline.left_s()
            time.sleep(RETRY_S)

    def evaluate(self, expression):
        done = subprocess.run([self.programs / "rabbitmqctl", "-n", self.names[0], "eval", expression],
                              env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise SystemExit(f"RabbitMQ: {done.stdout}{done.stderr}")
        return done.stdout.strip()


@contextlib.contextmanager
def rabbitmq(devices):
    with Rabbit() as rabbit:
        rabbit.evaluate(RABBIT_QUEUES.format(nodes=NODES, queues=QUEUES, devices=devices))
        rabbit.evaluate(RABBIT_REPLICAS.format(nodes=NODES))
        yield Side("RabbitMQ, MQTT, quorum queues", [("127.0.0.1", port) for port in rabbit.ports],
                   ["--devices", write_devices(devices), "--user", "guest", "--password", "guest"],
                   {"RabbitMQ": [each.process.pid for each in rabbit.servers]},
                   lambda: int(rabbit.evaluate(RABBIT_COUNT)))


SIDES = {"one": one_node, "postgres": one_node_postgres, "three": three_nodes, "no_copies": three_nodes_without_copies,
         "nats": nats_mqtt, "rabbitmq": rabbitmq}
