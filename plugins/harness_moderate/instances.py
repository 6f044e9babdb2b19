"""Certificates checked on one initialization: tests whose success proves that gradient descent fits the labels.

Loss ½‖f − y‖² throughout, weights as plain arrays W (k, d) and v (k,), with biases b (k,) and c where there are any.
Singular values are bounded from below, and residuals and Lipschitz constants from above, with all rounding counted
(:mod:`harness.mathematics.limit.start`), so that a test that succeeds is a proof about these very float64 numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.start import UP, Errors, least_by_gram, least_singular, residual_norm
from harness.mathematics.spectra import operator_norm

if TYPE_CHECKING:
    from harness import Activation, Array, Problem, Weights


def preactivations(weights: Weights, x: Array) -> Array:
    """Return XWᵀ + b, (n, k)."""
    z: Array = x @ weights["W"].T
    return z + weights["b"] if "b" in weights else z


def features(weights: Weights, x: Array, activation: Activation) -> Array:
    """Return F₀ = φ(XWᵀ + b), (n, k), with a column of ones where there is an output bias."""
    values = activation.phi(preactivations(weights, x))
    return np.column_stack([values, np.ones(len(x))]) if "c" in weights else values


def outputs(weights: Weights, x: Array, activation: Activation) -> Array:
    """Return f(x) = vᵀφ(Wx + b) + c, (n,)."""
    values: Array = activation.phi(preactivations(weights, x)) @ weights["v"]
    return values + weights["c"] if "c" in weights else values


def hidden_inputs(weights: Weights, x: Array) -> Array:
    """Return X, with a column of ones where the hidden layer has biases."""
    return np.column_stack([x, np.ones(len(x))]) if "b" in weights else x


def hidden_gram(weights: Weights, x: Array, activation: Activation) -> Array:
    """Return J₀J₀ᵀ = XXᵀ ∘ (PᵀP), (n, n), with P = diag(v) φ'(WXᵀ), for the weights of the hidden layer."""
    slopes = activation.dphi(preactivations(weights, x)) * weights["v"]
    inputs = hidden_inputs(weights, x)
    return (inputs @ inputs.T) * (slopes @ slopes.T)


def errors(weights: Weights, x: Array, activation: Activation) -> Errors:
    """Return bounds of the rounding errors of XWᵀ + b, φ and φ'."""
    w = np.column_stack([weights["W"], weights["b"]]) if "b" in weights else weights["W"]
    return Errors.of(activation, hidden_inputs(weights, x), w, preactivations(weights, x))


@dataclass(frozen=True)
class D1:
    """The hidden layer alone, φ twice differentiable, gradient descent.

    With σ₀ = σ_min(J₀), r₀ = f₀ − y and L = sup|φ''| ‖v‖_∞ ‖X‖ max_i‖x_i‖: if σ₀² ≥ 8L‖r₀‖, then gradient descent
    of step η = 2/(9‖J₀‖²) has ‖r_t‖ ≤ (1 − ησ₀²/8)^t ‖r₀‖ and ‖W_t − W₀‖_F ≤ 4‖r₀‖/σ₀ for all t.

    Proof. (i) Jᵀu = diag(v) φ'(XWᵀ)ᵀ diag(u) X gives ‖J(W) − J(W')‖ ≤ L‖W − W'‖_F. (ii) As long as
    σ_min(J) ≥ α, ‖J‖ ≤ β with ηβ² ≤ ½ and Lη‖r‖ ≤ ½, Taylor's theorem gives r₊ = (I − ηJJᵀ)r + e with
    ‖e‖ ≤ (L/2)η²‖Jᵀr‖², hence ‖r₊‖ ≤ ‖r‖ − (η/2)‖Jᵀr‖²/‖r‖ ≤ ‖r‖ − (ηα/2)‖Jᵀr‖. (iii) The sum over t bounds
    the path Ση‖Jᵀr‖ by 2‖r₀‖/α. With α = σ₀/2 the path stays in a ball of radius 4‖r₀‖/σ₀, where
    σ_min(J) ≥ σ₀ − L·4‖r₀‖/σ₀ ≥ σ₀/2 = α and ‖J‖ ≤ 1.5‖J₀‖ = β, so that η = 2/(9‖J₀‖²) has ηβ² = ½. (iv) Then
    Lη‖r‖ ≤ (2/(9‖J₀‖²)) σ₀²/8 = σ₀²/(36‖J₀‖²), far below ½, so that a step rounded by a per mille changes nothing.

    Attributes:
        sigma: σ₀, a lower bound.
        largest: ‖J₀‖.
        lipschitz: L, an upper bound.
        residual: ‖r₀‖, an upper bound.
    """

    sigma: float
    largest: float
    lipschitz: float
    residual: float

    @property
    def holds(self) -> bool:
        """Whether the test succeeds."""
        return self.sigma > 0 and self.sigma**2 >= 8.0 * self.lipschitz * self.residual

    @property
    def ratio(self) -> float:
        """Return σ₀²/(8L‖r₀‖), which must reach 1; it grows like √k."""
        threshold = 8.0 * self.lipschitz * self.residual
        return self.sigma**2 / threshold if threshold > 0 else math.inf

    @property
    def step_size(self) -> float:
        """Return η = 2/(9‖J₀‖²)."""
        return 2.0 / (9.0 * self.largest**2)

    @property
    def rate(self) -> float:
        """Return 1 − ησ₀²/8, the factor by which the residual falls at each step at least."""
        return 1.0 - self.step_size * self.sigma**2 / 8.0

    @property
    def radius(self) -> float:
        """Return 4‖r₀‖/σ₀, how far the weights move at most."""
        return 4.0 * self.residual / self.sigma if self.sigma > 0 else math.inf


def d1(weights: Weights, problem: Problem, activation: Activation) -> D1:
    """Measure what certificate D1 asks of an initialization."""
    gram = hidden_gram(weights, problem.x, activation)
    inputs = hidden_inputs(weights, problem.x)
    longest, steepest = float(np.linalg.norm(inputs, axis=1).max()), float(np.abs(weights["v"]).max())
    rounding, terms = errors(weights, problem.x, activation), len(weights["v"]) + inputs.shape[1]
    residual = outputs(weights, problem.x, activation) - problem.y
    more = np.abs(problem.y) + np.abs(weights.get("c", 0.0))
    values = float(np.linalg.norm(activation.phi(preactivations(weights, problem.x))))
    return D1(
        sigma=least_by_gram(gram, terms, steepest * longest * rounding.slopes),
        largest=math.sqrt(float(np.linalg.eigvalsh(gram)[-1])),
        lipschitz=activation.b2 * steepest * operator_norm(inputs) * longest * UP,
        residual=residual_norm(residual, values, weights["v"], rounding.values, more),
    )


def d1_holds(weights: Weights, problem: Problem, activation: Activation) -> bool:
    """Say whether certificate D1 proves that gradient descent on the hidden layer converges from these weights."""
    return d1(weights, problem, activation).holds


@dataclass(frozen=True)
class D3:
    """The output layer alone: linear regression on F₀ = φ(XW₀ᵀ).

    All labels are fitted if and only if σ_min(F₀) > 0, which needs k ≥ n. Gradient descent of step
    η = 1/σ_max² has ‖r_t‖ ≤ (1 − σ_min²/σ_max²)^t ‖r₀‖, as r_{t+1} = (I − ηF₀F₀ᵀ) r_t.

    Attributes:
        sigma: σ_min(F₀), a lower bound, or 0 if rank n is not proved.
        largest: σ_max(F₀).
    """

    sigma: float
    largest: float

    @property
    def holds(self) -> bool:
        """Whether the test succeeds."""
        return self.sigma > 0

    @property
    def step_size(self) -> float:
        """Return η = 1/σ_max²."""
        return 1.0 / self.largest**2

    @property
    def rate(self) -> float:
        """Return 1 − σ_min²/σ_max², the factor by which the residual falls at each step at least."""
        return 1.0 - (self.sigma / self.largest) ** 2


def d3(weights: Weights, problem: Problem, activation: Activation) -> D3:
    """Measure what certificate D3 asks of an initialization."""
    matrix = features(weights, problem.x, activation)
    rounding = errors(weights, problem.x, activation)
    return D3(sigma=least_singular(matrix, rounding.values), largest=float(np.linalg.norm(matrix, 2)))
