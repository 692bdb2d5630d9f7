"""Debian's mosquitto_sub and mosquitto_pub as apps and devices, over TCP and TLS, in 3.1.1 and 5:
QoS, retained messages, wills, sessions that go on, shared subscriptions, properties, and servers
that come and go. (They speak no WebSocket.)
"""
import functools
import json
import signal

from mosquitto_talk import VERSIONS, Subscription, publish
from server import ServerTest, run_tests

FIVE = VERSIONS[1]


def in_each_way(*versions):
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            for door in ("mqtt", "mqtts"):
                for version in versions or VERSIONS:
                    with self.subTest(door=door, version=version):
                        test(self, Way(self, door, version))

        return run

    return decorate


class Way:
    """A door and a version, with a device of its own: the arguments of both programs."""

    keys = {}

    def __init__(self, test, door, version):
        self.test, self.door, self.version = test, door, version
        self.sn = f"ZZ95{door}{version}".upper()
        if self.sn not in self.keys:
            self.keys[self.sn] = test.server.add_device(self.sn, "demo")
        self.account = test.certificate["certificateAccount"]
        self.app = self._arguments(self.account, test.certificate["certificatePassword"])
        self.device = self._arguments(self.sn, self.keys[self.sn])
        self.quota = f"/open/{self.account}/{self.sn}/quota"

    def _arguments(self, user, password):
        host, port = self.test.server.place(self.door)
        made = ["-h", "localhost", "-p", str(port), "-u", user, "-P", password, "-V", self.version]
        if self.door == "mqtts":
            return [*made, "--cafile", self.test.server.ca]
        made[1] = host
        return made

    def report(self, number, *more, qos=1):
        self.publish("quota", json.dumps({"params": {"number": number}}), *more, qos=qos)

    def publish(self, verb, text, *more, qos=1):
        publish(
            *self.device, "-t", f"/device/{self.sn}/{verb}", "-q", str(qos), "-m", text, *more
        )

    def listen(self, *more, qos=1, topic=None):
        """mosquitto_sub as an app, on the device's reports."""
        return Subscription(
            [*self.app, "-F", "%j", "-q", str(qos), "-t", topic or self.quota, *more]
        )

    def session(self, name):
        """Arguments of a session that stays."""
        own = ["-i", f"{name}-{self.sn}", "-c"]
        return own + (["-x", "60"] if self.version == FIVE else [])


def number_of(packet):
    return json.loads(packet["payload"])["params"]["number"]


class MosquittoSessionsTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificate = cls.api.certification()

    @in_each_way()
    def test_every_qos_both_ways(self, way):
        for granted in (0, 1, 2):
            with way.listen(qos=granted) as app:
                app.subscribed()
                for sent in (0, 1, 2):
                    way.report(sent, qos=sent)
                    got = app.packet()
                    self.assertEqual((number_of(got), got["qos"]), (sent, min(granted, sent)))

    @in_each_way()
    def test_sets_and_replies(self, way):
        sets = f"/device/{way.sn}/set"
        replies = f"/open/{way.account}/{way.sn}/set_reply"
        with Subscription([*way.device, "-F", "%j", "-q", "2", "-t", sets]) as device:
            device.subscribed()
            with way.listen(topic=replies, qos=2) as app:
                app.subscribed()
                for qos in (0, 1, 2):
                    topic = f"/open/{way.account}/{way.sn}/set"
                    text = json.dumps({"id": 30 + qos, "params": {"x": qos}})
                    publish(*way.app, "-t", topic, "-q", str(qos), "-m", text)
                    asked = json.loads(device.packet()["payload"])
                    self.assertEqual((asked["id"], asked["params"]), (30 + qos, {"x": qos}))
                    way.publish("set_reply", json.dumps({"id": asked["id"], "data": {}}), qos=qos)
                    self.assertEqual(json.loads(app.packet()["payload"])["id"], 30 + qos)

    @in_each_way()
    def test_retained_messages(self, way):
        way.report(1, "-r")
        with way.listen() as app:
            got = app.packet()
            self.assertEqual((number_of(got), got["retain"]), (1, 1))
            way.report(2, "-r")
            got = app.packet()
            self.assertEqual((number_of(got), got["retain"]), (2, 0))
        publish(*way.device, "-t", f"/device/{way.sn}/quota", "-r", "-n")
        with way.listen() as app:
            app.subscribed()
            way.report(3)
            self.assertEqual(number_of(app.packet()), 3)

    @in_each_way()
    def test_the_will_of_a_program_that_is_killed(self, way):
        will = ["--will-topic", f"/device/{way.sn}/quota", "--will-qos", "1"]
        will += ["--will-payload", '{"params":{"number":99}}']
        if way.version == FIVE:
            will += ["-x", "60", "-D", "will", "will-delay-interval", "1"]
        with way.listen() as app:
            app.subscribed()
            device = Subscription([*way.device, *will, "-t", f"/device/{way.sn}/set"])
            device.subscribed()
            device.kill()
            self.assertEqual(number_of(app.packet()), 99)

    @in_each_way()
    def test_a_session_goes_on(self, way):
        with way.listen(*way.session("on"), qos=2) as app:
            app.subscribed()
        for number in range(6):
            way.report(number, qos=1 + number % 2)
        with way.listen(*way.session("on"), qos=2) as app:
            got = [number_of(app.packet()) for _ in range(6)]
            self.assertEqual(sorted(got, key=lambda number: number % 2), [0, 2, 4, 1, 3, 5])
        with way.listen("-i", f"on-{way.sn}") as app:  # clean
            app.subscribed()
            way.report(7)
            self.assertEqual(number_of(app.packet()), 7)

    @in_each_way()
    def test_a_shared_subscription(self, way):
        shared = f"$share/pair/{way.quota}"
        with way.listen(topic=shared) as one, way.listen(topic=shared) as two:
            one.subscribed()
            two.subscribed()
            for number in range(4):
                way.report(number)
            took = [[number_of(each.packet()) for _ in range(2)] for each in (one, two)]
            self.assertEqual(sorted(took[0] + took[1]), [0, 1, 2, 3])

    @in_each_way(FIVE)
    def test_properties(self, way):
        pairs = (
            ("content-type", "application/json"),
            ("response-topic", "/where"),
            ("correlation-data", "c"),
            ("payload-format-indicator", "1"),
            ("message-expiry-interval", "100"),
        )
        more = [word for pair in pairs for word in ("-D", "publish", *pair)]
        more += ["-D", "publish", "user-property", "a", "1"]
        identifier = ["-D", "subscribe", "subscription-identifier", "5"]
        with way.listen(*identifier) as app:
            app.subscribed()
            way.report(1, *more)
            told = app.packet()["properties"]
            self.assertLessEqual(told.pop("message-expiry-interval"), 100)
            self.assertEqual(
                told,
                {
                    "content-type": "application/json",
                    "response-topic": "/where",
                    "correlation-data": "c",
                    "payload-format-indicator": 1,
                    "user-properties": {"a": "1"},
                    "subscription-identifier": 5,
                },
            )

    @in_each_way(FIVE)
    def test_retain_as_published(self, way):
        with way.listen("--retain-as-published") as app:
            app.subscribed()
            for retain in (1, 0):
                way.report(3, *["-r"] * retain)
                self.assertEqual(app.packet()["retain"], retain)
        publish(*way.device, "-t", f"/device/{way.sn}/quota", "-r", "-n")

    def test_it_comes_back_after_a_stop_and_a_kill_of_the_server(self):
        # It ends by itself when a server says good-bye in 5, and when TLS ends without one.
        for how, doors, versions in (
            (signal.SIGTERM, ("mqtt", "mqtts"), VERSIONS[:1]),
            (signal.SIGKILL, ("mqtt",), VERSIONS),
        ):
            ways = [Way(self, door, version) for door in doors for version in versions]
            apps = [way.listen("-i", f"back-{how}-{way.sn}") for way in ways]
            for app in apps:
                self.addCleanup(app.__exit__)
                app.subscribed()
            self.server.restart(how)
            for way, app in zip(ways, apps):
                with self.subTest(how=how.name, door=way.door, version=way.version):
                    app.subscribed()
                    way.report(8)
                    self.assertEqual(number_of(app.packet()), 8)


if __name__ == "__main__":
    run_tests()
