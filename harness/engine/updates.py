"""Updates of a stack: how a cotangent of the outputs moves the weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from torch import Tensor
from torch.func import vmap

from harness.components import Optimizer, Stack
from harness.engine import lanes

if TYPE_CHECKING:
    from harness.engine.lanes import Lanes


class Update(ABC):
    """One step of an optimizer on the networks of a stack."""

    @abstractmethod
    def step(self, stack: Stack, cotangent: Tensor, live: Lanes) -> None:
        """Pull the cotangent (B, n) back through a stack that was just evaluated, and move the weights."""


class GradientStep(Update):
    """w ← w + Jᵀ cotangent; the cotangent is scaled by −η."""

    def step(self, stack: Stack, cotangent: Tensor, live: Lanes) -> None:
        """Add the pulled-back cotangent to the weights."""
        stack.vjp(cotangent, live.params, 1.0)


class HeavyBall(Update):
    """m ← βm + Jᵀ cotangent, w ← w + m; the cotangent is scaled by −η."""

    def __init__(self, beta: float) -> None:
        self.beta = beta

    def step(self, stack: Stack, cotangent: Tensor, live: Lanes) -> None:
        """Update the velocity, then the weights."""
        stack.vjp(cotangent, live.velocity, self.beta)
        for name, velocity in live.velocity.items():
            lanes.flat(live.params[name]).add_(lanes.flat(velocity))


class OwnUpdate(Update):
    """The optimizer's own ``update``, mapped over networks; the cotangent is not scaled by η.

    Its weight decay and the course of its step size are those of the contract, so they are added here.
    """

    def __init__(self, optimizer: Optimizer, live: Lanes, moved: tuple[str, ...]) -> None:
        self.optimizer, self.moved = optimizer, moved
        self.gradients = {name: lanes.zeros(*live.params[name].shape, like=live.x) for name in moved}
        self._update = vmap(optimizer.update)

    def step(self, stack: Stack, cotangent: Tensor, live: Lanes) -> None:
        """Take the gradient, and copy what the optimizer makes of it."""
        for gradient in self.gradients.values():
            gradient.zero_()
        stack.vjp(cotangent, self.gradients, 1.0)
        moved = {name: live.params[name] for name in self.moved}
        if decay := self.optimizer.penalty():
            for name, gradient in self.gradients.items():
                lanes.flat(gradient).add_(lanes.flat(moved[name]), alpha=decay)
        new, state = self._update(moved, self.gradients, live.state, live.rates(self.optimizer))
        for name, value in new.items():
            live.params[name].copy_(value)
        for name, value in state.items():
            live.state[name].copy_(value)


def momentum_of(optimizer: Optimizer) -> float | None:
    """Return β of the heavy ball, or None for an optimizer with an update of its own.

    Raises:
        ValueError: If the optimizer says that its steps are those of the heavy ball although they are not.
    """
    beta = optimizer.heavy_ball()
    if beta is not None and not optimizer.steady():
        raise ValueError(
            f"optimizer {optimizer.name!r} returns β = {beta:g} from heavy_ball() with a schedule or weight decay; "
            "it must return None unless steady()"
        )
    return beta


def update_of(optimizer: Optimizer, live: Lanes, moved: tuple[str, ...]) -> Update:
    """Return the update of an optimizer on these networks.

    Args:
        optimizer: The method.
        live: The networks.
        moved: Names of the weights that training moves.
    """
    beta = momentum_of(optimizer)
    if beta is None:
        return OwnUpdate(optimizer, live, moved)
    return HeavyBall(beta) if beta else GradientStep()
