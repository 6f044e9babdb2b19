"""Merging of run directories of one suite, so that trials of several machines form one run.

An adaptive search decides its rounds from its own outcomes, and its brackets follow from them. So the rounds of two
parts are not mixed: where one part has the rounds of the other and goes on, its rounds count. Parts that searched in
different rounds are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.components import Outcome
from harness.components.outcome_record import agree
from harness.exchange.run_part import RunPart, TrialKey
from harness.store import LedgerKey, Place, Round
from harness.store.run_record import RunRecord


class MergeError(Exception):
    """Runs that cannot be merged. The message says why, and what to do."""


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
                    regime = regime_of(settings[key])
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
                regime = regime_of(part.settings.get(search.key, {}))
                raise MergeError(
                    f"{owners[search].name} and {part.name} searched {regime} at n = {search.n}, d = {search.d} in "
                    "different rounds: what an adaptive search found follows from its own rounds, so two cannot "
                    'be merged; keep one of the runs, or write method = "grid" in [search]'
                )
            if len(rounds) > len(known):
                found[search], owners[search] = rounds, part
    return found


def _undecided(outcome: Outcome) -> bool:
    """Return whether a trial has no fate, or one of a continuation that raised."""
    return outcome.fate is None or bool(outcome.fate.message)


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


def regime_of(setting: Mapping[str, Any]) -> str:
    """Return the name of the regime of a setting, or ? if it has none."""
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


def _said(outcome: Outcome) -> str:
    hits = ", ".join("never" if hit is None else str(hit) for hit in outcome.hits)
    fate = f", {outcome.fate.kind}" if outcome.fate is not None else ""
    return f"{outcome.steps} steps, measure {outcome.measure!r}, tolerances met at {hits}{fate}"
