"""`--json` of every command is valid for docs/user/output.schema.json.

Each command of the command tree is in exactly one of the two lists: PRINTS, with command lines to try (the name of the
command, its arguments, and the function that makes what it needs), or NO_RESULT, with the reason why it has no --json. A
new command fails here until it has a row.
"""
import json
import os
import pathlib
import subprocess
import unittest

import jsonschema

import server as servers
from postgres import Postgres
from server import DELTA_2, Server, cli, run_tests, temporary_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATS = ROOT / "tests/formats"
SCHEMA = ROOT / "docs/user/output.schema.json"

NO_RESULT = {
    "lab reset": "prints nothing",
    "serve": "runs until it is stopped; ready.json has its addresses",
    "help": "a text for people",
    "completion": "a script for a shell",
    "man": "a page for man",
    "login": "keeps keys, and prints no result",
    "logout": "likewise",
    "family page": "is a page in Markdown; `family show` has the same as JSON",
    "family schema": "is JSON itself, of which devices/schema.json is a copy",
    "home schema": "is JSON itself, of which homes/schema.json is a copy",
}

# (command, arguments, exit code, least number of lines). {name} is a place that `places()` makes.
PRINTS = [
    ("account add", ["ann", "--data", "{data}"], 0, 1),
    ("account add", ["ben", "--data", "{data}"], 0, 1),
    ("account list", ["--data", "{data}"], 0, 3),
    ("account keys", ["ann", "--data", "{data}"], 0, 1),
    ("account keys", ["ann", "--remove", "{key}", "--data", "{data}"], 0, 1),
    ("account rotate", ["ann", "--data", "{data}"], 0, 1),
    ("account rotate", ["ann", "--gateway", "--data", "{data}"], 0, 1),
    ("token add", ["script", "--account", "ann", "--data", "{data}"], 0, 1),
    ("token add", ["panel", "--account", "ann", "--valid-for", "never", "--data", "{data}"], 0, 1),
    ("token list", ["--data", "{data}"], 0, 2),
    ("token remove", ["1", "--data", "{data}"], 0, 1),
    ("sign-in", ["--account", "ann", "--data", "{data}"], 0, 1),
    ("device add", ["ZZ96JSON1", "--owner", "ann", "--data", "{data}"], 0, 1),
    ("device add", ["ZZ96JSON2", "--owner", "ann", "--data", "{data}"], 0, 1),
    ("device add", ["P231JSON2", "--owner", "ann", "--data", "{data}"], 0, 1),  # a product that is not served
    ("token add", ["card", "--account", "ann", "--scope", "card", "--device", "ZZ96JSON1", "--data", "{data}"], 0, 1),
    ("token list", ["--data", "{data}"], 0, 2),
    ("device rename", ["ZZ96JSON1", "Kiln", "--data", "{data}"], 0, 1),
    ("device share", ["ZZ96JSON1", "ben", "monitor", "--data", "{data}"], 0, 1),
    ("device list", ["--data", "{data}"], 0, 4),
    ("device list", ["--owner", "ben", "--data", "{data}"], 0, 0),
    ("device rotate", ["ZZ96JSON1", "--data", "{data}"], 0, 1),
    ("device move", ["ZZ96JSON1", "ben", "--data", "{data}"], 0, 1),
    ("device remove", ["ZZ96*", "--dry-run", "--data", "{data}"], 0, 2),
    ("device remove", ["ZZ96*", "--yes", "--data", "{data}"], 0, 2),
    ("device purge", ["--unknown", "--data", "{data}"], 0, 1),
    ("account remove", ["ben", "--data", "{data}"], 0, 1),
    ("bridge kinds", ["--data", "{data}"], 0, 1),
    ("bridge add", ["mqtt", "attic", "--account", "ann", "--broker", "mqtt://127.0.0.1:1", "--data", "{data}"], 0, 1),
    ("bridge list", ["--data", "{data}"], 0, 1),
    ("bridge show", ["attic", "--data", "{data}"], 0, 1),
    ("bridge change", ["attic", "retain=true", "--data", "{data}"], 0, 1),
    ("mirror add", ["cloud", "--account", "ann", "--host", "https://127.0.0.1:1", "--access-key", "key-of-ann",
                    "--secret-key-file", "{secret}", "--data", "{data}"], 0, 1),
    ("bridge remove", ["cloud", "--data", "{data}"], 0, 1),
    ("bridge off", ["attic", "--data", "{data}"], 0, 1),
    ("bridge on", ["attic", "--data", "{data}"], 0, 1),
    ("bridge remove", ["attic", "--data", "{data}"], 0, 1),
    ("audit", ["--data", "{data}"], 0, 10),
    ("audit", ["--who", "nobody", "--data", "{data}"], 0, 0),
    ("time", ["--data", "{data}"], 0, 1),
    ("time pause", ["--data", "{data}"], 0, 1),
    ("time step", ["1m", "--data", "{data}"], 0, 1),
    ("time speed", ["2", "--data", "{data}"], 0, 1),
    ("time resume", ["--data", "{data}"], 0, 1),
    ("history", [DELTA_2, "soc", "--data", "{data}"], 0, 1),
    ("history", [DELTA_2, "pd.soc,pv.power", "--step", "1h", "--data", "{data}"], 0, 1),
    ("status", ["--data", "{data}"], 0, 7),
    ("status", ["--summary", "--data", "{data}"], 0, 1),
    ("wait", [DELTA_2, "soc >= 0", "--data", "{data}"], 0, 1),
    ("wait", [DELTA_2, "soc > 100", "--timeout", "0s", "--data", "{data}"], 1, 1),
    ("version", [], 0, 1),
    ("config check", ["{config}"], 0, 1),
    ("energy", ["--data", "{data}"], 0, 1),
    ("energy", ["kitchen", "--period", "week", "--data", "{data}"], 0, 1),
    ("device show", [DELTA_2, "--data", "{data}"], 0, 1),
    ("get", [DELTA_2, "soc", "pd.*", "--data", "{data}"], 0, 1),
    ("set", [DELTA_2, "quietMode", "enabled=1", "--data", "{data}"], 0, 1),
    ("explain", [DELTA_2, "soc"], 0, 1),
    ("explain", ["delta_2", "acChgCfg"], 0, 1),
    ("watch", [DELTA_2, "pd.*", "--count", "2", "--data", "{data}"], 0, 2),
    ("doctor", ["--data", "{data}"], 0, 1),
    ("fault list", ["--all", "--data", "{data}"], 0, 10),
    ("fault on", ["disconnect", "--device", DELTA_2, "--for", "1h", "--data", "{data}"], 0, 1),
    ("fault list", ["--data", "{data}"], 0, 1),
    ("fault off", ["disconnect", "--data", "{data}"], 0, 1),
    ("backup", ["{folder}/backup", "--data", "{data}"], 0, 1),
    ("restore", ["{folder}/backup", "--data", "{folder}/restored"], 0, 1),
    ("check", ["{folder}/backup"], 0, 4),
    ("migrate", ["--from", "{folder}/restored", "--to", "{database}", "--database-password-file", "{password}"], 0, 1),
    ("cluster status", ["--data", "{data}"], 1, 0),  # tests/cluster/status_test.py has that of a cluster
    ("cluster drain", ["--data", "{data}"], 1, 0),
    ("cluster remove", ["n2", "--data", "{data}"], 1, 0),
    ("damage", ["--data", "{data}"], 0, 0),
    ("damage", ["--accept", "--data", "{data}"], 0, 1),
    ("record", ["--out", "{folder}/home.loom", "--for", "1s", "--replace-serials", "--data", "{data}"], 0, 1),
    ("replay", ["{folder}/home.loom", "--speed", "100", "--data", "{data}"], 0, 1),
    ("simulate", ["--family", "delta_2", "--for", "1m"], 0, 1),
    ("simulate", ["--family", "delta_2", "--for", "1s", "--data", "{data}"], 0, 1),
    ("simulate", ["{scenario}"], 0, 1),
    ("simulate", ["{broken}"], 1, 1),
    ("bench http", ["--server", "{http}", "--seconds", "0.2", "--warm-up", "0"], 0, 1),
    ("bench mqtt", ["--server", "{mqtt}", "--seconds", "0.2", "--warm-up", "0", "--keys", "{keys}"], 0, 1),
    ("bench set", ["--server", "{http}", "--mqtt", "{mqtt}", "--keys", "{keys}", "--key", "{access}", "--body",
                   '{"sn":"{sn}","params":{}}', "--seconds", "0.2", "--warm-up", "0"], 0, 1),
    ("limits", [], 0, 10),
    ("family list", [], 0, 6),
    ("family show", ["delta_2"], 0, 200),
    ("family show", ["smart_home_panel"], 0, 80),
    ("family show", ["solar_station", "--devices", str(ROOT / "tests/families")], 0, 5),
    ("family new", ["kiln", "--devices", "{folder}"], 0, 1),
    ("family check", ["{folder}/kiln.yaml"], 0, 1),
    ("family guess", [str(ROOT / "src/lab/recordings/testdata/recorded.loom"), "--devices", "{folder}"], 0, 1),
    ("home list", [], 0, 3),
    ("home show", ["all"], 0, 1),
    ("home show", [str(ROOT / "homes/hamburg.yaml")], 0, 1),
    ("home new", [], 0, 1),
    ("home new", ["{folder}/flat.yaml"], 0, 1),
    ("home check", ["{folder}/flat.yaml", str(ROOT / "homes/demo.yaml")], 0, 2),
    ("block show", [str(FORMATS / "block-1.block")], 0, 1),
    ("segment show", [str(FORMATS / "segment-1.log")], 0, 4),
]


def commands(tree, before=""):
    """The full names of all commands that do something."""
    for each in tree["commands"]:
        name = f"{before}{each['name']}"
        # `time` alone shows the time; other commands with commands below them do nothing themselves.
        if name == "bridge add":
            yield name  # the commands below it are the kinds of bridges, and print the same
            continue
        if not each["commands"] or name == "time":
            yield name
        yield from commands(each, name + " ")


def option_names(tree, words):
    for word in words:
        tree = next(each for each in tree["commands"] if each["name"] == word)
    if tree["name"] == "add" and words[0] == "bridge":
        tree = tree["commands"][0]
    return [name for option in tree["options"] for name in option["names"]]


class JsonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads(SCHEMA.read_text())
        cls.tree = json.loads(cli("command-tree").stdout)

    def validator(self, command):
        return jsonschema.Draft7Validator({"$defs": self.schema["$defs"], **self.schema["properties"][command]})

    def test_the_schema_is_one(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        for each in self.schema["properties"].values():
            jsonschema.Draft7Validator.check_schema(each)

    def test_each_command_is_in_one_list(self):
        printing = {row[0] for row in PRINTS}
        self.assertEqual(set(commands(self.tree)), printing | set(NO_RESULT))
        self.assertEqual(printing & set(NO_RESULT), set())
        self.assertEqual(set(self.schema["properties"]), printing, "the schema has each of them")

    def test_each_command_that_prints_results_takes_json(self):
        for command in sorted({row[0] for row in PRINTS}):
            words = command.split()
            taken = option_names(self.tree, words) + (option_names(self.tree, words[:1]) if words[0] == "time" else [])
            self.assertIn("--json", taken, command)

    def test_the_output_of_each_is_valid(self):
        with Server("--start", "-1h", "--speed", "1") as server, Postgres() as database:
            places = self.places(server)
            _, places["database"], _, places["password"] = database.new_database()
            for command, arguments, code, least in PRINTS:
                words = [*command.split(), *(self.filled(word, places) for word in arguments)]
                done = cli(*words, "--json")
                with self.subTest(" ".join(words)):
                    self.assertEqual(done.returncode, code, done.stderr + done.stdout)
                    lines = done.stdout.splitlines()
                    self.assertGreaterEqual(len(lines), least)
                    for line in lines:
                        self.validator(command).validate(json.loads(line))

    def filled(self, word, places):
        for name, place in places.items():
            word = word.replace("{" + name + "}", str(place))
        return word

    def places(self, server):
        folder = temporary_folder()
        facts = server.facts
        access = folder / "access"
        access.write_text(f"{facts['accessKey']} {facts['secretKey']}\n")
        key = server.add_device("ZZ97BENCH", "demo")
        keys = folder / "keys"
        keys.write_text(f"ZZ97BENCH {key}\n")
        secret = folder / "secret"
        secret.write_text("sesame\n")
        for file in (access, keys, secret):
            file.chmod(0o600)
        scenario, broken = folder / "good.loom", folder / "broken.loom"
        scenario.write_text("device delta_2 R331JSON1 owner demo\n@ +1min\n")
        broken.write_text("device delta_2 R331JSON1 owner demo\nnever: soc > 0\n@ +1min\n")
        config = folder / "gridloom.conf"
        config.write_text('http = "127.0.0.1:0"\nlimit = ["http.body-bytes=65536"]\n')
        server.add_account("eve")
        second = json.loads(server.cli("account", "keys", "eve", "--json").stdout)
        return {"data": server.data, "folder": folder, "access": access, "keys": keys, "secret": secret, "scenario": scenario,
                "config": config, "broken": broken, "key": second["accessKey"], "http": "%s:%d" % server.place("http"),
                "mqtt": "%s:%d" % server.place("mqtt")}


class PlainTest(unittest.TestCase):
    """What people get: tables, no colours in a pipe, and a word where a list is empty."""

    def test_lists_are_tables_and_say_when_they_are_empty(self):
        data = temporary_folder() / "home"
        self.assertEqual(cli("account", "add", "ann", data=data).returncode, 0)
        accounts = cli("account", "list", data=data)
        self.assertRegex(accounts.stdout, r"\ANAME +DEVICES +MQTT ACCOUNT +ACCESS KEYS\nann +0 +\S+ +\S+\n\Z")
        devices = cli("device", "list", data=data)
        self.assertEqual((devices.returncode, devices.stdout), (0, ""))
        self.assertEqual(
            devices.stderr, "There are no devices; `gridloom device add SN --owner ACCOUNT` adds one.\n")
        audit = cli("audit", "--who", "nobody", data=data)
        self.assertEqual((audit.returncode, audit.stdout), (0, ""))
        self.assertIn("No entry of the audit log matches", audit.stderr)
        self.assertIn("No loss or damage is known", cli("damage", data=data).stderr)

    def test_the_environment_names_the_data_folder_and_an_option_goes_before_it(self):
        data, other = temporary_folder() / "home", temporary_folder() / "other"
        for folder, name in ((data, "ann"), (other, "ben")):
            self.assertEqual(cli("account", "add", name, data=folder).returncode, 0)

        def names(*flags):
            done = subprocess.run([servers.GRIDLOOM, "account", "list", "--json", *flags], capture_output=True, text=True,
                                  check=True, env={**os.environ, "GRIDLOOM_DATA": str(data)})
            return [json.loads(line)["name"] for line in done.stdout.splitlines()]

        self.assertEqual(names(), ["ann"])
        self.assertEqual(names("--data", str(other)), ["ben"])

    def test_json_of_an_empty_list_is_silent(self):
        data = temporary_folder() / "home"
        self.assertEqual(cli("account", "add", "ann", data=data).returncode, 0)
        done = cli("device", "list", "--json", data=data)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    run_tests()
