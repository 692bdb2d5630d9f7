"""Runs node/mqtt.test.mjs, the npm client `mqtt`, against a server of its own, through all doors.

argv: the executable, node, and the folder where CMake put the tests and npm its packages.
"""
import os
import sys

import server
from mqtt_talk import await_reported


def main():
    server.GRIDLOOM, node, folder = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3]
    device = "TALKATIVE-000001"
    with server.Server() as running:
        api = running.api()
        await_reported(running, api, {server.DELTA_2: 160})
        certificate = api.certification()
        environment = {
            "MQTT": "mqtt://{}:{}".format(*running.place("mqtt")),
            "MQTTS": "mqtts://localhost:{1}".format(*running.place("mqtts")),
            "WS": "ws://{}:{}/mqtt".format(*running.place("http")),
            "WSS": "wss://localhost:{1}/mqtt".format(*running.place("https")),
            "NODE_EXTRA_CA_CERTS": running.ca,
            "ACCOUNT": certificate["certificateAccount"],
            "PASSWORD": certificate["certificatePassword"],
            "DEVICE_SN": device,
            "DEVICE_KEY": running.add_device(device, "demo"),
        }
        return server.run_node(node, folder, "mqtt.test.mjs", environment)


if __name__ == "__main__":
    sys.exit(main())
