"""A plugin that adds one activation, in arrays and in tensors: an ELU whose second derivative is continuous."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness import Activation, Array, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SmoothElu(Activation):
    """φ(z) = e^z − 1 for z ≤ 0, z + z²/2 − z³/6 up to 1, and 3z/2 − 1/6 above; φ'' is 1 at 0 and 3/2 at 1."""

    name: ClassVar[str] = "smooth-elu"
    b1: ClassVar[float] = 1.5
    b2: ClassVar[float] = 1.0
    smooth: ClassVar[bool] = True

    def phi(self, z: Array) -> Array:
        """Return φ: e^z − 1 below 0, a cubic up to 1, a line above."""
        inner = np.clip(z, 0.0, 1.0)
        cubic = inner + inner**2 / 2.0 - inner**3 / 6.0
        return np.expm1(np.minimum(z, 0.0)) + cubic + 1.5 * np.maximum(z - 1.0, 0.0)

    def dphi(self, z: Array) -> Array:
        """Return φ': e^z below 0, 1 + z − z²/2 up to 1, 3/2 above."""
        inner = np.clip(z, 0.0, 1.0)
        return np.exp(np.minimum(z, 0.0)) + inner - inner**2 / 2.0

    def forward(self, z: Tensor) -> Tensor:
        """Return φ of a tensor."""
        inner = z.clamp(0.0, 1.0)
        cubic = inner + inner**2 / 2.0 - inner**3 / 6.0
        return z.clamp(max=0.0).expm1() + cubic + 1.5 * (z - 1.0).clamp(min=0.0)


@hookimpl
def harness_activations() -> Iterable[type[Activation]]:
    """Provide the smooth ELU."""
    return [SmoothElu]
