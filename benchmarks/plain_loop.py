"""The loop that people write: one module and one optimizer a trial, one network at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.timing import Variant
from harness.components import ResidualCriterion, Trial
from harness.components.progress import DIVERGED
from harness.engine.descent import norm_of
from harness.engine.setting import Setting

PHI = {"softplus": nn.functional.softplus, "relu": torch.relu, "tanh": torch.tanh}


class Net(nn.Module):
    """f(x) = vᵀφ(Wx) with W trained."""

    v: Tensor

    def __init__(self, w: Tensor, v: Tensor, activation: str) -> None:
        super().__init__()
        self.hidden = nn.Linear(w.shape[1], w.shape[0], bias=False)
        self.hidden.weight = nn.Parameter(w.clone())
        self.register_buffer("v", v.clone())
        self.phi = PHI[activation]

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (n,)."""
        outputs: Tensor = self.phi(self.hidden(x)) @ self.v
        return outputs


@dataclass(frozen=True)
class Descent:
    """What the loop does, for the loss a/2 ‖f − y‖².

    Attributes:
        activation: φ.
        steps: Budget.
        curvature: a.
        momentum: β.
        norm: Residual norm at which it stops.
        diverged: Residual norm above which it stops too.
        dtype: Precision.
        device: Where.
    """

    activation: str
    steps: int
    curvature: float = 1.0
    momentum: float = 0.0
    norm: float = -1.0
    diverged: float = float("inf")
    dtype: torch.dtype = torch.float32
    device: str = "cpu"

    @classmethod
    def of(cls, setting: Setting, trial: Trial, rung: int) -> Self:
        """Return what the loop must do to train a trial as the engine does in this setting, up to one tolerance.

        Raises:
            ValueError: If the loop cannot: it knows the hidden layer of plain nets, the heavy ball, and residual norms.
        """
        regime = setting.regime
        traits, criterion, momentum = regime.model.describe(), regime.criterion, regime.optimizer.heavy_ball()
        plain = traits.shallow and traits.trains == "hidden" and not traits.biases and regime.model.loss_weight() == 1
        if (
            not plain
            or traits.activation not in PHI
            or not isinstance(criterion, ResidualCriterion)
            or momentum is None
        ):
            raise ValueError(f"the plain loop does not train regime {regime.name!r}")
        n, y_norm = trial.problem.n, float(np.linalg.norm(trial.problem.y))

        def measure(norm: float) -> float:
            return float(criterion.measure_norm(norm, y_norm, n))

        return cls(
            activation=traits.activation,
            steps=setting.steps,
            curvature=criterion.curvature(n),
            momentum=momentum,
            norm=norm_of(measure, setting.tolerances[rung]),
            diverged=norm_of(measure, math.nextafter(DIVERGED, 0.0)),
            dtype=torch.float64 if setting.dtype == "float64" else torch.float32,
            device=setting.device,
        )


@dataclass(frozen=True)
class Trained:
    """Where one network ended.

    Attributes:
        hit: First step at which the norm was met; None if never.
        steps: Steps taken.
        norm: ‖f − y‖ at the end.
        w: W at the end.
    """

    hit: int | None
    steps: int
    norm: float
    w: Tensor


def train(trial: Trial, descent: Descent) -> Trained:
    """Train one network, looking at the loss before each step and after the last."""

    def there(tensor: Tensor) -> Tensor:
        return tensor.to(device=descent.device, dtype=descent.dtype)

    x, y = there(torch.from_numpy(trial.problem.x)), there(torch.from_numpy(trial.problem.y))
    net = Net(there(trial.params["W"]), there(trial.params["v"]), descent.activation)
    optimizer = torch.optim.SGD(net.parameters(), lr=trial.step_size, momentum=descent.momentum)
    step = 0
    while True:
        optimizer.zero_grad()
        loss = 0.5 * descent.curvature * ((net(x) - y) ** 2).sum()
        norm = (2.0 * loss.item() / descent.curvature) ** 0.5
        if norm <= descent.norm or not norm <= descent.diverged or step == descent.steps:
            break
        loss.backward()
        optimizer.step()
        step += 1
    return Trained(step if norm <= descent.norm else None, step, norm, net.hidden.weight.detach())


class PlainLoop(Variant):
    """The loop, timed."""

    networks = 1

    def __init__(self, trial: Trial, descent: Descent) -> None:
        """Take the trial to train, of which every step asked for is taken."""
        self.trial = trial
        self.descent = replace(descent, norm=-1.0, diverged=float("inf"))

    def run(self, steps: int) -> None:
        """Train the network anew."""
        train(self.trial, replace(self.descent, steps=steps))
