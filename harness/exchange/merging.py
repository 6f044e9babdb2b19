"""Merging of run directories of one suite, so that trials of several machines form one run.

An adaptive search decides its rounds from its own outcomes, and its brackets follow from them. So the rounds of two
parts are not mixed: where one part has the rounds of the other and goes on, its rounds count. Parts that searched in
different rounds are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.components import Cell, Outcome
from harness.components.outcome_record import agree, encode
from harness.statistics.adaptive import MOST_RECORDED, Adaptive
from harness.store import FILE, LedgerKey, Place, Round, Store, StoreError
from harness.store.run_record import RunRecord

TrialKey = tuple[str, Place]
"""Key of a trial: (semantic key, (n, d, k, seed))."""


class MergeError(Exception):
    """Runs that cannot be merged. The message says why, and what to do."""


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


@dataclass(frozen=True)
class Conflict:
    """A trial whose digits differ between two runs.

    Attributes:
        regime: Name of the regime.
        place: n, d, k and seed.
        first: The earlier run in the merge, and its outcome.
        second: The later run, and its outcome.
    """

    regime: str
    place: Place
    first: tuple[str, Outcome]
    second: tuple[str, Outcome]

    def __str__(self) -> str:
        n, d, k, seed = self.place
        sides = "; ".join(f"in {name} {_said(outcome)}" for name, outcome in (self.first, self.second))
        return f"{self.regime}, n = {n}, d = {d}, k = {k}, trial {seed}: {sides}"


@dataclass(frozen=True)
class Union:
    """Several parts as one run.

    Attributes:
        run: Text of the suite and provenance of the whole.
        parts: The parts, in order.
        settings: Settings by semantic key.
        outcomes: Outcomes by semantic key and place.
        repeated: Trials that several parts have.
        conflicts: Repeated trials that are not equal.
        rounds: Rounds of the adaptive searches.
    """

    run: RunRecord
    parts: tuple[RunPart, ...]
    settings: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[TrialKey, Outcome]
    repeated: int
    conflicts: tuple[Conflict, ...]
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


@contextmanager
def claimed(directory: Path) -> Iterator[Store | None]:
    """Lock a run directory from before it is read until the union is written.

    Yields:
        Its results, open for reading and writing, or None if it has none. Nothing is created in the latter case.

    Raises:
        StoreError: If another run is using it, or if it is damaged.
    """
    if (directory / FILE).exists():
        with Store(directory, create=False, exclusive=True) as store:
            yield store
    else:
        yield None


def unite(parts: Sequence[RunPart]) -> Union:
    """Unite parts into one run. If several parts have a trial, the first that trained it and knows its fate counts.

    Raises:
        MergeError: If the parts are of different suites, searched in different rounds, or were trained by different
            solvers or on different kinds of device. In the last case their trials have different keys, and a merged run
            would lack those of all but one part.
    """
    _check(parts)
    settings: dict[str, Mapping[str, Any]] = {}
    outcomes: dict[TrialKey, Outcome] = {}
    owners: dict[TrialKey, str] = {}
    conflicts: list[Conflict] = []
    repeated = 0
    for part in parts:
        settings = {**part.settings, **settings}
        for trial, outcome in part.outcomes.items():
            known = outcomes.get(trial)
            if known is None or (known.message and not outcome.message):
                outcomes[trial], owners[trial] = outcome, part.name
            elif not outcome.message:
                repeated += 1
                if not agree(known, outcome):
                    key, place = trial
                    regime = _regime(settings[key])
                    conflicts.append(Conflict(regime, place, (owners[trial], known), (part.name, outcome)))
                elif _undecided(known) and not _undecided(outcome):
                    outcomes[trial], owners[trial] = outcome, part.name
    run = parts[0].run
    origin = {key: value for key, value in run.provenance.items() if key != "shard"}
    merged = {**origin, "merged": _merged(parts, run)}
    whole = run._replace(provenance=merged)
    return Union(whole, tuple(parts), settings, outcomes, repeated, tuple(conflicts), _rounds(parts))


def _rounds(parts: Sequence[RunPart]) -> dict[LedgerKey, Sequence[Round]]:
    """Return the rounds of each adaptive search by the part that has most of them.

    Raises:
        MergeError: If another part has other rounds.
    """
    found: dict[LedgerKey, Sequence[Round]] = {}
    owners: dict[LedgerKey, RunPart] = {}
    for part in parts:
        for search, rounds in part.rounds.items():
            known = found.get(search, [])
            both = min(len(known), len(rounds))
            if known[:both] != rounds[:both]:
                regime = _regime(part.settings.get(search.key, {}))
                raise MergeError(
                    f"{owners[search].name} and {part.name} searched {regime} at n = {search.n}, d = {search.d} in "
                    "different rounds: what an adaptive search found follows from its own rounds, so two cannot "
                    'be merged; keep one of the runs, or write method = "grid" in [search]'
                )
            if len(rounds) > len(known):
                found[search], owners[search] = rounds, part
    return found


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
    with Store(directory, exclusive=True) as store:
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
        for cell, outcomes in _cells(new, _regime(union.settings[key])):
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


def _undecided(outcome: Outcome) -> bool:
    """Return whether a trial has no fate, or one of a continuation that raised."""
    return outcome.fate is None or bool(outcome.fate.message)


def _differs(known: Outcome | None, outcome: Outcome) -> bool:
    return known is None or encode(known) != encode(outcome)


def _cells(trials: Iterable[tuple[Place, Outcome]], regime: str) -> Iterable[tuple[Cell, list[Outcome]]]:
    found: dict[Cell, list[Outcome]] = {}
    for (n, d, k, _), outcome in sorted(trials, key=lambda trial: trial[0]):
        found.setdefault(Cell(regime, n, d, k), []).append(outcome)
    return found.items()


def _check(parts: Sequence[RunPart]) -> None:
    first = parts[0]
    for part in parts[1:]:
        if part.run.suite != first.run.suite:
            names = [str(p.run.provenance.get("suite", "?")) for p in (first, part)]  # in the order of the runs
            what = f"suites, {' and '.join(names)}" if names[0] != names[1] else "versions of the suite's text"
            raise MergeError(f"{first.name} and {part.name} are of different {what}: only parts of one suite make one")
        if (was := _options(first)) and (now := _options(part)) and was != now:
            raise MergeError(
                f"the suite has other defaults in {part.name} than in {first.name}: train all parts with one version "
                "of the harness and of its plugins"
            )
        was, now = (_kinds(p.run.provenance) for p in (first, part))
        for what in was.keys() | now.keys():
            if was.get(what) != now.get(what):
                raise MergeError(
                    f"{what} is {was.get(what, 'not known')} in {first.name} and {now.get(what, 'not known')} in "
                    f"{part.name}: trials of the two are not the same; train all parts with the same --device, and "
                    "with the compiled kernel on all machines or on none (harness doctor)"
                )


def _options(part: RunPart) -> dict[str, Any]:
    """Return the suite of a part with every default, or an empty dict if it is not known."""
    found = {section: value for section, value in part.run.resolved.items() if section != "keys"}
    budget = found.get("budget")
    return {**found, "budget": {"limit": False, **budget}} if isinstance(budget, Mapping) else found


def _kinds(origin: Mapping[str, Any]) -> dict[str, str]:
    """Return the entries of a run's provenance that are part of the semantic key."""
    device = str(origin.get("device", "cpu")).partition(":")[0]
    return {"the device": device} | {f"the solver of {name}": s for name, s in origin.get("solvers", {}).items()}


def _regime(setting: Mapping[str, Any]) -> str:
    regime = setting.get("regime", {})
    return str(regime.get("name", "?")) if isinstance(regime, Mapping) else "?"


def _merged(parts: Sequence[RunPart], whole: RunRecord) -> list[dict[str, Any]]:
    """Return the provenance of all parts with each run once. Copies of a run have its start time."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for part in parts:
        for one in _sources(part, whole):
            run = one["began"], one.get("shard", "")
            if one.get("trials", 0) > found.setdefault(run, one).get("trials", 0):
                found[run] = one  # the earlier copy was made before the run ended
    return list(found.values())


def _sources(part: RunPart, whole: RunRecord) -> list[dict[str, Any]]:
    """Return the provenance of a part where it differs from the whole's. For a union it is that of its parts."""
    for origin in reversed(part.origins):
        if "merged" in origin:
            listed: list[dict[str, Any]] = origin["merged"]
            return listed
    own = {key: value for key, value in part.run.provenance.items() if whole.provenance.get(key) != value}
    shard = {"shard": part.run.provenance["shard"]} if "shard" in part.run.provenance else {}
    return [{"run": part.name, "began": part.run.started, "trials": len(part.outcomes), **own, **shard}]


def computed_by(part: RunPart) -> dict[str, str]:
    """Return the versions and the processor of a part, which decide the last bit of its trials."""
    origin = part.run.provenance
    known = {**origin.get("versions", {}), "processor": origin.get("processor", "")}
    return {what: value for what, value in known.items() if value}


def _said(outcome: Outcome) -> str:
    hits = ", ".join("never" if hit is None else str(hit) for hit in outcome.hits)
    fate = f", {outcome.fate.kind}" if outcome.fate is not None else ""
    return f"{outcome.steps} steps, measure {outcome.measure!r}, tolerances met at {hits}{fate}"
