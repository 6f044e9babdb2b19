"""Presets: from a scaled net to the kernel of infinite width."""

from __future__ import annotations

from harness import Regime
from harness.builtin.criteria import Quadratic
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness_lazy.diagnostics import KernelDistance, KernelMovement, Laziness, PriceOfLaziness
from harness_lazy.initializers import RandomSigns, Weightless
from harness_lazy.models import InfiniteWidth, LazyScaled, Linearized

REGIMES = (
    Regime(
        name="lazy-scaled",
        model=LazyScaled(),
        initializer=RandomSigns(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        theory="cert-d1s",
        summary="α (h(w) − h(w₀)) with the loss divided by α²: lazy for large α; v = ±1/√k, hidden layer trained",
        diagnostics=(KernelMovement(), Laziness(), PriceOfLaziness()),
    ),
    Regime(
        name="linearized",
        model=Linearized(),
        initializer=RandomSigns(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        theory="cert-linear",
        summary="first-order model around w₀, solved exactly; v = ±1/√k, hidden layer trained",
        diagnostics=(KernelDistance(),),
    ),
    Regime(
        name="ntk-du",
        model=ShallowNet(activation="relu", train="hidden"),
        initializer=RandomSigns(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        theory="du",
        summary="hidden layer of a ReLU net trained by gradient descent, W ~ N(0, 1), v = ±1/√k with random signs",
        diagnostics=(KernelMovement(), KernelDistance()),
    ),
    Regime(
        name="kernel",
        model=InfiniteWidth(),
        initializer=Weightless(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        summary="gradient descent with the tangent kernel of infinite width, solved exactly; no width",
    ),
)
"""The regimes of this plugin."""
