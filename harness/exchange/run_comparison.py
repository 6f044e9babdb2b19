"""Comparison of two runs: how they were made, their thresholds, and trials with different verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from harness.components import Cell, Outcome, Verdict
from harness.components.outcome_record import digits
from harness.driver.question import Asked, Question
from harness.driver.results import Results
from harness.exchange.run_settings import Difference, setting_differences
from harness.statistics.paired import Comparison, Ratio, compare, threshold_ratio
from harness.statistics.thresholds import Threshold

SizePlace = tuple[str, int, int]
"""Place of a threshold: (regime, n, d)."""


@dataclass(frozen=True)
class Disagreement:
    """A trial that both runs have, with different verdicts.

    Attributes:
        cell: Cell of the trial.
        seed: Seed of the trial.
        verdicts: Verdict in the first and in the second run.
        measures: Last value of the criterion's measure in each run.
        hits: Step at which each run met the tolerance, or None if it did not, or where fits are exact.
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
        regime: Name of the regime in both runs.
        n: Number of samples.
        d: Input dimension.
        first: Threshold in the first run.
        second: Threshold in the second run.
        ratio: First over second threshold.
        verdicts: Verdicts of the shared trials that are open in neither run, or None if there are none.
        shared: Number of trials without errors that both runs have.
        equal: Number of shared trials that are equal to the last bit.
        disagreements: Shared trials with different verdicts.
    """

    regime: str
    n: int
    d: int
    first: Threshold
    second: Threshold
    ratio: Ratio
    verdicts: Comparison | None
    shared: int = 0
    equal: int = 0
    disagreements: tuple[Disagreement, ...] = ()


@dataclass(frozen=True)
class RunComparison:
    """Everything that two runs share, and everything that differs.

    Attributes:
        differences: Differences in how they were made.
        sizes: Places that both measured.
        only_first: Places that only the first measured.
        only_second: Places that only the second measured.
        incomparable: Reason why the runs share no trial, or an empty string if they draw the same problems.
        pooled: Verdicts of all shared trials together, or None if there are none.
        counterparts: Names that regimes have in the second run, by those in the first, where the two differ.
    """

    differences: tuple[Difference, ...]
    sizes: tuple[SizeComparison, ...]
    only_first: tuple[SizePlace, ...]
    only_second: tuple[SizePlace, ...]
    incomparable: str
    pooled: Comparison | None
    counterparts: Mapping[str, str] = field(default_factory=dict)

    @property
    def differ(self) -> bool:
        """Whether verdicts differ, two brackets of a threshold have no width in common, or no threshold is shared."""
        return not self.sizes or any(one.disagreements or _apart(one.first, one.second) for one in self.sizes)


def _apart(first: Threshold, second: Threshold) -> bool:
    ends = [high for high in (first.high, second.high) if high is not None]
    return bool(ends) and max(first.low or 0, second.low or 0) >= min(ends)


def compare_runs(
    first: Results,
    second: Results,
    *,
    tolerance: Asked = None,
    steps: float | None = None,
    only: Collection[SizePlace] | None = None,
) -> RunComparison:
    """Compare two runs. Regimes are matched by name.

    Trials are shared if regime, n, d, width and seed are equal and both runs draw the same problems. Both runs are
    asked the same question: without a tolerance and steps that of exact fits if both decide these for the regime, else
    that of the tolerance which each reports, within its budget.

    Args:
        first: A run.
        second: Another run.
        tolerance: A tolerance that both runs record, 0 for exact fits, or None for the one that each reports.
        steps: A number of steps within both budgets, infinity, or None for each whole budget.
        only: Regimes, n and d to compare, or None for all.

    Returns:
        The comparison.

    Raises:
        ValueError: If a run does not record the tolerance.
    """
    for results in (first, second):
        for regime in results.suite.regimes:
            results.question(regime.name, tolerance, steps)
    mine, its = ([place for place in places_of(run) if only is None or place in only] for run in (first, second))
    reason = _other_problems(first, second)
    sizes, pooled = [], ({}, {})  # type: tuple[list[SizeComparison], tuple[_Judged, _Judged]]
    for place in (place for place in mine if place in its):
        trials = ({}, {}) if reason else (_trials(first, place), _trials(second, place))
        asked = same_question((first, second), place[0], tolerance, steps)
        sizes.append(_size(first, second, place, trials, asked))
        for judged, question, known in zip(pooled, asked, trials, strict=True):
            fits = ((trial, question.fit(outcome)) for trial, outcome in known.items())
            judged |= {trial: fit for trial, fit in fits if fit is not None}
    shared = pooled[0].keys() & pooled[1].keys()
    return RunComparison(
        differences=tuple(setting_differences(first, second)),
        sizes=tuple(sizes),
        only_first=tuple(place for place in mine if place not in its),
        only_second=tuple(place for place in its if place not in mine),
        incomparable=reason,
        pooled=compare(*pooled) if shared else None,
    )


_Trial = tuple[Cell, int]
_Judged = dict[_Trial, bool]


def places_of(results: Results) -> dict[SizePlace, None]:
    """Return the places of which a run has trials, in the order of its suite."""
    tried = {(cell.regime, cell.n, cell.d) for cell in results.outcomes}
    listed = [(regime.name, n, d) for regime in results.suite.regimes for n, d in results.sizes()]
    return dict.fromkeys(place for place in listed if place in tried)


def _trials(results: Results, place: SizePlace) -> dict[_Trial, Outcome]:
    """Return the trials of a place without errors."""
    tried = results.by_width(*place)
    return {(Cell(*place, k), one.seed): one for k, several in tried.items() for one in several if not one.message}


def _size(
    first: Results,
    second: Results,
    place: SizePlace,
    trials: tuple[dict[_Trial, Outcome], dict[_Trial, Outcome]],
    asked: tuple[Question, Question],
) -> SizeComparison:
    one, two = (
        results.threshold(*place, *question.arguments) for results, question in zip((first, second), asked, strict=True)
    )
    ratio = threshold_ratio(one, two)
    shared = sorted(trials[0].keys() & trials[1].keys())
    everything = {trial: (trials[0][trial], trials[1][trial]) for trial in shared}
    verdicts = {t: (asked[0].verdict(a), asked[1].verdict(b)) for t, (a, b) in everything.items()}
    judged = {trial: both for trial, both in verdicts.items() if "open" not in both}
    pairs = {trial: everything[trial] for trial in judged}
    disagreements = tuple(
        Disagreement(
            trial[0],
            trial[1],
            judged[trial],
            (a.measure, b.measure),
            (asked[0].hit(a), asked[1].hit(b)),
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
        verdicts=compare(*fits) if pairs else None,
        shared=len(shared),
        equal=sum(digits(a) == digits(b) for a, b in everything.values()) if same else 0,
        disagreements=disagreements,
    )


def same_question(
    runs: tuple[Results, Results], regime: str, tolerance: Asked = None, steps: float | None = None
) -> tuple[Question, Question]:
    """Return the question that both runs are asked about a regime.

    Args:
        runs: The runs.
        regime: Name of the regime.
        tolerance: Tolerance as it was asked for.
        steps: Steps as they were asked for.
    """
    one, two = (results.question(regime, tolerance, steps) for results in runs)
    if one.kind != two.kind:  # one of them decides no exact fits
        one, two = (results.question(regime, results.suite.budget.report_tolerance) for results in runs)
    return one, two


def _other_problems(first: Results, second: Results) -> str:
    """Return the reason why two runs draw different problems, or an empty string if they draw the same."""
    one, two = first.suite, second.suite
    if one.dataset.spec() != two.dataset.spec():
        return "the datasets differ"
    if one.seed != two.seed:
        return f"the seeds differ ({one.seed} and {two.seed})"
    if one.further != two.further:
        return "the numbers of held-out or validation samples differ"
    if one.resample != two.resample:
        return "only one of them draws each trial's problem anew"
    return "" if one.problems == two.problems else "only one of them draws each width's problems anew"
