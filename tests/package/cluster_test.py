#!/usr/bin/env python3
"""The unit of a node of a cluster: systemd takes it with its drop-in, which leaves the sandbox as it is."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
UNITS = "etc/systemd/system"


def settings(path):
    """{(section, name): value} of a unit or a drop-in."""
    found, section = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found[section, name] = value
    return found


class Unit(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gl-unit-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        units = self.root / UNITS
        (units / "gridloom.service.d").mkdir(parents=True)
        shutil.copy(PACKAGING / "gridloom.service", units)
        self.drop_in = units / "gridloom.service.d/cluster.conf"
        shutil.copy(PACKAGING / "cluster/gridloom.service.conf", self.drop_in)
        # What the unit wants and starts, as far as it is looked for.
        program = self.root / "usr/bin/gridloom"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        for name in ("sysinit", "basic", "shutdown", "network-online", "multi-user"):
            (units / f"{name}.target").write_text("[Unit]\nDescription=A target\n")

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)

    def verify(self):
        return self.analyze("verify", f"--root={self.root}", "--man=no", f"{UNITS}/gridloom.service")

    def exposure(self):
        options = ("--offline=true", "--no-pager", f"--root={self.root}")
        told = self.analyze("security", *options, "gridloom.service").stdout
        return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)[1])

    def test_systemd_takes_it(self):
        done = self.verify()
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_systemd_names_what_is_spoilt_in_the_drop_in(self):
        text = self.drop_in.read_text()
        for right, wrong in (("TimeoutStopSec", "TimeoutStopSeconds"), ("TasksMax=4096", "TasksMax=many")):
            with self.subTest(wrong):
                self.drop_in.write_text(text.replace(right, wrong))
                self.assertIn("cluster.conf", self.verify().stderr)

    def test_the_drop_in_opens_nothing(self):
        with_it = self.exposure()
        self.drop_in.unlink()
        self.assertEqual(with_it, self.exposure())
        self.assertLess(with_it, 2.0)

    def test_a_node_has_longer_to_stop_more_files_and_starts_until_it_can(self):
        unit, node = settings(PACKAGING / "gridloom.service"), settings(self.drop_in)
        for name in ("TimeoutStopSec", "LimitNOFILE", "TasksMax"):
            self.assertGreater(int(node["Service", name]), int(unit["Service", name]), name)
        self.assertEqual(node["Unit", "StartLimitIntervalSec"], "0")
        self.assertEqual(unit["Service", "Restart"], "on-failure")
        self.assertEqual(set(node) & set(unit) - {("Unit", "After")},
                         {("Service", name) for name in ("TimeoutStopSec", "LimitNOFILE", "TasksMax")})


if __name__ == "__main__":
    unittest.main(verbosity=2)
