"""Checks of a platform's documented behaviour that others wrote, against three nodes, each request at a random one.

    documents_test.py PROGRAM [unittest's options] -- CHECK...

A CHECK is a program that finds by the environment where the platform is (BASE_URL, ACCESS_KEY, SECRET_KEY) and ends
with 0 if all is well. An account of its own has the virtual devices of all families, each connected to a random node.
"""
import os
import subprocess
import sys
import unittest

import paths  # noqa: F401  (finds the modules of the other tests)
from cluster_server import ClusterServer
from server import run_tests

CHECKS = []
CHECK_S = 600


class DocumentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ClusterServer(demo="all")
        cls.addClassCleanup(cls.server.stop)

    def test_each_check(self):
        facts = self.server.facts
        environment = {**os.environ, "BASE_URL": facts["http"], "ACCESS_KEY": facts["accessKey"],
                       "SECRET_KEY": facts["secretKey"], "CA": facts["ca"]}
        self.assertTrue(CHECKS, __doc__)
        for check in CHECKS:
            with self.subTest(check=check):
                done = subprocess.run([sys.executable, check], env=environment, timeout=CHECK_S, check=False)
                self.assertEqual(done.returncode, 0)
        self.assertGreater(min(self.server.scatters["http"].taken), 0, "not each node was asked")


if __name__ == "__main__":
    if "--" in sys.argv:
        at = sys.argv.index("--")
        CHECKS += sys.argv[at + 1 :]
        del sys.argv[at:]
    run_tests()
