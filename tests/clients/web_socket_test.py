"""MQTT over WebSocket with python3-paho-mqtt, through both HTTP doors, and by hand what no client
does. (mqtt.js runs in mqtt_js_test.py.)
"""
import struct
import unittest

from mqtt_talk import V5, V311, AppClient, DeviceClient, Mqtt, await_reported, mqtt_text, packet
from raw_socket import BINARY, CLOSE, PING, PONG, TEXT, RawSocket
from server import DELTA_2, Server, ServerTest, run_tests

class MqttSocket(RawSocket):
    def sign_in(self, certificate):
        connect = packet(
            0x10,
            mqtt_text("MQTT")
            + b"\x04\xc2\x00\x3c"
            + mqtt_text("by-hand")
            + mqtt_text(certificate["certificateAccount"])
            + mqtt_text(certificate["certificatePassword"]),
        )
        self.send(BINARY, connect)
        return self.read()


class WebSocketTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        await_reported(cls.server, cls.api, {DELTA_2: 160})

    def raw(self, server=None):
        line = MqttSocket(server or self.server)
        self.addCleanup(line.close)
        return line

    # proves v3: MQTT-6.0.0-4
    # proves v5: MQTT-6.0.0-4
    def test_paho_sets_and_reads_through_both_doors_in_both_versions(self):
        for door in ("http", "https"):
            for version in (V311, V5):
                with self.subTest(door=door, version=version), AppClient(
                    self.server, self.api, door=door, version=version
                ) as app:
                    topics = [app.topic(DELTA_2, v) for v in ("status", "set_reply", "get_reply")]
                    self.assertEqual(app.subscribe(*topics), [1, 1, 1])
                    self.assertTrue(app.status(DELTA_2, 1).retain)
                    app.publish(
                        app.topic(DELTA_2, "set"),
                        {
                            "id": 7,
                            "version": "1.0",
                            "moduleType": 5,
                            "operateType": "quietMode",
                            "params": {"enabled": 1},
                        },
                    )
                    self.assertEqual(app.reply(topics[1], 7)["data"]["ack"], 0)
                    app.publish(
                        app.topic(DELTA_2, "get"), {"id": 8, "operateType": "latestQuotas"}
                    )
                    quotas = app.reply(topics[2], 8)["data"]["quotaMap"]
                    self.assertEqual(quotas["mppt.beepState"], 1)

    def test_a_device_may_come_by_web_socket_too(self):
        sn = "HEATER-WS-000001"
        key = self.server.add_device(sn, "demo")
        with AppClient(self.server, self.api) as app:
            app.subscribe(app.topic(sn, "status"))
            app.status(sn, 0)
            with DeviceClient(self.server, sn, key, door="https") as device:
                app.status(sn, 1)
                device.report({"tank": 54.5})
                self.assertEqual(self.api.quota_all(sn), {"tank": 54.5})
            app.status(sn, 0)

    def test_wrong_credentials_are_refused_as_elsewhere(self):
        for version, code in ((V311, 4), (V5, 134)):
            client = Mqtt(self.server, "open-nobody", "wrong", door="http", version=version)
            self.assertEqual(client.connect(), code)
            client.close()

    # proves v3: MQTT-6.0.0-1
    # proves v5: MQTT-6.0.0-1
    def test_a_text_frame_ends_its_connection_and_no_other(self):
        certificate = self.api.certification()
        other = self.raw()
        self.assertEqual(other.sign_in(certificate), (BINARY, b"\x20\x02\x00\x00"))
        line = self.raw()
        line.send(TEXT, b"\x10\x00")
        opcode, payload = line.read()
        self.assertEqual((opcode, payload[:2]), (CLOSE, struct.pack("!H", 1003)))
        self.assertTrue(line.ended())
        other.send(PING, b"still there?")
        self.assertEqual(other.read(), (PONG, b"still there?"))

    def test_a_close_after_disconnect_is_answered(self):
        line = self.raw()
        line.sign_in(self.api.certification())
        line.send(BINARY, b"\xe0\x00")
        self.assertEqual(line.read(), (CLOSE, struct.pack("!H", 1000)))
        line.send(CLOSE, struct.pack("!H", 1000))
        self.assertTrue(line.ended())


class StoppingTest(unittest.TestCase):
    def test_a_server_that_stops_says_that_it_goes_away(self):
        with Server() as running:
            line = MqttSocket(running)
            self.addCleanup(line.close)
            line.sign_in(running.api().certification())
        opcode, payload = line.read()
        self.assertEqual((opcode, payload[:2]), (CLOSE, struct.pack("!H", 1001)))


if __name__ == "__main__":
    run_tests()
