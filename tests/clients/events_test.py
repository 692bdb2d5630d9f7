"""The log of what happened to devices: faults with begin and end, presence, sets; over kill -9 too."""
import signal

from mqtt_talk import DeviceClient, await_reported
from server import DELTA_2, Deadline, Server, ServerTest, cli, run_tests

OWN = "R331ZEB4ZEAL0777"  # of the demo's family, and not of the demo
CAUSE = "bms_bmsStatus.errCode"  # by which over_temperature is shown, as one fault
HOT = {CAUSE, "bms_emsStatus.bmsWarState"}  # what it reports
FAULTY = {"inv.errCode": 1, "pd.errCode": 2, "pd.soc": 50}


def until(what, look):
    """What `look` returns once it is true; asked again and again."""
    deadline = Deadline(what)
    while True:
        found = look()
        if found:
            return found
        deadline.left_s()


def known_since(faults, fields):
    """Those of the fields, once it is known since when each of them is faulty."""
    return {field: faults[field] for field in fields} if all(faults.get(field) for field in fields) else None


def home_faults(api, sn):
    """Since when, by field."""
    home = api.data("GET", "/api/v1/home")
    (device,) = (each for each in home["devices"] if each["sn"] == sn)
    return {fault["field"]: fault["since"] for fault in device["faults"]}


def device_faults(api, sn):
    return {fault["field"]: fault["since"] for fault in api.data("GET", f"/api/v1/devices/{sn}")["faults"]}


def events(api, sn=None, **query):
    path = f"/api/v1/devices/{sn}/events" if sn else "/api/v1/events"
    return api.data("GET", path, query)["events"]


class InjectedFaultTest(ServerTest):
    def test_a_fault_is_active_since_its_report_and_past_after_its_end(self):
        await_reported(self.server, self.api, {DELTA_2: 160})
        self.assertEqual(device_faults(self.api, DELTA_2), {})

        def fault(state):
            result = cli("fault", state, "over_temperature", "--device", DELTA_2, data=self.server.data)
            self.assertEqual(result.returncode, 0, result.stderr)

        def hot(**query):
            """The events of the fault, by field, once there is one of each."""
            found = {event["field"]: event for event in events(self.api, **query) if event["sn"] == DELTA_2}
            return {field: found[field] for field in HOT} if HOT <= set(found) else None

        fault("on")
        since = until("the fault with its begin", lambda: home_faults(self.api, DELTA_2).get(CAUSE))
        self.assertEqual(home_faults(self.api, DELTA_2), {CAUSE: since})
        self.assertEqual(device_faults(self.api, DELTA_2), {CAUSE: since})
        began = until("its begin in the log", lambda: hot(kind="fault.began"))
        self.assertEqual(began[CAUSE]["since"], since)
        for event in began.values():
            self.assertEqual(event["at"], event["since"])
            self.assertTrue(event["title"])
            self.assertTrue(event["text"])
        fault("off")
        until("its end", lambda: not HOT & set(home_faults(self.api, DELTA_2)))
        ended = until("its end in the log", lambda: hot(kind="fault.ended"))
        self.assertEqual(ended[CAUSE]["since"], since)
        for event in ended.values():
            self.assertGreater(event["at"], event["since"])
        self.assertFalse(HOT & set(device_faults(self.api, DELTA_2)))


class RestartTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--set-timeout-ms", 500, demo=False)
        cls.addClassCleanup(cls.server.stop)
        cls.account = cls.server.add_account("ann")
        cls.api = cls.account["api"]
        cls.key = cls.server.add_device(OWN, "ann")

    def device(self):
        device = DeviceClient(self.server, OWN, self.key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        return device

    def kinds(self, **query):
        return [event["kind"] for event in events(self.api, OWN, **query)]

    def test_a_fault_lasts_over_kill_9_and_ends_at_the_first_report_without_it(self):
        device = self.device()
        device.report(FAULTY)
        since = until("two faults with their begin", lambda: known_since(
            home_faults(self.api, OWN), ("inv.errCode", "pd.errCode")))
        until("both in the log", lambda: self.kinds(kind="fault.began") == ["fault.began"] * 2)
        device.close()
        self.server.restart(signal.SIGKILL)
        self.assertEqual(home_faults(self.api, OWN), since, "before the device is back")
        self.assertEqual(device_faults(self.api, OWN), since)
        device = self.device()
        device.report({**FAULTY, "pd.errCode": 0, "pd.soc": 51})  # its fault ended meanwhile
        until("one of them ended", lambda: list(home_faults(self.api, OWN)) == ["inv.errCode"])
        self.assertEqual(home_faults(self.api, OWN), {"inv.errCode": since["inv.errCode"]})
        (ended,) = until("its end in the log", lambda: events(self.api, OWN, kind="fault.ended"))
        self.assertEqual((ended["field"], ended["since"]), ("pd.errCode", since["pd.errCode"]))
        self.assertEqual(self.kinds(kind="fault.began"), ["fault.began"] * 2, "none began twice")
        device.close()
        self.server.restart(signal.SIGTERM)
        self.assertEqual(home_faults(self.api, OWN), {"inv.errCode": since["inv.errCode"]})
        self.device().report({"inv.errCode": 0})
        until("the last one ended", lambda: len(self.kinds(kind="fault.ended")) == 2)
        until("the home without it", lambda: not home_faults(self.api, OWN))  # computed once a second

    def test_presence_and_sets_are_events_in_pages(self):
        device = self.device()
        device.subscribe(device.topic("set"))
        self.api.set(OWN, moduleType=5, operateType="quietMode", params={"enabled": 1})
        (unanswered,) = until("that it was not answered", lambda: events(self.api, OWN, kind="set.unanswered"))
        self.assertTrue(unanswered["id"])
        device.close()
        until("that it is gone", lambda: self.kinds(kind="online,offline", limit=1) == ["offline"])
        whole = events(self.api, OWN)
        self.assertIn("online", [event["kind"] for event in whole])
        self.assertEqual([event["at"] for event in whole], sorted((event["at"] for event in whole), reverse=True))
        pages, cursor = [], {}
        while True:
            page = self.api.data("GET", "/api/v1/events", {"limit": 1, **cursor})
            pages += page["events"]
            if "next" not in page:
                break
            cursor = {"cursor": page["next"]}
        self.assertEqual(pages, whole, "the account has no other device")
        self.assertEqual(events(self.api, OWN, to=whole[-1]["at"]), [])
        for query in ({"limit": 0}, {"kind": "fault"}, {"cursor": "x"}, {"from": "soon"}):
            self.assertEqual(self.api.call("GET", "/api/v1/events", query)["code"], "1008", query)

    def test_nobody_else_reads_them(self):
        other = self.server.add_account("bob")["api"]
        self.assertEqual(events(other), [])
        self.assertEqual(other.call("GET", f"/api/v1/devices/{OWN}/events")["code"], "8512")


if __name__ == "__main__":
    run_tests()
