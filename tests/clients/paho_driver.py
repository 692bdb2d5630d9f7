"""python3-paho-mqtt as a client that a test drives; driver.py tells the language.

paho leaves topic aliases to the program, so they are resolved here. It tells no reason of a PUBACK.
"""
import json
import os
import re
import socket
import ssl
import sys
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCodes

LISTS = ("SubscriptionIdentifier", "UserProperty")
saying = threading.Lock()


def say(client, event, **facts):
    with saying:
        print(json.dumps({"client": client, "event": event, **facts}), flush=True)


def properties_of(packet, given):
    """paho's names are those of the protocol: "response-topic" is ResponseTopic."""
    made = Properties(packet)
    for name, value in (given or {}).items():
        name = "".join(word.capitalize() for word in name.split("-"))
        if name == "CorrelationData":
            value = value.encode()
        if name == "UserProperty":
            value = [tuple(pair) for pair in value]
        setattr(made, name, value)
    return made


def told(properties):
    if properties is None:
        return {}
    found = {}
    for name, value in vars(properties).items():
        if name in ("packetType", "types", "names", "properties"):
            continue
        if isinstance(value, bytes):
            value = value.decode()
        if name == "MaximumQoS":
            name = "MaximumQos"
        found[re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()] = value
    return found


def number_of(reason):
    return getattr(reason, "value", reason)


class Client:
    def __init__(self, command):
        self.name, self.five = command["client"], command["version"] == 5
        self.lock, self.waiting, self.early, self.aliases = threading.Lock(), {}, {}, {}
        self.held, self.withheld = False, []  # held: messages are taken, and not acknowledged
        settings = {} if self.five else {"clean_session": command["clean"]}
        self.paho = paho.Client(
            client_id=command["id"],
            protocol=paho.MQTTv5 if self.five else paho.MQTTv311,
            transport="websockets" if command["door"] in ("http", "https") else "tcp",
            reconnect_on_failure=command["reconnect"],
            **settings,
        )
        self.paho.reconnect_delay_set(0.05, 0.05)
        self.paho.username_pw_set(command["user"], command["password"])
        if command["door"] in ("https", "mqtts"):
            self.paho.tls_set_context(ssl.create_default_context(cafile=command["ca"]))
        if will := command.get("will"):
            properties = properties_of(PacketTypes.WILLMESSAGE, will.get("properties"))
            self.paho.will_set(
                will["topic"],
                will["payload"],
                will["qos"],
                will["retain"],
                properties if self.five else None,
            )
        # paho 1.6 acknowledges by itself, and has no switch for it.
        for name in ("_send_puback", "_send_pubrec"):
            setattr(self.paho, name, self.unless_held(getattr(self.paho, name)))
        self.paho.on_connect = self.on_connect
        self.paho.on_disconnect = self.on_disconnect
        self.paho.on_message = self.on_message
        self.paho.on_publish = lambda _c, _u, mid: self.answered("published", mid)
        self.paho.on_subscribe = lambda _c, _u, mid, codes, *more: self.answered(
            "subscribed",
            mid,
            codes=[number_of(code) for code in codes],
            properties=told(*more) if more else {},
        )
        self.paho.on_unsubscribe = lambda _c, _u, mid, *more: self.answered(
            "unsubscribed",
            mid,
            **({"codes": self.codes_of(more[1]), "properties": told(more[0])} if more else {}),
        )

    def unless_held(self, acknowledge):
        def wrapped(mid):
            with self.lock:
                if self.held:
                    self.withheld.append(lambda: acknowledge(mid))
                    return paho.MQTT_ERR_SUCCESS
            return acknowledge(mid)

        return wrapped

    @staticmethod
    def codes_of(codes):
        return [number_of(code) for code in (codes if isinstance(codes, list) else [codes])]

    def on_connect(self, _client, _user, flags, reason, properties=None):
        self.aliases.clear()
        say(
            self.name,
            "connected",
            code=number_of(reason),
            present=bool(flags["session present"]),
            properties=told(properties),
        )

    def on_disconnect(self, _client, _user, reason, properties=None):
        say(self.name, "closed", code=number_of(reason), properties=told(properties))

    def on_message(self, _client, _user, message):
        properties = told(getattr(message, "properties", None))
        topic, alias = message.topic, properties.get("topic-alias")
        if alias and topic:
            self.aliases[alias] = topic
        say(
            self.name,
            "message",
            topic=topic or self.aliases.get(alias, ""),
            payload=message.payload.decode(),
            qos=message.qos,
            retain=bool(message.retain),
            dup=bool(message.dup),
            properties=properties,
        )

    # No lock of ours is held while paho works: its threads wait for each other otherwise. So an
    # answer may be there before its packet id is known.
    def asked(self, command, call):
        try:
            mid = call()
        except ValueError as error:
            say(self.name, "refused", n=command["n"], why=str(error))
            return
        with self.lock:
            early = self.early.pop(mid, None)
            if early is None:
                self.waiting[mid] = command["n"]
        if early is not None:
            say(self.name, n=command["n"], **early)

    def answered(self, event, mid, **facts):
        with self.lock:
            number = self.waiting.pop(mid, None)
            if number is None:
                self.early[mid] = {"event": event, **facts}
        if number is not None:
            say(self.name, event, n=number, **facts)

    # --- commands ---

    def open(self, command):
        settings = {}
        if self.five:
            settings["clean_start"] = (
                paho.MQTT_CLEAN_START_FIRST_ONLY if command["clean"] else False
            )
            settings["properties"] = properties_of(PacketTypes.CONNECT, command.get("properties"))
        try:
            self.paho.connect(*command["place"], command["keepalive"], **settings)
        except (OSError, paho.WebsocketConnectionError) as error:
            say(self.name, "failed", why=str(error))
            return
        self.paho.loop_start()

    def subscribe(self, command):
        given = command.get("properties")
        if not self.five:
            topics = [(topic, command["qos"]) for topic in command["filters"]]
            return self.asked(command, lambda: self.paho.subscribe(topics)[1])
        options = paho.SubscribeOptions(
            command["qos"], command["noLocal"], command["asPublished"], command["handling"]
        )
        topics = [(topic, options) for topic in command["filters"]]
        properties = properties_of(PacketTypes.SUBSCRIBE, given)
        return self.asked(command, lambda: self.paho.subscribe(topics, properties=properties)[1])

    def unsubscribe(self, command):
        self.asked(command, lambda: self.paho.unsubscribe(command["filters"])[1])

    def publish(self, command):
        properties = properties_of(PacketTypes.PUBLISH, command.get("properties"))
        self.asked(
            command,
            lambda: self.paho.publish(
                command["topic"],
                command["payload"],
                command["qos"],
                command["retain"],
                properties if self.five else None,
            ).mid,
        )

    def leave(self, command):
        if self.five:
            self.paho.disconnect(
                ReasonCodes(PacketTypes.DISCONNECT, identifier=command["reason"]),
                properties_of(PacketTypes.DISCONNECT, command.get("properties")),
            )
        else:
            self.paho.disconnect()

    def drop(self, _command):
        line = socket.socket(fileno=os.dup(self.paho.socket().fileno()))
        line.shutdown(socket.SHUT_RDWR)
        line.close()

    def hold(self, _command):
        with self.lock:
            self.held = True

    def go_on(self, _command):
        with self.lock:
            self.held, withheld, self.withheld = False, self.withheld, []
        for acknowledge in withheld:
            acknowledge()


def main():
    clients = {}

    def thread_died(why):
        # paho's thread ends by an exception when a write of TLS finds its line gone.
        for name, client in list(clients.items()):
            if client.paho._thread is why.thread:
                say(name, "closed", why=str(why.exc_value), properties={})

    threading.excepthook = thread_died
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "open":
            clients[command["client"]] = Client(command)
        if command["do"] == "forget":
            clients.pop(command["client"]).paho.loop_stop()
        else:
            getattr(clients[command["client"]], command["do"])(command)
    for client in clients.values():
        client.paho.disconnect()


if __name__ == "__main__":
    main()
