"""Gradient descent, momentum and minibatch SGD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import Fraction, Optimizer, Positive, PositiveInt

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Params


class GradientDescent(Optimizer):
    """Gradient descent: w ← w − η ∇L(w), with the loss L on all samples, or on a minibatch."""

    name: ClassVar[str] = "gd"

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Take one gradient step."""
        return {name: params[name] - step_size * grad for name, grad in grads.items()}, state

    def heavy_ball(self) -> float | None:
        """Return 0: no momentum."""
        return 0.0 if self.steady() else None


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Heavy ball: m ← βm − η ∇L(w), w ← w + m.

    The same iterates as ``torch.optim.SGD(momentum=β)`` at a constant step size.

    Attributes:
        beta: β, what is kept of the last move.
    """

    name: ClassVar[str] = "momentum"
    beta: Fraction = 0.9

    def start(self, params: Params) -> Params:
        """Start at rest."""
        return {name: 0 * weight for name, weight in params.items()}

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Take one step of the heavy ball."""
        velocity = {name: self.beta * state[name] - step_size * grad for name, grad in grads.items()}
        return {name: params[name] + velocity[name] for name in grads}, velocity

    def heavy_ball(self) -> float | None:
        """Return β."""
        return self.beta if self.steady() else None


@dataclass(frozen=True)
class StochasticGradientDescent(GradientDescent):
    """Minibatch SGD: gradient descent with minibatches by default.

    The stable step of minibatches is c/(a₁ λ_max + a₂ β) with λ_max = λ_max(J₀J₀ᵀ), β = max_i (J₀J₀ᵀ)_ii. Without
    replacement a₁ = n(b−1)/(b(n−1)) and a₂ = n(n−b)/(b(n−1)): at c = 1 the best step that the second moment of the
    minibatch gradient allows [derived here, as Ma, Bassily and Belkin 2018 do for sampling with replacement, where
    a₁ = (b−1)/b and a₂ = n/b]. At b = n it is that of gradient descent.

    Attributes:
        c: Factor of the stable step.
        batch: Number of samples of a step. All are used if there are fewer.
    """

    name: ClassVar[str] = "sgd"
    c: Positive = 1.0
    batch: PositiveInt = 10
