"""Finds the modules of the tests beside this one."""
import pathlib
import sys

_TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[1:1] = [str(_TESTS / "bad_inputs"), str(_TESTS / "clients")]
