"""Conditions that theorems of this plugin alone ask for, checked on the actual problem and regime."""

from __future__ import annotations

import numpy as np

from harness import Activation, Array, Assumption, Problem, Regime, ResidualCriterion, Weights
from harness.builtin.initializers import GaussianHalves, He, LeCun, Xavier
from harness.claims.conditions import on_different_lines, started
from harness.mathematics.kernels import mu
from harness.mathematics.spectra import has_unit_rows, khatri_rao_sigma_min, operator_norm, rank

gaussian_hidden_layer = started("W₀ ~ N(0, 1)", lambda start: isinstance(start, GaussianHalves) and start.sigma == 1.0)
gaussian_halves = started(
    "W₀ ~ N(0, 1), v = ±‖y‖/√(kn) half and half",
    lambda start: isinstance(start, GaussianHalves) and start.sigma == 1.0 and start.output is None,
)


def uniform_on_the_sphere(problem: Problem) -> Assumption:
    """Check that the inputs are uniform on the unit sphere, as far as one draw shows.

    Other norms, two inputs on one line and inputs in a subspace have probability 0 there.
    """
    text, found = "inputs uniform on the sphere", f"dataset {problem.dataset!r}"
    if problem.dataset == "sphere":
        return Assumption(text, True)
    if not has_unit_rows(problem.x):
        return Assumption(text, False, f"{found}, norms other than 1")
    if not on_different_lines(problem).holds:
        return Assumption(text, False, f"{found}, two inputs on one line")
    spanned = rank(problem.x)
    if spanned < min(problem.n, problem.d):
        return Assumption(text, False, f"{found}, rank {spanned}")
    return Assumption(text, None, found)


def khatri_rao_full_rank(problem: Problem) -> Assumption:
    """Check σ_min(X*X) > 0, which fails for n > d(d + 1)/2 and for parallel or antipodal inputs."""
    sigma = khatri_rao_sigma_min(problem.x)
    return Assumption("X*X of full rank n ≤ d(d+1)/2", sigma > 0, f"σ_min(X*X) = {sigma:.3g}")


def nonzero_mu(activation: Activation) -> Assumption:
    """Check μ_φ ≠ 0, which fails for odd φ and the sigmoid."""
    value = mu(activation)
    return Assumption("μ_φ = E[gφ'(g)] ≠ 0", value != 0, f"μ_φ = {value:.4g}")


def labels_not_zero(problem: Problem) -> Assumption:
    """Check ‖y‖ > 0. The output weights of the theorem are proportional to it."""
    norm = float(np.linalg.norm(problem.y))
    return Assumption("y ≠ 0", norm > 0, f"‖y‖ = {norm:.3g}")


def independent_neurons(regime: Regime) -> Assumption:
    """Check that W₀ has a density, so that its rows are in general position. Mirrored pairs have none."""
    start = regime.initializer
    known = isinstance(start, (GaussianHalves, LeCun, He, Xavier))
    return Assumption("W₀ from a density", True if known else False if start.width_step > 1 else None, start.name)


def step_at_most(
    text: str, multiple: float, safe: float, problem: Problem, regime: Regime, *, theories: str
) -> Assumption:
    """Check the step size η of loss ½‖f − y‖² against a theorem's largest.

    Args:
        text: How the theorem writes its largest step.
        multiple: A number m such that the largest step is never above m/λ_max(J₀J₀ᵀ).
        safe: A step that the theorem surely allows on this problem.
        problem: The problem, for the scale of the loss.
        regime: The regime, for its step size.
        theories: Beginning of the names of the theories that give the theorem's step, which the regime may take.
    """
    optimizer, criterion = regime.optimizer, regime.criterion
    text = f"step size ≤ {text}"
    if optimizer.step_size == "theory":
        own = regime.theory.rpartition(":")[2].startswith(theories)
        return Assumption(text, True if own else None, f"step of {regime.theory}")
    if optimizer.step_size == "stable":
        return Assumption(text, False if optimizer.c > multiple else None, f"{optimizer.c:g}/λ_max(J₀J₀ᵀ)")
    scale = criterion.curvature(problem.n) if isinstance(criterion, ResidualCriterion) else 1.0
    step = float(optimizer.step_size) * scale
    return Assumption(text, True if step <= safe else None, f"{step:.3g} against {safe:.3g}")


def jacobian_bound(x: Array, weights: Weights, bound: float) -> float:
    """Return B‖v‖‖X‖ ≥ ‖∂f/∂W‖ everywhere if |φ'| ≤ B. With hidden biases, X has a column of ones."""
    inputs = np.column_stack([x, np.ones(len(x))]) if "b" in weights else x
    return bound * float(np.linalg.norm(weights["v"])) * operator_norm(inputs)
