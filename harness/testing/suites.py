"""A tiny suite, and synthetic results with a known threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.components import Cell, Outcome, Regime
from harness.driver.results import Results
from harness.suite import parse_suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.plugin_host.registry import Registry

TINY_SUITE = """\
[suite]
name = "tiny"
seed = 1

[problems]
dataset = "sphere"
n = [8, 12]
d = 6

[budget]
steps = 300
device = "cpu"

[search]
method = "grid"
widths = [2, 4, 8]
trials = 3

[[regimes]]
use = "moderate"
"""
"""A suite that runs in a second, of shipped components only."""


def plain_regime() -> Regime:
    """Return a shallow softplus net whose hidden layer is trained by gradient descent."""
    from harness.builtin.criteria import Quadratic
    from harness.builtin.initializers import LeCun
    from harness.builtin.models import ShallowNet
    from harness.builtin.optimizers import GradientDescent

    return Regime("plain", ShallowNet(), LeCun(), GradientDescent(), Quadratic(), summary="a shallow net")


def synthetic_results(
    registry: Registry,
    *,
    threshold: float = 5.0,
    widths: Sequence[int] = (2, 3, 4, 5, 6, 8, 12),
    trials: int = 40,
    sharpness: float = 8.0,
    seed: int = 0,
) -> Results:
    """Return synthetic results with a known k½.

    A trial of width k fits with probability 1/(1 + (threshold/k)^sharpness), which is ½ at the threshold.

    Args:
        registry: Plugins. The suite uses the regime ``moderate``.
        threshold: Width at which half of the trials fit.
        widths: Tried widths.
        trials: Number of trials at each width.
        sharpness: Power of k by which the odds of a fit grow.
        seed: Seed of the draws.

    Returns:
        The results.
    """
    suite = parse_suite(TINY_SUITE.replace("[8, 12]", "12"), registry)
    rng = np.random.Generator(np.random.Philox(key=seed))
    rungs = len(suite.budget.tolerances)
    (regime,), (n,), (d,) = suite.regimes, suite.n, suite.d
    outcomes = {}
    for k in widths:
        chance = 1.0 / (1.0 + math.pow(threshold / k, sharpness))
        fits = rng.random(trials) < chance
        outcomes[Cell(regime.name, n, d, k)] = tuple(
            Outcome(
                seed=i,
                hits=tuple(100 if fit else None for _ in range(rungs)),
                steps=100 if fit else suite.budget.steps,
                measure=1e-4 if fit else 0.5,
            )
            for i, fit in enumerate(map(bool, fits))
        )
    return Results(suite, registry, outcomes, {"versions": {}, "plugins": {}, "device": "cpu"})
