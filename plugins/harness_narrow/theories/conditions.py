"""Conditions that theorems of this plugin alone ask for, checked on the actual problem and regime."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness import Activation, Assumption, Problem, Regime, ResidualCriterion
from harness.builtin.initializers import MirroredLeCun
from harness.claims.conditions import from_a_density, started
from harness.mathematics.spectra import extreme_cosines
from harness_narrow.optimizers import Projected

mirrored = started("mirrored LeCun pairs at the start", lambda start: isinstance(start, MirroredLeCun))


def general_position(problem: Problem) -> Assumption:
    """Check for general position, no more than d inputs on any hyperplane: almost sure if they have a density."""
    checked = from_a_density(problem)
    return Assumption("inputs in general position", checked.holds, checked.found)


def drawn_on_the_sphere(problem: Problem) -> Assumption:
    """Check that the inputs were drawn uniformly on the sphere, by the data set's name alone."""
    holds = True if problem.dataset == "sphere" else None
    return Assumption("inputs uniform on the sphere", holds, "" if holds else f"dataset {problem.dataset!r}")


def dispersed(problem: Problem) -> Assumption:
    """Report how far apart the inputs are. The theorem's own condition is not known."""
    low, high = extreme_cosines(problem.x)
    return Assumption("inputs well dispersed", None, f"cosines {low:.2g} to {high:.2g}")


def very_high_dimension(problem: Problem) -> Assumption:
    """Check d ≥ n², the least that d ≥ C k n² can mean."""
    met = problem.d >= problem.n**2
    return Assumption("d ≥ C k n²", None if met else False, f"d = {problem.d}, n² = {problem.n**2}")


def binary_labels(problem: Problem) -> Assumption:
    """Check for labels ±1."""
    values = len(np.unique(problem.y))
    holds = bool(np.all(np.abs(problem.y) == 1.0))
    return Assumption("labels ±1", holds, "" if holds else f"{values} distinct labels")


def analytic(activation: Activation) -> Assumption:
    """Check that φ is analytic and not a polynomial."""
    return Assumption("φ analytic, no polynomial", activation.analytic, activation.name)


def biases(regime: Regime) -> Assumption:
    """Check that the net has biases."""
    holds = regime.model.describe().biases
    return Assumption("biases", holds, "" if holds else "none")


def constrained(regime: Regime) -> Assumption:
    """Check for the constrained problem."""
    holds = isinstance(regime.optimizer, Projected)
    return Assumption("w near w⁰, v in mirrored pairs", holds, "" if holds else regime.optimizer.name)


def noise_in_the_loss(regime: Regime) -> Assumption:
    """Check that the activations have multiplicative noise with a density, drawn once and thus a part of the loss."""
    noise = regime.model.activation_noise()
    if noise is None:
        found = "none"
    elif noise.fresh:
        found = "drawn anew at each step"
    else:
        found = "" if noise.has_density() else f"{noise.kind} has no density"
    return Assumption("multiplicative noise on the activations", not found, found)


def linear(regime: Regime) -> Assumption:
    """Check that the net is linearised."""
    return Assumption("net linear in its weights", regime.model.linear())


def classifier(regime: Regime) -> Assumption:
    """Check for a loss of classes. Which one the theorem has is not known for certain."""
    residual = isinstance(regime.criterion, ResidualCriterion)
    return Assumption("loss of a classifier", False if residual else None, regime.criterion.name)


def pairs_with_variances(regime: Regime) -> Assumption:
    """Report the initializer. The variances of the theorem are not known for certain."""
    return Assumption("pairs at the start, of their variances", None, regime.initializer.name)


def other_activation(name: str) -> Callable[[Activation], Assumption]:
    """Return a report that the theorem has an activation that the harness has not."""
    return lambda activation: Assumption(f"φ {name}", False, activation.name)


def other_algorithm(text: str) -> Callable[[Regime], Assumption]:
    """Return a report that the theorem has an algorithm of its own, which the regime does not use."""
    return lambda regime: Assumption(text, False, regime.optimizer.name)
