"""Two runs side by side: what they were, what they found, and where they judge the same trial differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.complaints import show
from harness.components import Cell, Outcome, Verdict
from harness.components.outcome_record import digits
from harness.driver.explain import differences
from harness.driver.results import Results
from harness.plugin_host.composition import regime_spec
from harness.statistics.paired import Comparison, Ratio, compare, threshold_ratio
from harness.statistics.thresholds import Threshold

SizePlace = tuple[str, int, int]
"""(regime, n, d)."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in two runs, as text; empty where a run does not say."""

    what: str
    first: str
    second: str


@dataclass(frozen=True)
class Disagreement:
    """A trial that both runs have, and judge differently.

    Attributes:
        cell: Its place.
        seed: Its number.
        verdicts: In the first and in the second run.
        measures: The criterion's measure at its end, likewise.
        hits: The step at which the tolerance was met, likewise.
    """

    cell: Cell
    seed: int
    verdicts: tuple[Verdict, Verdict]
    measures: tuple[float, float]
    hits: tuple[int | None, int | None]


@dataclass(frozen=True)
class SizeComparison:
    """One regime at one n and d in both runs.

    Attributes:
        regime: Its name, in both.
        n: Samples.
        d: Input dimension.
        first: Threshold in the first run.
        second: Threshold in the second.
        ratio: First over second.
        verdicts: Of the trials that both have, errors left out; None if there are none.
        equal: Those of them that are equal to the last bit.
        disagreements: Those of them that are judged differently.
    """

    regime: str
    n: int
    d: int
    first: Threshold
    second: Threshold
    ratio: Ratio
    verdicts: Comparison | None
    equal: int = 0
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def shared(self) -> int:
        """Trials that both have."""
        c = self.verdicts
        return c.both + c.only_first + c.only_second + c.neither if c else 0


@dataclass(frozen=True)
class RunComparison:
    """What two runs have in common, and what they have not.

    Attributes:
        differences: In what they were made differently.
        sizes: What both measured.
        only_first: What only the first measured.
        only_second: What only the second measured.
        incomparable: Why no trial of one is a trial of the other; empty if they face the same problems.
        pooled: Of all shared trials together; None if there are none.
    """

    differences: tuple[Difference, ...]
    sizes: tuple[SizeComparison, ...]
    only_first: tuple[SizePlace, ...]
    only_second: tuple[SizePlace, ...]
    incomparable: str
    pooled: Comparison | None


def compare_runs(
    first: Results, second: Results, *, tolerance: float | None = None, steps: int | None = None
) -> RunComparison:
    """Compare two runs, regimes by their names.

    Trials are shared where regime, n, d, width and number are equal, and both runs draw the same problems.

    Args:
        first: A run.
        second: Another one.
        tolerance: A rung of both ladders; what each reports unless told.
        steps: A budget no larger than either; all of each unless told.

    Raises:
        ValueError: If the tolerance is not recorded in both.
    """
    for results in (first, second):
        results.rung(tolerance)
    mine, its = _places(first), _places(second)
    reason = _other_problems(first, second)
    sizes, pooled = [], ({}, {})  # type: tuple[list[SizeComparison], tuple[_Judged, _Judged]]
    for place in (place for place in mine if place in its):
        trials = ({}, {}) if reason else (_trials(first, place), _trials(second, place))
        sizes.append(_size(first, second, place, trials, tolerance, steps))
        for judged, results, known in zip(pooled, (first, second), trials, strict=True):
            rung = results.rung(tolerance)
            judged |= {trial: outcome.verdict(rung, steps) == "fit" for trial, outcome in known.items()}
    shared = pooled[0].keys() & pooled[1].keys()
    return RunComparison(
        differences=tuple(_differences(first, second)),
        sizes=tuple(sizes),
        only_first=tuple(place for place in mine if place not in its),
        only_second=tuple(place for place in its if place not in mine),
        incomparable=reason,
        pooled=compare(*pooled) if shared else None,
    )


_Trial = tuple[Cell, int]
_Judged = dict[_Trial, bool]


def _places(results: Results) -> dict[SizePlace, None]:
    """Return what a run has trials of, in the order of its suite."""
    tried = {(cell.regime, cell.n, cell.d) for cell in results.outcomes}
    listed = [(regime.name, n, d) for regime in results.suite.regimes for n, d in results.sizes()]
    return dict.fromkeys(place for place in listed if place in tried)


def _trials(results: Results, place: SizePlace) -> dict[_Trial, Outcome]:
    """Return the trials of a place, errors left out."""
    cells = (Cell(*place, k) for k in results.widths(*place))
    return {(cell, trial.seed): trial for cell in cells for trial in results.outcomes[cell] if not trial.message}


def _size(
    first: Results,
    second: Results,
    place: SizePlace,
    trials: tuple[dict[_Trial, Outcome], dict[_Trial, Outcome]],
    tolerance: float | None,
    steps: int | None,
) -> SizeComparison:
    one, two = (results.threshold(*place, tolerance, steps) for results in (first, second))
    ratio = threshold_ratio(one, two)
    rungs = first.rung(tolerance), second.rung(tolerance)
    shared = sorted(trials[0].keys() & trials[1].keys())
    pairs = {trial: (trials[0][trial], trials[1][trial]) for trial in shared}
    judged = {t: (a.verdict(rungs[0], steps), b.verdict(rungs[1], steps)) for t, (a, b) in pairs.items()}
    disagreements = tuple(
        Disagreement(
            trial[0],
            trial[1],
            judged[trial],
            (a.measure, b.measure),
            (a.hits[rungs[0]], b.hits[rungs[1]]),
        )
        for trial, (a, b) in pairs.items()
        if judged[trial][0] != judged[trial][1]
    )
    fits = [{trial: verdicts[side] == "fit" for trial, verdicts in judged.items()} for side in (0, 1)]
    same = first.suite.budget.tolerances == second.suite.budget.tolerances
    return SizeComparison(
        *place,
        first=one,
        second=two,
        ratio=ratio,
        verdicts=compare(*fits) if shared else None,
        equal=sum(digits(a) == digits(b) for a, b in pairs.values()) if same else 0,
        disagreements=disagreements,
    )


def _other_problems(first: Results, second: Results) -> str:
    """Return why two runs do not face the same problems; empty if they do."""
    one, two = first.suite, second.suite
    if one.dataset.spec() != two.dataset.spec():
        return "the datasets differ"
    if one.seed != two.seed:
        return f"the seeds differ ({one.seed} and {two.seed})"
    return "" if one.resample == two.resample else "only one of them draws each trial's problem anew"


def _differences(first: Results, second: Results) -> list[Difference]:
    one, two = _facts(first), _facts(second)
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


def _facts(results: Results) -> dict[str, str]:
    """Return what a run was made with and of, one line each."""
    suite, budget, origin = results.suite, results.suite.budget, results.provenance
    facts: dict[str, Any] = {
        "suite": suite.name,
        "suite hash": origin.get("suite_hash"),
        "seed": suite.seed,
        "dataset": suite.dataset.spec(),
        "n": list(suite.n),
        "d": list(suite.d),
        "problem for each trial": suite.resample,
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
    """Return whether trials were trained by one run, or by several that were merged."""
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
