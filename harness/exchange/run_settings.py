"""The settings and versions of a run as text, and those in which two runs differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.complaints import show
from harness.driver.explain import differences
from harness.driver.results import Results
from harness.plugin_host.composition import regime_spec


@dataclass(frozen=True)
class Difference:
    """One entry that differs between two runs, as text. It is empty where a run does not record it."""

    what: str
    first: str
    second: str


def setting_differences(first: Results, second: Results) -> list[Difference]:
    """Return the settings and versions in which two runs differ, those of the suite before those of regimes."""
    one, two = _settings(first), _settings(second)
    found = [
        Difference(what, one.get(what, ""), two.get(what, ""))
        for what in dict.fromkeys([*one, *two])
        if one.get(what, "") != two.get(what, "")
    ]
    names = {regime.name for regime in second.suite.regimes}
    for regime in first.suite.regimes:
        if regime.name in names:
            specs = ({"regime": regime_spec(of.regime(regime.name))} for of in (first, second))
            found += [
                Difference(f"{regime.name}: {change.what}", _said(change.was), _said(change.now))
                for change in differences(*specs)
            ]
    return found


def _settings(results: Results) -> dict[str, str]:
    """Return the settings and versions of a run, one line each."""
    suite, budget, origin = results.suite, results.suite.budget, results.provenance
    facts: dict[str, Any] = {
        "suite": suite.name,
        "suite hash": origin.get("suite_hash"),
        "seed": suite.seed,
        "dataset": suite.dataset.spec(),
        "n": list(suite.n),
        "d": list(suite.d),
        "problem for each trial": suite.resample,
        **{key.replace("_", " "): size for key, size in suite.further.items() if size},
        "steps": budget.steps,
        "tolerances": list(budget.tolerances),
        "report tolerance": budget.report_tolerance,
        "dtype": budget.dtype,
        "search": {"method": suite.search.name, **vars(suite.search)},
        "trained as": _trained_as(origin),
        **{key: origin.get(key) for key in ("device", "machine", "processor", "date")},
        "missing trials": results.missing,
    }
    for group in ("solvers", "versions", "plugins"):
        table = origin.get(group, {})
        facts |= {f"{group.removesuffix('s')} {name}": value for name, value in sorted(table.items())}
    return {what: _said(value) for what, value in facts.items() if value is not None}


def _trained_as(origin: Mapping[str, Any]) -> str:
    """Return as text whether one run trained the trials, or several that were merged."""
    parts = origin.get("merged")
    if not isinstance(parts, list) or not parts:
        return f"shard {origin['shard']}" if "shard" in origin else "one run"
    known = [part for part in parts if isinstance(part, Mapping)]
    names = [f"shard {part['shard']}" if "shard" in part else str(part.get("run", "?")) for part in known]
    return f"{len(parts)} runs merged: {', '.join(names)}"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(part)}" for key, part in value.items() if part not in ((), [], ""))
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value)) or "none"
    if isinstance(value, str):
        return value
    return "none" if value is None else show(value)
