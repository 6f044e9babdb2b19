"""Stored trials whose fates are not known, where they are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.components import Cell, Outcome
    from harness.driver.stored import Stored
    from harness.driver.threshold_search import ThresholdSearch
    from harness.store import Place


def undecided(outcome: Outcome, fates: str, *, again: bool = True) -> bool:
    """Return whether the fate of a trial has to be found by training it again.

    Args:
        outcome: The outcome. Trials that diverged or ended in an error have no fate.
        fates: Name and version of what decides fates, or an empty string if nothing does.
        again: Whether fates of other versions, and of continuations that raised, are found again.
    """
    if not fates or outcome.diverged or outcome.message:
        return False
    fate = outcome.fate
    return fate is None or (again and (fate.continuation != fates or bool(fate.message)))


def set_aside_undecided(stored: Stored, searches: Iterable[ThresholdSearch], *, again: bool = True) -> None:
    """Remove the outcomes whose fates are wanted and not known, and count them by search.

    Args:
        stored: Outcomes by key. They are changed.
        searches: The searches.
        again: Whether to remove fates of other versions, and of continuations that raised, too.
    """
    aside: dict[str, set[Place]] = {}
    for search in searches:
        if search.key not in aside:
            known = stored[search.key]
            aside[search.key] = {place for place, one in known.items() if undecided(one, search.fates, again=again)}
            stored[search.key] = {place: one for place, one in known.items() if place not in aside[search.key]}
        search.undecided = sum((n, d) == (search.n, search.d) for n, d, _, _ in aside[search.key])


def failed_fates(outcomes: Mapping[Cell, Iterable[Outcome]]) -> list[str]:
    """Return a line for each continuation that raised, with the first message and the number of trials."""
    first: dict[str, str] = {}
    trials: dict[str, int] = {}
    for cell, several in outcomes.items():
        for outcome in several:
            fate = outcome.fate
            if fate is not None and fate.message:
                where = f"{cell.regime}, n = {cell.n}, d = {cell.d}, k = {cell.k}, trial {outcome.seed}"
                first.setdefault(fate.continuation, f"{where}: {fate.message}")
                trials[fate.continuation] = trials.get(fate.continuation, 0) + 1
    return [
        f"the fates of {trials[name]} trials are open, since {name} raised, first in {said}"
        for name, said in first.items()
    ]


def found_again(trials: int) -> str:
    """Return why stored trials are not used, from their number.

    >>> found_again(12), found_again(0)
    ('12 stored trials are trained again to decide their fates', '')
    """
    return f"{trials} stored trials are trained again to decide their fates" if trials else ""
