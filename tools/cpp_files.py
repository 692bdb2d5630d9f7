"""The C++ files of the tree: what each includes and declares, and which of them can be compiled as one."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREES = [ROOT / "src", ROOT / "tools", ROOT / "tests"]
# A room's folder below src/, as layers.txt names it: files of the room are included from the folder that it is in.
ROOMS = re.findall(r"^([a-z_/]+)(?: \(tests\))?:", (ROOT / "layers.txt").read_text(), re.M)
INCLUDE_FOLDERS = sorted({(ROOT / "src" / room).parent for room in ROOMS}) + TREES[1:]
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
COMMENT = re.compile(r"//[^\n]*")
# Names that a file declares for itself: two files of a group must not declare the same one.
NAMESPACE = re.compile(r"^(?:inline )?namespace ([\w:]+) \{", re.M)
DECLARED = re.compile(
    r"^(?:(?:class|struct|union|enum(?: class)?) (\w+)"
    r"|(?=[a-zA-Z_[])(?!(?:inline )?namespace\b|using\b|static_assert\b|TEST|INSTANTIATE)[^(){}=\n]*?([\w:~]+)"
    r" ?(?:\(|=|\{|\[|;)|(TEST(?:_[FP])?\(\w+, *\w+))", re.M)
# `using a::b;` and `using b = a;` may stand in two files of a group, unless one of them declares another b.
TAKEN = re.compile(r"^using (?:([\w:]+::(\w+))|(\w+) = ([^;]+));", re.M)
# Each fuzz target has a function of this name.
FUZZ_ENTRY = "LLVMFuzzerTestOneInput"


def text_of(path):
    return path.read_text(encoding="utf-8", errors="replace")


def is_test(path):
    return path.name.endswith(("_test.cc", "_fuzz.cc")) or (ROOT / "tests") in path.parents


def enclosing(space):
    parts = space.split("::")
    return ["::".join(parts[:count]) for count in range(1, len(parts))]


class Files:
    """Texts of files, and what these include and declare. Names of `repeated` are not counted."""

    def __init__(self, paths, repeated=()):
        self.texts = {path: text_of(path) for path in sorted(paths)}
        self.repeated = repeated
        self.known_names, self.known_includes = {}, {}

    def included(self, path, seen=None):
        """The headers of ours that `path` includes, however deep."""
        seen = set() if seen is None else seen
        if path not in self.known_includes:
            self.known_includes[path] = {base / name for name in INCLUDE.findall(self.texts[path])
                                         for base in (*INCLUDE_FOLDERS, path.parent) if base / name in self.texts}
        for header in self.known_includes[path] - seen:
            seen.add(header)
            self.included(header, seen)
        return seen

    def names(self, path):
        """What the file itself declares, and what its headers do. A function that a header declares is the header's. A
        name hides that of an enclosing namespace, so it counts as declared there, too."""
        if path not in self.known_names:
            above = set().union(*(self.names_in(header) for header in self.included(path)))
            own = self.names_in(path) - above
            own |= {(space, each[1]) for each in own if len(each) == 2 and each[0] for space in enclosing(each[0])}
            self.known_names[path] = own, above
        return self.known_names[path]

    def names_in(self, path):
        """{(namespace, name)}, and (namespace, name, whole name) of what is taken from another namespace. A member's
        definition declares nothing."""
        text, names = self.texts[path], set()
        before, *others = NAMESPACE.split(text)
        for space, part in zip([None, *others[::2]], [before, *others[1::2]]):
            declared = {"".join(found) for found in DECLARED.findall(part)}.difference(self.repeated)
            names |= {(space, name) for name in declared if "::" not in name}
            names |= {(space, name or other, whole or meaning) for whole, name, other, meaning in TAKEN.findall(part)}
        return names | ({'extern "C"'} if 'extern "C"' in text.replace(f'extern "C" int {FUZZ_ENTRY}(', "") else set())


def clash(names, others):
    """Whether two files that declare these cannot be compiled as one."""
    taken = {each[:2]: each for names_of in (names, others) for each in names_of if len(each) == 3}
    plain = [{each for each in names_of if len(each) != 3} for names_of in (names, others)]
    return bool(plain[0] & plain[1] or plain[0] & taken.keys() or plain[1] & taken.keys()
                or any(taken[each[:2]] != each for each in names | others if len(each) == 3))


def grouped(files, paths, most_files, most_lines, key=lambda path: None):
    """Groups of files of one key, of which none declares what another one, or its headers, declare."""
    groups = []
    for path in paths:
        own, above = files.names(path)
        lines = files.texts[path].count("\n")
        for group in groups:
            if (group["key"] == key(path) and len(group["paths"]) < most_files and group["lines"] + lines <= most_lines
                    and not clash(own, group["own"] | group["above"]) and not clash(above, group["own"])):
                break
        else:
            group = {"key": key(path), "paths": [], "own": set(), "above": set(), "lines": 0}
            groups.append(group)
        group["paths"].append(path)
        group["own"] |= own
        group["above"] |= above
        group["lines"] += lines
    return groups
