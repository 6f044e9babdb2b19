"""The step of a stack as torch runs it eagerly. :mod:`harness.engine.compiled_step` compiles it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import grad, vmap

from harness.components import Params, Regime, ResidualCriterion
from harness.engine.feature_major import feature_major
from harness.engine.updates import momentum_of

Function = Callable[..., Tensor]


def owned(tensors: Params) -> Params:
    """Return contiguous copies, whose layout depends on their sizes alone."""
    return {name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}


def eager_step(regime: Regime) -> Function:
    """Return the step that is compiled, as torch runs it otherwise."""
    model, optimizer, criterion = regime.model, regime.optimizer, regime.criterion
    forward = feature_major(model.forward)
    residual = isinstance(criterion, ResidualCriterion)
    beta, decay = momentum_of(optimizer), optimizer.penalty()
    moved_names = model.trained()

    def lane(moved: Params, fixed: Params, x: Tensor, y: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Return a loss whose gradient is the scaled one, and what is measured."""
        outputs = forward({**fixed, **moved}, x)
        if residual:
            difference = outputs - y
            return 0.5 * scale * (difference * difference).sum(), difference
        return scale * criterion.loss(outputs, y), outputs

    def step(
        params: Params, velocity: Params, state: Params, x: Tensor, y: Tensor, scale: Tensor, step_size: Tensor
    ) -> Tensor:
        moved = {name: params[name] for name in (params if moved_names is None else moved_names)}
        fixed = {name: value for name, value in params.items() if name not in moved}
        slopes, row = vmap(grad(lane, has_aux=True))(moved, fixed, x, y, scale)
        if beta is None:
            if decay:
                slopes = {name: slope + decay * moved[name] for name, slope in slopes.items()}
            new, kept = vmap(optimizer.update)(moved, slopes, state, step_size)
            for name, value in new.items():
                moved[name].copy_(value)
            for name, value in kept.items():
                state[name].copy_(value)
        else:
            for name, weight in moved.items():
                if beta:
                    velocity[name].mul_(beta).add_(slopes[name])
                weight.add_(velocity[name] if beta else slopes[name])
        measured: Tensor = row
        return measured

    return step
