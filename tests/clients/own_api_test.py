"""Runs node/own_api.test.mjs, a client made from the server's own OpenAPI file, against a server of its own.

argv: the executable, node, and the folder where CMake put the tests and npm its packages.
"""
import os
import sys

import server
from mqtt_talk import await_reported


def main():
    server.GRIDLOOM, node, folder = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3]
    with server.Server() as running:
        await_reported(running, running.api(), {server.DELTA_2: 1})

        def token(scope):
            return server.told(running.cli("token", "add", scope, "--account", "demo", "--scope", scope))["token"]

        return server.run_node(node, folder, "own_api.test.mjs", {
            "HTTP": running.facts["http"],
            "READ_TOKEN": token("read"),
            "CONTROL_TOKEN": token("control"),
            "SN": server.DELTA_2,
        })


if __name__ == "__main__":
    sys.exit(main())
