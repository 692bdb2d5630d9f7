"""A day of the mirror. A strict Gridloom with all families plays the vendor's cloud, and another one mirrors it over
TLS: every report arrives, sets go out and their replies come back, the values of both are the same, and so are the
energies. Then the link is cut for an hour, and with GL_LONG in the environment each fault of the platform follows.

Both live in one time, minute by minute: first the mirror's time advances, then the vendor's, then all messages of that
minute arrive. So a report has the same time here and there, although most families send none. The last message of a
minute is that of a device of the test's own, which comes behind all others.
"""
import collections
import datetime
import hashlib
import http.client
import json
import os
import time
import unittest

from mirror_test import BODIES, PAUSE_MS, SETS, Mirrored
from mqtt_talk import AppClient, DeviceClient
from programs import until
from relay import Relay
from server import PATIENCE_S, STEP_S, Deadline, run_tests, told

LONG = bool(os.environ.get("GL_LONG"))
HOURS = 24 if LONG else 1
WARM_UP_MIN = 15  # values that quota/all of a family does not have come with its first reports
FENCE = "TESTFENCE0000001"
# An hour of the mirror's rhythm: the pauses are those of the vendor's own cloud in proportion.
HOUR_S = 3600 * PAUSE_MS / 10_000
# What published clients keep between two requests of a kind; of one device, or of the account. The sources are in
# src/bridges/mirror/rhythm.h.
PUBLISHED = (
    ("quota/all", False, "shuette42/ecoflow-energy-ha", 10),
    ("quota/all", True, "evcc-io/evcc", 30),
    ("quota/all", True, "MichelFR/ha-ecoflow-iot", 60),
    ("certification", False, "shuette42/ecoflow-energy-ha", 60),
)
# Faults of the platform and their values, as the vendor's cloud is known to have them.
FAULTS = {
    "frozen_snapshot": None, "null_data": None, "text_values": None, "stale_offline": None, "flapping_online": 60,
    "sleepy_push": 1, "unanswered_set": None, "refused_value": None, "refused_sign": None, "too_many_requests": 1,
    "model_not_allowed": None, "slow_answer": 1, "dropped_connection": None, "reset_connection": None,
    "few_client_ids": 10, "no_wildcards": None, "refused_certificate": None,
}


class Clock:
    """The devices' time of a server, which a test advances."""

    def __init__(self, server):
        self.token = told(server.cli("token", "add", "clock", "--scope", "admin"))["token"]
        self.line = http.client.HTTPConnection(*server.place("http"), timeout=PATIENCE_S)

    def _ask(self, operation, **parameters):
        self.line.request("POST", f"/api/v1/admin/{operation}", json.dumps(parameters),
                          {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = self.line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{operation}: {body}")
        return json.loads(body)

    def now(self):
        return datetime.datetime.fromtimestamp(self._ask("time")["now"] / 1000, datetime.timezone.utc)

    def step(self, **span):
        ms = int(datetime.timedelta(**span).total_seconds() * 1000)
        state = self._ask("time.step", ms=ms)
        deadline = Deadline(f"a step of {ms} ms", STEP_S)
        while state["state"] != "paused":
            deadline.left_s()
            state = self._ask("time")


class Reports(AppClient):
    """What comes of the reports of devices: how often each payload of each device."""

    def __init__(self, server, api, **settings):
        super().__init__(server, api, **settings)
        self.counts, self.fence = collections.Counter(), 0

    def listen(self, sns):
        for sn in sns:
            self.subscribe(self.topic(sn, "quota"))

    def _keep(self, message):
        sn = message.topic.split("/")[3]
        if sn != FENCE:
            self.counts[sn, hashlib.sha1(message.payload).digest()] += 1
            return
        minute = json.loads(message.payload)["params"]["minute"]
        if isinstance(minute, int):  # quota/all may have it as text
            self._tell(fence=max(self.fence, minute))

    def await_fence(self, minute):
        self._await(lambda: True if self.fence >= minute else None, f"the reports of minute {minute}")

    def total(self):
        return sum(self.counts.values())


class Day(Mirrored):
    start = "2026-05-31 23:45" if LONG else "2026-06-01 11:45"
    # One more address of the loopback, so that the broker's port that the certification says is the relay's as well.
    relay_host = "127.0.0.2"
    vendor_flags = ("--public-host", relay_host)
    # One thread, so that what comes behind other reports is taken behind them.
    local_flags = ("--start", start, "--paused", "--threads", "1")

    def __enter__(self):
        self.minute = 0
        self.vendor_clock, self.local_clock = Clock(self.vendor), Clock(self.local)
        self.begin = self.vendor_clock.now()
        key = self.vendor.add_device(FENCE, "demo")
        self.fence = DeviceClient(self.vendor, FENCE, key)
        self.fence.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        self.fence.close()
        for relay in self.relays.values():
            relay.__exit__()
        return super().__exit__(*error)

    def host(self):
        tls = self.vendor.data / "tls"
        self.relays = {
            # A reverse proxy ends TLS here, so that it sees the requests.
            "https": Relay((self.relay_host, self.vendor.place("https")[1]), self.vendor.place("http"),
                           (tls / "server.pem", tls / "server.key")),
            "mqtts": Relay((self.relay_host, self.vendor.place("mqtts")[1]), self.vendor.place("mqtts")),
        }
        return "https://{}:{}".format(*self.relays["https"].place)

    def cut(self):
        for relay in self.relays.values():
            relay.cut()

    def mend(self):
        for relay in self.relays.values():
            relay.mend()

    def live(self, minutes, arriving=()):
        """Both live so many minutes; the reports of each arrive before the next at all of `arriving`."""
        for _ in range(minutes):
            self.minute += 1
            self.local_clock.step(minutes=1)
            self.vendor_clock.step(minutes=1)
            self.report_fence()
            for each in arriving:
                each.await_fence(self.minute)

    def report_fence(self):
        self.fence.report({"minute": self.minute})

    def pass_by(self, minutes):
        """The same without the mirror's seeing any of it."""
        self.minute += minutes
        self.local_clock.step(minutes=minutes)
        self.vendor_clock.step(minutes=minutes)

    def energies(self, begin, end):
        """The energies of devices and the home, the vendor's and the mirror's, between two minutes since the start."""
        span = {name: (self.begin + datetime.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
                for name, minute in (("from", begin), ("to", end))}
        paths = {sn: f"/api/v1/devices/{sn}/energy" for sn in self.cloud.devices() if sn != FENCE}
        paths["home"] = "/api/v1/home/energy"
        return {name: tuple(api.data("GET", path, span) for api in (self.cloud, self.home))
                for name, path in paths.items()}

    def requests(self):
        """The requests that came through: (time, kind, serial number)."""
        rows = []
        for at, line in self.relays["https"].requests:
            path, _, query = line.split(" ")[1].partition("?")
            sn = query.removeprefix("sn=") if query.startswith("sn=") else ""
            rows.append((at, path.removeprefix("/iot-open/sign/").removeprefix("device/"), sn))
        return rows


def sums_of(row):
    """The energies of a bucket or a total, in kWh."""
    return {name: value for name, value in row.items()
            if isinstance(value, (int, float)) and not name.startswith(("self", "unknown", "atLeast"))}


def most_in_an_hour(times):
    """The mirror's rhythm."""
    times, most, first = sorted(times), 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= HOUR_S:
            first += 1
        most = max(most, last - first + 1)
    return most


class MirrorDayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.both = cls.enterClassContext(Day())
        cls.both.await_all()

    def assert_same_energies(self, begin, end, what, unknown=False):
        """Within 0.1 percent, or two of the watt-hours to which they are rounded. `unknown`: the mirror may not know
        them, as long as it says so."""
        known = 0
        for name, (vendor, mirror) in self.both.energies(begin, end).items():
            rows = [(vendor["total"], mirror["total"]), *zip(vendor["buckets"], mirror["buckets"], strict=True)]
            for there, here in rows:
                where = (what, name, there, here)
                theirs, ours = sums_of(there), sums_of(here)
                if unknown and name == "home":  # the sum of those that are known
                    self.assertTrue(here["atLeast"], where)
                    continue
                if unknown and ours != theirs:
                    self.assertLessEqual(set(ours), set(theirs), where)
                    self.assertTrue(ours or here["unknown_s"] == there["unknown_s"] + 60 * (end - begin), where)
                else:
                    self.assertEqual((set(theirs), there["unknown_s"]), (set(ours), here["unknown_s"]), where)
                for flow, kwh in ours.items():
                    self.assertAlmostEqual(kwh, theirs[flow], delta=0.002 + 0.001 * theirs[flow], msg=(flow, *where))
                known += sum(ours.values())
            if name == "home":
                print(f"{what}: of the vendor {sums_of(vendor['total'])}\n"
                      f"{what}: of the mirror {sums_of(mirror['total'])}")
        self.assertGreater(known, 0, what)

    def sets(self):
        """Sends each family's sets through the mirror."""
        count = 0
        for sn, (quota, body, value) in SETS.items():
            answer = self.both.home.set(sn, **body)
            self.assertEqual(answer["code"], "0", (sn, body, answer))
            self.assertEqual(self.both.cloud.quotas(sn, quota), {quota: value})
            until(quota, lambda sn=sn, quota=quota, value=value: self.both.home.quotas(sn, quota) == {quota: value})
            count += 1
        devices = self.both.cloud.devices()
        for body in BODIES:
            if body["sn"] in devices:
                answer = self.both.home.set(body["sn"], **{name: part for name, part in body.items() if name != "sn"})
                self.assertEqual(answer["code"], "0", (body, answer))
                count += 1
        return count

    def compare_reports(self, there, here):
        missing = there.counts - here.counts
        self.assertFalse(missing, f"{missing.total()} of {there.total()} reports did not arrive")
        more = (here.counts - there.counts).total()
        print(f"{there.total()} reports of {len(self.both.cloud.devices()) - 1} devices arrived as they were sent; "
              f"{more} more are of values that quota/all had first")
        self.assertLess(more, there.total() / 100)

    def compare_history(self):
        """Values have the same times here and there."""
        span = {"from": self.both.begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "to": self.both.vendor_clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
        count = 0
        for sn in self.both.cloud.devices():
            quotas = self.both.cloud.quota_all(sn).items()
            names = sorted(name for name, value in quotas if isinstance(value, (int, float)))[:32]  # most at once
            if not names:
                continue
            query = {**span, "fields": ",".join(names)}
            there, here = ({series["field"]: series["points"] for series in
                            api.data("GET", f"/api/v1/devices/{sn}/history", query)["series"]}
                           for api in (self.both.cloud, self.both.home))
            for name in names:
                points = {tuple(point) for point in there[name]}
                missing = points - {tuple(point) for point in here[name]}
                self.assertFalse(missing, (sn, name, sorted(missing)[:3], here[name][:3]))
                count += len(points)
        print(f"{count} values have the same times")

    def tell_requests(self, what, begin):
        """Prints how many requests came in an hour since `begin`. Published clients make more."""
        requests = [row for row in self.both.requests() if row[0] >= begin]
        self.assertLessEqual({kind for _, kind, _ in requests}, {"quota/all", "list", "certification"})
        hours = (time.monotonic() - begin) / HOUR_S
        means = {kind: round(count / hours, 1) for kind, count in collections.Counter(r[1] for r in requests).items()}
        print(f"{what}: requests in an hour, mean of {hours:.1f} hours of the mirror's rhythm: {means}")
        for kind, of_device, client, pause_s in PUBLISHED:
            sns = {sn for _, _, sn in requests} if of_device else {None}
            most = max((most_in_an_hour(at for at, asked, sn in requests if asked == kind and each in (None, sn))
                        for each in sns), default=0)
            print(f"{what}: {kind}{' of one device' if of_device else ''}: {most} at most in an hour; "
                  f"{3600 // pause_s} of {client}")
            self.assertLessEqual(most, 3600 // pause_s, (what, kind, client))
        return requests

    def test_a_day_and_what_goes_wrong_behind_it(self):
        both = self.both
        with Reports(both.local, both.home) as here:
            self.a_day(here)
            self.cut_for_an_hour(here)
            if LONG:
                for fault, value in FAULTS.items():
                    with self.subTest(fault=fault):
                        self.fault(fault, value, here)

    def a_day(self, here):
        both = self.both
        sns = both.cloud.devices()
        with Reports(both.vendor, both.cloud) as there:
            there.listen(sns)
            here.listen(sns)
            both.live(WARM_UP_MIN, (there, here))
            begin, sets = time.monotonic(), 0
            for hour in range(HOURS):
                both.live(30, (there, here))
                if hour % 6 == 0:
                    sets += self.sets()
                both.live(30, (there, here))
                both.await_equal()
            self.compare_reports(there, here)
        self.compare_history()
        self.assert_same_energies(WARM_UP_MIN, both.minute, "the day")
        self.assertTrue(self.tell_requests("the day", begin))
        print(f"{sets} sets were carried out and answered; {HOURS} hours took {time.monotonic() - begin:.0f} s")

    def cut_for_an_hour(self, here):
        both = self.both
        begin, cut_at = time.monotonic(), both.minute
        both.cut()
        until("all offline", lambda: not both.online())
        both.pass_by(60)
        self.assertEqual(both.online(), set())
        both.mend()
        both.await_all()
        both.live(30, (here,))
        both.await_equal()
        self.tell_requests("with a cut of an hour", begin)
        self.assert_same_energies(cut_at - 60, cut_at, "before the cut")
        self.assert_same_energies(cut_at, cut_at + 60, "while it lasted", unknown=True)
        self.assert_same_energies(cut_at + 60, both.minute, "after it")

    def fault(self, fault, value, here):
        both = self.both
        begin, begun_at = time.monotonic(), both.minute
        both.fault("on", fault, *([] if value is None else ["--value", value]))
        if fault == "refused_certificate":  # it concerns clients that sign in
            both.cut()
            both.mend()
        try:
            both.live(15)
        finally:
            both.fault("off")
        both.report_fence()  # as the other devices, it goes on to report
        both.await_all()
        both.live(30, (here,))
        both.await_equal()
        self.tell_requests(fault, begin)
        self.tell_energies(begun_at, begun_at + 15, fault)
        self.assert_same_energies(both.minute - 15, both.minute, f"after {fault}")

    def tell_energies(self, begin, end, what):
        there, here = self.both.energies(begin, end)["home"]
        print(f"while {what} lasted: of the vendor {sums_of(there['total'])}\n"
              f"while {what} lasted: of the mirror {sums_of(here['total'])}")


if __name__ == "__main__":
    run_tests()
