#!/usr/bin/env python3
"""What tools/mutate changes in C++, what it leaves alone, and that its choice does not depend on other lines."""
import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOLS))
import mutations  # noqa: E402

LOADER = importlib.machinery.SourceFileLoader("mutate", str(TOOLS / "mutate"))
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", LOADER))
LOADER.exec_module(mutate)


def mutants(text):
    """{(kind, the text with the mutant in place of what was there)}"""
    found = set()
    for place in mutations.places("src/a/a.cc", text):
        start = place.edits[0][0]
        assert text[start:].startswith(place.was), place
        found.add((place.kind, text[:start] + place.now + text[start + len(place.was):]))
    return found


# Lines of a function, and all changes of them: by each kind, the changed lines.
LINES = [
    ("return a < b;", {"compare": ["return a <= b;"]}),
    ("return x.y() >= f(b) + c;", {"compare": ["return x.y() > f(b) + c;"], "sign": ["return x.y() >= f(b) - c;"]}),
    ("const bool same = a == b;", {"compare": ["const bool same = a != b;"]}),
    ("return static_cast<int>(a) != b ? c : d;", {"compare": ["return static_cast<int>(a) == b ? c : d;"]}),
    ("return a - b - c;", {"sign": ["return a + b - c;", "return a - b + c;"]}),
    ("sum += *each;", {"sign": ["sum -= *each;"]}),
    ("if (good) sum -= a;", {"sign": ["if (good) sum += a;"], "negate": ["if (!(good)) sum -= a;"]}),
    ('text = "a" + name;', {}),
    ("return a && b;", {"logic": ["return a || b;"]}),
    ("return a || b && !c;", {"logic": ["return a && b && !c;", "return a || b || !c;"]}),
    ("const auto&& one = take(std::move(other));", {}),
    ("return 1'000 * kScale;", {"number": ["return 1001 * kScale;"]}),
    ("return {0x1F, 0.5, 2U};", {"number": ["return {0x20, 0.5, 2U};", "return {0x1F, 1.5, 2U};",
                                            "return {0x1F, 0.5, 3U};"]}),
    ("std::array<char, 64> buffer;", {}),
    ("char buffer[64];", {}),
    ("return table[2];", {"number": ["return table[3];"]}),
    ("constexpr int kMost = 3 + a;", {}),
    ("static_assert(sizeof(a) == 3);", {}),
    ("if constexpr (kIsLong && a < 3) return;", {}),
    ("case 3: return f(4);", {"number": ["case 3: return f(5);"]}),
    ("[[assume(a > 3)]];", {}),
    ("log_.append(record);", {"call": [";"]}),
    ("if (a) base::forget(b);", {"call": ["if (a) ;"], "negate": ["if (!(a)) base::forget(b);"]}),
    ("rows.at(i)->clear();", {"call": [";"]}),
    ("rows.reserve(n);", {}),
    ("Lock lock(mutex_);", {}),
    ("a = f(b);", {}),
    ("spdlog::info(text);", {}),
    ("return f(a, b);", {"swap": ["return f(b, a);"]}),
    ("return f(a, b + c, d);", {"sign": ["return f(a, b - c, d);"]}),
    ("const Span span(begin, end);", {"swap": ["const Span span(end, begin);"]}),
    ("for (const auto& [a, b] : pairs) ++n;", {}),
    ("while (!done) wait();", {"negate": ["while (!(!done)) wait();"], "call": ["while (!done) ;"]}),
    ("if (const auto* one = find(sn)) return;", {}),
    ("if (const int n = read(); n > 0) return;", {"compare": ["if (const int n = read(); n >= 0) return;"],
                                                  "number": ["if (const int n = read(); n > 1) return;"]}),
    ('say("a < b && c", \'<\'); // a < b', {"call": ["; // a < b"]}),
    ('return R"(if (a < b) f(1, 2);)";', {}),
    ("/* a < b */", {}),
    ("#define LESS a < b", {}),
]

FILE = """#include "a.h"

namespace a {
struct Row {
  explicit Row(int first);
  int most = 3;
  virtual void stop() = 0;
};
enum class Kind { kOne = 1 };
constexpr int twice(int a) { return 2 * a; }

int Row::add(int a, int b) {
  if (a < b) return a + 1;
  // More.
  return sum(a,  // the first
             b);
}

bool is_good(int a) { return a > 5; }
}  // namespace a
"""


class Operators(unittest.TestCase):
    def test_each_line_has_these_mutants_and_no_others(self):
        for line, expected in LINES:
            with self.subTest(line):
                before, after = "void f() {\n", "\n}\n"
                wanted = {(kind, before + each + after) for kind, lines in expected.items() for each in lines}
                self.assertEqual(mutants(before + line + after), wanted)

    def test_declarations_and_what_the_compiler_works_out_stay(self):
        found = {(place.line, place.was, place.now) for place in mutations.places("src/a/a.cc", FILE)}
        self.assertEqual(found, {(6, "3", "4"), (13, "a < b", "a <= b"), (13, "a < b", "!(a < b)"),
                                 (13, "a + 1", "a - 1"), (13, "1", "2"), (15, "a, b", "b, a"),
                                 (19, "a > 5", "a >= 5"), (19, "5", "6")})

    def test_a_mutant_is_compiled_in_and_the_lines_stay_where_they_are(self):
        places = {place.now: place for place in mutations.places("src/a/a.cc", FILE)}
        text = mutations.changed(FILE, {7: places["a <= b"], 8: places["b, a"]}, "/w/gl_mutant.h")
        lines = text.split("\n")
        self.assertEqual(lines[:2], ['#include "/w/gl_mutant.h"', "#line 1"])
        self.assertEqual(lines[2:14], FILE.split("\n")[:12])
        self.assertEqual(lines[14], "  if ((gl_mutant(7) ? (a <= b) : (a < b))) return a + 1;")
        self.assertEqual(lines[16:18], ["  return sum((gl_swaps<decltype((a)), decltype((b))>(8) ? b : a), "
                                        "(gl_mutant(8) ? a : b)", ");"])
        self.assertEqual(lines[18:], FILE.split("\n")[16:])
        negated = mutations.changed(FILE, {9: places["!(a < b)"]}, "h")
        self.assertIn("  if (gl_mutant(9) != static_cast<bool>(a < b)) return", negated)

    def test_numbers(self):
        for number, larger in [("9", "10"), ("0", "1"), ("017", "020"), ("0b11", "0x4"), ("1e3", "1001.0"),
                               ("10ms", "11ms"), ("2.5F", "3.5F"), ("1.", "2.0")]:
            with self.subTest(number):
                self.assertEqual(mutations.larger(number), larger)


class Choice(unittest.TestCase):
    def setUp(self):
        line = "  if (a{0} < {0} || b{0} == c{0}) go{0}(a{0}, b{0});\n"
        self.functions = [f"void f{n}() {{\n{line.format(n)}{line.format(n)}}}\n" for n in range(20)]

    def chosen(self, functions, seed=1, **options):
        text = "".join(functions)
        found = {room: mutations.places(f"src/{room}/{room}.cc", text) for room in ("a", "b")}
        return mutations.choose(found, {"a": 300, "b": 100}, 12, seed, **options)

    def test_it_is_the_same_if_other_functions_come_go_or_move(self):
        before = {place.key for place in self.chosen(self.functions)}
        moved = {place.key for place in self.chosen(self.functions[10:] + self.functions[:10])}
        self.assertEqual(moved, before)
        fewer = {place.key for place in self.chosen(self.functions[1:] + ["void g() {\n  return a + 1;\n}\n"])}
        self.assertGreaterEqual(len(fewer & before), 9)
        self.assertNotEqual({place.key for place in self.chosen(self.functions, 2)}, before)

    def test_rooms_by_their_lines_kinds_in_turn_and_none_overlaps(self):
        chosen = self.chosen(self.functions)
        rooms = [place.path.split("/")[1] for place in chosen]
        self.assertEqual((rooms.count("a"), rooms.count("b")), (9, 3))
        self.assertEqual({place.kind for place in chosen}, set(mutations.KINDS) - {"sign"})
        self.assertFalse([1 for one in chosen for other in chosen if one != other and mutations.overlap(one, other)])

    def test_what_is_refused_is_replaced_in_its_room(self):
        before = [place.key for place in self.chosen(self.functions)]
        after = {place.key for place in self.chosen(self.functions, refused={before[0]})}
        self.assertEqual((len(after), len(after.difference(before)), before[0] in after), (12, 1, False))


class Ctest(unittest.TestCase):
    def test_tests_run_with_their_properties_and_tell_how_they_ended(self):
        script = 'echo "$GL_MUTANT $OWN $MORE"; exit $1'
        properties = {"ENVIRONMENT": ["OWN=a;b"], "SKIP_RETURN_CODE": 77}
        tests = [{"name": f"t/{code}", "command": ["/bin/sh", "-c", script, "x;y", str(code)],
                  "environment": ["MORE=c"], "properties": {**properties, "LABELS": ["long"] if code else []}}
                 for code in (0, 1, 77)]
        with tempfile.TemporaryDirectory() as folder:
            ended = [(test["name"], how) for test, how, _ in
                     mutate.ctest(pathlib.Path(folder) / "a", tests, 1, "-V", environment={"GL_MUTANT": "5"})]
            self.assertIn("5 a;b c", (pathlib.Path(folder) / "a" / "log").read_text())
        self.assertEqual(ended, [("t/0", "Passed"), ("t/1", "Failed"), ("t/77", "Skipped")])
        self.assertEqual([mutate.tier_of(test) for test in tests], ["./test", "--long", "--long"])

    def test_a_mutant_is_found_by_a_test_that_fails_with_it_alone(self):
        def test(name, script, seconds, labels=()):
            return {"command": ["/bin/sh", "-c", script], "properties": {"LABELS": list(labels)}, "how": "Passed",
                    "seconds": seconds, "reaches": [5], "name": name}
        fails, finds = test("fails", "exit 1", 1), test("finds", 'test -z "$GL_MUTANT"', 2)
        later, slow = test("later", finds["command"][2], 0, ["long"]), test("slow", finds["command"][2], 9)
        for tests, patience_s, expected in [([later, slow, fails], 10, (["fails", "slow", "later"], 0, "slow")),
                                            ([slow, later, fails, finds], 3, (["fails", "finds"], 2, "finds")),
                                            ([fails], 3, (["fails"], 0, None))]:
            with self.subTest(expected), tempfile.TemporaryDirectory() as folder:
                work = mutate.Work(pathlib.Path(folder))
                work.state = {"tests": {each["name"]: each for each in tests}}
                options = argparse.Namespace(tests="", patience=patience_s, jobs=1)
                within, more = mutate.may_run(work, 5, options)
                with contextlib.redirect_stdout(io.StringIO()):
                    _, found, _ = mutate.examine(work, 5, within, options)
                self.assertEqual(([each["name"] for each in within], more, found), expected)


if __name__ == "__main__":
    unittest.main()
