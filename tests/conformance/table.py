#!/usr/bin/env python3
"""The conformance table: which test proves which normative statement of MQTT 3.1.1 and 5.0.

statements.txt says what the standards ask for; tests say what they prove, in comments directly above them:

    // proves v3: MQTT-3.1.0-1, MQTT-3.1.0-2
    // proves v5: MQTT-3.1.0-1
    TEST(MqttSession, TheFirstPacketIsAConnect) {

(in Python with # and above a `def test_...`, in JavaScript with // and above a `test("...`). As many lines as needed.

    table.py          checks: every statement that applies has a test, every number is known, the page is up to date
    table.py --write  writes the page, docs/internals/mqtt-conformance.md
    table.py --open   prints the statements that apply and have no test yet

Exits 1 if anything is wrong, with one line for each mistake.
"""
import collections
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STATEMENTS = pathlib.Path("tests/conformance/statements.txt")
PAGE = pathlib.Path("docs/internals/mqtt-conformance.md")
STANDARDS = {"v3": "MQTT 3.1.1", "v5": "MQTT 5.0"}
BINDS = ("server", "client", "both")
CLAIM = re.compile(r"(?://|#) proves\b(.*)")
CLAIM_BODY = re.compile(r" (v[35]): (MQTT-[\d.]+-\d+(?:, MQTT-[\d.]+-\d+)*)")
# What stands between a claim and its test, and what begins a test.
BETWEEN = re.compile(r"\s*(?://|#|@)")
TEST = re.compile(
    r"""TEST(?:_[FP])?\((\w+),\s*(\w+)\)        # C++
      | \s*def\ (test_\w+)\(                    # Python
      | \s*test\(["'`](.+?)["'`],               # JavaScript
    """,
    re.VERBOSE,
)

Statement = collections.namedtuple("Statement", "version number binds what reason")
Test = collections.namedtuple("Test", "path name")


def sort_key(number):
    return [int(part) for part in re.findall(r"\d+", number)]


def read_statements(text, mistake):
    """{(version, number): Statement}, in the file's order."""
    statements, last = {}, None
    for line_number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{STATEMENTS}:{line_number}"
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) not in (4, 5) or not all(cells):
            mistake(f"{where}: a row has four cells, and a fifth if it does not apply")
            continue
        row = Statement(*cells, *[""] * (5 - len(cells)))
        if row.version not in STANDARDS or not re.fullmatch(r"MQTT-\d+\.\d+\.\d+-\d+", row.number):
            mistake(f"{where}: '{row.version} | {row.number}' is no statement's number")
            continue
        if row.binds not in BINDS:
            mistake(f"{where}: '{row.binds}' is none of {', '.join(BINDS)}")
        order = (row.version, sort_key(row.number))
        if last is not None and order <= last:
            mistake(f"{where}: {row.number} does not come in order, or twice")
        last = order
        statements[row.version, row.number] = row
    return statements


def name_of_test(line):
    found = TEST.match(line)
    if not found:
        return None
    suite, case, python, javascript = found.groups()
    return f"{suite}.{case}" if suite else python or javascript


def claims_of(path, text, mistake):
    """[((version, number), Test)] of one file."""
    claims, pending = [], []
    for line_number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{line_number}"
        found = CLAIM.search(line)
        if found:
            body = CLAIM_BODY.fullmatch(found[1])
            if not body:
                mistake(f"{where}: write 'proves v3: MQTT-1.2.3-4, MQTT-1.2.3-5'")
            else:
                pending += [(body[1], number) for number in body[2].split(", ")]
            continue
        if not pending or BETWEEN.match(line):
            continue
        name = name_of_test(line)
        if name is None:
            mistake(f"{where}: what 'proves' something is not followed by a test")
        else:
            claims += [(key, Test(path, name)) for key in pending]
        pending = []
    if pending:
        mistake(f"{path}: what 'proves' something is not followed by a test")
    return claims


def test_files(root):
    for pattern in ("src/**/*_test.cc", "tests/**/*_test.cc", "tests/**/*_test.py", "tests/**/*.test.mjs"):
        for path in sorted(root.glob(pattern)):
            if "node_modules" not in path.parts and path.parent != root / STATEMENTS.parent:
                yield path


def read_claims(root, statements, mistake):
    """{(version, number): [Test]}."""
    proofs = collections.defaultdict(list)
    for path in test_files(root):
        relative = path.relative_to(root)
        for key, test in claims_of(relative, path.read_text(), mistake):
            if key not in statements:
                mistake(f"{relative}: {test.name} proves {' '.join(key)}, which is no statement")
            elif statements[key].reason:
                mistake(f"{relative}: {test.name} proves {' '.join(key)}, which is said not to apply")
            elif test in proofs[key]:
                mistake(f"{relative}: {test.name} proves {' '.join(key)} twice")
            else:
                proofs[key].append(test)
    return proofs


def page_of(statements, proofs):
    def link(path):
        return f"[{path.name}]({pathlib.PurePosixPath(os.path.relpath(path, PAGE.parent))})"

    def proof_cell(key, row):
        if row.reason:
            return f"does not apply: {row.reason}"
        by_file = collections.defaultdict(list)
        for test in proofs[key]:
            by_file[test.path].append(f"`{test.name}`")
        tests = [f"{link(path)}: {', '.join(names)}" for path, names in by_file.items()]
        return "<br>".join(tests) or "**open**"

    lines = [
        "# MQTT conformance",
        "",
        "Written by `tests/conformance/table.py --write` from `tests/conformance/statements.txt` and from the comments of",
        "the tests. The test `conformance/table` fails when this page is out of date, or when a statement that applies has",
        "no test.",
        "",
        "The numbers are those of the OASIS standards (appendix B of each); the wording is ours. Where a statement binds",
        "the client, the test shows how the server treats a violation. The tests use the platform's topics, with its access",
        "rights ([MQTT](../user/mqtt.md)): a statement about subscriptions holds for granted subscriptions.",
        "",
        "| | statements | proven by a test | do not apply | open |",
        "|---|---|---|---|---|",
    ]
    by_version = {v: [(k, row) for k, row in statements.items() if k[0] == v] for v in STANDARDS}
    for version, rows in by_version.items():
        apart = sum(bool(row.reason) for _, row in rows)
        proven = sum(bool(proofs[key]) for key, _ in rows)
        left = len(rows) - apart - proven
        lines.append(f"| {STANDARDS[version]} | {len(rows)} | {proven} | {apart} | {left} |")
    for version, rows in by_version.items():
        lines += ["", f"## {STANDARDS[version]}", "", "| number | binds | statement | test |"]
        lines.append("|---|---|---|---|")
        lines += [f"| {row.number} | {row.binds} | {row.what} | {proof_cell(key, row)} |" for key, row in rows]
    return "\n".join(lines) + "\n"


def main(arguments):
    if arguments not in ([], ["--write"], ["--open"]):
        print(__doc__)
        return 2
    mistakes = []
    statements = read_statements((ROOT / STATEMENTS).read_text(), mistakes.append)
    proofs = read_claims(ROOT, statements, mistakes.append)
    left = [row for key, row in statements.items() if not row.reason and not proofs[key]]
    if arguments == ["--open"]:
        for row in left:
            print(f"{row.version} {row.number} ({row.binds}): {row.what}")
    else:
        mistakes += [f"{row.version} {row.number} has no test: {row.what}" for row in left]
        page = page_of(statements, proofs)
        if arguments == ["--write"]:
            (ROOT / PAGE).write_text(page)
        elif not (ROOT / PAGE).exists() or (ROOT / PAGE).read_text() != page:
            mistakes.append(f"{PAGE} is out of date; run tests/conformance/table.py --write")
    print(*mistakes, sep="\n", end="\n" if mistakes else "")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
