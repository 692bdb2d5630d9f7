"""The command line: on a stopped server, with a configuration file, and where it must refuse."""
import json
import os
import pathlib
import signal
import socket
import stat
import unittest

from server import DELTA_2, DOORS, PATIENCE_S, Server, cli, run_tests, temporary_folder, told

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEVICES = ROOT / "devices"
FORMATS = ROOT / "tests/formats"


def free_ports(but=None):
    return [word for door in DOORS if door != but for word in ("--" + door, "127.0.0.1:0")]


class StoppedServerTest(unittest.TestCase):
    def setUp(self):
        self.data = temporary_folder() / "home"

    def cli(self, *arguments, **settings):
        return cli(*arguments, data=self.data, **settings)

    def test_verbs_work_on_the_folder_and_the_server_finds_it_all(self):
        first = told(self.cli("account", "add", "ann"))
        told(self.cli("account", "add", "ben"))
        device = told(self.cli("device", "add", "ZZ96STOPPED1", "--owner", "ann", "--name", "Kiln"))
        told(self.cli("device", "add", "ZZ96STOPPED2", "--owner", "ann"))
        told(self.cli("device", "add", "ZZ96STOPPED3", "--owner", "ann"))
        told(self.cli("device", "rename", "ZZ96STOPPED1", "Big kiln"))
        told(self.cli("device", "share", "ZZ96STOPPED1", "ben", "monitor"))
        told(self.cli("device", "move", "ZZ96STOPPED2", "ben"))
        told(self.cli("device", "remove", "ZZ96STOPPED3"))
        listed = [json.loads(line) for line in self.cli("device", "list", "--json").stdout.splitlines()]
        self.assertEqual(
            {(row["sn"], row["owner"], row["name"]) for row in listed},
            {("ZZ96STOPPED1", "ann", "Big kiln"), ("ZZ96STOPPED2", "ben", "ZZ96STOPPED2")},
        )
        self.assertEqual(
            [row["shares"] for row in listed if row["sn"] == "ZZ96STOPPED1"],
            [[{"account": "ben", "rights": "monitor"}]],
        )
        self.assertEqual(device["family"], "generic")
        with Server(data=self.data, demo=False) as running:
            api = running.api(first["accessKey"], first["secretKey"])
            self.assertEqual(
                {sn: row["deviceName"] for sn, row in api.devices().items()},
                {"ZZ96STOPPED1": "Big kiln"},
            )

    def test_secrets_are_shown_once_and_kept_sealed(self):
        facts = told(self.cli("account", "add", "ann"))
        told(self.cli("device", "add", "ZZ96SEALED", "--owner", "ann"))
        self.assertEqual(set(facts), {"name", "accessKey", "secretKey", "gatewayKey"})
        for file in self.data.rglob("*"):
            if file.is_file():
                self.assertNotIn(facts["secretKey"].encode(), file.read_bytes(), file)
                self.assertNotIn(facts["gatewayKey"].encode(), file.read_bytes(), file)

    def test_the_folder_is_private(self):
        old = os.umask(0)
        try:
            told(self.cli("account", "add", "ann"))
            with Server(data=self.data) as running:
                self.assertEqual(stat.S_IMODE(self.data.stat().st_mode), 0o700)
                ready = self.data / "ready.json"
                self.assertEqual(stat.S_IMODE(ready.stat().st_mode), 0o600)
                public = {pathlib.Path(running.ca), self.data / "tls" / "server.pem"}
                for path in self.data.rglob("*"):
                    if path.is_dir() or path in public:
                        self.assertFalse(path.stat().st_mode & stat.S_IWOTH, path)
                    else:
                        self.assertFalse(
                            path.stat().st_mode & 0o077, f"{path} is {oct(path.stat().st_mode)}"
                        )
        finally:
            os.umask(old)

    def test_ready_json_has_the_bound_addresses_and_with_the_demo_its_keys(self):
        with Server(data=self.data, demo=False) as running:
            self.assertEqual(set(running.facts), {"http", "https", "mqtt", "mqtts", "ca", "pid"})
            self.assertRegex(running.facts["http"], r"^http://127\.0\.0\.1:\d+$")
            self.assertRegex(running.facts["https"], r"^https://[a-z0-9.]+:\d+$")
            for door in ("mqtt", "mqtts"):
                self.assertRegex(running.facts[door], r"^[a-z0-9.]+:\d+$")
            for door in DOORS:
                socket.create_connection(running.place(door), PATIENCE_S).close()
        with Server(data=self.data) as running:
            self.assertEqual(
                set(running.facts) - {"accessKey", "secretKey", "sign_in_link"}, {*DOORS, "ca", "pid"}
            )
            self.assertNotIn("devices", running.facts, "it was started without --devices")
            self.assertTrue(running.facts["sign_in_link"].startswith(running.facts["http"] + "/sign-in#t="))
            keys = running.facts["accessKey"], running.facts["secretKey"]
        with Server(data=self.data) as running:
            self.assertEqual(
                (running.facts["accessKey"], running.facts["secretKey"]),
                keys,
                "the demo home's keys stay over a restart",
            )

    def test_a_killed_server_leaves_nothing_that_hinders_the_next(self):
        running = Server(data=self.data)
        running.process.kill()
        running.process.wait(PATIENCE_S)
        (self.data / "ready.json").unlink(missing_ok=True)  # Server waits for a new one
        told(self.cli("account", "add", "after"))
        with Server(data=self.data) as again:
            self.assertIn("after", again.cli("account", "list").stdout)

    def test_a_server_also_stops_on_sigint(self):
        running = Server(data=self.data)
        running.process.send_signal(signal.SIGINT)
        self.assertEqual(running.process.wait(PATIENCE_S), 0)
        self.assertFalse((self.data / "ready.json").exists())

    def test_a_server_stops_while_clients_are_connected(self):
        running = Server(data=self.data)
        lines = [socket.create_connection(running.place(door), PATIENCE_S) for door in DOORS * 3]
        running.stop()
        for line in lines:
            line.close()


class ConfigurationTest(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.data = self.folder / "home"
        self.file = self.folder / "gridloom.conf"

    def test_a_file_says_what_flags_say(self):
        self.file.write_text('demo = true\npublic-host = "example.test"\nset-timeout-ms = 1500\n')
        with Server("--config", self.file, data=self.data, demo=False) as running:
            self.assertIn("accessKey", running.facts, "demo = true")
            self.assertEqual(running.api().certification()["url"], "example.test")
            self.assertIn(DELTA_2, running.api().devices())

    def test_a_file_names_the_folder_and_the_doors(self):
        self.file.write_text(
            f'data = "{self.data}"\n' + "".join(f'{door} = "127.0.0.1:0"\n' for door in DOORS)
        )
        with Server("--config", self.file, data=self.data, demo=False, doors=()) as running:
            self.assertEqual(set(running.facts), {*DOORS, "ca", "pid"})

    def test_a_flag_goes_before_the_file(self):
        self.file.write_text('public-host = "file.test"\n')
        with Server("--config", self.file, "--public-host", "flag.test", data=self.data) as running:
            self.assertEqual(running.api().certification()["url"], "flag.test")

    def test_a_mistake_in_the_file_is_named(self):
        for text, named in (
            ('no-such-key = "x"\n', "no-such-key"),
            ('log-level = "loud"\n', "loud"),
            ('http = "nowhere"\n', "nowhere"),
        ):
            self.file.write_text(text)
            with self.subTest(text=text):
                done = cli("serve", "--config", self.file, *free_ports(but="http"), data=self.data)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(named, done.stderr)

    def test_a_file_that_is_not_there_is_named(self):
        done = cli("serve", "--config", self.folder / "none.conf", *free_ports(), data=self.data)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none.conf", done.stderr)


class RefusalTest(unittest.TestCase):
    def setUp(self):
        self.data = temporary_folder() / "data"

    def refused(self, *arguments, data=None, code=1):
        """What it said on stderr, after it exited with the code, and left no ready.json and no new folder."""
        data = data or self.data
        was_there = data.exists()
        done = cli("serve", *arguments, data=data)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("AddressSanitizer", done.stderr)
        self.assertFalse((data / "ready.json").exists())
        self.assertEqual(data.exists(), was_there)
        return done.stderr

    def test_a_taken_port_is_named_with_the_flag_that_changes_it(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            place = f"127.0.0.1:{taken.getsockname()[1]}"
            for door in DOORS:
                with self.subTest(door=door):
                    said = self.refused("--demo", "--past", "21d", *free_ports(but=door), "--" + door, place)
                    self.assertNotIn("live the", said)
                    self.assertIn(place, said)
                    self.assertIn("in use", said)
                    self.assertIn("--" + door + " ", said)

    def test_a_port_of_another_gridloom_counts_as_taken(self):
        with Server(demo=False) as running:
            host, port = running.place("http")
            said = self.refused(*free_ports(but="http"), "--http", f"{host}:{port}")
            self.assertIn("--http", said)

    def test_a_second_server_on_the_folder_is_refused(self):
        with Server(data=self.data, demo=False) as running:
            done = cli("serve", *free_ports(), data=self.data)
            self.assertEqual(done.returncode, 1)
            self.assertIn("a server is running", done.stderr)
            self.assertIn(str(running.process.pid), done.stderr)
            self.assertIn(str(self.data), done.stderr)
            self.assertTrue((self.data / "ready.json").exists(), "the first one's stays")
            self.assertIn("demo", told(running.cli("account", "add", "demo"))["name"])

    def test_bad_addresses_are_named(self):
        for address in (
            "8080",
            "localhost",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "127.0.0.1:-1",
            "no:0",
            "[::1:0",
        ):
            for door in ("http", "mqtts"):
                with self.subTest(address=address, door=door):
                    done = cli("serve", f"--{door}={address}", data=self.data)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(door, done.stderr)

    def test_a_plain_door_does_not_leave_the_loopback_unasked(self):
        for door in ("http", "mqtt"):
            with self.subTest(door=door):
                said = self.refused(*free_ports(but=door), f"--{door}", "0.0.0.0:0", code=2)
                self.assertIn("--insecure-plain", said)
                self.assertIn("--" + door, said)
        with Server(
            "--insecure-plain", "--http", "0.0.0.0:0", demo=False, doors=DOORS[1:]
        ) as running:
            self.assertIn("http", running.facts)

    def test_a_folder_that_others_may_enter_is_told_at_the_start(self):
        with Server(demo=False) as running:
            self.assertNotIn("other users", running.log_text())
            running.data.chmod(0o755)
            running.restart()
            self.assertIn("other users may enter or read", running.log_text())

    def test_a_folder_that_cannot_be_made_is_named(self):
        file = temporary_folder() / "file"
        file.write_text("")
        said = cli("serve", *free_ports(), data=file / "data")
        self.assertEqual(said.returncode, 1)
        self.assertIn(str(file), said.stderr)

    def test_a_folder_that_is_damaged_is_named(self):
        told(cli("account", "add", "ann", data=self.data))
        database = self.data / "registry.sqlite"
        self.assertEqual(database.read_bytes()[:6], b"SQLite")
        database.write_bytes(b"not a database, " * 512)
        said = self.refused(*free_ports())
        self.assertIn(str(self.data), said)

    def test_wrong_usage_is_explained(self):
        for arguments in (
            (),
            ("serve", "--no-such-flag"),
            ("account",),
            ("device", "add"),
            ("nonsense",),
            ("account", "add"),
        ):
            done = cli(*arguments)
            with self.subTest(arguments=arguments):
                self.assertEqual(done.returncode, 2)
                self.assertTrue(done.stderr + done.stdout)
        for arguments in (("--help",), ("serve", "--help"), ("device", "share", "--help")):
            done = cli(*arguments)
            with self.subTest(arguments=arguments):
                self.assertEqual(done.returncode, 0)
                self.assertIn("Usage", done.stdout)


class SegmentTest(unittest.TestCase):
    """tests/formats/segment-1.log: audit, reports, audit, reports."""

    BYTES = (FORMATS / "segment-1.log").read_bytes()
    AUDIT = '{"op":"set","sn":"HEATER-01"}'

    def show(self, content, code):
        file = temporary_folder() / "some.log"
        file.write_bytes(content)
        done = cli("segment", "show", file)
        self.assertEqual(done.returncode, code, done.stderr)
        if code:
            self.assertIn(str(file), done.stderr)
        return [line.split(maxsplit=4) for line in done.stdout.splitlines()], done.stderr

    def test_records_are_listed_with_what_they_say(self):
        rows, said = self.show(self.BYTES, 0)
        self.assertEqual(rows[0], ["OFFSET", "SEQUENCE", "KIND", "BYTES"])
        self.assertEqual(
            rows[1:],
            [
                ["28", "41", "audit", "29", self.AUDIT],
                ["86", "42", "reports", "4", "0 rows of 0 devices, then bytes that are not a batch"],
                ["119", "43", "audit", "0"],
                ["148", "44", "reports", "300", "0 rows of 0 devices, then bytes that are not a batch"],
            ],
        )
        self.assertEqual(said, "")

    def test_what_is_no_record_is_named_and_exits_with_1(self):
        damaged = bytearray(self.BYTES)
        damaged[116] ^= 1
        rows, said = self.show(bytes(damaged) + b"torn", 1)
        self.assertEqual(
            [row for row in rows if "DAMAGED" in row],
            [["86", "-", "DAMAGED", "33"], ["477", "-", "DAMAGED", "4"]],
        )
        self.assertEqual([row[1] for row in rows[1:]], ["41", "-", "43", "44", "-"])
        self.assertIn("37 bytes in 2 places", said)

    def test_what_is_no_segment_is_refused(self):
        for content in (b"", b"gridloom twins 1\n", bytes(1000)):
            with self.subTest(content=content[:20]):
                rows, said = self.show(content, 1)
                self.assertEqual(rows, [])
                self.assertIn("not a segment", said)
        done = cli("segment", "show", temporary_folder() / "none.log")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.log: cannot be read", done.stderr)


class FamilyTest(unittest.TestCase):
    FAMILIES = (
        "delta_2",
        "delta_2_max",
        "delta_max",
        "delta_pro",
        "delta_pro_3",
        "delta_3_max",
        "delta_pro_ultra",
        "generic",
        "glacier",
        "power_kits",
        "power_ocean",
        "power_stream",
        "river_2_pro",
        "smart_home_panel",
        "smart_home_panel_2",
        "smart_meter",
        "smart_plug",
        "stream",
        "stream_microinverter",
        "wave_2",
    )

    def test_the_list_has_every_family(self):
        done = cli("family", "list")
        self.assertEqual(done.returncode, 0, done.stderr)
        for family in self.FAMILIES:
            self.assertRegex(done.stdout, rf"(?m)^{family}\s")

    def test_our_own_files_are_good(self):
        files = sorted(DEVICES.glob("*.yaml"))
        self.assertEqual([file.stem for file in files], sorted(self.FAMILIES))
        done = cli("family", "check", *files)
        self.assertEqual(done.returncode, 0, done.stderr)
        for file, line in zip(files, done.stdout.splitlines(), strict=True):
            self.assertTrue(line.startswith(f"{file}: good"), line)

    def test_a_mistake_is_reported_with_file_line_and_key(self):
        text = (DEVICES / "power_stream.yaml").read_text()
        lines = text.splitlines()
        at = next(number for number, line in enumerate(lines, 1) if line.startswith("prefixes:"))
        bad = temporary_folder() / "bad.yaml"
        bad.write_text(text.replace("prefixes:", "prefixs:", 1))
        done = cli("family", "check", bad)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"{bad}:{at}\b")
        good = DEVICES / "smart_plug.yaml"
        done = cli("family", "check", bad, good)
        self.assertEqual(done.returncode, 1, "of several files too")
        self.assertIn(f"{good}: good", done.stdout)
        self.assertIn("prefixs", done.stderr)

    def test_a_file_without_a_field_of_its_virtual_devices_is_reported_before_they_start(self):
        text = (DEVICES / "power_stream.yaml").read_text()
        folder = temporary_folder()
        lacking = folder / "power_stream.yaml"
        lacking.write_text(text.replace("20_1.bmsReqChgAmp", "20_1.bmsReqChgAmpere"))
        for words in (
            ("family", "check", lacking),
            ("simulate", "--family", "power_stream", "--for", "10s", "--devices", folder),
        ):
            with self.subTest(words=words):
                done = cli(*words)
                self.assertEqual(done.returncode, 1)
                self.assertIn("power_stream: its virtual devices need", done.stderr)
                self.assertIn("20_1.bmsReqChgAmp,", done.stderr)

    def test_what_is_no_device_file_is_reported(self):
        folder = temporary_folder()
        for name, text in (
            ("empty.yaml", ""),
            ("list.yaml", "- a\n- b\n"),
            ("broken.yaml", "a: [1\n"),
            ("binary.yaml", "\0\1\2"),
        ):
            (folder / name).write_text(text)
            done = cli("family", "check", folder / name)
            with self.subTest(file=name):
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(name, done.stderr)
        done = cli("family", "check", folder / "none.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.yaml", done.stderr)

    def test_a_bad_file_in_the_folder_of_a_server_is_reported_at_its_start(self):
        folder = temporary_folder()
        (folder / "mine.yaml").write_text("family: mine\nnonsense: 1\n")
        done = cli("serve", *free_ports(), "--devices", folder, data=folder / "data")
        self.assertEqual(done.returncode, 1)
        self.assertIn("mine.yaml:2", done.stderr)
        self.assertIn("nonsense", done.stderr)


class BlockTest(unittest.TestCase):
    BLOCK = FORMATS / "block-1.block"

    def test_show_tells_of_the_columns(self):
        done = cli("block", "show", self.BLOCK)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"bytes: {self.BLOCK.stat().st_size}\nrows: 60\n", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^ +1 numbers +60 +230 +230 +230 +13800 ")
        self.assertRegex(done.stdout, r"(?m)^ +6 texts +15 +\d+$")

    def test_show_rows_prints_json(self):
        done = cli("block", "show", "--rows", self.BLOCK)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(rows), 60)
        self.assertEqual(rows[0]["at_ms"], 1_700_000_000_000)
        self.assertEqual(rows[1]["fields"], {"0": 50037, "1": 230, "5": "charging", "6": 1.5})

    def test_what_is_no_block_is_reported(self):
        folder = temporary_folder()
        whole = self.BLOCK.read_bytes()
        for name, content in (
            ("empty.block", b""),
            ("other.block", b"SQLite format 3"),
            ("cut.block", whole[:-1]),
            ("later.block", whole[:2] + b"\x02" + whole[3:]),
        ):
            (folder / name).write_bytes(content)
            done = cli("block", "show", "--rows", folder / name)
            with self.subTest(file=name):
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(name, done.stderr)
        done = cli("block", "show", folder / "none.block")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.block", done.stderr)


if __name__ == "__main__":
    run_tests()
