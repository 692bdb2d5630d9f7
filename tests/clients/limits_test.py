"""Every limit that `gridloom limits` lists: at its configured value all is well, one past it is
refused in the documented way, and the refusal says the value.

A limit has a method here (test_ and its name), or a row in TESTED_ELSEWHERE: the unit tests that try
it at its value and one past it. A limit without either fails.
"""
import json
import pathlib
import re
import unittest

from http_test import Line
from mqtt_talk import V5, AppClient, DeviceClient, RawMqtt
from server import (
    DELTA_2,
    LIST,
    QUOTA,
    Server,
    cli,
    flatten,
    run_tests,
    signed_headers,
    temporary_folder,
)

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"
DEVICE = "LIMITED-00000001"

# Small enough to be reached, large enough for the demo home beside them.
VALUES = {
    "listener.connections": 40,
    "http.header-bytes": 2000,
    "http.body-bytes": 4000,
    "http.query-bytes": 300,
    "sign-in.body-bytes": 400,
    "http.parameters": 20,
    "http.signed-bytes": 1024,
    "http.nonce-bytes": 20,
    "http.json-depth": 6,
    "http.json-keys": 16,
    "mqtt.sessions-per-user": 8,
    "mqtt.session-expiry-s": 100,
    "mqtt.subscriptions": 12,
    "mqtt.packet-bytes": 60_000,
    "mqtt.client-id-bytes": 40,
    "mqtt.topic-levels": 9,
    "mqtt.filters-per-packet": 5,
    "mqtt.json-depth": 8,
    "mqtt.json-keys": 16,
    "device.report-depth": 6,
    "device.extra-quotas": 3,
    "device.extra-bytes": 500,
    "device.pending-sets": 2,
    "device.asked-quotas": 10,
}

TESTED_ELSEWHERE = {
    "peer.body-bytes": ["HttpClientSession.HasLimits"],
    "peer.packet-bytes": ["ClientMqttSession.RefusesAPacketThatIsTooLarge"],
    "peer.unsent-bytes": ["ConnectionTest.AServerThatSendsAndDoesNotReadIsReadNoMore"],
    "peer.text-bytes": [
        "ApiReply.AListHasDevicesAsFarAsTheLimitsGo",
        "ApiReply.ACertificationIsOneOrTold",
    ],
    "peer.devices": ["ApiReply.AListHasDevicesAsFarAsTheLimitsGo"],
    "http.metrics-fields": ["HomeMetricsTest.ADeviceBeyondTheLimitIsLeftOutWhole"],
    "listener.connections-per-address": ["Listener.AnAddressMayHaveAsManyConnectionsAsConfigured"],
    "listener.unauthenticated-bytes": [
        "Listener.UnauthenticatedConnectionsShareALimitOfIncompleteBytes"
    ],
    "history.written-bytes-per-account": [
        "AccountFlow.ADaysWorthMayBeWrittenAndComesBackEvenly"
    ],
    "listener.unsent-bytes": [
        "Listener.AnAnswerUpToTheUnsentLimitIsNotCutOff",
        "Listener.UnsentBytesHaveALimit",
    ],
    "sign-in.waiting-checks": ["SignInTest.AsManyChecksWaitAsConfigured"],
    "sign-in.waiting-ends": ["SignInTest.SessionsEndInALaneOfTheirOwnWithABoundForEachAccount"],
    "live.subscriptions": ["LiveTest.SubscriptionsAndMessagesAreBounded"],
    "live.devices": ["LiveFeedTest.DevicesThatAreWatchedAreBounded"],
    "live.clients-per-account": [
        "LiveTest.ClientsOfAnAccountAreBounded",
        "LiveAccount.BrowsersCardsAndEachOtherTokenHaveWhatNoOtherTokenTakes",
    ],
    "live.all-clients": ["LiveAccount.EachLimitHoldsForAllAccountsToo"],
    "live.subscriptions-per-account": ["LiveTest.SubscriptionsOfAnAccountAreBounded"],
    "live.all-subscriptions": ["LiveAccount.EachLimitHoldsForAllAccountsToo"],
    "live.field-bytes-per-account": ["LiveTest.NamesOfFieldsAreBoundedAndEqualListsCountOnce"],
    "live.all-field-bytes": ["LiveAccount.EachLimitHoldsForAllAccountsToo"],
    "live.kernel-bytes": ["Listener.TheKernelKeepsLittleOfABoundedOutput"],
    "listener.kernel-unsent-bytes": ["Listener.TheKernelKeepsLittleForAPeerThatDoesNotRead"],
    "listener.unsent-ms": ["Listener.AReaderThatTakesNothingIsCutOffAfterAWhile"],
    "listener.handshake-ms": ["TlsTest.AHandshakeThatDoesNotComeIsGivenUp"],
    "listener.close-ms": ["TlsTest.AGoodbyeThatIsNotAnsweredIsGivenUp"],
    "listener.failures-per-minute": ["FailureBudget.AMinutesWorthMayFailAndNotOneMore"],
    "http.signed-growth": ["Signing.EachLimitHoldsAtItsValueAndFailsOnePastIt"],
    "http.reordered-parameters": ["SigningWork.ManyParametersAreTriedInOneOrder"],
    "replay.window-ms": ["ReplayGuard.ThePatientRuleKnowsTheUnitsOfRealClients"],
    "replay.remembered-requests": ["ReplayGuard.AFullShareRefusesItsOwnKeyOnly"],
    "http.request-ms": ["HttpSession.TimesAreThoseThatAreConfigured"],
    "http.idle-ms": ["HttpSession.TimesAreThoseThatAreConfigured"],
    "http.requests-per-second": ["RequestRate.ASecondsWorthAtOnceAndNotOneMore"],
    "web-socket.message-bytes": ["WebSocket.AMessageMayHaveAsManyBytesAsAllowedAndNotOneMore"],
    "web-socket.output-bytes": [
        "WebSocket.APeerThatDoesNotReadIsNotFramedFor",
        "WebSocket.PingsOfAPeerThatDoesNotReadEndUpAsBackPressure",
    ],
    "web-socket.close-ms": ["WebSocket.ThePeersCloseIsNotAwaitedForever"],
    "mqtt.connect-ms": ["MqttSession.WithoutAKeepaliveThereIsNoDeadlineAndWithoutAConnectThereIsOne"],
    "mqtt.kept-sessions-per-user": ["ClientSessions.TheSessionsOfAUserHaveALimit"],
    "mqtt.sessions-per-account": ["ClientSessions.TheSessionsOfAnAccountHaveALimit"],
    "mqtt.filter-bytes-per-account": ["ClientSessions.AnAccountsSubscriptionsHaveALimitInBytes"],
    "mqtt.queued-bytes-per-account": ["ClientSessions.TheQueuedBytesOfAnAccountHaveALimit"],
    "mqtt.all-queued-bytes": ["ByteBudget.APartTakesOfTheWhole"],
    "mqtt.retained-bytes-per-account": [
        "DeliveryTest.AnAccountThatRetainsMuchLeavesOthersTheirShare"
    ],
    "mqtt.held-bytes": ["MqttSession.BytesHeldAfterAConnectHaveALimit"],
    "mqtt.output-bytes": ["MqttSession.APeerThatDoesNotReadIsNotReadFromEither"],
    "mqtt.queue-messages": ["MqttSession.AFullQueueDropsItsOldestQos0MessageFirst"],
    "mqtt.queue-bytes": ["MqttSession.TheQueueIsLimitedInBytesToo"],
    "mqtt.topic-bytes": ["MqttSession.TopicsAreLimitedInLengthAndDepth"],
    "mqtt.in-flight": ["MqttSession.TheClientsReceiveMaximumIsTheWindow"],
    "mqtt.receive-maximum": ["MqttSession.TheReceiveMaximumBindsVersion5AndBrakes311"],
    "mqtt.keepalive-s": ["MqttSession.Version5GetsAShorterKeepalive"],
    "mqtt.topic-aliases": [
        "MqttConformance.EveryAliasUpToOurMaximumIsUnderstood",
        "MqttConformance.AnAliasAboveOurMaximumEndsTheConnection",
    ],
    "mqtt.out-topic-aliases": ["MqttConformance.OurAliasesStayWithinTheClientsMaximum"],
    "mqtt.properties": ["MqttConformance.TheLimitOfPropertiesIsTheSessions"],
    "mqtt.retained-bytes": ["DeliveryTest.RetainedPayloadsHaveALimit"],
    "device.report-keys": ["ReportReader.TakesAsManyMembersAsItsLimitAndNotOneMore"],
    "strict.window-ms": ["ReplayGuard.RefusesASecondTimeAndAnotherTime"],
    "strict.remembered-requests": ["ReplayGuard.ForgetsWhatTheWindowRefusesAnyway"],
    "strict.client-ids-a-day": ["ClientIdBudget.TenAreAdmittedAndTheEleventhIsNot"],
    "history.commit-ms": ["CommitRule.ARecordThatComesEarlierWaitsForTheWindowsEnd"],
    "history.commit-bytes": ["Log.AGroupIsSyncedOnceWhenItIsLargeEnough"],
    "history.waiting-bytes": [
        "Log.IsBehindWhileMoreWaitsThanMay",
        "JournalTest.PublishersWaitForAJournalThatIsBehind",
    ],
    "history.builder-bytes": ["ArchiveTest.IsBehindWhileMuchWaitsForTheBuilder"],
    "history.log-bytes": ["Log.IsBehindWhileTheDiskHasMoreThanMayBe"],
    "history.segment-bytes": ["Log.TrimRemovesSegmentsOfWhichNothingIsNeeded"],
    "history.head-bytes": ["BuilderTest.MuchInMemoryIsStoredInParts"],
    "history.grace-ms": ["BuilderTest.AnHourIsStoredOnceItIsOver"],
    "history.reads": [
        "HistoryQueriesTest.AnAccountHasItsShareOfReadsAndAdministrationAThreadOfItsOwn",
        "FairQueue.AFullShareIsRefusedAndTheOthersAreNot",
    ],
    "history.reads-at-once": ["FairQueue.ServesAccountsInTurnSliceBySlice"],
    "history.names": ["SeriesRequest.ErrorsNameTheParameterAndAValidValue"],
    "history.plot-points": ["SeriesRequest.ErrorsNameTheParameterAndAValidValue"],
    "history.fields": ["SeriesAnswerTest.TooLargeAnswersAreRefusedWithAValidAlternative"],
    "history.points": ["SeriesAnswerTest.TooLargeAnswersAreRefusedWithAValidAlternative"],
    "history.raw-days": ["RetentionTest.ABlockThatIsTooOldBecomesQuarters"],
    "history.quarter-days": ["RetentionTest.RollupsAndAuditEntriesAreRemovedAfterTheirRetention"],
    "history.audit-days": ["RetentionTest.RollupsAndAuditEntriesAreRemovedAfterTheirRetention"],
    "history.event-days": ["RetentionTest.EventsAreRemovedAfterTheirRetentionAndOpenFaultsAreKept"],
}


def flags(values):
    return [flag for name, value in values.items() for flag in ("--limit", f"{name}={value}")]


def nested(levels):
    return 0 if levels == 0 else [nested(levels - 1)]


def keys(count):
    return {f"k{i}": 0 for i in range(count)}


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(*flags(VALUES))
        cls.addClassCleanup(cls.server.stop)
        cls.api = cls.server.api()
        cls.key = cls.server.add_device(DEVICE, "demo")

    def ask(self, method, target, body=b"", nonce=None, pairs=(), pad=0):
        """(status, envelope) of a request of exactly these bytes."""
        headers = signed_headers(self.api.access_key, self.api.secret_key, pairs, nonce=nonce)
        if body:
            headers |= {"Content-Type": "application/json", "Content-Length": len(body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{lines}"
        if pad:
            head += "X: " + "x" * (pad - len(head) - len("X: \r\n\r\n")) + "\r\n"
        line = Line(self.server)
        self.addCleanup(line.close)
        line.send(head.encode() + b"\r\n" + body)
        status, _, answer = line.answer()
        return status, json.loads(answer)

    def read(self, extra=None, quotas=("pd.soc",), spaces=0):
        """Reads a quota with a body that holds `extra` as well."""
        body = {"sn": DELTA_2, "params": {"quotas": list(quotas)}, **(extra or {})}
        data = json.dumps(body).encode()
        return self.ask("POST", QUOTA, data + b" " * (spaces - len(data)), pairs=flatten(body))

    def assert_good(self, answer):
        self.assertEqual((answer[0], answer[1]["code"]), (200, "0"), answer)

    def assert_refused(self, answer, status, code, value):
        self.assertEqual((answer[0], answer[1]["code"]), (status, code), answer)
        self.assertIn(str(value), answer[1]["message"])

    # --- HTTP ---

    def test_listener_connections(self):
        lines = []
        try:
            for _ in range(VALUES["listener.connections"]):
                lines.append(Line(self.server))
                lines[-1].send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(lines[-1].answer()[0], 200)
            # Nobody has shown who he is, so the first one makes room.
            one_more = Line(self.server)
            lines.append(one_more)
            one_more.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(one_more.answer()[0], 200)
            self.assertTrue(lines[0].closed())
        finally:
            for line in lines:
                line.close()
        # Until the listener has counted again, nobody is let in.
        while True:
            line = Line(self.server)
            try:
                line.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(line.answer()[0], 200)
                return
            except (EOFError, ConnectionError):
                continue
            finally:
                line.close()

    def test_http_header_bytes(self):
        limit = VALUES["http.header-bytes"]
        self.assert_good(self.ask("GET", LIST, pad=limit))
        self.assert_refused(self.ask("GET", LIST, pad=limit + 1), 431, "431", limit)

    def test_http_body_bytes(self):
        limit = VALUES["http.body-bytes"]
        self.assert_good(self.read(spaces=limit))
        self.assert_refused(self.read(spaces=limit + 1), 413, "413", limit)

    def test_sign_in_body_bytes(self):
        limit = VALUES["sign-in.body-bytes"]
        path, body = "/api/v1/session", b'{"link":"none"}'
        answer = self.ask("POST", path, body + b" " * (limit - len(body)))
        self.assertEqual((answer[0], answer[1]["code"]), (401, "unknown_key"), answer)
        over = self.ask("POST", path, body + b" " * (limit + 1 - len(body)))
        self.assert_refused(over, 413, "body_too_large", limit)

    def test_http_query_bytes(self):
        limit = VALUES["http.query-bytes"]
        for size, asserts in (
            (limit, self.assert_good),
            (limit + 1, lambda answer: self.assert_refused(answer, 200, "1008", limit)),
        ):
            query = f"sn={DELTA_2}&x="
            query += "y" * (size - len(query))
            pairs = [pair.split("=") for pair in query.split("&")]
            asserts(self.ask("GET", f"{QUOTA}/all?{query}", pairs=pairs))

    def test_http_parameters(self):
        limit = VALUES["http.parameters"]
        self.assert_good(self.read({"x": [0] * (limit - 2)}))
        self.assert_refused(self.read({"x": [0] * (limit - 1)}), 200, "1008", limit)

    def test_http_signed_bytes(self):
        limit = VALUES["http.signed-bytes"]
        others = len(f"sn={DELTA_2}params.quotas[0]=pd.socx=")
        self.assert_good(self.read({"x": "y" * (limit - others)}))
        self.assert_refused(self.read({"x": "y" * (limit - others + 1)}), 200, "1008", limit)

    def test_http_nonce_bytes(self):
        limit = VALUES["http.nonce-bytes"]
        self.assert_good(self.ask("GET", LIST, nonce="n" * limit))
        self.assert_refused(self.ask("GET", LIST, nonce="n" * (limit + 1)), 200, "8521", limit)

    def test_http_json_depth(self):
        limit = VALUES["http.json-depth"]
        self.assert_good(self.read({"x": nested(limit - 1)}))
        self.assert_refused(self.read({"x": nested(limit)}), 200, "1008", limit)

    def test_http_json_keys(self):
        limit = VALUES["http.json-keys"]
        self.assert_good(self.read(keys(limit - 3)))
        self.assert_refused(self.read(keys(limit - 2)), 200, "1008", limit)

    def test_device_asked_quotas(self):
        limit = VALUES["device.asked-quotas"]
        names = [f"q{i}" for i in range(limit + 1)]
        self.assert_good(self.read(quotas=names[:limit]))
        self.assert_refused(self.read(quotas=names), 200, "1008", limit)

    # --- MQTT ---

    def app(self, **settings):
        return AppClient(self.server, self.api, version=V5, **settings)

    def device(self):
        return DeviceClient(self.server, DEVICE, self.key, version=V5)

    def test_mqtt_sessions_per_user(self):
        apps = [self.app() for _ in range(VALUES["mqtt.sessions-per-user"] + 1)]
        codes = [app.connect() for app in apps]
        for app in apps:
            app.close()
        self.assertEqual(codes, [0] * VALUES["mqtt.sessions-per-user"] + [151])

    def test_mqtt_session_expiry_s(self):
        for asked, told in ((99, None), (100, None), (101, 100)):
            app = self.app(client_id=f"asks {asked}")
            self.assertEqual(app.connect(expiry_s=asked), 0)
            self.assertEqual(getattr(app.properties, "SessionExpiryInterval", None), told, asked)
            app.close()

    def test_mqtt_subscriptions(self):
        limit = VALUES["mqtt.subscriptions"]
        with self.app() as app:
            codes = [app.subscribe(app.topic(f"SN{i}", "quota")) for i in range(limit + 1)]
            self.assertEqual(codes, [[1]] * limit + [[151]])

    def test_mqtt_client_id_bytes(self):
        limit = VALUES["mqtt.client-id-bytes"]
        with self.app(client_id="i" * limit):
            pass
        refused = self.app(client_id="i" * (limit + 1))
        self.assertEqual(refused.connect(), 133)
        refused.close()

    def test_mqtt_packet_bytes(self):
        limit = VALUES["mqtt.packet-bytes"]
        raw = RawMqtt(self.server, DEVICE, self.key, "raw", keepalive_s=60, version=5)
        self.addCleanup(raw.close)
        topic = f"/device/{DEVICE}/quota"
        # Behind the fixed header (4 bytes): the topic, a packet id, no properties, the payload.
        room = limit - 4 - 2 - len(topic) - 2 - 1
        report = {"params": {}, "pad": ""}
        report["pad"] = "x" * (room - len(json.dumps(report)))
        self.assertEqual(raw.publish(topic, report), 0)
        report["pad"] += "x"
        with self.assertRaises((EOFError, ConnectionError)):
            raw.publish(topic, report, packet_id=2)

    def test_mqtt_topic_levels(self):
        limit = VALUES["mqtt.topic-levels"]
        with self.app() as app:
            # Nothing of the platform's is that deep: what is within the limit is not authorized.
            self.assertEqual(app.subscribe("/" + "/".join("t" * (limit - 1))), [135])
            app.paho.subscribe("/" + "/".join("t" * limit))
            self.assertEqual(app.end(), 143)

    def test_mqtt_filters_per_packet(self):
        limit = VALUES["mqtt.filters-per-packet"]
        with self.app() as app:
            topics = [app.topic(f"SN{i}", "quota") for i in range(limit + 1)]
            self.assertEqual(app.subscribe(*topics[:limit]), [1] * limit)
            self.assertEqual(app.subscribe(*topics), [151] * (limit + 1))

    def get(self, app, message):
        topic = app.topic(DELTA_2, "get_reply")
        app.publish(app.topic(DELTA_2, "get"), message)
        return app.message(topic).payload

    def test_mqtt_json_depth(self):
        limit = VALUES["mqtt.json-depth"]
        with self.app() as app:
            app.subscribe(app.topic(DELTA_2, "get_reply"))
            ask = {"id": 1, "operateType": "latestQuotas"}
            self.assertEqual(self.get(app, {**ask, "x": nested(limit - 1)})["code"], "0")
            self.assertEqual(self.get(app, {**ask, "x": nested(limit)})["code"], "1008")

    def test_mqtt_json_keys(self):
        limit = VALUES["mqtt.json-keys"]
        with self.app() as app:
            app.subscribe(app.topic(DELTA_2, "get_reply"))
            ask = {"id": 1, "operateType": "latestQuotas"}
            self.assertEqual(self.get(app, {**ask, **keys(limit - 2)})["code"], "0")
            self.assertEqual(self.get(app, {**ask, **keys(limit - 1)})["code"], "1008")

    # --- devices ---

    def malformed(self):
        line = Line(self.server)
        self.addCleanup(line.close)
        line.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        text = line.answer()[2].decode()
        return int(re.search(r"^gridloom_reports_malformed_total (\d+)", text, re.M)[1])

    def test_device_report_depth(self):
        limit = VALUES["device.report-depth"]
        before = self.malformed()
        with self.device() as device:
            device.report({"deep": nested(limit - 2)})
            self.assertEqual(self.malformed(), before)
            device.report({"deep": nested(limit - 1)})
            self.assertEqual(self.malformed(), before + 1)

    def fresh_device(self, sn):
        return DeviceClient(self.server, sn, self.server.add_device(sn, "demo"))

    def test_device_extra_quotas(self):
        limit = VALUES["device.extra-quotas"]
        with self.fresh_device("LIMITED-QUOTAS01") as device:
            device.report(keys(limit))
            self.assertEqual(set(self.api.quota_all(device.sn)), set(keys(limit)))
            device.report({**keys(limit + 1), "k0": 5})
            self.assertEqual(self.api.quota_all(device.sn), {**keys(limit), "k0": 5})

    def test_device_extra_bytes(self):
        limit = VALUES["device.extra-bytes"]
        value = "v" * (limit - len('k""'))
        with self.fresh_device("LIMITED-BYTES001") as device:
            device.report({"k": value + "v"})
            self.assertEqual(self.api.quota_all(device.sn), {})
            device.report({"k": value})
            self.assertEqual(self.api.quota_all(device.sn), {"k": value})

    def test_device_pending_sets(self):
        limit = VALUES["device.pending-sets"]
        with self.fresh_device("LIMITED-SETS0001") as device, self.app() as app:
            device.subscribe(device.topic("set"))
            app.subscribe(app.topic(device.sn, "set_reply"))
            for i in range(limit + 1):
                app.publish(app.topic(device.sn, "set"), {"id": 100 + i, "params": {}})
            refused = app.reply(app.topic(device.sn, "set_reply"), 100 + limit)
            self.assertEqual(refused["code"], "-2")
            self.assertIn(f"{limit} sets unanswered", refused["message"])
            for i in range(limit):
                device.message(device.topic("set"))
                device.publish(device.topic("set_reply"), {"id": 100 + i, "data": {"ack": 0}})
                app.reply(app.topic(device.sn, "set_reply"), 100 + i)
            self.assertEqual(device.seen(device.topic("set")), 0)


class RateTest(unittest.TestCase):
    def test_more_than_so_many_requests_a_second_are_429(self):
        with Server(*flags({"http.requests-per-second": 2}), "--limit", "http.idle-ms=600000") as own:
            api = own.api()
            headers = signed_headers(api.access_key, api.secret_key)
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            request = f"GET {LIST} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()
            line = Line(own)
            self.addCleanup(line.close)
            line.send(request * 40)
            answers = [line.answer() for _ in range(40)]
            self.assertEqual([status for status, _, _ in answers[:2]], [200, 200])
            self.assertEqual({status for status, _, _ in answers}, {200, 429})
            status, head, body = next(answer for answer in answers if answer[0] == 429)
            self.assertEqual(head["retry-after"], "1")
            envelope = json.loads(body)
            self.assertEqual(envelope["code"], "429")
            self.assertIn("2 times a second", envelope["message"])
            # Another key is another's, and what is not signed is not counted.
            other = own.add_account("other")
            self.assertEqual(other["api"].call("GET", LIST)["code"], "0")


class TableTest(unittest.TestCase):
    def test_every_limit_is_tested(self):
        listed = [line.split()[0] for line in cli("limits").stdout.splitlines()]
        self.assertGreater(len(listed), 40)
        here = {
            name for name in listed if hasattr(LimitsTest, "test_" + re.sub("[.-]", "_", name))
        }
        self.assertEqual(set(listed), here | set(TESTED_ELSEWHERE))
        self.assertEqual(here & set(TESTED_ELSEWHERE), set())
        self.assertLessEqual(set(VALUES), here)
        tests = {
            f"{suite}.{name}"
            for path in SOURCES.glob("*/**/*_test.cc")
            for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s+(\w+)\)", path.read_text(), re.M)
        }
        named = {test for row in TESTED_ELSEWHERE.values() for test in row}
        self.assertEqual(named - tests, set(), "named here, but there are no such unit tests")

    def test_a_file_and_the_command_line_are_both_heard(self):
        folder = temporary_folder()
        file = folder / "gridloom.toml"
        file.write_text('limit = ["http.body-bytes=777", "http.idle-ms=5000"]\n')

        def values(*arguments):
            rows = cli("--config", file, "limits", *arguments).stdout.splitlines()
            return {row.split()[0]: int(row.split()[1]) for row in rows}

        told = values()
        self.assertEqual((told["http.body-bytes"], told["http.idle-ms"]), (777, 5000))
        told = values("--limit", "http.body-bytes=888")
        self.assertEqual((told["http.body-bytes"], told["http.idle-ms"]), (888, 5000))

    def test_a_limit_that_is_wrong_ends_the_start_with_a_message(self):
        for wrong, says in (
            ("http.body=1", 'there is no limit "http.body"'),
            ("http.body-bytes=1", "http.body-bytes must be a whole number from 256"),
        ):
            for verb in ("serve", "limits"):
                result = cli(verb, "--limit", wrong)
                self.assertEqual(result.returncode, 2)
                self.assertIn(says, result.stderr)


if __name__ == "__main__":
    run_tests()
