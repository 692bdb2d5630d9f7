"""What evcc's template `ecoflow-stream` asks of a STREAM: for each of its three usages one signed POST that names the
quotas, whose answer it reads by name as numbers. (evcc-io/evcc, meter/ecoflow-stream.go; its client is go-ecoflow.)
"""
import unittest

from mqtt_talk import await_reported
from server import QUOTA, STREAM, Server, run_tests

USAGES = {"grid": ["powGetSysGrid"], "pv": ["powGetPvSum"], "battery": ["powGetBpCms", "cmsBattSoc"]}


def numbers(answer, names):
    """As evcc takes them out of the answer: each is a number, and none is a boolean."""
    values = {}
    for name in names:
        value = answer[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise AssertionError(f"{name} is {value!r}, which is no number")
        values[name] = float(value)
    return values


class EvccStreamTest(unittest.TestCase):
    def test_each_usage_is_answered_with_numbers(self):
        with Server("--start", "2026-06-17 12:00") as server:
            await_reported(server, server.api(), {STREAM: len(USAGES)})
            for door in ("http", "https"):
                api, seen = server.api(door=door), {}
                for usage, names in USAGES.items():
                    with self.subTest(door=door, usage=usage):
                        answer = api.data("POST", QUOTA, body={"sn": STREAM, "params": {"quotas": names}})
                        self.assertEqual(set(answer), set(names))
                        seen.update(numbers(answer, names))
                self.assertGreater(seen["powGetPvSum"], 0, "at noon in June")
                self.assertTrue(0 <= seen["cmsBattSoc"] <= 100, seen)
                # evcc's sign of a battery is the opposite: it discharges above 0.
                self.assertLessEqual(abs(seen["powGetBpCms"]), 3000, seen)

    def test_a_wrong_serial_number_is_an_error_that_evcc_shows(self):
        with Server() as server:
            body = {"sn": "BK61NOTMINE00001", "params": {"quotas": ["powGetPvSum"]}}
            answer = server.api().call("POST", QUOTA, body=body)
            self.assertEqual(answer["code"], "8512")
            self.assertTrue(answer["message"])


if __name__ == "__main__":
    run_tests()
