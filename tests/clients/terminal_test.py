"""A person at a terminal: sees the home, sets something, sees it change; here, and by a profile."""
import fcntl
import json
import os
import pathlib
import pty
import re
import stat
import struct
import subprocess
import termios
import unittest

from mqtt_talk import AppClient
from server import (DELTA_2, PATIENCE_S, POWER_OCEAN, POWER_STREAM, SMART_HOME_PANEL, Server,
                    ServerTest, cli, run_tests, temporary_folder, told)
import server as servers

FIELD = "mppt.cfgChgWatts"


def run(*arguments, environment=None, stdin=None, data=None):
    """A command to its end, with further variables in its environment."""
    command = [servers.GRIDLOOM, *map(str, arguments)]
    if data is not None:
        command += ["--data", str(data)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=PATIENCE_S,
                          env={**os.environ, **(environment or {})}, cwd=temporary_folder())


def on_terminal(*arguments, environment=None, columns=200):
    """(exit code, text) of a command that has a terminal of its own, of so many columns and 50 lines."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(primary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen([servers.GRIDLOOM, *map(str, arguments)], stdin=secondary,
                               stdout=secondary, stderr=secondary, cwd=temporary_folder(),
                               env={**os.environ, "TERM": "xterm", **(environment or {})})
    os.close(secondary)
    said = b""
    while True:
        try:
            piece = os.read(primary, 65536)
        except OSError:  # the terminal's last user is gone
            break
        if not piece:
            break
        said += piece
    os.close(primary)
    return process.wait(PATIENCE_S), said.decode()


def await_energy(server, api):
    """Awaits two reports of a device, the fewest that span a time and so have an energy."""
    with AppClient(server, api) as app:
        app.subscribe(app.topic(DELTA_2, "quota"))
        while "home" not in json.loads(server.cli("status", "kitchen", "--json").stdout)["energyTodayKwh"]:
            app.message(app.topic(DELTA_2, "quota"))


class HomeTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        await_energy(cls.server, cls.api)

    def said(self, *arguments, code=0, stdin=None):
        result = self.server.cli(*arguments, stdin=stdin)
        self.assertEqual(result.returncode, code, f"{result.args}: {result.stdout}{result.stderr}")
        return result.stdout if code == 0 else result.stderr

    def told(self, *arguments):
        return json.loads(self.said(*arguments, "--json"))

    def devices(self, *arguments):
        return {row["sn"]: row for row in map(json.loads, self.said("status", *arguments, "--json").splitlines())}

    def test_status_is_a_line_a_device(self):
        devices = self.devices()
        self.assertEqual(set(devices), set(self.api.devices()))
        kitchen = devices[DELTA_2]
        self.assertTrue(kitchen["online"])
        self.assertEqual(kitchen["errors"], [])
        self.assertLessEqual(0, kitchen["chargePercent"])
        self.assertLessEqual(kitchen["chargePercent"], 100)
        self.assertIsInstance(kitchen["loadW"], (int, float))
        self.assertLess(kitchen["ageMs"], 1000 * PATIENCE_S)
        self.assertIn("home", kitchen["energyTodayKwh"])
        ocean = devices[POWER_OCEAN]
        self.assertIsInstance(ocean["ageMs"], int, "its reports have times of their own")
        for name in ("sunW", "gridW", "loadW", "batteryW"):
            self.assertIsInstance(ocean[name], (int, float), name)
        table = self.said("status")
        self.assertNotIn("\x1b", table, "piped text has no colours")
        line = next(line for line in table.splitlines() if line.startswith(DELTA_2))
        self.assertIn("Kitchen power station", line)
        self.assertIn(" % ", line)
        self.assertTrue(line.endswith("live"), line)
        self.assertIn("TODAY, kWh", table)
        only = self.said("status", "kitchen")
        self.assertIn(DELTA_2, only)
        self.assertNotIn(POWER_OCEAN, only)
        self.assertIn("there is no device garage", self.said("status", "garage", code=1))

    def test_the_home_is_a_line_above_the_devices(self):
        first = self.said("status").partition("\n\n")[0]
        self.assertRegex(first, r"(?s)^home (\d+ W|at least|\?).*sun .*battery .*the\s+grid ")
        self.assertNotIn("the grid", self.said("status", "kitchen"), "a home is all of its devices")

    def test_a_german_terminal_reads_german(self):
        german = {"LC_ALL": "de_DE.UTF-8"}
        for words, environment in ((("--language", "de"), {}), ((), german)):
            said = {each: run(*each.split(), *words, data=self.server.data, environment=environment).stdout
                    for each in ("status", "energy", "fault list --all")}
            with self.subTest(words):
                self.assertRegex(said["status"], r"\AHaus .*Akku .*(aus dem|ins) Netz (?s:.*)LADUNG(?s:.*)HEUTE, kWh")
                self.assertRegex(said["energy"], r"\ASTUNDE, kWh +SONNE(?s:.*)gesamt .* \d+,\d\d")
                self.assertRegex(said["fault list --all"], r"over_temperature +delta_2 +.*zu heiß")
        for words in (("status", "--json"), ("energy", "--csv"), ("fault", "list", "--all", "--json")):
            with self.subTest(words):
                first, second = (re.sub(r"-?[\d.]+", "0", run(*words, data=self.server.data, environment=each).stdout)
                                 for each in ({}, german))
                if words[0] == "status":  # a day's energy has a member from when it is known
                    first, second = (re.sub(r'("\w*Today\w*":){[^}]*}', r"\1{}", each) for each in (first, second))
                self.assertEqual(first, second)

    def test_commands_fit_a_terminal_of_eighty_columns(self):
        for words, seen in ((("status",), "Kitchen"), (("watch", "--count", "1"), "Kitchen"),
                            (("device", "list"), "Kitchen"), (("device", "show", "kitchen"), "Kitchen"),
                            (("get", "kitchen"), "MEANING"), (("explain", "kitchen", "acChgCfg"), "chgWatts"),
                            (("energy",), "BATT OUT"),
                            (("energy", "--period", "week"), "BATT OUT"), (("energy", "--period", "year"), "BATT OUT"),
                            (("history", "kitchen", "soc"), "mean of each 30m"),
                            (("history", "kitchen", "bms_bmsStatus.f32ShowSoc"), "mean of each 30m"),
                            (("fault", "list", "--all"), "disconnect"), (("doctor",), "listeners"),
                            (("limits",), "http.body-bytes")):
            with self.subTest(" ".join(words)):
                data = () if words[0] == "limits" else ("--data", self.server.data)
                code, text = on_terminal(*words, *data, columns=80, environment={"NO_COLOR": "1"})
                # The doctor may find something on this machine.
                self.assertLessEqual(code, 1 if words[0] == "doctor" else 0, text)
                self.assertIn(seen, text)
                for line in re.sub(r"\x1b\[\w", "", text).splitlines():
                    self.assertLessEqual(len(line), 80, line)

    def test_the_help_of_each_command_fits_a_terminal_of_eighty_columns(self):
        def below(*words):
            return [(*words, each) for each in run("__complete", "help", *words, "").stdout.split()]

        groups = below()
        commands = [*groups, *(each for group in groups for each in below(*group))]
        self.assertGreater(len(commands), 70)
        for name in map(" ".join, commands):
            result = run(*name.split(), "--help", environment={"COLUMNS": "80"})
            self.assertEqual(result.returncode, 0, name)
            # An example is a line that can be copied.
            for line in result.stdout.partition("\nExamples:\n")[0].splitlines():
                self.assertLessEqual(len(line), 80, f"{name}: {line}")

    def test_energy_is_a_row_an_hour_or_a_day_and_the_home_is_no_sum(self):
        device = self.told("energy", "kitchen")
        self.assertEqual((device["sn"], device["period"], device["unit"]), (DELTA_2, "day", "kWh"))
        home = self.told("energy")
        self.assertIn("home_kwh", home["total"])
        month = self.said("energy", "--period", "month")
        self.assertRegex(month, r"^DAY, kWh +SUN +BATT IN +BATT OUT +GRID IN +GRID OUT +HOME")
        self.assertRegex(month, r"(?m)^\d{4}-\d\d-\d\d (Mon|Tue|Wed|Thu|Fri|Sat|Sun) ")
        self.assertRegex(month, r"(?m)^total ")
        table = self.said("energy", "kitchen", "--csv").splitlines()
        self.assertTrue(table[0].startswith("from,to,SUN [kWh],BATT IN [kWh]"), table[0])
        # An hour may have begun meanwhile.
        hours, hours_later = ([row["from"] for row in each["buckets"]]
                              for each in (device, self.told("energy", "kitchen")))
        self.assertIn([row["from"] for row in home["buckets"]], (hours, hours_later))
        self.assertIn(len(table) - 1, (len(hours), len(hours_later)))
        self.assertIn("must be day, week, month or year", self.said("energy", "--period", "decade", code=2))

    def test_a_terminal_has_colours_unless_they_are_unwanted(self):
        code, text = on_terminal("status", "--data", self.server.data)
        self.assertEqual(code, 0)
        self.assertIn("\x1b[32mlive", text)
        for unwanted in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            code, text = on_terminal("status", "--data", self.server.data, environment=unwanted)
            self.assertEqual(code, 0)
            self.assertNotIn("\x1b", text)

    def test_get_has_units_names_and_meanings(self):
        text = self.said("get", DELTA_2, "soc", FIELD, "pd.beepMode")
        rows = {line.split()[0]: line for line in text.splitlines()}
        self.assertIn(" % ", rows["pd.soc"])
        self.assertIn(" W ", rows[FIELD])
        self.assertIn("0 (sounds)", rows["pd.beepMode"])
        self.assertIn("Buzzer", rows["pd.beepMode"])
        everything = self.told("get", DELTA_2)["fields"]
        self.assertEqual({row["field"] for row in everything}, set(self.api.quota_all(DELTA_2)))
        voltage = self.told("get", DELTA_2, "bms_bmsStatus.vol")["fields"][0]
        self.assertEqual(voltage["unit"], "V")
        self.assertAlmostEqual(voltage["number"], voltage["value"] / 1000)
        wrong = self.said("get", DELTA_2, "pd.scoc", code=2)
        self.assertIn('there is no field "pd.scoc"; did you mean pd.soc?', wrong)

    def test_a_set_is_answered_read_back_and_audited(self):
        for words, wanted in (((FIELD, "600"), 600), (("acChgCfg", "chgWatts=700W"), 700),
                              ((f"{FIELD}=800",), 800)):
            done = self.told("set", DELTA_2, *words, "--wait", f"{PATIENCE_S}s")
            self.assertEqual(done["command"], "acChgCfg")
            self.assertEqual(done["params"], {"chgWatts": wanted})
            row = {row["field"]: row for row in done["fields"]}[FIELD]
            self.assertEqual((row["now"], row["confirmed"]), (wanted, True))
            self.assertEqual(self.api.quotas(DELTA_2, FIELD), {FIELD: wanted})
        text = self.said("set", DELTA_2, FIELD, "650", "--wait", f"{PATIENCE_S}s")
        self.assertIn("acChgCfg chgWatts=650: the device answered", text)
        self.assertIn("650 W", text)
        entries = [json.loads(line) for line in self.said("audit", "--json").splitlines()]
        sets = [entry for entry in entries if entry["what"] == "set" and entry["sn"] == DELTA_2]
        self.assertTrue(any(entry.get("who") == "demo" for entry in sets), sets)
        ours = [entry for entry in entries if entry["what"] == "device.set"]
        self.assertTrue(any(entry["who"] == "admin" and entry["sn"] == DELTA_2 for entry in ours))

    def test_what_cannot_be_set_is_refused(self):
        for words, why in (((FIELD, "99999"), "must be 100 to 1200"),
                           (("pd.soc", "50"), "can only be read"),
                           (("acChgCfg", "chgWats=5"), "did you mean chgWatts"),
                           (("quietMod", "enabled=1"), "did you mean quietMode"),
                           (("acOutCfg", "enabled=0"), "--yes sends it")):
            self.assertIn(why, self.said("set", DELTA_2, *words, code=2), words)
        self.assertIn("read-only", self.said("set", POWER_OCEAN, "bpSoc", "5", code=2))
        message = json.loads(self.said("set", DELTA_2, "acOutCfg", "enabled=0", "--dry-run"))
        self.assertEqual(message["params"]["enabled"], 0)
        self.assertEqual((message["moduleType"], message["operateType"]), (5, "acOutCfg"))

    def test_members_of_lists_are_read_and_set(self):
        member = "heartbeat.loadCmdChCtrlInfos[2].ctrlSta"
        self.told("set", SMART_HOME_PANEL, "controlCircuit", "ch=2", "ctrlMode=1", "sta=1", "--yes", "--wait", f"{PATIENCE_S}s")
        row, = self.told("get", SMART_HOME_PANEL, member)["fields"]
        self.assertEqual((row["field"], row["value"]), (member, 1))
        self.assertEqual(len(self.told("get", SMART_HOME_PANEL, "heartbeat.loadCmdChCtrlInfos.ctrlSta")["fields"]), 10)
        changed = self.told("set", SMART_HOME_PANEL, "controlCircuit", "ch=2", "ctrlMode=1", "sta=2", "--yes",
                            "--wait", f"{PATIENCE_S}s")["fields"]
        self.assertIn({"field": member, "before": 1, "now": 2, "confirmed": True}, changed)
        self.assertIn("timeTask", self.said("set", SMART_HOME_PANEL, "scheduleDischarging", "cfgIndex=4",
                                            'cfg={"comCfg":{"isCfg":1,"isEnable":0}}', "--yes"))

    def test_units_of_the_wire_stay_there(self):
        self.told("set", POWER_STREAM, "permanentWatts", "60", "--wait", f"{PATIENCE_S}s")
        self.assertEqual(self.api.quotas(POWER_STREAM, "20_1.permanentWatts"),
                         {"20_1.permanentWatts": 600})

    def test_explain_says_what_the_device_file_says(self):
        text = cli("explain", DELTA_2, FIELD).stdout
        for word in ("set by       acChgCfg chgWatts=VALUE", "unit         W", "source"):
            self.assertIn(word, text)
        facts = json.loads(cli("explain", "delta_2", "pd.beepMode", "--json").stdout)
        self.assertEqual(facts["values"], [{"value": 0, "name": "sounds"},
                                           {"value": 1, "name": "silent"}])
        self.assertEqual(facts["set_by"], ["quietMode"])
        command = json.loads(cli("explain", DELTA_2, "acChgCfg", "--json").stdout)
        self.assertEqual(command["params"][0]["range"], [100, 1200])
        elements = cli("explain", "power_ocean", "emsErrCode.errCode").stdout
        self.assertIn("elements     601 (heat pump)\n" + " " * 15 + "602 (heating rod)\n" + " " * 15 + "9001 (",
                      elements)
        self.assertEqual(cli("explain", "delta_2", "mppt.faultCode").stdout.count("and others"), 0)
        member = "heartbeat.loadCmdChCtrlInfos.ctrlSta"
        for name, words in (("heartbeat.loadCmdChCtrlInfos", ("  [].ctrlSta\n", "(by hand)", "controlCircuit ch=VALUE")),
                            (member, ("State of the circuits", "(packs)", "controlCircuit ch=VALUE")),
                            ("heartbeat.loadCmdChCtrlInfos[3].ctrlSta", ("(packs)",)),
                            ("timeTask", ("scheduleCharging cfgIndex=VALUE cfg=VALUE", "scheduleDischarging")),
                            ("heartbeat.time.hour", ("setClock hour=VALUE",))):
            for word in words:
                self.assertIn(word, cli("explain", "smart_home_panel", name).stdout)
        self.assertIn("heartbeat.loadCmdChCtrlInfos[].ctrlSta", cli("explain", "smart_home_panel", "ctrlSta").stderr)
        wrong = cli("explain", DELTA_2, "pd.scoc")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("did you mean pd.soc", wrong.stderr)

    def test_a_device_is_shown(self):
        text = self.said("device", "show", DELTA_2)
        for word in (f"serial     {DELTA_2}", "owner      demo", "presence   online", "today"):
            self.assertIn(word, text)
        self.assertRegex(text, r"(?m)^charge +\S+ \d+ %$")
        self.assertRegex(text, r"(?m)^load +\d+ W$")
        self.assertEqual(self.told("device", "show", "kitchen")["sn"], DELTA_2)

    def test_a_device_of_no_known_family_has_no_product(self):
        self.said("device", "add", "HEATER-01", "--owner", "demo")
        try:
            self.assertIn("\nfamily     generic\n", self.said("device", "show", "HEATER-01"))
        finally:
            self.said("device", "remove", "HEATER-01")

    def test_the_help_says_where_a_part_of_a_name_is_enough(self):
        self.assertIn("or the name or a part of it", cli("device", "rename", "--help").stdout)
        self.assertIn("Serial number or name, the whole of it", cli("device", "move", "--help").stdout)

    def test_a_wait_ends_when_the_condition_holds(self):
        self.assertRegex(self.said("wait", "kitchen", "soc", ">=", "0"),
                         rf"^Kitchen power station \({DELTA_2}\): pd.soc \d+ %\n$")
        self.assertIn("Kitchen", self.said("wait", "kitchen", "online", "--timeout", "1m"))
        late = self.said("wait", "kitchen", "soc > 100", "--timeout", "0s", code=1)
        self.assertRegex(late, r"after 0s, pd.soc of Kitchen power station \(\w+\) is \d+ %")
        with subprocess.Popen([servers.GRIDLOOM, "wait", DELTA_2, f"{FIELD} = 710", "--json", "--timeout",
                               f"{PATIENCE_S}s", "--data", str(self.server.data)],
                              text=True, stdout=subprocess.PIPE) as waiting:
            self.said("set", DELTA_2, FIELD, "0.71kW", "--wait", f"{PATIENCE_S}s")
            told = json.loads(waiting.stdout.readline())
            self.assertEqual(waiting.wait(PATIENCE_S), 0)
        self.assertEqual((told["value"], told["met"]), (710, True))

    def test_natures_stand_for_the_fields_of_modules(self):
        kit = self.told("get", "camper power", "load.power", "grid.power", "pv.power")["fields"]
        self.assertTrue(all(row["unit"] == "W" for row in kit), kit)
        self.assertGreater(len(kit), 2)
        table = self.said("history", "camper power", "load.power", "--from", "-1m", "--csv").splitlines()
        self.assertRegex(table[0], r"^time(,\S+ \[W\])+,local_time$")

    def test_a_table_is_in_the_unit_of_its_heading(self):
        shown = self.told("get", POWER_STREAM, "20_1.pvToInvWatts")["fields"][0]
        self.assertEqual(shown["unit"], "W")
        table = self.said("history", POWER_STREAM, "20_1.pvToInvWatts", "--from", "-1m", "--csv").splitlines()
        self.assertEqual(table[0], "time,20_1.pvToInvWatts [W],local_time")

    def test_a_reader_that_goes_away_ends_no_server(self):
        data = temporary_folder() / "data"
        data.mkdir(mode=0o700)
        unread, written = os.pipe()
        os.close(unread)
        doors = [word for door in servers.DOORS for word in ("--" + door, "127.0.0.1:0")]
        process = servers.start_server([servers.GRIDLOOM, "serve", "--demo", "--data", str(data), *doors], data,
                                       stdout=written, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        os.close(written)
        self.assertEqual(cli("status", data=data).returncode, 0)
        process.terminate()
        self.assertEqual(process.wait(PATIENCE_S), 0)
        self.assertFalse((data / "ready.json").exists())

    def test_a_name_is_enough_in_every_command(self):
        self.assertIn("soc", self.said("history", "kitchen", "soc", "--csv").splitlines()[0])
        self.assertIn("Charge of the battery", self.said("explain", "kitchen", "pd.soc"))
        self.assertEqual(self.told("fault", "on", "slow_answer", "--device", "kitchen")["sn"], DELTA_2)
        self.said("fault", "off", "slow_answer", "--device", "kitchen")
        self.told("set", "kitchen", FIELD, "620", "--wait", f"{PATIENCE_S}s")
        entries = [json.loads(line) for line in self.said("audit", "--device", "kitchen", "--json").splitlines()]
        self.assertEqual({entry["sn"] for entry in entries}, {DELTA_2})
        self.server.add_account("ben")
        self.assertEqual(self.told("device", "share", "kitchen", "ben", "monitor")["sn"], DELTA_2)
        self.assertEqual(self.told("device", "rename", DELTA_2, "Galley")["sn"], DELTA_2)
        self.assertEqual(self.told("device", "rename", "galley", "Kitchen power station")["sn"], DELTA_2)

    def test_a_whole_name_goes_before_a_part_of_one(self):
        self.assertEqual(self.told("get", "home battery", "bpSoc")["sn"], POWER_OCEAN)
        self.assertIn("fits several devices", self.said("get", "home batt", "bpSoc", code=1))

    def test_watch_says_what_changes(self):
        for way in ([], ["--every", "200ms"]):
            with self.subTest(way):
                self.assertEqual(watched_change(self.server, "--data", str(self.server.data), *way), "")

    def test_watch_of_the_home_on_a_terminal_is_a_screen(self):
        code, text = on_terminal("watch", "--count", "1", "--data", self.server.data)
        self.assertEqual(code, 0)
        self.assertIn(DELTA_2, text)
        self.assertIn("Ctrl-C ends", text)

    def test_progress_is_a_bar_that_goes_away(self):
        recording = temporary_folder() / "home.loom"
        code, text = on_terminal("record", "--out", recording, "--for", "2s", "--data", self.server.data)
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"\r\[=+ *\] +\d+ %  \d+ messages of devices, \d+ requests  \d+s left\x1b\[K")
        drawn, _, last = text.rpartition("\r\x1b[K")
        self.assertIn(" left", drawn)
        self.assertTrue(last.startswith(str(recording)), last)
        self.assertNotIn("\r", last.replace("\r\n", ""))

    def test_the_doctor_names_nobody(self):
        result = self.server.cli("doctor", "--json")
        told = json.loads(result.stdout)
        findings = {row["check"]: row for row in told["findings"]}
        self.assertTrue(findings["data folder"]["good"], findings)
        self.assertTrue(findings["listeners"]["good"], findings)
        self.assertEqual(result.returncode, 0 if told["good"] else 1)
        for secret in (DELTA_2, "demo", self.server.facts["accessKey"],
                       self.server.facts["secretKey"], str(self.server.data)):
            self.assertNotIn(secret, result.stdout)
        os.chmod(self.server.data, 0o755)
        try:
            self.assertIn("PROBLEM  data folder", self.server.cli("doctor").stdout)
        finally:
            os.chmod(self.server.data, 0o700)


def watched_change(server, *flags, environment=None):
    """What a watch says on standard error which sees a set; it prints the value before and after."""
    process = subprocess.Popen(
        [servers.GRIDLOOM, "watch", DELTA_2, FIELD, "--json", "--count", "2", *flags], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})})
    with process:
        first = json.loads(process.stdout.readline())
        assert (first["sn"], first["field"], first["before"]) == (DELTA_2, FIELD, None), first
        wanted = 900 if first["value"] != 900 else 950
        done = server.cli("set", DELTA_2, FIELD, wanted, "--wait", f"{PATIENCE_S}s")
        assert done.returncode == 0, done.stderr
        second = json.loads(process.stdout.readline())
        assert (second["before"], second["value"]) == (first["value"], wanted), second
        assert process.wait(PATIENCE_S) == 0
        return process.stderr.read()


class ProfileTest(ServerTest):
    def setUp(self):
        self.config = temporary_folder()
        self.environment = {"XDG_CONFIG_HOME": str(self.config), "NO_COLOR": "1"}

    def command(self, *arguments, code=0, stdin=None, **environment):
        result = run(*arguments, environment={**self.environment, **environment}, stdin=stdin)
        self.assertEqual(result.returncode, code, f"{result.args}: {result.stdout}{result.stderr}")
        return result.stdout if code == 0 else result.stderr

    def log_in(self, *arguments, door="http", **more):
        return self.command("login", "home", "--host", self.server.facts[door], "--access-key",
                            self.server.facts["accessKey"], *arguments, **more)

    def test_a_profile_does_what_the_data_folder_does(self):
        await_energy(self.server, self.api)
        self.log_in("--ca", self.server.ca, door="https",
                    stdin=self.server.facts["secretKey"] + "\n")
        file = self.config / "gridloom" / "profiles" / "home.json"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertNotIn(self.server.facts["secretKey"], self.command("login", "--list"))
        devices = [json.loads(line) for line in self.command("status", "--json", "--profile", "home").splitlines()]
        self.assertEqual({row["sn"] for row in devices}, set(self.api.devices()))
        kitchen = next(row for row in devices if row["sn"] == DELTA_2)
        self.assertTrue(kitchen["online"])
        self.assertIn("home", kitchen["energyTodayKwh"])
        done = json.loads(self.command("set", DELTA_2, FIELD, "500", "--json", "--wait",
                                       f"{PATIENCE_S}s", "--profile", "home"))
        self.assertTrue(all(row["confirmed"] for row in done["fields"]), done)
        self.assertIn("500 W", self.command("get", DELTA_2, FIELD, "--profile", "home"))
        self.assertIn("serial", self.command("device", "show", DELTA_2, "--profile", "home"))
        energy = json.loads(self.command("energy", "--json", "--profile", "home"))
        self.assertIn("home_kwh", energy["total"])
        self.assertIn("BATT IN", self.command("energy", "kitchen", "--profile", "home"))
        self.assertEqual(self.command("history", "kitchen", "soc", "--csv", "--profile", "home").splitlines()[0],
                         "time,pd.soc [%],local_time")
        drawn = self.command("history", "kitchen", "soc", "--profile", "home")
        self.assertIn("mean of each", drawn)
        self.assertRegex(drawn, r"(?m)^min \d+  mean \d+  max \d+$", "the digits of the field")
        self.assertIn("500 W", self.command("watch", DELTA_2, FIELD, "--count", "1", "--profile",
                                            "home"))
        self.assertIn("500 W", self.command("get", DELTA_2, FIELD, GRIDLOOM_PROFILE="home"))
        self.assertIn("no Gridloom data in", self.command(
            "get", DELTA_2, FIELD, "--data", temporary_folder(), code=1, GRIDLOOM_PROFILE="home"))
        self.command("logout", "home")
        self.assertIn("there is no profile home",
                      self.command("status", "--profile", "home", code=1))

    def test_watch_follows_reports_over_mqtt(self):
        self.log_in("--ca", self.server.ca, stdin=self.server.facts["secretKey"])
        said = watched_change(self.server, "--profile", "home", environment=self.environment)
        self.assertEqual(said, "", "it looks instead")

    def test_secrets_come_by_file_environment_or_input(self):
        secret = self.server.facts["secretKey"]
        file = temporary_folder() / "key"
        file.write_text(secret + "\n")
        self.log_in("--secret-key-file", file)
        self.log_in(GRIDLOOM_SECRET_KEY=secret)
        self.log_in("--secret-key-file", "-", stdin=secret)
        self.assertIn("8521", self.log_in(stdin="another\n", code=1))
        self.assertIn("there is no secret key", self.log_in(stdin="\n", code=2))
        variables = {"GRIDLOOM_HOST": self.server.facts["http"], "GRIDLOOM_SECRET_KEY": secret,
                     "GRIDLOOM_ACCESS_KEY": self.server.facts["accessKey"]}
        self.assertIn(DELTA_2, self.command("status", "--profile", "env", **variables))

    def test_faults_are_injected_with_the_admin_token_of_a_profile(self):
        keys, tokens = temporary_folder() / "key", temporary_folder() / "token"
        keys.write_text(self.server.facts["secretKey"])
        token = told(self.server.cli("token", "add", "faults", "--scope", "admin"))["token"]
        tokens.write_text(token + "\n")
        self.log_in("--secret-key-file", keys)
        self.assertIn("the profile home has no admin token", self.command("fault", "list", "--profile", "home", code=1))
        self.assertIn("the admin token of the profile home is refused: no account has this token",
                      self.command("fault", "list", "--profile", "home", code=1, GRIDLOOM_ADMIN_TOKEN="wrong"))
        self.assertIn("refuses the admin token", self.log_in("--secret-key-file", keys, "--admin-token-file", "-",
                                                             stdin="wrong\n", code=1))
        self.log_in("--secret-key-file", keys, "--admin-token-file", tokens)
        self.assertNotIn(token, self.command("login", "--list"))
        on = json.loads(self.command("fault", "on", "over_temperature", "--device", "kitchen", "--json",
                                     "--profile", "home"))
        self.assertEqual(on, {"fault": "over_temperature", "sn": DELTA_2})
        here = self.server.cli("fault", "list").stdout
        self.assertIn(DELTA_2, here)
        self.assertEqual(self.command("fault", "list", GRIDLOOM_PROFILE="home"), here)
        self.assertIn("there is no device kitchn; did you mean Kitchen power station",
                      self.command("fault", "off", "--device", "kitchn", "--profile", "home", code=1))
        self.assertIn("did you mean disconnect?",
                      self.command("fault", "on", "disconect", "--profile", "home", code=2))
        self.assertEqual(self.command("fault", "off", "--profile", "home"), "ended: 1\n")

    def test_a_server_that_is_not_trusted_or_not_there_is_named(self):
        untrusted = self.log_in(door="https", stdin=self.server.facts["secretKey"], code=1)
        self.assertIn("is not trusted", untrusted)
        self.assertIn("--ca", untrusted)
        nowhere = self.command("login", "home", "--host", "http://127.0.0.1:1", "--access-key", "A",
                               code=1, stdin="b\n")
        self.assertIn("127.0.0.1:1", nowhere)
        self.assertIn("must be as", self.command("login", "x", "--host", "ftp://a", "--access-key",
                                                 "A", code=2, stdin="b\n"))


class OwnFamiliesTest(unittest.TestCase):
    def test_commands_know_the_families_of_the_server(self):
        families = pathlib.Path(__file__).resolve().parents[1] / "families"
        with Server("--devices", families, demo=False) as server:
            self.assertEqual(server.facts["devices"], str(families))
            server.add_account("ann")
            server.add_device("SOL100000001", "ann", "--name", "Garden")
            row = json.loads(server.cli("status", "--json").stdout)
            self.assertEqual(row["family"], "solar_station")
            self.assertIn("State of charge", server.cli("explain", "garden", "soc").stdout)
            wrong = server.cli("set", "garden", "bat.sok", "1").stderr
            self.assertIn("Solar Station has no command or field \"bat.sok\"; did you mean bat.soc?", wrong)
            shown = run("family", "show", "solar_station", environment={"GRIDLOOM_DATA": str(server.data)})
            self.assertEqual(shown.returncode, 0, shown.stderr)


class StrictProfileTest(ProfileTest):
    """A server that is as strict as the vendor's cloud: each signature once, and the path signed."""

    flags = ("--strict",)

    def test_a_watch_says_when_it_can_only_look(self):
        self.log_in("--ca", self.server.ca, stdin=self.server.facts["secretKey"])
        watched = run("watch", "--count", "1", "--profile", "home", environment=self.environment)
        self.assertEqual(watched.returncode, 0)
        self.assertRegex(watched.stderr, "/# is refused.*looks once a second")
        self.assertEqual(len(watched.stdout.splitlines()), 1)


class StoppedTest(unittest.TestCase):
    def test_a_stopped_server_is_named(self):
        with Server() as server:
            data = server.data
        for command in (("status",), ("get", DELTA_2), ("set", DELTA_2, FIELD, "600")):
            result = cli(*command, data=data)
            self.assertEqual(result.returncode, 1, command)
            self.assertIn("no server runs on", result.stderr, command)
        findings = {row["check"]: row for row in json.loads(
            cli("doctor", "--json", data=data).stdout)["findings"]}
        self.assertEqual(findings["files"]["text"], "of this version")
        self.assertNotIn("listeners", findings)


if __name__ == "__main__":
    run_tests()
