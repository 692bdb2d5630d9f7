"""The JSON Schema of device files: it is current, takes every file that the loader takes, and refuses spoilt ones."""
import copy
import json
import pathlib
import re
import unittest

import jsonschema
import yaml

from server import cli, run_tests, temporary_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEVICES = ROOT / "devices"
SCHEMA = DEVICES / "schema.json"
FILES = [*sorted(DEVICES.glob("*.yaml")), ROOT / "tests/transcripts/new_family/heat_pump.yaml",
         *sorted((ROOT / "tests/families").glob("*.yaml"))]
TRANSLATIONS = DEVICES / "de"
NUMBER = r"-?(?:0|[1-9][0-9]*)"


class Loader(yaml.SafeLoader):
    """Reads scalars as device files have them: as JSON does, and everything else is text. Keys are texts."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


for name, pattern, first in (("bool", "true|false", "tf"), ("int", NUMBER, "-0123456789"),
                             ("float", NUMBER + r"(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-0123456789"),
                             ("null", "null|~|", ["n", "~", ""])):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern})$"), first)


def load(text):
    loader = Loader(text)
    try:
        return loader.construct_document(loader.get_single_node())
    finally:
        loader.dispose()


def changed(path, value):
    """A change of the new family's file: the member at the path becomes the value, or goes if that is None."""
    def change(family):
        at = family
        for step in path[:-1]:
            at = at[step]
        if value is None:
            del at[path[-1]]
        else:
            at[path[-1]] = value
    return change


SPOILT = [
    ("no family", changed(["family"], None)),
    ("no description", changed(["description"], None)),
    ("an unknown key", changed(["nonsense"], 1)),
    ("an earlier key", changed(["means"], "a kiln")),
    ("prefixes that are no list", changed(["prefixes"], "KI01")),
    ("a shape that is none", changed(["quota_all"], "deep")),
    ("a flag that is a text", changed(["read_only"], "yes")),
    ("a product type that is a text", changed(["product_type"], "seven")),
    ("a rhythm that is no whole number", changed(["messages", "change_ms"], 1.5)),
    ("a report without fields", changed(["reports", "state", "fields"], None)),
    ("a field without a type", changed(["fields", "state.power", "type"], None)),
    ("a type that is none", changed(["fields", "state.power", "type"], "integer")),
    ("a nature that is none", changed(["fields", "state.power", "nature"], "battery.charge")),
    ("a range of one number", changed(["fields", "state.limit", "range"], [100])),
    ("a range that is a number", changed(["fields", "state.limit", "range"], 100)),
    ("a source that is none", changed(["fields", "state.limit", "source"], "guess")),
    ("values of a field without names", changed(["fields", "state.mode", "values"], [0, 1, 2])),
    ("a name that is a list", changed(["fields", "state.mode", "values"], {"0": ["off"]})),
    ("a command without params", changed(["commands", "setMode", "params"], None)),
    ("a param of an unknown key", changed(["commands", "setMode", "params", "mode", "step"], 1)),
    ("a mark for danger that is a number", changed(["commands", "setMode", "dangerous"], 1)),
    ("an actor that is none", changed(["commands", "setMode", "by"], "magic")),
    ("a fault that does what there is not", changed(["faults", "over_temperature", "environment"], {"rain": 1})),
    ("a signal that is a text", changed(["fields", "pv.temperature", "signal"], "pv.power / 20")),
    ("a shape of a signal that is none", changed(["fields", "pv.temperature", "signal"], {"shape": "square"})),
    ("a part of an unknown kind", changed(["physics", "turbine"], {"rated_w": 5})),
    ("a part that is a list", changed(["physics", "inverter"], [800])),
    ("a number that is a text", changed(["physics", "pv_inputs", "roof", "rated_w"], "400 W")),
    ("a number without its unit", changed(["physics", "batteries", "main", "capacity"], 1000)),
    ("a quantity that is none", changed(["physics", "batteries", "main", "feeds", "charge"], "battery.soc")),
    ("a field that is a number", changed(["physics", "loads", "outlet", "feeds", "power"], {"field": "state.power"})),
    ("a limit that is none", changed(["physics", "batteries", "main", "limits"], {"most": "state.limit"})),
    ("a virtual device without a serial number", changed(["virtual", "devices"], [{"name": "Kiln"}])),
    ("an element of an unknown key", changed(["fields", "state.mode", "of"], {"kind": 1})),
    ("members that are a list", changed(["fields", "state.mode", "fields"], [1])),
    ("an unchanged value that is a mapping", changed(["commands", "setMode", "params", "mode", "unchanged"], {"a": 1})),
    ("defaults of what has none", changed(["defaults"], {"quirks": {"source": "ours"}})),
    ("a default of an unknown key", changed(["defaults"], {"fields": {"typ": "int"}})),
    ("a default of another form", changed(["defaults"], {"fields": {"scale": "ten"}})),
    ("a default of a command's params that is none", changed(["commands", "setMode", "defaults"], {"title": {"a": 1}})),
    ("a group of an unknown key", changed(["fields", "state."], {"kind": 1})),
    ("a template without fields", changed(["templates"], {"part": {"parameters": ["n"]}})),
    ("a template's field of an unknown key", changed(["templates"], {"part": {"fields": {"a": {"kind": 1}}}})),
    ("a template's field of a wrong type", changed(["templates"], {"part": {"fields": {"a": {"type": "integer"}}}})),
    ("a use of an unknown key", changed(["fields", "state.<part>"], {"prefix": "a"})),
    ("a use with a source that is none", changed(["fields", "state.<part>"], {"sources": {"a": "guess"}})),
    ("uses of which one is a text", changed(["fields", "state.<part>"], [{}, "a"])),
]


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads(SCHEMA.read_text())
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def mistakes(self, family):
        return [error.message for error in self.validator.iter_errors(family)]

    def test_it_is_a_schema_and_the_program_prints_it(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        done = cli("family", "schema")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, SCHEMA.read_text())

    def test_that_of_translations_takes_those_that_come_with_the_program(self):
        text = (TRANSLATIONS / "schema.json").read_text()
        done = cli("family", "schema", "--translations")
        self.assertEqual((done.returncode, done.stdout), (0, text), done.stderr)
        schema = json.loads(text)
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        files = sorted(TRANSLATIONS.glob("*.yaml"))
        self.assertEqual([file.name for file in files], [file.name for file in sorted(DEVICES.glob("*.yaml"))])
        for file in files:
            with self.subTest(file=file.name):
                translation = load(file.read_text())
                self.assertEqual([error.message for error in validator.iter_errors(translation)], [])
                translation["fields"] = {"a": {"unit": "W"}}
                self.assertNotEqual(list(validator.iter_errors(translation)), [])

    def test_it_takes_every_file_that_comes_with_the_program(self):
        for file in FILES:
            with self.subTest(file=file.name):
                self.assertEqual(self.mistakes(load(file.read_text())), [])

    def test_it_refuses_spoilt_files_and_so_does_the_loader(self):
        folder = temporary_folder()
        self.assertEqual(cli("family", "new", "kiln", "--devices", folder).returncode, 0)
        kiln = load((folder / "kiln.yaml").read_text())
        self.assertEqual(self.mistakes(kiln), [])
        for what, change in SPOILT:
            spoilt = copy.deepcopy(kiln)
            change(spoilt)
            (folder / "kiln.yaml").write_text(json.dumps(spoilt))
            with self.subTest(what):
                self.assertNotEqual(self.mistakes(spoilt), [])
                self.assertEqual(cli("family", "check", folder / "kiln.yaml").returncode, 1)


class TranslationTest(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.assertEqual(cli("family", "new", "kiln", "--devices", self.folder).returncode, 0)
        (self.folder / "de").mkdir()
        self.file = self.folder / "de/kiln.yaml"

    def test_texts_that_are_missing_are_listed_and_are_no_mistakes(self):
        self.file.write_text("family: kiln\ndescription: Ein Brennofen\n")
        done = cli("family", "check", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"kiln.yaml: good: \d+ texts are missing\n")
        self.assertIn("\n  fields.", done.stdout)
        row = json.loads(cli("family", "check", self.file, "--json").stdout)
        self.assertEqual(row["family"], "kiln")
        self.assertNotIn("description", row["missing"])

    def test_a_mistake_has_its_line(self):
        self.file.write_text("family: kiln\ndescribtion: Ein Brennofen\n")
        done = cli("family", "check", self.file)
        self.assertEqual(done.returncode, 1)
        self.assertIn("kiln.yaml:2: describtion: unknown key", done.stderr)
        self.assertIn("did you mean description?", done.stderr)

    def test_a_translation_needs_its_device_file(self):
        (self.folder / "kiln.yaml").unlink()
        self.file.write_text("family: kiln\n")
        done = cli("family", "check", self.file)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("there is no device file", done.stderr)


class NewFamilyTest(unittest.TestCase):
    def test_it_is_a_file_that_loads(self):
        folder = temporary_folder()
        done = cli("family", "new", "kiln", "--devices", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        file = folder / "kiln.yaml"
        self.assertIn(str(file), done.stdout)
        self.assertEqual(cli("family", "check", file).returncode, 0)
        self.assertRegex(cli("family", "list", "--devices", folder).stdout, r"(?m)^kiln +Kiln ")

    def test_it_replaces_no_file(self):
        folder = temporary_folder()
        (folder / "kiln.yaml").write_text("mine")
        done = cli("family", "new", "kiln", "--devices", folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("exists already", done.stderr)
        self.assertEqual((folder / "kiln.yaml").read_text(), "mine")

    def test_it_writes_no_file_of_another_name(self):
        folder = temporary_folder()
        for name in ("../kiln", "Kiln", "2kilns", "kiln.yaml", ""):
            done = cli("family", "new", name, "--devices", folder)
            with self.subTest(name=name):
                self.assertEqual(done.returncode, 2)
                self.assertIn("is not a family id", done.stderr)
        self.assertEqual(list(folder.iterdir()), [])


class ShowFamilyTest(unittest.TestCase):
    def test_all_fields_and_commands_have_a_line(self):
        done = cli("family", "show", "delta_2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^pd\.soc +int +% +Charge$")
        self.assertRegex(done.stdout, r"(?m)^acOutCfg +AC sockets \(dangerous\)$")

    def test_parts_of_physics_have_a_line(self):
        done = cli("family", "show", "delta_2")
        self.assertRegex(done.stdout, r"(?m)^pv_inputs\.solar +efficiency: 0\.95, rated_w: 400$")
        done = cli("family", "show", "solar_station", "bat.soc", "--devices", ROOT / "tests/families")
        self.assertRegex(done.stdout, r"(?m)^  fed by +soc of batteries\.main$")
        done = cli("family", "show", "solar_station", "batteries", "--devices", ROOT / "tests/families")
        self.assertRegex(done.stdout, r"(?m)^  capacity_wh +2048$")
        self.assertRegex(done.stdout, r"(?m)^  soc +bat\.soc$")

    def test_a_part_of_a_name_shows_all_about_it(self):
        done = cli("family", "show", "delta_2", "chgDsgState")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 (charging)", done.stdout)
        self.assertIn("002:1646", done.stdout)

    def test_fields_of_a_template_and_what_stands_inside_of_a_value_are_shown(self):
        done = cli("family", "show", "smart_home_panel")
        self.assertRegex(done.stdout, r"(?m)^gridInfo\.cmdSet +int +Message set \(grid values\)$")
        done = cli("family", "show", "smart_home_panel", "energyInfos")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^  \[\]\.stateBean\.isAcOpen\n(    .*\n)*    values +0 \(no\)")

    def test_what_is_not_there_is_reported(self):
        for words, told in ((("kiln",), "there is no family kiln"), (("delta_2", "kiln"), "no field, command or part")):
            done = cli("family", "show", *words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(told, done.stderr)


if __name__ == "__main__":
    run_tests()
