"""A plugin in one file: a lazy model, inputs on a circle, a preset and a claim about its width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from harness import (
    Array,
    Certainty,
    Dataset,
    Exponents,
    Guarantee,
    Model,
    ModelTraits,
    Positive,
    Problem,
    Regime,
    Theory,
    Width,
    hookimpl,
)
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.optimizers import GradientDescent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

    from harness.components import Params


@dataclass(frozen=True)
class CosineNet(Model):
    """f(x) = α vᵀ cos(Wx)."""

    name: ClassVar[str] = "cosine"
    alpha: Positive = 1.0
    phase: Literal["even", "odd"] = "even"

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        return {"W": (k, d), "v": (k,)}

    def forward(self, params: Params, x: Tensor) -> Tensor:
        z = x @ params["W"].mT
        return self.alpha * (z.cos() if self.phase == "even" else z.sin()) @ params["v"]

    def describe(self) -> ModelTraits:
        return ModelTraits(trains="all")


@dataclass(frozen=True)
class Circle(Dataset):
    """Inputs on the unit circle of the first two coordinates."""

    name: ClassVar[str] = "circle"

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = np.zeros((n, d))
        angle = rng.uniform(0.0, 2.0 * np.pi, n)
        x[:, 0], x[:, 1] = np.cos(angle), np.sin(angle)
        return x, rng.standard_normal(n)


@dataclass(frozen=True)
class Guess(Theory):
    """k = n."""

    name: ClassVar[str] = "guess"
    title: ClassVar[str] = "a guess"
    reference: ClassVar[str] = "nobody"
    guarantee: ClassVar[Guarantee] = "convergence"
    certainty: ClassVar[Certainty] = "memory"
    formula: ClassVar[str] = "k ≥ n"
    exponents: ClassVar[Exponents | None] = Exponents((1.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "cosine-net"}

    def concerns(self, regime: Regime) -> bool:
        return isinstance(regime.model, CosineNet)

    def width(self, problem: Problem, regime: Regime) -> Width:  # the contract's signature
        return Width(problem.n)


@hookimpl
def harness_models() -> Iterable[type[Model]]:
    return [CosineNet]


@hookimpl
def harness_datasets() -> Iterable[type[Dataset]]:
    return [Circle]


@hookimpl
def harness_theories() -> Iterable[type[Theory]]:
    return [Guess]


@hookimpl
def harness_regimes() -> Iterable[Regime]:
    return [Regime("cosine-net", CosineNet(), LeCun(), GradientDescent(), Quadratic(), theory="guess")]
