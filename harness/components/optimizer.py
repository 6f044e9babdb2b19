"""Optimizers: the steps that change the weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.components.component import Component
from harness.components.vocabulary import Positive, StepSize

if TYPE_CHECKING:
    from torch import Tensor

    from harness.components.model import Model
    from harness.components.vocabulary import Params


@dataclass(frozen=True)
class PairedBalls:
    """The weights W, v of k neurons with ‖w_j − w_j⁰‖ ≤ ε, v_{j+k/2} = −v_j, ζ ≤ s_j v_j ≤ κ. Biases are free.

    Attributes:
        epsilon: ε, positive.
        zeta: ζ.
        kappa: κ; s_j is the sign of v_j at the start.
    """

    epsilon: float
    zeta: float
    kappa: float


@dataclass(frozen=True)
class Optimizer(Component, ABC):
    """A first-order method, stated for one network.

    Attributes:
        step_size: ``stable`` is c/λ_max(J₀J₀ᵀ) of each trial, ``theory`` the step of the theory that the regime names;
            or a number.
        c: Factor of the stable step. 1.5 was the best of those tried for gradient descent.
    """

    kind: ClassVar[str] = "optimizer"
    step_size: StepSize = "stable"
    c: Positive = 1.5

    def accepts(self, model: Model) -> bool:
        """Return whether the optimizer can move the weights of a model."""
        return True

    def start(self, params: Params) -> Params:
        """Return the state of one network before the first step."""
        return {}

    @abstractmethod
    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Return weights and state of one network after one step. Pure: changes none of its arguments."""

    def heavy_ball(self) -> float | None:
        """Return β if the update is m ← βm − ηg, w ← w + m (0: gradient descent); None lets ``update`` do it."""
        return None

    def constraint(self) -> PairedBalls | None:
        """Return the set if the update is projected gradient descent onto it; a compiled solver then trains it."""
        return None

    def batch_size(self, n: int) -> int:
        """Return how many samples a step sees."""
        return n

    def full_batch(self) -> bool:
        """Return whether every step sees all samples, however many there are."""
        many = 1 << 30
        return self.batch_size(many) == many

    def epoch(self, n: int) -> int:
        """Return the steps after which n samples have been seen, between two measures of a network."""
        return -(-n // self.batch_size(n))
