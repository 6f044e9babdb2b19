"""The conditions that the theorems share, checked on the actual problem and regime."""

from __future__ import annotations

import numpy as np

from harness import ACTIVATIONS, Activation, Array, Assumption, Problem, Regime, ResidualCriterion, Weights
from harness.builtin.initializers import GaussianHalves, He, LeCun, Xavier
from harness.kernels import mu
from harness.spectra import extreme_cosines, has_unit_rows, khatri_rao_sigma_min, operator_norm

_PARALLEL = 1.0 - 1e-12


def activation_of(regime: Regime) -> Activation | None:
    """Return the activation of a shallow net, None for other models."""
    traits = regime.model.describe()
    return ACTIVATIONS.get(traits.activation) if traits.shallow and traits.activation else None


def stochastic(regime: Regime) -> bool:
    """Say whether steps of the regime see a part of the samples only."""
    many = 10**9
    return regime.optimizer.batch_size(many) < many


def unit_rows(problem: Problem) -> Assumption:
    """Check ‖x_i‖ = 1."""
    norms = np.linalg.norm(problem.x, axis=1)
    holds = has_unit_rows(problem.x)
    return Assumption("inputs of norm 1", holds, "" if holds else f"norms {norms.min():.3g} to {norms.max():.3g}")


def on_the_sphere(problem: Problem) -> Assumption:
    """Check that the inputs are uniform on the unit sphere, as far as one draw can tell.

    Other norms, two inputs on one line and inputs in a subspace have probability 0 there.
    """
    text, found = "inputs uniform on the sphere", f"dataset {problem.dataset!r}"
    if problem.dataset == "sphere":
        return Assumption(text, True)
    if not has_unit_rows(problem.x):
        return Assumption(text, False, f"{found}, norms other than 1")
    if not general_position(problem):
        return Assumption(text, False, f"{found}, two inputs on one line")
    rank = int(np.linalg.matrix_rank(problem.x))
    if rank < min(problem.n, problem.d):
        return Assumption(text, False, f"{found}, rank {rank}")
    return Assumption(text, None, found)


def khatri_rao_full_rank(problem: Problem) -> Assumption:
    """Check σ_min(X*X) > 0, which fails for n > d(d + 1)/2 and for parallel or antipodal inputs."""
    sigma = khatri_rao_sigma_min(problem.x)
    return Assumption("X*X of full rank n ≤ d(d+1)/2", sigma > 0, f"σ_min(X*X) = {sigma:.3g}")


def quadratic_in_n(problem: Problem) -> Assumption:
    """Check n ≤ d(d + 1)/2, the most that n ≤ c d² can mean."""
    most = problem.d * (problem.d + 1) // 2
    return Assumption("n ≤ d(d+1)/2", problem.n <= most, f"n = {problem.n}, d(d+1)/2 = {most}")


def distinct_inputs(problem: Problem) -> Assumption:
    """Check that no two inputs point the same way."""
    largest = extreme_cosines(problem.x)[1]
    return Assumption("no two inputs parallel", largest < _PARALLEL, f"largest cosine {largest:.3g}")


def general_position(problem: Problem) -> bool:
    """Say whether no two inputs lie on one line through the origin."""
    least, largest = extreme_cosines(problem.x)
    return max(-least, largest) < _PARALLEL


def smooth(activation: Activation) -> Assumption:
    """Check that φ' and φ'' are bounded."""
    return Assumption(
        "φ', φ'' bounded", activation.smooth, f"sup |φ'| = {activation.b1:.3g}, |φ''| {activation.b2:.3g}"
    )


def relu(activation: Activation) -> Assumption:
    """Check that φ is the ReLU."""
    return Assumption("φ the ReLU", activation.name == "relu", activation.name)


def nonzero_mu(activation: Activation) -> Assumption:
    """Check μ_φ ≠ 0, which fails for odd φ and the sigmoid."""
    value = mu(activation)
    return Assumption("μ_φ = E[gφ'(g)] ≠ 0", value != 0, f"μ_φ = {value:.4g}")


def labels_not_zero(problem: Problem) -> Assumption:
    """Check ‖y‖ > 0; the output weights of the theorem are proportional to it."""
    norm = float(np.linalg.norm(problem.y))
    return Assumption("y ≠ 0", norm > 0, f"‖y‖ = {norm:.3g}")


def without_biases(regime: Regime) -> Assumption:
    """Check that the net has no biases."""
    biases = regime.model.describe().biases
    return Assumption("no biases", not biases, "biases" if biases else "")


def gaussian_hidden_layer(regime: Regime) -> Assumption:
    """Check W₀ ~ N(0, 1)."""
    start = regime.initializer
    holds = isinstance(start, GaussianHalves) and start.sigma == 1.0
    return Assumption("W₀ ~ N(0, 1)", holds, "" if holds else start.name)


def independent_neurons(regime: Regime) -> Assumption:
    """Check that W₀ has a density, so that its rows are in general position; mirrored pairs have none."""
    start = regime.initializer
    known = isinstance(start, (GaussianHalves, LeCun, He, Xavier))
    return Assumption("W₀ from a density", True if known else False if start.width_step > 1 else None, start.name)


def gaussian_halves(regime: Regime) -> Assumption:
    """Check W₀ ~ N(0, 1) and v = ±‖y‖/√(kn), half and half."""
    start = regime.initializer
    holds = isinstance(start, GaussianHalves) and start.sigma == 1.0 and start.output is None
    return Assumption("W₀ ~ N(0, 1), v = ±‖y‖/√(kn) half and half", holds, "" if holds else start.name)


def quadratic_loss(regime: Regime) -> Assumption:
    """Check that the loss is a multiple of ‖f − y‖²."""
    return Assumption("quadratic loss", isinstance(regime.criterion, ResidualCriterion), regime.criterion.name)


def gradient_descent(regime: Regime) -> Assumption:
    """Check for plain gradient descent on all samples."""
    holds = regime.optimizer.heavy_ball() == 0.0 and not stochastic(regime)
    return Assumption("gradient descent, full batch", holds, regime.optimizer.name)


def step_at_most(text: str, multiple: float, safe: float, problem: Problem, regime: Regime) -> Assumption:
    """Check the step size η of loss ½‖f − y‖² against a theorem's largest.

    Args:
        text: How the theorem writes its largest step.
        multiple: A number m such that the largest step is never above m/λ_max(J₀J₀ᵀ).
        safe: A step that the theorem surely allows on this problem.
        problem: The problem, for the scale of the loss.
        regime: The regime, for its step size.
    """
    optimizer, criterion = regime.optimizer, regime.criterion
    text = f"step size ≤ {text}"
    if optimizer.step_size == "theory":
        return Assumption(text, True, f"step of {regime.theory}")
    if optimizer.step_size == "stable":
        return Assumption(text, False if optimizer.c > multiple else None, f"{optimizer.c:g}/λ_max(J₀J₀ᵀ)")
    scale = criterion.curvature(problem.n) if isinstance(criterion, ResidualCriterion) else 1.0
    step = float(optimizer.step_size) * scale
    return Assumption(text, True if step <= safe else None, f"{step:.3g} against {safe:.3g}")


def jacobian_bound(x: Array, weights: Weights, bound: float) -> float:
    """Return B‖v‖‖X‖ ≥ ‖∂f/∂W‖ everywhere if |φ'| ≤ B; with hidden biases, X has a column of ones."""
    inputs = np.column_stack([x, np.ones(len(x))]) if "b" in weights else x
    return bound * float(np.linalg.norm(weights["v"])) * operator_norm(inputs)
