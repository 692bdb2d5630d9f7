"""A TCP relay in front of a server, on a loop of its own: a link that a test can cut and mend. One that ends TLS notes
the requests that pass, as the access log of a reverse proxy does."""
import asyncio
import ssl
import threading
import time

from server import PATIENCE_S


class Relay:
    """Relays connections from `place` to `to`, both (host, port). A context manager.

    `tls` is a (certificate, key) of the place; without them bytes pass as they are. `requests` has a (time, method and
    path) of each HTTP request without a body that passed, by the monotonic clock."""

    def __init__(self, place, to, tls=None):
        self.place, self.to = place, to
        self.requests = []
        self._tls = None
        if tls is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*tls)
        self._tasks, self._listener = set(), None
        self._passes = asyncio.Event()
        self._passes.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.mend()

    def mend(self):
        """Takes connections."""
        self._run(self._listen())

    def cut(self):
        """Ends all connections, and takes none."""
        self._run(self._end())

    def hold(self):
        """Nothing passes any more, and nobody is told: what is sent waits."""
        self._loop.call_soon_threadsafe(self._passes.clear)

    def release(self):
        """All that waits passes, and what comes later."""
        self._loop.call_soon_threadsafe(self._passes.set)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def _run(self, task):
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(PATIENCE_S)

    async def _listen(self):
        self._listener = await asyncio.start_server(self._relay, *self.place, ssl=self._tls)

    async def _end(self):
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        there = None
        try:
            here, there = await asyncio.open_connection(*self.to)
            await asyncio.gather(self._copy(reader, there, self._note), self._copy(here, writer, lambda _: None))
        except (OSError, asyncio.CancelledError):
            pass  # one of both ended, or the link is cut: so does the other
        finally:
            for each in (writer, there):
                if each is not None:
                    each.transport.abort()
            self._tasks.discard(task)

    async def _copy(self, reader, writer, note):
        while data := await reader.read(65536):
            await self._passes.wait()
            note(data)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    def _note(self, data):
        if self._tls is None:
            return
        for line in data.split(b"\r\n"):
            if line.endswith(b" HTTP/1.1"):
                self.requests.append((time.monotonic(), line[: -len(b" HTTP/1.1")].decode()))
