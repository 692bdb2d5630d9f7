"""A place in front of several servers: each new connection goes to a random one of those that take it."""
import asyncio
import random
import threading

import paths  # noqa: F401  (finds the modules of the other tests)
from server import PATIENCE_S

READ_BYTES = 65536


class Scatter:
    """A context manager. `choices`: (host, port) of each server. Bytes go as they come, and each side's end by itself,
    so that a client sees what it would see without it."""

    def __init__(self, choices, seed):
        self.choices, self.random = choices, random.Random(seed)
        self.taken = [0] * len(choices)  # connections, by server
        self.is_open = True  # or each connection is ended at once
        self._tasks = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._listener = self._run(asyncio.start_server(self._take, "127.0.0.1", 0))
        return self

    def __exit__(self, *_):
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    @property
    def place(self):
        return self._listener.sockets[0].getsockname()[:2]

    def _run(self, task):
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(PATIENCE_S)

    async def _end(self):
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        there = None
        try:
            here, there = await self._connect()
            await asyncio.gather(self._copy(reader, there), self._copy(here, writer))
        except (OSError, asyncio.CancelledError):
            pass  # one of both was reset, or nobody is there: so is the other
        finally:
            for each in (writer, there):
                if each is not None:
                    each.transport.abort()
            self._tasks.discard(task)

    async def _connect(self):
        for number in self.random.sample(range(len(self.choices)), len(self.choices) if self.is_open else 0):
            try:
                way = await asyncio.open_connection(*self.choices[number])
            except OSError:
                continue  # it is away
            self.taken[number] += 1
            return way
        raise ConnectionRefusedError

    async def _copy(self, reader, writer):
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
