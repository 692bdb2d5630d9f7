"""Debian's nats-server for tests: one, or a cluster of three, with JetStream in folders of their own."""
import contextlib
import http.client
import os
import pathlib
import shutil
import signal

import paths  # noqa: F401  (finds the modules of the other tests)
import small_disk
from programs import Program
from server import PATIENCE_S, held_port, temporary_folder

PROGRAM = next((path for path in map(pathlib.Path, ("/usr/sbin/nats-server", "/usr/bin/nats-server")) if path.exists()),
               None)


FILLER = "filler"


class NatsServer:
    """One server, which can be killed, paused and started again with what it has stored."""

    def __init__(self, name, folder, mqtt=False, disk_mb=None):
        """`disk_mb`: what it stores is on a disk of its own, of this size, which takes root."""
        self.name, self.folder, self.program = name, folder, None
        self.store = folder / "store"
        self.store.mkdir()
        self.has_disk = disk_mb is not None
        if self.has_disk:
            small_disk.mount(self.store, f"size={disk_mb}m")
        self.held = {what: held_port() for what in ("client", "monitoring", "route", *(["mqtt"] if mqtt else []))}

    def port(self, what):
        return self.held[what].getsockname()[1]

    def configure(self, routes, file_store):
        text = (f"server_name: {self.name}\nlisten: \"127.0.0.1:{self.port('client')}\"\n"
                f"http: \"127.0.0.1:{self.port('monitoring')}\"\n"
                f"jetstream {{ store_dir: \"{self.store}\", max_memory_store: 64MB, "
                f"max_file_store: {file_store} }}\n")
        if routes:
            text += (f"cluster {{ name: gridloom, listen: \"127.0.0.1:{self.port('route')}\", "
                     f"no_advertise: true, routes: [{', '.join(routes)}] }}\n")
        if "mqtt" in self.held:
            text += f"mqtt {{ listen: \"127.0.0.1:{self.port('mqtt')}\" }}\n"
        (self.folder / "configuration").write_text(text)

    def start(self):
        self.program = Program(PROGRAM, "-c", self.folder / "configuration")
        self.program.await_line(lambda line: "Server is ready" in line, f"the start of {self.name}")

    def stop(self, how=signal.SIGTERM):
        self.program.process.send_signal(signal.SIGCONT)
        self.program.process.send_signal(how)
        self.program.process.wait(PATIENCE_S)

    def kill(self):
        self.stop(signal.SIGKILL)

    def fill_disk(self):
        """Takes all room that is left, also what it frees."""
        small_disk.fill(self.store / FILLER)

    def empty_disk(self):
        """Removes all that is on it, once it has ended."""
        for each in self.store.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()

    def leave_disk(self):
        if self.has_disk:
            small_disk.unmount(self.store)

    def is_healthy(self):
        """Its streams have all that the others have."""
        return self.health()[0] == 200

    def health(self):
        try:
            return self.ask("/healthz")
        except OSError as failed:
            return 0, str(failed)

    def ask(self, path):
        """(status, text) of a request to its monitoring."""
        line = http.client.HTTPConnection("127.0.0.1", self.port("monitoring"), timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()

    def pause(self):
        os.kill(self.program.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.program.process.pid, signal.SIGCONT)


class NatsServers:
    """A context manager. `mqtt`: each is an MQTT broker as well. `disk_mb`: as NatsServer."""

    def __init__(self, count=1, file_store="20GB", mqtt=False, disk_mb=None):
        folder = temporary_folder()
        self.all = []
        for number in range(count):
            own = folder / f"n{number + 1}"
            own.mkdir()
            self.all.append(NatsServer(f"n{number + 1}", own, mqtt, disk_mb))
        routes = [f"\"nats://127.0.0.1:{each.port('route')}\"" for each in self.all] if count > 1 else []
        for each in self.all:
            each.configure(routes, file_store)

    @property
    def urls(self):
        return ",".join(f"nats://127.0.0.1:{each.port('client')}" for each in self.all)

    def __enter__(self):
        for each in self.all:
            each.start()
        return self

    def __exit__(self, *_):
        for each in self.all:
            if each.program.process.poll() is None:
                each.stop()
            each.leave_disk()
