"""The tests of several builds as one list of ctest's, and what ctest says of them."""
import hashlib
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build/test"
FAILED_TEST_LINES = 40
# A test's line in ctest's output.
TEST_LINE = re.compile(r"^ *\d+/\d+ Test +#\d+: (\S+) ")


def git(*words):
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True).stdout


def state_of_sources():
    """The commit, and what is not in it."""
    commit = git("rev-parse", "--short=12", "HEAD").strip()
    rest = git("diff", "HEAD") + "".join(
        name + (ROOT / name).read_text(errors="replace")
        for name in git("ls-files", "--others", "--exclude-standard").splitlines())
    return commit + (f"-{hashlib.sha256(rest.encode()).hexdigest()[:8]}" if rest else "")


def test_folder(*presets):
    """A folder in which ctest finds the tests of these builds."""
    folder = LOGS / "of" / "_".join(presets)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CTestTestfile.cmake").write_text("".join(f'subdirs("{ROOT}/build/{preset}")\n' for preset in presets))
    return folder


def ctest(folder, *words):
    # Much of a client's test is waiting.
    return ["ctest", "--test-dir", str(folder), "--output-on-failure", "--no-tests=error", "-j", str(2 * os.cpu_count()),
            *words]


def count_of_tests(folder, name, names):
    listed = subprocess.run(["ctest", "--test-dir", str(folder), "-N", "-R", name], capture_output=True, text=True,
                            env={**os.environ, **names}, check=False).stdout
    return int(re.search(r"^Total Tests: (\d+)", listed, re.M)[1])


def names_for(folder, name):
    """The environment in which ctest has tests of that name: by default those of a room, else suites, else cases."""
    for names in ({}, {"GL_TESTS": "suites"}, {"GL_TESTS": "cases"}):
        if count_of_tests(folder, name, names):
            return names
    return {}


def of_failed_cases(said):
    """What the failed cases of a program of units said, from their first failure to their last lines; else the last of
    all lines."""
    chosen, case = [], []
    for line in said:
        if case or line.endswith(": Failure"):
            case.append(line)
        if re.match(r"\[  FAILED  \] .* \(\d+ ms\)$", line):
            chosen += case[:FAILED_TEST_LINES]
            case = []
    return chosen or said[-FAILED_TEST_LINES:]


def failed_tests(text):
    """(ctest's line, what it said) of each test that failed. ctest's own list is a summary, far from it."""
    said, name = [], None
    for line in [*text.splitlines(), "100% tests passed"]:
        head = TEST_LINE.match(line)
        if head or re.match(r" +Start +\d+: |\d+% tests passed", line):
            if name:
                yield name, of_failed_cases(said)
            said, name = [], None
            if head and not re.search(" Passed | Skipped ", line):
                name = line
        elif name and line:
            said.append(line)


def costs_of(file):
    """{test: (core-seconds, seconds)}"""
    rows = [line.split("\t") for line in file.read_text().splitlines()] if file.exists() else []
    return {name: (float(core), float(took)) for name, core, took, _ in rows}
