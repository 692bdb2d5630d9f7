"""MQTT clients that others wrote, one language for all of them: each library runs in a process of
its own (a driver), which takes commands and tells events as lines of JSON.

    paho_driver.py, node/mqtt_driver.mjs, libmosquitto_driver.cc

Command: {"n": 7, "client": "3", "do": "publish", "topic": ..., "payload": ..., "qos": 1, ...}
Event:   {"client": "3", "event": "published", "n": 7, "code": 0, "properties": {}}

Verbs: open, subscribe, unsubscribe, publish, leave (DISCONNECT), drop (the socket goes without a
word), forget (of one that is closed), hold and go_on (messages are taken and not acknowledged
meanwhile; libmosquitto cannot). Events:
connected, closed, failed (no connection), message, and by "n" subscribed, unsubscribed, published,
or refused (by the library itself). Properties have mosquitto's names: "response-topic". What a
library does not tell is missing from its events, so tests ask for it with .get().
"""
import itertools
import json
import os
import pathlib
import subprocess
import sys
import threading

from server import PATIENCE_S, Deadline, pause

DOORS = {
    "paho": ("mqtt", "mqtts", "http", "https"),
    "mqtt_js": ("mqtt", "mqtts", "http", "https"),
    "libmosquitto": ("mqtt", "mqtts"),
}
V311, V5 = 4, 5


class Driver:
    """A library's process. `kind` is a key of DOORS."""

    def __init__(self, kind, program):
        self.kind, self.clients, self.gone = kind, {}, False
        self._numbers, self._names = itertools.count(1), itertools.count(1)
        self.changed = threading.Condition()
        interpreter = {".py": [sys.executable], ".mjs": ["node"]}
        self.process = subprocess.Popen(
            [*interpreter.get(pathlib.Path(program).suffix, []), program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_NO_WARNINGS": "1"},
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            with self.changed:
                self.clients[event["client"]].events.append(event)
                self.changed.notify_all()
        with self.changed:
            self.gone = True
            self.changed.notify_all()

    def client(self, server, **settings):
        """One that is not connected yet."""
        with self.changed:
            name = str(next(self._names))
            self.clients[name] = Client(self, name, server, settings)
            return self.clients[name]

    def say(self, **command):
        """The command's number."""
        number = next(self._numbers)
        self.process.stdin.write(json.dumps({"n": number, **command}) + "\n")
        self.process.stdin.flush()
        return number

    def freeze(self):
        pause(self.process)

    def kill(self):
        """While it is frozen, say: what has reached it, it never read."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.process.stdin.close()
        self.process.stdout.close()

    def stop(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the driver of {self.kind} does not end") from None
        if code != 0:
            raise AssertionError(f"the driver of {self.kind} ended with {code}")
        self.process.stdout.close()


class Client:
    """One client of a driver. As a context manager it is connected, and leaves at the end."""

    def __init__(self, driver, name, server, settings):
        self.driver, self.name, self.server, self.events = driver, name, server, []
        self.settings = {
            "id": f"{driver.kind}-{os.getpid()}-{name}",
            "clean": True,
            "keepalive": 60,
            "reconnect": False,
            **settings,
        }
        self.version = self.settings["version"]

    def __enter__(self):
        code = self.connect()["code"]
        if code != 0:
            raise AssertionError(f"CONNACK {code}")
        return self

    def __exit__(self, *_):
        if not self._left:
            self.leave()

    _left = False

    # --- events ---

    def _await(self, where, what):
        deadline = Deadline(f"{self.driver.kind}: {what}")
        with self.driver.changed:
            while True:
                for event in self.events:
                    if where(event):
                        self.events.remove(event)
                        return event
                if self.driver.gone:
                    raise AssertionError(f"the driver of {self.driver.kind} is gone")
                try:
                    self.driver.changed.wait(deadline.left_s())
                except AssertionError as error:
                    raise AssertionError(f"{error}; there is {self.events}") from None

    def take(self, event, where=lambda event: True, what=None):
        """The first event of this name that `where` likes, once there is one; it is taken."""
        return self._await(lambda each: each["event"] == event and where(each), what or event)

    def _answer(self, number, event):
        return self._await(
            lambda each: each.get("n") == number and each["event"] in (event, "refused"), event
        )

    def message(self, topic, where=lambda message: True):
        """The next message on `topic`; its payload as text, or as `json`."""
        found = self.take(
            "message", lambda each: each["topic"] == topic and where(each), f"a message on {topic}"
        )
        try:
            found["json"] = json.loads(found["payload"])
        except ValueError:
            found["json"] = None
        return found

    def payloads(self, topic, count):
        return [self.message(topic)["payload"] for _ in range(count)]

    def reply(self, topic, request_id):
        return self.message(
            topic, lambda each: str(json.loads(each["payload"]).get("id")) == str(request_id)
        )

    def seen(self, topic):
        """How many messages on `topic` wait to be taken."""
        with self.driver.changed:
            return sum(
                each["event"] == "message" and each["topic"] == topic for each in self.events
            )

    # --- commands ---

    def start(self):
        host, port = self.server.place(self.settings["door"])
        if self.settings["door"] in ("mqtts", "https"):
            host = "localhost"
        self._left = False
        self.driver.say(
            client=self.name,
            do="open",
            place=[host, port],
            ca=self.server.ca,
            **{key: value for key, value in self.settings.items() if value is not None},
        )

    def connect(self):
        """The CONNACK."""
        self.start()
        event = self._await(lambda each: each["event"] in ("connected", "failed"), "CONNACK")
        if event["event"] == "failed":
            raise AssertionError(f"{self.driver.kind}: {event['why']}")
        return event

    def closed(self):
        """Awaits the end of the connection; there will not be another."""
        self._left = True
        event = self.take("closed")
        self.driver.say(client=self.name, do="forget")
        return event

    def back(self):
        """Awaits that it has reconnected by itself: the CONNACK."""
        self.take("closed")
        return self.take("connected")

    def leave(self, reason=0, **properties):
        self.driver.say(
            client=self.name,
            do="leave",
            reason=reason,
            properties={key.replace("_", "-"): value for key, value in properties.items()},
        )
        return self.closed()

    def drop(self):
        """The socket goes; the server has not heard a word."""
        self.driver.say(client=self.name, do="drop")
        return self.closed()

    def hold(self):
        self.driver.say(client=self.name, do="hold")

    def go_on(self):
        self.driver.say(client=self.name, do="go_on")

    def subscribe(self, *filters, qos=1, no_local=False, as_published=False, handling=0, **more):
        """The SUBACK."""
        number = self.driver.say(
            client=self.name,
            do="subscribe",
            filters=filters,
            qos=qos,
            noLocal=no_local,
            asPublished=as_published,
            handling=handling,
            properties={key.replace("_", "-"): value for key, value in more.items()},
        )
        return self._answer(number, "subscribed")

    def unsubscribe(self, *filters):
        """The UNSUBACK."""
        number = self.driver.say(client=self.name, do="unsubscribe", filters=filters)
        return self._answer(number, "unsubscribed")

    def start_publish(self, topic, payload, qos=1, retain=False, properties=None):
        text = payload if isinstance(payload, str) else json.dumps(payload)
        return self.driver.say(
            client=self.name,
            do="publish",
            topic=topic,
            payload=text,
            qos=qos,
            retain=retain,
            properties=properties or {},
        )

    def published(self, number):
        return self._answer(number, "published")

    def publish(self, topic, payload, qos=1, retain=False, properties=None):
        """Awaits the acknowledgement."""
        return self.published(self.start_publish(topic, payload, qos, retain, properties))
