"""The sine."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.components import Activation, Array

if TYPE_CHECKING:
    from torch import Tensor


class Sin(Activation):
    """φ(z) = sin z."""

    name: ClassVar[str] = "sin"
    b1: ClassVar[float] = 1.0
    b2: ClassVar[float] = 1.0
    b3: ClassVar[float] = 1.0
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True
    odd: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return sin z."""
        return np.sin(z)

    def dphi(self, z: Array) -> Array:
        """Return cos z."""
        return np.cos(z)

    def d2phi(self, z: Array) -> Array:
        """Return −sin z."""
        return -np.sin(z)

    def forward(self, z: Tensor) -> Tensor:
        """Return sin z."""
        return z.sin()

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by sin z and ``slope`` by cos z."""
        import torch

        torch.cos(z, out=slope)
        z.sin_()

    def cpp(self) -> str:
        """Return both, from one reduction of the argument."""
        return "sine_cosine(z, phi, slope);"

    def triton(self) -> str:
        """Return both, from one reduction of the argument."""
        return "phi, slope = sine_cosine(z, TERMS)"
