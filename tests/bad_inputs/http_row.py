"""HTTP rows: what is sent, as bytes made by hand, and what must come back.

A row's `send` is a function of the Home, because keys are new in every run. Signing is done here,
apart from what the server and its tests share, so that a row can be wrong in one place only.
"""
import dataclasses
import hashlib
import hmac
import itertools
import json
import re
import socket
import time

from server import PATIENCE_S, flatten

JSON = "application/json;charset=UTF-8"
_nonces = itertools.count(100001)


@dataclasses.dataclass(frozen=True)
class Row:
    """`says` are pieces of the message: what is wrong, and what would be right."""

    name: str
    send: object  # Home -> bytes, or a list of pieces that are sent one by one
    status: int
    code: str
    says: tuple
    ends: bool = False  # the server closes the connection after the answer


def refused(name, code, send, *says):
    """Understood as HTTP, refused by the platform: 200 with a code, and the connection stays."""
    return Row(name, send, 200, code, says)


def broken(name, status, send, *says):
    """Not HTTP as it should be: the status, and the end of the connection."""
    return Row(name, send, status, str(status), says, ends=True)


def broken_own(name, status, code, send, *says):
    """The same below /api/v1, whose errors have a form of their own."""
    return Row(name, send, status, code, says, ends=True)


def stays(name, status, send, *says):
    """Refused by status, and the connection stays."""
    return Row(name, send, status, str(status), says)


def signature(home, text, access_key=None, nonce=None, stamp=None, secret=None):
    """The four headers over `text` (the parameters, as they are signed)."""
    access_key = home.access_key if access_key is None else access_key
    nonce = str(next(_nonces)) if nonce is None else nonce
    stamp = str(time.time_ns() // 1_000_000) if stamp is None else stamp
    tail = f"accessKey={access_key}&nonce={nonce}&timestamp={stamp}"
    text = f"{text}&{tail}" if text else tail
    key = (home.secret_key if secret is None else secret).encode("latin-1")
    sign = hmac.new(key, as_bytes(text), hashlib.sha256).hexdigest()
    return {"accessKey": access_key, "nonce": nonce, "timestamp": stamp, "sign": sign}


def as_bytes(text):
    """Half characters are bytes that are no UTF-8 (U+DC80 and up), or what JSON made of an escape."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def ask(
    method,
    path,
    query="",
    body=None,
    *,
    kind=JSON,
    signs=None,
    without=(),
    instead=None,
    extra=b"",
    host=b"Host: localhost\r\n",
    version=b"HTTP/1.1",
    length=True,
    **signed,
):
    """A signed request that is wrong only where the arguments say so.

    `body`: an object, or bytes as they are. `signs`: the text that is signed; if None, what a good
    client would sign (for bytes: as if they were JSON, if they are). `without` and `instead` change
    headers after signing; `extra` is put behind them.
    """

    def make(home):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        text = signs
        if text is None:
            if body is None:
                text = "&".join(sorted(pair for pair in query.split("&") if pair))
            else:
                try:
                    text = "&".join(f"{k}={v}" for k, v in sorted(flatten(json.loads(data))))
                except (ValueError, RecursionError):
                    text = ""
        headers = signature(home, text, **signed)
        headers.update(instead or {})
        head = as_bytes(f"{method} {path}{'?' + query if query else ''} ") + version + b"\r\n" + host
        for name, value in headers.items():
            if name not in without:
                head += as_bytes(name) + b": " + as_bytes(value) + b"\r\n"
        if body is not None:
            if kind is not None:
                head += b"Content-Type: " + as_bytes(kind) + b"\r\n"
            if length:
                head += b"Content-Length: %d\r\n" % len(data)
        return head + extra + b"\r\n" + data

    return make


def raw(data):
    return lambda home: data


class Wire:
    """One connection to the HTTP door, read strictly."""

    def __init__(self, home):
        self.socket = socket.create_connection(home.server.place("http"), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all sent; the answer is there to be read

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.rest += piece
        return bool(piece)

    def answer(self):
        """(status, headers, body) of the next answer."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                raise AssertionError(f"closed without an answer, after {self.rest!r}")
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .+", first).group(1))
        size = int(headers["content-length"])
        while len(self.rest) < size:
            if not self._more():
                raise AssertionError(f"closed within a body of {size}: {self.rest!r}")
        body, self.rest = self.rest[:size], self.rest[size:]
        return status, headers, body

    def closed(self):
        """Awaits the end; True if nothing more was said before it."""
        while self._more():
            pass
        return self.rest == b""

    def close(self):
        self.socket.close()


def run(row, home):
    """What came, for a report; AssertionError if it is not what must come."""
    data = row.send(home)
    wire = Wire(home)
    try:
        for piece in data if isinstance(data, list) else [data]:
            wire.send(piece)
        status, headers, body = wire.answer()
        try:
            answer = json.loads(body.decode("utf-8"))
        except ValueError:
            raise AssertionError(f"the answer is no JSON in UTF-8: {body!r}") from None
        came = f"{status} {answer.get('code')} {answer.get('message')}"
        problems = []
        if (status, answer.get("code")) != (row.status, row.code):
            problems.append(f"{row.status} {row.code} must come")
        problems += [f"{piece!r} must be said" for piece in row.says if piece not in answer["message"]]
        is_own = not row.code.isdigit()
        is_envelope = re.fullmatch("[0-9a-f]{32}", answer.get("eagleEyeTraceId", "")) and answer["tid"] == ""
        if list(answer) != ["code", "message"] if is_own else not is_envelope:
            problems.append(f"the envelope is not whole: {answer}")
        if headers["content-type"] != "application/json":
            problems.append(f"Content-Type {headers['content-type']}")
        if len(body) > 4096:
            problems.append(f"an answer of {len(body)} bytes to a mistake")
        if problems:
            raise AssertionError(f"{came}\n    " + "\n    ".join(problems))
        if row.ends:
            if headers["connection"] != "close":
                raise AssertionError(f"{came}\n    the answer does not say that the connection ends")
            if not wire.closed():
                raise AssertionError(f"{came}\n    answered more than once: {wire.rest!r}")
        else:
            wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if wire.answer()[0] != 200:
                raise AssertionError(f"{came}\n    the connection is of no use afterwards")
        return came
    finally:
        wire.close()
