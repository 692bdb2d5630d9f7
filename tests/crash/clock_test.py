"""Sets the server's clock while it runs, years ahead and back: kept sessions lose nothing.

    clock_test.py PROGRAM [--seed N]

Two apps with kept sessions, one of QoS 1 and one of QoS 2, are away; a device reports before, while
and after the server's clock is wrong. Then each app has its session, and gets each report. Needs
libfaketime.
"""
import argparse
import os
import pathlib
import random
import time

import flows_test
from flows_test import Clock, Trial

YEAR_S = 365 * 86400
WRONG_S = 3  # several sweeps of the server, each of which ends what its time is over


class SetClock:
    """The server's clock, as far from ours as the file says."""

    def __init__(self, server):
        if not Clock.LIBRARY.exists():
            raise SystemExit(f"{Clock.LIBRARY} is not there: apt install libfaketime")
        self.file = pathlib.Path(server.data.parent, "clock")
        self.set(0)
        fake = [f"LD_PRELOAD={Clock.LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={self.file}", "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1"]
        server.command = ["env", *fake, *server.command]

    def set(self, ahead_s):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{ahead_s:+d}\n")
        os.replace(fresh, self.file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    trial = Trial(options.program, options.seed)
    clock = SetClock(trial.server)
    trial.server.restart(flows_test.signal.SIGTERM)
    trial.device.leave()
    for ahead_s in (YEAR_S, -YEAR_S, 90_000, 20 * YEAR_S):
        trial.report(5)
        clock.set(ahead_s)
        until = time.monotonic() + WRONG_S
        while time.monotonic() < until:
            trial.report(5)
        clock.set(0)
        trial.report(5)
        for app in trial.apps:
            trial.drain(app)
            app.leave()
    trial.server.stop()
    print(f"{len(trial.device.sent)} reports while the clock was set to four wrong times and back: both apps have each")


if __name__ == "__main__":
    main()
