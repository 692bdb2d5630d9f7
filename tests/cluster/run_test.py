"""`./run --cluster 3`, from behind the build: a cluster that is there with all that it prints, and ends with it."""
import os
import pathlib
import re
import signal
import subprocess
import unittest
import urllib.request

import paths  # noqa: F401  (finds the modules of the other tests)
import server as servers
from programs import Program, until
from server import run_tests, temporary_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_S = 200  # three nodes with sanitizers, one after the other
END_S = 120


def run(folder, *words, env=None):
    return Program(ROOT / "tools/own_postgres", folder / "database", ROOT / "tools/own_cluster", folder / "nodes", 3,
                   servers.GRIDLOOM, "{database}", *words, env=env)


def processes_of(folder):
    """The command lines of processes that name the folder."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and int(process.parent.name) != os.getpid():
            found.append(line)
    return found


def metrics_of(door):
    with urllib.request.urlopen(f"{door}/metrics", timeout=30) as answer:
        return answer.read().decode()


class RunTest(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.folder.chmod(0o711)  # for root the database is another user's

    def test_it_prints_what_is_there_and_removes_it(self):
        program = run(self.folder)
        self.addCleanup(program.end)
        program.await_line(lambda line: line.startswith("Ctrl-C"), "the cluster", START_S)
        text = "\n".join(program.seen)
        doors = re.findall(r"node \d: +(http://\S+)", text)
        self.assertEqual(len(doors), 3, text)
        for door in doors:
            self.assertIn("gridloom_cluster_slots 8\n", metrics_of(door))
            # A node knows by the others' beats what they serve: a moment later than they do.
            until(f"slots that are all served, as {door} knows", lambda door=door:
                  "gridloom_cluster_slots_unserved 0\n" in metrics_of(door))
            with urllib.request.urlopen(f"{door}/healthz", timeout=30) as answer:
                self.assertEqual(answer.status, 200)
        self.assertRegex(text, r"account: +simulated, access key \S+, secret key \S+")
        self.assertRegex(text, r"dashboard: +http://\S+")
        program.process.send_signal(signal.SIGINT)
        self.assertEqual(program.process.wait(END_S), 0)
        self.assertEqual(processes_of(self.folder), [])

    def test_what_cannot_start_ends_the_rest(self):
        program = run(self.folder, "--cluster-slots", "9999")
        self.addCleanup(program.end)
        program.await_line(lambda line: "--cluster-slots: 9999 is not" in line, "the refusal", START_S)
        self.assertNotEqual(program.process.wait(END_S), 0)
        self.assertEqual(processes_of(self.folder), [])

    def test_without_nats_server_it_says_how_to_install_it(self):
        done = subprocess.run(["/usr/bin/python3", "-c", f"""
import importlib.machinery, importlib.util, shutil, sys
loader = importlib.machinery.SourceFileLoader("own_cluster", "{ROOT}/tools/own_cluster")
spec = importlib.util.spec_from_loader("own_cluster", loader)
module = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
loader.exec_module(module)
shutil.which = lambda *_, **__: None
sys.exit(module.main(["{self.folder}/nodes", "3", "{servers.GRIDLOOM}", "postgres:///none"]))
"""], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install nats-server", done.stderr)


if __name__ == "__main__":
    run_tests()
