"""What outlasts a server: sessions, their messages, retained messages and clients that come back by
themselves, after a stop and after a kill, with every library (driver.py) through each of its doors.

A start of the server takes a second, so all ways go through the same one together. What has to wait
for a second to pass (delays, expiries) is here too, for the same reason.
"""
import signal

from conversations import PROGRAMS, Conversations, report, run_conversations
from driver import V5, Driver

SHUTTING_DOWN = 139


class DurableTest(Conversations):
    def persistent(self, way, make, name, **more):
        if way.version == V5:
            more.setdefault("properties", {})["session-expiry-interval"] = 600
        return make(way, id=f"{name}-{way}", clean=False, **more)

    def through_a_restart(self, how):
        name = f"by {how.name}"
        away, here, devices, late = {}, {}, {}, {}
        for way in self.ways:
            away[way] = self.persistent(way, self.app, f"away {name}")
            self.assertFalse(away[way].connect()["present"])
            away[way].subscribe(self.topic(way, "quota"), qos=2)
            away[way].leave()
            here[way] = self.persistent(way, self.app, f"here {name}", reconnect=True)
            here[way].connect()
            here[way].subscribe(self.topic(way, "quota"), qos=2)
            devices[way] = self.persistent(way, self.device, f"device {name}", reconnect=True)
            devices[way].connect()
            for number in range(4):
                devices[way].publish(way.topic("quota"), report(number), 1 + number // 2)
            devices[way].publish(way.topic("set_reply"), report(9), retain=True)
            self.assertEqual(len(here[way].payloads(self.topic(way, "quota"), 4)), 4)
            # Whatever it acknowledged before is as safe as this by its SUBACK.
            here[way].subscribe(self.topic(way, "get_reply"))
        self.server.end(how)
        for way in self.ways:
            for client in (here[way], devices[way]):
                closed = client.take("closed")
                if way.version == V5 and how == signal.SIGTERM:
                    self.assertEqual(closed["code"], SHUTTING_DOWN, str(way))
            # Nobody is there to take them: the library keeps them.
            late[way] = [
                devices[way].start_publish(way.topic("quota"), report(10 + qos), qos)
                for qos in (1, 2)
            ]
        self.server.start_again()
        for way in self.ways:
            with self.subTest(way=str(way), how=how.name):
                self.come_back(way, away[way].settings["id"], here[way], devices[way], late[way])
        for way in self.ways:
            for client in (here[way], devices[way]):
                client.leave()

    def come_back(self, way, away_id, here, device, late):
        topic = self.topic(way, "quota")
        for client in (here, device):
            self.assertTrue(client.take("connected")["present"])
        for each in late:
            device.published(each)
        # At once and without a SUBSCRIBE; each once.
        self.assertEqual(
            [each["params"]["number"] for each in self.jsons(here, topic, 2)], [11, 12]
        )
        device.publish(way.topic("quota"), report(20))
        self.assertEqual(here.message(topic)["json"], report(20))
        again = self.app(way, id=away_id, clean=False)
        self.assertTrue(again.connect()["present"])
        self.assertEqual(
            [each["params"]["number"] for each in self.jsons(again, topic, 7)],
            [0, 1, 2, 3, 11, 12, 20],
        )
        reply = self.topic(way, "set_reply")
        again.subscribe(reply)
        kept = again.message(reply)
        self.assertEqual((kept["json"], kept["retain"]), (report(9), True))
        again.leave()

    def jsons(self, client, topic, count):
        """In order of their numbers: messages of different QoS overtake each other."""
        found = [client.message(topic)["json"] for _ in range(count)]
        return sorted(found, key=lambda each: each["params"]["number"])

    def test_a_stop_and_a_start(self):
        self.through_a_restart(signal.SIGTERM)

    def test_a_kill_and_a_start(self):
        self.through_a_restart(signal.SIGKILL)

    # --- seconds ---

    def test_delayed_wills_and_expiries(self):
        fives = [way for way in self.ways if way.version == V5]
        ends = {}
        for way in fives:
            app = self.app(way, id=f"watch-{way}")
            app.connect()
            app.subscribe(self.topic(way, "quota"))
            # Its session ends after a second, and with it comes the will, long before its delay.
            device = self.device(
                way,
                id=f"short-{way}",
                clean=False,
                properties={"session-expiry-interval": 1},
                will={
                    "topic": way.topic("quota"),
                    "payload": '{"params":{"end":1}}',
                    "qos": 1,
                    "retain": False,
                    "properties": {"will-delay-interval": 600},
                },
            )
            # Its session stays; the delay is shorter.
            other = self.device(
                way,
                id=f"long-{way}",
                clean=False,
                properties={"session-expiry-interval": 600},
                will={
                    "topic": way.topic("quota"),
                    "payload": '{"params":{"end":2}}',
                    "qos": 1,
                    "retain": False,
                    "properties": {"will-delay-interval": 2},
                },
            )
            sleeper = self.persistent(way, self.app, "sleeper")
            sleeper.connect()
            sleeper.subscribe(self.topic(way, "quota"))
            sleeper.leave()
            for client in (device, other):
                client.connect()
            device.publish(
                way.topic("quota"), report(1), properties={"message-expiry-interval": 1}
            )
            device.publish(
                way.topic("quota"), report(2), properties={"message-expiry-interval": 600}
            )
            for client in (device, other):
                client.drop()
            ends[way] = app, sleeper.settings["id"]
        for way, (app, sleeper_id) in ends.items():
            with self.subTest(way=str(way)):
                topic = self.topic(way, "quota")
                got = [app.message(topic)["json"]["params"] for _ in range(4)]
                self.assertEqual(got[2:], [{"end": 1}, {"end": 2}])
                short = self.device(way, id=f"short-{way}", clean=False)
                self.assertFalse(short.connect()["present"])
                short.leave()
                long = self.device(way, id=f"long-{way}", clean=False)
                self.assertTrue(long.connect()["present"])
                long.leave()
                sleeper = self.app(way, id=sleeper_id, clean=False)
                self.assertTrue(sleeper.connect()["present"])
                first = sleeper.message(topic)
                self.assertEqual(first["json"], report(2), "the first has expired")
                self.assertLess(first["properties"]["message-expiry-interval"], 600)
                sleeper.leave()
                app.leave()

    # --- clients that die ---

    def test_what_a_killed_client_never_read_waits_for_the_next(self):
        mortals = {kind: Driver(kind, program) for kind, program in PROGRAMS.items()}
        whole = self.drivers
        self.drivers = mortals
        for way in self.ways:
            app = self.persistent(way, self.app, "mortal")
            app.connect()
            app.subscribe(self.topic(way, "quota"))
        self.drivers = whole
        for mortal in mortals.values():
            mortal.freeze()
        for way in self.ways:
            with self.device(way) as device:
                for number in range(5):
                    device.publish(way.topic("quota"), report(number))
        for mortal in mortals.values():
            mortal.kill()
        for way in self.ways:
            with self.subTest(way=str(way)):
                app = self.persistent(way, self.app, "mortal")
                self.assertTrue(app.connect()["present"])
                got = [app.message(self.topic(way, "quota"))["json"] for _ in range(5)]
                self.assertEqual(got, [report(number) for number in range(5)])
                app.leave()


if __name__ == "__main__":
    run_conversations()
