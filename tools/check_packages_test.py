#!/usr/bin/env python3
"""tools/check_packages names a package that was taken out of the list, for each way in which one is used; the version of the
Debian package grows."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent


def check(*without):
    lines = (TOOLS / "packages").read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.startswith("#") or line.split()[1] not in without]
    with tempfile.NamedTemporaryFile("w", prefix="gl-packages-") as listing:
        listing.write("".join(kept))
        listing.flush()
        command = [TOOLS / "check_packages", TOOLS.parent / "build/dev", "--packages", listing.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, len(lines) - len(kept)


class CheckPackages(unittest.TestCase):
    def test_the_list_names_all_that_is_used(self):
        status, found, _ = check()
        self.assertEqual(status, 0, found)

    def test_a_package_that_is_taken_out_is_named_with_its_use(self):
        uses = {
            "libyaml-dev": "/usr/include/yaml.h",  # a header
            "libzstd-dev": "",  # a header or the library
            "mold": "/usr/bin/mold, used by build/",  # a program of the build
            "shellcheck": "/usr/bin/shellcheck, used by tools/check_scripts",  # of a bash script
            "mosquitto-clients": "/usr/bin/mosquitto_",  # of a Python script
            "python3-paho-mqtt": "/usr/lib/python3/dist-packages/paho/",  # a module of it
        }
        if (TOOLS.parent / "build/dev/tools/own_code.so").exists():
            uses["llvm-19-dev"] = "/usr/lib/llvm-19/include/llvm"  # a link of it
        status, found, taken_out = check(*uses)  # at once: a run takes seconds
        self.assertEqual((status, taken_out), (1, len(uses)), found)
        for package, use in uses.items():
            self.assertIn(f"tools/packages does not name {package}, which has {use}", found)


class DebVersion(unittest.TestCase):
    def test_it_grows_with_each_commit_and_each_change(self):
        with tempfile.TemporaryDirectory(prefix="gl-version-") as name:
            folder = pathlib.Path(name)
            for file in ("tools/package", "tools/common.sh", "CMakeLists.txt", "cmake/commit.txt"):
                (folder / file).parent.mkdir(exist_ok=True)
                shutil.copy(TOOLS.parent / file, folder / file)
            environment = {key: value for key, value in os.environ.items()
                           if key != "SOURCE_DATE_EPOCH" and not key.startswith("GIT_")}

            def run(*words, **more):
                return subprocess.run(words, cwd=folder, env={**environment, **more}, capture_output=True, text=True,
                                      check=True).stdout.strip()

            versions = [run("tools/package", "--deb-version")]  # of an archive: no git, no commit yet
            run("git", "init", "-q")
            for day in ("2026-11-29T10:00:00Z", "2026-11-29T10:00:01Z"):
                run("git", "add", ".")
                run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "a",
                    GIT_COMMITTER_DATE=day, GIT_AUTHOR_DATE=day)
                versions.append(run("tools/package", "--deb-version"))
            self.assertRegex(versions[1], r"^[0-9.]+\+git20261129100000\.[0-9a-f]{8}$")
            with open(folder / "CMakeLists.txt", "a") as file:
                file.write("# changed\n")
            versions.append(run("tools/package", "--deb-version"))
            for older, newer in (versions[1:3], versions[2:4], ["0.1.0", versions[1]]):
                subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
