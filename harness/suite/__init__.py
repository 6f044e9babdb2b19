"""Suites: TOML in, records out, and everything that is wrong with the file at once."""

from harness.suite.reading import load_suite, parse_suite
from harness.suite.record import Budget, Suite
from harness.suite.source import SuiteError, find_suite, shipped_suites

__all__ = ["Budget", "Suite", "SuiteError", "find_suite", "load_suite", "parse_suite", "shipped_suites"]
