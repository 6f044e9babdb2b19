"""Regimes of two runs that are counterparts though their names differ, since an edited option changes the name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from harness.components import Regime
from harness.driver.results import Results
from harness.plugin_host.checks import PARTS

R = TypeVar("R", bound=Results)


def counterparts(first: Results, second: Results) -> dict[str, str]:
    """Return the names of regimes of the second run by those of the first that they are compared with.

    A name that is not given in a suite is made from the options, so whoever edits an option gets another name. Two
    regimes whose names are in one run each are counterparts if they differ in at most one ingredient, and neither
    could have another counterpart.

    Args:
        first: A run.
        second: Another run.
    """
    theirs = {regime.name for regime in second.suite.regimes}
    mine = {regime.name for regime in first.suite.regimes}
    pairs = [
        (one.name, two.name)
        for one in first.suite.regimes
        for two in second.suite.regimes
        if one.name not in theirs and two.name not in mine and _near(one, two)
    ]
    alone = [[names.count(name) == 1 for name in names] for names in map(list, zip(*pairs, strict=True))]
    return dict(pair for place, pair in enumerate(pairs) if all(single[place] for single in alone))


def _near(one: Regime, two: Regime) -> bool:
    changed = [part for part in PARTS if getattr(one, part) != getattr(two, part)]
    return len(changed) <= 1


def renamed(results: R, names: Mapping[str, str]) -> R:
    """Return the results with other names of regimes.

    Args:
        results: Results of a run.
        names: New names by old ones. Regimes that are not among them keep theirs.
    """
    suite = replace(
        results.suite,
        regimes=tuple(replace(regime, name=names.get(regime.name, regime.name)) for regime in results.suite.regimes),
    )
    solvers = {names.get(name, name): solver for name, solver in results.provenance.get("solvers", {}).items()}
    return replace(
        results,
        suite=suite,
        outcomes={replace(cell, regime=names.get(cell.regime, cell.regime)): o for cell, o in results.outcomes.items()},
        provenance=results.provenance | ({"solvers": solvers} if solvers else {}),
        rounds={(names.get(name, name), n, d): value for (name, n, d), value in results.rounds.items()},
        endings={(names.get(name, name), n, d): value for (name, n, d), value in results.endings.items()},
        choices={replace(cell, regime=names.get(cell.regime, cell.regime)): o for cell, o in results.choices.items()},
    )
