"""The plugin keeps the contract of the harness."""

from __future__ import annotations

from harness.testing import Case

pytest_plugins = ["harness.testing.pytest_plugin"]

harness_plugin = "harness-gradient-flow"


def test_conformance(conformance: Case) -> None:
    """Each check of each component."""
    conformance.demand()
