#!/usr/bin/env python3
"""An image archive, read as a container tool reads it: every digest, then its root folder with its own command.

    oci_test.py [ARCH]     x86_64, or arm64 under qemu-aarch64-static
"""
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

import common
from common import RootedServer, server_module

ARCH = "x86_64"


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tarfile.open(common.image_archive(ARCH)) as tar:
            cls.files = {entry.name: tar.extractfile(entry).read() for entry in tar.getmembers() if entry.isreg()}
        cls.manifest = json.loads(cls.blob(cls.only(json.loads(cls.files["index.json"])["manifests"])))
        cls.config = json.loads(cls.blob(cls.manifest["config"]))
        cls.layer = gzip.decompress(cls.blob(cls.only(cls.manifest["layers"])))

    @classmethod
    def only(cls, rows):
        if len(rows) != 1:
            raise AssertionError(rows)
        return rows[0]

    @classmethod
    def blob(cls, described):
        algorithm, digest = described["digest"].split(":")
        content = cls.files[f"blobs/{algorithm}/{digest}"]
        if (hashlib.sha256(content).hexdigest(), len(content)) != (digest, described["size"]):
            raise AssertionError(f"{described} does not describe what is there")
        return content

    def test_it_is_described_as_the_standard_says(self):
        self.assertEqual(json.loads(self.files["oci-layout"]), {"imageLayoutVersion": "1.0.0"})
        self.assertEqual(self.manifest["schemaVersion"], 2)
        self.assertEqual(self.config["architecture"], {"x86_64": "amd64", "arm64": "arm64"}[ARCH])
        self.assertEqual(self.config["os"], "linux")
        self.assertEqual(self.config["rootfs"]["diff_ids"], ["sha256:" + hashlib.sha256(self.layer).hexdigest()])
        self.assertEqual(len([name for name in self.files if name.startswith("blobs/")]), 3)

    def test_making_it_again_gives_the_same_bytes(self):
        made = tempfile.mktemp(prefix="gl-oci-")
        self.addCleanup(os.remove, made)
        epoch = json.loads(self.blob(self.manifest["config"]))["created"]
        seconds = subprocess.run(["date", "-d", epoch, "+%s"], check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run([common.ROOT / "packaging/oci.py", common.portable_archive(ARCH), ARCH, common.version(), made],
                       check=True, env={**os.environ, "SOURCE_DATE_EPOCH": seconds})
        with open(made, "rb") as again, open(common.image_archive(ARCH), "rb") as before:
            self.assertEqual(hashlib.sha256(again.read()).digest(), hashlib.sha256(before.read()).digest())

    def test_its_command_serves_as_a_user_without_rights(self):
        root = common.fresh_folder()
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            tar.extractall(root, numeric_owner=True)
        setting = self.config["config"]
        user = int(setting["User"].split(":")[0])
        self.assertNotEqual(user, 0)
        self.assertEqual(((root / "data").stat().st_uid, (root / "data").stat().st_mode & 0o777), (user, 0o700))
        command = [*setting["Entrypoint"], *setting["Cmd"]]
        if ARCH == "arm64":
            shutil.copy("/usr/bin/qemu-aarch64-static", root / "qemu")
            server_module.PATIENCE_S = 120
            command = ["/qemu", "-0", command[0], *command]
        with RootedServer(root, [*command, "--demo"], user=user) as server:
            self.assertEqual(server.place("https")[1], 8443)
            self.assertIn(server_module.DELTA_2, server.api(door="https").devices())


if __name__ == "__main__":
    common.enter_namespaces()
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        ARCH = sys.argv.pop(1)
    unittest.main(verbosity=2)
