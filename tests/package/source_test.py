#!/usr/bin/env python3
"""The source archive: it has what a clone has, and a build of it makes the page without Node.js and without a network."""
import os
import shutil
import subprocess
import sys
import unittest

import common


class Source(unittest.TestCase):
    def setUp(self):
        self.folder = common.unpack(common.source_archive(), common.fresh_folder())

    def test_it_has_what_a_clone_has(self):
        for name in ("run", "test", "CMakeLists.txt", "src/main.cc", "tools/packages", "web/package-lock.json", ".clang-tidy"):
            self.assertEqual((self.folder / name).read_bytes(), (common.ROOT / name).read_bytes(), name)
        self.assertTrue(os.access(self.folder / "run", os.X_OK))
        for name in ("build", "data", ".git", "web/node_modules", "web/dist"):
            self.assertFalse((self.folder / name).exists(), name)

    def test_its_page_is_built(self):
        # Node.js is hidden, and the namespace has no network.
        for name in ("node", "nodejs", "npm"):
            if program := shutil.which(name):
                subprocess.run(["mount", "--bind", "/dev/null", program], check=True)
        for command in (["cmake", "--preset", "release"], ["ninja", "-C", "build/release", "gl_page"]):
            done = subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(b"/index.html\0", (self.folder / "build/release/libgl_page.a").read_bytes())
        self.assertFalse((self.folder / "web/node_modules").exists())


if __name__ == "__main__":
    common.enter_namespaces()
    unittest.main(argv=sys.argv[:1], verbosity=2)
