"""The first trials of a search, which a plan trains for an estimate: how many steps they take, and what they become.

They are trials of the suite itself, on its own dataset. Where one takes too long, fewer samples are taken, at the
same d while n/d allows: the number of steps until a fit depends on d as the kernel does, while n changes it by what it
is in proportion to. That is n where the step size is computed: a stable step is in inverse proportion to λ_max(J₀J₀ᵀ),
which grows with n, while the small eigenvalues, along which the residual decays last, do not. Where the step size is a
number, it is in inverse proportion to the criterion's curvature. The budget changes in the same proportion, and widths
are counted in starting widths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.components import Cell, LastWeights, Outcome
from harness.statistics.expectation import Tried

if TYPE_CHECKING:
    from harness.components import Continuation, Regime, Trial
    from harness.engine.machine_load import Stopwatch
    from harness.engine.setting import Setting

SCALES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.09, 0.06)
"""Sizes of the problems that are tried, in those of the suite."""

LEAST = 24
"""Least number of samples of a problem that is smaller than those of the suite."""

NARROWEST = 4.0
"""Quotient n/d from which on a smaller problem has fewer dimensions too, so that it has as many widths below it."""

APART = math.log(1.15)
"""Distance of two widths, as the logarithm of their quotient, at which trials count half as much as at a width."""

USUAL = 2.5
"""Time in which a fate is decided where no trial was followed, in times of the whole budget."""


@dataclass(frozen=True)
class Pilot:
    """One trial.

    Attributes:
        width: Width, in starting widths.
        sure: Whether it is known to fit.
        possible: Whether it fits or may fit.
        ended: Whether it ended before its budget.
        steps: Number of steps, in budgets.
        further: Number of steps after training, in budgets.
        leaps: Number of leaps.
    """

    width: float
    sure: bool
    possible: bool
    ended: bool
    steps: float
    further: float = 0.0
    leaps: float = 0.0


@dataclass(frozen=True)
class Course:
    """The course that trials of a width take on average.

    Attributes:
        steps: Share of the budget that training uses.
        further: Number of steps after training, in budgets.
        leaps: Number of leaps.
    """

    steps: float = 1.0
    further: float = USUAL
    leaps: float = 0.0


FITTING = Course(further=1.0, leaps=10.0)
"""The course of trials that fit where none was seen. It is shorter than that of trials that do not."""


@dataclass(frozen=True)
class Pilots:
    """Some trials of a search.

    Attributes:
        n: Number of samples of the search. The budget is as large for the trials as it is there.
        trials: The trials.
        own: Number of them that have the size of the search, the first ones. The others are of other sizes.
    """

    n: int = 0
    trials: tuple[Pilot, ...] = ()
    own: int = 0

    def tried(self) -> tuple[Tried, ...]:
        """Return the numbers of trials and fits by width."""
        widths = sorted({one.width for one in self.trials})
        groups = [[one for one in self.trials if one.width == width] for width in widths]
        return tuple(
            Tried(width, sum(one.sure for one in group), sum(one.possible for one in group), len(group))
            for width, group in zip(widths, groups, strict=True)
        )

    def fits(self, width: float) -> float:
        """Return the share of the trials of a width that fit, between those of the widths that were tried.

        Args:
            width: Width, in starting widths.
        """
        tried = self.tried()
        if not tried:
            return 0.5
        return float(np.interp(width, [one.width for one in tried], [one.sure / one.trials for one in tried]))

    def half(self) -> float:
        """Return the least width at which half of the trials fit, or twice the widest, in starting widths."""
        tried = self.tried()
        return min((one.width for one in tried if 2 * one.sure >= one.trials), default=2.0 * tried[-1].width)

    def scaled(self, regime: Regime, n: int) -> tuple[Pilot, ...]:
        """Return the trials with the steps that they would take with another number of samples.

        Those that ended before their budget take other numbers of steps. The others take the budget.

        Args:
            regime: What is trained.
            n: Number of samples.
        """
        slower = growth(regime, n) / growth(regime, self.n)

        def scale(one: Pilot) -> Pilot:
            steps = min(one.steps * slower, 1.0) if one.ended else 1.0
            return replace(one, steps=steps, further=one.further * slower if one.sure else one.further)

        return tuple(map(scale, self.trials))

    def course(self, regime: Regime, n: int, width: float, fits: float, together: float = 1.0) -> Course:
        """Return the course that trials take.

        Args:
            regime: What is trained.
            n: Number of samples.
            width: Width, in starting widths.
            fits: Share of the trials that fit.
            together: Number of networks that take as long as the one that takes longest.
        """
        if not self.trials:
            return Course()
        trials = self.scaled(regime, n)
        sure, others = ([one for one in trials if one.sure == known] for known in (True, False))
        fit = _mean(sure, width, together) if sure else FITTING
        unfit = _mean(others or trials, width, together)
        if not others:  # what does not fit takes its whole budget
            unfit = replace(unfit, steps=1.0)
        longest = fits**together
        return Course(
            longest * fit.steps + (1.0 - longest) * unfit.steps,
            fits * fit.further + (1.0 - fits) * unfit.further,
            fits * fit.leaps + (1.0 - fits) * unfit.leaps,
        )


def _mean(trials: Sequence[Pilot], width: float, together: float) -> Course:
    """Return the mean course of some trials, of which those of widths near by count more.

    Training takes as many steps as the longest of ``together`` trials that are drawn from them.
    """
    weights = [math.exp2(-abs(math.log(max(one.width, 1e-9) / max(width, 1e-9)) / APART)) for one in trials]
    whole = sum(weights)

    def mean(values: list[float]) -> float:
        return sum(weight * value for weight, value in zip(weights, values, strict=True)) / whole

    steps = np.array([one.steps for one in trials])
    order = steps.argsort()
    longest = np.diff((np.cumsum(np.array(weights)[order]) / whole) ** together, prepend=0.0)
    return Course(
        float(longest @ steps[order]),
        mean([one.further for one in trials]),
        mean([one.leaps for one in trials]),
    )


def growth(regime: Regime, n: int) -> float:
    """Return what the number of steps until a fit is in proportion to.

    Args:
        regime: What is trained.
        n: Number of samples.
    """
    if isinstance(regime.optimizer.step_size, str):
        return float(n)
    curvature: float | None = regime.criterion.curvature(n)
    return 1.0 / curvature if curvature else 1.0


def smaller(
    setting: Setting, n: int, d: int, affordable: Callable[[Setting, int, int], bool]
) -> tuple[Setting, int, int]:
    """Return a setting and a size whose trials go the way of larger ones and are affordable, or nearly.

    Args:
        setting: What is trained.
        n: Number of samples.
        d: Input dimension.
        affordable: Returns whether trials of a setting may be trained at a size (n, d).
    """
    found = setting, n, d
    for scale in SCALES:
        fewer = round(scale * n)
        if fewer < min(LEAST, n):
            break
        fitting = max(round(fewer / min(n / d, NARROWEST)), 1)
        for dimension in dict.fromkeys((min(fitting, d), d)):
            if _draws(setting, fewer, dimension):
                steps = setting.steps * growth(setting.regime, fewer) / growth(setting.regime, n)
                found = replace(setting, steps=max(round(steps), 1)), fewer, dimension
                break
        if affordable(*found):
            break
    return found


def _draws(setting: Setting, n: int, d: int) -> bool:
    """Return whether the dataset has a problem of a size."""
    from harness.engine.draws import draw_problem

    try:
        draw_problem(setting.dataset, n, d, seed=0, base=setting.base_seed, **setting.further)
    except Exception:  # a dataset may raise anything where it lacks rows or columns
        return False
    return True


def flown(
    setting: Setting, n: int, d: int, k: int, seeds: Sequence[int], continuation: Continuation | None, watch: Stopwatch
) -> list[tuple[Outcome, float]]:
    """Return trials with the time in which a continuation decided the fate of each, in seconds.

    Args:
        setting: What is trained.
        n: Number of samples.
        d: Input dimension.
        k: Width.
        seeds: Numbers of the trials.
        continuation: What decides fates, or None if nothing or the solver does.
        watch: Times it.
    """
    from harness.engine.fates import with_fate
    from harness.engine.one_thread import one_thread, one_thread_of_blas
    from harness.engine.work import solver_of, train

    if continuation is None:
        found: list[Outcome] = []
        watch.time(lambda: found.extend(train(setting, Cell(setting.regime.name, n, d, k), seeds)))
        return [(outcome, 0.0) for outcome in found]
    from harness.engine.trial import prepare

    regime = setting.regime
    budget = replace(setting.budget, steps=regime.optimizer.most_steps(n, setting.steps), last_weights=LastWeights())
    trained: list[tuple[Trial, Outcome]] = []
    ended: list[Outcome] = []

    def train_all() -> None:
        trials = [prepare(setting, n, d, k, seed) for seed in seeds]
        trained.extend(zip(trials, solver_of(setting).train(regime, trials, budget), strict=True))

    def decide(trial: Trial, outcome: Outcome) -> None:
        ended.append(with_fate(regime, budget, continuation, trial, outcome))

    with one_thread(), one_thread_of_blas():
        try:
            watch.time(train_all)
        except Exception:  # code of plugins may raise anything; such trials end in errors when they are trained
            return []
        seconds = [watch.time(partial(decide, *one)) for one in trained]
    return list(zip(ended, seconds, strict=True))
