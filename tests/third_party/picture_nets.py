"""A convolution on square pictures, its regime, and a criterion of signs of which some are taken to be wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Criterion, ModuleModel, Regime, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class PictureNet(ModuleModel):
    """A convolution of 3 × 3 pixels with k channels and ReLU, and a linear layer on the mean of each channel."""

    name: ClassVar[str] = "picture-net"

    def module(self, d: int, k: int) -> nn.Module:
        """Make the net for pictures of d pixels."""
        from torch import nn

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.filters, self.output = nn.Conv2d(1, k, 3), nn.Linear(k, 1)

            def forward(self, x: Tensor) -> Tensor:
                side = math.isqrt(x.shape[-1])
                if side * side != x.shape[-1] or side < 3:
                    raise ValueError(f"expected square pictures of 9 pixels or more, not {x.shape[-1]}")
                found: Tensor = self.output(self.filters(x.reshape(-1, 1, side, side)).relu().mean((-2, -1)))
                return found

        return Net()


@dataclass(frozen=True)
class SmoothedSigns(Criterion):
    """Logistic loss of labels of which a share is taken to be wrong; fit when few signs are wrong.

    The loss is least at a finite margin, so it rises along the way to outputs of any size.

    Attributes:
        smoothing: Share of the labels that is taken to be wrong.
    """

    name: ClassVar[str] = "smoothed-signs"
    targets: ClassVar[tuple[Any, ...]] = ("signs",)
    smoothing: float = 0.1

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the sum of (1 − s) log(1 + exp(−y f)) + s log(1 + exp(y f))."""
        from torch.nn.functional import softplus

        margin = y * outputs
        return ((1 - self.smoothing) * softplus(-margin) + self.smoothing * softplus(margin)).sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the share of wrong signs."""
        return self.wrong(outputs, y) / len(y)

    def bounded(self) -> bool:
        """Return True."""
        return True

    def curvature(self, n: int) -> float:
        """Return ¼, the largest slope of the logistic function."""
        return 0.25


@hookimpl
def harness_models() -> list[type[PictureNet]]:
    """Provide the convolution."""
    return [PictureNet]


@hookimpl
def harness_criteria() -> list[type[SmoothedSigns]]:
    """Provide the criterion."""
    return [SmoothedSigns]


@hookimpl
def harness_regimes() -> list[Regime]:
    """Provide a regime of the convolution."""
    from harness.builtin.criteria import Quadratic
    from harness.builtin.optimizers import GradientDescent
    from harness.components.module_model import ModuleDefault

    return [Regime("picture", PictureNet(), ModuleDefault(), GradientDescent(), Quadratic(), summary="a convolution")]
