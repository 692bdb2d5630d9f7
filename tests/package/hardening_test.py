#!/usr/bin/env python3
"""Reads off the built program what cmake/hardening.cmake asks for.

    hardening_test.py PROGRAM...
"""
import re
import subprocess
import sys
import unittest

PROGRAMS = []


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, program], check=True, capture_output=True, text=True).stdout


def instructions(program):
    return subprocess.run(["objdump", "--disassemble", "--no-show-raw-insn", program], check=True, capture_output=True,
                          text=True).stdout


def own_code(programs):
    """Without the static ones: most of their code is Debian's, compiled with options of its own."""
    return [program for program in programs if "(NEEDED)" in readelf(program, "--dynamic")]


class Hardening(unittest.TestCase):
    def test_it_is_loaded_at_a_random_address(self):
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertRegex(readelf(program, "--file-header"), r"Type:\s+DYN")
                self.assertIn("PIE", readelf(program, "--dynamic"))

    def test_what_the_linker_resolves_is_read_only_from_the_start_on(self):
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertIn("GNU_RELRO", readelf(program, "--segments"))
                self.assertRegex(readelf(program, "--dynamic"), r"BIND_NOW|FLAGS_1\).*NOW")

    def test_neither_stack_nor_data_can_be_executed_and_no_code_written(self):
        for program in PROGRAMS:
            with self.subTest(program):
                segments = readelf(program, "--segments")
                rows = re.findall(r"^\s+(LOAD|GNU_STACK)\s+(?:0x\w+\s+){5}([RWE ]{3})", segments, re.MULTILINE)
                self.assertIn("GNU_STACK", dict(rows), segments)
                for kind, flags in rows:
                    self.assertFalse("W" in flags and "E" in flags, f"{kind} {flags}")

    def test_the_stack_is_protected_and_jumps_land_at_functions(self):
        for program in own_code(PROGRAMS):
            with self.subTest(program):
                text = instructions(program)
                self.assertGreater(text.count("%fs:0x28"), 1000, "a canary in each function with an array")
                self.assertRegex(text, r"sub\s+\$0x1000,%rsp", "a large frame is probed page by page")
                self.assertGreater(text.count("endbr64"), 1000)

    def test_sizes_that_are_known_are_checked(self):
        for program in own_code(PROGRAMS):
            with self.subTest(program):
                self.assertIn("__memcpy_chk", readelf(program, "--dyn-syms"))

    def test_an_index_out_of_range_ends_the_program(self):
        """libstdc++'s assertions are compiled in."""
        for program in own_code(PROGRAMS):
            with self.subTest(program):
                with open(program, "rb") as file:
                    self.assertIn(b"__n < this->size()", file.read())


if __name__ == "__main__":
    PROGRAMS = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not PROGRAMS:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1] + [a for a in sys.argv[1:] if a.startswith("-")], verbosity=2)
