"""The conformance kit: checks whether a plugin keeps to the contract. Each failure says what to change.

``harness plugins check NAME`` and :mod:`harness.testing.pytest_plugin` run the same checks. The pytest plugin is loaded
only by test modules that name it.
"""

from __future__ import annotations

from harness.testing.case import Case, Check, Finding, NotApplicable, Subject
from harness.testing.conformance import CHECKS, cases, check_plugin, find_plugin
from harness.testing.suites import TINY_SUITE, synthetic_results

__all__ = [
    "CHECKS",
    "TINY_SUITE",
    "Case",
    "Check",
    "Finding",
    "NotApplicable",
    "Subject",
    "cases",
    "check_plugin",
    "find_plugin",
    "synthetic_results",
]
