"""What the nodes of a cluster say of themselves, as the nodes hear it: docs/internals/formats.md, "Beats"."""
import collections
import contextlib
import json
import socket
import threading
import time

import paths  # noqa: F401  (finds the modules of the other tests)
from server import Deadline

JOINING, SERVING, DRAINING = 0, 1, 2
FRESH_S = 1.5  # a node that was not heard for so long is not there
RETRY_S = 0.1

Beat = collections.namedtuple("Beat", "name incarnation phase served heard")


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def text(data, at):
    size, at = varint(data, at)
    return data[at : at + size].decode(), at + size


def decode(data):
    form, at = varint(data, 0)
    assert form == 1, form
    name, at = text(data, at)
    incarnation, at = int.from_bytes(data[at : at + 8], "little"), at + 8
    for _ in ("version", "address"):
        _, at = text(data, at)
    _, at = varint(data, at + 8)  # behind the rival: when it was sent
    phase, at = varint(data, at)
    for _ in ("takes slots", "changes"):
        _, at = varint(data, at)
    count, at = varint(data, at)
    served = {}
    for _ in range(count):
        slot, at = varint(data, at)
        served[slot], at = varint(data, at)
    return Beat(name, incarnation, phase, served, time.monotonic())


class Beats:
    """Listens at any of the NATS servers that is there. A context manager."""

    def __init__(self, ports):
        self.ports, self.socket, self.ending = ports, None, False
        self.last = {}  # Beat by name
        self.changed, self.changed_at = threading.Condition(), time.monotonic()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        with contextlib.suppress(OSError, AttributeError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()

    def _work(self):
        wait = threading.Event()
        turn = 0
        while not self.ending:
            turn += 1
            try:
                self._listen(self.ports[turn % len(self.ports)])
            except OSError:
                wait.wait(RETRY_S)  # it is away: the next one

    def _listen(self, port):
        with socket.create_connection(("127.0.0.1", port), 1) as self.socket, self.socket.makefile("rb") as lines:
            self.socket.settimeout(2)  # beats come more often
            self.socket.sendall(b"CONNECT " + json.dumps({"verbose": False, "pedantic": False}).encode()
                                + b"\r\nSUB gl.beat.* 1\r\n")
            while line := lines.readline():
                if line.startswith(b"PING"):
                    self.socket.sendall(b"PONG\r\n")
                elif line.startswith(b"MSG "):
                    size = int(line.split()[-1])
                    self._hear(decode(lines.read(size + 2)[:size]))

    def _hear(self, beat):
        with self.changed:
            before = self.last.get(beat.name)
            if before is None or (before.incarnation, before.phase, before.served) != (beat.incarnation, beat.phase,
                                                                                      beat.served):
                self.changed_at = time.monotonic()
            self.last[beat.name] = beat
            self.changed.notify_all()

    def _are_fair(self, names, slots):
        """Every slot is served once, by one of these nodes, and shares differ by one at most."""
        fresh = [beat for beat in self.last.values() if time.monotonic() - beat.heard < FRESH_S]
        if {beat.name for beat in fresh} != set(names) or any(beat.phase != SERVING for beat in fresh):
            return False
        shares = [len(beat.served) for beat in fresh]
        return (sorted(slot for beat in fresh for slot in beat.served) == list(range(slots))
                and max(shares) - min(shares) <= 1)

    def await_rest(self, names, slots, patience_s):
        """Until these nodes serve all slots, and none is to move any more."""
        deadline = Deadline(f"slots of {names} that rest", patience_s)
        with self.changed:
            while not (self._are_fair(names, slots) and time.monotonic() - self.changed_at > FRESH_S):
                try:
                    left_s = deadline.left_s()
                except AssertionError as late:
                    raise AssertionError(f"{late}: {self.last}") from None
                self.changed.wait(min(left_s, FRESH_S))

    def served_of(self, name):
        """The slots that a node serves, each with its revision."""
        with self.changed:
            return dict(self.last[name].served)
