"""MQTT rows: what is sent, as bytes made by hand, and what must come back.

Most rows run twice, once in each version: 3.1.1 has no words for most mistakes and just closes, 5
says what was wrong. `send` is a function of the Home and the version.
"""
import dataclasses
import itertools
import json
import socket
import struct

from home import THING
from mqtt_talk import mqtt_text, packet
from server import PATIENCE_S

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 0x10, 0x20, 0x30, 0x40, 0x50, 0x62, 0x70
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP = 0x82, 0x90, 0xA2, 0xB0, 0xC0, 0xD0
DISCONNECT, AUTH = 0xE0, 0xF0
REASON_STRING = 0x1F

_numbers = itertools.count(1)


# --- what must come back ---


@dataclasses.dataclass(frozen=True)
class Ends:
    """The connection is ended: in 3.1.1 without a word, in 5 by a DISCONNECT that explains."""

    reason: int
    says: tuple


@dataclasses.dataclass(frozen=True)
class Declined:
    """CONNECT is answered by this return code or reason, and the connection ends. None: 3.1.1 has
    no code for it, and just closes."""

    code: object
    reason: int
    says: tuple


@dataclasses.dataclass(frozen=True)
class Answered:
    """An answer to a packet, for each filter one reason; the connection stays. In 3.1.1 `codes`."""

    kind: int
    codes: tuple
    reasons: tuple
    says: tuple = ()


@dataclasses.dataclass(frozen=True)
class Told:
    """A message on one of the account's own topics, that says why; the connection stays."""

    topic: object  # Home -> topic
    code: str
    says: tuple


@dataclasses.dataclass(frozen=True)
class Ignored:
    """Allowed, and of no effect: the connection goes on."""


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    who: str  # "app", "device", "gateway"; "" has not sent its CONNECT
    send: object
    want: object
    versions: tuple = (4, 5)


# --- packets ---


def number(value):
    return struct.pack("!H", value)


def data(value):
    value = value.encode() if isinstance(value, str) else value
    return number(len(value)) + value


def properties(version, *given):
    """`given`: bytes of each property, identifier first. 3.1.1 has none."""
    if version != 5:
        return b""
    whole = b"".join(given)
    return varint(len(whole)) + whole


def varint(size):
    out = b""
    while True:
        size, digit = divmod(size, 128)
        out += bytes([digit | (0x80 if size else 0)])
        if not size:
            return out


def connect(
    version,
    user=None,
    password=None,
    client_id=None,
    *,
    name="MQTT",
    level=None,
    flags=None,
    keepalive=60,
    props=(),
    will=b"",
    tail=b"",
    first=CONNECT,
):
    client_id = f"bad-{next(_numbers)}" if client_id is None else client_id
    if flags is None:
        flags = 2 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
        flags |= 4 if will else 0
    body = data(name) + bytes([version if level is None else level, flags]) + number(keepalive)
    body += properties(version, *props) + data(client_id) + will
    body += b"" if user is None else data(user)
    body += b"" if password is None else data(password)
    return packet(first, body + tail)


def publish(version, topic, payload=b"{}", *, first=0x30, packet_id=None, props=()):
    payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    body = data(topic) + (b"" if packet_id is None else number(packet_id))
    return packet(first, body + properties(version, *props) + payload)


def subscribe(version, *filters, packet_id=7, options=1, props=(), first=SUBSCRIBE):
    entries = b"".join(data(f) + bytes([options]) for f in filters)
    return packet(first, number(packet_id) + properties(version, *props) + entries)


def unsubscribe(version, *filters, packet_id=8, first=UNSUBSCRIBE):
    return packet(first, number(packet_id) + properties(version) + b"".join(map(data, filters)))


# --- one connection ---


def login(home, who):
    return {
        "app": (home.account, home.password),
        "device": (THING, home.thing_key),
        "gateway": ("gateway:other", home.other["gatewayKey"]),
    }[who]


class Closed(Exception):
    pass


class Line:
    def __init__(self, home, version):
        self.version = version
        self.socket = socket.create_connection(home.server.place("mqtt"), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all sent; the answer is there to be read

    def exactly(self, count):
        got = b""
        while len(got) < count:
            try:
                piece = self.socket.recv(count - len(got))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Closed(f"after {got!r}" if got else "")
            got += piece
        return got

    def read(self):
        first, size, shift = self.exactly(1)[0], 0, 0
        while True:
            digit = self.exactly(1)[0]
            size |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return first, self.exactly(size)

    def sign_in(self, home, who):
        self.send(connect(self.version, *login(home, who)))
        kind, body = self.read()
        if kind != CONNACK or body[1] != 0:
            raise AssertionError(f"the row's own sign-in was refused: {body!r}")

    def must_be_closed(self, after):
        try:
            kind, body = self.read()
        except Closed:
            return
        raise AssertionError(f"{after}\n    the connection must end, but {kind:#x} {body!r} came")

    def must_live(self, after):
        """It answers a PINGREQ; what else comes before is of other rows' making."""
        self.send(bytes([PINGREQ, 0]))
        try:
            while self.read()[0] != PINGRESP:
                pass
        except Closed:
            raise AssertionError(f"{after}\n    the connection must stay, but it was closed") from None

    def close(self):
        self.socket.close()


def take_varint(body):
    value, shift = 0, 0
    for at, digit in enumerate(body):
        value |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            return value, body[at + 1 :]
    raise AssertionError(f"no whole number in {body!r}")


SIZES = {0x21: 2, 0x27: 4, 0x22: 2, 0x2A: 1, 0x11: 4, 0x13: 2, 0x24: 1, 0x25: 1, 0x28: 1, 0x29: 1}


def reason_string(body):
    """The properties at the front of `body`, and what is behind them."""
    size, rest = take_varint(body)
    listed, behind, said = rest[:size], rest[size:], ""
    while listed:
        kind, listed = listed[0], listed[1:]
        if kind in SIZES:
            listed = listed[SIZES[kind] :]
            continue
        (length,) = struct.unpack("!H", listed[:2])
        if kind == REASON_STRING:
            said = listed[2 : 2 + length].decode("utf-8")
        listed = listed[2 + length :]
        if kind == 0x26:
            (length,) = struct.unpack("!H", listed[:2])
            listed = listed[2 + length :]
    return said, behind


def lacking(says, said):
    return [f"{piece!r} must be said" for piece in says if piece not in said]


def fail(came, problems):
    if problems:
        raise AssertionError(f"{came}\n    " + "\n    ".join(problems))


def check_ends(line, want):
    try:
        kind, body = line.read()
        while kind & 0xF0 in (PUBLISH, PUBACK, PUBREC):  # of the good ones among what was sent
            kind, body = line.read()
    except Closed as closed:
        if line.version == 4 and not closed.args[0]:
            return "closed"
        raise AssertionError(f"closed without a DISCONNECT {closed}") from None
    if line.version == 4 or kind != DISCONNECT:
        raise AssertionError(f"{kind:#x} {body!r} came, the end must come")
    said = reason_string(body[1:])[0] if len(body) > 1 else ""
    reason = body[0] if body else 0
    came = f"DISCONNECT {reason:#x} {said!r}"
    problems = [f"reason {want.reason:#x} must come"] if reason != want.reason else []
    fail(came, problems + lacking(want.says, said))
    line.must_be_closed(came)
    return came


def check_declined(line, want):
    try:
        kind, body = line.read()
    except Closed:
        if line.version == 4 and want.code is None:
            return "closed"
        raise AssertionError("closed without a CONNACK") from None
    code = want.code if line.version == 4 else want.reason
    said = reason_string(body[2:])[0] if line.version == 5 else ""
    came = f"{kind:#x} {body[1]:#x} {said!r}"
    problems = [] if (kind, body[1]) == (CONNACK, code) else [f"CONNACK {code} must come"]
    if line.version == 5:
        problems += lacking(want.says, said)
    fail(came, problems)
    line.must_be_closed(came)
    return came


def check_answered(line, want):
    try:
        kind, body = line.read()
        while kind & 0xF0 == PUBLISH:  # a retained status, or another row's doing
            kind, body = line.read()
    except Closed:
        raise AssertionError("closed without an answer") from None
    rest, said = body[2:], ""
    lists = kind in (SUBACK, UNSUBACK)
    if line.version == 5 and lists:
        said, rest = reason_string(rest)
    elif line.version == 5 and len(rest) > 1:
        said, rest = reason_string(rest[1:])[0], rest[:1]
    codes = tuple(rest) or ((0,) if line.version == 5 else ())
    came = f"{kind:#x} {[hex(code) for code in codes]} {said!r}"
    wanted = want.codes if line.version == 4 else want.reasons
    problems = [] if (kind, codes) == (want.kind, wanted) else [f"{want.kind:#x} {wanted} must come"]
    if line.version == 5:
        problems += lacking(want.says, said)
    fail(came, problems)
    line.must_live(came)
    return came


def check_told(line, want, home):
    topic = want.topic(home).encode()
    while True:
        try:
            kind, body = line.read()
        except Closed:
            raise AssertionError("closed instead of told") from None
        if kind & 0xF0 != PUBLISH:
            continue
        (size,) = struct.unpack("!H", body[:2])
        if body[2 : 2 + size] == topic:
            break
    reply = json.loads(body[body.index(b"{", 2 + size) :].decode("utf-8"))
    came = f"{reply.get('code')} {reply.get('message')}"
    problems = [] if reply.get("code") == want.code else [f"code {want.code!r} must come"]
    fail(came, problems + lacking(want.says, reply.get("message", "")))
    line.must_live(came)
    return came


def run(row, version, home):
    """What came, for a report; AssertionError if it is not what must come."""
    line = Line(home, version)
    try:
        if row.who:
            line.sign_in(home, row.who)
        if isinstance(row.want, Told):
            line.send(subscribe(version, row.want.topic(home), packet_id=1))
            while line.read()[0] != SUBACK:
                pass
        sent = row.send(home, version)
        for piece in sent if isinstance(sent, list) else [sent]:
            line.send(piece)
        if isinstance(row.want, Ends):
            return check_ends(line, row.want)
        if isinstance(row.want, Declined):
            return check_declined(line, row.want)
        if isinstance(row.want, Answered):
            return check_answered(line, row.want)
        if isinstance(row.want, Told):
            return check_told(line, row.want, home)
        line.must_live("nothing")
        return "nothing; it goes on"
    finally:
        line.close()
