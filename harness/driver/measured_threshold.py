"""k½ of one regime at one size with its bracket, from the trials of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components import Cell, Outcome, Verdict
from harness.driver.question import exact_floor, fate_counts, proved
from harness.statistics.thresholds import Threshold, threshold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.components import Regime
    from harness.driver.question import Question
    from harness.driver.results import Results


def measured_threshold(results: Results, regime: Regime, n: int, d: int, asked: Question) -> Threshold:
    """Return k½ with its bracket, and what became of the trials.

    Args:
        results: Results of the run.
        regime: The regime.
        n: Number of samples.
        d: Input dimension.
        asked: What counts as a fit.
    """
    tallies = results.tallies(regime.name, n, d, asked)
    counts = {k: (fits, trials) for k, (fits, _, trials) in tallies.items()}
    outcomes = {k: results.outcomes[Cell(regime.name, n, d, k)] for k in tallies}
    everything = [outcome for several in outcomes.values() for outcome in several]
    if regime.model.has_width and (asked.by is None or asked.by.monotone):
        found = threshold(
            counts,
            most_widths=results.suite.search.most_widths,
            smallest=regime.initializer.width_step,
            open_trials={k: undecided for k, (_, undecided, _) in tallies.items()},
            floor=_floor(results, regime, n, d, asked, outcomes),
            evidence=results.evidence(regime.name, n, d, asked.verdict),
        )
    else:
        found = Threshold(None, None, None, "none", counts, sum(trials for _, trials in counts.values()))
    decided = results.decides_fates(regime.name)
    return replace(
        found,
        kind=asked.kind,
        tolerance=asked.tolerance,
        steps=asked.steps,
        by="" if asked.by is None else str(asked.by),
        limited=regime.model.has_width and _limited(results, asked, outcomes.get(found.low or 0, ())),
        fates=fate_counts(everything) if decided else {},
        certified=sum(map(proved, everything)) if decided else None,
    )


def certified_half(results: Results, regime: Regime, n: int, d: int) -> Threshold:
    """Return the least width at which at least half of the trials are proved to end in an exact fit.

    Fits that were followed along the gradient flow, and trials that nothing decides, do not count.

    Args:
        results: Results of the run.
        regime: The regime.
        n: Number of samples.
        d: Input dimension.
    """

    def judge(outcome: Outcome) -> Verdict:
        if outcome.message:
            return "error"
        return "fit" if outcome.fate is not None and outcome.fate.kind == "fit proved" else "unfit"

    counts = {}
    for k in results.widths(regime.name, n, d):
        verdicts = [judge(outcome) for outcome in results.outcomes[Cell(regime.name, n, d, k)]]
        counts[k] = (verdicts.count("fit"), len(verdicts) - verdicts.count("error"))
    return threshold(
        counts,
        most_widths=results.suite.search.most_widths,
        smallest=regime.initializer.width_step,
        evidence=results.evidence(regime.name, n, d, judge),
    )


def _floor(
    results: Results, regime: Regime, n: int, d: int, asked: Question, outcomes: Mapping[int, Sequence[Outcome]]
) -> int:
    if asked.kind != "exact" or not results.decides_fates(regime.name):
        return 0
    return exact_floor(outcomes, regime, results.suite.dataset, n, d)


def _limited(results: Results, asked: Question, below: Sequence[Outcome]) -> bool:
    """Return whether the budget made the lower end. Whether trials decreased is known of the whole budget only."""
    whole = asked.steps >= results.suite.budget.steps or any(outcome.fate is not None for outcome in below)
    return whole and asked.budget_makes(below)
