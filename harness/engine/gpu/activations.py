"""φ and φ' of one argument together, on the device; as in the compiled kernel, from one exponential where possible.

Written in Triton's language: what is called here runs on the device.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _tail(u, TERMS: tl.constexpr):
    """Return log(1 + u) for 0 ≤ u ≤ 1: 2 artanh q with q = u/(2 + u) ≤ 1/3, by its series."""
    q = u / (2.0 + u)
    square = q * q
    series = square * 0.0 + 2.0 / (2 * TERMS - 1)
    for i in tl.static_range(1, TERMS):
        series = series * square + 2.0 / (2 * (TERMS - i) - 1)
    return q * series


@triton.jit
def _sigmoid(z):
    u = tl.exp(-tl.abs(z))
    return tl.where(z > 0, 1.0, u) / (1.0 + u)


@triton.jit
def activate(z, ACTIVATION: tl.constexpr, TERMS: tl.constexpr):
    """Return φ(z) and φ'(z).

    Args:
        z: Arguments.
        ACTIVATION: Name in :mod:`harness.mathematics.activations`.
        TERMS: Terms of the logarithm's series: 7 in single precision, 16 in double.
    """
    if ACTIVATION == "softplus":
        u = tl.exp(-tl.abs(z))
        phi = tl.where(z > 0, z, 0.0) + _tail(u, TERMS)
        slope = tl.where(z > 0, 1.0, u) / (1.0 + u)
    elif ACTIVATION == "relu":
        phi = tl.where(z > 0, z, 0.0)
        slope = tl.where(z > 0, z * 0.0 + 1.0, 0.0)
    elif ACTIVATION == "leaky-relu":
        slope = tl.where(z > 0, z * 0.0 + 1.0, 0.1)
        phi = z * slope
    elif ACTIVATION == "tanh":
        u = tl.exp(-2.0 * tl.abs(z))
        size = (1.0 - u) / (1.0 + u)
        phi = tl.where(z < 0, -size, size)
        slope = 4.0 * u / ((1.0 + u) * (1.0 + u))
    elif ACTIVATION == "gelu":
        distribution = 0.5 + 0.5 * tl.erf(z * 0.7071067811865476)
        phi = z * distribution
        slope = distribution + z * tl.exp(-0.5 * z * z) * 0.3989422804014327
    elif ACTIVATION == "silu":
        sigma = _sigmoid(z)
        phi = z * sigma
        slope = sigma + phi * (1.0 - sigma)
    elif ACTIVATION == "sigmoid":
        phi = _sigmoid(z)
        slope = phi * (1.0 - phi)
    elif ACTIVATION == "erf":
        phi = tl.erf(z)
        slope = 1.1283791670955126 * tl.exp(-z * z)
    else:
        tl.static_assert(ACTIVATION == "sin", "unknown activation")
        phi = tl.sin(z)
        slope = tl.cos(z)
    return phi, slope
