"""The installed package Gridloom::client: the example of docs/examples/client, built outside of the tree, sees a home.

argv: gridloom, the build folder, the compiler, the sanitizers of the build or nothing.
"""
import os
import pathlib
import subprocess
import sys
import unittest

from server import DELTA_2, STEP_S, Server, run_tests, temporary_folder

BUILD, COMPILER, SANITIZERS = sys.argv[2:5]  # "none": without
del sys.argv[2:5]
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "docs/examples/client"


def run(*command, **more):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=STEP_S,
                            **more)
    if result.returncode != 0:
        raise AssertionError(f"{result.args}: {result.stdout}{result.stderr}")
    return result.stdout


class ClientPackageTest(unittest.TestCase):
    def test_the_example_sees_a_home(self):
        folder = temporary_folder()
        run("cmake", "--install", BUILD, "--component", "client", "--prefix", folder / "installed")
        flags = "" if SANITIZERS == "none" else f"-fsanitize={SANITIZERS}"
        run("cmake", "-S", EXAMPLE, "-B", folder / "build", "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={folder / 'installed'}", f"-DCMAKE_CXX_COMPILER={COMPILER}",
            f"-DCMAKE_CXX_FLAGS={flags}")
        run("cmake", "--build", folder / "build")
        with Server() as server:
            facts = server.facts
            for host, ca in ((facts["http"], []), (facts["https"], [facts["ca"]])):
                text = run(folder / "build/home", host, facts["accessKey"], *ca,
                           input=facts["secretKey"] + "\n", env=dict(os.environ))
                self.assertIn(f"{DELTA_2}  Kitchen power station", text)


if __name__ == "__main__":
    run_tests()
