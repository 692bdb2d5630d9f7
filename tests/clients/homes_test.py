"""Home files: their JSON Schema, and the commands that check, show and start them."""
import copy
import json
import pathlib
import re
import unittest

import jsonschema

from family_test import changed, load
from server import cli, run_tests, temporary_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOMES = ROOT / "homes"
SCHEMA = HOMES / "schema.json"
FILES = sorted(HOMES.glob("*.yaml"))
FLAT = ["sites", "flat"]

# What is spoilt of homes/hamburg.yaml.
SPOILT = [
    ("no title", changed(["home"], None)),
    ("an included home that is a list", changed(["include"], ["demo"])),
    ("no sites", changed(["sites"], None)),
    ("an unknown key", changed(["nonsense"], 1)),
    ("sites that are a list", changed(["sites"], [])),
    ("a latitude that is a text", changed([*FLAT, "latitude"], "north")),
    ("a grid that is none", changed([*FLAT, "grid"], "off")),
    ("phases that are a text", changed([*FLAT, "grid", "phases"], "one")),
    ("a household without people", changed([*FLAT, "household", "people"], None)),
    ("a dwelling that is none", changed([*FLAT, "household", "dwelling"], "castle")),
    ("a roof without a tilt", changed([*FLAT, "roofs", "balcony", "tilt"], None)),
    ("a roof of an unknown key", changed([*FLAT, "roofs", "balcony", "colour"], "red")),
    ("devices that are a mapping", changed([*FLAT, "devices"], {"sn": "R331X"})),
    ("a plug that is none", changed([*FLAT, "devices", 0, "plug"], "mains")),
    ("a circuit that is none", changed([*FLAT, "devices", 1, "supplies"], ["cellar"])),
    ("circuits that are a text", changed([*FLAT, "devices", 1, "supplies"], "kitchen")),
    ("a place that is none", changed([*FLAT, "devices", 1, "place"], "moon")),
    ("initial values that are a list", changed([*FLAT, "devices", 1, "initial"], [1])),
    ("an unknown key of a device", changed([*FLAT, "devices", 1, "circuits"], ["kitchen"])),
]

# (text in homes/hamburg.yaml, another text, what `home check` says after FILE:)
TYPED = [
    ("household:", "houshold:", "7: sites.flat.houshold: unknown key; the keys here are latitude, grid, household, roofs "
     "and devices; did you mean household?"),
    ("53.6", "536", "5: sites.flat.latitude: 536 must be -66 to 66"),
    ("{phases: 1}", "1", 'sites.flat.grid: "1" must be none, or a mapping such as {phases: 1}'),
    ("sites:", "include: dmeo\nsites:", '3: include: "dmeo" must be balcony, chalet, demo, hamburg or metered; did you mean demo?'),
    ("sites:", "include: all\nsites:", '3: include: "all" includes a home itself, which an included one must not: must be '
     "balcony, chalet, demo, hamburg or metered"),
    ("people: 2", "people: 0", "sites.flat.household.people: 0 must be 1 to 6"),
    ("tilt: 70", "tilt: 700", "sites.flat.roofs.balcony.tilt: 700 must be 0 to 90"),
    ("power_stream", "powerstream", "did you mean power_stream?"),
    ("[balcony, balcony]", "[balcny, balcony]",
     'sites.flat.devices[0].panels: "balcny" must be a roof: balcony; did you mean balcony?'),
    ("plug: feed_in", "plug: feedin", "did you mean feed_in?"),
    ("plug: feed_in", "plug: dc", "sites.flat.devices[0].plug: dc is for a site with grid: none"),
    ("plug: feed_in, ", "", "sites.flat.devices[0].plug: this key is missing: must be meter, feed_in,"),
    ("[refrigerator, kitchen]", "[fridge]", 'sites.flat.devices[1].supplies: "fridge" must be refrigerator, kitchen,'),
    ("family: delta_2", "sn: XX01", 'sites.flat.devices[1].sn: "XX01" is a serial number of no family; must begin with'),
    ("name: Kitchen battery", "name: Balcony inverter",
     'sites.flat.devices[1].name: "Balcony inverter" is that of sites.flat.devices[0] already'),
]


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads(SCHEMA.read_text())
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def mistakes(self, home):
        return [error.message for error in self.validator.iter_errors(home)]

    def test_it_is_a_schema_and_the_program_prints_it(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        done = cli("home", "schema")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, SCHEMA.read_text())

    def test_it_takes_every_home_that_comes_with_the_program(self):
        for text in [*(file.read_text() for file in FILES), cli("home", "new").stdout]:
            with self.subTest(text.splitlines()[1]):
                self.assertEqual(self.mistakes(load(text)), [])

    def test_it_refuses_spoilt_homes_and_so_does_the_reader(self):
        good = load((HOMES / "hamburg.yaml").read_text())
        self.assertEqual(self.mistakes(good), [])
        file = temporary_folder() / "home.yaml"
        for what, change in SPOILT:
            spoilt = copy.deepcopy(good)
            change(spoilt)
            file.write_text(json.dumps(spoilt))
            with self.subTest(what):
                self.assertNotEqual(self.mistakes(spoilt), [])
                self.assertEqual(cli("home", "check", file).returncode, 1)


class CheckTest(unittest.TestCase):
    def test_the_homes_that_come_with_the_program_are_good(self):
        done = cli("home", "check", *FILES)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        good = [line for line in done.stdout.splitlines() if ".yaml: good: " in line]
        self.assertEqual(len(good), len(FILES))
        for line in done.stdout.splitlines():
            self.assertRegex(line, r"\.yaml: good: |: modules at \d+ of \d+ PV inputs$|: no modules at ")
        self.assertIn("demo.yaml: good: 5 sites, 11 devices\n", done.stdout)

    def test_each_mistake_is_named_with_its_place(self):
        text = (HOMES / "hamburg.yaml").read_text()
        file = temporary_folder() / "home.yaml"
        for old, new, told in TYPED:
            self.assertIn(old, text)
            file.write_text(text.replace(old, new, 1))
            done = cli("home", "check", file)
            with self.subTest(new or f"without {old}"):
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertTrue(done.stderr.startswith(f"{file}:"), done.stderr)
                self.assertIn(told, done.stderr)

    def test_all_mistakes_of_all_files_are_told_at_once(self):
        text = (HOMES / "hamburg.yaml").read_text()
        folder = temporary_folder()
        (folder / "first.yaml").write_text(text.replace("53.6", "536").replace("tilt: 70", "tilt: 700"))
        (folder / "second.yaml").write_text(text)
        (folder / "third.yaml").write_text("home: [\n")
        done = cli("home", "check", *(folder / f"{name}.yaml" for name in ("first", "second", "third", "fourth")))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, f"{folder}/second.yaml: good: 1 site, 2 devices\n")
        for told in ("first.yaml:5: ", "first.yaml:8: ", "third.yaml:", "fourth.yaml: cannot be read: "):
            self.assertIn(told, done.stderr)

    def test_families_of_a_folder_count(self):
        file = temporary_folder() / "home.yaml"
        file.write_text("home: Garden\nsites:\n  garden:\n    devices:\n"
                        "      - {family: solar_station, plug: garden}\n")
        self.assertEqual(cli("home", "check", file).returncode, 1)
        done = cli("home", "check", file, "--devices", ROOT / "tests/families")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_home_with_a_family_that_serve_would_not_start_is_not_good(self):
        families = temporary_folder()
        text = (ROOT / "devices/power_stream.yaml").read_text()
        self.assertIn("20_1.bmsReqChgAmp:", text)
        (families / "power_stream.yaml").write_text(text.replace("20_1.bmsReqChgAmp", "20_1.bmsReqChgAmpere"))
        file = temporary_folder() / "home.yaml"
        # Two devices of the family, which is told once; the other family is good.
        file.write_text((HOMES / "hamburg.yaml").read_text() + "      - {family: power_stream, plug: feed_in}\n")
        done = cli("home", "check", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = cli("home", "check", file, "--devices", families)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, rf"\A{re.escape(str(file))}: power_stream: its virtual devices need [^\n]*\n\Z")


class PageTest(unittest.TestCase):
    def test_each_home_of_the_pages_is_good(self):
        file = temporary_folder() / "home.yaml"
        for page in (ROOT / "docs/user/homes.md", HOMES / "README.md"):
            homes = re.findall(r"^```yaml\n(home: .*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
            self.assertTrue(homes, page)
            for text in homes:
                file.write_text(text)
                done = cli("home", "check", file)
                with self.subTest(page=page.name, home=text.splitlines()[0]):
                    self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_flat_of_the_page_is_the_one_that_comes_with_the_program(self):
        lines = (HOMES / "hamburg.yaml").read_text().splitlines(keepends=True)
        self.assertIn("".join(lines[1:]), (ROOT / "docs/user/homes.md").read_text())


class NewHomeTest(unittest.TestCase):
    def test_it_is_a_home_that_loads(self):
        folder = temporary_folder()
        done = cli("home", "new", folder / "flat.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{folder}/flat.yaml: check it with gridloom home check {folder}/flat.yaml\n")
        checked = cli("home", "check", folder / "flat.yaml")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertEqual(cli("home", "new").stdout, (folder / "flat.yaml").read_text())

    def test_it_replaces_no_file(self):
        file = temporary_folder() / "flat.yaml"
        file.write_text("mine")
        done = cli("home", "new", file)
        self.assertEqual(done.returncode, 1)
        self.assertIn("exists already", done.stderr)
        self.assertEqual(file.read_text(), "mine")


class ShowHomeTest(unittest.TestCase):
    def test_the_list_has_the_homes_with_their_titles(self):
        done = cli("home", "list")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^demo +Demo home +5 +11$")
        self.assertRegex(done.stdout, r"(?m)^hamburg +A flat in Hamburg +1 +2$")
        self.assertEqual(len(done.stdout.splitlines()), 1 + len(FILES))

    def test_sites_and_devices_have_a_line(self):
        done = cli("home", "show", "demo")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("Demo home\nA house with an annexe, a flat, a cabin and a camper\n\n"))
        self.assertRegex(done.stdout, r"(?m)^house +51 +3 +3 people, 3500 kWh a year +east \(105°, tilt 35°\), ")
        self.assertRegex(done.stdout, r"(?m)^camper +51 +no grid +2 people in a camper$")
        self.assertRegex(done.stdout, r"(?m)^house +R331ZEB4ZEAL0528 +Kitchen power station +delta_2 +kitchen "
                                      r"+refrigerator kitchen$")
        self.assertRegex(done.stdout, r"(?m)^cabin +SP10ZAW5ZE9E0052 +Home panel +smart_home_panel +meter +all$")
        self.assertRegex(done.stdout, r"(?m)^camper +BX11ZCB4EF2E0002 +Camper fridge +glacier +dc$")

    def test_a_file_shows_the_serial_numbers_that_its_devices_get(self):
        by_path = cli("home", "show", HOMES / "hamburg.yaml")
        self.assertEqual(by_path.returncode, 0, by_path.stderr)
        self.assertEqual(by_path.stdout, cli("home", "show", "hamburg").stdout)
        self.assertIn("HW51SIM00000001", by_path.stdout)

    def test_json_has_all_of_it(self):
        home = json.loads(cli("home", "show", "demo", "--json").stdout)
        sites = {site["site"]: site for site in home["sites"]}
        self.assertEqual(sites["camper"]["phases"], 0)
        self.assertEqual(sites["camper"]["household"], {"people": 2, "dwelling": "camper"})
        workshop = next(row for row in sites["house"]["devices"] if row["name"] == "Workshop power station")
        self.assertEqual(workshop["supplies"], ["office", "garage", "garden"])
        self.assertEqual((workshop["place"], workshop["plug"]), ("garage", "garage"))
        self.assertEqual(workshop["initial"]["pd.ext4p8Port"], 2)


if __name__ == "__main__":
    run_tests()
