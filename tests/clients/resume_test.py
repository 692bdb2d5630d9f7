"""Virtual devices go on where they were: after a stop and after a kill of the server of a demo home,
and of a `simulate`. Counters never go back, settings stay, and the time off counts as time off."""
import json
import os
import re
import signal
import subprocess
import unittest

import server as servers
from mqtt_talk import await_reported
from server import (
    DELTA_2,
    PATIENCE_S,
    POWER_KITS,
    POWER_OCEAN,
    POWER_STREAM,
    SMART_HOME_PANEL,
    Server,
    cli,
    run_tests,
    temporary_folder,
)

WORKSHOP = "R331ZCB4ZE86056P"
OTHER_OCEAN = "HJ31ZDH2ZF690029"
HOME = {DELTA_2: 160, WORKSHOP: 160, POWER_STREAM: 121, SMART_HOME_PANEL: 83, POWER_KITS: 5,
        POWER_OCEAN: 5, OTHER_OCEAN: 5}

# Names of numbers that only grow; those of the day begin anew at midnight.
LIFE = re.compile(r"(UsedTime|workTime|\.cycles|relaySwitchCnt|pd\.(chg|dsg)\w*Power\w*"
                  r"|\.(chg|dsg)Energy)$")
DAY = re.compile(r"(dayEnergy|WhInDay|DayWatth)$")
CHARGE = re.compile(r"^(pd\.soc|bpSoc|20_1\.batSoc|bmsTotal\.totalSoc|heartbeat\.backupBatPer)$")

# (device, the set, {quota: what it reads from then on})
SETS = [
    (DELTA_2, {"moduleType": 5, "operateType": "acChgCfg",
               "params": {"chgWatts": 450, "chgPauseFlag": 1}},
     {"mppt.cfgChgWatts": 450, "mppt.chgPauseFlag": 1}),
    (WORKSHOP, {"moduleType": 2, "operateType": "upsConfig", "params": {"maxChgSoc": 71}},
     {"bms_emsStatus.maxChargeSoc": 71}),
    (POWER_STREAM, {"cmdCode": "WN511_SET_PERMANENT_WATTS_PACK", "params": {"permanentWatts": 2000}},
     {"20_1.permanentWatts": 2000}),
    (SMART_HOME_PANEL, {"operateType": "TCP", "params": {
        "cmdSet": 11, "id": 29, "discLower": 17, "forceChargeHigh": 83}},
     {"backupChaDiscCfg.discLower": 17, "backupChaDiscCfg.forceChargeHigh": 83}),
    (SMART_HOME_PANEL, {"operateType": "TCP", "params": {
        "cmdSet": 11, "id": 16, "ch": 3, "ctrlMode": 1, "sta": 2}}, {}),
    (POWER_KITS, {"moduleType": 0, "operateType": "oilStartDownLimit", "params": {"soc": 7}},
     {"bp2000.M102Z3B4ZE6H0009.oilOpenSoc": 7}),
    (POWER_KITS, {"moduleType": 0, "operateType": "writeProName",
                  "params": {"name": "Erika", "nameLen": 5}}, {}),
]


def sent(api, sn, message):
    answer = api.set(sn, id=7, version="1.0", **message)
    if answer.get("code") != "0":
        raise AssertionError(f"{sn} {message}: {answer}")
    return answer["data"]


def product_name(api, sn):
    return sent(api, sn, {"moduleType": 0, "operateType": "readProName",
                          "params": {"enable": 1}})["data"]["name"]


def flat(value, name=""):
    """A Power Kits answers its modules' quotas as nested objects."""
    if not isinstance(value, dict):
        return {name: value}
    return {path: leaf for key, each in value.items()
            for path, leaf in flat(each, f"{name}.{key}" if name else key).items()}


def numbers(quotas, pattern):
    return {name: value for name, value in quotas.items() if pattern.search(name)}


class DemoHomeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["TZ"] = "UTC"

    def step(self, server, span):
        stepped = cli("time", "step", span, data=server.data)
        self.assertEqual(stepped.returncode, 0, stepped.stderr)

    def start(self, at, data=None):
        server = Server("--start", at, "--paused", data=data)
        await_reported(server, server.api(), HOME)
        self.step(server, "1m")
        return server

    def seen(self, server):
        return {sn: flat(server.api().quota_all(sn)) for sn in HOME}

    def go_through(self, how):
        server = self.start("2026-06-01 06:00")
        self.step(server, "13h")
        for sn, message, _ in SETS:
            sent(server.api(), sn, message)
        self.step(server, "10m")
        before = self.seen(server)
        server.end(how)

        server = self.start("2026-06-01 22:00", server.data)
        again = self.seen(server)
        self.expect_continued(before, again)
        for sn, _, settings in SETS:
            for name, value in settings.items():
                self.assertEqual(again[sn][name], value, f"{sn} {name}")
        panel = again[SMART_HOME_PANEL]["heartbeat.loadCmdChCtrlInfos"][3]
        self.assertEqual((panel["ctrlMode"], panel["ctrlSta"]), (1, 2))
        self.assertEqual(product_name(server.api(), POWER_KITS), "Erika")
        for sn, quotas in before.items():
            for name, value in numbers(quotas, DAY).items():
                self.assertGreaterEqual(again[sn][name], value, f"{sn} {name}")
        for name in ("mainsLoadWatt.watth", "backupLoadWatt.watth", "topupLoadWatt.watth"):
            for row, cells in enumerate(before[SMART_HOME_PANEL][name]):
                now = again[SMART_HOME_PANEL][name][row]
                self.assertTrue(all(new >= old for new, old in zip(now, cells, strict=True)), name)
        server.end(how)

        server = self.start("2026-06-02 00:10", server.data)
        tomorrow = self.seen(server)
        self.expect_continued(again, tomorrow)
        self.assertEqual(tomorrow[SMART_HOME_PANEL]["mainsLoadWatt.rtc"], "2026-6-2")
        for sn, quotas in again.items():
            for name, value in numbers(quotas, DAY).items():
                self.assertLessEqual(tomorrow[sn][name], min(value, 60), f"{sn} {name}")
        server.stop()

    def expect_continued(self, before, now):
        checked = 0
        for sn, quotas in before.items():
            for name, value in numbers(quotas, LIFE).items():
                self.assertGreaterEqual(now[sn][name], value, f"{sn} {name}")
                checked += 1
            for name, value in numbers(quotas, CHARGE).items():
                self.assertAlmostEqual(now[sn][name], value, delta=2, msg=f"{sn} {name}")
                checked += 1
        self.assertGreater(checked, 30)

    def test_after_a_stop(self):
        self.go_through(signal.SIGTERM)

    def test_after_a_kill(self):
        self.go_through(signal.SIGKILL)


class SimulateTest(unittest.TestCase):
    FAMILIES = ("--family", "delta_2=2,power_kits")
    DELTA = "R331SIM00000001"
    KITS = "M106SIM00000001"

    def begin(self, server):
        command = [servers.GRIDLOOM, "simulate", "--data", server.data, *self.FAMILIES]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        for line in process.stderr:
            if "3 of 3 connections online" in line:
                break
        return process

    def end(self, process, how):
        os.kill(process.pid, how)
        process.wait(PATIENCE_S)

    def test_simulated_devices_go_on_too(self):
        with Server(demo=False) as server:
            process = self.begin(server)
            keys = servers.told(cli("account", "keys", "simulated", data=server.data))
            api = server.api(keys["accessKey"], keys["secretKey"])
            await_reported(server, api, {self.DELTA: 160, self.KITS: 5})
            sent(api, self.DELTA, {"moduleType": 5, "operateType": "acChgCfg",
                                   "params": {"chgWatts": 300, "chgPauseFlag": 0}})
            sent(api, self.KITS, {"moduleType": 0, "operateType": "writeProName",
                                  "params": {"name": "Wohnmobil", "nameLen": 9}})
            self.end(process, signal.SIGKILL)
            before = api.quota_all(self.DELTA)
            stored = (server.data / "virtual" / f"{self.KITS}.json").read_text(encoding="utf-8")
            kept = json.loads(stored.partition("\n")[2])
            self.assertEqual(kept["productName"], "Wohnmobil")
            backup = temporary_folder() / "backup"
            servers.told(server.cli("backup", str(backup)))
            checked = cli("check", backup)
            self.assertEqual(checked.returncode, 0, checked.stdout)
            self.assertIn(f"virtual/{self.KITS}.json", checked.stdout)
            process = self.begin(server)
            await_reported(server, api, {self.DELTA: 160, self.KITS: 5})
            now = api.quota_all(self.DELTA)
            self.assertEqual(now["mppt.cfgChgWatts"], 300)
            for name, value in numbers(before, LIFE).items():
                self.assertGreaterEqual(now[name], value, name)
            self.assertEqual(product_name(api, self.KITS), "Wohnmobil")
            self.end(process, signal.SIGINT)


if __name__ == "__main__":
    run_tests()
