"""The simulation of tools/capacity: stations that do work in its order, what reports pass on their way, and the runs
that were measured (CASES). Times are in seconds unless a name says otherwise; `p` are the parameters of capacity.json.
"""
import collections
import heapq
import random

MESSAGE_KB = 256  # of a slot's log, at most
TURN = 64  # reports that a door takes in one turn
DIRTY_US = 100_000  # of writes that a system lets wait in its memory
HOUR_S = 3_600


class Engine:
    """Runs calls at their times, in seconds."""

    def __init__(self):
        self.now, self.calls, self.count = 0.0, [], 0

    def after(self, delay_s, call):
        self.count += 1
        heapq.heappush(self.calls, (self.now + delay_s, self.count, call))

    def run(self, until_s):
        while self.calls and self.calls[0][0] <= until_s:
            self.now, _, call = heapq.heappop(self.calls)
            call()
        self.now = until_s


class Station:
    """Cores, or a disk: work that is done in the order in which it came, by `count` at a time."""

    def __init__(self, engine, count, speed=1.0):
        self.engine, self.free, self.speed, self.count = engine, count, speed, count
        self.waiting, self.waiting_us, self.busy_s = collections.deque(), 0.0, 0.0

    def work(self, us, done):
        self.waiting.append((us, done))
        self.waiting_us += us
        self.begin()

    def begin(self):
        while self.free and self.waiting:
            us, done = self.waiting.popleft()
            self.waiting_us -= us
            self.free -= 1
            seconds = us / 1e6 / self.speed
            self.busy_s += seconds
            self.engine.after(seconds, lambda done=done: self.end(done))

    def end(self, done):
        self.free += 1
        done()
        self.begin()

    def used(self, seconds):
        """The share of the time in which it worked."""
        return self.busy_s / seconds / self.count


class Door:
    """The turns of a node's loops: what has come since the last one is taken together."""

    def __init__(self, cores, loops, report_us, onward):
        self.cores, self.free, self.report_us, self.onward = cores, loops, report_us, onward
        self.waiting = collections.deque()

    def arrive(self, born, reports):
        self.waiting.append((born, reports))
        self.begin()

    def begin(self):
        while self.free and self.waiting:
            self.free -= 1
            group, count = [], 0
            while self.waiting and count < TURN:
                born, reports = self.waiting.popleft()
                taken = min(reports, TURN - count)
                if taken < reports:
                    self.waiting.appendleft((born, reports - taken))
                group.append((born, taken))
                count += taken
            self.cores.work(count * self.report_us, lambda group=group: self.end(group))

    def end(self, group):
        self.free += 1
        self.onward(group)
        self.begin()


class LocalLog:
    """The log of one server: what came since its last sync is synced `every_s` after that."""

    def __init__(self, engine, cores, parameters, onward):
        self.engine, self.cores, self.p, self.onward = engine, cores, parameters, onward
        self.waiting, self.is_due, self.synced = [], False, -1.0

    def append(self, group):
        self.waiting.append(group)
        if not self.is_due:
            self.is_due = True
            due_s = self.synced + self.p["commit_ms"] / 1e3
            self.engine.after(max(0.0, due_s - self.engine.now), self.sync)

    def sync(self):
        groups, self.waiting = self.waiting, []
        self.is_due, self.synced = False, self.engine.now
        self.cores.work(self.p["sync_us"], lambda: [self.onward(group) for group in groups])


class Stream:
    """A stream of JetStream with its leader and followers. What came while a turn is under way is one turn."""

    def __init__(self, engine, replicas, disks, parameters):
        self.engine, self.replicas, self.disks, self.p = engine, replicas, disks, parameters
        self.waiting, self.is_busy = [], False

    def append(self, kb, done):
        self.waiting.append((kb, done))
        if not self.is_busy:
            self.turn()

    def turn(self):
        messages, self.waiting, self.is_busy = self.waiting, [], True
        kb = sum(size for size, _ in messages)
        total_us = self.p["stream_turn_us"] + len(messages) * self.p["message_us"] + kb * self.p["kb_us"]
        # The leader does the work of two. What is left for later (Raft's own log, applying) delays no answer.
        part_us = total_us / (len(self.replicas) + 1)
        on_the_way = self.p["path_share"]
        answers = {"left": len(self.replicas) // 2}  # a majority, without the leader

        def stored():
            answers["left"] -= 1
            if answers["left"] == 0:
                self.engine.after(self.p["stream_ms"] / 1e3, lambda: self.answer(messages))

        def follow():
            for cores, disk in zip(self.replicas[1:], self.disks[1:]):
                cores.work(part_us * on_the_way, lambda disk=disk: self.write(disk, kb, stored))
                cores.work(part_us * (1 - on_the_way), lambda: None)

        self.replicas[0].work(2 * part_us * on_the_way, lambda: self.write(self.disks[0], kb, follow))
        self.replicas[0].work(2 * part_us * (1 - on_the_way), lambda: None)

    def write(self, disk, kb, done):
        """Raft's log and the stream, through the page cache: only a disk that is behind is waited for."""
        us = 2 * kb * 1024 / self.p["disk_mb_s"]
        if disk.waiting_us > DIRTY_US:
            disk.work(us, done)
        else:
            disk.work(us, lambda: None)
            done()

    def answer(self, messages):
        self.is_busy = False
        for _, done in messages:
            done()
        if self.waiting and not self.is_busy:
            self.turn()


class SlotLog:
    """The log of a slot: one message under way; what comes meanwhile is the next one."""

    def __init__(self, engine, stream, report_bytes, onward):
        self.engine, self.stream, self.onward = engine, stream, onward
        self.report_kb = report_bytes / 1024
        self.waiting, self.is_under_way, self.messages = collections.deque(), False, 0

    def append(self, group):
        self.waiting.extend(group)
        if not self.is_under_way:
            self.send()

    def send(self):
        group, kb = [], 0.0
        while self.waiting and kb + self.waiting[0][1] * self.report_kb <= MESSAGE_KB:
            group.append(self.waiting.popleft())
            kb += group[-1][1] * self.report_kb
        self.is_under_way = True
        self.messages += 1
        self.stream.append(kb, lambda: self.answer(group))

    def answer(self, group):
        self.is_under_way = False
        self.onward(group)
        if self.waiting and not self.is_under_way:
            self.send()


class Latencies:
    """The times that reports waited for their acknowledgements, from `since_s` on."""

    def __init__(self, engine, since_s):
        self.engine, self.since_s, self.reports, self.groups = engine, since_s, 0, []

    def add(self, group):
        if self.engine.now >= self.since_s:
            for born, count in group:
                self.reports += count
                self.groups.append(((self.engine.now - born) * 1e3, count))

    def quantile(self, share):
        left = share * self.reports
        for value, count in sorted(self.groups):
            left -= count
            if left <= 0:
                return value
        return 0.0


class Metered:
    """A station's share of one program, whose time is added up from when `seen` counts."""

    def __init__(self, station, seen):
        self.station, self.seen, self.us = station, seen, 0.0

    def work(self, us, done):
        if self.seen.engine.now >= self.seen.since_s:
            self.us += us
        self.station.work(us, done)


# One server, as docs/performance.md and docs/performance-history.md measured it.

def one_server(p, *, cores, connections, has_log=True, has_subscriber=False, rate=None, generator_cores=0, seconds=3.0):
    """Devices with one message in flight, or `rate` reports a second; the generator is on the same cores, or on others.

    {"reports/s", "us"}: the second is the server's CPU time of a report.
    """
    engine = Engine()
    machine = Station(engine, cores)
    generator = Station(engine, generator_cores) if generator_cores else machine
    seen = Latencies(engine, 0.5)
    server = Metered(machine, seen)
    report_us = p["report_us"] + (p["log_us"] if has_log else 0) + (p["subscriber_us"] if has_subscriber else 0)

    def acknowledge(group):
        seen.add(group)
        if rate is None:
            reports = sum(count for _, count in group)
            generator.work(reports * p["generator_us"], lambda: door.arrive(engine.now, reports))

    log = LocalLog(engine, server, p, acknowledge)
    door = Door(server, cores, report_us, log.append if has_log else acknowledge)
    if rate is None:
        for _ in range(connections // TURN):
            door.arrive(0.0, TURN)
    else:
        def next_report():
            door.arrive(engine.now, 1)
            engine.after(1 / rate, next_report)
        next_report()
    engine.run(seconds)
    measured_s = seconds - seen.since_s
    return {"reports/s": seen.reports / measured_s, "us": server.us / seen.reports}


# JetStream and PostgreSQL, on one machine with what loads them.

def streams(p, *, batch, report_bytes, rate=None, window=None, count=8, seconds=4.0):
    """Messages of `batch` reports to three servers on one machine: `window` of them under way, or `rate` reports/s.

    {"reports/s", "us", "ms"}: the servers' CPU time of a report, the median time of an acknowledgement.
    """
    engine, chance = Engine(), random.Random(1)
    machine = Station(engine, 2, p["cluster_machine"] / 2)
    disk = Station(engine, 1)
    seen = Latencies(engine, 1.0)
    servers = Metered(machine, seen)
    all_streams = [Stream(engine, [servers] * 3, [disk] * 3, p) for _ in range(count)]
    kb = batch * report_bytes / 1024

    def publish(stream):
        born = engine.now

        def answered():
            seen.add([(born, batch)])
            if rate is None:
                publish(stream)
        machine.work(p["publisher_us"], lambda: stream.append(kb, answered))

    if rate is None:
        for number in range(window):
            publish(all_streams[number % count])
    else:
        def next_message():
            publish(chance.choice(all_streams))
            engine.after(chance.expovariate(rate / batch), next_message)
        next_message()
    engine.run(seconds)
    return {"reports/s": seen.reports / (seconds - seen.since_s), "us": servers.us / seen.reports,
            "ms": seen.quantile(0.5)}


def transactions(p, *, row_us, rows, connections, cores=2, total_rows=None, seconds=10.0):
    """Transactions one after the other on each connection, until the time or all rows are over.

    {"rows/s", "ms", "s"}: the median time of a transaction; when the last one ended.
    """
    engine, chance = Engine(), random.Random(1)
    machine = Station(engine, cores)
    seen = Latencies(engine, 0.0)
    left = {"rows": float("inf") if total_rows is None else total_rows, "ended": 0.0}

    def begin():
        taken = min(rows, left["rows"])
        if taken <= 0:
            return
        left["rows"] -= taken
        born = engine.now
        if p["row_beside_us"] and rows > 1:
            machine.work(taken * p["row_beside_us"], lambda: None)  # of PostgreSQL's other processes
        us = taken * (p[row_us] if isinstance(row_us, str) else row_us)
        commit_s = p["commit_disk_ms"] / 1e3 * (0.75 + 0.25 * chance.expovariate(1))  # some take much longer than most
        machine.work(us, lambda: engine.after(commit_s, lambda: end(born, taken)))

    def end(born, taken):
        seen.add([(born, taken)])
        left["ended"] = engine.now
        begin()
    for _ in range(connections):
        begin()
    engine.run(seconds if total_rows is None else float(HOUR_S))
    return {"rows/s": seen.reports / max(left["ended"], 1e-9), "ms": seen.quantile(0.5), "s": left["ended"],
            "rows": seen.reports}


def relayed(p, *, seconds=1.0):
    """Messages of one report each, from a client at one server of NATS to a client at another. {"messages/s"}."""
    engine = Engine()
    machine = Station(engine, 2, p["cluster_machine"] / 2)
    seen = Latencies(engine, 0.0)

    def send():
        machine.work(p["relay_us"] * TURN, lambda: (seen.add([(engine.now, TURN)]), send()))
    for _ in range(4):
        send()
    engine.run(seconds)
    return {"messages/s": seen.reports / seconds}


class Cluster:
    """Nodes, NATS servers and the logs of slots; each program on a machine of its own, or all on one."""

    def __init__(self, p, *, nodes, cores, nats, nats_cores, slots, machine_cores=None):
        self.p, self.engine, self.chance = p, Engine(), random.Random(1)
        one = Station(self.engine, machine_cores) if machine_cores else None
        disk = Station(self.engine, 1) if machine_cores else None
        self.one, self.seen = one, Latencies(self.engine, 0.5)
        self.node_cores = [one or Station(self.engine, cores) for _ in range(nodes)]
        self.nats_cores = [one or Station(self.engine, nats_cores) for _ in range(nats)]
        disks = [disk or Station(self.engine, 1) for _ in range(nats)]
        self.doors = [Door(station, cores, p["report_us"] * p["door_share"],
                           lambda group, node=node: self.to_owner(group, node))
                      for node, station in enumerate(self.node_cores)]
        self.logs, self.on_acknowledged = [], lambda node, count: None
        for slot in range(slots):
            at = [(slot + i) % nats for i in range(3)]
            stream = Stream(self.engine, [self.nats_cores[i] for i in at], [disks[i] for i in at], p)
            self.logs.append(SlotLog(self.engine, stream, p["log_report_bytes"], self.to_doors))

    def to_owner(self, group, door):
        """A turn's reports are one group and go to one slot: their work is the same as if each went to its own."""
        slot = self.chance.randrange(len(self.logs))
        owner = slot % len(self.node_cores)
        count = sum(reports for _, reports in group)
        owner_us = count * (self.p["report_us"] * (1 - self.p["door_share"]) + self.p["log_us"])
        tagged = [((born, door, owner), reports) for born, reports in group]
        self.cross(door, owner, count, lambda: self.node_cores[owner].work(
            owner_us, lambda: self.logs[slot].append(tagged)))

    def to_doors(self, tagged):
        ways = collections.defaultdict(list)
        for (born, door, owner), reports in tagged:
            ways[door, owner].append((born, reports))
        for (door, owner), group in ways.items():
            count = sum(reports for _, reports in group)
            self.cross(owner, door, count, lambda door=door, group=group, count=count: (
                self.seen.add(group), self.on_acknowledged(door, count)))

    def cross(self, here, there, count, onward):
        """From node to node: a quarter of the work at each, half of it at NATS."""
        if here == there:
            onward()
            return
        us = count * self.p["relay_us"]
        nats = self.nats_cores[here % len(self.nats_cores)]

        def arrive():
            self.node_cores[there].work(us / 4, onward)

        def travel():
            self.engine.after(self.p["hop_ms"] / 1e3, arrive)
        self.node_cores[here].work(us / 4, lambda: nats.work(us / 2, travel))

    def paced(self, rate, seconds):
        """Reports at random times; those of half a millisecond at a door are one group."""
        step_s = max(0.0005, len(self.doors) / rate)
        expected = rate / len(self.doors) * step_s

        def tick():
            for door in self.doors:
                reports = int(expected) + (self.chance.random() < expected - int(expected))
                if reports:
                    door.arrive(self.engine.now, reports)
            self.engine.after(step_s, tick)
        tick()
        self.engine.run(seconds)
        return self.result(seconds)

    def saturated(self, connections, seconds):
        """Devices with one message in flight; the generator is on the machine of all."""
        def back(door, count):
            self.one.work(count * self.p["generator_us"], lambda: self.doors[door].arrive(self.engine.now, count))
        self.on_acknowledged = back
        for i in range(connections // TURN):
            self.doors[i % len(self.doors)].arrive(0.0, TURN)
        self.engine.run(seconds)
        return self.result(seconds)

    def result(self, seconds):
        reports = self.seen.reports / (seconds - self.seen.since_s)
        return {"reports/s": reports, "ms": self.seen.quantile(0.5), "p99 ms": self.seen.quantile(0.99),
                "nodes used": max(each.used(seconds) for each in self.node_cores),
                "nats used": max(each.used(seconds) for each in self.nats_cores),
                "KB": reports * self.p["log_report_bytes"] / 1024 * seconds / sum(log.messages for log in self.logs)}


def cluster_on_one_machine(p, *, nodes=3, slots=8, cores=2, connections=5000, seconds=3.0):
    """What bench/cluster will measure: nodes, three NATS servers and the generator on the same cores."""
    cluster = Cluster(p, nodes=nodes, cores=cores, nats=3, nats_cores=cores, slots=slots, machine_cores=cores)
    found = cluster.saturated(connections, seconds)
    used_us = cores * 1e6 / found["reports/s"]
    return {"reports/s": found["reports/s"], "us": used_us - p["generator_us"], "ms": found["ms"]}


CASES = {case.__name__: case for case in (one_server, streams, transactions, relayed, cluster_on_one_machine)}
