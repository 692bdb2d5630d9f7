"""What can have changed since a commit: the units of each changed room and of the rooms above it by layers.txt, the tests
that tests/subjects.txt names for a path, and the checks of files of its kind."""
import dataclasses
import pathlib
import re

from test_lists import ROOT, git

ROW = re.compile(r"^([a-z_/]+)(?: \(tests\))?:(.*)$")
EVERY = "*"
# A page of the guide, or a file of tests, is its own test.
OWN_TEST = [(re.compile(r"docs/(?:user|operate)/([\w-]+)\.md"), r"clients/pages/\1$"),
            (re.compile(r"(README)\.md"), r"clients/pages/\1$"),
            (re.compile(r"tests/clients/(\w+)_test\.py"), r"(clients|postgres)/\1$"),
            (re.compile(r"tests/cluster/(\w+)_test\.py"), r"cluster/\1$"),
            (re.compile(r"tests/browser/(\w+)\.test\.mjs"), r"browser/\1$"),
            (re.compile(r"tests/transcripts/\w+\.loom"), r"transcripts$"),
            (re.compile(r"tests/scenario/\w+\.loom"), r"scenarios/seed_1$")]
# Rooms whose units load device files.
READERS_OF_DEVICES = ["catalog", "twin", "overview", "hub", "home", "bridges", "api", "sim", "transcripts", "app"]


@dataclasses.dataclass
class Plan:
    told: list         # lines for people
    tests: str         # a regular expression of tests' names; empty: none
    release_targets: list
    dev_targets: list
    stages: list       # (title, command) of what follows


def changed_files(base):
    untracked = git("ls-files", "--others", "--exclude-standard").split()
    if not base:
        base = "HEAD" if untracked or git("diff", "--name-only", "HEAD").strip() else "HEAD~1"
    return base, sorted({*git("diff", "--name-only", base).split(), *untracked})


def layers(text):
    """{room: rooms below it}, as layers.txt names them, and {room: its folder}."""
    found, folders = {}, {}
    for line in text.splitlines():
        if row := ROW.match(line):
            room = row[1].rpartition("/")[2]
            found[room] = re.findall(r"[a-z_]+", row[2])
            folders[room] = f"src/{row[1]}"
    return found, folders


def room_of(path, folders):
    """None: the file is in no room."""
    inside = [room for room, folder in folders.items() if path.startswith(f"{folder}/")]
    return max(inside, key=lambda room: len(folders[room]), default=None)


def above(rooms, below):
    """The rooms, and all that stand above one of them."""
    found = set(rooms)
    for room, named in below.items():  # bottom-up
        if found & set(named):
            found.add(room)
    return found


def subjects(text):
    """{path: names of tests}"""
    rows = (line.split(":", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {path: names.split() for path, names in rows}


def names_for(path, rows):
    """The tests that look at a file, by the longest row that its path begins with."""
    for each in [path, *(parent.as_posix() for parent in pathlib.PurePosixPath(path).parents)]:
        if each in rows:
            return rows[each]
    return [EVERY]


def plan_of(files, below, folders, rows):
    """(rooms whose units run, names of the other tests). Rooms: None is all."""
    rooms, names = set(), set()
    for path in files:
        own = next((re.sub(pattern, name, path) for pattern, name in OWN_TEST if pattern.fullmatch(path)), None)
        if own:
            names.add(own)
            continue
        if path.endswith(".md"):
            continue
        room = room_of(path, folders)
        if room and re.search(r"_(test|fuzz)\.cc$|/test_\w+\.h$", path):
            rooms.add(room)
            names |= {"fuzz"} if path.endswith("_fuzz.cc") else set()
            continue
        if room:
            rooms |= above([room], below)
            if room in {"wire", "http", "mqtt", "catalog", "twin"}:
                names |= {"fuzz", "parser_cost"}
        elif path.startswith(("devices/", "homes/")):
            rooms |= set(READERS_OF_DEVICES)
        names |= set(names_for(path, rows))
    return (None if EVERY in names and not rooms else rooms), names


def stages_of(files):
    stages = []
    if any(path.startswith(("src/", "tests/", "tools/")) and path.endswith((".cc", ".h")) for path in files):
        stages.append(("style", ["tools/check_style", "build/dev"]))
    scripts = [path for path in files if (ROOT / path).exists() and "." not in pathlib.PurePosixPath(path).name
               and (ROOT / path).is_file() and (ROOT / path).open("rb").readline(64).startswith(b"#!/usr/bin/env bash")]
    if scripts:
        stages.append(("scripts", ["tools/check_scripts"]))
    if any(path.endswith(".md") or path.startswith("src/") for path in files):
        stages.append(("documents", ["tools/check_docs"]))
    if any(path.endswith(("CMakeLists.txt", ".cmake", "tools/packages")) for path in files):
        stages.append(("packages named", ["tools/check_packages", "build/dev", "build/release"]))
    return stages


def plan(base):
    base, files = changed_files(base)
    below, folders = layers((ROOT / "layers.txt").read_text())
    rooms, names = plan_of(files, below, folders, subjects((ROOT / "tests/subjects.txt").read_text()))
    stages = stages_of(files)
    with_units = [room for room in below if (rooms is None or room in rooms)
                  and next((ROOT / folders[room]).rglob("*_test.cc"), None)]
    with_weeks = [room for room in with_units if next((ROOT / folders[room]).rglob("*_weeks_test.cc"), None)]
    patterns = [f"unit/({'|'.join(with_units)})(/|$)"] if with_units else []
    patterns += [f"weeks/({'|'.join(with_weeks)})(/|$)"] if with_weeks else []
    patterns += [".*"] if EVERY in names else sorted(names)
    everything = EVERY in names
    in_process = re.compile(r"transcripts|scenarios|meter_loop|rights|fuzz|parser_cost|conformance|tools|style|unit")
    own_dev = everything or bool(with_units) or any(in_process.match(name) for name in names)
    own_release = everything or any(not in_process.match(name) for name in names)
    style = any(title == "style" for title, _ in stages)
    dev_targets = []
    if own_dev or style:
        targets = {"unit": [f"{room}_test" for room in with_units], "transcripts": ["transcript_test"],
                   "scenarios": ["gridloom", "transcript_test"], "meter_loop": ["meter_loop_test"], "rights": ["rights_test"],
                   "parser_cost": ["parser_cost"], "unit/tidy": ["tidy_test"]}
        dev_targets = [*targets["unit"], *(each for name in names for kind, some in targets.items()
                                           if kind != "unit" and name.startswith(kind) for each in some)]
        dev_targets += ["gl_tidy", "own_code"] if style else []
        if everything or "fuzz" in names:
            dev_targets = ["all"]
    told = [f"{len(files)} files differ from {base}: {', '.join(files[:6])}{' ...' if len(files) > 6 else ''}"]
    if not files:
        return Plan([f"nothing differs from {base}"], "", [], [], [])
    if everything:
        told.append(f"units of {', '.join(with_units)}; every other test")
    else:
        told.append(f"units of {', '.join(with_units) or 'no room'}; "
                    f"{', '.join(sorted(names)) or 'no other test'}")
        left = [room for room in below if room not in with_units]
        told.append(f"left out: units of {', '.join(left) or 'no room'}; all other tests; what ./test leaves to --long")
    checks = [title for title, _ in stages]
    told.append(f"also: {', '.join(checks) or 'nothing'}; left out: "
                f"{', '.join(sorted({'style', 'scripts', 'documents', 'packages named'} - set(checks))) or 'nothing'}")
    return Plan(told, "^(" + "|".join(patterns) + ")" if patterns else "",
                ["gl_process_programs"] if own_release else [f"{room}_weeks_test" for room in with_weeks],
                sorted(set(dev_targets)), stages)
