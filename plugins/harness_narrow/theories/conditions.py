"""What the theorems ask for, checked on the actual problem and regime."""

from __future__ import annotations

import math

import numpy as np

from harness import Assumption, Problem, Regime
from harness.builtin.initializers import MirroredLeCun
from harness.claims.conditions import activation_of, from_a_density
from harness.mathematics.spectra import extreme_cosines
from harness_narrow.optimizers import Projected


def groups(problem: Problem) -> int:
    """Return ⌈n/d⌉."""
    return math.ceil(problem.n / problem.d)


def ratio(problem: Problem) -> float:
    """Return n/d, 1 where there are fewer samples than dimensions."""
    return max(problem.n / problem.d, 1.0)


def named(regime: Regime, activation: str, trains: str) -> bool:
    """Say whether the regime is a shallow net of this activation with these layers trained."""
    found = activation_of(regime)
    return found is not None and found.name == activation and regime.model.describe().trains == trains


def general_position(problem: Problem) -> Assumption:
    """Check for general position, no more than d inputs on any hyperplane: almost sure where they have a density."""
    checked = from_a_density(problem)
    return Assumption("inputs in general position", checked.holds, checked.found)


def drawn_on_the_sphere(problem: Problem) -> Assumption:
    """Check that the inputs were drawn uniformly on the sphere, by the data set's name alone."""
    holds = True if problem.dataset == "sphere" else None
    return Assumption("inputs uniform on the sphere", holds, "" if holds else f"dataset {problem.dataset!r}")


def dispersed(problem: Problem) -> Assumption:
    """Report how far apart the inputs are; what the theorem needs is not known."""
    low, high = extreme_cosines(problem.x)
    return Assumption("inputs well dispersed", None, f"cosines {low:.2g} to {high:.2g}")


def binary_labels(problem: Problem) -> Assumption:
    """Check for labels ±1."""
    values = len(np.unique(problem.y))
    holds = bool(np.all(np.abs(problem.y) == 1.0))
    return Assumption("labels ±1", holds, "" if holds else f"{values} distinct labels")


def analytic(regime: Regime) -> Assumption:
    """Check that φ is analytic and not a polynomial."""
    activation = activation_of(regime)
    found = "" if activation is None else activation.name
    return Assumption("φ analytic, no polynomial", activation is not None and activation.smooth, found)


def biases(regime: Regime) -> Assumption:
    """Check that the net has biases."""
    holds = regime.model.describe().biases
    return Assumption("biases", holds, "" if holds else "none")


def constrained(regime: Regime) -> Assumption:
    """Check for the constrained problem."""
    holds = isinstance(regime.optimizer, Projected)
    return Assumption("w near w⁰, v in mirrored pairs", holds, "" if holds else regime.optimizer.name)


def mirrored(regime: Regime) -> Assumption:
    """Check for mirrored pairs at the start."""
    start = regime.initializer
    holds = isinstance(start, MirroredLeCun)
    return Assumption("mirrored LeCun pairs at the start", holds, "" if holds else start.name)


def algorithm(text: str, regime: Regime) -> Assumption:
    """Say that the theorem has an algorithm of its own, which the regime's is not."""
    return Assumption(text, False, regime.optimizer.name)
