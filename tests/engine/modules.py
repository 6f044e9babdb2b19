"""Networks as plugin authors write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import Initializer, Model, ModuleModel, Params, Problem, Regime, Weights
from harness.builtin.criteria import Quadratic
from harness.builtin.optimizers import GradientDescent

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn


@dataclass(frozen=True)
class TwoHidden(ModuleModel):
    """Two hidden layers with biases, as a module."""

    name: ClassVar[str] = "two-hidden"

    def module(self, d: int, k: int) -> nn.Module:
        from torch import nn

        return nn.Sequential(nn.Linear(d, k), nn.Tanh(), nn.Linear(k, k), nn.Softplus(), nn.Linear(k, 1))


@dataclass(frozen=True)
class Written(Model):
    """The same network, with its products written out."""

    name: ClassVar[str] = "written"

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        return TwoHidden().shapes(d, k)

    def forward(self, params: Params, x: Tensor) -> Tensor:
        from torch.nn import functional

        first = (x @ params["0.weight"].mT + params["0.bias"]).tanh()
        second = functional.softplus(functional.linear(first, params["2.weight"], bias=params["2.bias"]))
        return second @ params["4.weight"][0] + params["4.bias"]


@dataclass(frozen=True)
class Normal(Initializer):
    """Weights of variance one over fan-in, biases too."""

    name: ClassVar[str] = "normal"

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        shapes = model.shapes(problem.d, k)
        return {name: rng.standard_normal(shape) / shape[-1] ** 0.5 for name, shape in shapes.items()}


MODULE = Regime("module", TwoHidden(), Normal(), GradientDescent(c=0.5), Quadratic())
WRITTEN = Regime("written", Written(), Normal(), GradientDescent(c=0.5), Quadratic())
