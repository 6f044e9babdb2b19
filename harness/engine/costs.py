"""The time of trials as a function of their sizes, measured once for a kind of trial on a machine.

A trial takes the time of its preparation, of each step, and of each visit of its diagnostics. Each of the three is a
sum of terms that count operations, such as n d k of a matrix product, with weights that non-negative least squares
fits to a few measured sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.components.recorder import whole_epochs
from harness.engine.machine_load import Stopwatch
from harness.engine.operations import PRODUCTS, each_step, full_step, once, takes_products, visits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.components import Outcome, Solver, Trial
    from harness.engine.setting import Setting

Size = tuple[int, int, int]
"""(n, d, k)."""

SIZES: tuple[Size, ...] = ((24, 6, 6), (64, 24, 8), (100, 20, 10), (128, 8, 48), (300, 40, 16), (400, 20, 64))
"""Sizes at which trials are timed."""

LARGE: Size = (800, 60, 96)
"""A size at which steps are timed, and preparation, which takes a large part of a second there, is not."""

SEARCHED = 1.5
"""Least width of these sizes in starting widths, so that the times hold where a search goes."""

FEW, TOGETHER = 2, 8
"""Numbers of networks that are trained together for a timing, as the smallest and largest blocks of a search are."""

SHORT = 10
"""Steps of the trials with which preparation and diagnostics are timed, unless a closed form solves them."""

USUAL_STEPS = 30_000
"""Steps of trials that a closed form solves: it evaluates their course at more steps the more there are."""

LONG_ENOUGH = 4e-3
"""Difference of two times in seconds from which the time of a step is taken."""

FEWEST = 3
"""Sizes at which visits of diagnostics are timed in any case."""

SLOW = 0.02
"""Time of a visit in seconds from which no larger sizes are timed."""

MOST_STEPS = 20_000
"""Most steps that are timed."""


@dataclass(frozen=True)
class Costs:
    """The time of a trial of one kind.

    Attributes:
        prepare: Weights of :func:`once` for what is done once a trial, in seconds.
        step: Weights of :func:`each_step` where many networks are trained together, in seconds.
        few: The same for few networks. It is empty where each network is trained by itself.
        visit: Weights of :func:`once` for a visit of the diagnostics, in seconds.
    """

    prepare: tuple[float, ...]
    step: tuple[float, ...]
    visit: tuple[float, ...]
    few: tuple[float, ...] = ()

    def seconds(
        self, setting: Setting, n: int, d: int, k: int, *, share: float = 1.0, together: float = TOGETHER
    ) -> float:
        """Return the time in seconds of one trial, without that of a continuation that decides its fate.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
            k: Width.
            share: Share of the budget that the trial uses.
            together: Number of networks that are trained together.
        """
        if not self.prepare:  # no trial could be prepared
            return 0.0
        regime, solver = setting.regime, setting.solver
        single = once(setting, n, d, k)
        total = single @ np.array(self.prepare)
        if regime.diagnostics:
            total += visits(regime, setting.steps) * (single @ np.array(self.visit))
        if self.step and takes_products(setting, n):
            total += PRODUCTS * (full_step(n, d, k) @ np.array(self.step))
        if solver is None or not solver.closed_form:
            steps = whole_epochs(regime.optimizer.most_steps(n, setting.steps), regime.optimizer.epoch(n))
            counts = each_step(regime, n, d, k)
            alone = counts @ np.array(self.step)
            each = alone + _more_alone(together) * max(counts @ np.array(self.few) - alone, 0.0) if self.few else alone
            total += steps * share * each
        return float(total)


def _more_alone(together: float) -> float:
    """Return the place of 1/together, 0 where many networks are timed and 1 where few are.

    A stack takes the time a + b m of m networks, so a/m + b of each.
    """
    return max((1.0 / max(together, 1.0) - 1.0 / TOGETHER) / (1.0 / FEW - 1.0 / TOGETHER), 0.0)


def measured(setting: Setting, sizes: Iterable[Size] = (), watch: Stopwatch | None = None) -> Costs:
    """Return the costs of a setting's trials, measured in this process.

    Nothing that is trained is kept. Sizes at which preparation or training raises are left out: such trials end in
    errors that take no time.

    Args:
        setting: What is trained. Its dataset must have problems of these sizes.
        sizes: Sizes to measure at, by default ``SIZES`` and ``LARGE``.
        watch: Times the trials, by default in processor time, or on the clock where a GPU trains.
    """
    from harness.engine.one_thread import one_thread, one_thread_of_blas

    watch = watch or Stopwatch(on_clock=setting.device != "cpu")
    chosen = tuple(sizes)
    at = list(chosen) or [admissible(setting, size) for size in SIZES]
    large = [] if chosen else [admissible(setting, LARGE)]
    plain = replace(setting, regime=replace(setting.regime, diagnostics=()))
    prepare: list[tuple[Size, float]] = []
    each: list[tuple[Size, float]] = []
    few: list[tuple[Size, float]] = []
    visit: list[tuple[Size, float]] = []
    with one_thread(), one_thread_of_blas():
        for size in dict.fromkeys(at):
            probe = Probe(plain, size, watch)
            if not probe.works():
                continue
            took = probe.once()
            prepare.append((size, took))
            if setting.regime.diagnostics and not (len(visit) >= FEWEST and visit[-1][1] > SLOW):
                watched = Probe(setting, size, watch)
                if watched.works():
                    visit.append((size, max(watched.once() - took, 0.0) / visits(setting.regime, probe.short)))
            if not probe.solver.closed_form:
                each.append((size, probe.step()))
            if not probe.solver.closed_form and probe.count > FEW:
                few.append((size, probe.step(FEW)))
        for size in large:
            probe = Probe(plain, size, watch, cheap=True)
            if not probe.solver.closed_form and probe.works():
                each.append((size, probe.step()))
    regime = setting.regime
    return Costs(
        fitted([once(setting, *size) for size, _ in prepare], [seconds for _, seconds in prepare]),
        fitted([each_step(regime, *size) for size, _ in each], [seconds for _, seconds in each]),
        fitted([once(setting, *size) for size, _ in visit], [seconds for _, seconds in visit]),
        fitted([each_step(regime, *size) for size, _ in few], [seconds for _, seconds in few]),
    )


class Probe:
    """Trials of one size that are timed."""

    def __init__(self, setting: Setting, size: Size, watch: Stopwatch, *, cheap: bool = False) -> None:
        """Take what is timed.

        Args:
            setting: What is trained.
            size: The size.
            watch: Times the trials.
            cheap: Whether no spectrum is computed, not even for the step size.
        """
        from harness.engine.solvers import choose

        self.size, self.watch, self.regime = size, watch, setting.regime
        self.solver: Solver = setting.solver or choose(setting.regime, setting.dtype, setting.device, q=setting.q)
        decides = self.solver.decides_fates
        optimizer = setting.regime.optimizer
        regime = replace(setting.regime, optimizer=replace(optimizer, step_size=1.0)) if cheap else setting.regime
        self.setting = replace(
            setting,
            regime=regime,
            spectrum=setting.spectrum and not cheap,
            tolerances=(1e-300,),  # no trial meets it, so none stops early
            limit=setting.limit and decides,
        )
        self.trials: list[Trial] = []
        n = size[0]
        grouping = self.solver.grouping(self.setting.regime, self.setting.budget, *size)
        self.count = 1 if grouping.alone else min(TOGETHER, grouping.batch)
        self.epoch = setting.regime.optimizer.epoch(n)
        self.short = USUAL_STEPS if self.solver.closed_form else SHORT

    def works(self) -> bool:
        """Return whether trials of the size can be prepared and trained. The first call is not timed."""
        try:
            self.trials = [self._prepared(seed) for seed in range(self.count)]
            self._train(self.epoch)
        except Exception:  # code of plugins may raise anything; such trials end in errors when they are trained
            return False
        return True

    def _prepared(self, seed: int) -> Trial:
        from harness.engine.trial import prepare

        trial = prepare(self.setting, *self.size, seed)
        # Steps that are next to none keep every network from diverging, which would end it.
        return trial if self.solver.closed_form else replace(trial, step_size=1e-9 * trial.step_size)

    def _train(self, steps: int, count: int | None = None) -> Iterable[Outcome]:
        budget = replace(self.setting.budget, steps=steps)
        return list(self.solver.train(self.setting.regime, self.trials[:count], budget))

    def once(self) -> float:
        """Return the time of all that one trial does once, in seconds."""

        def call() -> None:
            self.trials[0] = self._prepared(0)
            budget = replace(self.setting.budget, steps=self.short)
            list(self.solver.train(self.setting.regime, self.trials[:1], budget))

        return self._least(call)

    def step(self, count: int | None = None) -> float:
        """Return the time of one step of one trial, in seconds: the slope between two numbers of steps.

        Args:
            count: Number of networks that are trained together, by default all.
        """
        low = self.epoch * math.ceil(SHORT / self.epoch)
        return slope(lambda steps: self._train(steps, count), low, self.watch) / (count or self.count)

    def _least(self, call: Callable[[], object]) -> float:
        return least(call, self.watch)


def slope(call: Callable[[int], object], low: int, watch: Stopwatch) -> float:
    """Return the time that a call takes for each of its steps, in seconds: the slope between two numbers of steps.

    Args:
        call: Takes a number of steps.
        low: The smaller number of steps, and the divisor of the larger.
        watch: Times the calls.
    """
    before, high = least(partial(call, low), watch), 4 * low
    while True:
        more = least(partial(call, high), watch) - before
        if more > LONG_ENOUGH or high >= MOST_STEPS:
            return max(more, 0.0) / (high - low)
        high *= 4


def least(call: Callable[[], object], watch: Stopwatch) -> float:
    """Return the shorter of two times of a call in seconds, which other programs disturb less.

    Args:
        call: What is timed.
        watch: Times it.
    """
    return min(watch.time(call) for _ in range(2))


def admissible(setting: Setting, size: Size) -> Size:
    """Return a size with an admissible width, at least ``SEARCHED`` starting widths, or 0 for a model without width.

    Args:
        setting: What is trained.
        size: The size.
    """
    n, d, k = size
    if not setting.regime.model.has_width:
        return n, d, 0
    step, least = setting.regime.initializer.width_step, int(SEARCHED * setting.regime.starting_width(n, d))
    return n, d, max(max(k, least) // step, 1) * step


def fitted(counts: Sequence[NDArray[np.float64]], seconds: Sequence[float]) -> tuple[float, ...]:
    """Return non-negative weights with the least sum of squared relative errors (Lawson & Hanson 1974, chapter 23).

    Args:
        counts: Numbers of operations, one array for each time.
        seconds: The times.
    """
    if not seconds:
        return ()
    from scipy.optimize import nnls  # takes longer to import than all of the harness without it

    times = np.maximum(np.array(seconds), 1e-9)
    rows = np.array(counts) / times[:, None]
    scale = np.where(rows.any(axis=0), rows.max(axis=0), 1.0)
    weights, _ = nnls(rows / scale, np.ones(len(times)))
    return tuple(float(weight) for weight in weights / scale)
