"""The ledger of a search: the rounds of trials that it asked for, in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Round = tuple[tuple[int, int, int], ...]
"""Trials asked for together: (width k, first seed, number of seeds) for each width."""


class LedgerKey(NamedTuple):
    """The search that a ledger belongs to.

    Attributes:
        key: Semantic key of the setting.
        n: Number of samples.
        d: Input dimension.
        tolerance: Index of the tolerance that counts as a fit.
        search: Name of the search.
        version: Version of the search.
        settings: Everything else that the rounds depend on, as JSON: options, starting width, step of widths.
    """

    key: str
    n: int
    d: int
    tolerance: int
    search: str
    version: int
    settings: str


LedgerEntry = tuple[LedgerKey, int, Round]
"""(search, number of the round from 0, round)."""


def row_of(entry: LedgerEntry) -> tuple[Any, ...]:
    """Return the row of a round, without its checksum."""
    search, number, asked = entry
    return *search, number, json.dumps(asked, separators=(",", ":"))


def rounds_of(rows: Iterable[tuple[int, str]], most: int) -> list[Round]:
    """Return the rounds of a search from their rows.

    Args:
        rows: Number and text of each round, in order.
        most: Number of trials that the search may ask for.

    Raises:
        ValueError: If they are no rounds of a search: at each width the seeds 0, 1, 2, … follow one another.
    """
    rounds: list[Round] = []
    known: dict[int, int] = {}
    left = most
    for number, text in rows:
        asked = json.loads(text)
        if number != len(rounds) or not isinstance(asked, list) or not asked:
            raise ValueError(f"the ledger has no round {len(rounds)}")
        for one in asked:
            if not (isinstance(one, list) and len(one) == 3 and all(type(value) is int for value in one)):
                raise ValueError(f"round {number} asks for {str(one)[:40]!r}")
            k, first, trials = one
            left -= trials
            if k < 0 or trials < 1 or first != known.get(k, 0) or left < 0:
                raise ValueError(f"round {number} asks for {str(one)[:40]!r}")
            known[k] = first + trials
        rounds.append(tuple((k, first, trials) for k, first, trials in asked))
    return rounds
