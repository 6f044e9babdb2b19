"""Estimates of the trials and the time that a run takes. Nothing that is trained for an estimate is kept."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.components import Cell
from harness.driver.edits import edited_since
from harness.driver.plan import Plan
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.undecided import found_again
from harness.engine.setting import Setting
from harness.engine.solvers import refusals, shipped
from harness.plugin_host.guarded import SECONDS, guarded
from harness.plugin_host.plugin_process import START_SECONDS, Unanswered
from harness.plugin_host.registry import Registry
from harness.statistics.adaptive import Adaptive
from harness.statistics.expectation import Expectation, expectation
from harness.statistics.search import USUAL_TRIALS
from harness.store import FILE, Store
from harness.suite import Suite

PROBE_STEPS = (25, 225)
"""Numbers of steps of the two trials that are timed."""

FATE = 1.0
"""Time in which the fate of a trial is usually decided, as a multiple of that of its whole budget."""

PROBE_TRIALS = 8
"""Number of networks that are trained together for a timing."""


@dataclass(frozen=True)
class PlannedThreshold:
    """The estimate for one threshold of a suite.

    Attributes:
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        solver: Name of the solver.
        stored: Number of stored trials that the run takes.
        missing: Number of trials to train. It is the usual number for an adaptive search that is not over.
        exact: Whether ``missing`` is known, and not the usual number.
        seconds: Estimated time on one worker, in seconds.
        why: Reason why stored trials are trained again, or an empty string if none are.
    """

    regime: str
    n: int
    d: int
    solver: str
    stored: int
    missing: int
    exact: bool
    seconds: float
    why: str = ""


@dataclass(frozen=True)
class Planned:
    """The estimate for a suite.

    Attributes:
        suite: Name of the suite.
        directory: Where results are written.
        workers: Number of batches trained at a time.
        thresholds: The estimates for the thresholds.
        why_not: By regime and solver, why solvers that are asked before the chosen one cannot train it.
        contents: Which columns of a file are used, or an empty string if the dataset reads none.
        brackets: Ratio high/low that brackets can be expected to have, by how fast P(fit) rises with the width, or
            None where an end is likely to stay open. It is empty for a grid, and if no search goes on.
    """

    suite: str
    directory: str
    workers: int
    thresholds: tuple[PlannedThreshold, ...]
    why_not: dict[str, dict[str, str]] = field(default_factory=dict)
    contents: str = ""
    brackets: dict[str, float | None] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Estimated time of the whole run, in seconds."""
        return sum(t.seconds for t in self.thresholds) / self.workers

    def data(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return {**asdict(self), "thresholds": [asdict(t) for t in self.thresholds], "seconds": self.seconds}


def estimate(suite: Suite, registry: Registry, directory: Path, device: str, workers: int) -> Planned:
    """Return the trials that are stored and missing, and the time of those if every trial uses its whole budget.

    Args:
        suite: The suite.
        registry: The plugins.
        directory: Where the run writes, which may hold earlier outcomes.
        device: Where networks are trained.
        workers: Number of batches trained at a time.

    Raises:
        StoreError: If the stored outcomes cannot be read.
        RegimeError: If a component of a regime raises when it is asked for its properties.
    """
    if (directory / FILE).exists():
        with Store(directory, create=False) as store:
            plan = Plan(suite, registry, device, store)
    else:
        plan = Plan(suite, registry, device)
    leading = {id(search) for search in plan.leading}
    expected = _expected(plan.leading)
    planned: list[PlannedThreshold] = []
    counted: set[int] = set()
    for search in plan.searches:
        planned += _tuning(search, counted, registry, suite.budget.trial_seconds)
        widths = _missing(search, expected) if id(search) in leading else {}
        planned.append(
            PlannedThreshold(
                regime=search.setting.regime.name,
                n=search.n,
                d=search.d,
                solver=search.solver.name,
                stored=search.reused,
                missing=sum(widths.values()),
                exact=search.exact,
                seconds=_seconds(search, widths, registry, suite.budget.trial_seconds) if widths else 0.0,
                why=_why(search) if widths else "",
            )
        )
    chosen = {search.setting.regime.name: (search.setting.regime, search.solver) for search in plan.searches}
    why_not = {
        name: refusals(
            regime, suite.budget.dtype, device, [s for s in shipped() if s.preference < solver.preference and s.pays(0)]
        )
        for name, (regime, solver) in chosen.items()
    }
    ratios = {} if expected is None else expected.ratios
    brackets = {rise: ratio if math.isfinite(ratio) else None for rise, ratio in ratios.items()}
    contents = suite.dataset.contents()
    return Planned(suite.name, str(directory), workers, tuple(planned), why_not, contents, brackets)


def _tuning(
    search: ThresholdSearch, counted: set[int], registry: Registry, trial_seconds: float
) -> Iterator[PlannedThreshold]:
    """Yield the estimate for the tuning trials of a search that are not counted yet, if it has any."""
    searches = [one for one in (search.tuning.searches if search.tuning else ()) if id(one) not in counted]
    counted.update(map(id, searches))
    if not searches:
        return
    widths: Counter[int] = Counter(k for one in searches for k, _ in one.missing)
    yield PlannedThreshold(
        regime=f"{search.setting.regime.name}, tuning",
        n=search.n,
        d=search.d,
        solver=search.solver.name,
        stored=sum(one.reused for one in searches),
        missing=widths.total(),
        exact=True,
        seconds=_seconds(searches[0], widths, registry, trial_seconds) if widths else 0.0,
    )


def _expected(searches: Sequence[ThresholdSearch]) -> Expectation | None:
    """Return what the adaptive searches that are not over can be expected to find, by that in the middle of them."""
    going = [search for search in searches if not search.exact]
    starts = sorted(start / step for start, step in (search.scale for search in going))
    methods = {search.method for search in going if isinstance(search.method, Adaptive)}
    if not starts or not methods:
        return None
    return expectation(methods.pop(), round(starts[len(starts) // 2], 3), going[0].sizes)


def _why(search: ThresholdSearch) -> str:
    """Return why stored trials are not used, or an empty string if all are."""
    return "; ".join(filter(None, (edited_since(search.outdated), found_again(search.undecided))))


def _missing(search: ThresholdSearch, expected: Expectation | None) -> dict[int, int]:
    """Return the number of trials to train by width, the expected number if it depends on outcomes."""
    if search.exact:
        return Counter(k for k, _ in search.missing)
    known = sum(map(len, search.outcomes.values()))
    usual = min(USUAL_TRIALS if expected is None else expected.trials, search.method.trials)
    return {search.method.likely_width(*search.scale): max(usual - known, len(search.waiting))}


def _seconds(search: ThresholdSearch, widths: dict[int, int], registry: Registry, limit: float) -> float:
    """Return the time in seconds of these trials on one worker if each uses its whole budget.

    A few steps are trained at the narrowest and the widest width. The time between them is assumed linear in k. If a
    third-party plugin hangs or crashes meanwhile, each trial counts with its longest time.
    """
    low, high = min(widths), max(widths)
    setting = search.setting
    taking_part = (setting.regime, setting.dataset)

    def cost(k: int) -> float:
        guarded(_ready, taking_part, registry, subject="torch", seconds=START_SECONDS)
        probe, seconds = partial(_trial_seconds, setting, search.n, search.d, k), 2 * PROBE_TRIALS * limit
        return guarded(probe, taking_part, registry, subject="a trial", seconds=min(seconds, SECONDS))

    try:
        cost_low = cost(low)
        cost_high = cost_low if high == low else cost(high)
    except Unanswered:
        return limit * sum(widths.values())
    slope = 0.0 if high == low else (cost_high - cost_low) / (high - low)
    return sum(trials * max(cost_low + slope * (k - low), 0.0) for k, trials in widths.items())


def _ready() -> None:
    """Import torch, whose time is not counted."""
    import harness.engine.work  # noqa: F401  # imported for later calls in the same process


def _trial_seconds(setting: Setting, n: int, d: int, k: int) -> float:
    """Return the time in seconds of one trial that uses its whole budget: a constant plus a time per step.

    The time of a continuation is not measured, since it does not follow from a few steps.
    """
    from harness.engine.work import train

    times = []
    decides = setting.solver is not None and setting.solver.decides_fates
    for steps in PROBE_STEPS:
        # No trial meets this tolerance, so none stops early.
        short = replace(setting, steps=steps, tolerances=(1e-300,), limit=setting.limit and decides)
        begin = time.perf_counter()
        train(short, Cell("", n, d, k), range(PROBE_TRIALS))
        times.append((time.perf_counter() - begin) / PROBE_TRIALS)
    if setting.solver is not None and setting.solver.closed_form:
        return times[-1]
    per_step = max(times[1] - times[0], 0.0) / (PROBE_STEPS[1] - PROBE_STEPS[0])
    return (times[0] + per_step * setting.steps) * (1.0 + (FATE if setting.limit else 0.0))
