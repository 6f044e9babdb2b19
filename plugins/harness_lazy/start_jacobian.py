"""The Jacobian J₀ of a scaled or a linearized net at its initial weights, and its least singular value with a proof."""

from __future__ import annotations

import math

import numpy as np

from harness import Array, Problem, Weights
from harness.mathematics.limit.ball_net import BallNet
from harness.mathematics.limit.rounding import UNIT
from harness.mathematics.limit.start import UP, Errors, least_by_gram, least_by_inverse
from harness_lazy.models import LazyScaled, Linearized

VALUES = 2**22
"""Entries of a Jacobian that are decomposed at once."""


def start_kernel(model: LazyScaled | Linearized, weights: Weights, x: Array) -> Array:
    """Return J₀J₀ᵀ, (n, n), of the net behind a model (at α = 1) at its initial weights.

    (XXᵀ + 1) ∘ (φ' diag(v²) φ'ᵀ) for the hidden layer plus φφᵀ + 1 for the output layer, as trained; the ones are
    there with biases only.
    """
    activation, one = model.net.activation, 1.0 if model.biases else 0.0
    z = x @ weights["W"].T + weights.get("b", 0.0)
    kernel: Array = np.zeros((len(x), len(x)))
    if model.train != "output":
        slopes = activation.dphi(z) * weights["v"]
        kernel += (x @ x.T + one) * (slopes @ slopes.T)
    if model.train != "hidden":
        values = activation.phi(z)
        kernel += values @ values.T + one
    return kernel


def start_jacobian(model: LazyScaled | Linearized, weights: Weights, x: Array, neurons: int | None = None) -> Array:
    """Return J₀, (n, p), of the net behind a model (at α = 1): its columns, or those of the first neurons alone.

    For the hidden layer (v_j φ'(z_ij) x_i, and v_j φ'(z_ij) with biases), then for the output layer φ(z_ij), and a
    column of ones with biases, as trained; z = XWᵀ + b.
    """
    activation, first = model.net.activation, slice(neurons)
    z = x @ weights["W"][first].T + (weights["b"][first] if model.biases else 0.0)
    columns: list[Array] = []
    if model.train != "output":
        inputs = np.column_stack([x, np.ones(len(x))]) if model.biases else x
        slopes = activation.dphi(z) * weights["v"][first]
        columns.append((slopes[:, :, None] * inputs[:, None, :]).reshape(len(x), -1))
    if model.train != "hidden":
        columns += [activation.phi(z), np.ones((len(x), 1 if model.biases else 0))]
    return np.hstack(columns)


def jacobian_error(model: LazyScaled | Linearized, weights: Weights, x: Array, neurons: int | None = None) -> float:
    """Return a bound of ‖Ĵ₀ − J₀‖_F for the J₀ of :func:`start_jacobian`, whose factors are rounded."""
    activation, first = model.net.activation, slice(neurons)
    inputs = np.column_stack([x, np.ones(len(x))]) if model.biases else x
    w, v = weights["W"][first], weights["v"][first]
    w = np.column_stack([w, weights["b"][first]]) if model.biases else w
    z = inputs @ w.T
    rounding = Errors.of(activation, inputs, w, z)
    found = 0.0
    if model.train != "output":
        steepest, longest = float(np.abs(v).max()), float(np.linalg.norm(inputs, axis=1).max())
        products = 4.0 * UNIT * float(np.linalg.norm(activation.dphi(z) * v)) * longest
        found = steepest * longest * rounding.slopes + products
    return math.hypot(found, rounding.values if model.train != "hidden" else 0.0) * UP


def least_singular_value(model: LazyScaled | Linearized, weights: Weights, x: Array) -> float:
    """Return a lower bound of σ_min(J₀) with all rounding counted, or 0 if none is proved.

    From J₀J₀ᵀ at little cost where σ_min is not small. Of a σ_min below about 10⁻⁷ σ_max the square keeps nothing, and
    a right inverse of J₀ itself is taken; of wide nets of about :data:`VALUES` entries of it, or 2n columns where
    these are more, as further columns never lower σ_min.
    """
    n, d = x.shape
    terms = len(weights["v"]) + d + 1
    if (found := least_by_gram(start_kernel(model, weights, x), terms, jacobian_error(model, weights, x))) > 0:
        return found
    columns = max(2 * n, VALUES // n)
    neurons = math.ceil(columns / (1 if model.train == "output" else d))
    return least_by_inverse(start_jacobian(model, weights, x, neurons), jacobian_error(model, weights, x, neurons))


def has_rank_n(model: LazyScaled | Linearized, weights: Weights, x: Array) -> bool:
    """Say whether J₀ is proved to have rank n."""
    return least_singular_value(model, weights, x) > 0


def ball_net(model: LazyScaled | Linearized, weights: Weights, problem: Problem) -> BallNet | None:
    """Return the net behind a model in ball arithmetic, or None if φ is not known there or the net is too large."""
    own = {name: weights[name] for name in (("W", "v", "b", "c") if model.biases else ("W", "v"))}
    return BallNet.of(own, problem.x, problem.y, model.net.activation)
