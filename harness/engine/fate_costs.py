"""The time of the steps and leaps by which continuations decide fates, fitted to a few sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.engine.continuations import continuation_of
from harness.engine.continuations.smooth import Smooth, decompositions, most_leaps
from harness.engine.costs import fitted
from harness.engine.machine_load import Stopwatch
from harness.engine.operations import each_step
from harness.engine.probe import Probe, least, slope
from harness.engine.timed import PREPARED, Timed
from harness.mathematics.limit.leaps import IN_OUTPUTS, MANY_WEIGHTS, splits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.components import Continuation, Regime, Trial
    from harness.engine.pilots import Course
    from harness.engine.setting import Setting
    from harness.engine.timed import Size

LEAPS = 2
"""Leaps that are timed."""

SYSTEMS = 4.0
"""Time of a leap in systems, in that of a leap that decomposes the kernel (measured, 3 to 5 at n = 100 to 800)."""


@dataclass(frozen=True)
class Fates:
    """The time of the steps and leaps by which fates of one kind of trial are decided.

    Attributes:
        further: Weights of :func:`harness.engine.operations.each_step` for one further step, in seconds.
        leap: Weights of :func:`leap_counts` for one leap, in seconds. It is empty for a continuation without leaps.
        timed: The times that the weights are fitted to.
    """

    further: tuple[float, ...]
    leap: tuple[float, ...] = ()
    timed: tuple[Timed, ...] = ()

    @classmethod
    def of(cls, setting: Setting, timed: Sequence[Timed]) -> Fates:
        """Return the time of the fates of a setting's trials by the times of steps and leaps at some sizes.

        Args:
            setting: What is trained.
            timed: The times, in seconds by the names of the weights.
        """
        regime = setting.regime
        further, leap = ([one for one in timed if name in one.seconds] for name in ("further", "leap"))
        return cls(
            fitted([each_step(regime, *one.size) for one in further], [one.seconds["further"] for one in further]),
            fitted(
                [leap_counts(n, weights(regime, d, k)) for n, d, k in (one.size for one in leap)],
                [one.seconds["leap"] for one in leap],
            ),
            tuple(timed),
        )

    def seconds(self, setting: Setting, n: int, d: int, k: int, course: Course) -> float:
        """Return the mean time in which the fate of a trial is decided, in seconds.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
            k: Width.
            course: The course that such trials take.
        """
        total = course.further * setting.steps * self.step(setting.regime, n, d, k)
        if self.leap and course.leaps:
            p = weights(setting.regime, d, k)
            total += self._leaps(n, p, min(course.leaps, most_leaps(n, p, 10.0 * setting.steps)))
        return total

    def counts(self, setting: Setting, n: int, d: int, k: int, work: int, seconds: float) -> tuple[float, float]:
        """Return the number of further steps, in budgets, and of leaps that a fate of so much time took.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
            k: Width.
            work: Number of further steps. Without leaps, all of the time counts as steps.
            seconds: The time.
        """
        each = self.step(setting.regime, n, d, k)
        if not self.leap:
            return seconds / each / setting.steps if each else 0.0, 0.0
        return work / setting.steps, self._number(n, weights(setting.regime, d, k), max(seconds - work * each, 0.0))

    def step(self, regime: Regime, n: int, d: int, k: int) -> float:
        """Return the time of a further step, in seconds.

        Args:
            regime: What is trained.
            n: Number of samples.
            d: Input dimension.
            k: Width.
        """
        return float(each_step(regime, n, d, k) @ np.array(self.further)) if self.further else 0.0

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


def measured_fates(setting: Setting, sizes: Iterable[Size], watch: Stopwatch | None = None) -> tuple[Timed, ...]:
    """Return the times of further steps and of leaps of a setting's trials, measured in this process.

    Args:
        setting: What is trained, with a continuation. Its dataset must have problems of these sizes.
        sizes: Sizes to measure at.
        watch: Times them, by default in processor time.
    """
    from harness.engine.further_descent import FurtherDescent
    from harness.engine.one_thread import one_thread, one_thread_of_blas

    watch = watch or Stopwatch()
    regime = replace(setting.regime, diagnostics=())
    plain = replace(setting, regime=regime, spectrum=False, limit=False)
    found: list[Timed] = []
    with one_thread(), one_thread_of_blas():
        for size in sizes:
            seconds: dict[str, float] = {}
            found.append(Timed(size, seconds))
            probe = Probe(plain, size, watch, cheap=size[0] > PREPARED)
            if not probe.works():
                continue
            trial = probe.trials[0]

            def descend(steps: int, trial: Trial = trial) -> None:
                FurtherDescent(regime, trial, steps)(trial.weights, steps, 0.0)

            descend(1)
            seconds["further"] = slope(descend, 10, watch)
            if isinstance(followed(setting), Smooth) and not probe.cheap:
                taken = decompositions(regime, trial, LEAPS)
                seconds["leap"] = least(partial(decompositions, regime, trial, LEAPS), watch) / taken
    return tuple(found)
