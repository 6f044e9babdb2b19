"""Activations made from the logistic function σ(z) = 1/(1 + e^{−z}): softplus, sigmoid, SiLU and tanh."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.components import Activation, Array

if TYPE_CHECKING:
    from torch import Tensor

_LINEAR_ABOVE = 40.0
"""Argument above which softplus is z to float64 accuracy. The default of torch, 20, is enough for float32 only."""


def _sigmoid(z: Array) -> Array:
    values: Array = np.exp(-np.logaddexp(0.0, -z))
    return values


def _sigmoid_slope(z: Array) -> Array:
    slope: Array = np.exp(-np.logaddexp(0.0, -z) - np.logaddexp(0.0, z))
    return slope


class Softplus(Activation):
    """φ(z) = log(1 + e^z)."""

    name: ClassVar[str] = "softplus"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 1.0
    b2: ClassVar[float] = 0.25
    b3: ClassVar[float] = 1.0 / (6.0 * 3.0**0.5)
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return log(1 + e^z)."""
        return np.logaddexp(0.0, z)

    def dphi(self, z: Array) -> Array:
        """Return σ(z)."""
        return _sigmoid(z)

    def d2phi(self, z: Array) -> Array:
        """Return σ(z)σ(−z)."""
        return _sigmoid_slope(z)

    def forward(self, z: Tensor) -> Tensor:
        """Return log(1 + e^z)."""
        from torch.nn import functional

        return functional.softplus(z, 1.0, _LINEAR_ABOVE)

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by log(1 + e^z) and ``slope`` by σ(z)."""
        import torch

        torch.sigmoid(z, out=slope)
        torch.ops.aten.softplus.out(z, 1.0, _LINEAR_ABOVE, out=z)

    def cpp(self) -> str:
        """Return both from e^{−|z|} = a/b. The sign is shifted into a mask, as a comparison costs more."""
        return """
            vec a, b, inverse;
            exp_quotient(-magnitude(z), a, b);
            const vec rest = log1p(a, b, inverse);
            const ivec negative = (ivec)z >> (8 * sizeof(real) - 1);
            phi = (vec)((ivec)z & ~negative) + rest;
            slope = inverse * (vec)(((ivec)a & negative) | ((ivec)b & ~negative));
        """

    def triton(self) -> str:
        """Return both from u = e^{−|z|}."""
        return """
            u = tl.exp(-tl.abs(z))
            phi = tl.where(z > 0, z, 0.0) + log1p(u, TERMS)
            slope = tl.where(z > 0, 1.0, u) / (1.0 + u)
        """


class Sigmoid(Activation):
    """φ(z) = σ(z) = 1/(1 + e^{−z})."""

    name: ClassVar[str] = "sigmoid"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 0.25
    b2: ClassVar[float] = 1.0 / (6.0 * 3.0**0.5)
    b3: ClassVar[float] = 0.125  # at 0
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return σ(z)."""
        return _sigmoid(z)

    def dphi(self, z: Array) -> Array:
        """Return σ(z)σ(−z)."""
        return _sigmoid_slope(z)

    def d2phi(self, z: Array) -> Array:
        """Return −φ'(z) tanh(z/2)."""
        return -_sigmoid_slope(z) * np.tanh(0.5 * z)

    def forward(self, z: Tensor) -> Tensor:
        """Return σ(z)."""
        return z.sigmoid()

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by σ(z) and ``slope`` by σ − σ²."""
        import torch

        z.sigmoid_()
        torch.mul(z, z, out=slope)
        torch.sub(z, slope, out=slope)

    def cpp(self) -> str:
        """Return both from one exponential."""
        return "phi = sigmoid(z); slope = phi - phi * phi;"

    def triton(self) -> str:
        """Return both from one exponential."""
        return "phi = sigmoid(z)\nslope = phi * (1.0 - phi)"


class Silu(Activation):
    """φ(z) = zσ(z)."""

    name: ClassVar[str] = "silu"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 1.0998393201288668  # the slope is largest where z tanh(z/2) = 2
    b2: ClassVar[float] = 0.5
    b3: ClassVar[float] = 0.30818151579647913  # at z = 1.0319582417807491, a root of φ''''
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return zσ(z)."""
        return z * _sigmoid(z)

    def dphi(self, z: Array) -> Array:
        """Return σ(z) + zσ'(z)."""
        return _sigmoid(z) + z * _sigmoid_slope(z)

    def d2phi(self, z: Array) -> Array:
        """Return σ'(z)(2 − z tanh(z/2))."""
        return _sigmoid_slope(z) * (2.0 - z * np.tanh(0.5 * z))

    def forward(self, z: Tensor) -> Tensor:
        """Return zσ(z)."""
        from torch.nn import functional

        return functional.silu(z)

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by zσ and ``slope`` by σ + φ(1 − σ)."""
        import torch

        sigma = torch.sigmoid(z)
        z.mul_(sigma)
        torch.neg(sigma, out=slope)
        slope.add_(1.0)
        slope.mul_(z).add_(sigma)

    def cpp(self) -> str:
        """Return both from one exponential."""
        return "const vec sigma = sigmoid(z); phi = z * sigma; slope = sigma + phi * (real(1) - sigma);"

    def triton(self) -> str:
        """Return both from one exponential."""
        return "sigma = sigmoid(z)\nphi = z * sigma\nslope = sigma + phi * (1.0 - sigma)"


class Tanh(Activation):
    """φ(z) = tanh z."""

    name: ClassVar[str] = "tanh"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 1.0
    b2: ClassVar[float] = 4.0 / (3.0 * 3.0**0.5)
    b3: ClassVar[float] = 2.0  # at 0
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True
    odd: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return tanh z."""
        return np.tanh(z)

    def dphi(self, z: Array) -> Array:
        """Return 4σ(2z)σ(−2z). The form 1 − tanh² has no digits left where tanh is 1 to rounding."""
        return 4.0 * _sigmoid_slope(2.0 * z)

    def d2phi(self, z: Array) -> Array:
        """Return −2φ(z)φ'(z)."""
        return -2.0 * np.tanh(z) * self.dphi(z)

    def forward(self, z: Tensor) -> Tensor:
        """Return tanh z."""
        return z.tanh()

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by 2σ(2z) − 1 and ``slope`` by 4σ(2z)σ(−2z).

        This φ is several times cheaper than ``torch.tanh`` on CPUs, and as accurate in absolute terms.
        """
        import torch

        torch.mul(z, -2.0, out=slope)
        slope.sigmoid_()
        z.mul_(2.0).sigmoid_()
        slope.mul_(z).mul_(4.0)
        z.mul_(2.0).sub_(1.0)

    def cpp(self) -> str:
        """Return both from u = e^{−2|z|}. The form 1 − φ² has no digits left where φ is 1 to rounding."""
        return """
            const vec u = exp_negative(magnitude(z) * real(-2));
            const vec t = real(2) / (u + real(1));
            const vec size = (real(0.5) - real(0.5) * u) * t;
            phi = (vec)((ivec)size | ((ivec)z & SIGN));
            slope = u * t * t;
        """

    def triton(self) -> str:
        """Return both from u = e^{−2|z|}."""
        return """
            u = tl.exp(-2.0 * tl.abs(z))
            size = (1.0 - u) / (1.0 + u)
            phi = tl.where(z < 0, -size, size)
            slope = 4.0 * u / ((1.0 + u) * (1.0 + u))
        """
