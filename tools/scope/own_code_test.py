#!/usr/bin/env python3
"""clang-tidy with the plugin finds what stands in the project's files, and does not walk the system's headers."""
import pathlib
import re
import subprocess
import sys
import tempfile

MISTAKE = "inline int half_of_{0}(int value) {{ if (value) return value; else return 0; }}\n"
CHECK = "readability-else-after-return"


def files_with_findings(folder, *options):
    # --system-headers: what is found in them is shown too, if they are walked.
    done = subprocess.run(["clang-tidy-19", "--quiet", f"--checks=-*,{CHECK}", "--header-filter=.*", "--system-headers",
                           *options, str(folder / "own.cc"), "--", "-std=c++23", f"-isystem{folder / 'system'}"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    found = set(re.findall(rf"^.*/(\w+\.\w+):\d+:\d+: .*\[{CHECK}", done.stdout, re.M))
    assert found, done.stdout + done.stderr
    return found


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "system").mkdir()
        (folder / "system" / "foreign.h").write_text("#pragma once\n" + MISTAKE.format("foreign"))
        (folder / "own.h").write_text("#pragma once\n" + MISTAKE.format("header"))
        (folder / "own.cc").write_text('#include <foreign.h>\n#include "own.h"\nnamespace own {\n'
                                       + MISTAKE.format("source") + "}\n")
        own = {"own.cc", "own.h"}
        assert files_with_findings(folder) == own | {"foreign.h"}
        found = files_with_findings(folder, f"--load={sys.argv[1]}")
        assert found == own, found


main()
