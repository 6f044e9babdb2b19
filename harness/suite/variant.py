"""Variants of a suite: another seed, or the size of the paper that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import tomli

from harness.complaints import Complaint
from harness.suite.reading import parse_suite
from harness.suite.source import SuiteError
from harness.suite.toml_text import toml_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.suite.record import Suite


def varied(suite: Suite, *, seed: int | None = None, paper_size: bool = False) -> Suite:
    """Return a suite with another seed, at the size of its paper, or both.

    The variant has a name and a text of its own. So its results get a folder of their own, and their provenance,
    archives and plans describe what is trained.

    Args:
        suite: The suite as its file describes it, with its plugins.
        seed: Seed in place of that of the suite, or None for the same.
        paper_size: Whether the table ``[paper]`` replaces what it names.

    Raises:
        SuiteError: If the suite has no such table, or the variant has faults. They have no lines, as no file has them.
    """
    if seed is None and not paper_size:
        return suite
    if suite.registry is None:
        raise ValueError(f"suite {suite.name!r} was made without plugins: load it with harness.load_suite")
    data: dict[str, Any] = tomli.loads(suite.text)
    if paper_size:
        if "paper" not in data:
            said = "is missing: the suite does not have the size of a paper, so it cannot be run at it"
            raise SuiteError([Complaint("missing-section", ("paper",), said)], suite.path)
        data = _named(at_paper_size(data), "paper", "the paper's size")
    if seed is not None:
        data = _named({**data, "suite": {**data["suite"], "seed": seed}}, f"seed-{seed}", f"seed {seed}")
    text = toml_text(data)
    try:
        found = parse_suite(text, suite.registry, suite.path)
    except SuiteError as error:
        raise SuiteError([replace(fault, line=None) for fault in error.complaints], suite.path) from error
    return replace(found, path=None, plugin_files=suite.plugin_files)


def at_paper_size(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of a suite with the keys of ``[paper]`` in place of their own.

    Args:
        data: Tables of the suite. Keys of ``paper.regimes`` are for each regime. Tables among them replace the keys
            that they have.

    >>> at_paper_size({"problems": {"n": 40, "d": 5}, "regimes": [{"optimizer": {"c": 1}}], "paper": {
    ...     "problems": {"n": 200}, "regimes": {"optimizer": {"batch": 32}}}})
    {'problems': {'n': 200, 'd': 5}, 'regimes': [{'optimizer': {'c': 1, 'batch': 32}}]}
    """
    found = {section: table for section, table in data.items() if section != "paper"}
    for section, changed in data["paper"].items():
        if section == "regimes":
            found[section] = [_changed(regime, changed) for regime in data[section]]
        else:
            found[section] = {**data.get(section, {}), **changed}
    return found


def _changed(regime: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    both = {key for key in by if isinstance(by[key], dict) and isinstance(regime.get(key), dict)}
    return {**regime, **{key: {**regime[key], **value} if key in both else value for key, value in by.items()}}


def _named(data: dict[str, Any], suffix: str, words: str) -> dict[str, Any]:
    """Return the tables with what is varied in the name and the title."""
    head = data["suite"]
    title = f"{head['title']} ({words})" if head.get("title") else ""
    return {**data, "suite": {**head, "name": f"{head['name']}-{suffix}", **({"title": title} if title else {})}}
