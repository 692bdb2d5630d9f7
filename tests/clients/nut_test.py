"""The bridge "nut" with Debian's nut-client: upsc reads, and upsmon shuts down when the grid is gone and the battery is
low.
"""
import json
import os
import socket
import subprocess
import unittest

from mqtt_talk import DeviceClient
from programs import Program, free_port, until
from server import PATIENCE_S, Server, run_tests, temporary_folder

SN = "R331TESTNUT00001"  # a DELTA 2
PASSWORD = "nut-password"


class NutTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(demo=False))
        self.server.add_account("home")
        self.key = self.server.add_device(SN, "home", "--name", "my cellar")
        self.device = DeviceClient(self.server, SN, self.key)
        self.addCleanup(self.device.close)
        self.assertEqual(self.device.connect(), 0)
        password = temporary_folder() / "password"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        self.port = free_port()
        done = self.server.cli("bridge", "add", "nut", "ups", "--account", "home", "--listen", f"127.0.0.1:{self.port}",
                               "--user", "monitor", "--password-file", password)
        self.assertEqual(done.returncode, 0, done.stderr)

    def report(self, group, **params):
        self.device.report(params, typeCode=group, moduleType={"pdStatus": 1, "invStatus": 3}[group])

    def upsc(self, *words):
        return subprocess.run(["upsc", *words], capture_output=True, text=True, timeout=PATIENCE_S)

    def value(self, variable, ups=SN):
        """Empty: there is none."""
        return self.upsc(f"{ups}@127.0.0.1:{self.port}", variable).stdout.strip()

    def status(self, status):
        until(f"the status {status}", lambda: self.value("ups.status") == status)

    def on_grid(self):
        self.report("pdStatus", soc=80)
        self.report("invStatus", acInVol=230_000)
        self.status("OL")

    def test_upsc_reads_what_the_device_reports(self):
        self.on_grid()
        listed = self.upsc("-l", f"127.0.0.1:{self.port}")
        self.assertEqual(listed.stdout.split(), [SN])
        self.assertEqual(self.value("battery.charge"), "80")
        self.assertEqual(self.value("input.voltage", "my-cellar"), "230.0")
        self.assertEqual(self.value("device.serial"), SN)
        every = self.upsc(f"{SN}@127.0.0.1:{self.port}")
        self.assertIn("device.model: DELTA 2\n", every.stdout)
        row = json.loads(self.server.cli("bridge", "show", "ups", "--json").stdout)
        self.assertEqual((row["state"], row["figures"]["port"]), ("connected", self.port))
        self.assertEqual(self.upsc(f"none@127.0.0.1:{self.port}").returncode, 1)
        self.report("invStatus", acInVol=0)
        self.status("OB")
        self.report("pdStatus", soc=15)
        self.status("OB LB")
        self.report("invStatus", acInVol=231_000)
        self.status("OL LB")

    def test_the_load_is_that_of_the_inverter(self):
        self.on_grid()
        self.report("pdStatus", wattsOutSum=360)
        until("the load", lambda: self.value("ups.load") == "20")
        self.assertEqual(self.value("ups.realpower.nominal"), "1800")

    def test_without_a_word_about_the_grid_there_is_no_status(self):
        self.report("pdStatus", soc=80)
        until("the charge", lambda: self.value("battery.charge") == "80")
        self.assertEqual(self.value("ups.status"), "")
        self.assertIn("Variable not supported", self.upsc(f"{SN}@127.0.0.1:{self.port}", "ups.status").stderr)

    def test_a_device_that_is_gone_is_stale(self):
        self.on_grid()
        self.device.close()
        until("stale data", lambda: "Data stale" in self.upsc(f"{SN}@127.0.0.1:{self.port}", "ups.status").stderr)

    def upsmon(self, password=PASSWORD):
        folder = temporary_folder()
        done = folder / "shut-down"
        (folder / "upsmon.conf").write_text(f'''RUN_AS_USER root
MONITOR {SN}@127.0.0.1:{self.port} 1 monitor {password} secondary
MINSUPPLIES 1
SHUTDOWNCMD "touch {done}"
POLLFREQ 1
POLLFREQALERT 1
FINALDELAY 0
DEADTIME 15
''')
        (folder / "upsmon.conf").chmod(0o600)
        # Debian's /sbin/upsmon runs nothing before the machine's own NUT is configured.
        monitor = Program("/lib/nut/upsmon", "-F", "-p", "-D",
                          env={**os.environ, "NUT_CONFPATH": str(folder), "NUT_STATEPATH": str(folder)})
        self.addCleanup(monitor.__exit__)
        return monitor, done

    def logins(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as line:
            line.sendall(f"GET NUMLOGINS {SN}\nLOGOUT\n".encode())
            return int(line.makefile().readline().split()[-1])

    @unittest.skipIf(os.geteuid() != 0, "upsmon changes its user")
    def test_upsmon_shuts_down_when_the_grid_is_gone_and_the_battery_low(self):
        self.on_grid()
        _, done = self.upsmon()
        until("upsmon signed in", lambda: self.logins() == 1)
        self.report("invStatus", acInVol=0)
        self.status("OB")
        self.assertFalse(done.exists())
        self.report("pdStatus", soc=10)
        until("the shutdown", done.exists)

    @unittest.skipIf(os.geteuid() != 0, "upsmon changes its user")
    def test_upsmon_with_a_wrong_password_does_not_sign_in(self):
        self.on_grid()
        monitor, _ = self.upsmon("wrong")
        monitor.await_line(lambda line: "ACCESS-DENIED" in line or "Access denied" in line, "the refusal")
        self.assertEqual(self.logins(), 0)

    def test_clients_that_are_none_disturb_nobody(self):
        self.on_grid()
        held = []
        for _ in range(100):  # more than one address may have
            line = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
            line.sendall(b"\x00\xff" * 600)  # a line without an end, which is too long
            held.append(line)
        for line in held:
            line.close()
        until("an answer", lambda: self.value("ups.status") == "OL")

    def test_the_port_of_another_program_is_told_and_tried_again(self):
        self.server.cli("bridge", "off", "ups")
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

            def takes_the_port():
                try:
                    other.bind(("127.0.0.1", self.port))
                except OSError:  # the bridge ends a moment after the command
                    return False
                return True
            until("the port that the bridge leaves", takes_the_port)
            other.listen()
            self.server.cli("bridge", "on", "ups")
            until("the reason", lambda: "in use" in self.server.cli("bridge", "show", "ups", "--json").stdout)
        self.on_grid()


if __name__ == "__main__":
    run_tests()
