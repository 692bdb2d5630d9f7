"""All libraries (driver.py) on one server together: shared subscriptions among them, properties
from each to each, and a session that goes from one to the next.
"""

import re
import select

from conversations import Conversations, report, run_conversations
from driver import V5, V311
from server import Deadline


class MixedTest(Conversations):
    def a_way(self, kind, version, door="mqtt"):
        wanted = (kind, door, version)
        return next(way for way in self.ways if (way.kind, way.door, way.version) == wanted)

    def one_of_each(self, version):
        return [self.a_way(kind, version) for kind in self.drivers]

    def test_a_shared_subscription_gives_each_message_to_one_member(self):
        way = self.a_way("paho", V5)
        topic = self.topic(way, "quota")
        members = [self.app(each) for each in self.ways]
        for member in members:
            member.connect()
            member.subscribe("$share/home/" + topic, qos=1)
        with self.device(way) as device, self.app(way) as beside:
            beside.subscribe(topic)
            rounds, total = 3, 0
            while members:
                count = rounds * len(members)
                for number in range(total, total + count):
                    device.publish(way.topic("quota"), report(number))
                total += count
                took = [self.numbers(member, topic, total - count, rounds) for member in members]
                self.assertEqual(sorted(sum(took, [])), list(range(total - count, total)))
                # Half of them go, one with a word, one without.
                sessions, gone = self.sessions(), members[::2]
                for end, member in enumerate(gone):
                    (member.leave, member.drop)[end % 2]()
                self.await_sessions(sessions - len(gone))
                members = members[1::2]
            self.assertEqual(len(self.some(beside, topic, total)), total)

    def numbers(self, member, topic, first, count):
        """Those of this round: what a member had not acknowledged when it went, another one gets."""
        numbers = []
        while len(numbers) < count:
            (message,) = self.some(member, topic, 1)
            if message["json"]["params"]["number"] >= first:
                numbers.append(message["json"]["params"]["number"])
        return numbers

    def sessions(self):
        (line,) = re.findall(r"^gridloom_mqtt_sessions (\d+)$", self.server.metrics(), re.MULTILINE)
        return int(line)

    def await_sessions(self, count):
        """Until the server has heard of those that went. Nothing tells, so this looks again."""
        deadline = Deadline(f"{count} sessions")
        while self.sessions() > count:
            deadline.left_s()
            select.select([], [], [], 0.02)

    def some(self, client, topic, count):
        return [client.message(topic) for _ in range(count)]

    def test_groups_and_accounts_are_apart(self):
        way, other = self.a_way("mqtt_js", V5), self.a_way("libmosquitto", V311)
        topic = self.topic(way, "quota")
        stranger = self.server.add_account("stranger")["api"].certification()
        theirs = {
            "user": stranger["certificateAccount"],
            "password": stranger["certificatePassword"],
        }
        with self.app(way) as one, self.app(other) as two, self.app(other, **theirs) as three:
            one.subscribe("$share/a/" + topic)
            two.subscribe("$share/b/" + topic)
            self.assertEqual(three.subscribe("$share/a/" + topic)["codes"], [128])
            with self.device(way) as device:
                for number in range(2):
                    device.publish(way.topic("quota"), report(number))
            for member in (one, two):
                self.assertEqual(len(self.some(member, topic, 2)), 2)

    def test_properties_go_from_each_library_to_each(self):
        sent = {
            "content-type": "application/json",
            "response-topic": "/where/to",
            "correlation-data": "c",
            "payload-format-indicator": 1,
            "user-property": [["a", "1"], ["a", "2"]],
        }
        home = self.a_way("paho", V5)
        topic = self.topic(home, "quota")
        new = [self.app(way) for way in self.one_of_each(V5)]
        old = [self.app(way) for way in self.one_of_each(V311)]
        for app in new + old:
            app.connect()
            app.subscribe(topic)
        for way in self.one_of_each(V5):
            device = self.device(way, user=home.sn, password=home.key)
            with self.subTest(sender=way.kind), device:
                device.publish(home.topic("quota"), report(1), properties=sent)
                for app in new:
                    self.assertEqual(app.message(topic)["properties"], sent, app.driver.kind)
                for app in old:
                    self.assertEqual(app.message(topic)["json"], report(1))
        for app in new + old:
            app.leave()

    def test_a_session_goes_from_one_library_to_the_next(self):
        home = self.a_way("paho", V5)
        topic = self.topic(home, "quota")
        with self.device(home) as device:
            for step, way in enumerate(self.ways * 2):
                settings = {"properties": {"session-expiry-interval": 60}}
                if way.version == V311:
                    settings = {}  # it is meant to stay by not being clean
                app = self.app(way, id="wanderer", clean=False, **settings)
                self.assertEqual(app.connect()["present"], step > 0, str(way))
                if step == 0:
                    app.subscribe(topic)
                else:
                    # Who was dropped may not have acknowledged its message: it comes again.
                    new = f'"number": {step}}}'
                    app.message(topic, lambda each, new=new: new in each["payload"])
                (app.leave, app.drop)[step % 2]()
                device.publish(home.topic("quota"), report(step + 1))


if __name__ == "__main__":
    run_conversations()
