"""Activations φ with their derivatives and the constants that theorems use, in float64 NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.components import Array

LEAKY_SLOPE = 0.1
"""Slope of the leaky ReLU for negative arguments."""


@dataclass(frozen=True)
class Activation:
    """An activation φ: R → R.

    Attributes:
        name: What suites write.
        phi: φ on arrays.
        dphi: φ' on arrays; at a kink the slope from the left, so that ReLU'(0) = 0.
        b1: sup |φ'|.
        b2: sup |φ''|; infinite where φ has a kink.
        smooth: Whether φ is twice differentiable everywhere. Those that are here are analytic, not polynomial.
        odd: Whether φ(−z) = −φ(z).
        homogeneous: Whether φ(az) = aφ(z) for a > 0.
    """

    name: str
    phi: Callable[[Array], Array] = field(repr=False)
    dphi: Callable[[Array], Array] = field(repr=False)
    b1: float
    b2: float
    smooth: bool = True
    odd: bool = False
    homogeneous: bool = False

    @property
    def bound(self) -> float:
        """Return B = max(sup |φ'|, sup |φ''|), the one constant of several theorems.

        >>> ACTIVATIONS["softplus"].bound, ACTIVATIONS["relu"].bound
        (1.0, inf)
        """
        return max(self.b1, self.b2)


def _erf(z: Array) -> Array:
    from scipy.special import erf  # takes longer to import than most theories to evaluate

    values: Array = erf(z)
    return values


def _sigmoid(z: Array) -> Array:
    values: Array = np.exp(-np.logaddexp(0.0, -z))
    return values


def _softplus(z: Array) -> Array:
    return np.logaddexp(0.0, z)


def _sigmoid_slope(z: Array) -> Array:
    slope: Array = np.exp(-np.logaddexp(0.0, -z) - np.logaddexp(0.0, z))
    return slope


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _step(z: Array) -> Array:
    return np.where(z > 0, 1.0, 0.0)


def _leaky(z: Array) -> Array:
    return np.where(z > 0, z, LEAKY_SLOPE * z)


def _leaky_slope(z: Array) -> Array:
    return np.where(z > 0, 1.0, LEAKY_SLOPE)


def _tanh_slope(z: Array) -> Array:
    # 1 − tanh² loses all digits where tanh is 1 to rounding, 4σ(2z)σ(−2z) none.
    return 4.0 * _sigmoid_slope(2.0 * z)


def _density(z: Array) -> Array:
    values: Array = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return values


def _distribution(z: Array) -> Array:
    from scipy.special import ndtr

    values: Array = ndtr(z)
    return values


def _gelu(z: Array) -> Array:
    return z * _distribution(z)


def _gelu_slope(z: Array) -> Array:
    return _distribution(z) + z * _density(z)


def _silu(z: Array) -> Array:
    return z * _sigmoid(z)


def _silu_slope(z: Array) -> Array:
    return _sigmoid(z) + z * _sigmoid_slope(z)


def _erf_slope(z: Array) -> Array:
    slope: Array = 2.0 / np.sqrt(np.pi) * np.exp(-z * z)
    return slope


# At z = √2 the slope of the GELU is Φ(√2) + √2 φ(√2); that of the SiLU is largest where z tanh(z/2) = 2.
_GELU_B1 = 0.5 * (1.0 + math.erf(1.0)) + math.exp(-1.0) / math.sqrt(math.pi)
_SILU_B1 = 1.0998393201288668

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("softplus", _softplus, _sigmoid, 1.0, 0.25),
        Activation("relu", _relu, _step, 1.0, np.inf, smooth=False, homogeneous=True),
        Activation("leaky-relu", _leaky, _leaky_slope, 1.0, np.inf, smooth=False, homogeneous=True),
        Activation("tanh", np.tanh, _tanh_slope, 1.0, 4.0 / (3.0 * 3.0**0.5), odd=True),
        Activation("gelu", _gelu, _gelu_slope, _GELU_B1, (2.0 / np.pi) ** 0.5),
        Activation("silu", _silu, _silu_slope, _SILU_B1, 0.5),
        Activation("sigmoid", _sigmoid, _sigmoid_slope, 0.25, 1.0 / (6.0 * 3.0**0.5)),
        Activation("erf", _erf, _erf_slope, 2.0 / np.pi**0.5, 2.0 * (2.0 / (math.pi * math.e)) ** 0.5, odd=True),
        Activation("sin", np.sin, np.cos, 1.0, 1.0, odd=True),
    )
}
"""The activations by name."""
