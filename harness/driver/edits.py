"""Stored trials that third-party plugins trained with other code than that which is loaded now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.components import Outcome
    from harness.driver.stored import Stored
    from harness.driver.threshold_search import ThresholdSearch
    from harness.store import LedgerKey


def edited(outcome: Outcome, plugins: Mapping[str, str]) -> list[str]:
    """Return the names of the plugins whose code is not the code that trained a trial.

    Args:
        outcome: The outcome. Those of older files have no digests, so the code is unknown and counts as another.
        plugins: Digest of the loaded code of each third-party plugin of the trial.
    """
    return [name for name, digest in plugins.items() if outcome.plugins.get(name) != digest]


def set_aside_edited(stored: Stored, searches: Iterable[ThresholdSearch]) -> list[LedgerKey]:
    """Remove the outcomes that other code trained, count them by search, and drop rounds that were decided by them.

    Args:
        stored: Outcomes by key. They are changed.
        searches: The searches, with the rounds that the store has of them.

    Returns:
        The searches whose rounds in the store are void.
    """
    void: dict[LedgerKey, None] = {}
    aside: Stored = {}
    for search in searches:
        if search.plugins and search.key not in aside:
            known = stored[search.key]
            aside[search.key] = {place: one for place, one in known.items() if edited(one, search.plugins)}
            stored[search.key] = {place: one for place, one in known.items() if place not in aside[search.key]}
        others = aside.get(search.key, {})
        for (n, d, _, _), outcome in others.items():
            if (n, d) == (search.n, search.d):
                for name in edited(outcome, search.plugins):
                    search.outdated[name] = search.outdated.get(name, 0) + 1
        asked = ((k, seed) for one in search.recorded for k, first, more in one for seed in range(first, first + more))
        if any((search.n, search.d, k, seed) in others for k, seed in asked):
            search.recorded = []
            void[search.ledger] = None
    return list(void)


def edits(searches: Iterable[ThresholdSearch]) -> dict[str, int]:
    """Return the number of trials in the results that other code trained, by the name of the plugin."""
    found: dict[str, int] = {}
    for search in searches:
        for outcomes in search.known().values():
            for outcome in outcomes:
                for name in edited(outcome, search.plugins):
                    found[name] = found.get(name, 0) + 1
    return found


def edited_since(trials: Mapping[str, int]) -> str:
    """Return why stored trials are not used, from their number by plugin.

    >>> edited_since({"mine": 12})
    'plugin mine was edited since (12 stored trials are of other code)'
    """
    return "; ".join(
        f"plugin {name} was edited since ({count} stored trials are of other code)" for name, count in trials.items()
    )
