"""Who promised what to whom: devices that report, apps that are there or away, and sets."""
import asyncio
import collections
import contextlib
import time

import paths  # noqa: F401  (finds the modules of the other tests)
from clients import Client

WINDOW = 4  # reports of a device in flight
SAMPLES = 8  # of what differs, in a complaint
TOLD = 20  # devices of which it tells


def differences(there, sent):
    at = next((i for i, (a, b) in enumerate(zip(there, sent)) if a != b), min(len(there), len(sent)))
    return (f"{len(there)} instead of {len(sent)}, the first difference at {at}: {there[at:at + SAMPLES]}, "
            f"{sent[at:at + SAMPLES]}")


class Device(Client):
    """Reports at one QoS and answers sets. `repeats`: its reports differ in nothing but their order."""

    def __init__(self, world, sn, key, qos, repeats, each_s):
        super().__init__(world, sn, key, sn, [(f"/device/{sn}/set", 1)])
        self.sn, self.qos, self.repeats, self.each_s = sn, qos, repeats, each_s
        self.sent, self.acknowledgements = [], 0
        self.sets = collections.Counter()  # how often each came, by its number
        self.is_reporting = True
        self.watched_since, self.served_at = 0.0, None
        self.is_urged = asyncio.Event()

    def begin(self):
        super().begin()
        self.world.begin(self._report())

    async def _report(self):
        while self.is_reporting:
            with contextlib.suppress(TimeoutError, asyncio.TimeoutError):  # the rate of its reports
                await asyncio.wait_for(self.is_urged.wait(), self.each_s * self.world.random.uniform(0.5, 1.5))
            self.is_urged.clear()
            if self.has_session and self.is_reporting and len(self.flights) < WINDOW:
                value = self.world.random.choice((0, 0, 1)) if self.repeats else len(self.sent) + 1
                self.sent.append(value)
                params = {"n": value} if self.repeats else {"n": value, "same": 7, "switch": value % 2}
                self.publish(f"/device/{self.sn}/quota", {"version": "1.0", "params": params}, self.qos, None)

    def acknowledged(self, flight):
        self.acknowledgements += 1
        if self.served_at is None and flight.sent_at >= self.watched_since:
            self.served_at = time.monotonic()
        self.world.note_progress()

    def watch(self, since):
        """Reports at once, and notes when a report that was sent since is acknowledged."""
        self.watched_since, self.served_at = since, None
        self.world.loop.call_soon_threadsafe(self.is_urged.set)

    def take(self, topic, payload, again):
        number = payload["params"]["number"]
        if not (again and self.sets[number]):
            self.sets[number] += 1
        self.publish(f"/device/{self.sn}/set_reply", {"id": payload["id"], "version": "1.0", "code": "0",
                                                      "data": {"ack": 0}}, 1, "reply")


class App(Client):
    """An account's app that gets the reports of all its devices. As MQTT says nothing but DUP of two equal messages,
    it keeps how many of the reports of a device its messages may be."""

    def __init__(self, world, user, password, qos, devices):
        super().__init__(world, user, password, f"app-{user}-{qos}",
                         [(f"/open/{user}/+/quota", qos), (f"/open/{user}/+/set_reply", qos)])
        self.devices, self.qos = {device.sn: device for device in devices}, qos
        self.places = {sn: {0} for sn in self.devices}
        self.got = {sn: [] for sn in self.devices}
        self.replies = {}  # the code of each set, by its number
        self.again = 0

    def take(self, topic, payload, again):
        _, _, _, sn, verb = topic.split("/")
        if verb == "set_reply":
            self.replies[int(payload["id"])] = str(payload.get("code", payload.get("data", {}).get("ack")))
            return self.world.note_progress()
        value, device, places = payload["params"]["n"], self.devices[sn], self.places[sn]
        sent = device.sent
        self.got[sn].append(value)
        self.again += again
        on = {n + 1 for n in places if n < len(sent) and sent[n] == value}
        self.places[sn] = on | places if again else on
        if not self.places[sn]:
            self._resume(device, value, places)
        return self.world.note_progress()

    def _resume(self, device, value, places):
        """Reports are missing before this one, or it came twice."""
        last = min(places)
        self.places[device.sn] = {n + 1 for n in range(last, len(device.sent)) if device.sent[n] == value} or {last}
        self.world.complain(f"{self.client_id}: message {len(self.got[device.sn])} of {device.sn} is {value}, and not "
                            f"what came next: {differences(self.got[device.sn], device.sent)}")

    # These are asked after each message, so they end at the first device that lacks something.

    def is_complete(self):
        """Whether all has arrived, and nothing is owed."""
        return not self.unreleased and all(len(device.sent) in self.places[sn] for sn, device in self.devices.items())

    def has(self, counts):
        """Whether as many reports of each device have arrived."""
        return all(min(self.places[sn]) >= counts[sn] for sn in self.devices)

    def missing(self):
        """What has not arrived, of some devices."""
        incomplete = [device for sn, device in self.devices.items() if len(device.sent) not in self.places[sn]]
        found = {device.sn: differences(self.got[device.sn], device.sent) for device in incomplete[:TOLD]}
        return f"{len(incomplete)} of {len(self.devices)} devices: {found}"


class Setter(Client):
    """Sets its account's devices over MQTT, without a session: what is not acknowledged is not sent again, and may have
    reached its device or not."""

    def __init__(self, world, user, password, devices, numbers, each_s):
        super().__init__(world, user, password, f"setter-{user}", [(f"/open/{user}/+/set_reply", 1)], is_kept=False)
        self.devices, self.numbers, self.each_s = devices, numbers, each_s
        self.sent = {}  # the device of each set, by its number
        self.accepted = set()
        self.is_setting = True

    def begin(self):
        super().begin()
        self.world.begin(self._set())

    async def _set(self):
        while self.is_setting:
            await asyncio.sleep(self.each_s * self.world.random.uniform(0.5, 1.5))  # the rate of its sets
            if not self.is_connected:
                continue
            device, number = self.world.random.choice(self.devices), next(self.numbers)
            self.sent[number] = device
            payload = {"id": number, "version": "1.0", "operateType": "mark", "params": {"number": number}}
            self.publish(f"/open/{self.user}/{device.sn}/set", payload, 1, number)

    def acknowledged(self, flight):
        self.accepted.add(flight.fact)
