"""Virtual devices that report to a server over the network, as `gridloom simulate` drives them."""
import json
import os
import signal
import subprocess
import unittest

import server as servers
from server import PATIENCE_S, POWER_KITS, Server, cli, run_tests, temporary_folder, told

GROUPS = "delta_2=6,power_stream=4"


def simulate(*flags, data=None, code=0):
    """The summary; and what was told beside it, where `code` is not 0."""
    result = cli("simulate", "--json", *flags, data=data)
    if result.returncode != code:
        raise AssertionError(result.stdout + result.stderr)
    return result.stderr if code else json.loads(result.stdout)


class SimulateTest(unittest.TestCase):
    def check(self, told, connections):
        self.assertEqual((told["devices"], told["connections"]), (10, connections))
        self.assertEqual((told["online"], told["refused"], told["lost"]), (connections, 0, 0))
        self.assertGreater(told["acknowledged"], 10)
        self.assertLessEqual(told["acknowledged"], told["sent"])
        self.assertGreater(told["steps"], 0)
        self.assertGreater(told["latency_p50_ms"], 0)

    def owned(self, server):
        lines = cli("device", "list", "--owner", "simulated", "--json", data=server.data).stdout.splitlines()
        return [json.loads(line)["sn"] for line in lines]

    def test_a_connection_each_or_gateways(self):
        with Server(demo=False) as server:
            told = simulate("--family", GROUPS, "--for", "3s", "--pid", server.process.pid,
                            data=server.data)
            self.check(told, 10)
            self.assertGreater(told["server_mb"], 1)
            self.assertEqual(len(self.owned(server)), 10)
            self.check(simulate("--family", GROUPS, "--for", "3s", "--connections", "3",
                                data=server.data), 3)
            self.assertEqual(len(self.owned(server)), 10, "they were there")

    def test_tls_with_keys_of_a_file(self):
        with Server(demo=False) as server:
            cli("account", "add", "anna", data=server.data)
            made = cli("device", "add", "R331OWN00000001", "--owner", "anna", data=server.data)
            key = made.stdout.partition("deviceKey: ")[2].split()[0]
            keys = temporary_folder() / "keys"
            keys.write_text(f"R331OWN00000001 {key}\n", encoding="utf-8")
            flags = ("--server", server.facts["mqtts"], "--tls-ca", server.facts["ca"], "--keys")
            told = simulate(*flags, keys, "--for", "1s")
            self.assertEqual((told["online"], told["devices"]), (1, 1))
            keys.write_text("R331OWN00000001 wrong\n", encoding="utf-8")
            self.assertIn("the sign-in is refused", simulate(*flags, keys, "--for", "1s", code=1))

    def test_the_devices_of_keys_stand_in_a_home(self):
        with Server(demo=False) as server:
            anna = server.add_account("anna")
            keys = temporary_folder() / "keys"
            sns = [device["sn"] for site in json.loads(cli("home", "show", "demo", "--json").stdout)["sites"]
                   for device in site["devices"]]
            keys.write_text("".join(f"{sn} {server.add_device(sn, 'anna')}\n" for sn in sns), encoding="utf-8")
            flags = ("--server", server.facts["mqtt"], "--keys", keys, "--for", "3s")
            self.assertEqual(simulate(*flags, "--home", "demo", "--threads", "2")["online"], len(sns))
            kit = anna["api"].quotas(POWER_KITS, "lddc")["lddc"]
            self.assertEqual([module["dcChRelay"] for module in kit.values()], [1], "of the home file")
            self.assertIn(f"--home chalet: it has no device {sns[0]}", simulate(*flags, "--home", "chalet", code=2))
            self.assertIn("--home: there is no home", simulate(*flags, "--home", "chalett", code=2))
            self.assertIn("--home needs --keys", simulate("--data", server.data, "--family", "delta_2", "--home",
                                                          "demo", code=2))

    def test_it_ends_with_a_summary_when_it_is_told_to(self):
        with Server(demo=False) as server:
            command = [servers.GRIDLOOM, "simulate", "--data", server.data, "--family", "delta_2",
                       "--json"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True) as process:
                self.assertIn("1 of 1 connections online", process.stderr.readline())
                os.kill(process.pid, signal.SIGINT)
                out, _ = process.communicate(timeout=PATIENCE_S)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(json.loads(out)["online"], 1)

    def test_what_makes_no_sense_is_refused(self):
        stopped = temporary_folder() / "data"
        told(cli("account", "add", "ann", data=stopped))
        for flags, code, why in (((), 2, "--family is required"),
                                 (("--server", "127.0.0.1:1"), 2, "needs the devices' keys"),
                                 (("--server", "nowhere", "--gateway", "a", "--gateway-key", "/dev/null"), 2,
                                  "--family is missing"),
                                 (("--data", stopped, "--family", "delta_2"), 1, "no server runs there")):
            self.assertIn(why, simulate(*flags, code=code))


if __name__ == "__main__":
    run_tests()
