"""The loop that people write: one module and one optimizer a trial, one network at a time."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from harness.engine.trial import Trial

PHI = {"softplus": nn.functional.softplus, "relu": torch.relu, "tanh": torch.tanh}


class Net(nn.Module):
    """f(x) = vᵀφ(Wx) with W trained."""

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


def seconds_per_step(trial: Trial, activation: str, steps: int) -> float:
    """Train one network for so many steps, looking at the loss after each; return the time of one."""
    x = torch.from_numpy(trial.problem.x).float()
    y = torch.from_numpy(trial.problem.y).float()
    net = Net(trial.params["W"].float(), trial.params["v"].float(), activation)
    optimizer = torch.optim.SGD(net.parameters(), lr=trial.step_size)
    best = float("inf")
    begin = time.perf_counter()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = 0.5 * ((net(x) - y) ** 2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        best = min(best, loss.item())
    return (time.perf_counter() - begin) / steps
