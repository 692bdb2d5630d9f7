#!/usr/bin/env python3
"""The Debian package on a copy of this machine's root folder: installed, run, upgraded, removed and purged.

The copy is an overlay in a mount namespace, so nothing of this machine changes. There is no systemd in it; the server is
started as the unit says, and the sandbox of the unit is what `systemd-analyze security` reads of it. With GL_LONG in the
environment, a systemd of its own runs the unit in its sandbox, which not every machine allows.
"""
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import unittest

import common
from common import RootedServer, server_module

PACKAGE = next(common.PACKAGES.glob("gridloom_*_amd64.deb"))
UNIT = "lib/systemd/system/gridloom.service"
CONFIG = "etc/gridloom/gridloom.conf"
LEAST_SAFE = 2.0  # of systemd's scale: 0 is safe, 10 is not
BOOT_S = 60  # of a systemd, at most; it takes three

# What a systemd of its own runs beside the server: once this accepts connections, the probe, whose end is the end of all.
PROBE_UNITS = {
    "probe.target": "[Unit]\nRequires=gridloom.service probe.path\nAllowIsolate=yes\n",
    "probe.path": "[Unit]\nAfter=gridloom.service\n[Path]\nPathExists=/var/lib/gridloom/ready.json\n",
    "probe.service": "[Unit]\nSuccessAction=poweroff-force\nFailureAction=poweroff-force\n[Service]\nType=oneshot\n"
                     "StandardOutput=file:/srv/probe.out\nStandardError=file:/srv/probe.out\n"
                     "ExecStart=/bin/bash -ex /srv/probe.sh\n",
}
PROBE = """
before=$(systemctl show -P MainPID gridloom)
grep -E '^(Uid|CapBnd|NoNewPrivs|Seccomp):' /proc/$before/status
grep '^Max core file size' /proc/$before/limits
runuser -u gridloom -- gridloom account add home --data /var/lib/gridloom
runuser -u gridloom -- gridloom backup /var/lib/gridloom/backup --data /var/lib/gridloom
runuser -u gridloom -- gridloom backup /srv/elsewhere --data /var/lib/gridloom || echo "refused elsewhere"
dpkg --no-triggers --force-unsafe-io --install /srv/later.deb
after=$(systemctl show -P MainPID gridloom)
[[ $after -gt 0 && $after != "$before" ]] && echo "restarted"
dpkg --no-triggers --force-unsafe-io --purge gridloom
systemctl is-active gridloom || echo "stopped"
"""


def overlay():
    """This machine's root folder, with a layer of our own above it."""
    folder = common.fresh_folder()
    for name in ("upper", "work"):
        (folder / name).mkdir()
    root = folder / "root"
    common.mount("overlay", root, f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work")
    for name in ("run", "tmp"):
        common.mount("tmpfs", root / name, "mode=1777")
    common.mount("proc", root / "proc")
    bind, recursive = 4096, 16384
    common.mount("", root / "dev", source="/dev", flags=bind | recursive)
    return root


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = overlay()
        shutil.copy(PACKAGE, cls.root / "tmp/first.deb")
        cls.dpkg("--purge", "gridloom", check=False)

    @classmethod
    def say(cls, *command, check=True, **options):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"}
        done = subprocess.run(["chroot", cls.root, *command], capture_output=True, text=True, env=environment,
                              check=False, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} exited with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    @classmethod
    def dpkg(cls, *arguments, check=True):
        # Without the index of all manual pages, which takes longer than everything else.
        return cls.say("dpkg", "--no-triggers", "--force-unsafe-io", *arguments, check=check)

    def path(self, name):
        return self.root / name.lstrip("/")

    def later_version(self):
        """The same package, as the next version would be: with another default in its configuration."""
        if self.path("tmp/later.deb").exists():
            return "/tmp/later.deb"
        unpacked = self.root / "tmp/later"
        subprocess.run(["dpkg-deb", "--raw-extract", PACKAGE, unpacked], check=True)
        control = unpacked / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*", "Version: 99.0.0", control.read_text()))
        with open(unpacked / CONFIG, "a") as config:
            config.write('# log-level = "info"\n')
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", unpacked, self.root / "tmp/later.deb"], check=True,
                       capture_output=True)
        return "/tmp/later.deb"

    def user(self):
        for line in self.path("etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if fields[0] == "gridloom":
                return pwd.struct_passwd([*fields[:2], int(fields[2]), int(fields[3]), *fields[4:]])
        return None

    def serve(self):
        """As the unit says: its command, its user, its folder."""
        unit = self.path(UNIT).read_text()
        settings = dict(re.findall(r"(?m)^(\w+)=(.*)$", unit))
        self.assertEqual((settings["User"], settings["StateDirectory"]), ("gridloom", "gridloom"))
        user = self.user()
        return RootedServer(self.root, shlex.split(settings["ExecStart"]), "/var/lib/gridloom", user=user.pw_uid)

    def test_installed_run_upgraded_removed_purged(self):
        with self.subTest("install"):
            self.dpkg("--install", "/tmp/first.deb")
            user, folder = self.user(), self.path("var/lib/gridloom").stat()
            self.assertGreater(user.pw_uid, 0)
            self.assertIn("nologin", user.pw_shell)
            self.assertEqual((folder.st_uid, stat.S_IMODE(folder.st_mode)), (user.pw_uid, 0o700))
            self.assertRegex(self.say("gridloom", "--version").stdout,
                             rf"\Agridloom {re.escape(common.version())}( \([0-9a-f]+\+?\))?\n\Z")
            shell = self.say("sh", "-c", ". /etc/profile.d/gridloom.sh; echo $GRIDLOOM_DATA").stdout
            self.assertEqual(shell, "/var/lib/gridloom\n")
        with self.subTest("run"):
            with self.serve() as server:
                self.assertEqual(server.facts["http"], "http://127.0.0.1:8080", "as the configuration says")
                account = server.add_account("home")
                server.add_device("R331TEST00000001", "home")
                self.assertEqual(set(account["api"].devices()), {"R331TEST00000001"})
        with self.subTest("upgrade"):
            config = self.path(CONFIG)
            config.write_text(config.read_text().replace("127.0.0.1:8080", "127.0.0.1:9080"))
            self.dpkg("--install", "--force-confold", self.later_version())
            self.assertIn("9080", config.read_text(), "what the administrator changed stays")
            with self.serve() as server:
                self.assertEqual(server.facts["http"], "http://127.0.0.1:9080")
                api = server.api(account["accessKey"], account["secretKey"])
                self.assertEqual(set(api.devices()), {"R331TEST00000001"}, "the data are kept")
        with self.subTest("remove"):
            self.dpkg("--remove", "gridloom")
            self.assertFalse(self.path("usr/bin/gridloom").exists())
            self.assertTrue(self.path("var/lib/gridloom/registry.sqlite").exists(), "removing keeps the data")
            self.assertTrue(self.path(CONFIG).exists())
        with self.subTest("purge"):
            self.dpkg("--purge", "gridloom")
            for name in ("var/lib/gridloom", "etc/gridloom", UNIT, "usr/share/doc/gridloom",
                         "etc/systemd/system/multi-user.target.wants/gridloom.service"):
                self.assertFalse(os.path.lexists(self.path(name)), name)
            self.assertIsNone(self.user())

    def unpacked(self):
        folder = self.root / "tmp/unpacked"
        if not folder.exists():
            subprocess.run(["dpkg-deb", "--extract", PACKAGE, folder], check=True)
        return folder

    def test_the_unit_is_hardened(self):
        unit = self.unpacked() / UNIT
        told = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], check=True,
                              capture_output=True, text=True).stdout
        exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)[1])
        self.assertLess(exposure, LEAST_SAFE, told)
        self.assertIn("\nLimitCORE=0\n", unit.read_text())

    @unittest.skipUnless(os.environ.get("GL_LONG"), "GL_LONG is not set")
    def test_systemd_runs_it_in_its_sandbox(self):
        root = overlay()
        for name in ("run", "tmp", "proc", "dev"):
            subprocess.run(["umount", "--recursive", root / name], check=True)
        (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)  # in a container: no service is started or stopped
        shutil.rmtree(root / "etc/systemd/system")
        (root / "etc/systemd/system").mkdir()
        for name, text in PROBE_UNITS.items():
            (root / "etc/systemd/system" / name).write_text(text)
        (root / "srv/probe.sh").write_text(PROBE)
        shutil.copy(self.root / self.later_version().lstrip("/"), root / "srv/later.deb")
        shutil.copy(PACKAGE, root / "srv/first.deb")
        subprocess.run(["chroot", root, "dpkg", "--no-triggers", "--force-unsafe-io", "--install", "/srv/first.deb"],
                       check=True, capture_output=True)
        booted = subprocess.run(
            ["timeout", "--signal=KILL", str(BOOT_S), "systemd-nspawn", "--quiet", f"--directory={root}", "--boot", "--register=no", "--keep-unit",
             "--private-network", "--console=pipe", "systemd.unit=probe.target"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", check=False)
        out = root / "srv/probe.out"
        self.assertTrue(out.exists(), booted.stdout + booted.stderr)
        told = out.read_text()
        for row in (r"Uid:\s+[1-9]", r"CapBnd:\s+0+$", r"NoNewPrivs:\s+1", r"Seccomp:\s+2", "Max core file size +0 +0 ",
                    "accessKey: ", "^refused elsewhere$", "^restarted$", "^stopped$"):
            self.assertRegex(told, re.compile(row, re.MULTILINE))
        for name in ("var/lib/gridloom", "etc/gridloom"):
            self.assertFalse((root / name).exists(), told)

    def test_each_setting_of_the_default_configuration_is_known(self):
        """With the examples in it uncommented."""
        config = (self.unpacked() / CONFIG).read_text()
        text = re.sub(r"(?m)^# ([a-z-]+ = )", r"\1", config)
        self.assertGreater(text.count(" = "), config.count("\n# limit") + 5)
        for door in server_module.DOORS:
            text = re.sub(rf'(?m)^{door} = .*$', f'{door} = "127.0.0.1:0"', text)
        data = server_module.temporary_folder() / "data"
        text = text.replace("/var/lib/gridloom", str(data))
        file = data.parent / "gridloom.conf"
        file.write_text(text)
        server_module.GRIDLOOM = str(self.unpacked() / "usr/bin/gridloom")
        with server_module.Server("--config", file, data=data, demo=False, doors=()):
            pass

    def test_each_command_is_in_the_manual_and_completed(self):
        share = self.unpacked() / "usr/share"
        page = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", share / "man/man1/gridloom.1.gz"], check=True,
                              capture_output=True, text=True, env={**os.environ, "MANWIDTH": "100"})
        self.assertEqual(page.stderr, "")
        plain = re.sub(r".\x08", "", page.stdout)
        for text in ("gridloom account add NAME", "--core-dumps", "gridloom check", "/etc/gridloom/gridloom.conf"):
            self.assertTrue(text in plain, text)
        self.assertFalse("command-tree" in plain)
        for typed, expected in [
                ("gridloom acc", "account"), ("gridloom account ro", "rotate"), ("gridloom serve --htt", "--http --https"),
                ("gridloom --config serve account li", "list"), ("gridloom device rotate --d", "--data --devices"),
                ("gridloom --v", "--version")]:
            words = typed.split()
            script = (f". {shlex.quote(str(share / 'bash-completion/completions/gridloom'))}\n"
                      f"COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}\n"
                      f"COMP_LINE={shlex.quote(typed)} COMP_POINT={len(typed)}\n_gridloom\necho ${{COMPREPLY[@]}}")
            path = f"{self.unpacked() / 'usr/bin'}:{os.environ['PATH']}"
            told = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True,
                                  env={**os.environ, "PATH": path})
            self.assertEqual((told.stdout.strip(), told.stderr), (expected, ""), typed)

    def test_its_files_are_roots_and_none_can_be_written_by_others(self):
        listed = subprocess.run(["dpkg-deb", "--contents", PACKAGE], check=True, capture_output=True, text=True).stdout
        for row in listed.splitlines():
            self.assertRegex(row, r"^[-d]rw[-x]r-[-x]r-[-x] root/root ")
        for name in ("bin/gridloom", "share/gridloom/cluster/gridloom.service.conf",
                     "share/gridloom/kubernetes/nodes.yaml", "share/doc/gridloom/families/delta_2.md"):
            self.assertIn(f" ./usr/{name}", listed)


if __name__ == "__main__":
    common.enter_namespaces()
    os.umask(0o022)
    unittest.main(verbosity=2)
