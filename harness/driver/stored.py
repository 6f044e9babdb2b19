"""Stored trials and rounds, and how searches find theirs among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.components import Outcome
    from harness.driver.threshold_search import Lookup, ThresholdSearch
    from harness.store import Place, Store

    Stored = dict[str, dict[Place, Outcome]]
    """Key → (n, d, k, seed) → outcome."""


def follow_ledgers(store: Store, found: list[ThresholdSearch]) -> None:
    """Let searches begin with the rounds that the store has of them."""
    ledgers = store.ledgers({search.ledger: search.most for search in found})
    for search in found:
        search.recorded = list(ledgers[search.ledger])


def stored_outcomes(store: Store | None, found: list[ThresholdSearch], *, errors: bool = False) -> Stored:
    """Read what is stored for these searches, once."""
    tolerances = {search.key: len(search.setting.tolerances) for search in found}
    return {key: store.outcomes(key, errors=errors, tolerances=n) if store else {} for key, n in tolerances.items()}


def lookup(stored: Stored, search: ThresholdSearch) -> Lookup:
    """Return the function that returns the stored outcome of a trial of a search."""
    known = stored[search.key]
    return lambda cell, seed: known.get((cell.n, cell.d, cell.k, seed))
