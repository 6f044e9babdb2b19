"""Components that fail in one method each, for trials of one seed only where a seed can be told."""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch

from harness import (
    Array,
    Criterion,
    Dataset,
    Diagnostic,
    Initializer,
    Model,
    ModelTraits,
    Network,
    Optimizer,
    Problem,
    Weights,
    hookimpl,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from harness import Params

MARK = 1000.0
"""First input of the problems that the plugins fail on."""

How = Literal["", "raise", "shape", "dtype", "hang", "exit", "crash", "memory", "warn"]


def mischief(how: str) -> None:
    """Do what is asked for, if it is not a matter of what is returned."""
    if how == "raise":
        raise ArithmeticError("no [red]luck[/] \x1b[31mtoday")
    if how == "memory":
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate a lot")
    if how == "hang":
        time.sleep(3600)
    if how == "exit":
        raise SystemExit(3)
    if how == "crash":
        os.abort()
    if how == "warn":
        warnings.warn("something is odd", stacklevel=1)


@dataclass(frozen=True)
class Marked(Dataset):
    """Gaussian problems; about one in ``every`` is marked, or fails itself."""

    name: ClassVar[str] = "marked"
    every: int = 6
    how: How = ""

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = rng.standard_normal((n, d)), rng.standard_normal(n)
        if rng.integers(self.every) == 0:
            x[0, 0] = MARK
            how = "" if "CALM" in os.environ else self.how
            mischief(how)
            if how == "shape":
                return x[1:], y
            if how == "dtype":
                return x.astype(np.float32), y
        return x, y


def marked(problem: Problem) -> bool:
    """Say whether a problem is marked."""
    return bool(problem.x[0, 0] == MARK)


def refused(problem: Problem) -> bool:
    """Say whether to fail on a problem: on marked ones, unless everything is to be calm."""
    return marked(problem) and "CALM" not in os.environ


@dataclass(frozen=True)
class Draw(Initializer):
    """Gaussian weights, but for marked problems."""

    name: ClassVar[str] = "draw"
    how: How = ""

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        weights = {name: rng.standard_normal(shape) for name, shape in model.shapes(problem.d, k).items()}
        if refused(problem):
            mischief(self.how)
            if self.how == "shape":
                weights["W"] = weights["W"][1:]
            if self.how == "dtype":
                weights["W"] = weights["W"].astype(object) * "x"  # on purpose
        return weights


@dataclass(frozen=True)
class Net(Model):
    """v·tanh(Wx), which may fail in any of its methods."""

    name: ClassVar[str] = "net"
    where: Literal["", "shapes", "forward", "trained", "extend", "kernel", "loss_weight", "describe", "linear"] = ""
    how: How = ""

    def _at(self, where: str) -> None:
        if where == self.where:
            mischief(self.how)

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        self._at("shapes")
        return {"W": (k, d), "v": (k,)}

    def forward(self, params: Params, x: Tensor) -> Tensor:
        self._at("forward")
        out = torch.tanh(x @ params["W"].mT) @ params["v"]
        return out[1:] if self.where == "forward" and self.how == "shape" else out

    def trained(self) -> tuple[str, ...] | None:
        self._at("trained")
        return None

    def extend(self, weights: Weights) -> Weights:
        self._at("extend")
        return weights

    def kernel(self, params: Params, x: Tensor) -> Tensor | None:
        self._at("kernel")
        return None

    def loss_weight(self) -> float:
        self._at("loss_weight")
        return 1.0

    def describe(self) -> ModelTraits:
        self._at("describe")
        return ModelTraits(trains="all")

    def linear(self) -> bool:
        self._at("linear")
        return False


@dataclass(frozen=True)
class Method(Optimizer):
    """Gradient descent, which may fail."""

    name: ClassVar[str] = "method"
    where: Literal["", "start", "update", "heavy_ball", "batch_size"] = ""
    how: How = "raise"

    def start(self, params: Params) -> Params:
        if self.where == "start":
            mischief(self.how)
        return {}

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        if self.where == "update":
            mischief(self.how)
        return {name: params[name] - step_size * grads[name] for name in params}, {}

    def heavy_ball(self) -> float | None:
        if self.where == "heavy_ball":
            mischief(self.how)
        return None

    def batch_size(self, n: int) -> int:
        if self.where == "batch_size":
            mischief(self.how)
        return n


@dataclass(frozen=True)
class Judge(Criterion):
    """The squared residual, which may fail."""

    name: ClassVar[str] = "judge"
    where: Literal["", "loss", "measure", "curvature"] = ""
    how: How = "raise"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        if self.where == "loss":
            mischief(self.how)
        return 0.5 * ((outputs - y) ** 2).sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        if self.where == "measure":
            mischief(self.how)
            if self.how == "shape":
                return outputs - y
        relative: Tensor = torch.linalg.vector_norm(outputs - y) / torch.linalg.vector_norm(y)
        return relative

    def curvature(self, n: int) -> float | None:
        if self.where == "curvature":
            mischief(self.how)
        return 1.0


@dataclass(frozen=True)
class Look(Diagnostic):
    """Nothing, or a failure on marked problems."""

    name: ClassVar[str] = "look"
    summary: ClassVar[Any] = "last"
    how: How = "raise"

    def measure(self, network: Network) -> float:
        if refused(network.problem):
            mischief(self.how)
        return 1.0


@hookimpl
def harness_datasets() -> Iterable[type[Dataset]]:
    return [Marked]


@hookimpl
def harness_initializers() -> Iterable[type[Initializer]]:
    return [Draw]


@hookimpl
def harness_models() -> Iterable[type[Model]]:
    return [Net]


@hookimpl
def harness_optimizers() -> Iterable[type[Optimizer]]:
    return [Method]


@hookimpl
def harness_criteria() -> Iterable[type[Criterion]]:
    return [Judge]


@hookimpl
def harness_diagnostics() -> Iterable[type[Diagnostic]]:
    return [Look]
