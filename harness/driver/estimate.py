"""Estimates of the trials and the time that a run takes. Nothing that is trained for an estimate is kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from harness.driver.edits import edited_since
from harness.driver.plan import Plan
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.undecided import found_again
from harness.engine.costs import TOGETHER, Costs, Size
from harness.engine.setting import Setting
from harness.engine.solvers import refusals, shipped
from harness.plugin_host.guarded import SECONDS, guarded, is_third_party
from harness.plugin_host.plugin_process import START_SECONDS, Unanswered
from harness.plugin_host.registry import Registry
from harness.statistics.adaptive import Adaptive
from harness.statistics.expectation import Expectation, expectation
from harness.statistics.search import USUAL_TRIALS
from harness.store import FILE, Store
from harness.suite import Suite

MOST_TIMED = 3
"""Number of sizes at which trials of third-party plugins are timed."""


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
    missing = [(search, _missing(search, expected) if id(search) in leading else {}) for search in plan.searches]
    tuning = _tuning(plan.searches)
    times = _Times([*missing, *((one, widths) for _, one, _, widths in tuning)], registry, suite.budget.trial_seconds)
    planned: list[PlannedThreshold] = []
    for search, widths in missing:
        planned += [_tuned(one, times) for one in tuning if one[0] is search]
        planned.append(
            PlannedThreshold(
                regime=search.setting.regime.name,
                n=search.n,
                d=search.d,
                solver=search.solver.name,
                stored=search.reused,
                missing=sum(widths.values()),
                exact=search.exact,
                seconds=times.seconds(search, widths) if widths else 0.0,
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


Tuning = tuple["ThresholdSearch", "ThresholdSearch", int, dict[int, int]]
"""A search, the first of those that tune it, how many of their trials are stored, and missing widths."""


def _tuning(searches: Sequence[ThresholdSearch]) -> list[Tuning]:
    """Return the tuning trials of searches, those of several at the first of them."""
    found: list[Tuning] = []
    counted: set[int] = set()
    for search in searches:
        own = [one for one in (search.tuning.searches if search.tuning else ()) if id(one) not in counted]
        counted.update(map(id, own))
        if own:
            widths = Counter(k for one in own for k, _ in one.missing)
            found.append((search, own[0], sum(one.reused for one in own), widths))
    return found


def _tuned(tuning: Tuning, times: _Times) -> PlannedThreshold:
    """Return the estimate for the tuning trials of a search."""
    search, first, stored, widths = tuning
    return PlannedThreshold(
        regime=f"{search.setting.regime.name}, tuning",
        n=search.n,
        d=search.d,
        solver=search.solver.name,
        stored=stored,
        missing=sum(widths.values()),
        exact=True,
        seconds=times.seconds(first, widths) if widths else 0.0,
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


class _Times:
    """The times of trials, from the costs of their kinds.

    A suite without code of third parties takes them from the file of the machine, which is complete after the first
    plan. What a third-party plugin does may take any time, and changes: it is timed anew at a few sizes of the suite.
    If it hangs or crashes meanwhile, each trial counts with its longest time.
    """

    def __init__(self, searches: Sequence[tuple[ThresholdSearch, dict[int, int]]], registry: Registry, limit: float):
        self.registry, self.limit = registry, limit
        self.sizes: dict[str, list[Size]] = {}
        for search, widths in searches:
            self.sizes.setdefault(search.key, []).extend((search.n, search.d, k) for k in widths)
        self._known: dict[str, Costs | None] = {}

    def seconds(self, search: ThresholdSearch, widths: dict[int, int]) -> float:
        """Return the time in seconds of trials of a search on one worker if each uses its whole budget.

        Args:
            search: The search.
            widths: Number of trials by width.
        """
        if search.key not in self._known:
            self._known[search.key] = self._costs(search)
        costs = self._known[search.key]
        if costs is None:
            return self.limit * sum(widths.values())
        found = {k: costs.seconds(search.setting, search.n, search.d, k) for k in widths}
        return sum(trials * found[k] for k, trials in widths.items())

    def _costs(self, search: ThresholdSearch) -> Costs | None:
        """Return the costs of a search's trials, or None if they cannot be timed."""
        setting = search.setting
        taking_part = (setting.regime, setting.dataset)
        if not is_third_party(self.registry, *taking_part):
            from harness.engine.cost_file import costs_of

            return costs_of(setting, self.registry)
        some = _spread(self.sizes[search.key])
        seconds = min(SECONDS, 4 * TOGETHER * len(some) * self.limit)
        try:
            guarded(_ready, taking_part, self.registry, subject="torch", seconds=START_SECONDS)
            call = partial(_measured, setting, some)
            return guarded(call, taking_part, self.registry, subject="a trial", seconds=seconds)
        except Unanswered:
            return None


def _spread(sizes: Sequence[Size]) -> list[Size]:
    """Return at most ``MOST_TIMED`` sizes, from the smallest to the largest."""
    ordered = sorted(set(sizes), key=lambda size: (math.prod(max(one, 1) for one in size), size))
    last = len(ordered) - 1
    return list(dict.fromkeys(ordered[round(i * last / (MOST_TIMED - 1))] for i in range(MOST_TIMED)))


def _ready() -> None:
    """Import torch, whose time is not counted."""
    import harness.engine.work  # noqa: F401  # imported for later calls in the same process


def _measured(setting: Setting, sizes: Sequence[Size]) -> Costs:
    from harness.engine.costs import measured

    return measured(setting, sizes)
