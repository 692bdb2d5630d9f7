"""What table.py finds in statements and in tests, and what it says about mistakes in them."""
import pathlib
import unittest

import table

ROWS = """# a comment

v3 | MQTT-1.5.3-1 | both | text is text
v3 | MQTT-3.1.2-9 | server | one thing
v3 | MQTT-3.1.2-10 | client | another | it cannot be seen
v5 | MQTT-1.5.4-1 | both | text is text
"""


def statements_of(text):
    mistakes = []
    return table.read_statements(text, mistakes.append), mistakes


def claims_of(text):
    mistakes = []
    claims = table.claims_of(pathlib.Path("a_test"), text, mistakes.append)
    return [(*key, test.name) for key, test in claims], mistakes


class StatementsTest(unittest.TestCase):
    def test_rows_are_read_in_order(self):
        statements, mistakes = statements_of(ROWS)
        self.assertEqual(mistakes, [])
        self.assertEqual(
            [number for _, number in statements],
            ["MQTT-1.5.3-1", "MQTT-3.1.2-9", "MQTT-3.1.2-10", "MQTT-1.5.4-1"],
        )
        self.assertEqual(statements["v3", "MQTT-3.1.2-10"].reason, "it cannot be seen")
        self.assertEqual(statements["v3", "MQTT-3.1.2-9"].reason, "")

    def test_bad_rows_are_mistakes(self):
        for row, word in (
            ("v3 | MQTT-3.1.2-9 | server", "four cells"),
            ("v3 | MQTT-3.1.2-9 | server | a | b | c", "four cells"),
            ("v3 | MQTT-3.1.2-9 | server | a | ", "four cells"),
            ("v4 | MQTT-3.1.2-9 | server | a", "no statement's number"),
            ("v3 | MQTT-3.1.2.9 | server | a", "no statement's number"),
            ("v3 | 3.1.2-9 | server | a", "no statement's number"),
            ("v3 | MQTT-3.1.2-9 | broker | a", "'broker' is none of"),
            ("v3 | MQTT-3.1.2-9 | both | a\nv3 | MQTT-3.1.2-9 | both | a", "not come in order"),
            ("v3 | MQTT-3.1.2-10 | both | a\nv3 | MQTT-3.1.2-9 | both | a", "not come in order"),
        ):
            with self.subTest(row=row):
                _, mistakes = statements_of(row)
                self.assertEqual(len(mistakes), 1, mistakes)
                self.assertIn(word, mistakes[0])


class ClaimsTest(unittest.TestCase):
    def test_claims_of_each_language(self):
        for text, name in (
            ("// proves v3: MQTT-1.2.3-4\nTEST(MqttSession, AThing) {", "MqttSession.AThing"),
            ("// proves v3: MQTT-1.2.3-4\nTEST_P(Routing, AThing) {", "Routing.AThing"),
            ("// Why.\n// proves v3: MQTT-1.2.3-4\n// More.\nTEST_F(A, B) {", "A.B"),
            ("    # proves v3: MQTT-1.2.3-4\n    @each\n    def test_it(self):", "test_it"),
            ('// proves v3: MQTT-1.2.3-4\n  test("it works", () => {', "it works"),
        ):
            with self.subTest(text=text):
                self.assertEqual(claims_of(text), ([("v3", "MQTT-1.2.3-4", name)], []))

    def test_several_lines_and_several_tests(self):
        text = """
// proves v3: MQTT-1.2.3-4, MQTT-1.2.3-5
// proves v5: MQTT-9.9.9-10
TEST(A, B) {
}
TEST(A, ProvesNothing) {
}
// proves v5: MQTT-1.2.3-4
TEST(A, C) {
"""
        claims, mistakes = claims_of(text)
        self.assertEqual(mistakes, [])
        self.assertEqual(
            claims,
            [
                ("v3", "MQTT-1.2.3-4", "A.B"),
                ("v3", "MQTT-1.2.3-5", "A.B"),
                ("v5", "MQTT-9.9.9-10", "A.B"),
                ("v5", "MQTT-1.2.3-4", "A.C"),
            ],
        )

    def test_bad_claims_are_mistakes(self):
        for text, word in (
            ("// proves v3 MQTT-1.2.3-4\nTEST(A, B) {", "write 'proves v3:"),
            ("// proves v4: MQTT-1.2.3-4\nTEST(A, B) {", "write 'proves v3:"),
            ("// proves v3: MQTT-1.2.3-4,\nTEST(A, B) {", "write 'proves v3:"),
            ("// proves v3: 1.2.3-4\nTEST(A, B) {", "write 'proves v3:"),
            ("// proves v3: MQTT-1.2.3-4\n\nTEST(A, B) {", "not followed by a test"),
            ("// proves v3: MQTT-1.2.3-4\nvoid helper() {", "not followed by a test"),
            ("// proves v3: MQTT-1.2.3-4", "not followed by a test"),
        ):
            with self.subTest(text=text):
                claims, mistakes = claims_of(text)
                self.assertEqual((claims, len(mistakes)), ([], 1), mistakes)
                self.assertIn(word, mistakes[0])


class PageTest(unittest.TestCase):
    def test_the_page_counts_and_names(self):
        statements, _ = statements_of(ROWS)
        tests = [
            table.Test(pathlib.Path(path), name)
            for path, name in (("src/wire/a_test.cc", "A.B"), ("b_test.py", "b"), ("src/wire/a_test.cc", "A.C"))
        ]
        proofs = {key: [] for key in statements} | {("v3", "MQTT-1.5.3-1"): tests}
        page = table.page_of(statements, proofs)
        self.assertIn("| MQTT 3.1.1 | 3 | 1 | 1 | 1 |", page)
        self.assertIn("| MQTT 5.0 | 1 | 0 | 0 | 1 |", page)
        proof = "[a_test.cc](../../src/wire/a_test.cc): `A.B`, `A.C`<br>[b_test.py](../../b_test.py): `b`"
        self.assertIn(f"| MQTT-1.5.3-1 | both | text is text | {proof} |", page)
        self.assertIn("| MQTT-3.1.2-9 | server | one thing | **open** |", page)
        self.assertIn("| another | does not apply: it cannot be seen |", page)


if __name__ == "__main__":
    unittest.main()
