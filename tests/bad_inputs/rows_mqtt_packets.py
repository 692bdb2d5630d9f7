"""MQTT rows: packets that are cut, malformed or oversized."""
from mqtt_row import (
    CONNECT,
    PINGREQ,
    PUBACK,
    Declined,
    Ends,
    Ignored,
    Row,
    connect,
    data,
    number,
    packet,
    publish,
    subscribe,
    unsubscribe,
    varint,
)

MALFORMED, PROTOCOL, TOPIC, FILTER = 0x81, 0x82, 0x90, 0x8F
ALIAS, TOO_LARGE, QUOTA, BAD_VERSION = 0x94, 0x95, 0x97, 0x84
QUOTED = 0x26  # user property


def topic(home, verb="set"):
    return f"/open/{home.account}/R331ZEB4ZEAL0528/{verb}"


def app(name, send, reason, *says, versions=(4, 5)):
    """After a good sign-in: the connection ends."""
    make = send if callable(send) else lambda home, version: send
    return Row(name, "app", make, Ends(reason, says), versions)


def first(name, send, code, reason, *says, versions=(4, 5)):
    """As the first packet: declined."""
    make = send if callable(send) else lambda home, version: send
    return Row(name, "", make, Declined(code, reason, says), versions)


def closed(name, send, versions=(4,)):
    """As the first packet: no MQTT at all, so it is not answered either."""
    return Row(name, "", lambda home, version: send, Declined(None, 0, ()), versions)


def published(name, reason, *says, versions=(4, 5), to=topic, **wrong):
    return app(name, lambda home, version: publish(version, to(home), **wrong), reason, *says,
               versions=versions)


def subscribed(name, reason, *says, versions=(4, 5), filters=None, **wrong):
    return app(
        name,
        lambda home, version: subscribe(version, *([topic(home)] if filters is None else filters),
                                        **wrong),
        reason, *says, versions=versions)


FRAMES = [
    app("a length of five bytes", b"\x30\xff\xff\xff\xff\x01", MALFORMED, "PUBLISH", "length", "four"),
    app("packet type 0", b"\x00\x00", MALFORMED, "type 0"),
    app("SUBSCRIBE with flags 0", b"\x80\x02\0\1", MALFORMED, "SUBSCRIBE", "flags"),
    app("SUBSCRIBE with flags 3", b"\x83\x02\0\1", MALFORMED, "SUBSCRIBE", "flags"),
    app("UNSUBSCRIBE with flags 0", b"\xa0\x02\0\1", MALFORMED, "UNSUBSCRIBE", "flags"),
    app("PUBREL with flags 0", b"\x60\x02\0\1", MALFORMED, "PUBREL", "flags"),
    app("PUBACK with flags 2", b"\x42\x02\0\1", MALFORMED, "PUBACK", "flags"),
    app("PINGREQ with flags 1", b"\xc1\x00", MALFORMED, "PINGREQ", "flags"),
    app("DISCONNECT with flags 1", b"\xe1\x00", MALFORMED, "DISCONNECT", "flags"),
    app("PINGREQ with a body", b"\xc0\x01x", MALFORMED, "PINGREQ", "goes on"),
    app("DISCONNECT of 3.1.1 with a body", b"\xe0\x01\0", MALFORMED, versions=(4,)),
    app("a packet of 256 MB, announced", b"\x30\xff\xff\xff\x7f", TOO_LARGE, "PUBLISH", "262144"),
    app("a packet one byte over 256 KB", packet(0x30, bytes(262144 - 3)), TOO_LARGE, "PUBLISH", "262144"),
    app("a SUBSCRIBE of 1 MB, announced", b"\x82" + varint(1 << 20), TOO_LARGE, "SUBSCRIBE", "262144"),
    app("PUBACK of one byte", b"\x40\x01\0", MALFORMED, "PUBACK", "ends"),
    app("PUBACK of nothing", b"\x40\x00", MALFORMED, "PUBACK", "ends"),
    app("SUBSCRIBE of nothing", b"\x82\x00", MALFORMED, "SUBSCRIBE", "ends"),
    app("PUBLISH of nothing", b"\x30\x00", MALFORMED, "PUBLISH", "ends"),
    app("PUBACK of 3.1.1 with a reason", b"\x40\x03\0\1\0", MALFORMED, versions=(4,)),
]

PUBLISHES = [
    app("a topic longer than its packet", packet(0x30, number(500) + b"abc"), MALFORMED, "PUBLISH",
        "beyond"),
    app("a topic that is cut", packet(0x30, b"\0"), MALFORMED, "PUBLISH"),
    app("a topic that is not UTF-8", packet(0x30, data(b"/open/\xff\xfe") + b"\0"), MALFORMED,
        "PUBLISH", "UTF-8"),
    app("a topic that is overlong UTF-8", packet(0x30, data(b"/open/\xc0\xaf") + b"\0"), MALFORMED,
        "UTF-8"),
    app("a topic with half a character", packet(0x30, data(b"/open/\xed\xa0\x80") + b"\0"), MALFORMED,
        "UTF-8"),
    app("a topic with NUL", packet(0x30, data(b"/open/\0x") + b"\0"), MALFORMED, "U+0000"),
    published("a topic with +", MALFORMED, "PUBLISH", "wildcard", to=lambda h: f"/open/{h.account}/+/set"),
    published("a topic with #", MALFORMED, "PUBLISH", "wildcard", to=lambda h: "/open/#"),
    published("an empty topic", TOPIC, versions=(4,), to=lambda h: ""),
    published("an empty topic without alias", PROTOCOL, "PUBLISH", "topic", "alias", versions=(5,),
              to=lambda h: ""),
    published("a topic of 2 KB", TOPIC, "PUBLISH", "1024", to=lambda h: "/open/" + "x" * 2048),
    published("a topic of 40 levels", TOPIC, "PUBLISH", "32", to=lambda h: "/" * 40),
    published("QoS 3", MALFORMED, "PUBLISH", "flags", first=0x36, packet_id=1),
    published("DUP on QoS 0", MALFORMED, "PUBLISH", "DUP", first=0x38),
    published("QoS 1 with packet id 0", PROTOCOL, "PUBLISH", "packet id is 0", first=0x32, packet_id=0),
    published("QoS 2 with packet id 0", PROTOCOL, "PUBLISH", "packet id is 0", first=0x34, packet_id=0),
    app("QoS 1 without room for a packet id", lambda h, v: packet(0x32, data(topic(h)) + b"\0"),
        MALFORMED, "PUBLISH", "beyond"),
    app("topic alias 0", lambda h, v: publish(v, topic(h), props=[b"\x23\0\0"]), ALIAS, "alias",
        versions=(5,)),
    app("a topic alias above the maximum", lambda h, v: publish(v, topic(h), props=[b"\x23\xff\xff"]),
        ALIAS, "alias", "32", versions=(5,)),
    app("a topic alias one above the maximum", lambda h, v: publish(v, topic(h), props=[b"\x23\0\x21"]),
        ALIAS, "alias", "32", versions=(5,)),
    app("a topic alias that was never given", lambda h, v: publish(v, "", props=[b"\x23\0\5"]),
        PROTOCOL, "alias", "never", versions=(5,)),
    app("a topic alias twice", lambda h, v: publish(v, topic(h), props=[b"\x23\0\1", b"\x23\0\2"]),
        PROTOCOL, "property", "twice", versions=(5,)),
    app("a subscription identifier from a client", lambda h, v: publish(v, topic(h), props=[b"\x0b\1"]),
        PROTOCOL, "subscription identifier", versions=(5,)),
    app("a payload format of 2", lambda h, v: publish(v, topic(h), props=[b"\1\2"]), PROTOCOL,
        "property", versions=(5,)),
    app("a response topic with a wildcard", lambda h, v: publish(v, topic(h), props=[b"\x08" + data("a/#")]),
        PROTOCOL, "response topic", versions=(5,)),
    app("an empty response topic", lambda h, v: publish(v, topic(h), props=[b"\x08" + data("")]),
        PROTOCOL, "response topic", versions=(5,)),
]

PROPERTIES = [
    app("an unknown property", lambda h, v: publish(v, topic(h), props=[b"\x7f\0"]), MALFORMED,
        "PUBLISH", "property", "unknown", versions=(5,)),
    app("a property's number of five bytes",
        lambda h, v: publish(v, topic(h), props=[b"\xff\xff\xff\xff\x01"]), MALFORMED, "four",
        versions=(5,)),
    app("a property of another packet", lambda h, v: publish(v, topic(h), props=[b"\x21\0\5"]),
        MALFORMED, "PUBLISH", "property", "may not", versions=(5,)),
    app("a server's property", lambda h, v: publish(v, topic(h), props=[b"\x12" + data("me")]),
        MALFORMED, "property", "may not", versions=(5,)),
    app("a property that is cut", lambda h, v: publish(v, topic(h), props=[b"\2\0\0"]), MALFORMED,
        "beyond", versions=(5,)),
    app("properties longer than their packet",
        lambda h, v: packet(0x30, data(topic(h)) + b"\x7f\1\1"), MALFORMED, "beyond", versions=(5,)),
    app("a length of properties of five bytes",
        lambda h, v: packet(0x30, data(topic(h)) + b"\xff\xff\xff\xff\x01"), MALFORMED, "four",
        versions=(5,)),
    app("no properties where they must be", lambda h, v: packet(0x30, data(topic(h))), MALFORMED,
        "beyond", versions=(5,)),
    app("an expiry twice", lambda h, v: publish(v, topic(h), props=[b"\2\0\0\0\1"] * 2), PROTOCOL,
        "twice", versions=(5,)),
    app("a user property that is cut",
        lambda h, v: publish(v, topic(h), props=[bytes([QUOTED]) + data("name")]), MALFORMED, "beyond",
        versions=(5,)),
    app("a user property that is not UTF-8",
        lambda h, v: publish(v, topic(h), props=[bytes([QUOTED]) + data(b"\xff") + data("x")]),
        MALFORMED, "UTF-8", versions=(5,)),
    app("300 user properties",
        lambda h, v: publish(v, topic(h), props=[bytes([QUOTED]) + data("a") + data("b")] * 300),
        QUOTA, "256 at most", versions=(5,)),
]

FILTERS = [
    subscribed("SUBSCRIBE with packet id 0", PROTOCOL, "SUBSCRIBE", "packet id is 0", packet_id=0),
    subscribed("SUBSCRIBE without filters", PROTOCOL, "SUBSCRIBE", "no topic filter", filters=[]),
    subscribed("an empty filter", MALFORMED, "SUBSCRIBE", "empty", filters=[""]),
    subscribed("a filter with # inside", MALFORMED, "SUBSCRIBE", "wildcard", filters=["/open/#/set"]),
    subscribed("a filter with # beside letters", MALFORMED, "wildcard", filters=["/open/a#"]),
    subscribed("a filter with + beside letters", MALFORMED, "wildcard", filters=["/open/a+/set"]),
    subscribed("a filter that is not UTF-8", MALFORMED, "UTF-8", filters=[b"/open/\xff"]),
    subscribed("a filter with NUL", MALFORMED, "U+0000", filters=[b"/open/\0"]),
    subscribed("a filter of 2 KB", FILTER, "SUBSCRIBE", "1024", filters=["/open/" + "x" * 2048]),
    subscribed("a filter of 40 levels", FILTER, "SUBSCRIBE", "32", filters=["/" * 40]),
    subscribed("options with QoS 3", MALFORMED, "SUBSCRIBE", "QoS is 3", options=3),
    subscribed("options of 5 in 3.1.1", MALFORMED, options=4, versions=(4,)),
    subscribed("options with a reserved bit", MALFORMED, "reserved", options=0x81, versions=(5,)),
    subscribed("retain handling 3", PROTOCOL, "retain handling", options=0x31, versions=(5,)),
    subscribed("subscription identifier 0", PROTOCOL, "property", props=[b"\x0b\0"], versions=(5,)),
    subscribed("two subscription identifiers", PROTOCOL, "twice", props=[b"\x0b\1", b"\x0b\2"],
               versions=(5,)),
    subscribed("a share without a group", MALFORMED, "wildcard", filters=["$share//x"]),
    subscribed("a share's group with a wildcard", MALFORMED, "wildcard", filters=["$share/a+/x"]),
    subscribed("a share without a filter", MALFORMED, "wildcard", filters=["$share/a"]),
    subscribed("no local on a share", PROTOCOL, "no-local", filters=["$share/a/x"], options=5,
               versions=(5,)),
    app("a filter longer than its packet", packet(0x82, b"\0\7" + number(90) + b"x"), MALFORMED,
        versions=(4,)),
    app("a filter without options", lambda h, v: packet(0x82, b"\0\7" + (b"\0" if v == 5 else b"") +
        data(topic(h))), MALFORMED, "beyond"),
    app("UNSUBSCRIBE with packet id 0", lambda h, v: unsubscribe(v, "x", packet_id=0), PROTOCOL,
        "UNSUBSCRIBE", "packet id is 0"),
    app("UNSUBSCRIBE without filters", lambda h, v: unsubscribe(v), PROTOCOL, "UNSUBSCRIBE",
        "no topic filter"),
    app("UNSUBSCRIBE of an empty filter", lambda h, v: unsubscribe(v, ""), MALFORMED, "UNSUBSCRIBE"),
    app("UNSUBSCRIBE of a bad filter", lambda h, v: unsubscribe(v, "a/#/b"), MALFORMED, "wildcard"),
]

CONNECTS = [
    first("protocol level 3", lambda h, v: connect(v, "u", "p", level=3), 1, BAD_VERSION, "level",
          versions=(4,)),
    first("protocol level 6", lambda h, v: connect(5, "u", "p", level=6), 1, BAD_VERSION, "level",
          versions=(5,)),
    first("protocol level 0", lambda h, v: connect(v, "u", "p", level=0), 1, BAD_VERSION, versions=(4,)),
    first("MQTT 3.1", lambda h, v: connect(v, "u", "p", name="MQIsdp", level=3), 1, BAD_VERSION,
          versions=(4,)),
    closed("another protocol's name", connect(4, "u", "p", name="MQTX")),
    closed("the name in lower case", connect(4, "u", "p", name="mqtt")),
    closed("no name", connect(4, "u", "p", name="")),
    first("the reserved flag", lambda h, v: connect(v, "u", "p", flags=0xC3), None, MALFORMED, "reserved"),
    first("a will's QoS without a will", lambda h, v: connect(v, "u", "p", flags=0xCA), None, MALFORMED,
          "will"),
    first("a will's retain without a will", lambda h, v: connect(v, "u", "p", flags=0xE2), None,
          MALFORMED, "will"),
    first("a will of QoS 3", lambda h, v: connect(v, "u", "p", flags=0xDE), None, MALFORMED, "QoS is 3"),
    first("a password without a user", lambda h, v: connect(v, None, "p", flags=0x42), None, MALFORMED,
          "password", versions=(4,)),
    first("a user that is announced and not there", lambda h, v: connect(v, flags=0x82), None, MALFORMED,
          "beyond"),
    first("bytes behind the password", lambda h, v: connect(v, "u", "p", tail=b"more"), None, MALFORMED,
          "goes on"),
    first("a client id that is not UTF-8", lambda h, v: connect(v, "u", "p", b"\xff\xfe"), None,
          MALFORMED, "UTF-8"),
    first("a client id with NUL", lambda h, v: connect(v, "u", "p", b"a\0b"), None, MALFORMED, "U+0000"),
    first("a client id of 2 KB", lambda h, v: connect(v, "u", "p", "x" * 2048), 2, 0x85, "client id",
          "1024"),
    first("no client id in a session that is kept", lambda h, v: connect(v, "u", "p", "", flags=0xC0),
          2, 0x85, versions=(4,)),
    first("a user that is not UTF-8", lambda h, v: connect(v, b"\xff", "p"), None, MALFORMED, "UTF-8"),
    first("an empty will topic", lambda h, v: connect(v, "u", "p", flags=0xC6,
          will=(b"\0" if v == 5 else b"") + data("") + data("x")), None, MALFORMED, "will"),
    first("a will topic with a wildcard", lambda h, v: connect(v, "u", "p", flags=0xC6,
          will=(b"\0" if v == 5 else b"") + data("a/#") + data("x")), None, MALFORMED, "wildcard"),
    first("a will that is cut", lambda h, v: connect(v, flags=6, will=(b"\0" if v == 5 else b"") +
          data("a") + number(9) + b"x"), None, MALFORMED, "beyond"),
    first("receive maximum 0", lambda h, v: connect(v, "u", "p", props=[b"\x21\0\0"]), None, PROTOCOL,
          "property", versions=(5,)),
    first("maximum packet size 0", lambda h, v: connect(v, "u", "p", props=[b"\x27\0\0\0\0"]), None,
          PROTOCOL, "property", versions=(5,)),
    first("session expiry twice", lambda h, v: connect(v, "u", "p", props=[b"\x11\0\0\0\1"] * 2), None,
          PROTOCOL, "twice", versions=(5,)),
    first("request problem information 2", lambda h, v: connect(v, "u", "p", props=[b"\x17\2"]), None,
          PROTOCOL, "property", versions=(5,)),
    first("a topic alias in CONNECT", lambda h, v: connect(v, "u", "p", props=[b"\x23\0\1"]), None,
          MALFORMED, "may not", versions=(5,)),
    first("an authentication method", lambda h, v: connect(v, "u", "p", props=[b"\x15" + data("SCRAM")]),
          None, 0x8C, "authentication method", "user name and password", versions=(5,)),
    first("authentication data without a method", lambda h, v: connect(v, "u", "p",
          props=[b"\x16" + data("x")]), None, PROTOCOL, "authentication", versions=(5,)),
    closed("CONNECT with flags", connect(4, "u", "p", first=CONNECT | 1)),
    closed("CONNECT of nothing", b"\x10\x00"),
    closed("CONNECT of 1 MB, announced", b"\x10" + varint(1 << 20)),
    closed("a length of five bytes first", b"\x10\xff\xff\xff\xff\x01"),
    closed("PINGREQ first", bytes([PINGREQ, 0])),
    closed("PUBLISH first", publish(4, "/open/x", first=0x30)),
    closed("SUBSCRIBE first", subscribe(4, "/open/x")),
    closed("DISCONNECT first", b"\xe0\x00"),
    closed("AUTH first", b"\xf0\x00"),
    closed("CONNACK first", b"\x20\x02\0\0"),
    closed("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    closed("a TLS ClientHello", bytes.fromhex("1603010200010001fc0303") + bytes(500)),
    closed("zeros", bytes(64)),
    closed("noise", bytes(range(255, 127, -1))),
]

UNHARMED = [
    Row("a PUBLISH byte by byte", "app",
        lambda h, v: [bytes([b]) for b in publish(v, topic(h, "get"), first=0x32, packet_id=9)],
        Ignored()),
    Row("PUBACK of nothing that was sent", "app", lambda h, v: packet(PUBACK, number(77)), Ignored()),
]

ROWS = FRAMES + PUBLISHES + PROPERTIES + FILTERS + CONNECTS + UNHARMED
