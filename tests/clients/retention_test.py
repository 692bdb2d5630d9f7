"""A device that was removed leaves nothing behind, whether a server ran or not."""
import contextlib
import select
import sqlite3
import unittest

from mqtt_talk import DeviceClient
from server import Deadline, Server, cli, run_tests, told

SNS = ("R331TEST0000001", "R331TEST0000002", "R331TEST0000003")


def stored(data):
    """How many devices there is anything of, in each table."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/history.db?mode=ro", uri=True)) as store:
        return {
            table: store.execute(f"SELECT count(DISTINCT device) FROM {table}").fetchone()[0]
            for table in ("block", "twin")
        }


def await_stored(data, count):
    """Nothing tells when a commit can be seen: this looks again and again."""
    deadline = Deadline(f"{count} devices in history")
    while set(stored(data).values()) != {count}:
        deadline.left_s()
        select.select([], [], [], 0.02)


class RetentionTest(unittest.TestCase):
    def test_removed_devices(self):
        server = Server(demo=False)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        server.add_account("anna")
        for sn in SNS:
            with DeviceClient(server, sn, server.add_device(sn, "anna")) as device:
                device.publish(device.topic("quota"), {"params": {"pd.soc": 50}})
        server.restart()  # which stores what there is
        await_stored(server.data, 3)
        told(server.cli("device", "remove", SNS[0]))
        await_stored(server.data, 2)
        server.stop()
        told(cli("device", "remove", SNS[1], data=server.data))
        server.start_again()
        await_stored(server.data, 1)
        server.restart()
        self.assertEqual(stored(server.data), {"block": 1, "twin": 1})


if __name__ == "__main__":
    run_tests()
