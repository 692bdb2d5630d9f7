#!/usr/bin/env python3
"""A portable archive in an empty root folder: no libraries, no /proc, no /etc, no time zones but its own.

    portable_test.py [ARCH]     x86_64, or arm64 under qemu-aarch64-static
"""
import datetime
import os
import re
import select
import shutil
import socket
import ssl
import subprocess
import sys
import unittest
import zoneinfo

import common
from common import RootedServer, server_module

ARCH = "x86_64"
SPAN = ("--family", "delta_2=1,power_ocean=1", "--for", "3h")
FREE = [f"--{door}=127.0.0.1:0" for door in server_module.DOORS]


class Portable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = common.fresh_folder()
        cls.folder = common.unpack(common.portable_archive(ARCH), cls.root)
        cls.program = f"/{cls.folder.name}/bin/gridloom"
        cls.command = [cls.program]
        if ARCH == "arm64":  # static as well
            shutil.copy("/usr/bin/qemu-aarch64-static", cls.root / "qemu")
            server_module.PATIENCE_S = 120
            cls.command = ["/qemu", "-0", cls.program, cls.program]

    def serve(self, *flags, data="/data", environment=()):
        return RootedServer(self.root, [*self.command, "serve", "--data", data, *FREE, *flags], data,
                            environment=environment)

    def test_it_needs_no_library_and_says_its_version(self):
        program = self.root / self.program.lstrip("/")
        text = subprocess.run(["readelf", "--wide", "--segments", "--dynamic", program], check=True,
                              capture_output=True, text=True).stdout
        self.assertNotIn("INTERP", text)
        self.assertNotIn("NEEDED", text)
        told = subprocess.run(["chroot", self.root, *self.command, "--version"], check=True, capture_output=True,
                              text=True).stdout
        self.assertRegex(told, rf"\Agridloom {re.escape(common.version())}( \([0-9a-f]+\+?\))?\n\Z")

    def test_the_demo_home_is_up_on_all_listeners(self):
        with self.serve("--demo", data="/demo") as server:
            for door in ("http", "https"):
                # Its devices connect when it is up already. Nothing tells, so this looks again.
                deadline = server_module.Deadline(f"{server_module.DELTA_2} is online, by {door}")
                while server.api(door=door).devices()[server_module.DELTA_2]["online"] != 1:
                    deadline.left_s()
                    select.select([], [], [], 0.1)
            trusting = ssl.create_default_context(cafile=server.ca)
            with socket.create_connection(server.place("mqtts"), server_module.PATIENCE_S) as plain:
                with trusting.wrap_socket(plain, server_hostname="localhost") as line:
                    line.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04name")  # without a password
                    self.assertEqual(line.recv(4)[:2], b"\x20\x02")

    def test_virtual_devices_say_what_they_say_everywhere(self):
        """Its digest is that of the program with shared libraries, also on another processor."""
        told = [subprocess.run([*command, "simulate", *SPAN], check=True, capture_output=True, text=True).stdout
                for command in (["chroot", self.root, *self.command], [common.ROOT / "build/release/gridloom"])]
        digests = [[row for row in text.splitlines() if row.startswith("digest:")] for text in told]
        self.assertEqual(len(digests[0]), 1, told[0])
        self.assertEqual(digests[0], digests[1])

    def test_it_brings_the_time_zones_with_it(self):
        with self.serve(data="/zoned", environment=["TZ=Pacific/Auckland"]) as server:
            pass
        log = server.log.read_text()
        self.assertNotIn("local times are UTC", log)
        stamp = datetime.datetime.strptime(log[1:20], "%Y-%m-%d %H:%M:%S")
        there = datetime.datetime.now(zoneinfo.ZoneInfo("Pacific/Auckland")).replace(tzinfo=None)
        self.assertLess(abs((there - stamp).total_seconds()), 600, log[:200])

    def test_a_zone_that_is_missing_is_told(self):
        with self.serve(data="/unzoned", environment=["TZ=Pacific/Atlantis"]) as server:
            self.assertIn("local times are UTC", server.log.read_text())

    def test_names_are_found_whatever_the_system_has_for_its_own_programs(self):
        """nsswitch.conf names a module that a static program must not load."""
        etc = self.root / "etc"
        etc.mkdir(exist_ok=True)
        (etc / "hosts").write_text("127.0.0.1 home.test\n")
        (etc / "nsswitch.conf").write_text("hosts: mdns4_minimal\n")
        self.addCleanup(shutil.rmtree, etc)
        with self.serve(data="/named") as server:
            port = server.place("mqtt")[1]
            told = server.run(*self.command, "simulate", "--data", "/named", "--server", f"home.test:{port}",
                              "--family", "delta_2=1", "--for", "2s", "--json")
            self.assertEqual(told.returncode, 0, told.stderr)

    def test_the_archive_has_its_documents_and_licences(self):
        share = self.folder / "share"
        for name in ("man/man1/gridloom.1.gz", "bash-completion/completions/gridloom", "doc/gridloom/copyright",
                     "doc/gridloom/families/delta_2.md", "doc/gridloom/licences/libssl3", "gridloom/gridloom.service",
                     "zoneinfo/Europe/Berlin"):
            self.assertGreater((share / name).stat().st_size, 0, name)
        for path in share.rglob("*"):
            self.assertEqual((path.lstat().st_uid, path.lstat().st_gid), (0, 0), path)


if __name__ == "__main__":
    common.enter_namespaces()
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        ARCH = sys.argv.pop(1)
    os.umask(0o022)
    unittest.main(verbosity=2)
