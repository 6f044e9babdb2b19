"""Tangent kernels of the infinitely wide shallow net, for the scales of the initial weights."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from harness import Activation, Array, Positive, Trained
from harness.mathematics.kernels import derivative_kernel, output_kernel
from harness.mathematics.spectra import per_inputs, refuse_too_many, smallest_eigenvalue

HiddenScale = Positive | Literal["lecun", "he"]
"""σ in W ~ N(0, σ²): a number, or ``"lecun"`` for 1/√d and ``"he"`` for √(2/d)."""


def hidden_scale(sigma: HiddenScale, d: int) -> float:
    """Return σ for input dimension d.

    >>> hidden_scale("lecun", 4), hidden_scale(0.3, 4)
    (0.5, 0.3)
    """
    if sigma == "lecun":
        return 1.0 / math.sqrt(d)
    return math.sqrt(2.0 / d) if sigma == "he" else float(sigma)


def limiting_kernel(
    x: Array,
    activation: Activation,
    train: Trained,
    *,
    sigma: HiddenScale = 1.0,
    output: float = 1.0,
    biases: bool = False,
    width: int = 1,
) -> Array:
    """Return K∞ = lim J₀J₀ᵀ, (n, n), of f(x) = (1/√k) Σ_j u_j φ(w_j·x) as k → ∞.

    W has entries N(0, σ²), and u = ±a or N(0, a²):
        hidden layer: a² XXᵀ ∘ E[φ'(Xw) φ'(Xw)ᵀ],  output layer: E[φ(Xw) φ(Xw)ᵀ],  all: their sum,
    the neural tangent kernel of Jacot, Gabriel and Hongler (arXiv 1806.07572). With biases, which start at zero, XXᵀ
    becomes XXᵀ + 1 and E[φφᵀ] becomes E[φφᵀ] + 1.

    Trained is u. Where v = u/√k itself is trained, as in f(x) = vᵀφ(Wx), its part of J₀J₀ᵀ is k times as large: with
    both layers trained that part takes over, and the limit of J₀J₀ᵀ/k is the kernel of the output layer alone.

    Args:
        x: Inputs (n, d).
        activation: φ.
        train: The trained layers.
        sigma: σ.
        output: a.
        biases: Whether the net has biases.
        width: k where v itself is trained, to compare with a net of that width: multiplies the part of the output
            weights (not that of the output bias).

    >>> from harness.mathematics.activations import ACTIVATIONS
    >>> limiting_kernel(np.eye(2), ACTIVATIONS["relu"], "hidden").tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    refuse_too_many(len(x))
    one = 1.0 if biases else 0.0
    drawn = hidden_scale(sigma, x.shape[1]) * x
    kernel: Array = np.zeros((len(x), len(x)))
    if train != "output":
        kernel += output**2 * (x @ x.T + one) * derivative_kernel(drawn, activation)
    if train != "hidden":
        kernel += width * output_kernel(drawn, activation) + one
    return kernel


@per_inputs
def limiting_eigenvalue(
    x: Array, activation: Activation, train: Trained, *, sigma: HiddenScale = 1.0, biases: bool = False
) -> float:
    """Return λ_min of K∞ at a = 1."""
    return smallest_eigenvalue(limiting_kernel(x, activation, train, sigma=sigma, biases=biases))
