"""Clients of a cluster with sessions that outlive their connections: each connects to a random node, and to another
one when that is away or silent, and sends again what was not acknowledged, as MQTT 3.1.1 asks for."""
import asyncio
import collections
import json
import random
import struct
import threading
import time

import paths  # noqa: F401  (finds the modules of the other tests)
from mqtt_talk import mqtt_text, packet

CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 0x20, 0x30, 0x40, 0x50, 0x62, 0x70
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP = 0x82, 0x90, 0xC0, 0xD0
KEEPALIVE_S = 30
SILENCE_S = 4  # without an answer to anything: another node is tried
CONNECTING = 100  # clients at once: thousands of them would be silent for each other
FILTERS_AT_ONCE = 64  # the server takes no more in one SUBSCRIBE (mqtt.filters-per-packet)
LOOK_S = 1
RETRY_S = 0.1


class World:
    """Where the nodes are, and the loop on which all clients live. A context manager."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.places, self.wrong = [], []
        self.progress = threading.Condition()
        self.loop = asyncio.new_event_loop()
        self.connecting = asyncio.Semaphore(CONNECTING)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    @staticmethod
    async def _end():
        # A cancellation that meets the end of a wait_for() is lost.
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=LOOK_S)

    def begin(self, work):
        async def watched():
            try:
                await work
            except Exception as error:  # the test's thread tells it
                self.complain(repr(error))

        asyncio.run_coroutine_threadsafe(watched(), self.loop)

    def complain(self, what):
        self.wrong.append(what)
        self.note_progress()

    def note_progress(self):
        with self.progress:
            self.progress.notify_all()

    def until(self, look, what, patience_s):
        """Until `look` is true; clients say when there is progress. `what` tells what is missing."""
        deadline = time.monotonic() + patience_s
        with self.progress:
            while not look():
                assert not self.wrong, self.wrong
                assert time.monotonic() < deadline, f"after {patience_s} s: {what()}"
                self.progress.wait(LOOK_S)
        assert not self.wrong, self.wrong


class Flight:
    """A publication that is not acknowledged."""

    def __init__(self, packet_id, qos, body, fact):
        self.packet_id, self.qos, self.body, self.fact = packet_id, qos, body, fact
        self.was_sent = self.is_released = False
        self.sent_at = 0.0


class Client:
    """`topics`: (filter, QoS). What it is sent goes to take(topic, payload, again)."""

    def __init__(self, world, user, password, client_id, topics, is_kept=True):
        self.world, self.user, self.password, self.client_id = world, user, password, client_id
        self.topics, self.is_kept = topics, is_kept
        self.writer, self.reader, self.data = None, None, b""
        self.place = self.failed_at = None  # where it is connected, and where to try it last
        self.packet_id = 0
        self.flights = collections.OrderedDict()  # by packet id
        self.unreleased = set()  # packet ids of QoS 2 whose PUBREL has not come
        self.has_session = self.is_connected = False
        self.is_wanted = asyncio.Event()
        self.heard_at = self.asked_at = 0.0
        self.ends = 0

    def begin(self):
        self.want(True)
        self.world.begin(self._live())

    def want(self, is_wanted):
        """Whether it is to be connected. From any thread."""
        self.world.loop.call_soon_threadsafe(self._want, is_wanted)

    def _want(self, is_wanted):
        if is_wanted:
            self.is_wanted.set()
        else:
            self.is_wanted.clear()
            if self.writer:
                self.writer.transport.abort()

    async def _live(self):
        while True:
            await self.is_wanted.wait()
            try:
                async with self.world.connecting:
                    await asyncio.wait_for(self._connect(), SILENCE_S)
                while True:
                    await self._go_on()
            except (OSError, EOFError, TimeoutError, asyncio.TimeoutError):
                self.ends += 1
                self.failed_at = self.place if self.is_wanted.is_set() else None
            finally:
                self.is_connected = False
                if self.writer:
                    self.writer.transport.abort()
                self.writer = None
            await asyncio.sleep(RETRY_S)  # not to be a flood; nothing is awaited by it

    async def _connect(self):
        others = [each for each in self.world.places if each != self.failed_at]
        place = self.place = self.world.random.choice(others or self.world.places)
        self.reader, self.writer = await asyncio.open_connection(*place)
        self.data = b""
        self.heard_at = self.asked_at = time.monotonic()
        flags = 0xC0 if self.is_kept else 0xC2
        body = mqtt_text("MQTT") + bytes([4, flags]) + struct.pack("!H", KEEPALIVE_S)
        body += mqtt_text(self.client_id) + mqtt_text(self.user) + mqtt_text(self.password)
        self._write(packet(0x10, body))
        kind, answer = await self._read()
        if kind == CONNACK and answer[1] == 3:
            raise ConnectionError("the server is unavailable")
        assert (kind, answer[1]) == (CONNACK, 0), f"{self.client_id}: {kind:#x} {answer}"
        if self.has_session and not answer[0] & 1:
            self.world.complain(f"{self.client_id}: its session is gone")
        if not self.is_kept:
            self.flights.clear()
            self.unreleased.clear()
        if not self.has_session:
            await self._subscribe()
        for flight in self.flights.values():
            self._send(flight)
        self.is_connected = True

    async def _subscribe(self):
        for begin in range(0, len(self.topics), FILTERS_AT_ONCE):
            some = self.topics[begin : begin + FILTERS_AT_ONCE]
            filters = b"".join(mqtt_text(topic) + bytes([qos]) for topic, qos in some)
            self._write(packet(SUBSCRIBE, b"\xff\xff" + filters))
            kind, body = 0, b""
            while kind != SUBACK:
                kind, body = await self._read()
                if kind & 0xF0 == PUBLISH:
                    self._handle(kind, body)
            assert list(body[2:]) == [qos for _, qos in some], f"{self.client_id}: {body}"
        self.has_session = self.is_kept

    def _write(self, data):
        if not self.writer.transport.is_closing():  # what is read then came before
            self.writer.write(data)

    async def _read(self):
        while (whole := self._whole()) is None:
            piece = await self.reader.read(65536)
            if not piece:
                raise EOFError
            self.data += piece
            self.heard_at = time.monotonic()
        return whole

    def _whole(self):
        size = shift = 0
        for at in range(1, min(5, len(self.data))):
            size |= (self.data[at] & 0x7F) << shift
            shift += 7
            if not self.data[at] & 0x80:
                end = at + 1 + size
                if len(self.data) < end:
                    return None
                first, body, self.data = self.data[0], self.data[at + 1 : end], self.data[end:]
                return first, body
        return None

    async def _go_on(self):
        try:
            self._handle(*await asyncio.wait_for(self._read(), LOOK_S))
            while (whole := self._whole()) is not None:  # without a turn of the loop, which has thousands of clients
                self._handle(*whole)
        except (TimeoutError, asyncio.TimeoutError):
            now = time.monotonic()
            oldest = min((flight.sent_at for flight in self.flights.values()), default=now)
            if now - max(oldest, self.heard_at if not self.flights else 0) > SILENCE_S:
                raise
            self._write(packet(PINGREQ, b""))

    def publish(self, topic, payload, qos, fact):
        self.packet_id = self.packet_id % 0xFFF0 + 1
        body = mqtt_text(topic) + struct.pack("!H", self.packet_id) + json.dumps(payload).encode()
        flight = self.flights[self.packet_id] = Flight(self.packet_id, qos, body, fact)
        if self.is_connected:
            self._send(flight)

    def _send(self, flight):
        flight.sent_at = time.monotonic()
        if flight.is_released:
            self._write(packet(PUBREL, struct.pack("!H", flight.packet_id)))
        else:
            self._write(packet(PUBLISH | flight.qos << 1 | (8 if flight.was_sent else 0), flight.body))
            flight.was_sent = True

    def _handle(self, kind, body):
        if kind & 0xF0 == PUBLISH:
            return self._take(kind, body)
        if kind in (PUBACK, PUBREC, PUBCOMP):
            flight = self.flights.get(struct.unpack("!H", body)[0])
            if kind == PUBREC:
                self._write(packet(PUBREL, body))
                if flight:
                    flight.is_released = True
            elif flight:
                del self.flights[flight.packet_id]
                self.acknowledged(flight)
        elif kind == PUBREL:
            self.unreleased.discard(body)
            self._write(packet(PUBCOMP, body))
        return None

    def _take(self, kind, body):
        size = struct.unpack("!H", body[:2])[0]
        topic, rest, qos, again = body[2 : 2 + size].decode(), body[2 + size :], kind >> 1 & 3, bool(kind & 8)
        if qos == 0:
            return self.take(topic, json.loads(rest), False)
        number, payload = rest[:2], json.loads(rest[2:])
        if qos == 1:
            self.take(topic, payload, again)
            self._write(packet(PUBACK, number))
        else:
            if number not in self.unreleased:
                self.unreleased.add(number)
                self.take(topic, payload, False)
            self._write(packet(PUBREC, number))
        return None

    def acknowledged(self, flight):
        """A publication has its answer."""

    def take(self, topic, payload, again):
        """A message. `again`: it may have been taken before (DUP, QoS 1)."""
