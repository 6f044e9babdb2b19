"""Presets: narrow nets, mirrored at the start, trained with and without constraints."""

from __future__ import annotations

from harness import Regime
from harness.builtin.criteria import Quadratic
from harness.builtin.diagnostics import FinalRank
from harness.builtin.initializers import LeCun, MirroredLeCun
from harness.builtin.models import ShallowNet
from harness.builtin.noisy import NoisyNet
from harness.builtin.optimizers import GradientDescent
from harness_narrow.diagnostics import KKTResidual
from harness_narrow.optimizers import Projected

REGIMES = (
    Regime(
        name="narrow",
        model=ShallowNet(activation="tanh", train="all"),
        initializer=MirroredLeCun(),
        optimizer=GradientDescent(c=0.1),
        criterion=Quadratic(),
        summary="all layers trained by gradient descent from mirrored LeCun pairs, f = 0 at the start",
        diagnostics=(KKTResidual(),),
    ),
    Regime(
        name="narrow-constrained",
        model=ShallowNet(activation="tanh", train="all"),
        initializer=MirroredLeCun(),
        optimizer=Projected(),
        criterion=Quadratic(),
        summary="as narrow, by projected gradient descent: v in mirrored pairs, w near its initial value",
        diagnostics=(KKTResidual(),),
    ),
    Regime(
        name="narrow-hidden",
        model=ShallowNet(activation="tanh", train="hidden"),
        initializer=MirroredLeCun(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        summary="hidden layer trained by gradient descent from mirrored LeCun pairs",
        diagnostics=(KKTResidual(),),
    ),
    Regime(
        name="narrow-noisy",
        model=NoisyNet(train="hidden"),
        initializer=LeCun(),
        optimizer=GradientDescent(),
        criterion=Quadratic(),
        summary="hidden layer of leaky ReLUs, with one draw of multiplicative noise on their activations",
        diagnostics=(FinalRank(),),
    ),
)
"""The regimes of this plugin."""
