"""Conditions of theorems on training both layers, measured on one initialization.

Singular values are bounded from below, residuals and norms from above, with all rounding counted
(:mod:`harness.mathematics.limit.start`). Loss ½‖f − y‖² unless said otherwise. Weights are plain arrays W (k, d) and
v (k,), with biases b (k,) and c where there are any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.start import UP, Errors, largest_by_gram, least_by_gram, residual_norm
from harness.mathematics.spectra import operator_norm, refuse_too_many

if TYPE_CHECKING:
    from harness import Activation, Array, Problem, Weights

BLOCK = 8192
"""Neurons whose features are held at a time."""


def features(weights: Weights, x: Array, activation: Activation) -> Array:
    """Return F = φ(XWᵀ + b), (n, k), with a column of ones where there is an output bias."""
    z = x @ weights["W"].T
    values = activation.phi(z + weights["b"] if "b" in weights else z)
    return np.column_stack([values, np.ones(len(x))]) if "c" in weights else values


def hidden_inputs(weights: Weights, x: Array) -> Array:
    """Return X, with a column of ones where the hidden layer has biases."""
    return np.column_stack([x, np.ones(len(x))]) if "b" in weights else x


@dataclass(frozen=True)
class Start:
    """An initialization as theorems on both layers see it.

    Attributes:
        smallest: a₀ = σ_min(F₀), F₀ = φ(XW₀ᵀ), (n, k), a lower bound; 0 if rank n is not proved.
        largest: σ_max(F₀), an upper bound.
        residual: ‖f₀ − y‖, an upper bound.
        output: ‖v₀‖, an upper bound.
        inputs: ‖X‖, an upper bound.
    """

    smallest: float
    largest: float
    residual: float
    output: float
    inputs: float


def start(weights: Weights, problem: Problem, activation: Activation) -> Start:
    """Measure an initialization, a block of neurons at a time."""
    x, n, k = problem.x, problem.n, len(weights["v"])
    refuse_too_many(n)
    inputs, gram, outputs = hidden_inputs(weights, x), np.zeros((n, n)), np.zeros(n)
    error = size = 0.0  # squares of Frobenius norms
    for first in range(0, k, BLOCK):
        rows = slice(first, first + BLOCK)
        block: Weights = {name: weights[name][rows] for name in weights if name != "c"}
        w = np.column_stack([block["W"], block["b"]]) if "b" in block else block["W"]
        z = inputs @ w.T
        values = activation.phi(z)
        gram += values @ values.T
        outputs += values @ block["v"]
        error += Errors.of(activation, inputs, w).values ** 2
        size += float(np.vdot(values, values))
    columns, more = k, np.abs(problem.y)
    if "c" in weights:
        gram, outputs, columns = gram + 1.0, outputs + weights["c"], k + 1
        more = more + np.abs(weights["c"])
    error, size = math.sqrt(error), math.sqrt(size)
    return Start(
        smallest=least_by_gram(gram, columns, error) if columns >= n else 0.0,
        largest=largest_by_gram(gram, columns, error),
        residual=residual_norm(outputs - problem.y, size, weights["v"], error, more),
        output=float(np.linalg.norm(weights["v"])) * UP,
        inputs=operator_norm(inputs) * UP,
    )


@dataclass(frozen=True)
class D2:
    """Both layers, any φ with |φ'| ≤ B₁, gradient flow on ½‖f − y‖².

    With F₀ = φ(XW₀ᵀ), a₀ = σ_min(F₀) and r = f − y: if
        a₀³ ≥ 8B₁²‖X‖²‖r₀‖(‖v₀‖ + 2‖r₀‖/a₀),
    then ‖r(t)‖ ≤ exp(−a₀²t/4)‖r₀‖ and ½‖∇L‖²/L ≥ a₀²/4 for all t. For φ with a kink: along any solution of the
    differential inclusion for which the chain rule holds.

    Proof. d‖r‖/dt = −rᵀJJᵀr/‖r‖ ≤ −‖Fᵀr‖²/‖r‖ ≤ −σ_min(F)‖Fᵀr‖. While σ_min(F) ≥ a₀/2 this gives
    ∫‖v'‖ = ∫‖Fᵀr‖ ≤ 2‖r₀‖/a₀, hence ‖v‖ ≤ ‖v₀‖ + 2‖r₀‖/a₀, and ∫‖r‖ ≤ 4‖r₀‖/a₀². The other layer moves at
    ‖W'‖_F = ‖diag(v) φ'(XWᵀ)ᵀ diag(r) X‖_F ≤ B₁‖X‖‖v‖‖r‖, so ‖F − F₀‖ ≤ B₁‖X‖∫‖W'‖_F is at most
    4B₁²‖X‖²(‖v₀‖ + 2‖r₀‖/a₀)‖r₀‖/a₀² ≤ a₀/2, and σ_min(F) never leaves [a₀/2, ∞). With biases X and F have a
    column of ones more.

    Attributes:
        sigma: a₀.
        residual: ‖r₀‖.
        output: ‖v₀‖.
        lipschitz: B₁‖X‖.
    """

    sigma: float
    residual: float
    output: float
    lipschitz: float

    @property
    def ratio(self) -> float:
        """Return a₀³ over what it must reach; it grows like k^{3/2}."""
        if self.sigma == 0:
            return 0.0
        reach = self.output + 2.0 * self.residual / self.sigma
        asked = 8.0 * self.lipschitz**2 * self.residual * reach
        return self.sigma**3 / asked if asked > 0 else math.inf

    @property
    def holds(self) -> bool:
        """Whether the test succeeds."""
        return self.ratio >= 1.0

    @property
    def rate(self) -> float:
        """Return a₀²/4, the rate at which the residual decays at least, and the Polyak–Łojasiewicz constant."""
        return self.sigma**2 / 4.0


def d2(weights: Weights, problem: Problem, activation: Activation) -> D2:
    """Measure what certificate D2 asks of an initialization."""
    found = start(weights, problem, activation)
    return D2(found.smallest, found.residual, found.output, activation.b1 * found.inputs)


@dataclass(frozen=True)
class NearIsometry:
    """Condition (9) of Song et al., h(w₀) = O(α_f μ⁶/(β²ν²)), for h = ‖f − y‖², for which α_f = 2.

    With the constants of their Lemma 3: μ = σ_min(F₀), ν = sup|φ'| ‖X‖‖v₀‖ + σ_max(F₀) and
    β = √2 ‖X‖(sup|φ'| + sup|φ''| χ), where χ bounds ‖v‖ along the path and is taken at its start, ‖v₀‖.

    Attributes:
        mu: μ.
        nu: ν.
        beta: β.
        loss: h(w₀) = ‖f₀ − y‖².
    """

    mu: float
    nu: float
    beta: float
    loss: float

    @property
    def ratio(self) -> float:
        """Return 2μ⁶/(β²ν²h(w₀)), which must reach an unknown constant, here 1; it grows like k²."""
        asked = (self.beta * self.nu) ** 2 * self.loss
        return 2.0 * self.mu**6 / asked if asked > 0 else math.inf


def near_isometry(found: Start, activation: Activation) -> NearIsometry:
    """Evaluate Lemma 3 of Song et al. on an initialization; φ must be smooth."""
    return NearIsometry(
        mu=found.smallest,
        nu=activation.b1 * found.inputs * found.output + found.largest,
        beta=math.sqrt(2.0) * found.inputs * (activation.b1 + activation.b2 * found.output),
        loss=found.residual**2,
    )
