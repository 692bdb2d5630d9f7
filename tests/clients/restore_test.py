"""Restores that are killed wherever they are, and restores of backups that were damaged."""
import fcntl
import os
import shutil
import subprocess
import unittest

import server as home
from mqtt_talk import DeviceClient
from server import Server, cli, run_tests, temporary_folder, told
from traced import run_until

SN = "R331TEST0000001"
LAST_STEPS = 6  # of a restore: it gets its place


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class RestoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = Server(demo=False)
        try:
            server.add_account("anna")
            key = server.add_device(SN, "anna")
            with DeviceClient(server, SN, key) as device:
                for count in range(20):
                    device.publish(device.topic("quota"), {"params": {"count": count}})
        finally:
            server.stop()
        cls.backup = temporary_folder() / "backup"
        told(cli("backup", cls.backup, data=server.data))
        cls.good = contents(cls.backup)
        del cls.good["backup.json"]

    def is_whole(self, data):
        return data.is_dir() and contents(data) == self.good

    def points(self, command, folder):
        """Numbers of the system calls behind which there is another file or folder than before, or
        one less: between two of them a restore that is killed leaves the same names."""
        seen, points = [], []

        def look(number):
            names = sorted(str(path) for path in folder.rglob("*"))
            if names != seen:
                seen[:] = names
                points.append(number)

        status, _ = run_until(command, look=look)
        self.assertEqual(status, 0)
        self.assertGreater(len(points), len(self.good))
        return points

    def restore(self, data):
        return [home.GRIDLOOM, "restore", self.backup, "--data", data]

    def kill_everywhere(self, make_empty):
        parent = temporary_folder()
        data = parent / "data"

        def begin():
            for left in parent.iterdir():
                shutil.rmtree(left)
            if make_empty:
                data.mkdir()

        points = self.points(self.restore(parent / "counted" / "data"), parent)
        if make_empty:  # it differs from a folder that is not there in its last steps only
            points = points[: -2 * LAST_STEPS : 4] + points[-2 * LAST_STEPS :]
        ends = {"whole": 0, "nothing": 0}
        for point in points:
            with self.subTest(point=point):
                begin()
                run_until(self.restore(data), stop_at=point)
                whole = self.is_whole(data)
                ends["whole" if whole else "nothing"] += 1
                if not whole:
                    self.assertEqual(data.is_dir(), make_empty)
                    self.assertEqual(contents(data), {})
                    if (parent / "data.restoring").exists():
                        refused = cli("account", "add", "ben", data=data)
                        self.assertEqual(refused.returncode, 1)
                        self.assertIn("has not ended", refused.stderr)
                again = cli("restore", self.backup, data=data)
                self.assertEqual(again.returncode, 1 if whole else 0, again.stderr)
                self.assertTrue(self.is_whole(data))
                self.assertEqual(os.listdir(parent), ["data"], "nothing is left")
        self.assertGreater(ends["whole"], 0)
        self.assertGreater(ends["nothing"], 3)
        self.assertIn(SN, cli("device", "list", data=data).stdout)

    def test_killed_anywhere_there_is_nothing_or_all(self):
        self.kill_everywhere(make_empty=False)

    def test_an_empty_folder_stays_empty_or_has_all(self):
        self.kill_everywhere(make_empty=True)

    def test_into_a_mount_point(self):
        """Which nothing can take the place of: it is not used before all is in it."""
        data = temporary_folder() / "data"
        data.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", data], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("this machine lets nobody mount a disk")
        self.addCleanup(lambda: subprocess.run(["umount", data], check=True))
        points = self.points(self.restore(data), data)
        self.assertTrue(self.is_whole(data))
        for point in points[: -3 * LAST_STEPS : 4] + points[-3 * LAST_STEPS :]:
            with self.subTest(point=point):
                for left in data.iterdir():
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                run_until(self.restore(data), stop_at=point)
                if (data / "restoring").exists():
                    refused = cli("account", "list", data=data)
                    self.assertEqual(refused.returncode, 1)
                    self.assertIn("has not ended", refused.stderr)
                else:
                    self.assertTrue(self.is_whole(data) or not any(data.iterdir()))
                cli("restore", self.backup, data=data)
                self.assertTrue(self.is_whole(data))
        self.assertEqual(os.listdir(data.parent), ["data"])

    def test_a_flipped_bit_in_any_file_of_the_backup(self):
        for name, good in [*self.good.items(), ("backup.json", None)]:
            file = self.backup / name
            good = good if good is not None else file.read_bytes()
            for at in sorted({0, len(good) // 2, len(good) - 1} if good else ()):
                with self.subTest(file=name, at=at):
                    file.write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
                    self.addCleanup(file.write_bytes, good)
                    parent = temporary_folder()
                    refused = cli("restore", self.backup, data=parent / "data")
                    self.assertEqual(refused.returncode, 1)
                    self.assertIn(f"{self.backup} is not a complete backup: {name} is", refused.stderr)
                    self.assertEqual(os.listdir(parent), [], "nothing is made of it")
            file.write_bytes(good)
        told(cli("restore", self.backup, data=temporary_folder() / "data"))

    def test_a_backup_of_an_earlier_version_has_no_hashes(self):
        old = temporary_folder() / "old"
        shutil.copytree(self.backup, old)
        files = ",".join(
            f'{{"name":"{name}","bytes":{len(good)}}}' for name, good in self.good.items()
        )
        (old / "backup.json").write_text(
            '{"what":"backup of a Gridloom data folder","at":1700000000000,"time":"then",'
            f'"of":"/data","files":[{files}]}}\n'
        )
        data = temporary_folder() / "data"
        result = cli("restore", old, data=data)
        self.assertIn("no hashes", result.stderr)
        told(result)
        self.assertTrue(self.is_whole(data))

    def test_two_at_once_and_folders_of_others(self):
        parent = temporary_folder()
        staging = parent / "data.restoring"
        staging.mkdir()
        held = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = cli("restore", self.backup, data=parent / "data")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("another restore into", refused.stderr)
        fcntl.flock(held, fcntl.LOCK_UN)
        (staging / "mine").write_text("mine")
        refused = cli("restore", self.backup, data=parent / "data")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("was not left behind by a restore", refused.stderr)
        self.assertEqual(contents(parent), {"data.restoring/mine": b"mine"})

    def test_beside_a_link_and_with_a_slash(self):
        parent = temporary_folder()
        (parent / "disk" / "home").mkdir(parents=True)
        (parent / "data").symlink_to("disk/home")
        told(cli("restore", self.backup, data=f"{parent}/data/"))
        self.assertTrue((parent / "data").is_symlink())
        self.assertTrue(self.is_whole(parent / "disk" / "home"))
        self.assertEqual(os.listdir(parent / "disk"), ["home"])


if __name__ == "__main__":
    run_tests()
