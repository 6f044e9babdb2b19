"""Activations that are not analytic at 0: ReLU, leaky ReLU, squared ReLU, ELU and softsign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.components import Activation, Array, Fraction, Positive

if TYPE_CHECKING:
    from torch import Tensor


class Relu(Activation):
    """φ(z) = max(z, 0)."""

    name: ClassVar[str] = "relu"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 1.0
    b2: ClassVar[float] = math.inf
    homogeneous: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return max(z, 0)."""
        return np.maximum(z, 0.0)

    def dphi(self, z: Array) -> Array:
        """Return 1 where z > 0, else 0."""
        return np.where(z > 0, 1.0, 0.0)

    def d2phi(self, z: Array) -> Array:
        """Return 0."""
        return np.zeros_like(z)

    def forward(self, z: Tensor) -> Tensor:
        """Return max(z, 0)."""
        return z.relu()

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by max(z, 0) and ``slope`` by 1 where z > 0, else 0."""
        import torch

        torch.gt(z, 0.0, out=slope)
        z.relu_()

    def cpp(self) -> str:
        """Return both from one comparison."""
        return """
            const ivec positive = z > real(0);
            phi = choose(positive, z, vec{});
            slope = choose(positive, all(1), vec{});
        """

    def triton(self) -> str:
        """Return both."""
        return "phi = tl.where(z > 0, z, 0.0)\nslope = tl.where(z > 0, z * 0.0 + 1.0, 0.0)"


@dataclass(frozen=True)
class LeakyRelu(Activation):
    """φ(z) = z where z > 0, else az.

    Attributes:
        slope: a, the slope for negative arguments, 0 ≤ a < 1.
    """

    name: ClassVar[str] = "leaky-relu"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 1.0
    b2: ClassVar[float] = math.inf
    homogeneous: ClassVar[bool] = True
    slope: Fraction = 0.1

    def phi(self, z: Array) -> Array:
        """Return z where z > 0, else az."""
        return np.where(z > 0, z, self.slope * z)

    def dphi(self, z: Array) -> Array:
        """Return 1 where z > 0, else a."""
        return np.where(z > 0, 1.0, self.slope)

    def d2phi(self, z: Array) -> Array:
        """Return 0."""
        return np.zeros_like(z)

    def forward(self, z: Tensor) -> Tensor:
        """Return z where z > 0, else az."""
        from torch.nn import functional

        return functional.leaky_relu(z, self.slope)

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by φ(z) and ``slope`` by 1 where z > 0, else a."""
        import torch

        torch.gt(z, 0.0, out=slope)
        slope.mul_(1.0 - self.slope).add_(self.slope)
        z.mul_(slope)

    def cpp(self) -> str:
        """Return both from one comparison."""
        return f"slope = choose(z > real(0), all(1), all(real({self.slope!r}))); phi = z * slope;"

    def triton(self) -> str:
        """Return both."""
        return f"slope = tl.where(z > 0, z * 0.0 + 1.0, {self.slope!r})\nphi = z * slope"


class SquaredRelu(Activation):
    """φ(z) = max(z, 0)². Its slope is unbounded, so no theorem with a bound on φ' applies to it."""

    name: ClassVar[str] = "squared-relu"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = math.inf
    b2: ClassVar[float] = 2.0

    def phi(self, z: Array) -> Array:
        """Return max(z, 0)²."""
        values: Array = np.square(np.maximum(z, 0.0))
        return values

    def dphi(self, z: Array) -> Array:
        """Return 2 max(z, 0)."""
        return 2.0 * np.maximum(z, 0.0)

    def d2phi(self, z: Array) -> Array:
        """Return 2 where z > 0, else 0."""
        return np.where(z > 0, 2.0, 0.0)

    def forward(self, z: Tensor) -> Tensor:
        """Return max(z, 0)²."""
        return z.relu().square()

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by max(z, 0)² and ``slope`` by 2 max(z, 0)."""
        import torch

        z.relu_()
        torch.add(z, z, out=slope)
        z.mul_(z)

    def cpp(self) -> str:
        """Return both from max(z, 0)."""
        return """
            const vec positive = choose(z > real(0), z, vec{});
            phi = positive * positive;
            slope = positive + positive;
        """

    def triton(self) -> str:
        """Return both from max(z, 0)."""
        return "positive = tl.where(z > 0, z, 0.0)\nphi = positive * positive\nslope = positive + positive"


@dataclass(frozen=True)
class Elu(Activation):
    """φ(z) = z where z > 0, else α(e^z − 1) [Clevert, Unterthiner and Hochreiter, arXiv 1511.07289].

    Attributes:
        alpha: α. For α = 1 the slope is continuous; for other values it jumps at 0.
    """

    name: ClassVar[str] = "elu"
    tame: ClassVar[bool] = True
    alpha: Positive = 1.0

    @property
    def b1(self) -> float:
        """Return max(1, α)."""
        return max(1.0, self.alpha)

    @property
    def b2(self) -> float:
        """Return 1 for α = 1, and infinity where there is a kink."""
        return 1.0 if self.alpha == 1.0 else math.inf

    def phi(self, z: Array) -> Array:
        """Return z where z > 0, else α(e^z − 1)."""
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0.0)))

    def dphi(self, z: Array) -> Array:
        """Return 1 where z > 0, else αe^z."""
        return np.where(z > 0, 1.0, self.alpha * np.exp(np.minimum(z, 0.0)))

    def d2phi(self, z: Array) -> Array:
        """Return 0 where z > 0, else αe^z."""
        return np.where(z > 0, 0.0, self.alpha * np.exp(np.minimum(z, 0.0)))

    def forward(self, z: Tensor) -> Tensor:
        """Return z where z > 0, else α(e^z − 1)."""
        from torch.nn import functional

        return functional.elu(z, self.alpha)

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by φ(z) and ``slope`` by φ'(z), as max(z, 0) + α(e − 1) with e = e^{min(z, 0)}."""
        import torch

        below = torch.clamp(z, max=0.0)
        torch.exp(below, out=slope)
        slope.mul_(self.alpha).masked_fill_(z > 0, 1.0)
        z.relu_().add_(below.expm1_(), alpha=self.alpha)

    def cpp(self) -> str:
        """Return both from e^{−|z|}."""
        return f"""
            const vec e = exp_negative(-magnitude(z)) * real({self.alpha!r});
            phi = choose(z > real(0), z, e - real({self.alpha!r}));
            slope = choose(z > real(0), all(1), e);
        """

    def triton(self) -> str:
        """Return both from e^{−|z|}."""
        return f"""
            e = tl.exp(-tl.abs(z)) * {self.alpha!r}
            phi = tl.where(z > 0, z, e - {self.alpha!r})
            slope = tl.where(z > 0, 1.0, e)
        """


class Softsign(Activation):
    """φ(z) = z/(1 + |z|), whose second derivative jumps from 2 to −2 at 0."""

    name: ClassVar[str] = "softsign"
    tame: ClassVar[bool] = True
    b1: ClassVar[float] = 1.0
    b2: ClassVar[float] = 2.0
    odd: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return z/(1 + |z|)."""
        return z / (1.0 + np.abs(z))

    def dphi(self, z: Array) -> Array:
        """Return 1/(1 + |z|)²."""
        return (1.0 + np.abs(z)) ** -2

    def d2phi(self, z: Array) -> Array:
        """Return 2/(1 + |z|)³ with the sign opposite to that of z."""
        return np.where(z > 0, -2.0, 2.0) * (1.0 + np.abs(z)) ** -3

    def forward(self, z: Tensor) -> Tensor:
        """Return z/(1 + |z|)."""
        from torch.nn import functional

        return functional.softsign(z)

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by zt and ``slope`` by t² with t = 1/(1 + |z|)."""
        import torch

        torch.abs(z, out=slope)
        slope.add_(1.0).reciprocal_()
        z.mul_(slope)
        slope.square_()

    def cpp(self) -> str:
        """Return both from one division."""
        return "const vec t = real(1) / (magnitude(z) + real(1)); phi = z * t; slope = t * t;"

    def triton(self) -> str:
        """Return both from one division."""
        return "t = 1.0 / (1.0 + tl.abs(z))\nphi = z * t\nslope = t * t"
