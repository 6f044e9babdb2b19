"""Estimates of the trials and the time that a run takes. Nothing that is trained for an estimate is kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.components import Solver
from harness.driver.edits import edited_since
from harness.driver.expected_trials import Expectations, ExpectedTrials
from harness.driver.plan import Plan
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.trial_times import TrialTimes
from harness.driver.undecided import found_again
from harness.engine.machine_load import MachineLoad
from harness.engine.solvers import refusals, shipped
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store
from harness.suite import Suite

START = 1.5
"""Time of a run beside its training, in seconds: imports, the start of workers, and reports."""


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
        load: Work of other programs on this machine in the last minute.
        measured_busy: Whether other programs kept the machine busy when some of the times were measured.
    """

    suite: str
    directory: str
    workers: int
    thresholds: tuple[PlannedThreshold, ...]
    why_not: dict[str, dict[str, str]] = field(default_factory=dict)
    contents: str = ""
    brackets: dict[str, float | None] = field(default_factory=dict)
    load: MachineLoad = field(default_factory=MachineLoad.now)
    measured_busy: bool = False

    @property
    def training_seconds(self) -> float:
        """Estimated time of training, in seconds."""
        return sum(t.seconds for t in self.thresholds) / self.workers

    @property
    def seconds(self) -> float:
        """Estimated time of the whole run on a machine without other work, in seconds."""
        missing = any(t.missing for t in self.thresholds)
        return START + self.training_seconds if missing else 0.0

    @property
    def seconds_now(self) -> float:
        """The same beside the present work of other programs."""
        return self.seconds * self.load.slowdown(self.workers)

    def data(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        more = {"seconds": self.seconds, "seconds_now": self.seconds_now}
        return {**asdict(self), "thresholds": [asdict(t) for t in self.thresholds], **more}


def estimate(suite: Suite, registry: Registry, directory: Path, device: str, workers: int) -> Planned:
    """Return the trials that are stored and missing, and the time that these can be expected to take.

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
    load = MachineLoad.now()
    thresholds, expected, times = _planned(plan, measure=True)
    chosen = {search.setting.regime.name: (search.setting.regime, search.solver) for search in plan.searches}
    why_not = {
        name: refusals(regime, suite.budget.dtype, device, _before(solver), suite.q)
        for name, (regime, solver) in chosen.items()
    }
    brackets = {rise: ratio if math.isfinite(ratio) else None for rise, ratio in expected.brackets.items()}
    contents = suite.dataset.contents()
    return Planned(
        suite.name, str(directory), workers, tuple(thresholds), why_not, contents, brackets, load, times.busy
    )


def _before(solver: Solver) -> list[Solver]:
    """Return the shipped solvers that are asked before one."""
    return [other for other in shipped() if other.preference < solver.preference and other.pays(0)]


def known_seconds(plan: Plan) -> float | None:
    """Return the time that the missing trials of a plan can be expected to take on one worker, in seconds.

    It is that of :func:`estimate`, or None if a kind of trial was not measured on this machine yet.

    Args:
        plan: The plan.
    """
    thresholds, _, times = _planned(plan, measure=False)
    return None if times.unknown else sum(one.seconds for one in thresholds)


def _planned(plan: Plan, *, measure: bool) -> tuple[list[PlannedThreshold], Expectations, TrialTimes]:
    """Return the estimates for the thresholds of a plan, and where they come from."""
    leading = {id(search) for search in plan.leading}
    tuning = _tuning(plan.searches)
    every = (*plan.searches, *(own[0] for own in tuning.values()))
    times = TrialTimes(every, plan.registry, plan.suite.budget.trial_seconds, measure=measure)
    refined = True
    while refined:
        expected = Expectations(plan.leading, times.pilots)
        taken = {id(one): (one, expected.number(one)) for one in plan.searches if id(one) in leading}
        seconds = {id(one): times.seconds(one, expected.of(one)) for one, number in taken.values() if number}
        refined = times.refine([(one, seconds[id(one)]) for one, number in taken.values() if number])
    planned: list[PlannedThreshold] = []
    for search in plan.searches:
        if id(search) in tuning:
            planned.append(_tuned(search, tuning[id(search)], times))
        _, number = taken.get(id(search), (search, 0))
        planned.append(
            PlannedThreshold(
                regime=search.setting.regime.name,
                n=search.n,
                d=search.d,
                solver=search.solver.name,
                stored=search.reused,
                missing=number,
                exact=search.exact,
                seconds=seconds.get(id(search), 0.0),
                why=_why(search) if number else "",
            )
        )
    return planned, expected, times


def _tuning(searches: Sequence[ThresholdSearch]) -> dict[int, list[ThresholdSearch]]:
    """Return the searches that tune others, those of several at the first of them, by its identity."""
    found: dict[int, list[ThresholdSearch]] = {}
    counted: set[int] = set()
    for search in searches:
        own = [one for one in (search.tuning.searches if search.tuning else ()) if id(one) not in counted]
        counted.update(map(id, own))
        if own:
            found[id(search)] = own
    return found


def _tuned(search: ThresholdSearch, tuning: Sequence[ThresholdSearch], times: TrialTimes) -> PlannedThreshold:
    """Return the estimate for the tuning trials of a search. They count with their whole budget."""
    widths = Counter(k for one in tuning for k, _ in one.missing)
    trials = [ExpectedTrials(k, more, 0.0, more) for k, more in sorted(widths.items())]
    return PlannedThreshold(
        regime=f"{search.setting.regime.name}, tuning",
        n=search.n,
        d=search.d,
        solver=search.solver.name,
        stored=sum(one.reused for one in tuning),
        missing=sum(widths.values()),
        exact=True,
        seconds=times.seconds(tuning[0], trials) if widths else 0.0,
    )


def _why(search: ThresholdSearch) -> str:
    """Return why stored trials are not used, or an empty string if all are."""
    return "; ".join(filter(None, (edited_since(search.outdated), found_again(search.undecided))))
