"""Writing a union of runs into a run directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.components import Cell, Outcome
from harness.components.outcome_record import encode
from harness.exchange.merging import Union, regime_of
from harness.statistics.adaptive import MOST_RECORDED, Adaptive
from harness.store import FILE, UNION, Place, Store, StoreError


@contextmanager
def claimed(directory: Path) -> Iterator[Store | None]:
    """Lock a run directory from before it is read until the union is written.

    Yields:
        Its results, open for reading and writing, or None if it has none. Nothing is created in the latter case.

    Raises:
        StoreError: If another run is using it, if it is damaged, or if it cannot be looked into.
    """
    try:
        there = (directory / FILE).exists()
    except OSError as error:  # a folder of another user, or a name that is too long
        raise StoreError(f"{directory}: {error.strerror}; {UNION.elsewhere}") from error
    if there:
        with Store(directory, create=False, exclusive=True, remedy=UNION) as store:
            yield store
    else:
        yield None


def write_union(union: Union, directory: Path, mine: Store | None = None) -> int:
    """Write a union into a directory, in addition to the trials that are there.

    Args:
        union: The union.
        directory: Run directory to write to.
        mine: Results of the directory, :func:`claimed` before they were read as a part of the union, or None if there
            were none.

    Returns:
        Number of trials that are new in the directory.

    Raises:
        StoreError: If it cannot be written, if a run is using it, or if a run has begun in it since. A repeated merge
            goes on.
    """
    if mine is not None:
        return _write(union, mine)
    with Store(directory, exclusive=True, remedy=UNION) as store:
        if store.origins() or store.settings():
            raise StoreError(
                f"{store.path} was made by another run meanwhile; merge again: it then counts as the first run"
            )
        return _write(union, store)


def _write(union: Union, store: Store) -> int:
    recorded = store.origins()
    for part in union.parts:
        for origin in part.origins:
            if origin not in recorded:
                store.began(part.run.suite, origin, part.run.resolved)
    added = 0
    by_key: dict[str, list[tuple[Place, Outcome]]] = {}
    for (key, place), outcome in union.outcomes.items():
        by_key.setdefault(key, []).append((place, outcome))
    for key, trials in by_key.items():
        known = store.outcomes(key, errors=True)
        new = [(place, outcome) for place, outcome in trials if _differs(known.get(place), outcome)]
        added += len(new)
        for cell, outcomes in _cells(new, regime_of(union.settings[key])):
            store.put(key, union.settings[key], cell, outcomes)
    recorded_rounds = store.ledgers_of(Adaptive.name, Adaptive.version, MOST_RECORDED)
    store.append_rounds(
        (search, number, asked)
        for search, rounds in union.rounds.items()
        for number, asked in enumerate(rounds)
        if number >= len(recorded_rounds.get(search, ()))
    )
    store.began(union.run.suite, union.run.provenance, union.run.resolved)
    return added


def _differs(known: Outcome | None, outcome: Outcome) -> bool:
    return known is None or encode(known) != encode(outcome)


def _cells(trials: Iterable[tuple[Place, Outcome]], regime: str) -> Iterable[tuple[Cell, list[Outcome]]]:
    found: dict[Cell, list[Outcome]] = {}
    for (n, d, k, _), outcome in sorted(trials, key=lambda trial: trial[0]):
        found.setdefault(Cell(regime, n, d, k), []).append(outcome)
    return found.items()
