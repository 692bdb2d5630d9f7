"""Every command in a `sh` block of the README and the user's guide works as it is printed, and every command with a
prompt in a `console` block prints what stands below it: the lines of the sample are lines of the output, in their
order, whatever the numbers in them are. `...` in a sample is anything within a line, and alone on a line any lines.

All blocks of a page run in order in one shell, in a scratch folder, against a fresh server with the demo home whose data
folder is ./data. What a reader has to fill in (keys, a serial number) and where things are on this machine (ports, /mnt)
is replaced by REPLACED and the page's own rows; `gridloom serve` runs until it is ready. SKIPPED has the blocks that
cannot run here, with the reason; each row must be needed.
"""
import contextlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import unittest

import server as servers
from postgres import Postgres
from server import DELTA_2, Server, run_tests, temporary_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/user").glob("*.md")), *sorted((ROOT / "docs/operate").glob("*.md"))]
PATIENCE_S = 600  # of a page, in a sanitized build on a machine that is busy with other things

# (page, first words of the block): why it does not run.
SKIPPED = {
    ("README.md", "./run "): "builds and tests everything: minutes; both have tests of their own",
    ("be-the-meter.md", "curl -i http://192.168.1.20"): "needs that address; meter_test.py asks the same",
    ("be-the-meter.md", "gridloom bridge add meter stream"): "needs those addresses; meter_test.py shares a house",
    ("damage.md", "gridloom device purge 7 8"): "needs a registry that was lost, which damage_test.py makes",
    ("install.md", "apt install"): "changes the machine; tests/package/deb_test.py installs the package",
    ("install.md", "systemctl"): "needs systemd",
    ("install.md", "tar xzf"): "needs the archive; tests/package/portable_test.py unpacks it",
    ("install.md", "podman"): "needs podman; tests/package/oci_test.py unpacks the image",
    ("terminal.md", "cmake --install"): "needs the build; client_package_test.py installs the package",
    ("year.md", "./run"): "lives a year; year_test.py lives a month",
    ("scale.md", "nats stream edit"): "needs NATS' client, which Debian does not have",
    ("scale.md", "gridloom serve --data"): "needs NATS; tests/cluster/guide_test.py begins a cluster by it",
    ("scale.md", "gridloom cluster status"): "needs a cluster, as tests/cluster/guide_test.py has one",
    ("scale.md", "gridloom cluster drain"): "needs a cluster",
    ("scale.md", "cd /usr/share/gridloom/cluster"): "needs systemd; tests/package/cluster_test.py has the unit verified",
    ("scale.md", "kubectl"): "needs Kubernetes; tests/kubernetes checks the manifests",
    ("scale.md", "apt install"): "changes the machine; tests/package/deb_test.py upgrades the package",
    ("emulator.md", "gridloom simulate --server iot.example.org"): "needs a server elsewhere",
    ("gateways.md", "my-reader"): "needs a device of another protocol; gateway_test.py runs the example",
}

# Pages whose samples are not those of the commands that run here, and why.
NOT_COMPARED = {"record.md": "its recording is of two seconds, and is not ended by Ctrl-C",
                "time.md": "its steps are of minutes, where the page has a week"}

# In every page.
REPLACED = [
    ("/var/lib/gridloom-new", "new"),
    ("/var/lib/gridloom", "data"),
    ("/mnt/usb", "usb"),
    ("./run ", "gridloom serve --demo "),
    ("build/release/gridloom", "gridloom"),
    ("-p 8883", "-p {mqtts}"),
    ("127.0.0.1:8080", "127.0.0.1:{http}"),
]

# What is filled in on a page, and what is there before its first command.
FILLED = {
    "README.md": [
        ("AK=...; SK=...", "AK={ak}; SK={sk}"),
        ("ACCOUNT=open-...; PASSWORD=...", "ACCOUNT={account}; PASSWORD={password}"),
    ],
    "accounts-and-devices.md": [
        ("gridloom account keys anna  ", "KEY=$(gridloom account keys anna | sed -n 's/^accessKey: //p')  "),
        ("AK...", '"$KEY"'),
    ],
    "record.md": [("--out home.loom", "--out home.loom --for 2s"),
                  ("replay home.loom --data replayed", "replay home.loom --data {replayed}")],
    "time.md": [("step 7d --data week", "step 10m --data {data}"), ("time --data week", "time --data {data}"),
                ("--step 6h --format spark --data week", "--step 6h --format spark --data {data}"), ("--until +7d", "--until +1h"),
                ("--past 90d", "--past 1h")],
    # As the page has them, but fewer: this is no test of what a machine can do.
    "emulator.md": [("delta_2=500,power_stream=200            # until Ctrl-C", "delta_2=5,power_stream=2 --for 2s"),
                    ("power_stream=50000 --connections 1000 --for 5m",
                     "power_stream=50 --connections 10 --for 2s"),
                    ("delta_2=100,power_stream=100", "delta_2=10,power_stream=10")],
    "damage.md": [("remove SN", f"remove {DELTA_2}")],
    "getting-started.md": [("./run\n", "")],  # the page's server has a demo home
    **{page: [("127.0.0.1:5432", "127.0.0.1:{pg}")] for page in ("postgres.md", "migrate.md")},
    # Debian has NATS among the programs of root.
    "scale.md": [("tools/capacity", f"{ROOT}/tools/capacity"), ("/etc/nats/", ""),
                 ("nats-server -t", 'PATH="$PATH:/usr/sbin" nats-server -t')],
    "history.md": [("history SN", f"history {DELTA_2}")],
    "mqtt.md": [
        ("gridloom device add HEATER-01 --owner demo  ",
         "DEVICE_KEY=$(gridloom device add HEATER-01 --owner demo | sed -n 's/^deviceKey: //p')  "),
    ],
}
BEFORE = {
    "accounts-and-devices.md": "gridloom account add ben >/dev/null; head -c 24 /dev/urandom | base64 >secret.txt",
    "backup.md": "mkdir usb",
    "check.md": "mkdir usb; gridloom backup usb/gridloom-2026-11-20 >/dev/null",
    # Until the device that is recorded has reported.
    "device-families.md": "gridloom wait kitchen 'soc >= 0' --timeout 1m",
    "mqtt.md": "ACCOUNT={account}; PASSWORD={password}",
    "postgres.md": "ADMIN='{admin}'",
    # NATS reads its certificates when it checks a configuration.
    "scale.md": "ADMIN='{admin}'; openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=nats-1 -keyout server.key "
                "-out server.pem 2>openssl.log; cp server.pem ca.pem",
    "migrate.md": "psql -q '{admin}' -c \"CREATE ROLE gridloom LOGIN PASSWORD 'choose-one'\" "
                  "-c 'CREATE DATABASE gridloom OWNER gridloom'; (umask 077; echo choose-one >db-password); "
                  "gridloom account add ann --data node >/dev/null",
    # Until the home of the samples has reported, and for some seconds more: one report has no energy yet.
    "terminal.md": "gridloom wait 'home battery' 'soc >= 0' --timeout 1m; "
                   "gridloom wait annexe 'soc >= 0' --timeout 1m; gridloom wait bedroom 'soc >= 0' --timeout 1m; "
                   "gridloom wait kitchen 'soc >= 0' --timeout 1m; gridloom time step 10s; gridloom time resume",
    "scenarios.md": f"mkdir -p tests my-scenarios; cp -r {ROOT}/tests/scenario tests; "
                    f"cp {ROOT}/docs/examples/ci/outage.loom my-scenarios",
}

# Starts a server, and ends it as Ctrl-C does when it is ready. Its doors are free ports, and its folder is its own if
# the page names none, because the page's server is in ./data.
SERVE = """#!{python}
import pathlib, sys
words = sys.argv[1:]
if words[:1] != ["serve"]:
    import os
    os.execv({gridloom!r}, [{gridloom!r}, *words])
kept, data = [], None
while words:
    word = words.pop(0)
    if word == "--data":
        data = words.pop(0)
    elif word in ("--http", "--https", "--mqtt", "--mqtts"):
        words.pop(0)
    else:
        kept.append(word)
data = pathlib.Path("serve" if data in (None, "data") else data)
doors = [w for door in ("http", "https", "mqtt", "mqtts") for w in ("--" + door, "127.0.0.1:0")]
data.mkdir(mode=0o700, parents=True, exist_ok=True)
sys.path.insert(0, {tests!r})
from server import start_server
with open("serve.log", "w") as log:
    server = start_server([{gridloom!r}, *kept, "--data", data, *doors], data, stdout=log, stderr=log)
server.terminate()
code = server.wait()
print(open("serve.log").read() if code else "served", data)
sys.exit(code)
"""
# Listens for a message instead of for ever.
SUBSCRIBE = '#!/bin/sh\nexec {program} -C 1 -W 20 "$@"\n'


def blocks(page):
    """(line, text) of each `sh` block."""
    text = page.read_text()
    for found in re.finditer(r"^```(?:sh|bash|console|shell)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield text[: found.start()].count("\n") + 1, found.group(1)


def commands_of(block):
    """The commands of a block; of one with prompts, without what they printed."""
    lines = block.splitlines()
    if not any(line.startswith("$ ") for line in lines):
        return block
    return "\n".join(line[2:] for line in lines if line.startswith("$ ")) + "\n"


def masked(line):
    """A line without what differs each time: numbers, bars, arrows, what is not measured, and blanks."""
    line = re.sub(r"[█░▲▼]+", " ", line)
    line = re.sub(r"\b20\d\d-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", "#", line)
    line = re.sub(r"(?<![\w.])-?\d+(\.\d+)?(?![\w.]*[A-Za-z_]\w{2})", "#", line)
    line = re.sub(r"(?<!\S)[-#](?: (?:W|%|kWh))?(?!\S)", "#", line)
    return " ".join(line.split())


def samples(block):
    """(command, lines below it) of a block with prompts."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return [(command, lines) for command, lines in found if any(line.strip() for line in lines)]


def missing_line(wanted, printed):
    """The first line of a sample that is not in what was printed, behind the one before; None: all are."""
    rest = [masked(line) for line in printed.splitlines()]
    for line in wanted:
        if not line.strip() or line.strip() == "...":
            continue
        pattern = re.compile(".*".join(map(re.escape, masked(line).split("..."))))
        at = next((i for i, each in enumerate(rest) if pattern.fullmatch(each)), None)
        if at is None:
            return line
        rest = rest[at + 1:]
    return None


class SamplesTest(unittest.TestCase):
    def test_a_sample_is_compared_without_its_numbers(self):
        printed = "SN   CHARGE  SUN\nR331  ███░░  61 % ▲   75 W\nHW51  -  -\nover\n"
        self.assertIsNone(missing_line(["SN  CHARGE  SUN", "R331  █░░░░  5 %  -3.5 W", "...", "over"], printed))
        self.assertIsNone(missing_line(["R331 ..."], printed))
        self.assertEqual(missing_line(["SN  LOAD"], printed), "SN  LOAD")
        self.assertEqual(missing_line(["over", "R331 ..."], printed), "R331 ...", "the order counts")
        self.assertEqual(missing_line(["R332  █░░░░  5 %  3 W"], printed), "R332  █░░░░  5 %  3 W")
        self.assertEqual(samples("$ a\n1\n2\n$ b\n$ c\n3\n"), [("a", ["1", "2"]), ("c", ["3"])])


class TablesTest(unittest.TestCase):
    def test_each_row_is_of_a_page(self):
        pages = {page.name for page in PAGES}
        self.assertEqual(len(pages), len(PAGES), "a page is known by its name")
        self.assertLessEqual({*(name for name, _ in SKIPPED), *NOT_COMPARED, *FILLED, *BEFORE}, pages)


class PagesTest(unittest.TestCase):
    """test_PAGE of each page that has commands: they share nothing, so each may run beside the others."""

    def check_page(self, page):
        commands = [(line, commands_of(text)) for line, text in blocks(page)]
        begins = {begin: why for (name, begin), why in SKIPPED.items() if name == page.name}
        for begin, why in begins.items():
            with self.subTest(begin=begin):
                self.assertTrue(why)
                self.assertTrue(any(text.startswith(begin) for _, text in commands))
        wanted = [(line, text) for line, text in commands if not text.startswith(tuple(begins))]
        if wanted:
            self.run_page(page.name, wanted)

    def run_page(self, name, wanted):
        folder = temporary_folder()
        self.make_programs(folder / "bin")
        with contextlib.ExitStack() as servers_of_page:
            server = servers_of_page.enter_context(Server("--start", "-1h", data=folder / "data"))
            places = {"data": str(server.data)}
            if name in ("postgres.md", "migrate.md", "scale.md"):
                database = servers_of_page.enter_context(Postgres())
                places["admin"], places["pg"] = database.admin_url(), str(database.port)
            if name == "record.md":
                places["replayed"] = str(servers_of_page.enter_context(Server(demo=False)).data)
            script = self.script(name, wanted, server, places)
            done = subprocess.run(
                ["bash", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, check=False,
                env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "EDITOR": "true",
                     "HOME": str(folder)})
        self.assertEqual(done.returncode, 0, done.stdout[-3000:])
        self.assertNotRegex(done.stdout, r'"code":"[1-9]', "an answer that refuses")
        self.check_samples(name, done.stdout)

    def check_samples(self, name, printed):
        """Each sample of the page is what its command printed."""
        page = next(page for page in PAGES if page.name == name)
        parts = re.split(r"^== \S+:(\d+)$\n?", printed, flags=re.MULTILINE)
        outputs = {int(line): text for line, text in zip(parts[1::2], parts[2::2])}
        for line, block in blocks(page):
            if line not in outputs or name in NOT_COMPARED:
                continue  # it does not run, for a reason in SKIPPED
            for command, wanted in samples(block):
                with self.subTest(page=name, command=command):
                    self.assertIsNone(missing_line(wanted, outputs[line]), outputs[line][-3000:])

    def script(self, name, wanted, server, places):
        certificate = server.api().certification()
        facts = {"ak": server.facts["accessKey"], "sk": server.facts["secretKey"],
                 "account": certificate["certificateAccount"], "password": certificate["certificatePassword"],
                 **places, "http": str(server.place("http")[1]), "mqtts": str(server.place("mqtts")[1])}
        parts = ["set -euo pipefail", BEFORE.get(name, "")]
        for line, text in wanted:
            for old, new in [*FILLED.get(name, []), *REPLACED]:
                text = text.replace(old, new)
            parts += [f"echo '== {name}:{line}'", text]
        script = "\n".join([*parts, "wait", ""])
        for fact, value in facts.items():
            script = script.replace("{" + fact + "}", value)
        return script

    def make_programs(self, folder):
        folder.mkdir()
        programs = {"gridloom": SERVE.format(python=sys.executable, gridloom=servers.GRIDLOOM,
                                             tests=str(ROOT / "tests/clients"))}
        if found := shutil.which("mosquitto_sub"):
            programs["mosquitto_sub"] = SUBSCRIBE.format(program=found)
        for program, text in programs.items():
            (folder / program).write_text(text)
            (folder / program).chmod(stat.S_IRWXU)


for each in PAGES:
    if any(blocks(each)):
        setattr(PagesTest, f"test_{each.stem}", lambda self, page=each: self.check_page(page))


if __name__ == "__main__":
    run_tests()
