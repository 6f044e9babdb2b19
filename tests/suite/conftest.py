"""Fixtures of the tests of suites."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry

from .good_suite import OWN


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make loading from files independent of whether the package is installed."""

    def load(files: Any = (), block: Any = ()) -> Registry:
        return load_plugins(files, block, entry_points=OWN)

    monkeypatch.setattr("harness.suite.reading.load_plugins", load)
