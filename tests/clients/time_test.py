"""Devices that live in a time of their own: steps, speeds, and what history says of them."""
import datetime
import unittest

from mqtt_talk import await_reported
from server import DELTA_2, POWER_OCEAN, Server, cli, run_tests, temporary_folder

START = datetime.datetime(2026, 6, 1).astimezone()


def time(server, *verb):
    """The time, speed and state that a verb of `gridloom time` prints."""
    result = cli("time", *verb, data=server.data)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    day, hour, _, speed, state = result.stdout.split()
    return datetime.datetime.fromisoformat(f"{day} {hour}").astimezone(), float(speed), state


def history(server, sn, field, *flags):
    """(time, value) of each report of a field."""
    span = ("--from", "2026-06-01", "--to", "2026-06-03")
    result = cli("history", sn, field, *span, "--csv", *flags, data=server.data)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    rows = [line.split(",") for line in result.stdout.splitlines()[1:]]
    return [(datetime.datetime.fromisoformat(at), value) for at, value, *_ in rows]


class TimeTest(unittest.TestCase):
    def test_a_step_takes_devices_and_their_history_along(self):
        with Server("--start", "2026-06-01", "--paused") as server:
            at, speed, state = time(server)
            self.assertEqual((at, speed), (START, 1))
            self.assertIn(state, ("paused", "settles"))  # whether devices have connected yet
            await_reported(server, server.api(), {DELTA_2: 160})
            begun = server.api().quota_all(DELTA_2)["pd.soc"]
            self.assertEqual(time(server, "step", "90m"),
                             (START + datetime.timedelta(minutes=90), 1, "paused"))
            rows = history(server, DELTA_2, "pd.soc")
            whole = {at for at, _ in rows}
            wanted = {START + datetime.timedelta(minutes=minute) for minute in range(91)}
            self.assertFalse(wanted - whole, "everything is reported once a minute")
            self.assertEqual(max(whole), START + datetime.timedelta(minutes=90))
            self.assertEqual((rows[0][1], rows[-1][1]),
                             (str(begun), str(server.api().quota_all(DELTA_2)["pd.soc"])))
            entry = next(line for line in cli("audit", data=server.data).stdout.splitlines()
                         if "time.step" in line)
            self.assertTrue(entry.startswith("2026-06-01 00:00:00 "), entry)
            self.assertIn("ms=5400000", entry)

    def test_the_sun_rises_in_a_time_that_runs_to_its_end(self):
        with Server("--start", "2026-06-01", "--paused") as server:
            time(server, "step", "1d")
            sun = history(server, POWER_OCEAN, "mpptPwr", "--step", "1h", "--aggregate", "mean")
            by_hour = {at.astimezone().hour: float(value) for at, value in sun if value}
            self.assertEqual(max(by_hour[0], by_hour[1], by_hour[23]), 0)
            self.assertGreater(max(by_hour[hour] for hour in range(10, 16)), 500)

    def test_speed_is_changed_while_it_runs(self):
        with Server("--speed", "60") as server:
            self.assertEqual(time(server)[1:], (60, "runs"))
            self.assertEqual(time(server, "speed", "0.5")[1:], (0.5, "runs"))
            at, _, state = time(server, "pause")
            self.assertIn(state, ("paused", "settles"))
            self.assertEqual(time(server)[0], at)
            self.assertEqual(time(server, "resume")[2], "runs")

    def test_a_server_of_the_wall_s_time_keeps_it(self):
        with Server(demo=False) as server:
            self.assertEqual(time(server)[2], "real")
            refused = cli("time", "pause", data=server.data)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("uses the time of the system clock", refused.stderr)

    def test_what_makes_no_sense_is_refused(self):
        for flags, why in ((("--speed", "0"), "--speed is 0"),
                           (("--start", "soon"), '--start is "soon": must be a time'),
                           (("--start", "2026-06-01", "--until", "2026-05-01"), "must be after")):
            refused = cli("serve", *flags, data=temporary_folder() / "data")
            self.assertEqual(refused.returncode, 2, flags)
            self.assertIn(why, refused.stderr)
        for flags in (("step",), ("step", "soon"), ("speed", "fast"), ("forward",)):
            self.assertNotEqual(cli("time", *flags, data=temporary_folder()).returncode, 0, flags)


if __name__ == "__main__":
    run_tests()
