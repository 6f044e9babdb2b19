"""Initializations drawn for a theorem that is evaluated on them, the same at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness import Array, Initializer, Model, Problem
from harness.mathematics.spectra import per_inputs
from harness_train_all.instances import Start, start

if TYPE_CHECKING:
    from harness import Regime

MOST_WORK = 2**31
"""Most multiplications n²k for the products of a network's features that is evaluated."""


def widest(problem: Problem, values: int) -> int:
    """Return the largest width of networks of at most so many feature values n·k that are evaluated in a moment."""
    n = problem.n
    return max(min(values // n, MOST_WORK // n**2), 1)


@per_inputs
def _start_at(x: Array, y: tuple[float, ...], model: Model, initializer: Initializer, k: int) -> Start:
    problem = Problem(x, np.array(y))
    rng = np.random.Generator(np.random.Philox(key=0))  # wider networks begin with the neurons of narrower ones
    activation = model.describe().phi
    assert activation is not None  # the theories ask for shallow nets only
    return start(initializer.draw(model, problem, k, rng), problem, activation)


def start_at(problem: Problem, regime: Regime, k: int) -> Start:
    """Measure the initialization of width k that belongs to the problem; kept for the last calls."""
    step = regime.initializer.width_step
    admissible = -(-k // step) * step
    return _start_at(problem.x, tuple(problem.y.tolist()), regime.model, regime.initializer, admissible)
