"""MQTT rows: packets at the wrong time, sign-ins that are none, topics of others, and `get`s and
`set`s that cannot be."""
from home import DELTA, FOREIGN, OFFLINE, THING, UNKNOWN
from mqtt_row import (
    PUBACK,
    PUBCOMP,
    PUBREC,
    SUBACK,
    UNSUBACK,
    Answered,
    Declined,
    Ends,
    Ignored,
    Row,
    Told,
    connect,
    data,
    number,
    packet,
    publish,
    subscribe,
    unsubscribe,
)

PROTOCOL, NOT_AUTHORIZED, BAD_LOGIN = 0x82, 0x87, 0x86


def ends(name, send, reason, *says, who="app", versions=(4, 5)):
    return Row(name, who, send, Ends(reason, says), versions)


def login(name, user, password, code=4, reason=BAD_LOGIN, versions=(4, 5), says=("user name",), **more):
    """`user` and `password` are functions of the Home, or None."""
    return Row(
        name, "",
        lambda h, v: connect(v, user and user(h), password and password(h), **more),
        Declined(code, reason, says), versions)


def text(value):
    return lambda home: value


def account(home):
    return home.account


def password(home):
    return home.password


SIGN_INS = [
    login("no user name", None, None),
    login("an empty user name", text(""), text("")),
    login("no password", account, None),
    login("an empty password", account, text("")),
    login("a wrong password", account, text("wrong")),
    login("the password with a letter more", account, lambda h: h.password + "x"),
    login("the password but its last letter", account, lambda h: h.password[:-1]),
    login("an unknown account", text("open-" + "0" * 32), text("x")),
    login("the account in capitals", lambda h: h.account.upper(), password),
    login("another account's password", account, lambda h: h.other["gatewayKey"]),
    login("the access key and secret key", lambda h: h.access_key, lambda h: h.secret_key),
    login("a device with another device's key", text(THING), lambda h: h.offline_key),
    login("a device that there is not", text(UNKNOWN), text("x")),
    login("a device with an app's password", text(THING), password),
    login("a gateway with an app's password", text("gateway:demo"), password),
    login("a gateway of nobody", text("gateway:nobody"), text("x")),
    login("a gateway without a name", text("gateway:"), text("x")),
    login("a user name of 60 KB", text("u" * 60_000), text("x")),
    login("a password of 60 KB", account, text("p" * 60_000)),
    login("a user name with a line break", text("x\n[error] forged"), text("x")),
    login("a password of bytes", account, text(bytes(range(256)))),
]

ORDER = [
    ends("a second CONNECT", lambda h, v: connect(v, "u", "p"), PROTOCOL, "CONNECT", "second time"),
    ends("CONNACK from a client", lambda h, v: packet(0x20, b"\0\0" + (b"\0" if v == 5 else b"")),
         PROTOCOL, "only a server sends", "CONNACK"),
    ends("SUBACK from a client", lambda h, v: packet(0x90, b"\0\1" + (b"\0" if v == 5 else b"") + b"\0"),
         PROTOCOL, "only a server sends", "SUBACK"),
    ends("UNSUBACK from a client", lambda h, v: packet(0xB0, b"\0\1" + (b"\0\0" if v == 5 else b"")),
         PROTOCOL, "only a server sends", "UNSUBACK"),
    ends("PINGRESP from a client", lambda h, v: b"\xd0\0", PROTOCOL, "only a server sends", "PINGRESP"),
    ends("AUTH", lambda h, v: b"\xf0\0", PROTOCOL, "AUTH", "authentication method", versions=(5,)),
    ends("AUTH in 3.1.1", lambda h, v: b"\xf0\0", 0x81, versions=(4,)),
    ends("AUTH of a method", lambda h, v: packet(0xF0, b"\x18" + b"\x05\x15" + data("ab")), PROTOCOL,
         "AUTH", versions=(5,)),
    ends("DISCONNECT with an expiry that was not asked for",
         lambda h, v: packet(0xE0, b"\0\5\x11\0\0\0\x09"), PROTOCOL, "DISCONNECT", "expiry",
         versions=(5,)),
    ends("PUBACK with a reason it may not have", lambda h, v: packet(0x40, b"\0\1\x01"), PROTOCOL,
         "reason", versions=(5,)),
    Row("PUBREL of nothing", "app", lambda h, v: packet(0x62, number(5)),
        Answered(PUBCOMP, (), (0x92,))),
    Row("PUBREC of nothing", "app", lambda h, v: packet(0x50, number(5)),
        Answered(0x62, (), (0x92,)), (5,)),
    Row("PUBCOMP of nothing", "app", lambda h, v: packet(0x70, number(5)), Ignored()),
    ends("more messages than may be unanswered",
         lambda h, v: b"".join(publish(v, f"/open/{h.account}/{DELTA}/get", first=0x34, packet_id=i)
                               for i in range(1, 1102)),
         0x93, "PUBLISH", "1000", versions=(5,)),
    Row("UNSUBSCRIBE of what was not subscribed", "app",
        lambda h, v: unsubscribe(v, f"/open/{h.account}/{DELTA}/quota"),
        Answered(UNSUBACK, (), (0x11,))),
    Row("65 filters in one SUBSCRIBE", "app",
        lambda h, v: subscribe(v, *[f"/open/{h.account}/{i}/quota" for i in range(65)]),
        Answered(SUBACK, (0x80,) * 65, (0x97,) * 65, ("64",))),
    ends("65 filters in one UNSUBSCRIBE",
         lambda h, v: unsubscribe(v, *[f"/open/{h.account}/{i}/quota" for i in range(65)]),
         0x97, "UNSUBSCRIBE", "64"),
]


SUBSCRIBES = {
    "app": "an account subscribes below /open/<its certificate account>/",
    "device": "a device subscribes below /device/<its sn>/",
    "gateway": "a gateway subscribes below /device/",
}
PUBLISHES = {
    "app": "an account publishes to /open/<its certificate account>/<sn>/set and .../get",
    "device": "a device publishes to /device/<its sn>/quota",
    "gateway": "its own account's devices only",
}


def denied_filter(name, make, who="app"):
    return Row(f"subscription: {name}", who, lambda h, v: subscribe(v, make(h)),
               Answered(SUBACK, (0x80,), (NOT_AUTHORIZED,), (SUBSCRIBES[who],)))


def denied_topic(name, make, who="app", qos=1):
    first, kind = (0x32, PUBACK) if qos == 1 else (0x34, PUBREC)
    return Row(f"publication: {name}", who,
               lambda h, v: publish(v, make(h), first=first, packet_id=3),
               Answered(kind, (), (NOT_AUTHORIZED,), (PUBLISHES[who],)))


TOPICS = [
    denied_filter("another account's reports", lambda h: f"/open/{h.foreign_account}/{FOREIGN}/quota"),
    denied_filter("everything of another account", lambda h: f"/open/{h.foreign_account}/#"),
    denied_filter("everything", lambda h: "#"),
    denied_filter("everything under open", lambda h: "/open/#"),
    denied_filter("all accounts", lambda h: "/open/+/+/quota"),
    denied_filter("the server's own", lambda h: "$SYS/#"),
    denied_filter("a device's side", lambda h: f"/device/{DELTA}/set"),
    denied_filter("another topic", lambda h: "hello"),
    denied_filter("an account that only begins alike", lambda h: f"/open/{h.account}x/#"),
    denied_filter("a wildcard share of all", lambda h: "$share/g/#"),
    denied_filter("another device's sets", lambda h: f"/device/{DELTA}/set", "device"),
    denied_filter("all devices", lambda h: "/device/+/set", "device"),
    denied_filter("an app's side", lambda h: f"/open/{h.account}/{THING}/set", "device"),
    denied_filter("everything below its own name", lambda h: f"/device/{THING}x/#", "device"),
    denied_filter("a gateway on an app's side", lambda h: f"/open/{h.foreign_account}/#", "gateway"),
    denied_topic("another account's set", lambda h: f"/open/{h.foreign_account}/{FOREIGN}/set"),
    denied_topic("a report as an app", lambda h: f"/open/{h.account}/{DELTA}/quota"),
    denied_topic("a reply as an app", lambda h: f"/open/{h.account}/{DELTA}/set_reply"),
    denied_topic("a status as an app", lambda h: f"/open/{h.account}/{DELTA}/status"),
    denied_topic("a device's side as an app", lambda h: f"/device/{DELTA}/quota"),
    denied_topic("a verb that there is not", lambda h: f"/open/{h.account}/{DELTA}/reboot"),
    denied_topic("a level more", lambda h: f"/open/{h.account}/{DELTA}/set/x"),
    denied_topic("no device", lambda h: f"/open/{h.account}//set"),
    denied_topic("the server's own", lambda h: "$SYS/broker"),
    denied_topic("any topic", lambda h: "hello"),
    denied_topic("any topic at QoS 2", lambda h: "hello", qos=2),
    denied_topic("another device's report", lambda h: f"/device/{DELTA}/quota", "device"),
    denied_topic("another account's device's report", lambda h: f"/device/{FOREIGN}/quota", "device"),
    denied_topic("its own set", lambda h: f"/device/{THING}/set", "device"),
    denied_topic("its own get", lambda h: f"/device/{THING}/get", "device"),
    denied_topic("an app's side as a device", lambda h: f"/open/{h.account}/{THING}/quota", "device"),
    denied_topic("another account's device by a gateway", lambda h: f"/device/{DELTA}/quota", "gateway"),
    denied_topic("a device of nobody by a gateway", lambda h: f"/device/{UNKNOWN}/quota", "gateway"),
]


def told(name, sn, verb, payload, code, *says):
    return Row(
        f"{verb}: {name}", "app",
        lambda h, v: publish(v, f"/open/{h.account}/{sn}/{verb}", payload),
        Told(lambda h: f"/open/{h.account}/{sn}/{verb}_reply", code, says))


QUIET = {"id": 1, "version": "1.0", "moduleType": 5, "operateType": "quietMode", "params": {"enabled": 1}}
SOC = {"id": 1, "version": "1.0", "params": {"quotas": ["pd.soc"]}}

MESSAGES = [
    told("no JSON", DELTA, "set", b"enabled=1", "1008", "JSON"),
    told("nothing", DELTA, "set", b"", "1008", "JSON"),
    told("cut", DELTA, "set", b'{"id":1,"params":{', "1008", "JSON", "ends too early"),
    told("not UTF-8", DELTA, "set", b'{"id":"\xff"}', "1008", "JSON", "UTF-8"),
    told("too deep", DELTA, "set", b"[" * 5000, "1008", "JSON", "32 levels"),
    told("too many names", DELTA, "set", {f"k{i}": i for i in range(2000)}, "1008", "JSON", "1024"),
    told("a name twice", DELTA, "set", b'{"id":1,"id":2}', "1008", '"id" occurs twice'),
    told("a list", DELTA, "set", [1], "1008", "JSON object"),
    told("a number", DELTA, "set", 5, "1008", "JSON object"),
    told("NaN", DELTA, "set", b'{"params":{"enabled":NaN}}', "1008", "JSON"),
    told("of another's device", FOREIGN, "set", QUIET, "-1", FOREIGN, "may set"),
    told("of nobody's device", UNKNOWN, "set", QUIET, "-1", UNKNOWN, "may set"),
    told("of a device that is offline", OFFLINE, "set", QUIET, "-2", OFFLINE, "not connected"),
    told("no JSON", DELTA, "get", b"quotas", "1008", "JSON"),
    told("nothing", DELTA, "get", b"", "1008", "JSON"),
    told("too deep", DELTA, "get", b"[" * 5000, "1008", "JSON", "32 levels"),
    told("a list", DELTA, "get", ["pd.soc"], "1008", "JSON object"),
    told("without params", DELTA, "get", {"id": 1}, "1008", "params.quotas", "1 to 1024"),
    told("quotas a text", DELTA, "get", {"id": 1, "params": {"quotas": "pd.soc"}}, "1008",
         "params.quotas", "list of 1 to 1024"),
    told("no quotas", DELTA, "get", {"id": 1, "params": {"quotas": []}}, "1008", "1 to 1024"),
    told("quotas of numbers", DELTA, "get", {"id": 1, "params": {"quotas": [1, 2]}}, "1008",
         "params.quotas", "names"),
    told("1,025 quotas", DELTA, "get", {"id": 1, "params": {"quotas": ["pd.soc"] * 1025}}, "1008",
         "1 to 1024"),
    told("of another's device", FOREIGN, "get", SOC, "-1", FOREIGN, "may read"),
    told("of nobody's device", UNKNOWN, "get", SOC, "-1", UNKNOWN, "may read"),
    told("of a device that is offline", OFFLINE, "get", SOC, "-2", "offline"),
]

REPORTS = [
    Row(f"report: {name}", "device",
        lambda h, v, body=body: publish(v, f"/device/{THING}/quota", body, first=0x32, packet_id=4),
        Answered(PUBACK, (), (0,)))
    for name, body in {
        "no JSON": b"hello",
        "nothing": b"",
        "a list": [1, 2],
        "too deep": b'{"params":' + b"[" * 5000,
        "250 KB of noise": bytes(range(256)) * 1000,
        "3,000 names": {"params": {f"k{i}": i for i in range(3000)}},
        "a name of 60 KB": {"params": {"x" * 60_000: 1}},
        "params a text": {"params": "x"},
        "a number of 100 KB": b'{"params":{"a":' + b"9" * 100_000 + b"}}",
        "half a character": b'{"params":{"a":"\\ud800"}}',
    }.items()
]

ROWS = SIGN_INS + ORDER + TOPICS + MESSAGES + REPORTS
