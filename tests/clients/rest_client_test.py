"""Runs node/rest_client.test.mjs, the published npm client's tests, against a server of its own.

argv: the executable, node, and the folder where CMake put the tests and npm its packages.
"""
import os
import sys

import server
from mqtt_talk import DeviceClient, await_reported


def main():
    server.GRIDLOOM, node, folder = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3]
    foreign, unknown = "R331FOREIGN00001", "ZZ95UNKNOWN00001"
    with server.Server() as running:
        api = running.api()
        await_reported(running, api, {**server.TYPED_QUOTAS, server.POWER_OCEAN: 1})
        running.add_account("neighbour")
        running.add_device(foreign, "neighbour")
        owner = running.add_account("tinkerer")
        key = running.add_device(unknown, "tinkerer")
        with DeviceClient(running, unknown, key) as device:
            device.report({"own.name": 7})
            environment = {
                "HTTP": running.facts["http"],
                "HTTPS": running.facts["https"],
                "NODE_EXTRA_CA_CERTS": running.ca,
                "ACCESS_KEY": api.access_key,
                "SECRET_KEY": api.secret_key,
                "FOREIGN_SN": foreign,
                "UNKNOWN_SN": unknown,
                "UNKNOWN_ACCESS_KEY": owner["accessKey"],
                "UNKNOWN_SECRET_KEY": owner["secretKey"],
            }
            return server.run_node(node, folder, "rest_client.test.mjs", environment)


if __name__ == "__main__":
    sys.exit(main())
