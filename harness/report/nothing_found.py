"""The sentence that says why a run found no bracket: the first cause that holds, in a fixed order."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from harness.components.numbers import clean, decimal, number_of
from harness.components.reason import arrival, reason
from harness.driver.fewest_trials import fewest_trials
from harness.driver.reasons import near, reasons
from harness.report.setting import sizes
from harness.report.why_not import listed
from harness.statistics.adaptive import Adaptive

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.statistics.thresholds import Threshold


def why_nothing(results: Results, tolerance: Asked = None, steps: float | None = None) -> str:
    """Return why no regime of a run has a bracket at any size, from what its first regime did at the largest size.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
    """
    regimes = [regime for regime in results.suite.regimes if regime.model.has_width]
    if not regimes:
        return "The suite has only models of infinite width, which have no threshold."
    n, d = sizes(results.suite)[-1]
    why = why_no_bracket(results, regimes[0], n, d, tolerance, steps)
    where = f"n = {n}, d = {d}" + (f", “{clean(regimes[0].name)}”" if len(results.suite.regimes) > 1 else "")
    seen = _crossing(results.threshold(regimes[0].name, n, d, tolerance, steps))
    return f"No bracket of k½ was found. At {where}: {why}.{seen}"


def _crossing(found: Threshold) -> str:
    """Return the sentence on the two neighbouring widths between which half of the trials begin to fit."""
    if found.crossing is None:
        return ""
    (few, trials), (many, others) = (found.counts[k] for k in found.crossing)
    k, wider = found.crossing
    return f" In these trials {few} of {trials} nets fit at k = {k}, and {many} of {others} at k = {wider}."


def why_no_bracket(
    results: Results, regime: Regime, n: int, d: int, tolerance: Asked = None, steps: float | None = None
) -> str:
    """Return why a threshold has no bracket.

    The causes are tried in this order: the data cannot be fitted at any width, the budget ends before training does,
    the widths are too small or too large, there are too few trials.

    Args:
        results: Results of the run.
        regime: The regime.
        n: Number of samples.
        d: Input dimension.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
    """
    found = results.threshold(regime.name, n, d, tolerance, steps)
    if not found.trials:
        return "no trial was trained yet"
    if found.bound == "<=":
        return f"at least half of the nets fit at width {found.high}, and no smaller width was decided"
    by = results.question(regime.name, tolerance, steps).by
    if by is not None and not by.monotone:
        return f"a fit is {by}, of which the chance may fall with the width"
    widest = max(found.counts)
    fits, trials = found.counts[widest]
    half = 2 * fits >= trials  # then neither the budget nor the widths are to blame
    if by is None and (cause := _unfittable(results, regime, n, d) or ("" if half else _budget(results, regime, n, d))):
        return cause
    if half:
        return _trials(results, found)
    counts = near(reasons(results, regime.name, n, d, tolerance, steps), widest)
    said = f" ({listed(counts)})" if counts else ""
    return f"the widths are too small: {fits} of {trials} nets fit at the widest k = {widest}{said}"


def _unfittable(results: Results, regime: Regime, n: int, d: int) -> str:
    from harness.claims.unfittable import unfittable
    from harness.report.predicted import problem_of_suite

    try:
        problem = problem_of_suite(results.suite, n, d).training()
    except Exception:  # datasets are code of plugins, and data files may be gone
        return ""
    return unfittable(problem, regime, results.suite.budget.report_tolerance)


MOST_BUDGETS = 1000
"""Multiple of the budget up to which a fitted hitting time counts as late, and not as never."""


def late_fit(results: Results, regime: Regime, n: int, d: int) -> tuple[int, int, float] | None:
    """Return how many nets of the widest width fit after the budget, of how many, and the median step at which.

    The step is fitted: the measure goes on falling at its late rate.

    Args:
        results: Results of the run.
        regime: The regime.
        n: Number of samples.
        d: Input dimension.

    Returns:
        Late nets, all nets and the median step, or None if fewer than half of the nets are late.
    """
    budget, index = results.suite.budget, results.rung()
    tried = results.by_width(regime.name, n, d)
    trials = [trial for trial in tried[max(tried)] if not trial.message] if tried else []
    late = []
    for trial in trials:
        step = arrival(trial, budget.tolerances[index]) if trial.hits[index] is None else None
        falling = reason(trial, budget.tolerances[index], index, regime) == "still falling"
        if falling or (step is not None and step <= MOST_BUDGETS * budget.steps):
            late.append(step or math.inf)
    return (len(late), len(trials), statistics.median(late)) if late and 2 * len(late) >= len(trials) else None


def _budget(results: Results, regime: Regime, n: int, d: int) -> str:
    """Return words about a budget that ends before the fit, with the step at which half of the nets would fit."""
    found = late_fit(results, regime, n, d)
    if found is None:
        return ""
    late, trials, middle = found
    when = f"; at its late rate the median of them fits at step {decimal(middle)}" if math.isfinite(middle) else ""
    budget = number_of(results.suite.budget.steps, "step")
    return (
        f"the budget of {budget} ends first: {late} of {trials} nets of the widest "
        f"k = {max(results.widths(regime.name, n, d))} were still falling{when}"
    )


def _trials(results: Results, found: Threshold) -> str:
    suite, needed = results.suite, fewest_trials(results.suite, len(found.counts))
    most = max(trials for _, trials in found.counts.values())
    if isinstance(suite.search, Adaptive):
        if found.trials < 2 * needed:
            return f"too few trials: {found.trials} in all, and an end of a bracket takes at least {needed} that agree"
    elif most < needed:
        return f"too few trials: at most {most} at a width, and a width is certified from {needed} equal verdicts on"
    return f"too few trials: about half of the nets fit at the widths tried, {found.trials} trials in all"
