"""Every row of bad input against one running server: each gets the documented code and a message
that says what is wrong, and meanwhile a well-behaved app beside it sees no error and no delay.

A row is counted as a delay only if it holds the neighbour up in three runs out of three: one slow
answer may be the machine's doing.

    bad_inputs_test.py GRIDLOOM [--only TEXT] [--show]
"""
import argparse
import atexit
import collections
import json
import os
import pathlib
import subprocess
import sys

import home as home_module
import http_row
import mqtt_row
import rows_bodies
import rows_framing
import rows_mqtt_packets
import rows_mqtt_states
import rows_sets
import rows_signing
import server

MOST_DELAY_MS = 50.0
RUNS = 3  # of a row that seems to delay

Case = collections.namedtuple("Case", "kind name run")


class Neighbour:
    """The app in neighbour.py."""

    def __init__(self, home):
        api = home.neighbour["api"]
        certificate = api.certification()
        self.process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).with_name("neighbour.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        facts = {
            "http": home.server.place("http"),
            "mqtt": home.server.place("mqtt"),
            "accessKey": api.access_key,
            "secretKey": api.secret_key,
            "account": certificate["certificateAccount"],
            "password": certificate["certificatePassword"],
        }
        self.process.stdin.write(json.dumps(facts).encode() + b"\n")

    def report(self):
        """Since the last one; AssertionError if anything went wrong."""
        try:
            self.process.stdin.write(b"end\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise SystemExit(f"the neighbour ended with {self.process.wait()}")
        told = json.loads(line)
        if told["ended"]:
            raise SystemExit(f"the neighbour ended: {told['errors']}")
        return told

    def stop(self):
        self.process.stdin.close()
        if self.process.wait(server.PATIENCE_S) != 0:
            raise SystemExit(f"the neighbour ended with {self.process.returncode}")


def http_case(kind, row):
    return Case(kind, row.name, lambda home: http_row.run(row, home))


def set_cases(name, sn, message, *says):
    """The same set through both doors."""
    over_http = http_row.refused(
        name, "1008", http_row.ask("PUT", server.QUOTA, body={"sn": sn, **message}), *says
    )
    over_mqtt = mqtt_row.Row(
        name,
        "app",
        lambda home, version: mqtt_row.publish(
            version, f"/open/{home.account}/{sn}/set", {"id": 1, "version": "1.0", **message}
        ),
        mqtt_row.Told(lambda home: f"/open/{home.account}/{sn}/set_reply", "1008", says),
    )
    return [
        http_case("sets over HTTP", over_http),
        Case("sets over MQTT", name, lambda home: mqtt_row.run(over_mqtt, 4, home)),
    ]


def mqtt_cases(kind, row):
    return [
        Case(
            kind,
            f"{row.name} ({'3.1.1' if version == 4 else '5'})",
            lambda home, version=version: mqtt_row.run(row, version, home),
        )
        for version in row.versions
    ]


def all_cases():
    cases = [http_case("HTTP headers and signing", row) for row in rows_signing.ROWS]
    cases += [http_case("HTTP bodies, parameters, paths", row) for row in rows_bodies.ROWS]
    cases += [http_case("HTTP framing", row) for row in rows_framing.ROWS]
    cases += [case for row in (*rows_sets.ROWS, *rows_sets.UNKNOWN) for case in set_cases(*row)]
    for kind, rows in (
        ("MQTT packets", rows_mqtt_packets.ROWS),
        ("MQTT states and topics", rows_mqtt_states.ROWS),
    ):
        cases += [case for row in rows for case in mqtt_cases(kind, row)]
    names = [(case.kind, case.name) for case in cases]
    doubled = [name for name, count in collections.Counter(names).items() if count > 1]
    if doubled:
        raise SystemExit(f"rows with the same name: {doubled}")
    return cases


class Tally:
    def __init__(self):
        self.good, self.failures = collections.Counter(), []
        self.worst_ms, self.again = 0.0, 0


def run_one(case, home, neighbour, tally, show):
    """Once, and again as often as it seems to delay the neighbour."""
    delays = []
    for _ in range(RUNS):
        try:
            came = case.run(home)
        except (AssertionError, OSError) as wrong:
            tally.failures.append(f"{case.kind}: {case.name}: {wrong or repr(wrong)}")
            tally.failures += neighbour.report()["errors"]
            return
        told = neighbour.report()
        if told["errors"]:
            tally.failures.append(f"{case.kind}: {case.name}: the neighbour: {told['errors']}")
            return
        if show:
            print(f"{case.kind}: {case.name}: {came}")
        if told["worst_ms"] <= MOST_DELAY_MS:
            tally.good[case.kind] += 1
            tally.worst_ms = max(tally.worst_ms, told["worst_ms"])
            tally.again += bool(delays)
            return
        delays.append(f"{told['worst_ms']:.0f}")
    tally.failures.append(f"{case.kind}: {case.name}: held the neighbour up: {', '.join(delays)} ms")


def check_log(home, tally):
    """Nothing that we do not expect is an error, and no secret is told."""
    # Its own lines only: the greeting on standard output tells the demo's secrets, and is to.
    lines = home.server.log.read_text(errors="replace").splitlines()
    log = "\n".join(line for line in lines if line.startswith("[2"))
    tally.failures += [
        f"the log: {line}"
        for line in lines
        if "[error]" in line or "[critical]" in line or "[warning]" in line
    ]
    tally.failures += [
        f"a secret stands in the log: ...{log[log.index(secret) - 80 : log.index(secret)]}"
        for secret in home.secrets()
        if secret in log
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("gridloom")
    parser.add_argument("--only", default="", help="rows whose kind or name holds this text")
    parser.add_argument("--show", action="store_true", help="what came, for each row")
    options = parser.parse_args()
    server.GRIDLOOM = os.path.abspath(options.gridloom)
    cases = [case for case in all_cases() if options.only in f"{case.kind}: {case.name}"]
    if not cases:
        raise SystemExit(f"no row is called {options.only!r}")
    home, tally = home_module.Home(), Tally()
    atexit.register(lambda: home.server.process.poll() and print(home.server.log_text()))
    home.await_devices()
    neighbour = Neighbour(home)
    neighbour.report()
    for case in cases:
        run_one(case, home, neighbour, tally, options.show)
    neighbour.stop()
    check_log(home, tally)
    home.stop()
    for kind in dict.fromkeys(case.kind for case in cases):
        print(f"{kind:34} {tally.good[kind]:4} of {sum(case.kind == kind for case in cases)} good")
    print(
        f"the neighbour's longest wait: {tally.worst_ms:.1f} ms of {MOST_DELAY_MS:.0f}; "
        f"rows run again for a longer one: {tally.again}"
    )
    for failure in tally.failures:
        print(f"FAILED {failure}")
    sys.exit(1 if tally.failures else 0)


if __name__ == "__main__":
    main()
