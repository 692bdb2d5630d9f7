#!/usr/bin/env python3
"""A build without npm's registry has no page and says why; the next one with a registry has it.

    without_registry_test.py SOURCES COMPILER ASSEMBLER

The page is built as by the program's build: by cmake/page.cmake, in a project that has nothing else.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCES, COMPILERS = pathlib.Path(), []
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(page LANGUAGES CXX ASM)
include(cmake/page.cmake)
add_executable(count count.cc)
target_link_libraries(count PRIVATE gl_page)
"""
COUNT = """#include <cstdio>
extern "C" const unsigned long gl_page_count;
int main() { std::printf("%lu", gl_page_count); }
"""
WITHOUT_SOURCES = {"node_modules", "dist", "dist-meta.json", "built"}


class WithoutRegistry(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="gl-page-")))
        for name in ("cmake", "web"):
            shutil.copytree(SOURCES / name, self.folder / name, ignore=lambda _, names: WITHOUT_SOURCES & set(names))
        (self.folder / "CMakeLists.txt").write_text(PROJECT)
        (self.folder / "count.cc").write_text(COUNT)
        self.unreachable = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(self.folder / "cache")}

    def run_in(self, *command, **environment):
        done = subprocess.run(command, cwd=self.folder, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def build(self, folder="build", **environment):
        """The number of files in the page."""
        if not (self.folder / folder).exists():
            self.run_in("cmake", "-G", "Ninja", "-B", folder, *COMPILERS)
        self.said = self.run_in("cmake", "--build", folder, **environment)
        return int(self.run_in(self.folder / folder / "count"))

    def missing(self):
        file = self.folder / "build/page/missing.txt"
        return file.read_text() if file.exists() else None

    def test_a_build_goes_on_without_the_page_and_the_next_one_makes_it(self):
        for _ in range(2):
            self.assertEqual(self.build(**self.unreachable), 0)
            self.assertRegex(self.missing(), r"^The dashboard's page is missing: npm cannot .*npm\.log.*\n$")
        self.assertIn("ECONNREFUSED", (self.folder / "build/page/npm.log").read_text())

        files = self.build()
        self.assertGreater(files, 3)
        self.assertIsNone(self.missing())
        # What is there needs no registry, and is not built again.
        self.assertEqual(self.build(**self.unreachable), files)
        self.assertIn("no work to do", self.said)

        # As in the source archive: the page comes along, and nothing is installed.
        built = self.folder / "web/built"
        built.mkdir()
        shutil.copy(self.folder / "build/page/page.S", built)
        shutil.copytree(self.folder / "build/page/files", built / "files")
        shutil.rmtree(self.folder / "web/node_modules")
        shutil.rmtree(self.folder / "build")
        self.assertEqual(self.build(**self.unreachable), files)
        self.assertFalse((self.folder / "web/node_modules").exists())

    def test_a_mistake_in_the_page_is_an_error_of_the_build(self):
        (self.folder / "web/main.tsx").write_text("this is no page")
        self.run_in("cmake", "-G", "Ninja", "-B", "build", *COMPILERS)
        done = subprocess.run(["cmake", "--build", "build"], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("main.tsx", done.stdout + done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    if not shutil.which("npm"):
        print("not run: npm is not installed (Debian: apt-get install nodejs npm)")
        sys.exit(77)
    SOURCES = pathlib.Path(sys.argv[1])
    COMPILERS = [f"-DCMAKE_CXX_COMPILER={sys.argv[2]}", f"-DCMAKE_ASM_COMPILER={sys.argv[3]}"]
    del sys.argv[1:4]
    unittest.main(verbosity=2)
