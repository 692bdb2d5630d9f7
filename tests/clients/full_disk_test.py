"""A server whose disk is full, or out of inodes: it starts, reads work, each set is refused with the reason, what
frees room works, and all goes on by itself once there is room.

The disk is a small tmpfs in a mount namespace of the test's own, so the test has to run as root.
"""
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import unittest

import small_disk
from mqtt_talk import DeviceClient, await_reported
from programs import until
from server import DELTA_2, DOORS, PATIENCE_S, Deadline, Server, run_tests, temporary_folder, told
import server as server_module

SET = {"moduleType": 5, "operateType": "quietMode", "params": {"enabled": 1}}
MEGABYTE = 1024 * 1024


def append_to(log, stream):
    with stream, open(log, "ab", buffering=0) as file:
        shutil.copyfileobj(stream, file)


class FullDiskTest(unittest.TestCase):
    def disk(self, *options):
        """A data folder that is a small disk of its own."""
        if not small_disk.are_possible():
            self.skipTest("this machine lets nobody mount a small disk: run the test as root")
        folder = temporary_folder() / "data"
        folder.mkdir()
        small_disk.mount(folder, *options)
        self.addCleanup(small_disk.unmount, folder)
        return folder

    def server(self, disk, *flags, demo=True):
        server = Server(*flags, data=disk, demo=demo)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def fill(self, disk, name="filler"):
        """Takes all room that there is."""
        small_disk.fill(disk / name)

    def take_inodes(self, disk):
        folder = disk / "many"
        folder.mkdir()
        try:
            for number in range(100_000):
                (folder / str(number)).touch()
        except OSError as error:
            self.assertEqual(os.strerror(error.errno), "No space left on device")
        return folder

    def health(self, server):
        line = http.client.HTTPConnection(*server.place("http"), timeout=PATIENCE_S)
        try:
            line.request("GET", "/healthz")
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def await_health(self, server, status, naming=""):
        """The server looks at its disk when it has something to write: its virtual devices report.

        Log, history and sessions write at times of their own, so any of them may be the first that fails."""
        deadline = Deadline(f"/healthz to be {status} {naming}")
        while (seen := self.health(server))[0] != status or naming not in seen[1] | {"": None}:
            deadline.left_s()
        return seen[1]

    def assert_reads_work_and_sets_say_why(self, server):
        health = self.await_health(server, 503, naming="log")
        self.assertIn("No space left on device", health["log"])
        api = server.api()
        self.assertIn(DELTA_2, api.devices())
        self.assertTrue(api.quota_all(DELTA_2))
        listed = server.cli("device", "list", "--json")
        self.assertIn("online", listed.stdout, listed.stderr)
        said_before = server.log.read_text()
        for _ in range(30):
            answer = api.set(DELTA_2, **SET)
            self.assertEqual(answer["code"], "1000")
            self.assertEqual(answer["message"], "Server error: the set is refused, because it cannot be recorded: "
                                                "No space left on device")
        lines = server.log.read_text().removeprefix(said_before).splitlines()
        self.assertLessEqual(sum("[error]" in line for line in lines), 1, lines)

    def start_without_ready_file(self, server):
        command = list(server.command)
        for door in DOORS:
            command[command.index("--" + door) + 1] = f"127.0.0.1:{server.place(door)[1]}"
        server.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.PIPE)
        said = b""
        with open(server.log, "ab") as log:
            while b"ready: HTTP" not in said:
                said = server.process.stderr.readline()
                self.assertTrue(said, f"the server ended: {server.log_text()}")
                log.write(said)
        drain = threading.Thread(target=append_to, args=(server.log, server.process.stderr))
        drain.start()
        self.addCleanup(drain.join)

    def assert_all_goes_on(self, server):
        self.await_health(server, 200)
        until("a device that is online", lambda: server.api().devices()[DELTA_2]["online"])
        self.assertEqual(server.api().set(DELTA_2, **SET)["code"], "0")
        told(server.cli("account", "add", f"new{random.randrange(10**6)}"))

    def test_a_running_server_goes_on_when_there_is_room(self):
        disk = self.disk("size=96m")
        server = self.server(disk)
        self.fill(disk)
        self.assert_reads_work_and_sets_say_why(server)
        refused = server.cli("account", "add", "anna")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("No space left on device", refused.stderr)
        (disk / "filler").unlink()
        self.assert_all_goes_on(server)

    def test_it_starts_on_a_full_disk(self):
        disk = self.disk("size=96m")
        server = self.server(disk)
        await_reported(server, server.api(), {DELTA_2: 1})
        server.api().set(DELTA_2, **SET)  # kept, so the report before it is
        for how in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(how=how):
                server.end(how)
                self.fill(disk)
                server.start_again()
                self.fill(disk)  # what the reserve had
                self.assert_reads_work_and_sets_say_why(server)
                # Once more without a reserve, so that there is no room for ready.json either.
                server.end(signal.SIGKILL)
                self.fill(disk)
                self.start_without_ready_file(server)
                self.assert_reads_work_and_sets_say_why(server)
                (disk / "filler").unlink()
                self.assert_all_goes_on(server)
                server.restart()  # makes the reserve again
                self.assertTrue((server.data / "reserve").is_dir())

    def test_a_start_that_cannot_write_ready_json_fails(self):
        data = temporary_folder() / "data"
        (data / "ready.json/in the way").mkdir(parents=True)
        why = self.refusal(data)
        self.assertIn(f"cannot make {data}/ready.json", why)
        self.assertFalse((data / "ready.json.new").exists())

    def refusal(self, data):
        command = [server_module.GRIDLOOM, "serve", "--data", data, "--demo"]
        for door in DOORS:
            command += ["--" + door, "127.0.0.1:0"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, cwd=data.parent)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        return ended.stderr

    def test_a_first_start_says_why_it_is_refused(self):
        for take, options in ((self.fill, ("size=16m",)), (self.take_inodes, ("size=96m", "nr_inodes=200"))):
            with self.subTest(options=options):
                disk = self.disk(*options)
                taken = take(disk) or disk / "filler"
                why = self.refusal(disk)
                self.assertRegex(why, "No space left on device|disk is full")
                self.assertIn("make room on the disk of the data folder and start again", why)
                subprocess.run(["rm", "-r", taken], check=True)
                self.server(disk).stop()

    def test_it_starts_without_inodes(self):
        disk = self.disk("size=96m", "nr_inodes=2000")
        server = self.server(disk)
        server.end(signal.SIGKILL)
        many = self.take_inodes(disk)
        server.start_again()
        self.assertIn(DELTA_2, server.api().devices())
        subprocess.run(["rm", "-r", many], check=True)
        self.assert_all_goes_on(server)

    def test_what_the_advice_names_frees_room(self):
        disk = self.disk("size=96m")
        server = self.server(disk, demo=False)
        server.add_account("anna")
        with DeviceClient(server, "HEAVY-01", server.add_device("HEAVY-01", "anna")) as device:
            for _ in range(400):
                text = random.randbytes(15_000).hex()
                device.publish(device.topic("quota"), {"params": {"text": text}})
        server.restart()  # which stores it
        stored = (server.data / "history.db").stat().st_size
        self.assertGreater(stored, 4 * MEGABYTE)
        self.fill(disk)
        self.assertEqual(server.cli("device", "remove", "HEAVY-01").returncode, 0)
        deadline = Deadline("history.db to be smaller", 150)  # a check after the start may be in the way for a minute
        while (server.data / "history.db").stat().st_size > stored // 2:
            self.health(server)
            deadline.left_s()
        self.await_health(server, 200)


if __name__ == "__main__":
    small_disk.enter_namespace()
    run_tests()
