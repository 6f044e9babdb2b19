"""The conformance kit: whether a plugin keeps to the contract, and what to change where it does not.

The same checks are run by ``harness plugins check NAME`` and, in a plugin's own tests, by
:mod:`harness.testing.pytest_plugin`, which is loaded only where it is asked for.
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
