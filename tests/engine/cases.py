"""Regimes and settings that the engine's tests share."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import Dataset, Initializer, Model, Optimizer, Params, Problem, Regime, Weights
from harness.builtin.criteria import CrossEntropy, Logistic, Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import GaussianHalves, LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.noisy import NoisyNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.components import Criterion
from harness.engine.descent import Descent, Trained
from harness.engine.fused import binding, build
from harness.engine.setting import Setting
from harness.engine.solvers import shipped_solver
from harness.mathematics.activations import ACTIVATIONS

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Deep(Model):
    """A net of two hidden layers that gives nothing but ``forward``."""

    name: ClassVar[str] = "deep"

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        return {"U": (k, d), "W": (k, k), "v": (k,)}

    def forward(self, params: Params, x: Tensor) -> Tensor:
        import torch

        return torch.tanh(torch.tanh(x @ params["U"].mT) @ params["W"].mT) @ params["v"]


@dataclass(frozen=True)
class DeepNormal(Initializer):
    """Weights of variance one over fan-in."""

    name: ClassVar[str] = "deep-normal"

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        shapes = model.shapes(problem.d, k)
        return {name: rng.standard_normal(shape) / shape[-1] ** 0.5 for name, shape in shapes.items()}


@dataclass(frozen=True)
class BareShallow(ShallowNet):
    """The shallow net without its fast paths."""

    name: ClassVar[str] = "bare-shallow"

    shallow_form = Model.shallow_form  # type: ignore[assignment]  # the base class promises less
    stack = Model.stack  # type: ignore[assignment]  # the contract's own default, to stand in for the closed form
    kernel = Model.kernel  # type: ignore[assignment]  # the contract's own default, to stand in for the closed form


def stacked(regime: Regime) -> Regime:
    """Return a regime with its model kept from the compiled kernel."""
    model = type(regime.model)
    return _with(regime, type(f"Stacked{model.__name__}", (model,), {"shallow_form": Model.shallow_form}))


def bare(regime: Regime) -> Regime:
    """Return a regime of a shallow net with its model kept from every fast path."""
    return _with(regime, BareShallow)


def _with(regime: Regime, model: type[Model]) -> Regime:
    """Return a regime with another model of the same options."""
    return replace(regime, model=model(**{f.name: getattr(regime.model, f.name) for f in fields(regime.model)}))


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Nesterov's momentum: a method with an update of its own."""

    name: ClassVar[str] = "nesterov"
    c: float = 1.0
    beta: float = 0.5

    def start(self, params: Params) -> Params:
        return {name: 0 * weight for name, weight in params.items()}

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        velocity = {name: self.beta * state[name] + grad for name, grad in grads.items()}
        look = {name: grads[name] + self.beta * velocity[name] for name in grads}
        return {name: params[name] - step_size * look[name] for name in grads}, velocity


@dataclass(frozen=True)
class PseudoHuber(Criterion):
    """A criterion that is no function of the residual norm."""

    name: ClassVar[str] = "pseudo-huber"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        residual = outputs - y
        return ((1.0 + residual * residual).sqrt() - 1.0).sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        return (outputs - y).abs().max()

    def curvature(self, n: int) -> float:
        return 1.0


@dataclass(frozen=True)
class LogCosh(Criterion):
    """A criterion whose gradient is rounded differently in vectors and alone."""

    name: ClassVar[str] = "log-cosh"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return (outputs - y).cosh().log().sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        relative: Tensor = (outputs - y).norm() / y.norm()
        return relative

    def curvature(self, n: int) -> float:
        return 1.0


CASES: dict[str, Regime] = {
    "softplus": Regime("softplus", ShallowNet(), GaussianHalves(), GradientDescent(), Quadratic()),
    "relu momentum": Regime("relu", ShallowNet("relu"), GaussianHalves(), Momentum(), Quadratic()),
    "tanh all biases": Regime("tanh", ShallowNet("tanh", "all", True), LeCun(), GradientDescent(c=0.2), Quadratic()),
    "gelu output momentum": Regime("out", ShallowNet("gelu", "output", True), LeCun(), Momentum(), Quadratic()),
    "silu sgd": Regime("sgd", ShallowNet("silu"), GaussianHalves(), StochasticGradientDescent(batch=7), Quadratic()),
    "erf output": Regime("spectral", ShallowNet("erf", "output"), LeCun(), GradientDescent(), Quadratic()),
    "deep": Regime("deep", Deep(), DeepNormal(), GradientDescent(c=0.5), Quadratic()),
    "nesterov": Regime("nesterov", ShallowNet("sin"), GaussianHalves(), Nesterov(), Quadratic()),
    "huber": Regime("huber", ShallowNet("sigmoid", "all"), LeCun(), GradientDescent(c=0.5), PseudoHuber()),
    "noisy": Regime("noisy", NoisyNet("leaky-relu", "all"), LeCun(), Momentum(c=0.2), Quadratic()),
    "fresh noise": Regime("fresh", NoisyNet("relu", fresh=True), LeCun(), GradientDescent(c=0.5), Quadratic()),
    "log-cosh": Regime("log-cosh", ShallowNet("silu"), GaussianHalves(), GradientDescent(c=0.5), LogCosh()),
}


def setting(regime: Regime, **changes: Any) -> Setting:
    """Return a setting on the sphere, where a solver goes by its name."""
    options: dict[str, Any] = {
        "theory": None,
        "dataset": Sphere(),
        "resample": True,
        "base_seed": 1,
        "steps": 400,
        "tolerances": (0.5, 0.1, 0.01),
        "dtype": "float32",
        "device": "cpu",
        "spectrum": True,
    }
    options |= changes
    return Setting(regime=regime, **{**options, "solver": shipped_solver(options.get("solver") or "")})


STACK_CASES: list[tuple[Dataset, Optimizer, Criterion, int]] = [
    (Sphere(), StochasticGradientDescent(batch=7, c=0.5), Quadratic(), 1),
    (Sphere(), Momentum(batch=66, beta=0.8, c=0.2), Quadratic(), 9),
    (Sphere(outputs=17), GradientDescent(c=0.5), Quadratic(), 33),
    (Sphere(labels="classes", classes=5), StochasticGradientDescent(batch=16), CrossEntropy(), 18),
    (Sphere(labels="rademacher"), GradientDescent(), Logistic(measured="error", at_margins=(-0.5, 0.1)), 26),
    (Sphere(labels="rademacher", outputs=3), Momentum(beta=0.5), Logistic(), 11),
    (
        Sphere(labels="classes", classes=18),
        GradientDescent(),
        CrossEntropy(measured="error", at_errors=(0.8, 0.7, 0.5), at_margins=(-2.5, -2.0, -0.5)),
        40,
    ),
]
"""Dataset, method, criterion and width: vectors, tiles and blocks of the kernel are full, in part and several."""


def trained(n: int, d: int, k: int, real: build.Real, active: int | None = None) -> Trained:
    """Train a ReLU net by momentum. With ``active``, neurons from there on have v = 0, and only W trains."""
    rng = np.random.default_rng(n + d)
    x, y = rng.standard_normal((n, d)) / math.sqrt(d), rng.standard_normal(n)
    w, v = rng.standard_normal((25, d))[:k], rng.choice([-0.5, 0.5], 25)[:k]
    if active is not None:
        v[active:] = 0.0
    descent = Descent(
        activation=ACTIVATIONS["relu"],
        hidden=True,
        output=active is None,
        step_size=0.3 / n,
        momentum=0.5,
        steps=12,
        norms=(1e-9,),
        diverged=1e6,
        every=1,
        marks=(),
    )
    return binding.train(x, y, w, v, None, descent, real)
