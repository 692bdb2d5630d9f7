"""What the tests with drivers share: a server, its drivers, an app and a device for every way in.

A way is a door and a version. Each has a device of its own, so the ways do not meet.
"""
import functools
import itertools
import sys
import unittest

from driver import DOORS, V5, V311, Driver
from server import DELTA_2, Server, run_tests

PROGRAMS = {}  # of the command line: kind=path


def run_conversations():
    for argument in [each for each in sys.argv[1:] if "=" in each]:
        kind, _, path = argument.partition("=")
        PROGRAMS[kind] = path
        sys.argv.remove(argument)
    run_tests()


class Way:
    """How a client of one kind comes in, and the device that belongs to it."""

    def __init__(self, kind, door, version):
        self.kind, self.door, self.version = kind, door, version
        self.sn = f"ZZ96{kind}{door}{version}".upper().replace("_", "")
        self.key = None

    def __str__(self):
        return f"{self.kind} {self.door} {'5' if self.version == V5 else '3.1.1'}"

    def settings(self):
        return {"door": self.door, "version": self.version}

    def topic(self, verb):
        """The device's side."""
        return f"/device/{self.sn}/{verb}"


def ways_of(*kinds, versions=(V311, V5)):
    return [
        Way(kind, door, version)
        for kind in kinds
        for door, version in itertools.product(DOORS[kind], versions)
    ]


def in_each_way(*versions, unless=()):
    """Runs a test in each way, or in those of some versions; `unless` names kinds that cannot."""

    def decorate(test):
        @functools.wraps(test)
        def run(self):
            ways = [
                way
                for way in self.ways
                if way.version in (versions or (V311, V5)) and way.kind not in unless
            ]
            if not ways:
                self.skipTest("this client cannot")
            for way in ways:
                with self.subTest(way=str(way)):
                    test(self, way)

        return run

    return decorate


class Conversations(unittest.TestCase):
    """Tests that share one server; its devices are of no known family, so they take any set."""

    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.flags)
        cls.addClassCleanup(cls.server.stop)
        cls.api = cls.server.api()
        cls.drivers = {}
        for kind, program in PROGRAMS.items():
            cls.drivers[kind] = Driver(kind, program)
            cls.addClassCleanup(cls.drivers[kind].stop)
        cls.ways = ways_of(*PROGRAMS)
        for way in cls.ways:
            way.key = cls.server.add_device(way.sn, "demo")
        certificate = cls.api.certification()
        cls.account = certificate["certificateAccount"]
        cls.password = certificate["certificatePassword"]

    def app(self, way, **settings):
        given = {"user": self.account, "password": self.password, **way.settings(), **settings}
        return self.drivers[way.kind].client(self.server, **given)

    def device(self, way, **settings):
        given = {"user": way.sn, "password": way.key, **way.settings(), **settings}
        return self.drivers[way.kind].client(self.server, **given)

    def topic(self, way, verb):
        """The app's side."""
        return f"/open/{self.account}/{way.sn}/{verb}"

    def delta_2(self, verb):
        return f"/open/{self.account}/{DELTA_2}/{verb}"

    def assert_status(self, app, way, status):
        topic = self.topic(way, "status")
        return app.message(topic, lambda each: f'"status":{status}' in each["payload"])


def report(number, **more):
    return {"id": number, "version": "1.0", "params": {"number": number, **more}}
