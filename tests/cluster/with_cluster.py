#!/usr/bin/env python3
"""with_cluster.py TEST PROGRAM [ARGUMENT...]: runs a test of tests/clients whose servers are clusters of three nodes,
with three NATS servers and PostgreSQL, each request and each connection at a random node (cluster_server.py).

ctest has clients_mqtt, clients_conversations and clients_mixed of these. Others are run by hand, as

    tests/cluster/with_cluster.py tests/clients/durable_test.py build/dev/gridloom paho=tests/clients/paho_driver.py
    tests/cluster/with_cluster.py tests/clients/web_socket_test.py build/dev/gridloom
"""
import pathlib
import runpy
import sys

import paths  # noqa: F401  (finds the modules of the other tests)
import server
from cluster_server import ClusterServer


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    del sys.argv[0]
    server.Server = ClusterServer  # before the test looks for it
    runpy.run_path(str(pathlib.Path(sys.argv[0]).resolve()), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
