"""The number of steps until trials fit, measured once for a kind of trial on a machine.

A few trials are trained at two widths, in starting widths of their regime, and at a larger d. Between and beyond, the
number of steps is a power of the width, and of d likewise. It is in proportion to n where the step size is computed:
a stable step is in inverse proportion to λ_max(J₀J₀ᵀ), which grows with n, while the small eigenvalues, along which the
residual decays last, do not. Where the step size is a number, it is in inverse proportion to the criterion's curvature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median_high
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.engine.costs import Costs
    from harness.engine.setting import Setting

N, D, LARGER = 48, 8, 16
"""Number of samples of the trials that are trained, and their dimensions."""

NARROW, WIDE = 1.5, 3.0
"""Their widths, in starting widths."""

TRIALS = 4
"""Number of trials at each width."""

LEAST_POWER = 0.25
"""Least power of the width in which the number of steps is taken to fall, where the width decides which trials fit."""

SECONDS = 0.5
"""Time of the trials of a width, in seconds, by which their steps are limited."""

MOST_STEPS = 30_000
"""Most steps of these trials."""


@dataclass(frozen=True)
class Pace:
    """The number of steps until trials of a kind fit.

    Attributes:
        narrow: Median number of steps at ``NARROW`` starting widths, or None if it is more than was tried.
        wide: The same at ``WIDE`` starting widths.
        larger: The same at ``WIDE`` starting widths and dimension ``LARGER``.
        tried: Number of steps that were tried, or 0 if no trials were trained.
        diverged: Median number of steps after which trials diverged, or None if not all of them did.
    """

    narrow: int | None = None
    wide: int | None = None
    larger: int | None = None
    tried: int = 0
    diverged: int | None = None

    def steps(self, setting: Setting, n: int, d: int, width: float) -> float:
        """Return the number of steps until a trial fits, or infinity if it is not known.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
            width: Width, in starting widths.
        """
        if self.wide is None or (self.narrow is None and width < WIDE):
            return math.inf
        power = 0.0 if self.narrow is None else _power(self.narrow / self.wide, WIDE / NARROW)
        return self._wide(setting, n, d) * math.pow(WIDE / width, power)

    def share(self, setting: Setting, n: int, d: int, width: float, fits: float) -> float:
        """Return the mean share of the budget that trials of a width use. Those that do not fit use all, or diverge.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
            width: Width, in starting widths.
            fits: Share of the trials that fit.
        """
        budget = max(setting.regime.optimizer.most_steps(n, setting.steps), 1)
        unfit = 1.0 if self.diverged is None else min(self.diverged / budget, 1.0)
        steps = self.steps(setting, n, d, width)
        return (1.0 - fits) * unfit + fits * (min(steps / budget, 1.0) if math.isfinite(steps) else unfit)

    def reach(self, setting: Setting, n: int, d: int) -> float:
        """Return the width from which trials fit within the budget, in starting widths, or 0 if it is not known.

        Where no trial of ``WIDE`` starting widths fitted in the steps that were tried, it is the least that it can be.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
        """
        budget = max(setting.regime.optimizer.most_steps(n, setting.steps), 1)
        if self.wide is None:  # the number of steps is taken to fall with the width
            more = _growth(setting.regime, n) * self.tried / budget
            return WIDE * more if more > 1.0 else 0.0
        narrow = max(self.tried, self.wide) if self.narrow is None else self.narrow
        power = max(_power(narrow / self.wide, WIDE / NARROW), LEAST_POWER)
        return WIDE * math.pow(self._wide(setting, n, d) / budget, 1.0 / power)

    def scaled(self, setting: Setting, n: int, d: int) -> float:
        """Return the budget at ``N`` samples and dimension ``D`` that is as large as that of a setting at its size.

        Args:
            setting: What is trained.
            n: Number of samples.
            d: Input dimension.
        """
        growth = _growth(setting.regime, n) if self.wide is None else self._wide(setting, n, d) / self.wide
        return setting.steps / growth

    def _wide(self, setting: Setting, n: int, d: int) -> float:
        """Return the number of steps at ``WIDE`` starting widths. Trials must fit there."""
        assert self.wide is not None
        power = 0.0 if self.larger is None else _power(self.wide / self.larger, LARGER / D)
        return _growth(setting.regime, n) * self.wide * math.pow(D / d, power)


def _power(quotient: float, base: float) -> float:
    """Return the power of a base that a quotient is, at least 0."""
    return max(math.log(quotient) / math.log(base), 0.0)


def _growth(regime: Regime, n: int) -> float:
    """Return the factor of the number of steps at n samples, 1 at ``N``."""
    if isinstance(regime.optimizer.step_size, str):
        return n / N
    here, there = regime.criterion.curvature(n), regime.criterion.curvature(N)
    return there / here if here and there else 1.0


def measured_pace(setting: Setting, costs: Costs) -> Pace:
    """Return the pace of a setting's trials. Nothing that is trained is kept.

    The trials of a width end after ``SECONDS``, so that the pace of a slow solver may stay unknown. Trials of models
    without width, and of solvers whose time does not depend on the steps, are not trained.

    Args:
        setting: What is trained. Its dataset must have problems of n = 48 and d = 8 and 16.
        costs: Their costs, which decide how many steps are tried.
    """
    from harness.components import Cell
    from harness.engine.work import train

    regime, solver = setting.regime, setting.solver
    if not regime.model.has_width or (solver is not None and solver.closed_form):
        return Pace()
    regime = replace(regime, diagnostics=())
    step = regime.initializer.width_step
    plain = replace(setting, regime=regime, spectrum=False, limit=False, held_out=0, validation=0)
    found: list[int | None] = []
    ends: list[float] = []
    tried = MOST_STEPS
    for d, width in ((D, NARROW), (D, WIDE), (LARGER, WIDE)):
        k = step * max(round(width * regime.starting_width(N, d) / step), 1)
        each = costs.seconds(replace(plain, steps=1000), N, d, k) / 1000
        most = round(min(max(SECONDS / TRIALS / max(each, 1e-9), 100), MOST_STEPS))
        tried = min(tried, most)
        outcomes = train(replace(plain, steps=most), Cell(regime.name, N, d, k), range(TRIALS))
        hits = [math.inf if (hit := outcome.hits[-1]) is None else max(hit, 1) for outcome in outcomes]
        ends += [max(outcome.steps, 1) if outcome.diverged else math.inf for outcome in outcomes]
        middle = median_high(hits)
        found.append(int(middle) if math.isfinite(middle) else None)
    narrow, wide, larger = found
    diverged = int(median_high(ends)) if all(map(math.isfinite, ends)) else None
    return Pace(narrow, wide, larger, tried, diverged)
