"""A plugin with a GELU of its own, copied from the shipped one: arrays, tensors, C++ and Triton."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import ndtr

from harness import Activation, Array, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class OwnGelu(Activation):
    """φ(z) = zΦ(z) with the normal distribution Φ."""

    name: ClassVar[str] = "own-gelu"
    b1: ClassVar[float] = 0.5 * (1.0 + math.erf(1.0)) + math.exp(-1.0) / math.sqrt(math.pi)
    b2: ClassVar[float] = (2.0 / math.pi) ** 0.5
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return zΦ(z)."""
        return z * ndtr(z)

    def dphi(self, z: Array) -> Array:
        """Return Φ(z) + z exp(−z²/2)/√(2π)."""
        return ndtr(z) + z * (np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))

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
        """Return both, from one tail of the distribution."""
        return """
            vec gauss;
            const vec tail = half_erfc(z, real(0.7071067811865476), gauss);
            const vec cdf = choose(z > real(0), real(1) - tail, tail);
            phi = z * cdf;
            slope = cdf + z * gauss * real(0.3989422804014327);
        """

    def triton(self) -> str:
        """Return both, from one Φ(z)."""
        return """
            distribution = 0.5 + 0.5 * tl.erf(z * 0.7071067811865476)
            phi = z * distribution
            slope = distribution + z * tl.exp(-0.5 * z * z) * 0.3989422804014327
        """


@hookimpl
def harness_activations() -> Iterable[type[Activation]]:
    """Provide the copy."""
    return [OwnGelu]
