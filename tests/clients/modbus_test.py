"""The bridge modbus: a server plays an inverter with the values of the demo's PowerOcean, and Gridloom reads and sets
it as a device; well, badly, and by turns not at all. libmodbus, another author's client, reads the same registers, so
that the server is not only what the bridge expects.
"""
import ctypes
import ctypes.util
import json
import unittest

from modbus_server import (BATTERY, BATTERY_SETPOINT, CONTROL, GARBAGE, HONEST, IGNORES, SILENT, SLOW, SOC,
                           ModbusServer)
from mqtt_talk import AppClient, await_reported
from programs import until
from server import POWER_OCEAN, Server, run_tests, told

OURS = "HJ31TEST00000001"  # of the family, and not of the demo


class ModbusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.api = cls.server.api()
        await_reported(cls.server, cls.api, {POWER_OCEAN: 1})
        cls.played = until("the PowerOcean's values", lambda: cls.api.quota_all(POWER_OCEAN))
        cls.server.add_device(OURS, "demo")

    def setUp(self):
        self.inverter = self.enterContext(ModbusServer(self.played))

    def add(self, *flags):
        told(self.server.cli("bridge", "add", "modbus", "ocean", "--account", "demo", "--address",
                             f"tcp://127.0.0.1:{self.inverter.port}", "--device", OURS, "--every", "0.5", *flags))
        self.addCleanup(lambda: told(self.server.cli("bridge", "remove", "ocean")))

    def row(self):
        lines = self.server.cli("bridge", "list", "--json").stdout.splitlines()
        return {row["name"]: row for row in map(json.loads, lines)}.get("ocean", {})

    def online(self):
        return self.api.devices()[OURS]["online"] == 1

    def await_value(self, name, value):
        until(f"{name} {value}", lambda: self.api.quotas(OURS, name).get(name) == value)

    def test_the_device_reports_what_its_registers_say(self):
        self.assertFalse(self.online())
        with AppClient(self.server, self.api) as app:
            app.subscribe(app.topic(OURS, "quota"), app.topic(OURS, "status"))
            self.add()
            app.status(OURS, 1)
            first = app.message(app.topic(OURS, "quota"), lambda m: "bpPwr" in m.payload["params"]).payload
            self.assertAlmostEqual(first["params"]["sysLoadPwr"], self.played["sysLoadPwr"], places=2)
            self.assertEqual(first["version"], "1.0")
        self.await_value("bpSoc", round(self.played["bpSoc"]))
        self.assertEqual(self.row()["state"], "connected")
        self.inverter.put_float(BATTERY, -1234.5)
        self.await_value("bpPwr", -1234.5)
        self.inverter.registers[SOC] = 77
        self.await_value("bpSoc", 77)
        # The home adds it up as it does a device that is connected itself.
        home = until("it in the home", lambda: [row for row in self.api.data("GET", "/api/v1/home")["devices"]
                                                if row["sn"] == OURS])
        self.assertEqual(home[0]["sn"], OURS)

    def test_it_only_reads_unless_it_is_told_otherwise(self):
        self.add()
        until("it online", self.online)
        answer = self.api.set(OURS, operateType="chargeBattery", params={"power": 2000})
        self.assertNotEqual(answer["code"], "0", answer)
        self.assertIn("control is off", answer["message"])
        self.assertEqual(self.inverter.written, {})

    def test_a_set_is_applied_once_the_readings_show_it(self):
        self.add("--control")
        until("it online", self.online)
        answer = self.api.set(OURS, operateType="chargeBattery", params={"power": 2000})
        self.assertEqual(answer["code"], "0", answer)
        self.assertEqual(answer["data"]["data"], {"ack": 0, "shown": {"bpPwr": 2000}})
        self.assertEqual((self.inverter.written_int(CONTROL), self.inverter.written_int(BATTERY_SETPOINT)), (48, 2000))
        self.assertEqual(self.inverter.beats, 1)
        answer = self.api.set(OURS, operateType="automatic", params={})
        self.assertEqual(answer["code"], "0", answer)
        self.assertEqual(self.inverter.written_int(CONTROL), 0)
        for power in (299, 15001, "much"):
            refused = self.api.set(OURS, operateType="chargeBattery", params={"power": power})
            self.assertIn("power", refused["message"])

    def test_a_device_that_repeats_and_ignores_is_found_out(self):
        self.inverter.manner = IGNORES
        self.inverter.put_float(BATTERY, 12.5)
        self.add("--control")
        until("it online", self.online)
        answer = self.api.set(OURS, operateType="dischargeBattery", params={"power": 2500})
        self.assertNotEqual(answer["code"], "0", answer)
        self.assertIn("wrote -2500 to 40571", answer["message"])
        self.assertIn("bpPwr is 12.5 and not -2500", answer["message"])
        self.assertEqual(self.inverter.written_int(BATTERY_SETPOINT), -2500, "it has the value, and does nothing")

    def test_peers_that_fail_cost_the_device_its_presence_and_nothing_else(self):
        self.add()
        until("it online", self.online)
        for manner in (SILENT, GARBAGE, SLOW):
            with self.subTest(manner):
                self.inverter.manner = manner
                until(f"it offline: {manner}", lambda: not self.online())
                self.assertEqual(self.row()["state"], "failing")
                self.assertEqual(self.api.devices()[POWER_OCEAN]["online"], 1)
                self.inverter.manner = HONEST
                until("it online again", self.online)
        port = self.inverter.port
        self.inverter.close()
        until("it offline", lambda: not self.online())
        self.assertTrue(self.row()["lastError"])
        self.inverter = self.enterContext(ModbusServer(self.played, port))
        until("it online again", self.online)

    def test_registers_that_are_all_zero_are_no_readings(self):
        self.inverter.put_all_zero()
        self.add()
        row = until("the reason", lambda: self.row().get("lastError") and self.row())
        self.assertIn("not switched on", row["lastError"])
        self.assertFalse(self.online())

    def test_the_virtual_device_has_no_commands_over_modbus(self):
        answer = self.api.set(POWER_OCEAN, operateType="chargeBattery", params={"power": 2000})
        self.assertNotEqual(answer["code"], "0", answer)
        self.assertIn("over Modbus alone", answer["message"])
        answer = self.api.set(POWER_OCEAN, operateType="quietMode", params={"enabled": 1})
        self.assertIn("read-only", answer["message"])

    def test_libmodbus_reads_the_same_registers(self):
        library = ctypes.CDLL(ctypes.util.find_library("modbus"))
        library.modbus_new_tcp.restype = ctypes.c_void_p
        connection = ctypes.c_void_p(library.modbus_new_tcp(b"127.0.0.1", self.inverter.port))
        try:
            self.assertEqual(library.modbus_connect(connection), 0)
            words = (ctypes.c_uint16 * 2)()
            self.assertEqual(library.modbus_read_registers(connection, BATTERY, 2, words), 2)
            library.modbus_get_float_cdab.restype = ctypes.c_float
            self.assertAlmostEqual(library.modbus_get_float_cdab(words), self.played["bpPwr"], places=2)
            value = (ctypes.c_uint16 * 2)(0, 1234)
            self.assertEqual(library.modbus_write_registers(connection, BATTERY_SETPOINT, 2, value), 2)
            self.assertEqual(self.inverter.written_int(BATTERY_SETPOINT), 1234)
            library.modbus_close(connection)
        finally:
            library.modbus_free(connection)


if __name__ == "__main__":
    run_tests()
