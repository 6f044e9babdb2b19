"""A plain float64 loop of autograd that trains one network."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from harness.components import Cell
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.minibatches import Minibatches
from harness.engine.setting import Setting

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softplus": lambda z: torch.log1p(torch.exp(-z.abs())) + z.clamp(min=0),
    "relu": lambda z: z.clamp(min=0),
    "leaky-relu": lambda z: torch.where(z > 0, z, 0.1 * z),
    "tanh": torch.tanh,
    "gelu": lambda z: 0.5 * z * (1 + torch.erf(z / 2**0.5)),
    "silu": lambda z: z / (1 + torch.exp(-z)),
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "erf": torch.erf,
    "sin": torch.sin,
    "elu": lambda z: torch.where(z > 0, z, z.exp() - 1),
    "softsign": lambda z: z / (1 + z.abs()),
    "squared-relu": lambda z: z.clamp(min=0) ** 2,
}


_FOUND: dict[object, list[int | None]] = {}
"""What was found for equal numbers: solvers and precisions are compared with the same loop."""


def reference(where: Setting, cell: Cell, seed: int, step_size: float, velocity: float) -> list[int | None]:
    """Return the first step below each tolerance."""
    regime = where.regime
    problem = draw_problem(where.dataset, cell.n, cell.d, seed=seed, base=where.base_seed)
    weights = draw_weights(regime.initializer, regime.model, problem, cell.k, seed=seed, base=where.base_seed)
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    params = {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    leaves = [params[name].requires_grad_() for name in regime.model.moved(params)]
    activation = regime.model.options()["activation"]
    arrays = tuple(array.tobytes() for array in (problem.x, problem.y, *weights.values()))
    batches = regime.optimizer.batch_size(cell.n), seed, where.base_seed
    moved = tuple(regime.model.moved(params))
    key = arrays, moved, activation, cell, step_size, velocity, batches, where.steps, where.tolerances
    if key in _FOUND:
        return _FOUND[key]
    phi = FUNCTIONS[activation]
    method = torch.optim.SGD(leaves, lr=step_size, momentum=velocity)
    b = regime.optimizer.batch_size(cell.n)
    order = Minibatches([seed], cell.n, b, where.base_seed) if b < cell.n else None
    every = 1 if order is None else -(-cell.n // b)
    hits: list[int | None] = [None] * len(where.tolerances)
    for step in range(where.steps + 1):
        hidden = x @ params["W"].T + params.get("b", 0.0)
        residual = phi(hidden) @ params["v"] + params.get("c", 0.0) - y
        if step % every == 0 or step == where.steps:
            relative = float(residual.detach().norm() / y.norm())
            for i, tolerance in enumerate(where.tolerances):
                if hits[i] is None and relative <= tolerance:
                    hits[i] = step
        if hits[-1] is not None or step == where.steps:
            break
        if order is None:
            loss = 0.5 * (residual**2).sum()
        else:
            chosen = torch.from_numpy(order.take(1)[0, 0])
            loss = 0.5 * (residual[chosen] ** 2).sum() * (cell.n / b)
        method.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        method.step()
    _FOUND[key] = hits
    return hits
