"""Suites: readers that turn TOML files into records and report every fault of a file at once."""

from harness.suite.reading import load_suite, load_text, parse_suite
from harness.suite.record import Budget, DiagnosticFit, Suite
from harness.suite.source import SuiteError, find_suite, shipped_suites
from harness.suite.variant import varied

__all__ = [
    "Budget",
    "DiagnosticFit",
    "Suite",
    "SuiteError",
    "find_suite",
    "load_suite",
    "load_text",
    "parse_suite",
    "shipped_suites",
    "varied",
]
