"""The time of trials as a function of their sizes, for a kind of trial on a machine.

A trial takes the time of its preparation, of each step, and of each visit of its diagnostics. Each of the three is a
sum of terms that count operations, such as n d k of a matrix product, with weights that non-negative least squares
fits to a few measured sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.components.recorder import whole_epochs
from harness.engine.operations import PRODUCTS, each_step, full_step, once, takes_products, visits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.components import Regime
    from harness.engine.setting import Setting
    from harness.engine.timed import Timed

FEW, TOGETHER = 2, 8
"""Numbers of networks that are trained together for a timing, as the smallest and largest blocks of a search are."""


@dataclass(frozen=True)
class Costs:
    """The time of a trial of one kind.

    Attributes:
        prepare: Weights of :func:`once` for what is done once a trial, in seconds.
        step: Weights of :func:`each_step` where many networks are trained together, in seconds.
        few: The same for few networks. It is empty where each network is trained by itself.
        visit: Weights of :func:`once` for a visit of the diagnostics, in seconds.
        timed: The times that the weights are fitted to.
    """

    prepare: tuple[float, ...]
    step: tuple[float, ...]
    visit: tuple[float, ...]
    few: tuple[float, ...] = ()
    timed: tuple[Timed, ...] = ()

    @classmethod
    def of(cls, setting: Setting, timed: Sequence[Timed]) -> Costs:
        """Return the costs of a setting's trials by their times at some sizes.

        Args:
            setting: What is trained.
            timed: The times, in seconds by the names of the weights.
        """

        def fit(name: str, counts: Callable[..., NDArray[np.float64]], of: Setting | Regime) -> tuple[float, ...]:
            some = [one for one in timed if name in one.seconds]
            return fitted([counts(of, *one.size) for one in some], [one.seconds[name] for one in some])

        regime = setting.regime
        return cls(
            prepare=fit("prepare", once, setting),
            step=fit("step", each_step, regime),
            visit=fit("visit", once, setting),
            few=fit("few", each_step, regime),
            timed=tuple(timed),
        )

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
            each = alone
            if self.few:
                each += _more_alone(together) * max(counts @ np.array(self.few) - alone, 0.0)
                each = max(each, alone * min(TOGETHER / max(together, 1.0), 1.0))
            total += steps * share * each
        return float(total)


def _more_alone(together: float) -> float:
    """Return the place of 1/together, 0 where many networks are timed and 1 where few are.

    A stack takes the time a + b m of m networks, so a/m + b of each. It is negative where more are trained together.
    """
    return (1.0 / max(together, 1.0) - 1.0 / TOGETHER) / (1.0 / FEW - 1.0 / TOGETHER)


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
