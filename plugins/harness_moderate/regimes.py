"""Presets: how the networks of each theorem are built and trained."""

from __future__ import annotations

from harness import Regime
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, StochasticGradientDescent

REGIMES = (
    Regime(
        name="moderate",
        model=ShallowNet(activation="softplus", train="hidden"),
        initializer=GaussianHalves(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        theory="os-covariance",
        summary="hidden layer trained by gradient descent, W ~ N(0, 1), v = ±‖y‖/√(kn) half and half",
    ),
    Regime(
        name="moderate-sgd",
        model=ShallowNet(activation="softplus", train="hidden"),
        initializer=GaussianHalves(),
        optimizer=StochasticGradientDescent(batch=10),
        criterion=Quadratic(),
        summary="as moderate, trained by minibatch SGD",
    ),
    Regime(
        name="output-only",
        model=ShallowNet(activation="softplus", train="output"),
        initializer=GaussianHalves(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        theory="cert-d3",
        summary="random features: output layer trained by gradient descent, W ~ N(0, 1) fixed",
    ),
)
"""The regimes of this plugin."""
