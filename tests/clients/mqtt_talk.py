"""MQTT clients of the tests: paho's, with every callback made an event that can be awaited, and a
raw one, for what paho cannot do or does not show (silence, PUBACK reasons).

Messages are kept until a test takes them, so a test may await them in any order.
"""
import collections
import json
import socket
import ssl
import struct
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from server import PATIENCE_S, Deadline

V311, V5 = paho.MQTTv311, paho.MQTTv5
Message = collections.namedtuple("Message", "topic payload retain qos raw")


def number_of(reason):
    """3.1.1 has numbers, 5 has ReasonCodes objects."""
    return getattr(reason, "value", reason)


class Mqtt:
    """One connection, by WebSocket through the HTTP doors. A context manager; `connect()` gives the
    CONNACK's code."""

    def __init__(
        self,
        server,
        user,
        password,
        client_id="",
        version=V311,
        door="mqtts",
        keepalive=60,
        place=None,
    ):
        self.place, self.keepalive, self.version = place or server.place(door), keepalive, version
        settings = {} if version == V5 else {"clean_session": True}
        if door in ("http", "https"):
            settings["transport"] = "websockets"
        self.paho = paho.Client(
            client_id=client_id, protocol=version, reconnect_on_failure=False, **settings
        )
        self.paho.username_pw_set(user, password)
        if door in ("mqtts", "https"):
            # Its own tls_set() asks for a protocol that Python calls deprecated.
            self.paho.tls_set_context(ssl.create_default_context(cafile=server.ca))
        self._changed = threading.Condition()
        self._messages, self._answers = [], {}
        self.connack = self.ended = self.properties = None
        self.paho.on_connect = lambda _c, _u, _f, reason, *more: self._tell(
            connack=number_of(reason), properties=more[0] if more else None
        )
        self.paho.on_disconnect = lambda _c, _u, reason, *_: self._tell(ended=number_of(reason))
        self.paho.on_subscribe = lambda _c, _u, mid, reasons, *_: self._answer(
            mid, [number_of(reason) for reason in reasons]
        )
        self.paho.on_unsubscribe = lambda _c, _u, mid, *more: self._answer(
            mid, more[1] if version == V5 else None
        )
        self.paho.on_message = lambda _c, _u, message: self._keep(message)

    def _tell(self, **facts):
        with self._changed:
            self.__dict__.update(facts)
            self._changed.notify_all()

    def _answer(self, mid, reasons):
        with self._changed:
            self._answers[mid] = reasons
            self._changed.notify_all()

    def _keep(self, message):
        try:
            payload = json.loads(message.payload)
        except ValueError:
            payload = None
        with self._changed:
            self._messages.append(
                Message(message.topic, payload, message.retain, message.qos, message.payload)
            )
            self._changed.notify_all()

    def _await(self, look, what, patience_s=PATIENCE_S):
        """What `look` finds, once it finds something that is not None."""
        deadline = Deadline(what, patience_s)
        with self._changed:
            while (found := look()) is None:
                self._changed.wait(deadline.left_s())
            return found

    def connect(self, expiry_s=None):
        settings = {}
        if expiry_s is not None:
            settings["properties"] = Properties(PacketTypes.CONNECT)
            settings["properties"].SessionExpiryInterval = expiry_s
        self.paho.connect(*self.place, self.keepalive, **settings)
        self.paho.loop_start()
        return self._await(
            lambda: self.connack if self.connack is not None else self.ended, "CONNACK"
        )

    def __enter__(self):
        code = self.connect()
        if code != 0:
            self.close()
            raise AssertionError(f"CONNACK {code}")
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def subscribe(self, *topics, qos=1):
        """The SUBACK's codes."""
        _, mid = self.paho.subscribe(
            [(topic, qos) for topic in topics]
            if self.version != V5
            else [(topic, paho.SubscribeOptions(qos)) for topic in topics]
        )
        return self._await(lambda: self._answers.pop(mid, None), f"SUBACK of {topics}")

    def unsubscribe(self, topic):
        """The UNSUBACK's code: 5 has one, 3.1.1 answers 0 as long as it answers."""
        _, mid = self.paho.unsubscribe(topic)
        self._await(lambda: True if mid in self._answers else None, f"UNSUBACK of {topic}")
        reasons = self._answers.pop(mid)
        if reasons is None:
            return 0
        return number_of(reasons[0] if isinstance(reasons, list) else reasons)

    def publish(self, topic, payload, qos=1):
        text = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
        info = self.paho.publish(topic, text, qos)
        if qos:
            info.wait_for_publish(PATIENCE_S)
            if not info.is_published():
                raise AssertionError(f"no PUBACK for {topic} within {PATIENCE_S} s")

    def message(self, topic, where=lambda message: True, patience_s=PATIENCE_S):
        """The first message on `topic` (None: on any) that `where` likes; it is taken."""

        def look():
            for message in self._messages:
                if topic in (None, message.topic) and where(message):
                    self._messages.remove(message)
                    return message
            return None

        try:
            return self._await(look, f"a message on {topic}", patience_s)
        except AssertionError as error:
            seen = sorted({message.topic for message in self._messages})
            raise AssertionError(f"{error}; seen and not asked for: {seen}") from None

    def reply(self, topic, request_id):
        return self.message(topic, lambda m: str(m.payload.get("id")) == str(request_id)).payload

    def seen(self, topic):
        """How many messages on `topic` wait to be taken."""
        with self._changed:
            return sum(message.topic == topic for message in self._messages)

    def end(self):
        """Awaits the end of the connection by the server: its code, as paho has it."""
        return self._await(lambda: self.ended, "the server's end of the connection")


class AppClient(Mqtt):
    """Signs in with an account's certificate, as apps do."""

    def __init__(self, server, api, **settings):
        certificate = api.certification()
        self.account = certificate["certificateAccount"]
        super().__init__(server, self.account, certificate["certificatePassword"], **settings)

    def topic(self, sn, verb):
        return f"/open/{self.account}/{sn}/{verb}"

    def status(self, sn, status):
        """Awaits a status message that says `status`."""
        return self.message(
            self.topic(sn, "status"), lambda m: m.payload["params"]["status"] == status
        )


class DeviceClient(Mqtt):
    """The device's side: signs in with serial number and device key."""

    def __init__(self, server, sn, key, **settings):
        self.sn = sn
        super().__init__(server, sn, key, **settings)

    def topic(self, verb):
        return f"/device/{self.sn}/{verb}"

    def report(self, params, **more):
        self.publish(self.topic("quota"), {"id": 1, "version": "1.0", **more, "params": params})


def await_reported(server, api, wanted):
    """Awaits that the devices in `wanted` {sn: quotas} are online and have reported that much."""
    with AppClient(server, api) as app:
        for sn in wanted:
            app.subscribe(app.topic(sn, "status"), app.topic(sn, "quota"))
        for sn, count in wanted.items():
            app.status(sn, 1)
            while len(api.quota_all(sn)) < count:
                app.message(app.topic(sn, "quota"))


def mqtt_text(text):
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def packet(first_byte, body):
    size, head = len(body), bytes([first_byte])
    while True:
        size, digit = divmod(size, 128)
        head += bytes([digit | (0x80 if size else 0)])
        if not size:
            return head + body


class RawMqtt:
    """MQTT by hand over plain TCP. It says only what a test makes it say: no PINGREQ. `is_kept`: its session of 3.1.1
    outlives the connection."""

    def __init__(self, server, user, password, client_id, keepalive_s, version=4, is_kept=False):
        self.version = version
        self.socket = socket.create_connection(server.place("mqtt"), PATIENCE_S)
        properties = b"\0" if version == 5 else b""
        self.socket.sendall(
            packet(
                0x10,
                mqtt_text("MQTT")
                + bytes([version, 0xC0 if is_kept else 0xC2])
                + struct.pack("!H", keepalive_s)
                + properties
                + mqtt_text(client_id)
                + mqtt_text(user)
                + mqtt_text(password),
            )
        )
        kind, body = self.read()
        if kind != 0x20 or body[1] != 0:
            raise AssertionError(f"CONNACK expected, got {kind:#x} {body.hex()}")

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError("the server closed the connection")
            data += piece
        return data

    def read(self):
        """(first byte, body) of the next packet."""
        first, size, shift = self._exactly(1)[0], 0, 0
        while True:
            digit = self._exactly(1)[0]
            size |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return first, self._exactly(size)

    def publish(self, topic, payload, packet_id=1):
        """At QoS 1; the PUBACK's reason (0 in 3.1.1, which has none)."""
        properties = b"\0" if self.version == 5 else b""
        self.socket.sendall(
            packet(
                0x32,
                mqtt_text(topic)
                + struct.pack("!H", packet_id)
                + properties
                + json.dumps(payload).encode(),
            )
        )
        while True:
            kind, body = self.read()
            if kind == 0x40:
                return body[2] if len(body) > 2 else 0

    def rest(self):
        """Awaits the server's end of the connection: what it still said, as packets."""
        packets = []
        try:
            while True:
                packets.append(self.read())
        except (EOFError, ConnectionResetError):
            return packets

    def close(self):
        self.socket.close()
