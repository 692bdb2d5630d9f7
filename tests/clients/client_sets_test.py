"""What published clients send to the families of 3.8, and what they read, as they do it.

client_sets.jsonl has their sets, form by form: the client and its file, the way (HTTP or MQTT), the body as it leaves
the client, the code of the answer, and what a read shows afterwards. client_reads.jsonl has where a client's schema and
real dumps disagree: the dumps win.
"""
import collections
import json
import pathlib
import unittest

from mqtt_talk import AppClient, await_reported
from server import QUOTA, Server, run_tests

HERE = pathlib.Path(__file__).parent
SETS = [json.loads(line) for line in (HERE / "client_sets.jsonl").read_text().splitlines()]
READS = [json.loads(line) for line in (HERE / "client_reads.jsonl").read_text().splitlines()]
TYPES = {"boolean": bool, "number": (int, float)}
NOON = "2026-06-17 12:00"
PANEL_2, DELTA_PRO_3, DELTA_3_MAX = "HD31ZAS4ZFAP0018", "MR51ZAS2PG330026", "D3M1ZA1A9H7H0136"
DELTA_PRO, DELTA_MAX, RIVER_2_PRO = "DCABZ5ZE0000001", "DAEBZ5ZE41A0012", "R621ZEB1XE8S0029"
MICROINVERTER, METER = "BK01ZE1B2H4H0011", "BK21ZE1B2H4H0021"


def is_as(value, wanted):
    """`wanted` is a type by its name, the values that may be, a span, or an object's members; null: it is absent."""
    if isinstance(wanted, str):
        return isinstance(value, TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
    if isinstance(wanted, list):
        return value in wanted and not (isinstance(value, bool) and True not in wanted and False not in wanted)
    if wanted is None:
        return value is None
    if "members" in wanted:
        return isinstance(value, dict) and all(is_as(value.get(each), "number") for each in wanted["members"])
    return is_as(value, "number") and wanted["from"] <= value <= wanted["to"]


class ClientSetsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--demo=all", "--start", NOON, demo=False)
        cls.addClassCleanup(cls.server.stop)
        cls.api = cls.server.api()
        await_reported(cls.server, cls.api, {row["sn"]: 20 for row in SETS})
        cls.app = AppClient(cls.server, cls.api)
        cls.app.__enter__()
        cls.addClassCleanup(cls.app.close)
        for sn in {row["sn"] for row in SETS}:
            cls.app.subscribe(cls.app.topic(sn, "set_reply"))

    def code_of(self, row):
        """The code of the answer; a set over MQTT that is done has a reply, which carries none or 0."""
        body, sn = row["body"], row["sn"]
        if row["door"] == "http":
            return self.api.call("PUT", QUOTA, body={"sn": sn, **body})["code"]
        body = {"id": 1, **body}
        self.app.publish(self.app.topic(sn, "set"), body)
        reply = self.app.reply(self.app.topic(sn, "set_reply"), body["id"])
        return str(reply.get("code", "0"))

    def test_each_set_is_answered_and_read_back(self):
        for number, row in enumerate(SETS):
            with self.subTest(number=number, client=row["client"], body=row["body"]):
                self.assertEqual(self.code_of(row), row["code"])
                if not row["reads"]:
                    continue
                read = self.api.quotas(row["sn"], *row["reads"])
                self.assertEqual(read, row["reads"])
                for name, wanted in row["reads"].items():
                    self.assertIs(type(read[name]), type(wanted), name)

    def test_where_schemas_and_dumps_disagree_the_dumps_win(self):
        for row in READS:
            with self.subTest(client=row["client"], wants=row["wants"]):
                read = self.api.quotas(row["sn"], *row["reads"])
                for name, wanted in row["reads"].items():
                    self.assertTrue(is_as(read.get(name), wanted),
                                    f"{name} is {read.get(name)!r}; dumps: {row['dump']}: {wanted}")

    def test_so_many_forms_are_known_of_each_family(self):
        families = collections.Counter(row["sn"] for row in SETS)
        self.assertEqual(families, COUNTS)
        self.assertEqual({row["sn"] for row in READS}, set(COUNTS))


COUNTS = {PANEL_2: 21, DELTA_PRO_3: 14, DELTA_3_MAX: 13, DELTA_PRO: 13, DELTA_MAX: 9, RIVER_2_PRO: 18,
          MICROINVERTER: 1, METER: 1}


if __name__ == "__main__":
    run_tests()
