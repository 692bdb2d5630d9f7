"""Bridges and a mode of a battery in a cluster whose nodes are killed and started again, one after another.

A single server stands for the vendor. Its devices send numbered reports, which a mirror brings into the
cluster; beside them the cluster has devices of its own, some of which come and go, and a battery. A webhook
and an influx bridge post to receivers of the test, and the battery is held. The test kills the node that
runs the bridges; with GL_LONG in the environment it kills each node in turn.

What the vendor's devices send while the mirror moves from one node to another never comes. So the test notes
boundaries: the last report of each device that an app of the cluster has got. Reports may be missing only
between two boundaries between which the mirror has signed in at the vendor, one run of them for each sign-in,
which is over once the cluster's list of events says that the device is online again.
"""
import asyncio
import collections
import contextlib
import http.client
import http.server
import itertools
import json
import os
import re
import threading
import time
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
from clients import Client, World
from cluster import Cluster
from ledger import Device
from programs import free_port, until
from server import PATIENCE_S, Server, run_tests, temporary_folder, told
from webhook_test import Receiver

LONG = bool(os.environ.get("GL_LONG"))
ACCOUNT, HOOK, LINES, MIRROR = "home", "hook", "lines", "cloud"
VENDORS = ("VENDOR0000000001", "VENDOR0000000002")
VISITORS = tuple(f"VISITOR00000000{number}" for number in range(1, 7))
BATTERY = "R331CLUSTER00000"
HOLD = {"mode": 2, "device": BATTERY}
HELD, BEFORE = (1, 50), (0, 20)  # a DELTA 2's reserve for outages: whether it is on, its percent
REPORT_S = 0.25
VISIT_S = 6  # an event of a visitor each: the list takes 60 an hour of each device
PAUSE_MS = 300  # of the mirror, between two requests for values
LEASE_LOOK_S = 0.2
SERVED_S = 90  # until reports are in the cluster again, whatever happened
SETTLED_S = 90  # until all that was sent has arrived
MODE_S = 180  # it lasts 60 s, and again as long with the next owner
SAME_MS = 100  # times that are made of one on the steady clock, at two moments
UNKNOWN = (503, 504)  # the server that has the leases is away

Boundary = collections.namedtuple("Boundary", "title reports sign_ins")
Sample = collections.namedtuple("Sample", "node begun ended modes")


class Numbered(Device):
    """Its reports say when they were made: so history has each at a time that no other value has."""

    def __init__(self, world, sn, key, qos):
        super().__init__(world, sn, key, qos, repeats=False, each_s=REPORT_S)
        self.made = []  # in ms, of each report

    def publish(self, topic, payload, qos, fact):
        if topic.endswith("/quota"):
            self.made.append(int(time.time() * 1000))
            payload["timestamp"] = self.made[-1]
        super().publish(topic, payload, qos, fact)


class Visitor(Device):
    """Comes and goes."""

    def __init__(self, world, sn, key):
        super().__init__(world, sn, key, 1, repeats=False, each_s=REPORT_S)

    def begin(self):
        super().begin()
        self.world.begin(self._visit())

    async def _visit(self):
        while self.is_reporting:
            await asyncio.sleep(VISIT_S * self.world.random.uniform(0.5, 1.5))  # the rate of its events
            self._want(not self.is_wanted.is_set() or not self.is_reporting)


class Battery(Device):
    """Obeys, and remembers what it was told."""

    def __init__(self, world, sn, key):
        super().__init__(world, sn, key, 1, repeats=False, each_s=REPORT_S)
        self.told = []  # ms, the setting
        self.ids = set()

    def report(self, **params):
        self.publish(f"/device/{self.sn}/quota", {"id": 1, "version": "1.0", "params": params}, 1, None)

    def take(self, topic, payload, again):
        asked = payload["params"]
        if payload["id"] not in self.ids:
            self.ids.add(payload["id"])
            self.told.append((int(time.time() * 1000), (asked["isConfig"], asked["bpPowerSoc"])))
        self.report(**{"pd.watchIsConfig": asked["isConfig"], "pd.bpPowerSoc": asked["bpPowerSoc"]})
        self.publish(f"/device/{self.sn}/set_reply", {"id": payload["id"], "data": {"ack": 0}}, 1, None)
        self.world.note_progress()


class Watcher(Client):
    """An app of the cluster's account: which report of each of the vendor's devices it has got last."""

    def __init__(self, world, user, password, devices):
        super().__init__(world, user, password, "watcher", [(f"/open/{user}/+/quota", 1)])
        self.devices = {device.sn: device for device in devices}
        self.last = dict.fromkeys(self.devices, 0)

    def take(self, topic, payload, again):
        sn = topic.split("/")[3]
        number, at = payload["params"].get("n"), payload.get("timestamp")
        if sn in self.devices and number and self.devices[sn].made[number - 1] == at:
            self.last[sn] = max(self.last[sn], number)
            self.world.note_progress()


class Lines:
    """A receiver of InfluxDB's lines: what came, by device, field and time in ns."""

    def __init__(self):
        self.values, self.times = collections.defaultdict(set), collections.Counter()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            receiver = self

            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.receiver.take(text.splitlines())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, lines):
        with self.lock:
            for line in lines:
                head, values, at = re.split(r"(?<!\\) ", line)
                sn = dict(tag.split("=") for tag in head.split(",")[1:])["sn"]
                for value in values.split(","):
                    field, number = value.split("=")
                    self.values[sn, field, int(at)].add(float(number))
                    self.times[sn, field, int(at)] += 1

    def points(self):
        """How often each device, field, time in ms and value is there."""
        with self.lock:
            return collections.Counter((sn, field, at // 1_000_000, value)
                                       for (sn, field, at), values in self.values.items() for value in values)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Leases:
    """Asks the nodes, one after another, which batteries have a mode."""

    def __init__(self, scenario):
        self.scenario, self.samples, self.wrong = scenario, [], []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def end(self):
        self.ending.set()
        self.thread.join(2 * PATIENCE_S)

    def _work(self):
        for number in itertools.cycle(range(3)):
            if self.ending.wait(LEASE_LOOK_S):  # the rate of questions
                return
            begun = time.time()
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):  # the node is away
                status, answer = self.scenario.evcc(number, "GET")
                if status == 200 and "modes" in answer:  # else the server that has the leases is away
                    self.samples.append(Sample(number, begun * 1000, time.time() * 1000, answer["modes"]))
                elif status not in (200, *UNKNOWN):
                    self.wrong.append((status, answer))

    def during(self, begin_ms, end_ms):
        return [each for each in self.samples if each.begun >= begin_ms and each.ended <= end_ms]


class Scenario:
    """What happens, and what is left of it. `stack` ends it."""

    def __init__(self, stack):
        self.cluster = stack.enter_context(Cluster(nodes=3, flags=("--set-timeout-ms", 2000)))
        self.vendor = stack.enter_context(Server(demo=False))
        self.hook, self.lines = Receiver(), Lines()
        stack.callback(self.hook.close)
        stack.callback(self.lines.close)
        self.cluster.await_rest()
        self.here = stack.enter_context(World(1))
        self.there = stack.enter_context(World(2))
        self.boundaries, self.compared = [], []
        self._add_account()
        self._add_receivers()
        self._add_devices()
        self.cluster.await_known()
        self._add_mirror()  # which adds devices, whenever it does
        self.leases = Leases(self)
        stack.callback(self.leases.end)

    def _add_account(self):
        first = self.cluster.nodes[0]
        account = first.add_account(ACCOUNT)
        self.keys = account["accessKey"], account["secretKey"]
        self.token = told(first.cli("token", "add", "script", "--account", ACCOUNT, "--scope", "control"))["token"]
        self.certificate = account["api"].certification()
        self.maker = self.vendor.add_account("maker")
        self.cluster.await_known()

    def _add_bridge(self, kind, name, *settings):
        told(self.cluster.nodes[0].cli("bridge", "add", kind, name, "--account", ACCOUNT, *settings))

    def _add_receivers(self):
        """Before there is any device, so that they tell all that happens."""
        self.begin_ms = int(time.time() * 1000) - 1000
        self._add_bridge("webhook", HOOK, "--url", self.hook.url)
        self._add_bridge("influx", LINES, "--url", self.lines.url, "--database", "home", "--every", 1)
        until("a webhook that watches", lambda: any("waiting" in row["figures"] for row in self.rows(HOOK)))
        until("an influx bridge that runs", lambda: any(row["state"] == "connected" for row in self.rows(LINES)))

    def _add_mirror(self):
        secret = temporary_folder() / "secret"
        secret.write_text(self.maker["secretKey"] + "\n")
        secret.chmod(0o600)
        self._add_bridge("mirror", MIRROR, "--host", self.vendor.facts["https"], "--ca", self.vendor.ca,
                         "--access-key", self.maker["accessKey"], "--secret-key-file", secret,
                         "--request-pause-ms", PAUSE_MS)

    def _add_devices(self):
        first = self.cluster.nodes[0]
        self.vendors = [Numbered(self.there, sn, self.vendor.add_device(sn, "maker"), qos)
                        for sn, qos in zip(VENDORS, (1, 2), strict=True)]
        self.visitors = [Visitor(self.here, sn, first.add_device(sn, ACCOUNT)) for sn in VISITORS]
        self.battery = Battery(self.here, BATTERY, first.add_device(BATTERY, ACCOUNT))
        user, password = (self.certificate[f"certificate{part}"] for part in ("Account", "Password"))
        self.watcher = Watcher(self.here, user, password, self.vendors)

    def rows(self, name):
        lines = [line for node in self.cluster.nodes
                 for line in node.cli("bridge", "list", "--json").stdout.splitlines()]
        return [row for row in map(json.loads, lines) if row["name"] == name]

    def api(self, number):
        return self.cluster.nodes[number].api(*self.keys)

    def evcc(self, number, method, path="", body=None):
        """Status and body."""
        line = http.client.HTTPConnection(*self.cluster.nodes[number].place("http"), timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.request(method, f"/api/v1/evcc{path}", body=json.dumps(body) if body else None, headers={
                "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
            })  # fmt: skip
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())

    def hold(self, number):
        """Asks for the mode, or renews it; the batteries that have one then."""
        status, answer = self.evcc(number, "POST", "/batterymode", HOLD)
        assert status == 200, answer
        return answer["modes"]

    def compare_leases(self):
        """Asks all nodes that are there which batteries have a mode."""
        numbers = [number for number in range(3) if self.cluster.is_there(number)]
        self.compared.append([self.evcc(number, "GET")[1]["modes"] for number in numbers])

    def sign_ins(self):
        """Of all that are no devices at the vendor."""
        listed = told_json(self.vendor.cli("audit", "--what", "sign-in", "--last", 1000, "--json"))
        return [each for each in listed if each["through"] == "mqtt" and each["client"] not in VENDORS]

    def note_boundary(self, title):
        """Once reports that are made from now on are in the cluster: the last ones that are."""
        made = {device.sn: len(device.sent) for device in self.vendors}
        last = self.watcher.last
        self.here.until(lambda: all(last[sn] > count for sn, count in made.items()),
                        lambda: f"reports behind {made}: {last}, {self.rows(MIRROR)}\n{self.cluster.logs()}", SERVED_S)
        self.boundaries.append(Boundary(title, dict(last), len(self.sign_ins())))

    def run(self):
        self.here.places = [node.place("mqtt") for node in self.cluster.nodes]
        self.there.places = [self.vendor.place("mqtt")]
        self.battery.report(**{"pd.soc": 50, "pd.watchIsConfig": 0, "pd.bpPowerSoc": 20})
        for each in (*self.vendors, *self.visitors, self.battery, self.watcher):
            each.begin()
        self.boundaries.append(Boundary("none", dict.fromkeys(VENDORS, 0), 0))
        self.note_boundary("the begin")
        self.here.until(lambda: self.battery.acknowledgements, lambda: "a battery that has reported", SERVED_S)
        self.hold(0)
        self.held_ms = time.time() * 1000
        first = self.node_of_slot_0()
        for number in [(first + each) % 3 for each in range(3 if LONG else 1)]:
            self.turn(number)
        self.here.until(lambda: len(self.battery.told) > 1, lambda: "the end of the mode", MODE_S)
        until("a battery without a mode", lambda: self.evcc(0, "GET")[1].get("modes") == [])
        self.leases.end()
        self.finish()

    def node_of_slot_0(self):
        return next(n for n in range(3) if 0 in self.cluster.beats.served_of(self.cluster.name(n)))

    def turn(self, number):
        name = self.cluster.name(number)
        has_bridges = "the bridges" if number == self.node_of_slot_0() else "no bridge"
        self.hold((number + 1) % 3)
        begun = time.monotonic()
        self.cluster.kill(number)
        self.cluster.await_rest()
        self.note_boundary(f"the end of {name} with {has_bridges}")
        self.compare_leases()
        self.hold((number + 2) % 3)
        self.cluster.start(number)
        self.cluster.await_rest()
        self.compare_leases()
        self.note_boundary(f"the start of {name}")
        print(f"{name} with {has_bridges} was killed and is back after {time.monotonic() - begun:.1f} s", flush=True)

    def finish(self):
        """All that was sent is acknowledged, and has arrived."""
        devices = (*self.vendors, *self.visitors, self.battery)
        for device in devices:
            device.is_reporting = False
            device.want(True)
        for world, some in ((self.there, self.vendors), (self.here, devices[len(self.vendors):])):
            world.until(lambda: all(each.is_connected and not each.flights for each in some),
                        lambda: f"not acknowledged: {[each.sn for each in some if each.flights]}", SETTLED_S)
        last, made = self.watcher.last, {device.sn: len(device.sent) for device in self.vendors}
        self.here.until(lambda: last == made, lambda: f"not arrived: {last} of {made}", SETTLED_S)
        self.boundaries.append(Boundary("the end", made, len(self.sign_ins())))
        until("lists of events that are whole", lambda: self.are_online({device.sn for device in devices}))

    def are_online(self, sns):
        """Whether that is the last that the list has of each, at each node: then nothing comes any more."""
        for number in range(3):
            last = {}
            for event in self.events(number):
                if event["kind"] in ("online", "offline"):
                    last.setdefault(event["sn"], event["kind"])
            if last != dict.fromkeys(sns, "online"):
                return False
        return True

    def history(self, sn, fields="*", number=0):
        """By field: times and values, as a node has them."""
        query = {"fields": fields, "from": str(self.begin_ms), "to": "now"}
        series = self.api(number).data("GET", f"/api/v1/devices/{sn}/history", query)["series"]
        return {each["field"]: each["points"] for each in series}

    def events(self, number):
        """What the list has, the newest first."""
        found, query = [], {"limit": "1000"}
        while True:
            page = self.api(number).data("GET", "/api/v1/events", query)
            found += page["events"]
            if "next" not in page:
                return found
            query["cursor"] = page["next"]


def told_json(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def runs_of(numbers):
    """Numbers in ascending order, as (first, last) of those that follow one another."""
    runs = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [tuple(run) for run in runs]


def key_of(event, sn):
    return sn, event["kind"], event["at"], event.get("field"), event.get("id")


class BridgesTest(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.scenario = Scenario(cls.enterClassContext(contextlib.ExitStack()))
        cls.scenario.run()

    def test_a_report_is_in_history_once_and_missing_only_if_the_mirror_moved(self):
        scenario = self.scenario
        online = [(each["sn"], each["at"]) for each in scenario.events(0) if each["kind"] == "online"]
        for device in scenario.vendors:
            with self.subTest(sn=device.sn):
                points, *others = [scenario.history(device.sn, "n", number)["n"] for number in range(3)]
                self.assertEqual(others, [points, points], "nodes have the same history")
                there = collections.Counter(n for at, n in points if device.made[n - 1] == at)
                self.assertEqual([n for n, count in there.items() if count > 1], [], "in history twice")
                # What is not at a report's own time was the answer to a question for all values.
                asked = [n for at, n in points if device.made[n - 1] != at]
                self.assertLessEqual(len(asked), len(scenario.sign_ins()), points)
                missing = [n for n in range(1, len(device.sent) + 1) if not there[n]]
                for before, after in itertools.pairwise(scenario.boundaries):
                    begin, end = before.reports[device.sn], after.reports[device.sn]
                    runs = runs_of(n for n in missing if begin < n <= end)
                    moves = after.sign_ins - before.sign_ins
                    self.assertLessEqual(len(runs), moves, f"{runs} until {after.title}")
                    for first, last in runs:
                        back = min((at for sn, at in online if sn == device.sn and at >= device.made[first - 1]),
                                   default=0)
                        self.assertGreaterEqual(back, device.made[last - 1],
                                                f"{first} to {last} until {after.title}: online, and not in history")
                        missed_s = (device.made[last] - device.made[first - 1]) / 1000
                        print(f"{device.sn} until {after.title}: {last - first + 1} reports of {missed_s:.1f} s are "
                              f"missing", flush=True)
                print(f"{device.sn}: {len(device.sent)} reports, {len(missing)} are missing; {len(asked)} values more",
                      flush=True)

    def test_each_event_is_posted_under_one_id(self):
        scenario = self.scenario

        def calls():
            with scenario.hook.calls.mutex:
                return list(scenario.hook.calls.queue)

        def posted():
            return {key_of(call.event, call.body["device"]["sn"]) for call in calls()}

        listed = [key_of(each, each["sn"]) for each in scenario.events(0)]
        for number in (1, 2):
            self.assertEqual([key_of(each, each["sn"]) for each in scenario.events(number)], listed)
        self.assertEqual(len(set(listed)), len(listed), "an event is in the list once")
        scenario.here.until(lambda: set(listed) <= posted(), lambda: f"not posted: {set(listed) - posted()}",
                            SETTLED_S)
        self.assertEqual(posted() - set(listed), set(), "posted, and not in the list")
        ids = collections.defaultdict(set)
        for call in calls():
            self.assertEqual(call.body["id"], call.id)
            ids[key_of(call.event, call.body["device"]["sn"])].add(call.id)
        self.assertEqual({event: some for event, some in ids.items() if len(some) > 1}, {}, "under two ids")
        self.assertEqual(len(set().union(*ids.values())), len(ids), "an id is of one event")
        print(f"{len(listed)} events, {len(calls())} posts; by kind "
              f"{dict(collections.Counter(kind for _, kind, *_ in listed))}", flush=True)

    def test_what_history_has_is_written_to_influx(self):
        scenario = self.scenario
        history = collections.Counter(
            (sn, field, at, float(value)) for sn in (*VENDORS, *VISITORS, BATTERY)
            for field, points in scenario.history(sn).items() for at, value in points)
        scenario.here.until(lambda: not history - scenario.lines.points(),
                            lambda: f"not written: {history - scenario.lines.points()}", SETTLED_S)
        lines = scenario.lines.points()
        self.assertEqual(lines - history, collections.Counter(), "written, and not in history")
        again = sum(scenario.lines.times.values()) - history.total()
        print(f"{history.total()} values of history are written, {again} of them again", flush=True)

    def test_the_vendor_saw_one_client_id(self):
        scenario = self.scenario
        sign_ins = scenario.sign_ins()
        self.assertEqual(len({each["client"] for each in sign_ins}), 1, sign_ins)
        self.assertEqual({each["outcome"] for each in sign_ins}, {"accepted"})
        self.assertEqual([each for each in sign_ins if "leftOut" in each], [])
        begins = scenario.cluster.count_in_logs("the bridges of the cluster run at this node")
        self.assertLessEqual(len(sign_ins), begins, "nodes sign in against each other")
        print(f"{len(sign_ins)} sign-ins at the vendor, bridges began {begins} times", flush=True)

    def test_the_battery_had_one_lease_at_any_time_and_it_ended_as_told(self):
        scenario = self.scenario
        self.assertEqual([setting for _, setting in scenario.battery.told], [HELD, BEFORE])
        end_ms = scenario.battery.told[1][0]
        self.assertEqual(scenario.leases.wrong, [])
        samples = scenario.leases.during(scenario.held_ms, end_ms)
        self.assertEqual([each for each in samples if [mode["sn"] for mode in each.modes] != [BATTERY]], [])
        self.assertEqual({each.node for each in samples}, {0, 1, 2})
        for modes in scenario.compared:
            ends_ms = [each["until"] for (each,) in modes]
            self.assertLess(max(ends_ms) - min(ends_ms), SAME_MS, "nodes name different leases")
            self.assertEqual({each["mode"] for (each,) in modes}, {HOLD["mode"]})
        until_ms = samples[-1].modes[0]["until"]
        self.assertGreaterEqual(end_ms, until_ms)
        sets = [each for each in told_json(scenario.cluster.nodes[0].cli(
            "audit", "--what", "set", "--last", 1000, "--json")) if each["sn"] == BATTERY]
        self.assertEqual(len(sets), 2, sets)
        print(f"{len(samples)} answers of nodes named one lease; it ended {end_ms - until_ms:.0f} ms after its time",
              flush=True)


if __name__ == "__main__":
    run_tests()
