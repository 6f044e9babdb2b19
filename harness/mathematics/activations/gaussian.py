"""Activations made from the normal distribution: GELU and the error function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.components import Activation, Array

if TYPE_CHECKING:
    from torch import Tensor


def _density(z: Array) -> Array:
    values: Array = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return values


def _distribution(z: Array) -> Array:
    from scipy.special import ndtr  # takes longer to import than most theories to evaluate

    values: Array = ndtr(z)
    return values


class Gelu(Activation):
    """φ(z) = zΦ(z) with the normal distribution Φ [Hendrycks and Gimpel, arXiv 1606.08415]."""

    name: ClassVar[str] = "gelu"
    tame: ClassVar[bool] = True
    # The slope is largest at z = √2, where it is Φ(√2) + √2 φ(√2).
    b1: ClassVar[float] = 0.5 * (1.0 + math.erf(1.0)) + math.exp(-1.0) / math.sqrt(math.pi)
    b2: ClassVar[float] = (2.0 / math.pi) ** 0.5
    # φ'''(z) = (z³ − 4z) exp(−z²/2)/√(2π) is largest where z⁴ − 7z² + 4 = 0.
    b3: ClassVar[float] = 0.7787696350557323
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return zΦ(z)."""
        return z * _distribution(z)

    def dphi(self, z: Array) -> Array:
        """Return Φ(z) + z exp(−z²/2)/√(2π)."""
        return _distribution(z) + z * _density(z)

    def d2phi(self, z: Array) -> Array:
        """Return (2 − z²) exp(−z²/2)/√(2π)."""
        return (2.0 - z * z) * _density(z)

    def forward(self, z: Tensor) -> Tensor:
        """Return zΦ(z)."""
        from torch.nn import functional

        return functional.gelu(z)

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by φ(z) and ``slope`` by φ'(z), from one Φ(z)."""
        import torch

        cdf = torch.erf(z * math.sqrt(0.5)).mul_(0.5).add_(0.5)
        torch.mul(z, z, out=slope)
        slope.mul_(-0.5).exp_().mul_(1.0 / math.sqrt(2.0 * math.pi)).mul_(z).add_(cdf)
        z.mul_(cdf)

    def cpp(self) -> str:
        """Return both, from one tail of the distribution, which gives the density as well."""
        return """
            vec gauss;
            const vec tail = half_erfc(z, real(0.7071067811865476), gauss);
            const vec cdf = choose(z > real(0), real(1) - tail, tail);
            phi = z * cdf;
            slope = cdf + z * gauss * real(0.3989422804014327);
        """

    def triton(self) -> str:
        """Return both, from one erf, which gives the density as well."""
        return """
            erf, gauss = error_function(z * 0.7071067811865476, TERMS)
            distribution = 0.5 + 0.5 * erf
            phi = z * distribution
            slope = distribution + z * gauss * 0.3989422804014327
        """


class Erf(Activation):
    """φ(z) = erf z, the error function."""

    name: ClassVar[str] = "erf"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 2.0 / math.pi**0.5
    b2: ClassVar[float] = 2.0 * (2.0 / (math.pi * math.e)) ** 0.5
    b3: ClassVar[float] = 4.0 / math.pi**0.5  # at 0
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True
    odd: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return erf z."""
        from scipy.special import erf

        values: Array = erf(z)
        return values

    def dphi(self, z: Array) -> Array:
        """Return 2 exp(−z²)/√π."""
        slope: Array = 2.0 / np.sqrt(np.pi) * np.exp(-z * z)
        return slope

    def d2phi(self, z: Array) -> Array:
        """Return −4z exp(−z²)/√π."""
        return -2.0 * z * self.dphi(z)

    def forward(self, z: Tensor) -> Tensor:
        """Return erf z."""
        return z.erf()

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by erf z and ``slope`` by its derivative."""
        import torch

        torch.mul(z, z, out=slope)
        slope.neg_().exp_().mul_(2.0 / math.sqrt(math.pi))
        z.erf_()

    def cpp(self) -> str:
        """Return both, from one exponential."""
        return "vec gauss; phi = error_function(z, gauss); slope = gauss * real(1.1283791670955126);"

    def triton(self) -> str:
        """Return both, from one exponential."""
        return "phi, gauss = error_function(z, TERMS)\nslope = 1.1283791670955126 * gauss"
