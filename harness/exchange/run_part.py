"""The contents of one run directory, which a merge unites with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.components import Outcome
from harness.statistics.adaptive import MOST_RECORDED, Adaptive
from harness.store import LedgerKey, Place, Round, Store, StoreError
from harness.store.run_record import RunRecord

TrialKey = tuple[str, Place]
"""Key of a trial: (semantic key, (n, d, k, seed))."""


@dataclass(frozen=True)
class RunPart:
    """The contents of one run directory.

    Attributes:
        name: Name that the user gave.
        run: Its last run.
        origins: Provenance of all its runs, oldest first.
        settings: Settings by semantic key, as plain data.
        outcomes: Outcomes by semantic key and place, with errors.
        rounds: Rounds of its adaptive searches.
    """

    name: str
    run: RunRecord
    origins: tuple[dict[str, Any], ...]
    settings: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[TrialKey, Outcome]
    rounds: Mapping[LedgerKey, Sequence[Round]] = field(default_factory=dict)


def read_part(directory: Path, name: str) -> RunPart:
    """Return the contents of a run directory.

    Args:
        directory: The run directory.
        name: Name that the user gave.

    Returns:
        The part.

    Raises:
        StoreError: If it has no results, or they are damaged.
    """
    with Store(directory, create=False) as store:
        return part_of(store, name)


def part_of(store: Store, name: str) -> RunPart:
    """Return the contents of an open store.

    Args:
        store: The store.
        name: Name that the user gave.

    Returns:
        The part.

    Raises:
        StoreError: If it has no results, or they are damaged.
    """
    run = store.last_run()
    if run is None:
        raise StoreError(f"{store.path} holds no run yet")
    settings = store.settings()
    outcomes = {
        (key, place): outcome for key in settings for place, outcome in store.outcomes(key, errors=True).items()
    }
    rounds = store.ledgers_of(Adaptive.name, Adaptive.version, MOST_RECORDED)
    return RunPart(name, run, tuple(store.origins()), settings, outcomes, rounds)


def computed_by(part: RunPart) -> dict[str, str]:
    """Return the versions and the processor of a part, which decide the last bit of its trials."""
    origin = part.run.provenance
    known = {**origin.get("versions", {}), "processor": origin.get("processor", "")}
    return {what: value for what, value in known.items() if value}
