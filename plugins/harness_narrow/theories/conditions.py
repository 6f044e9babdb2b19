"""What the theorems ask for, checked on the actual problem and regime."""

from __future__ import annotations

import math

import numpy as np

from harness import ACTIVATIONS, Activation, Assumption, Problem, Regime, ResidualCriterion
from harness.builtin.initializers import MirroredLeCun
from harness.spectra import extreme_cosines
from harness_narrow.optimizers import Projected

DENSITIES = ("sphere", "gaussian", "cube-sphere")
"""Datasets whose inputs come from a density, on the sphere or in space: they are almost surely in general position."""

MANY = 10**9


def groups(problem: Problem) -> int:
    """Return ⌈n/d⌉."""
    return math.ceil(problem.n / problem.d)


def ratio(problem: Problem) -> float:
    """Return n/d, 1 where there are fewer samples than dimensions."""
    return max(problem.n / problem.d, 1.0)


def activation_of(regime: Regime) -> Activation | None:
    """Return the activation of a shallow net, None for other models."""
    traits = regime.model.describe()
    return ACTIVATIONS.get(traits.activation) if traits.shallow and traits.activation else None


def named(regime: Regime, activation: str, trains: str) -> bool:
    """Say whether the regime is a shallow net of this activation with these layers trained."""
    found = activation_of(regime)
    return found is not None and found.name == activation and regime.model.describe().trains == trains


def stochastic(regime: Regime) -> bool:
    """Say whether steps of the regime see a part of the samples only."""
    return regime.optimizer.batch_size(MANY) < MANY


def from_a_density(problem: Problem) -> Assumption:
    """Check that the inputs come from a density, as far as one draw can tell."""
    distinct = len(np.unique(problem.x, axis=0))
    holds = False if distinct < problem.n else True if problem.dataset in DENSITIES else None
    found = f"{distinct} distinct inputs of {problem.n}" if distinct < problem.n else ""
    return Assumption("inputs from a density", holds, found or ("" if holds else f"dataset {problem.dataset!r}"))


def general_position(problem: Problem) -> Assumption:
    """Check for general position: no more than d inputs on any hyperplane."""
    checked = from_a_density(problem)
    return Assumption("inputs in general position", checked.holds, checked.found)


def on_the_sphere(problem: Problem) -> Assumption:
    """Check that the inputs are uniform on the sphere."""
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


def quadratic_loss(regime: Regime) -> Assumption:
    """Check that the loss is a multiple of ‖f − y‖²."""
    return Assumption("quadratic loss", isinstance(regime.criterion, ResidualCriterion), regime.criterion.name)


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
