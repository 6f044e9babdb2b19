"""The time in which continuations decide fates, from a few trials that are followed once for a kind of trial.

A trial of n = 48 and d = 8 goes the way of a larger one if its budget is scaled down like the number of steps until a
fit (:mod:`harness.engine.pace`): it meets the tolerance as early, and is followed for as many budgets and leaps. The
time of a step and of a leap at the larger size is measured separately.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.engine.continuations import continuation_of
from harness.engine.continuations.smooth import Smooth, decompositions, most_leaps
from harness.engine.costs import SIZES, Probe, admissible, fitted, least, slope
from harness.engine.machine_load import Stopwatch
from harness.engine.operations import each_step
from harness.engine.pace import D, N
from harness.mathematics.limit.leaps import IN_OUTPUTS, MANY_WEIGHTS, splits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.components import Continuation, Outcome, Regime, Trial, Verdict
    from harness.engine.costs import Size
    from harness.engine.setting import Setting

Outlook = Literal["", "at once", "soon", "open"]
"""Whether every trial fits from about the starting width on, or most do, or they stay open there and beyond."""

USUAL = 2.5
"""Time in which a fate is decided where no trials are followed, in times of the whole budget."""

NEAR, FAR = 1.15, 2.0
"""Widths of the trials that are followed, in starting widths."""

TRIALS = 6
"""Number of trials that are followed at each width."""

LONGEST = 0.15
"""Time of a budget in seconds from which no trials are followed, since each may take ten of them and more."""

MOST = 0.9
"""Share of trials that count as all of them."""

LEAPS = 2
"""Leaps that are timed."""

SYSTEMS = 4.0
"""Time of a leap in systems, in that of a leap that decomposes the kernel (measured, 3 to 5 at n = 100 to 800)."""


@dataclass(frozen=True)
class Fates:
    """The time of fates of one kind of trial and one scaled budget.

    Attributes:
        further: Weights of :func:`harness.engine.operations.each_step` for one further step, in seconds.
        leap: Weights of :func:`leap_counts` for one leap, in seconds. It is empty for a continuation without leaps.
        near: Of the trials of ``NEAR`` starting widths, the mean number of budgets and of leaps after training, and the
            shares that are known to fit and that may fit.
        far: The same at ``FAR`` starting widths.
    """

    further: tuple[float, ...]
    leap: tuple[float, ...] = ()
    near: tuple[float, ...] = (USUAL, 0.0, 0.0, 0.0)
    far: tuple[float, ...] = (USUAL, 0.0, 0.0, 0.0)

    @property
    def outlook(self) -> Outlook:
        """Whether trials fit from about the starting width on, or stay open there and beyond, or neither."""
        if self.near[2] >= 0.5:
            return "at once" if self.near[2] >= MOST else "soon"
        return "open" if min(possible - sure for *_, sure, possible in (self.near, self.far)) >= MOST else ""

    def seconds(self, setting: Setting, n: int, d: int, k: int, width: float) -> float:
        """Return the mean time in which the fate of a trial is decided, in seconds.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
            k: Width.
            width: Width, in starting widths.
        """
        x = min(max(math.log(width / NEAR) / math.log(FAR / NEAR), 0.0), 1.0)
        budgets, leaps = ((1.0 - x) * near + x * far for near, far in zip(self.near[:2], self.far[:2], strict=True))
        total = budgets * setting.steps * self._further(setting.regime, n, d, k)
        if self.leap and leaps:
            p = weights(setting.regime, d, k)
            total += self._leaps(n, p, min(leaps, most_leaps(n, p, 10.0 * setting.steps)))
        return total

    def _further(self, regime: Regime, n: int, d: int, k: int) -> float:
        return float(each_step(regime, n, d, k) @ np.array(self.further))

    def _leaps(self, n: int, p: int, leaps: float) -> float:
        """Return the time of leaps, of which the first decompose the kernel where that is smaller."""
        first, then = self._leap(n, p)
        return min(leaps, IN_OUTPUTS) * first + max(leaps - IN_OUTPUTS, 0.0) * then

    def _number(self, n: int, p: int, seconds: float) -> float:
        """Return the number of leaps that take so long."""
        first, then = self._leap(n, p)
        if min(first, then) <= 0.0:
            return 0.0
        return seconds / first if seconds <= IN_OUTPUTS * first else IN_OUTPUTS + (seconds - IN_OUTPUTS * first) / then

    def _leap(self, n: int, p: int) -> tuple[float, float]:
        """Return the time of one of the first leaps, and of a later one."""
        first = float(leap_counts(n, p) @ np.array(self.leap))
        return first, SYSTEMS * first if splits(n, p) else float(leap_counts(n, p, p) @ np.array(self.leap))


def followed(setting: Setting) -> Continuation | None:
    """Return the continuation that decides the fates of trials, or None if their solver or nothing does.

    Args:
        setting: What is trained.
    """
    if not setting.limit or (setting.solver is not None and setting.solver.decides_fates):
        return None
    return setting.continuation or continuation_of(setting.regime, setting.q)


def weights(regime: Regime, d: int, k: int) -> int:
    """Return the number of trained weights of a regime.

    Args:
        regime: What is trained.
        d: Input dimension.
        k: Width.
    """
    shapes, trained = regime.model.shapes(d, k), regime.model.trained()
    return sum(math.prod(shapes[name]) for name in (shapes if trained is None else trained))


def leap_counts(n: int, p: int, size: int = 0) -> NDArray[np.float64]:
    """Return counts of the operations of a leap: calls, a Hessian or kernel, and its decomposition.

    Args:
        n: Number of samples.
        p: Number of trained weights.
        size: Size of what is decomposed, by default that of the first leaps.
    """
    size = size or (n if p >= MANY_WEIGHTS * n else p)
    return np.array([1.0, n * p * size, size**3], dtype=float)


def measured_fates(setting: Setting, times: Fates, steps: int, watch: Stopwatch | None = None) -> Fates:
    """Return the time of the fates of a setting's trials. Nothing that is trained is kept.

    Args:
        setting: What is trained, with a continuation. Its dataset must have problems of all sizes.
        times: Times of steps and leaps, see :func:`measured_steps`.
        steps: Budget of the trials of n = 48 and d = 8 that are followed.
        watch: Times the continuation, by default in processor time.
    """
    from harness.engine.one_thread import one_thread, one_thread_of_blas

    watch = watch or Stopwatch()
    continuation = followed(setting)
    assert continuation is not None
    regime = replace(setting.regime, diagnostics=())
    plain = replace(setting, regime=regime, spectrum=False, held_out=0, validation=0)
    if not times.further or steps * times._further(regime, N, D, _width(regime, FAR)) > LONGEST:
        return times
    with one_thread(), one_thread_of_blas():
        near = _followed(plain, continuation, times, _width(regime, NEAR), steps, watch)
        far = _followed(plain, continuation, times, _width(regime, FAR), steps, watch)
    return replace(times, near=near, far=far)


def measured_steps(setting: Setting, watch: Stopwatch | None = None) -> Fates:
    """Return the times of further steps and of leaps of a setting's trials, with the usual number of them.

    Args:
        setting: What is trained, with a continuation. Its dataset must have problems of all sizes.
        watch: Times them, by default in processor time.
    """
    from harness.engine.further_descent import FurtherDescent
    from harness.engine.one_thread import one_thread, one_thread_of_blas

    watch = watch or Stopwatch()
    regime = replace(setting.regime, diagnostics=())
    plain = replace(setting, regime=regime, spectrum=False, limit=False)
    further: list[tuple[Size, float]] = []
    leap: list[tuple[Size, float]] = []
    with one_thread(), one_thread_of_blas():
        for size in dict.fromkeys(admissible(plain, size) for size in SIZES):
            probe = Probe(plain, size, watch)
            if not probe.works():
                continue
            trial = probe.trials[0]

            def descend(steps: int, trial: Trial = trial) -> None:
                FurtherDescent(regime, trial, steps)(trial.weights, steps, 0.0)

            descend(1)
            further.append((size, slope(descend, 10, watch)))
            if isinstance(followed(setting), Smooth):
                taken = decompositions(regime, trial, LEAPS)
                leap.append((size, least(partial(decompositions, regime, trial, LEAPS), watch) / taken))
    return Fates(
        fitted([each_step(regime, *size) for size, _ in further], [seconds for _, seconds in further]),
        fitted([leap_counts(n, weights(regime, d, k)) for (n, d, k), _ in leap], [seconds for _, seconds in leap]),
    )


def _followed(
    setting: Setting, continuation: Continuation, found: Fates, k: int, steps: int, watch: Stopwatch
) -> tuple[float, ...]:
    """Return what :class:`Fates` has of a width. Without leaps, all of the time counts as steps."""
    from harness.components import LastWeights
    from harness.engine.fates import with_fate
    from harness.engine.solvers import choose
    from harness.engine.trial import prepare

    regime = setting.regime
    solver = setting.solver or choose(regime, setting.dtype, setting.device, q=setting.q)
    budget = replace(setting.budget, steps=steps, last_weights=LastWeights())
    verdicts: list[Verdict] = []
    times: list[tuple[float, int]] = []
    for seed in range(TRIALS):
        try:
            trial = prepare(setting, N, D, k, seed)
            (outcome,) = solver.train(regime, [trial], budget)
        except Exception:  # code of plugins may raise anything; such trials end in errors when they are trained
            continue
        decided: list[Outcome] = []

        def decide(trial: Trial = trial, outcome: Outcome = outcome, kept: list[Outcome] = decided) -> None:
            kept.append(with_fate(regime, budget, continuation, trial, outcome))

        seconds = watch.time(decide)
        times += [(seconds, one.fate.work if one.fate is not None else 0) for one in decided]
        verdicts += [one.limit_verdict() for one in decided]
    if not times:
        return USUAL, 0.0, 0.0, 0.0
    sure = verdicts.count("fit") / len(times)
    shares = sure, sure + verdicts.count("open") / len(times)
    # One path may take a hundred times as long as the others. It counts like the next, so that it does not decide.
    times = sorted(times)[:-1] + sorted(times)[-2:-1] if len(times) > 1 else times
    trials, total, work = len(times), sum(seconds for seconds, _ in times), sum(work for _, work in times)
    each = found._further(regime, N, D, k)
    if not found.leap:
        return total / each / steps / trials if each else USUAL, 0.0, *shares
    leaps = found._number(N, weights(regime, D, k), max(total - work * each, 0.0) / trials)
    return work / steps / trials, leaps, *shares


def _width(regime: Regime, width: float) -> int:
    """Return an admissible width from one in starting widths."""
    step = regime.initializer.width_step
    return step * max(round(width * regime.starting_width(N, D) / step), 1)
