"""Two and three faults in a row, which a seed generates, and then everything that was promised is asked for.

    sequences_test.py PROGRAM FAILING_DISK [--sequences N] [--seed N] [--only N] [--image] [--slow-ms N]

A fault comes at an operation on the data folder (FAILING_DISK is the library of failing_disk.cc): while the server
starts, works or stops, before, within or behind a write, a sync, a rename. The process ends (kill); or it ends, and
what was not synced is lost, torn or there, names too (cut); the disk is full, or fails to write and sync, for some
operations (full, io); it fails to read (read); the clock is set (clock). Meanwhile two devices report at QoS 1 and 2
and repeat what was not acknowledged, two apps with kept sessions come and go, sets are sent and accounts are added.

In the end history has each report once and in order, each app got each, in QoS 2 once; each set that was answered is in
the audit once and came to its device once; accounts and sessions are there; and there is no note of damage, since
nothing was damaged.

--only: one sequence, as a failure names it. --slow-ms: what each sync takes longer. --image: the data are on an ext4 of
their own, and the kernel cuts its power (FS_IOC_SHUTDOWN), which takes root.
"""
import argparse
import atexit
import collections
import contextlib
import errno
import fcntl
import itertools
import json
import mmap
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tests/cluster"), str(ROOT / "tests/clients"), str(ROOT / "tests/crash")]
import clients  # noqa: E402
import crash_test  # noqa: E402
import ledger  # noqa: E402
import server as servers  # noqa: E402
import small_disk  # noqa: E402
from server import PATIENCE_S, Deadline  # noqa: E402

SEQUENCES, LONG_SEQUENCES = 16, 200
ACCOUNT_EACH_S = 0.15
REPORTS = 150  # until one does not wait for a fault any longer
DAY_MS = 86_400_000
IMAGE_BYTES = 256 * 2**20
SHUTDOWN, WITHOUT_FLUSH = 0x8004587D, 2  # FS_IOC_SHUTDOWN
NOT_KEPT = ("lock", "ready.json", "admin.sock")
KILLS = {"before": 1, "within": 2, "after": 3}
REFUSE, REFUSE_READ, SET_CLOCK = 4, 5, 6
PAGE_BYTES = 4096


class Fault:
    """`at`: by how many operations it is later than the moment that it is for. `during`: one that it comes upon."""

    def __init__(self, chance, previous=None, during=None):
        weights = (1, 1, 0, 0, 0, 0) if during else (30, 30, 10, 12, 8, 10)
        self.what = chance.choices(("kill", "cut", "full", "io", "read", "clock"), weights)[0]
        ended = previous is None or previous.ends_the_process
        self.when = chance.choice(("start", "work") if ended else ("start", "work", "stop"))
        self.how = chance.choice(tuple(KILLS))
        spans = {"start": 400, "work": 20, "stop": 40} if self.what == "read" else {"start": 90, "work": 240, "stop": 40}
        span = spans[self.when]
        self.at = 1 + int(span * chance.random() ** 2)
        self.times = {"full": 8, "io": 4, "read": 3}.get(self.what, 1)
        self.times = 1 + int(self.times * chance.random())
        self.ahead_s = chance.choice((-3600, -30, 30, 3600, 86_400))
        self.apps = chance.random() < 0.5, chance.random() < 0.5  # which are there
        if during:
            self.when, self.at = during.when, during.at + chance.randrange(during.times + 4)

    def __str__(self):
        more = {"full": self.times, "io": self.times, "read": self.times, "clock": f"{self.ahead_s} s"}
        return f"{self.what} ({more.get(self.what, self.how)}) at {self.at} of {self.when}"

    @property
    def ends_the_process(self):
        return self.what in ("kill", "cut")

    def words(self, counts):
        now = counts[self.what == "read"]
        self.due = now + self.at + self.times - 1
        kind = {"full": REFUSE, "io": REFUSE, "read": REFUSE_READ, "clock": SET_CLOCK}.get(self.what, KILLS[self.how])
        value = {"full": errno.ENOSPC, "clock": self.ahead_s}.get(self.what, errno.EIO)
        return kind, now + self.at, self.times, value


class Disk:
    """What failing_disk.cc shares, and the crash states that are made of what it keeps."""

    HEAD, FAULT = struct.Struct("<QQqQQ"), struct.Struct("<QQQq")
    KEEPS = 1

    def __init__(self, data, shadow, slow_ms):
        self.data, self.shadow = data, shadow
        shadow.mkdir()
        control = shadow / "control"
        control.write_bytes(bytes(4096))
        with open(control, "r+b") as file:
            self.control = mmap.mmap(file.fileno(), 4096)
        self.HEAD.pack_into(self.control, 0, 0, 0, 0, slow_ms * 1000, self.KEEPS)

    def counts(self):
        return self.HEAD.unpack_from(self.control)[:2]

    def arm(self, faults):
        """These come; none: no more does."""
        words = [fault.words(self.counts()) for fault in faults]
        for place in range(2):
            self.FAULT.pack_into(self.control, self.HEAD.size + place * self.FAULT.size,
                                 *(words[place] if place < len(words) else (0, 0, 0, 0)))

    def is_over(self, fault):
        return self.counts()[fault.what == "read"] >= fault.due

    def set_clock(self, ahead_s):
        struct.pack_into("<q", self.control, 16, ahead_s)

    def folders(self):
        return [pathlib.Path(folder) for folder, _, _ in os.walk(self.data)]

    def names_of(self, folder):
        return self.shadow / ("names" + str(folder)[len(str(self.data)):].replace("/", "%"))

    @staticmethod
    def seen(folder):
        """The numbers of its files, by name."""
        return {entry.name: entry.inode() for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)
                and entry.name not in NOT_KEPT and not entry.name.endswith("-shm")}

    def settle(self):
        """All that is there is durable."""
        for file in self.shadow.iterdir():
            if file.name != "control":
                file.unlink()
        for folder in self.folders():
            seen = self.seen(folder)
            self.names_of(folder).write_text("".join(f"{inode} {name}\n" for name, inode in seen.items()))
            for name, inode in seen.items():
                shutil.copyfile(folder / name, self.shadow / str(inode))

    def durable(self, inode):
        try:
            return (self.shadow / str(inode)).read_bytes()
        except FileNotFoundError:
            return b""

    def kill(self, chance):
        """Of a page whose sync failed the kernel may read again what is on the disk."""
        for folder in self.folders():
            for name, inode in self.seen(folder).items():
                with contextlib.suppress(FileNotFoundError):
                    lost, old = (self.shadow / f"{inode}.lost").read_bytes(), self.durable(inode)
                    with open(folder / name, "r+b") as file:
                        size = file.seek(0, os.SEEK_END)
                        for page in (page for page, is_lost in enumerate(lost) if is_lost and chance.random() < 0.5):
                            at = page * PAGE_BYTES
                            file.seek(at)
                            file.write(old[at:at + PAGE_BYTES].ljust(PAGE_BYTES, b"\0")[:max(0, size - at)])

    def cut(self, chance):
        state = {}
        for folder in self.folders():
            seen, durable = self.seen(folder), {}
            with contextlib.suppress(FileNotFoundError):
                lines = self.names_of(folder).read_text().splitlines()
                durable = {name: int(inode) for inode, name in (line.split(" ", 1) for line in lines)}
            durable = {name: inode for name, inode in durable.items() if name not in NOT_KEPT}
            paths = {inode: folder / name for name, inode in seen.items()}
            names = chance.choice(("seen", "durable", "any"))
            for name in sorted({*seen, *durable}):
                of = names if names != "any" else chance.choice(("seen", "durable"))
                inode = (seen if of == "seen" else durable).get(name)
                if inode is not None:
                    now = paths[inode].read_bytes() if inode in paths else self.durable(inode)
                    state[folder / name] = torn(chance, self.durable(inode), now)
            for entry in list(os.scandir(folder)):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
        for path, content in state.items():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)
        self.settle()


def torn(chance, durable, seen):
    """Any of what was written since the last sync."""
    how = chance.choice(("durable", "seen", "prefix", "blocks", "blocks"))
    if durable == seen or how == "durable":
        return durable
    if how == "seen":
        return seen
    if how == "prefix" and seen.startswith(durable):
        return seen[:chance.randrange(len(durable), len(seen))]
    block, size = chance.choice((512, 4096)), chance.choice((len(durable), len(seen), max(len(durable), len(seen))))
    content = bytearray(durable.ljust(size, b"\0")[:size])
    for at in range(0, min(size, len(seen)), block):
        if chance.random() < 0.5:
            content[at:at + block] = seen[at:at + block]
    return bytes(content[:size])


class Image(Disk):
    """An ext4 of its own, which the data share with nothing: the kernel decides what a loss of power leaves."""

    KEEPS = 0

    def __init__(self, data, shadow, slow_ms):
        super().__init__(data, shadow, slow_ms)
        self.image = shadow.parent / "image"
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        subprocess.run(["mkfs.ext4", "-q", self.image], check=True)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.data.parent], check=True)

    def settle(self):
        os.sync()

    def kill(self, chance):
        pass

    def cut(self, chance):
        folder = os.open(self.data.parent, os.O_RDONLY)
        fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        os.close(folder)
        subprocess.run(["umount", self.data.parent], check=True)
        self.mount()


class App(ledger.App):
    """In QoS 1 a report comes a second time, without DUP, if it was on its way when the server ended before the report
    was on the disk, and the device sent it again (docs/user/mqtt.md)."""

    def take(self, topic, payload, again):
        _, _, _, sn, verb = topic.split("/")
        if verb == "quota" and min(self.qos, self.devices[sn].qos) == 1:
            again = again or payload["params"]["n"] in self.got[sn]
        super().take(topic, payload, again)


class Administrator:
    """Adds accounts, and knows which of them there must be."""

    def __init__(self, data):
        self.data, self.added, self.number, self.is_adding = data, set(), 0, True
        self.wake = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while self.is_adding:
            self.number += 1
            with contextlib.suppress(OSError, ValueError, SystemExit):  # it is gone, or refuses
                servers.ask_admin(self.data, {"op": "account.add", "name": f"more-{self.number}"})
                self.added.add(f"more-{self.number}")
            self.wake.wait(ACCOUNT_EACH_S)

    def finish(self):
        self.is_adding = False
        self.wake.set()
        self.thread.join()


class Sequence:
    def __init__(self, trial, number):
        self.trial, self.server, self.disk = trial, trial.server, trial.disk
        self.chance = random.Random(f"{trial.options.seed}/{number}")
        self.steps, previous, left = [], None, self.chance.choice((2, 2, 3))
        while left > 0:
            step = [Fault(self.chance, previous)]
            if not step[0].ends_the_process and left > 1 and self.chance.random() < 0.5:
                step.append(Fault(self.chance, during=step[0]))
            self.steps.append(step)
            previous, left = step[-1], left - len(step)
        told = ", then ".join(" and ".join(map(str, step)) for step in self.steps)
        self.name = f"--seed {trial.options.seed} --only {number}: {told}"
        self.is_alive, self.has_gone_back = False, False

    def run(self):
        self.trial.restore()
        with clients.World(self.chance.random()) as self.world:
            self.begin()
            try:
                for step in self.steps:
                    self.meet(step)
                self.serve()
            finally:
                self.administrator.finish()
            self.finish()
            self.check()
            self.server.end(self.chance.choice((signal.SIGTERM, signal.SIGKILL)))
            assert self.start(), f"it does not start again: {self.server.log_text()}"
            self.check()
            self.server.stop()
        return sum(len(device.sent) for device in self.devices)

    def begin(self):
        self.devices, self.apps = self.trial.kept_clients(self.world)
        self.setter = ledger.Setter(self.world, *self.trial.certificate, self.devices, itertools.count(1), 0.1)
        for client in (*self.devices, *self.apps):
            client.has_session = True
        for client in (*self.devices, *self.apps, self.setter):
            client.begin()
        self.administrator = Administrator(self.server.data)

    def start(self):
        """False: it was ended, or refuses to start."""
        self.is_alive = self.server.try_to_start(self.world)
        return self.is_alive

    def meet(self, step):
        fault, last = step[0], step[-1]
        for app, is_there in zip(self.apps, fault.apps):
            app.want(is_there)
        self.has_gone_back = self.has_gone_back or fault.what == "clock" and fault.ahead_s < self.trial.ahead_s
        if fault.what == "clock":
            self.trial.ahead_s = fault.ahead_s
        if fault.when == "start" and self.is_alive:
            self.server.stop()
            self.is_alive = False
        if fault.when != "start":
            self.serve()
        self.disk.arm(step)
        if fault.when == "stop":
            self.server.process.send_signal(signal.SIGTERM)
            self.server.process.wait(PATIENCE_S)
        elif fault.when == "start":
            self.start()
        enough = self.acknowledged() + REPORTS
        if self.is_alive:
            self.until(lambda: not self.server.runs() or self.disk.is_over(last) or self.acknowledged() > enough,
                       f"{last} to come")
        for each in step:
            self.trial.note(**{f"{each.what} in {each.when}" if self.disk.is_over(each) else "not met": 1})
        self.is_alive = self.server.runs()
        if last.ends_the_process:
            if self.is_alive:  # it has not come that far
                self.server.process.kill()
            self.server.process.wait(PATIENCE_S)
            self.is_alive = False
            self.disk.cut(self.chance) if last.what == "cut" else self.disk.kill(self.chance)
        code = self.server.process.returncode
        assert code in (None, -signal.SIGKILL) or code >= 0, f"it ended with {code}: {self.server.log_text()}"

    def acknowledged(self):
        return sum(device.acknowledgements for device in self.devices)

    def serve(self):
        """It serves both devices."""
        self.disk.arm(())
        if not self.is_alive:
            assert self.start(), f"it does not start again: {self.server.log_text()}"
        before = [device.acknowledgements for device in self.devices]
        self.until(lambda: all(device.acknowledgements > count + 2 for device, count in zip(self.devices, before)),
                   "reports to be acknowledged")

    def until(self, look, what):
        self.world.until(look, lambda: f"still waiting for {what}: {self.server.log_text()}", PATIENCE_S)

    def finish(self):
        """Nothing new is sent, and everything arrives."""
        self.setter.is_setting = False
        for device in self.devices:
            device.is_reporting = False
        for app in self.apps:
            app.want(True)
        self.until(lambda: not any(client.flights for client in (*self.devices, self.setter)), "acknowledgements")
        self.world.until(lambda: all(app.is_complete() for app in self.apps),
                         lambda: [app.missing() for app in self.apps], PATIENCE_S)

    def check(self):
        """An answer waits a second for what was just acknowledged, and no longer; what failed is tried again soon."""
        deadline = Deadline("everything that was promised")
        while wrong := list(self.complaints()):
            try:
                deadline.left_s()
            except AssertionError as late:
                raise AssertionError(f"{late}: {wrong}") from None

    def complaints(self):
        api = self.server.api(self.trial.keys["accessKey"], self.trial.keys["secretKey"])
        now_ms = int(time.time() * 1000)
        for device in self.devices:
            there = crash_test.numbers_in_history(api, device.sn, now_ms - 2 * DAY_MS, str(now_ms + 3 * DAY_MS))
            if (sorted(there) if self.has_gone_back else there) != device.sent:
                yield f"history of {device.sn}: {ledger.differences(there, device.sent)}"
            if max(device.sets.values(), default=1) > 1:
                yield f"{device.sn}: a set came twice: {device.sets}"
        audited = crash_test.audited(self.server)
        # What a device repeats passes through, also for a set that went with the process that had not accepted it.
        answered = {number for app in self.apps for number, code in app.replies.items()
                    if code == "0" and number in self.setter.accepted}
        if lost := [(number, audited[number]) for number in answered if audited[number] != 1]:
            yield f"answered sets, and how often the audit has each: {lost[:10]}"
        try:
            listed = json.dumps(servers.ask_admin(self.server.data, {"op": "account.list"}))
            if gone := self.administrator.added - set(re.findall(r"more-\d+", listed)):
                yield f"accounts that are gone: {sorted(gone)}"
        except OSError as error:  # it was not asked in time
            yield f"account.list: {error!r}"
        health = self.server.health()
        if health["status"] != "ok" or health.get("damageNotes"):
            yield f"{health}\n{self.server.log_text()}"


class Victim(servers.Server):
    def _start(self, command):
        (self.data / "ready.json").unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = servers.start_server(command, self.data, self.patience_s, stdin=subprocess.DEVNULL,
                                                stdout=log, stderr=log, cwd=self.data.parent)
        if self.process.returncode is None:
            self.facts = json.loads((self.data / "ready.json").read_text())

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)

    def runs(self):
        return self.process.poll() is None

    def try_to_start(self, world):
        self.start_again()
        process = self.process
        threading.Thread(target=lambda: (process.wait(), world.note_progress()), daemon=True).start()
        return self.runs()


class Trial:
    def __init__(self, options):
        self.options, self.figures, self.ahead_s = options, collections.Counter(), 0
        limits = ("history.segment-bytes=65536", "history.head-bytes=65536")
        folder = servers.temporary_folder()
        data = folder / "disk/data"
        data.parent.mkdir()
        self.disk = (Image if options.image else Disk)(data, folder / "shadow", options.slow_ms)
        self.server = Victim(*(f"--limit={limit}" for limit in limits), data=data, demo=False)
        atexit.register(self.server._kill)
        self.place = self.server.place("mqtt")
        self.keys = self.server.add_account("crash")
        self.devices = {sn: self.server.add_device(sn, "crash") for sn in ("CRASH001", "CRASH002")}
        of = self.keys["api"].certification()
        self.certificate = of["certificateAccount"], of["certificatePassword"]
        self.make_sessions()
        self.server.stop()
        self.base = folder / "base"
        shutil.copytree(data, self.base)
        self.server.log = folder / "server.log"
        self.server.command = ["env", f"LD_PRELOAD={options.failing_disk}", f"GL_DISK_ROOT={data}",
                               f"GL_DISK_SHADOW={folder / 'shadow'}", *self.server.command]

    def kept_clients(self, world):
        world.places = [self.place]
        devices = [ledger.Device(world, sn, key, qos, False, 0.006)
                   for qos, (sn, key) in enumerate(self.devices.items(), 1)]
        return devices, [App(world, *self.certificate, qos, devices) for qos in (1, 2)]

    def make_sessions(self):
        with clients.World(0) as world:
            devices, apps = self.kept_clients(world)
            for client in (*devices, *apps):
                client.is_reporting = False
                client.begin()
            world.until(lambda: all(client.is_connected for client in (*devices, *apps)), lambda: "no session",
                        PATIENCE_S)

    def note(self, **figures):
        self.figures.update(figures)

    def restore(self):
        shutil.rmtree(self.server.data)
        shutil.copytree(self.base, self.server.data)
        self.server.log.unlink(missing_ok=True)
        self.ahead_s = 0
        self.disk.set_clock(0)
        self.disk.settle()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("failing_disk", type=os.path.abspath)
    parser.add_argument("--sequences", type=int, default=LONG_SEQUENCES if os.environ.get("GL_LONG") else SEQUENCES)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", type=int)
    parser.add_argument("--image", action="store_true")
    parser.add_argument("--slow-ms", type=int, default=0)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    servers.GRIDLOOM = os.path.abspath(options.program)
    clients.RETRY_S, clients.LOOK_S = 0.02, 0.2
    if not options.image:  # a file system that does not use the number of a removed file again
        tempfile.tempdir = "/dev/shm"
    trial = Trial(options)
    failed = 0
    for number in range(options.sequences) if options.only is None else (options.only,):
        sequence = Sequence(trial, number)
        try:
            trial.note(reports=sequence.run(), sequences=1)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"failed: {sequence.name}\n{error}\n{trial.server.log_text()}", flush=True)
            trial.server.end(signal.SIGKILL)
    print(f"{dict(trial.figures)}: {failed} failed", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    if "--image" in sys.argv:
        small_disk.enter_namespace()
    main()
