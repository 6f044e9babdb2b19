"""The width that own data need: k½ and the width from which nearly all trainings fit, for the usual regimes."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.components import Cell
from harness.report.width_answer import Needed, WidthAnswer
from harness.session.own_data import outputs, own_data, problem_of_rows
from harness.session.suites import load_suite
from harness.session.time_limit import TimeLimit
from harness.statistics.share_width import SHARE, ShareWidth, fewest_fits, share_width

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.session.results import Results
    from harness.suite import Suite

USUAL: dict[str, dict[str, Any]] = {
    "softplus, hidden layer": {"use": "moderate", "activation": "softplus"},
    "ReLU, hidden layer": {"use": "moderate", "activation": "relu"},
    "ReLU, both layers": {"use": "train-all-relu"},
}
"""Regimes that are tried if none is named."""

SEVERAL = {"initializer": {"use": "gaussian-layers"}}
"""Change of those with an initializer of one output, where labels have several, as classes do."""

DRAWN = {"": "Gaussian labels", "gaussian": "Gaussian labels", "rademacher": "random signs"}
"""Labels that are drawn, in words."""

FACTORS = (1.0, 1.25, 1.6, 2.0, 3.0)
"""Widths at which the share of fits is tested, as multiples of the upper end of the bracket of k½."""

TRIALS = fewest_fits(most_widths=len(FACTORS))
"""Number of trainings at each of them. If all fit, the share is certified."""

ESTIMATED = 60.0
"""Seconds that must be left for an estimate of the time: what it measures once may take as long on a busy machine."""


def needed_width(
    file: str | Path | None = None,
    *,
    n: int | None = None,
    d: int | None = None,
    label: str | None = None,
    labels: str | None = None,
    drop: Sequence[str] = (),
    regimes: Mapping[str, Mapping[str, Any]] | None = None,
    tolerance: float = 1e-2,
    steps: int = 20_000,
    limit: bool = True,
    workers: int | None = None,
    out: str | Path | None = None,
    max_time: float | None = None,
    progress: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> WidthAnswer:
    """Return the width from which half, and nearly all, of the nets of the usual regimes fit data.

    Everything that is trained is stored, so a second call goes on where the first ended.

    Args:
        file: A CSV, TSV or NPZ file, or None for Gaussian labels on the sphere.
        n: Number of samples, by default all rows of the file.
        d: Input dimension, by default all input columns of the file.
        label: Column of the labels, by default ``y``, or the last one if no column is called so.
        labels: Kind of labels, as the dataset ``table`` has them.
        drop: Columns that are not inputs.
        regimes: Regimes as in a suite, by name, or None for :data:`USUAL`.
        tolerance: Largest relative residual of a fit within the budget.
        steps: Budget of a training in steps.
        limit: Whether exact fits with unlimited steps are decided too.
        workers: Number of worker processes, by default one for each core.
        out: Where runs are stored, by default reports/width-<name>.
        max_time: Seconds from the call after which it returns what is known, or None for no limit.
        progress: Whether to show the progress on standard error, and to say how long it may take.
        say: Called with each line that the user should see.

    Raises:
        ProblemError: If the data cannot be used.
        SuiteError: If a regime cannot be composed.
    """
    from harness.claims.unfittable import unfittable
    from harness.report.plan_view import duration
    from harness.session.defaults import cores
    from harness.session.planning import plan
    from harness.session.training import run

    begun = time.monotonic()
    clock = TimeLimit(max_time)
    dataset, n, d, name = own_data(file, n, d, label, labels, drop, say)
    data = Path(file).name if file else f"{DRAWN.get(labels or '', 'random classes')} of {n} points on the sphere"
    directory = Path(out) if out else Path("reports") / f"width-{name}"
    base = {
        "suite": {"name": f"width-{name}", "title": f"Widths for {data}"},
        "problems": {"dataset": dataset, "n": n, "d": d},
        "budget": {"steps": steps, "report_tolerance": tolerance, "tolerances": _tolerances(tolerance), "limit": limit},
    }
    chosen = {key: dict(value) for key, value in (regimes or _usual(dataset)).items()}
    suite, left_out = _composed(base, chosen)
    problem, rows = problem_of_rows(suite, n, d)
    found, going = [], []
    for regime in suite.regimes:
        why = unfittable(problem, regime, tolerance, rows)
        if why:
            found.append(Needed(regime.name, why))
        else:
            going.append(regime)
    options: dict[str, Any] = {"workers": workers, "progress": progress, "notice": say}
    complete = True
    if going:
        narrowed = replace(suite, regimes=tuple(going))
        if progress and (clock.left is None or clock.left >= ESTIMATED):
            planned = plan(narrowed, out=directory, workers=workers)
            if planned.training_seconds >= 1:
                what = f"k½ of {len(going)} regime{'s' if len(going) > 1 else ''}"
                on = f"{planned.workers} worker{'s' if planned.workers > 1 else ''}"
                time_now = duration(planned.seconds_now)
                say(f"about {time_now} for {what} on {on}, and several times that if nets hardly fit")
        started = time.monotonic()
        results = run(narrowed, out=directory, max_time=clock.left, **options)
        complete = not results.missing
        if progress and complete and results.trained:
            each = [_seconds_of_tests(results, regime.name, n, d) / (workers or cores()) for regime in going]
            say(
                f"k½ took {duration(time.monotonic() - started)}; 95 % are tested at one to {len(FACTORS)} widths a "
                f"regime, in about {duration(sum(each))} if one suffices, and {duration(3 * sum(each))} if three do"
            )
        for regime in going:
            theories = results.predictions[regime.name, n, d]
            one = Needed(regime.name, results=results, predictions=theories, complete=complete)
            if complete:
                spec = {"name": regime.name, **chosen[regime.name]}
                one, done = _nearly_all(one, regime, base, spec, directory, clock, options)
                complete = complete and done
            found.append(replace(one, complete=complete))
    order = [regime.name for regime in suite.regimes]
    return WidthAnswer(
        data=data,
        n=n,
        d=d,
        tolerance=tolerance,
        steps=steps,
        regimes=tuple(sorted(found, key=lambda one: order.index(one.regime))),
        left_out=left_out,
        directory=directory,
        seconds=time.monotonic() - begun,
        complete=complete,
    )


def _nearly_all(
    one: Needed,
    regime: Regime,
    base: Mapping[str, Any],
    spec: Mapping[str, Any],
    directory: Path,
    clock: TimeLimit,
    options: Mapping[str, Any],
) -> tuple[Needed, bool]:
    """Train many nets at wider and wider widths until nearly all of them fit; return whether all is trained."""
    from harness.session.training import run

    assert one.results is not None
    n, d = one.results.sizes()[0]
    first = one.results.threshold(regime.name, n, d)
    within = one.results.threshold(regime.name, n, d, base["budget"]["report_tolerance"])
    ends = [found.high for found in (first, within) if found.high is not None]
    if not ends:
        return one, True
    exact = first.kind == "exact" and first.high is not None  # else 95 % are not known to fit exactly either
    base = {**base, "budget": {**base["budget"], "limit": exact}}
    step = regime.initializer.width_step
    tried: list[int] = []
    place = directory / re.sub(r"[^A-Za-z0-9-]+", "-", f"share-{regime.name}")
    for factor in FACTORS:
        tried.append(step * math.ceil(round(factor * max(ends) / step, 9)))
        search = {"method": "grid", "widths": sorted(set(tried)), "trials": TRIALS}
        results = run({**base, "search": search, "regimes": [dict(spec)]}, out=place, max_time=clock.left, **options)
        one = replace(
            one,
            exact=_share(results, regime.name, n, d, first.low, None) if exact else None,
            budget=_share(results, regime.name, n, d, within.low, base["budget"]["report_tolerance"]),
            steps=_by_step(hitting_times(results, regime.name, n, d, max(tried))),
        )
        if results.missing:
            return one, False
        if all(share is None or share.high is not None for share in (one.exact, one.budget)):
            break
    return one, True


def _seconds_of_tests(results: Results, regime: str, n: int, d: int) -> float:
    """Return the time of the tests of a width above k½ in seconds, by the trials from the ends of brackets on."""
    found = (results.threshold(regime, n, d, tolerance) for tolerance in (None, results.suite.budget.report_tolerance))
    ends = [one.high for one in found if one.high is not None]
    times = {
        cell.k: [trial.seconds for trial in trials]
        for cell, trials in results.outcomes.items()
        if cell.regime == regime and ends and cell.k >= max(ends)
    }
    nearest = times[min(times)] if times else []
    return TRIALS * sum(nearest) / len(nearest) if nearest else 0.0


def _share(results: Results, regime: str, n: int, d: int, floor: int | None, tolerance: float | None) -> ShareWidth:
    found = results.threshold(regime, n, d, 0.0 if tolerance is None else tolerance)
    return share_width(found.counts, most_widths=len(FACTORS), open_trials=found.open, floor=floor)


def hitting_times(results: Results, regime: str, n: int, d: int, k: int) -> list[float]:
    """Return the steps at which the trials of a width meet the reported tolerance, fitted where they come later.

    Args:
        results: Results of a run.
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        k: The width.
    """
    from harness.components.reason import arrival

    index = results.rung()
    tolerance = results.suite.budget.tolerances[index]
    trials = results.outcomes.get(Cell(regime, n, d, k), ())
    return [
        float(hit) if (hit := trial.hits[index]) is not None else arrival(trial, tolerance) or math.inf
        for trial in trials
        if not trial.message
    ]


def _by_step(times: Sequence[float]) -> float | None:
    """Return the time by which 95 % have come, or None if there is none."""
    return sorted(times)[math.ceil(SHARE * len(times)) - 1] if times else None


def _tolerances(tolerance: float) -> list[float]:
    return sorted({0.1, 1e-2, 1e-3, tolerance}, reverse=True)


def _usual(dataset: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    if outputs(dataset) == 1:
        return USUAL
    return {name: {**spec, **SEVERAL} if spec["use"] == "moderate" else spec for name, spec in USUAL.items()}


def _composed(base: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]]) -> tuple[Suite, dict[str, str]]:
    """Return the suite of the regimes that can be composed with the data, and why others cannot."""
    from harness.suite import SuiteError

    kept, left_out, last = [], {}, None
    for name, spec in chosen.items():
        try:
            load_suite({**base, "regimes": [{"name": name, **spec}]})
            kept.append({"name": name, **spec})
        except SuiteError as error:
            left_out[name], last = "; ".join(one.message for one in error.complaints), error
    if not kept:
        assert last is not None
        raise last
    return load_suite({**base, "regimes": kept}), left_out
