"""Breaks every part of a cluster in turn under load, and then asks it for everything it promised.

    faults_test.py PROGRAM [--faults N] [--long] [--devices N] [--accounts N] [--how NAME,...] [--seed N]

Three NATS servers, PostgreSQL and three nodes. Devices report at QoS 1 and 2, numbers or values that repeat; each
account has an app that is there (QoS 1), one that is away for a while again and again (QoS 2), and one that sets its
devices; sets go over HTTP too. Each client is connected to a random node, and goes to another one when that fails.

In the end history has each report once and in order, as the twins of every node have the last one; no app got a report
twice, but for QoS 1 with DUP, and each app got each report in order; each set that was accepted reached its device
once or was answered as failed, and none reached it twice. How long a killed node is missed is printed: 5 s at most are
wanted, and 10 s where the leader of a stream went too.

History is asked over the API: the views in SQL have means of quarters (docs/operate/sql.md). Sets are looked up in the
audit of a node.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import threading
import time

import paths  # noqa: F401  (finds the modules of the other tests)
import server as servers
import small_disk
from clients import World
from cluster import Cluster
from ledger import App, Device, Setter, differences
from server import PATIENCE_S, Deadline, ask_admin

LEASE_S = 3
AUDITED = "100000"  # entries that are looked at
DISK_MB = 512  # of each NATS server
# All points of a device can be read, and what an app of many devices has not read, or is away for, waits.
LIMITS = ("history.points=10000000", "mqtt.queue-messages=1000000", "mqtt.queue-bytes=1073741824")
FAULTS, LONG_FAULTS = 12, 200
SERVED_S = 60  # until all devices are served again, whatever happened
SETTLED_S = 90  # until all that was sent has arrived


class Load:
    """Devices, apps and sets."""

    def __init__(self, options, cluster, world):
        self.options, self.cluster, self.world = options, cluster, world
        self.begin_ms = int(time.time() * 1000) - 1000
        self.numbers = itertools.count(1)
        self.devices, self.apps, self.setters, self.keys = [], [], [], []
        for number in range(options.accounts):
            self._add_account(number)
        cluster.await_known()
        self.http = HttpSets(self)

    def _add_account(self, number):
        name, node = f"home{number}", self.cluster.nodes[number % len(self.cluster.nodes)]
        account = node.add_account(name)
        count = self.options.devices // self.options.accounts
        sns = [f"FLEET{number}{each:04}" for each in range(count)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            keys = list(pool.map(lambda sn: self._add_device(node, sn, name), sns))
        devices = [Device(self.world, sn, key, qos=1 + each % 2, repeats=each % 4 > 1, each_s=self.options.each_s)
                   for each, (sn, key) in enumerate(zip(sns, keys))]
        mqtt = account["api"].certification()
        user, password = mqtt["certificateAccount"], mqtt["certificatePassword"]
        self.keys.append((account["accessKey"], account["secretKey"]))
        self.devices += devices
        self.apps += [App(self.world, user, password, qos, devices) for qos in (1, 2)]
        self.setters.append(Setter(self.world, user, password, devices, self.numbers, self.options.set_each_s))

    @staticmethod
    def _add_device(node, sn, owner):
        return ask_admin(node.data, {"op": "device.add", "sn": sn, "owner": owner})["deviceKey"]

    def begin(self):
        self.world.places = [node.place("mqtt") for node in self.cluster.nodes]
        for app in self.apps:
            app.begin()
        self.world.until(lambda: all(app.has_session for app in self.apps), lambda: "apps that subscribe", SERVED_S)
        for each in (*self.devices, *self.setters):
            each.begin()
        self.http.begin()

    def away(self):
        return [app for app in self.apps if app.qos == 2]

    def watch(self):
        since = time.monotonic()
        for device in self.devices:
            device.watch(since)
        return since

    def await_served(self, since):
        """How long each device waited, in s, for an acknowledgement of what it sent since."""
        self.world.until(lambda: all(device.served_at is not None for device in self.devices),
                         lambda: f"not served: {self.unserved()}\n{self.cluster.logs()}", SERVED_S)
        return [device.served_at - since for device in self.devices]

    def unserved(self):
        return [device.sn for device in self.devices if device.served_at is None]

    def await_drained(self):
        """What was sent until now has arrived, also where no app was there."""
        counts = {device.sn: len(device.sent) for device in self.devices}
        for app in self.away():
            app.want(True)
        self.world.until(lambda: all(app.has(counts) for app in self.away()),
                         lambda: f"parked messages: {[app.missing() for app in self.away()]}", SETTLED_S)

    def finish(self):
        """All that was sent is acknowledged, and has arrived."""
        self.http.end()
        for device in self.devices:
            device.is_reporting = False
        for setter in self.setters:
            setter.is_setting = False
        self.world.until(lambda: not any(device.flights for device in self.devices),
                         lambda: f"not acknowledged: {[d.sn for d in self.devices if d.flights]}", SETTLED_S)
        self.world.until(lambda: not any(setter.flights for setter in self.setters),
                         lambda: f"not accepted: {[list(setter.flights) for setter in self.setters]}", SETTLED_S)
        for app in self.apps:
            app.want(True)
        self.world.until(lambda: all(app.is_complete() for app in self.apps),
                         lambda: f"not arrived: {[(app.client_id, app.missing()) for app in self.apps]}", SETTLED_S)
        self.world.until(lambda: not self.on_their_way(), lambda: f"sets not arrived: {self.on_their_way()}", SETTLED_S)

    def sets(self):
        """The devices of all sets that were sent, by number, and those that have to arrive: what was accepted, and not
        answered as failed."""
        sent = dict(self.http.sent)
        done = {number for number, code in self.http.codes.items() if code == "0"}
        for setter, app in zip(self.setters, self.apps[::2]):
            sent |= setter.sent
            done |= {number for number in setter.accepted if app.replies.get(number) in (None, "0")}
        return sent, done

    def on_their_way(self):
        sent, done = self.sets()
        return [number for number in done if not sent[number].sets[number]]

    def api(self, device, node):
        number = int(device.sn[len("FLEET"):-4])
        return self.cluster.nodes[node].api(*self.keys[number])


class HttpSets:
    """Sets over HTTP, one after another, at random nodes."""

    def __init__(self, load):
        self.load, self.random, self.ending = load, random.Random(load.options.seed), threading.Event()
        self.sent, self.codes = {}, {}
        self.thread = threading.Thread(target=self._work, daemon=True)

    def begin(self):
        self.thread.start()

    def end(self):
        self.ending.set()
        self.thread.join(2 * PATIENCE_S)
        assert not self.thread.is_alive(), "a set over HTTP is never answered"

    def _work(self):
        while not self.ending.wait(self.load.options.set_each_s):  # the rate of sets
            device, number = self.random.choice(self.load.devices), next(self.load.numbers)
            self.sent[number] = device
            api = self.load.api(device, self.random.randrange(len(self.load.cluster.nodes)))
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):  # its node is away
                self.codes[number] = api.set(device.sn, operateType="mark", params={"number": number})["code"]


class Faults:
    """What can happen. Each does it, sees that all devices are served, and mends it."""

    # In the order in which they are made: whatever 12 of them are, each kind is among them.
    ORDER = ("kill_node", "kill_nats", "drain", "pause_node", "cut_nats", "kill_node", "kill_postgres", "kill_nats",
             "cut_postgres", "kill_node_and_nats", "kill_node", "fill_nats")

    def __init__(self, cluster, load):
        self.cluster, self.load = cluster, load
        self.turns = collections.Counter()
        self.waits = collections.defaultdict(list)  # by kind: of each fault the longest wait of a device, in s

    def turn(self, what, count=3):
        self.turns[what] += 1
        return (self.turns[what] - 1) % count

    def make(self, kind):
        begun = time.monotonic()
        self.cluster.await_nats()
        getattr(self, kind)(kind)
        self.cluster.await_rest()
        print(f"{kind}: served after {self.waits[kind][-1]:.1f} s, at rest after {time.monotonic() - begun:.1f} s",
              flush=True)

    def _served(self, kind, since):
        self.waits[kind].append(max(self.load.await_served(since)))

    def kill_node(self, kind):
        node = self.turn("node")
        since = self.load.watch()
        self.cluster.kill(node)
        self._served(kind, since)
        self.cluster.start(node)

    def kill_nats(self, kind):
        nats = self.cluster.nats.all[self.turn("nats")]
        since = self.load.watch()
        nats.kill()
        self._served(kind, since)
        nats.start()

    def kill_node_and_nats(self, kind):
        node, nats = self.turn("node"), self.cluster.nats.all[self.turn("nats")]
        since = self.load.watch()
        self.cluster.kill(node)
        nats.kill()
        self._served(kind, since)
        nats.start()
        self.cluster.start(node)

    def drain(self, kind):
        node = self.turn("node")
        since = self.load.watch()
        self.cluster.end(node)
        self._served(kind, since)
        self.cluster.start(node)

    def pause_node(self, kind):
        node = self.turn("node")
        since = self.load.watch()
        self.cluster.signal(node, signal.SIGSTOP)
        self._served(kind, since)
        since = self.load.watch()
        self.cluster.signal(node, signal.SIGCONT)
        self._served(kind, since)

    def cut_nats(self, kind):
        links = self.cluster.links[self.turn("node")].nats
        since = self.load.watch()
        for link in links:
            link.hold()
        self._served(kind, since)
        for link in links:
            link.release()

    def cut_postgres(self, kind):
        link = self.cluster.links[self.turn("node")].database
        since = self.load.watch()
        link.cut()
        self._served(kind, since)
        link.mend()

    def fill_nats(self, kind):
        """The disk of one is full. It gives JetStream up, and has to get all that it stored from the others anew: what it
        wrote last may be half there."""
        nats = self.cluster.nats.all[self.turn("nats")]
        since = self.load.watch()
        nats.fill_disk()
        self._served(kind, since)
        nats.kill()  # told to end, it may wait for the disk
        nats.empty_disk()
        nats.start()

    def kill_postgres(self, kind):
        since = self.load.watch()
        self.cluster.database.stop(signal.SIGKILL)
        self._served(kind, since)
        self.cluster.database.start()


class Check:
    """What the cluster has, against what it promised."""

    def __init__(self, cluster, load):
        self.cluster, self.load, self.wrong = cluster, load, []

    def run(self):
        for device in self.load.devices:
            self.history(device)
        self.twins()
        self.sets()
        assert not self.wrong, "\n".join(self.wrong)

    def history(self, device):
        api = self.load.api(device, self.load.world.random.randrange(len(self.cluster.nodes)))
        query = {"fields": "n", "from": str(self.load.begin_ms), "to": "now"}
        deadline = Deadline("history", 2 * PATIENCE_S)
        while True:
            answer = api.call("GET", f"/api/v1/devices/{device.sn}/history", query)
            there = [value for _, value in answer["data"]["series"][0]["points"]] if answer["code"] == "0" else []
            if there == device.sent:
                return
            try:
                deadline.left_s()
            except AssertionError:
                self.wrong.append(f"history of {device.sn}, QoS {device.qos}: {differences(there, device.sent)} "
                                  f"{answer if answer['code'] != '0' else ''}")
                return

    def twins(self):
        for number, device in enumerate(self.load.devices):
            there = self.load.api(device, number % len(self.cluster.nodes)).quota_all(device.sn)
            if device.sent and there.get("n") != device.sent[-1]:
                self.wrong.append(f"twin of {device.sn}: {there}, and {device.sent[-1]} was sent last")

    def sets(self):
        sent, done = self.load.sets()
        came = {number: device.sets[number] for number, device in sent.items()}
        asked = self.cluster.nodes[0].cli("audit", "--what", "set", "--last", AUDITED, "--json")
        assert asked.returncode == 0, asked.stderr
        audit = {json.loads(line)["message"]["params"]["number"] for line in asked.stdout.splitlines()}
        for number, device in sent.items():
            times = came[number]
            if times > 1 or (number in done and times == 0):
                self.wrong.append(f"set {number} of {device.sn} came {times} times"
                                  f"{', and was accepted' if number in done else ''}")
            if times and number not in audit:
                self.wrong.append(f"set {number} of {device.sn} came, and is not in the audit")
        assert done, "no set was answered"
        self.done = len(done)


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def bounds(faults):
    """How long a dead node is missed. p50 and p99 are printed; p99 has to hold."""
    for kind, at_most_s in (("kill_node", 5), ("kill_node_and_nats", 10)):
        waits = faults.waits[kind]
        if waits:
            print(f"{kind}: {len(waits)} times, served again p50 {percentile(waits, 0.5):.1f} s, "
                  f"p99 {percentile(waits, 0.99):.1f} s, at most {at_most_s} s wanted", flush=True)


@contextlib.contextmanager
def kept_logs(cluster, folder):
    try:
        yield
    finally:
        for number, node in enumerate(cluster.nodes if folder else ()):
            folder.mkdir(exist_ok=True)
            shutil.copy(node.log, folder / f"{cluster.name(number)}.log")


def work(options):
    disk_mb = DISK_MB if small_disk.are_possible() else None
    with Cluster(nats=3, links=True, flags=[f"--limit={limit}" for limit in LIMITS], disk_mb=disk_mb) as cluster, \
            World(options.seed) as world, kept_logs(cluster, options.logs):
        cluster.await_rest()
        load = Load(options, cluster, world)
        load.begin()
        load.await_served(load.watch())
        faults = Faults(cluster, load)
        order = options.how or [kind for kind in Faults.ORDER if disk_mb or kind != "fill_nats"]
        for number in range(options.faults):
            for app in load.away():
                app.want(number % 2 == 1)
            faults.make(order[number % len(order)])
            if number % 4 == 3:
                load.await_drained()
        load.finish()
        check = Check(cluster, load)
        check.run()
        refused = cluster.count_in_logs("and this write is of revision")
        print(f"{options.faults} faults: {sum(len(device.sent) for device in load.devices)} reports and {check.done} "
              f"sets, none lost, none doubled; {sum(app.again for app in load.apps)} messages came again with DUP; "
              f"{refused} writes of former owners were refused", flush=True)
        bounds(faults)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--faults", type=int)
    parser.add_argument("--long", action="store_true", help=f"{LONG_FAULTS} faults")
    parser.add_argument("--how", default="", type=lambda text: text.split(",") if text else [],
                        help="the faults, in turn")
    parser.add_argument("--devices", type=int, default=24)
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--each-s", type=float, default=0.5, help="from one report of a device to the next")
    parser.add_argument("--set-each-s", type=float, default=1)
    parser.add_argument("--logs", type=pathlib.Path, help="a folder for the logs of the nodes")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    is_long = options.long or bool(os.environ.get("GL_LONG"))
    options.faults = options.faults or (LONG_FAULTS if is_long else FAULTS)
    print(f"seed {options.seed}", flush=True)
    servers.GRIDLOOM = os.environ["GRIDLOOM"] = os.path.abspath(options.program)
    work(options)


if __name__ == "__main__":
    small_disk.enter_namespace()
    main()
