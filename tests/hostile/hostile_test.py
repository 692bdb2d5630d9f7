"""A storm of bad logins, malformed packets, slow readers and connection floods against one server,
while a well-behaved device and app lose nothing; afterwards the server is as small as before.

    hostile_test.py GRIDLOOM [--seconds 10, with GL_LONG 60] [--seed N] [--only KIND,KIND]

What is required: every report once and in order, every set answered; the server's connections and
file descriptors back to what they were, its memory within a margin; no error in its log, and no
secret.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import paths  # noqa: F401  (finds the modules of the other tests)
import server as server_module
from server import PATIENCE_S, Deadline, Server

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 60 if os.environ.get("GL_LONG") else 10
# Memory that the allocator keeps is 7 MB, give or take a few. That of ASan and its quarantine keep 60; ThreadSanitizer's
# own memory of what was ever touched is twice that, and stays.
MARGIN_MB = 24
MARGINS_UNDER_MB = {b"ThreadSanitizer": 256, b"AddressSanitizer": 96}
CALM_S = 4  # after it the allocator has given back what a crowd has used
FORGIVEN_FDS = 4
SETTLE_S = 60  # until the last of the storm's connections has timed out
STORM = ["floods", "floods", "logins", "malformed", "slow", "reports", "subscriptions"]
GOOD_SN, BAD_SN = "R331GOODDEVICE01", "R331BADDEVICE001"


def child(script, facts, *arguments):
    process = subprocess.Popen(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdin.write(json.dumps(facts) + "\n")
    process.stdin.flush()
    return process


def end(process):
    """Tells it to end; what it has to say."""
    process.stdin.close()
    said = process.stdout.read()
    if process.wait(4 * PATIENCE_S) != 0:
        raise AssertionError(f"{process.args[1:]} ended with {process.returncode}: {said}")
    return json.loads(said.splitlines()[-1])


class Watch:
    """What the server uses."""

    def __init__(self, server):
        self.server, self.pid = server, server.process.pid

    def rss_mb(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        if "RssAnon:" not in text:
            self.fail()
        # What it allocated; pages of the program itself come and go.
        return int(text.split("RssAnon:")[1].split()[0]) / 1024

    def fail(self):
        """It has ended on its own."""
        code = self.server.process.wait()
        log = self.server.log.read_text(errors="replace")
        raise AssertionError(f"the server ended with {code}:\n{log[-20_000:]}")

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def await_calm(self):
        """Until its file descriptors have been the same number, or nearly, for CALM_S."""
        deadline, before = Deadline("calm before the storm", SETTLE_S), None
        since = time.monotonic()
        while time.monotonic() - since < CALM_S:
            deadline.left_s()
            now = self.fds()
            if now != before and abs(now - (before or 0)) > FORGIVEN_FDS:
                since, before = time.monotonic(), now
            time.sleep(0.1)

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def facts_of(server):
    def account(name, sn):
        facts = server.add_account(name)
        certificate = facts["api"].certification()
        return {
            "accessKey": facts["accessKey"],
            "secretKey": facts["secretKey"],
            "account": certificate["certificateAccount"],
            "password": certificate["certificatePassword"],
            "sn": sn,
            "key": server.add_device(sn, name),
            "gatewayKey": facts["gatewayKey"],
        }

    doors = {door: server.place(door) for door in ("http", "https", "mqtt", "mqtts")}
    good, bad = account("good", GOOD_SN), account("bad", BAD_SN)
    secrets = [side[name] for side in (good, bad) for name in ("secretKey", "password", "key", "gatewayKey")]
    home = {**good, **doors, "http": server.facts["http"]}
    # The storm knows of the good account what an eavesdropper of its names would.
    storm = {**doors, "bad": bad, "account": good["account"], "sn": GOOD_SN, "accessKey": good["accessKey"]}
    return home, storm, secrets


def margin_mb():
    program = pathlib.Path(server_module.GRIDLOOM).read_bytes()
    return next((margin for name, margin in MARGINS_UNDER_MB.items() if name in program), MARGIN_MB)


def settle(watch, fds, rss_mb, problems):
    """Awaits that connections and memory are back."""
    margin = margin_mb()
    until = time.monotonic() + SETTLE_S
    while True:
        now_fds, now_mb = watch.fds(), watch.rss_mb()
        if now_fds <= fds + FORGIVEN_FDS and now_mb <= rss_mb + margin:
            break
        if time.monotonic() > until:
            if now_fds > fds + FORGIVEN_FDS:
                problems.append(f"{now_fds} file descriptors, {fds} before")
            if now_mb > rss_mb + margin:
                problems.append(f"{now_mb:.0f} MB, {rss_mb:.0f} before and {margin} allowed")
            break
        time.sleep(0.25)
    print(f"settled after {time.monotonic() - until + SETTLE_S:.1f} s: {now_fds} fds, {now_mb:.0f} MB")


def check_log(server, secrets, problems):
    text = server.log.read_text(errors="replace")
    lines = text.splitlines()
    problems += [f"the log: {line}" for line in lines if not line.startswith("[2")][:10]
    problems += [f"the log: {line}" for line in lines if "] [error]" in line or "] [critical]" in line][:10]
    problems += ["a secret stands in the log" for secret in secrets if secret in text]
    print(f"log: {len(lines)} lines, {len(text) / 1024:.0f} KB")


def storm(options, server, watch, problems):
    home_facts, storm_facts, secrets = facts_of(server)
    home = child("good_home.py", home_facts)
    if home.stdout.readline() != "ready\n":
        raise AssertionError("the good home does not start")
    kinds = options.only.split(",") if options.only else STORM
    # Once around, so that what is made once is made.
    warm = [child("storm.py", storm_facts, kind, "warm") for kind in dict.fromkeys(kinds)]
    time.sleep(options.warm_s)
    for process in warm:
        end(process)
    watch.await_calm()
    fds, rss_mb, cpu_s = watch.fds(), watch.rss_mb(), watch.cpu_s()
    print(f"before: {fds} fds, {rss_mb:.0f} MB; seed {options.seed}")
    began, peak_mb, peak_fds = time.monotonic(), 0.0, 0
    children = [child("storm.py", storm_facts, kind, f"{options.seed}-{i}") for i, kind in enumerate(kinds)]
    while time.monotonic() < began + options.seconds and server.process.poll() is None:
        peak_mb, peak_fds = max(peak_mb, watch.rss_mb()), max(peak_fds, watch.fds())
        time.sleep(0.25)
    if server.process.poll() is not None:
        watch.fail()
    cpu_s = watch.cpu_s() - cpu_s
    for kind, process in zip(kinds, children):
        told = end(process)
        rates = ", ".join(f"{what} {count} ({count / told['seconds']:.0f}/s)"
                          for what, count in told["counts"].items())
        print(f"{kind}: {rates}")
    print(f"peak: {peak_fds} fds, {peak_mb:.0f} MB; {cpu_s:.0f} s of CPU in {options.seconds} s")
    settle(watch, fds, rss_mb, problems)
    told = end(home)
    for what, count in told["counts"].items():
        print(f"good: {count} {what}, the slowest {told['worst_ms'][what]} ms")
    problems += told["errors"]
    problems += [f"no {what}" for what in ("reports", "reads", "sets over HTTP", "sets over MQTT")
                 if not told["counts"].get(what)]
    check_log(server, secrets, problems)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("gridloom")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--warm-s", type=float, default=3)
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)))
    parser.add_argument("--only", default="", help=f"of {', '.join(dict.fromkeys(STORM))}")
    options = parser.parse_args()
    server_module.GRIDLOOM = os.path.abspath(options.gridloom)
    # A quarantine of freed memory would hide that it was given back.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4:allocator_release_to_os_interval_ms=1000"
    # Watch reads /proc/PID/fd, which is root's alone where core dumps are forbidden.
    server, problems = Server("--core-dumps", demo=False), []
    storm(options, server, Watch(server), problems)
    server.stop()
    for problem in problems:
        print(f"FAILED {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
