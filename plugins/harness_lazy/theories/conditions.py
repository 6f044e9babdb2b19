"""Conditions that theorems of this plugin alone ask for, checked on the actual problem and regime."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness import Activation, Assumption, Initializer, Problem, Regime
from harness.builtin.initializers import GaussianHalves
from harness.claims.conditions import activation_of, started
from harness.mathematics.kernels import angles
from harness.mathematics.spectra import extreme_cosines
from harness_lazy.initializers import Paired, RandomSigns, TangentGaussian
from harness_lazy.models import LazyScaled, Linearized

FAILURE = 0.05
"""Probability with which the random draw of the weights may fail a theorem, where a number is needed."""


random_signs = started("W₀ ~ N(0, 1), v = ±1/√k with random signs", lambda start: _at_one(start, RandomSigns))
paired = started("W₀ ~ N(0, 1) in equal pairs, v = ±1/√k opposite in a pair", lambda start: _at_one(start, Paired))
tangent_gaussian = started("W₀ ~ N(0, 1), v ~ N(0, 1/k)", lambda start: _at_one(start, TangentGaussian))


def _at_one(start: Initializer, kind: type[RandomSigns | Paired | TangentGaussian]) -> bool:
    return isinstance(start, kind) and start.sigma == start.output == 1.0


def activation_around_start(regime: Regime) -> Activation | None:
    """Return φ of a shallow net, also of one that is scaled or linearized around w₀, or None for other models."""
    model = regime.model
    return model.net.activation if isinstance(model, (LazyScaled, Linearized)) else activation_of(regime)


def separation(problem: Problem) -> float:
    """Return δ = min over i ≠ j of min(‖x_i − x_j‖, ‖x_i + x_j‖) for inputs of norm 1.

    >>> separation(Problem(np.eye(2), np.ones(2))) == math.sqrt(2)
    True
    """
    least, largest = extreme_cosines(problem.x)
    closest = max(-least, largest)
    if closest < 1.0 - 1e-6:
        return math.sqrt(2.0 - 2.0 * closest)
    theta = angles(problem.x)[np.triu_indices(problem.n, 1)]  # of near ones the cosine has lost half of the digits
    return 2.0 * math.sin(0.5 * float(np.minimum(theta, math.pi - theta).min()))


def bounded_labels(problem: Problem) -> Assumption:
    """Report max |y_i|. Any labels are bounded, and the larger they are, the larger is the unknown constant."""
    return Assumption("|y_i| bounded by a constant", True, f"max |y_i| = {float(np.abs(problem.y).max()):.3g}")


def equal_sizes(regime: Regime, problem: Problem) -> tuple[float, float, int] | None:
    """Return (σ, a, c) for W₀ ~ N(0, σ²) and v = ±a/√k, k/c of the neurons independent, or None for other weights."""
    start = regime.initializer
    if isinstance(start, RandomSigns):
        return start.sigma, start.output, 1
    if isinstance(start, Paired):
        return start.sigma, start.output, 2
    if isinstance(start, GaussianHalves):
        size = float(np.linalg.norm(problem.y)) / math.sqrt(problem.n) if start.output is None else start.output
        return start.sigma, size, 1
    return None


def of_equal_sizes(regime: Regime, problem: Problem) -> Assumption:
    """Check that W₀ is Gaussian and the entries of v are of one size."""
    holds = equal_sizes(regime, problem) is not None
    return Assumption("W₀ ~ N(0, σ²), v = ±a/√k", holds, "" if holds else regime.initializer.name)


def gaussian_and_signs(regime: Regime) -> Assumption:
    """Check for Gaussian rows and random signs. The scale that the theorem gives W₀ is not known."""
    found = random_signs(regime)
    return Assumption("W₀ Gaussian, v = ±1/√k with random signs", None if found.holds else False, found.found)


def weights_of_the_paper(regime: Regime) -> Assumption:
    """Report the initializer. The scales of the papers on deep nets are not known."""
    return Assumption("weights drawn as in the paper", None, f"{regime.initializer.name}; its scales are not known")


def separated(problem: Problem) -> Assumption:
    """Check that the inputs are separated, δ > 0."""
    apart = separation(problem)
    return Assumption("inputs separated", apart > 0, f"δ = {apart:.3g}; powers of 1/δ are left out")


def smooth_loss(regime: Regime) -> Assumption:
    """Check that the loss is smooth, as far as the criterion bounds its curvature."""
    curvature = regime.criterion.curvature(1)
    return Assumption("smooth loss", True if curvature is not None else None, regime.criterion.name)


def natural_gradient(regime: Regime) -> Assumption:
    """Report the optimizer, which is no natural gradient: the harness has none."""
    return Assumption("natural gradient descent", False, regime.optimizer.name)


def low_rank_labels(problem: Problem) -> Assumption:
    """Report the data set. Which labels are of low rank the abstract does not say."""
    return Assumption("labels in the top eigenspaces of the kernel", None, f"dataset {problem.dataset!r}")


def without_momentum(regime: Regime) -> Assumption:
    """Check for gradient descent or SGD."""
    return Assumption("(stochastic) gradient descent", regime.optimizer.heavy_ball() == 0.0, regime.optimizer.name)


def isotropic(problem: Problem) -> Assumption:
    """Check that the inputs are isotropic, by the data set's name alone."""
    known = True if problem.dataset in ("sphere", "gaussian") else None
    return Assumption("isotropic inputs", known, f"dataset {problem.dataset!r}")


def dimension_of_order_root_n(problem: Problem) -> Assumption:
    """Check d ≥ √n, the least that d ≥ C √n polylog(n) can mean."""
    n, d = problem.n, problem.d
    return Assumption("d ≥ C √n polylog(n)", None if d * d >= n else False, f"d = {d}, √n = {math.sqrt(n):.3g}")


def dimension_at_least(least: int) -> Callable[[Problem], Assumption]:
    """Return a check of the input dimension."""
    return lambda problem: Assumption(f"d ≥ {least}", problem.d >= least, f"d = {problem.d}")


def small_step(text: str, multiple: float | None = None, *, theory: str) -> Callable[[Regime], Assumption]:
    """Return a check of the step size.

    Args:
        text: The theorem's largest step.
        multiple: A number m such that m/λ_max(J₀J₀ᵀ) is the largest step, or above it. None if a constant in it is
            unknown, so that only the theorem's own step is known to be small enough.
        theory: Name of the theorem. The regime may take its step.
    """

    def check(regime: Regime) -> Assumption:
        optimizer, limit = regime.optimizer, f"step size {text}"
        if optimizer.step_size == "theory":
            own = regime.theory.rpartition(":")[2] == theory
            return Assumption(limit, True if own else None, f"step of {regime.theory}")
        if optimizer.step_size == "stable":
            too_large = multiple is not None and optimizer.c > multiple
            return Assumption(limit, False if too_large else None, f"{optimizer.c:g}/λ_max(J₀J₀ᵀ)")
        return Assumption(limit, None, f"{optimizer.step_size:g}")

    return check
