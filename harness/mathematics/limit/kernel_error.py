"""A bound of the rounding error of the tangent kernel of a shallow net.

Let K = JJᵀ be exact for float64 weights and inputs, J = [v_j φ'(z_ij) x_i, φ(z_ij)] with z = XWᵀ, and let K̂ be computed
from the products (XXᵀ) ∘ (φ' diag(v²) φ'ᵀ) and φφᵀ. With Ĵ the exact products of the computed φ and φ' and ΔJ = J − Ĵ,

‖K̂ − K‖ ≤ ‖K̂ − ĴĴᵀ‖ + 2‖Ĵ‖‖ΔJ‖ + ‖ΔJ‖².

The first part is at most γ_{k+d+8} tr ĴĴᵀ, as the Frobenius norm of |Ĵ||Ĵ|ᵀ is at most its trace. For the others,
|ẑ − z| ≤ γ_d |X||W|ᵀ, and φ and φ' err by sup |φ'| and sup |φ''| times this and by their own evaluation. Where φ has a
kink at 0, φ' is exact for |ẑ| above the error of z, and may be off by its jump below.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.activations.piecewise import LeakyRelu, Relu
from harness.mathematics.limit.point_rounding import EVALUATION
from harness.mathematics.limit.rounding import TINY, gamma

if TYPE_CHECKING:
    from harness.components import Activation, Array


def kernel_error(
    activation: Activation, kernel: Array, x: Array, w: Array, v: Array | None, output: bool
) -> float | None:
    """Return a bound of ‖K̂ − K‖ in the spectral norm, or None if φ or φ' that it needs has no known Lipschitz constant.

    Args:
        activation: φ.
        kernel: K̂ as computed, (n, n).
        x: Inputs, (n, d), with a last column of ones for hidden biases.
        w: Hidden weights, (k, d), with the hidden biases as a last column.
        v: Output weights, (k,), or None if the hidden layer is not trained.
        output: Whether the output layer is trained.

    >>> from harness.mathematics.activations import ACTIVATIONS
    >>> x, w = np.eye(2), np.eye(2)
    >>> 1e-16 < kernel_error(ACTIVATIONS["relu"], np.eye(2), x, w, None, True) < 1e-13
    True
    """
    kinked = isinstance(activation, Relu | LeakyRelu)
    if (v is not None and not kinked and math.isinf(activation.b2)) or (output and math.isinf(activation.b1)):
        return None
    z = x @ w.T
    error = gamma(x.shape[1] + 1) * (1.0 + 1e-9) * (np.abs(x) @ np.abs(w).T) + TINY
    square = 0.0
    if v is not None:
        off = np.abs(z) <= error if kinked else activation.b2 * error + EVALUATION * max(1.0, activation.b1)
        slopes = np.abs(v) * off * np.linalg.norm(x, axis=1)[:, None]
        square += float(np.sum(slopes**2))
    if output:
        square += float(np.sum((activation.b1 * error + EVALUATION * (1.0 + np.abs(z))) ** 2))
    moved = math.sqrt(square) * (1.0 + 1e-9)
    length = math.sqrt(float(np.linalg.norm(kernel))) * (1.0 + 1e-6)  # the Frobenius norm bounds every eigenvalue
    products = gamma(len(w) + x.shape[1] + 8) * float(np.trace(kernel))
    return float(products + 2.0 * length * moved + moved * moved) * (1.0 + 1e-6)
