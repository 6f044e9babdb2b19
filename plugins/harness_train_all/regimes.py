"""Presets: both layers trained. He, Xavier and the like are an ``initializer`` away."""

from __future__ import annotations

from harness import Regime
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness_train_all.diagnostics import FeatureSigma, PLInitial, PLRatio
from harness_train_all.initializers import Omega, PyTorchDefault

DIAGNOSTICS = (PLRatio(), PLInitial(), FeatureSigma())
"""Diagnostics of each trial: the path's Polyak–Łojasiewicz constant beside the μ of the theorems."""

STEP = 0.1
"""Step size times λ_max(J₀J₀ᵀ). Both layers grow while labels of norm √n are fitted from weights of variance 1/fan-in,
and so does the kernel: at (n, d) = (60, 10) and 16 neurons, steps of 0.05 to 0.2 fitted nearly always (GELU), 0.5 and
more never; the stable 1.5 diverged. Less than half of it with momentum 0.9, which allows no longer steps then."""

_GELU = ShallowNet(activation="gelu", train="all")

REGIMES = (
    Regime(
        name="train-all",
        model=_GELU,
        initializer=LeCun(),
        optimizer=GradientDescent(c=STEP),
        criterion=Quadratic(),
        summary="both layers trained by gradient descent from LeCun's initialization, GELU",
        diagnostics=DIAGNOSTICS,
    ),
    Regime(
        name="train-all-relu",
        model=ShallowNet(activation="relu", train="all"),
        initializer=LeCun(),
        optimizer=GradientDescent(c=STEP),
        criterion=Quadratic(),
        summary="as train-all, with the ReLU",
        diagnostics=DIAGNOSTICS,
    ),
    Regime(
        name="train-all-momentum",
        model=_GELU,
        initializer=LeCun(),
        optimizer=Momentum(c=0.3 * STEP),
        criterion=Quadratic(),
        summary="as train-all, by the heavy ball",
        diagnostics=DIAGNOSTICS,
    ),
    Regime(
        name="train-all-sgd",
        model=_GELU,
        initializer=LeCun(),
        optimizer=StochasticGradientDescent(c=STEP, batch=10),
        criterion=Quadratic(),
        summary="as train-all, by minibatch SGD",
        diagnostics=DIAGNOSTICS,
    ),
    Regime(
        name="train-all-pytorch",
        model=ShallowNet(activation="gelu", train="all", biases=True),
        initializer=PyTorchDefault(),
        optimizer=GradientDescent(c=STEP),
        criterion=Quadratic(),
        summary="both layers with biases, trained from what torch.nn.Linear draws",
        diagnostics=DIAGNOSTICS,
    ),
    Regime(
        name="train-all-omega",
        model=_GELU,
        initializer=Omega(),
        optimizer=GradientDescent(c=STEP),
        criterion=Quadratic(),
        summary="as train-all, with ω₂/ω₁ free and ω₁ω₂ fixed: small ratio lazy, large ratio feature learning",
        diagnostics=DIAGNOSTICS,
    ),
)
"""The regimes of this plugin."""
