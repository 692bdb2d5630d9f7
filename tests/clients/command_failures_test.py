"""Commands where something is wrong: a file that cannot be read, a server that dies or does not
listen, a folder that others work on, a process that may open few files."""
import fcntl
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import unittest

import server
from server import PATIENCE_S, Server, cli, run_tests, temporary_folder, told

NO_DOORS = [word for door in server.DOORS for word in ("--" + door, "127.0.0.1:0")]


def free_port():
    """A port where nothing listens; a socket that is bound to it keeps others away."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held, held.getsockname()[1]


class UnreadableFileTest(unittest.TestCase):
    """Each command that is told a file: of what is none, it says which and why, and ends."""

    COMMANDS = {
        "family check": ("family", "check", "FILE"),
        "home check": ("home", "check", "FILE"),
        "home show": ("home", "show", "FILE"),
        "block show": ("block", "show", "FILE"),
        "segment show": ("segment", "show", "FILE"),
        "simulate": ("simulate", "FILE"),
        "simulate --keys": ("simulate", "--server", "127.0.0.1:1", "--keys", "FILE"),
        "simulate --gateway-key": (
            *("simulate", "--server", "127.0.0.1:1", "--family", "delta_2"),
            *("--gateway", "ann", "--gateway-key", "FILE"),
        ),
        "simulate --tls-ca": (
            *("simulate", "--server", "127.0.0.1:1", "--keys", "KEYS", "--tls-ca", "FILE"),
        ),
        "replay": ("replay", "--server", "127.0.0.1:1", "--keys", "KEYS", "FILE"),
        "bench http --key": ("bench", "http", "--to", "127.0.0.1:1", "--key", "FILE"),
        "bench mqtt --devices": ("bench", "mqtt", "--to", "127.0.0.1:1", "--devices", "FILE"),
        "bench mqtt --payload": ("bench", "mqtt", "--to", "127.0.0.1:1", "--payload", "FILE"),
        "bench mqtt --call-counts": (
            *("bench", "mqtt", "--to", "127.0.0.1:1", "--call-counts", "FILE"),
        ),
        "bench set --devices": (
            *("bench", "set", "--to", "127.0.0.1:1", "--mqtt", "127.0.0.1:1", "--key", "KEYS"),
            *("--body", "{}", "--devices", "FILE"),
        ),
        "account add": ("account", "add", "ann", "--secret-key-file", "FILE", "--data", "DATA"),
        "serve": ("--config", "FILE", "serve", "--data", "DATA", *NO_DOORS),
    }
    # The files of a folder of scenarios are played.
    OTHERWISE = {("simulate", "a folder")}

    def setUp(self):
        self.folder = temporary_folder()
        (self.folder / "empty").mkdir()
        (self.folder / "binary").write_bytes(b"\0\xff\x1b[31m" * 3000)
        (self.folder / "keys").write_text("R331X key\n")
        (self.folder / "secret").write_text("x")
        (self.folder / "secret").chmod(0)
        self.files = {
            "a folder": self.folder / "empty",
            "missing": self.folder / "none",
            "endless": pathlib.Path("/dev/zero"),
            "binary": self.folder / "binary",
        }
        if os.geteuid() != 0:
            self.files["forbidden"] = self.folder / "secret"

    def test_what_cannot_be_read_is_named(self):
        for name, words in self.COMMANDS.items():
            for kind, file in self.files.items():
                if (name, kind) in self.OTHERWISE:
                    continue
                places = {"FILE": file, "KEYS": self.folder / "keys", "DATA": self.folder / "data"}
                with self.subTest(command=name, file=kind):
                    done = cli(*(places.get(word, word) for word in words))
                    self.assertGreater(done.returncode, 0, "an error, and no signal")
                    self.assertLess(done.returncode, 128)
                    said = done.stderr + done.stdout
                    self.assertNotIn("terminate", said)
                    if kind != "binary" and name != "serve":
                        self.assertIn(f"{file}: cannot be read: ", said)
                    self.assertTrue(said.strip())

    def test_a_device_file_in_a_folder_is_read_as_carefully(self):
        (self.folder / "empty" / "mine.yaml").symlink_to("/dev/zero")
        done = cli("family", "list", "--devices", self.folder / "empty")
        self.assertEqual(done.returncode, 1)
        self.assertIn("mine.yaml: cannot be read: more than", done.stderr)

    def test_a_secret_key_is_one_line_of_standard_input(self):
        keys = ("--access-key", "A" * 32, "--secret-key-file", "-")
        done = cli("account", "add", "ann", *keys, data=self.folder / "data", stdin="s" * 32 + "\n")
        self.assertEqual(told(done)["accessKey"], "A" * 32)
        self.assertNotIn("s" * 32, done.stdout + done.stderr, "who gave it knows it")


class NoServerTest(unittest.TestCase):
    def test_virtual_devices_say_at_once_that_nobody_listens(self):
        held, port = free_port()
        keys = temporary_folder() / "keys"
        keys.write_text("R331ZEB4ZEAL0528 key\n")
        with held:
            done = cli("simulate", "--server", f"127.0.0.1:{port}", "--keys", keys, "--for", "1h")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{port}: Connection refused", done.stderr)

    def test_the_time_is_that_of_a_running_server(self):
        data = temporary_folder() / "home"
        told(cli("account", "add", "ann", data=data))
        for words in (("time",), ("time", "step", "1h"), ("time", "pause")):
            done = cli(*words, data=data)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("only a running server has a time, and none runs", done.stderr)


    def test_a_cluster_is_that_of_a_running_node(self):
        data = temporary_folder() / "home"
        told(cli("account", "add", "ann", data=data))
        for verb in ("status", "drain"):
            done = cli("cluster", verb, data=data)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("only a running node knows its cluster, and none runs", done.stderr)
        with open(data / "lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as a server that starts, which does not wait for a program that watches
            done = cli("cluster", "status", data=data)
            self.assertIn("only a running node knows its cluster, and none runs", done.stderr)
        with Server(demo=False) as server:
            for verb in ("status", "drain"):
                done = cli("cluster", verb, data=server.data)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("start it with --cluster nats://HOST:PORT and --database", done.stderr)


class DyingServerTest(unittest.TestCase):
    """A server that takes a request and ends: here, a socket that stands in for one."""

    def setUp(self):
        self.data = temporary_folder() / "home"
        told(cli("account", "add", "ann", data=self.data))
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.listener.bind(str(self.data / "admin.sock"))
        self.listener.listen()

    def answered_with(self, answer, *words):
        def serve():
            line, _ = self.listener.accept()
            with line:
                # A request ends with its line, or with all that is said.
                while (piece := line.recv(65536)) and not piece.endswith(b"\n"):
                    pass
                line.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        done = cli(*words, data=self.data)
        thread.join(PATIENCE_S)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_a_change_without_an_answer_may_or_may_not_be_made(self):
        for words, check in (
            (("account", "add", "ben"), "gridloom account list"),
            (("account", "rotate", "ann"), "gridloom account list"),
            (("device", "add", "SN1", "--owner", "ann"), "gridloom device list"),
            (("time", "pause"), "gridloom time"),
            (("fault", "on", "flaky"), "gridloom fault list"),
        ):
            for answer in (b"", b'{"ok":{"na'):
                with self.subTest(words=words, answer=answer):
                    said = self.answered_with(answer, *words)
                    self.assertIn("the server ended before it answered", said)
                    self.assertIn("the change may or may not have been made", said)
                    self.assertIn(check, said)

    def test_a_question_without_an_answer_changes_nothing(self):
        for words in (("account", "list"), ("audit",), ("time",)):
            said = self.answered_with(b"", *words)
            self.assertIn("the server ended before it answered", said)
            self.assertNotIn("may or may not", said)

    def test_a_recording_that_is_not_begun_says_so(self):
        said = self.answered_with(b"", "record", "--out", self.data.parent / "a.loom")
        self.assertIn("the server ended before it answered", said)


class SharedFolderTest(unittest.TestCase):
    def test_commands_beside_each_other_wait_for_each_other(self):
        data = temporary_folder() / "home"
        told(cli("account", "add", "first", data=data))
        done = {}

        def add(name):
            done[name] = cli("account", "add", name, data=data)

        threads = [threading.Thread(target=add, args=(f"acc{i}",)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name, each in done.items():
            self.assertEqual(each.returncode, 0, each.stderr)
            self.assertEqual(told(each)["name"], name)
        self.assertEqual(len(cli("account", "list", "--json", data=data).stdout.splitlines()), 4)


class EndingTest(unittest.TestCase):
    def test_the_end_of_its_terminal_ends_a_server_cleanly(self):
        running = Server()
        running.process.send_signal(signal.SIGHUP)
        self.assertEqual(running.process.wait(PATIENCE_S), 0)
        self.assertFalse((running.data / "ready.json").exists())
        entries = cli("audit", "--json", data=running.data).stdout
        self.assertIn('"what":"stop"', entries)

    def test_under_nohup_it_goes_on(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which its child has from us
        try:
            running = Server()
        finally:
            signal.signal(signal.SIGHUP, before)
        running.process.send_signal(signal.SIGHUP)
        running.add_account("ann")  # it answers after the signal
        running.stop()

    def test_ready_json_is_of_the_process_that_it_names(self):
        running = Server(demo=False)
        self.assertEqual(running.facts["pid"], running.process.pid)
        running.process.kill()
        running.process.wait(PATIENCE_S)
        self.assertTrue((running.data / "ready.json").exists(), "nobody was there to remove it")
        done = cli("serve", "--limit", "no.such=1", data=running.data)
        self.assertEqual(done.returncode, 2)
        self.assertFalse((running.data / "ready.json").exists(), "gone before all else")


class FewFilesTest(unittest.TestCase):
    """A process that may open few files: each listener keeps its share, or it does not start."""

    def limited(self, files):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        return limit

    def test_too_few_are_refused_at_the_start(self):
        data = temporary_folder() / "home"
        done = subprocess.run(
            [server.GRIDLOOM, "serve", "--data", str(data), *NO_DOORS],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            preexec_fn=self.limited(64),
        )
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"may open 64 files: the server needs at least \d+")

    def test_a_crowd_at_one_listener_leaves_the_others_their_share(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        folder = temporary_folder()
        wrapper = folder / "gridloom"
        wrapper.write_text(f'#!/bin/sh\nulimit -n 256\nexec "{server.GRIDLOOM}" "$@"\n')
        wrapper.chmod(0o700)
        real, server.GRIDLOOM = server.GRIDLOOM, str(wrapper)
        try:
            running = Server("--threads", "2")
        finally:
            server.GRIDLOOM = real
        self.assertGreater(hard if hard > 0 else 4096, 600, "this test needs files of its own")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 600), hard))
        with running:
            crowd = [socket.create_connection(running.place("mqtt"), PATIENCE_S) for _ in range(300)]
            self.assertTrue(running.api().devices())
            self.assertTrue(running.api(door="https").devices())
            told(running.cli("backup", folder / "backup"))
            for line in crowd:
                line.close()


if __name__ == "__main__":
    run_tests()
