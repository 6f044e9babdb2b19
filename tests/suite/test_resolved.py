"""Suites with every default spelled out: the same suite comes back, whatever the defaults are by then."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.plugin_host.options import option_names
from harness.plugin_host.registry import Registry
from harness.suite import SuiteError, load_suite, shipped_suites
from harness.suite.file import BudgetSection, ProblemsSection, SuiteSection
from harness.suite.resolved import resolve, suite_of


@pytest.mark.parametrize("name", shipped_suites())
def test_a_suite_comes_back_from_its_resolved_form(name: str) -> None:
    suite, registry = load_suite(name)
    data = json.loads(json.dumps(resolve(suite, registry)))
    again = suite_of(data, registry, suite.text)
    assert replace(again, path=suite.path, plugin_files=suite.plugin_files) == suite
    assert data["suite"].keys() == SuiteSection.model_fields.keys()
    assert data["problems"].keys() == ProblemsSection.model_fields.keys()
    assert data["budget"].keys() == BudgetSection.model_fields.keys()
    for regime, spec in zip(suite.regimes, data["regimes"], strict=True):
        for part in ("model", "initializer", "optimizer", "criterion"):
            made = getattr(regime, part)
            assert spec[part].keys() >= {"use", *option_names(type(made))} - made.later(), "an option is left to chance"


def test_what_is_no_resolved_suite_is_refused(registry: Registry) -> None:
    suite, _ = load_suite("quickstart")
    data = resolve(suite, registry)
    for section in data:
        for wrong in (None, 3, "x", [1], {"x": 1}):
            with pytest.raises(SuiteError):
                suite_of({**data, section: wrong}, registry, "")
