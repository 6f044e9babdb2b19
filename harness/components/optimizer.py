"""Optimizers: the steps that change the weights."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from harness.components.component import Component
from harness.components.vocabulary import Fraction, NonNegative, Positive, PositiveInt, Schedule, StepSize

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
        batch: Number of samples of a step, or None for all of them. All are used if there are fewer. The gradient of a
            loss that is a sum is scaled by n/batch, so that it is an unbiased estimate of the full one.
        replacement: Whether each sample of a minibatch is drawn independently. Otherwise batches run through one random
            permutation of the samples after another.
        epochs: Number of times after which training ends that n samples were seen, if the budget lasts so long. None
            leaves the end to the budget.
        weight_decay: λ. Training minimises the loss plus λ/2 ‖w‖² over the weights that it moves. Measures and fits
            are those of the loss alone.
        schedule: Factor of the step size after t steps: ``constant`` is 1, ``inverse-sqrt`` 1/√(1 + t/T), ``cosine``
            (1 + cos(π min(t/T, 1)))/2, and ``step-decay`` ``schedule_factor`` to the power ⌊t/T⌋.
        schedule_steps: T.
        schedule_factor: Factor by which ``step-decay`` lowers the step size every T steps.
    """

    kind: ClassVar[str] = "optimizer"
    since: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "batch",
            "replacement",
            "epochs",
            "weight_decay",
            "schedule",
            "schedule_steps",
            "schedule_factor",
        ),
        "0.2",
    )
    step_size: StepSize = "stable"
    c: Positive = 1.5
    batch: PositiveInt | None = field(default=None, kw_only=True)
    replacement: bool = field(default=False, kw_only=True)
    epochs: PositiveInt | None = field(default=None, kw_only=True)
    weight_decay: NonNegative = field(default=0.0, kw_only=True)
    schedule: Schedule = field(default="constant", kw_only=True)
    schedule_steps: PositiveInt = field(default=1000, kw_only=True)
    schedule_factor: Fraction = field(default=0.1, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse options of a schedule or of minibatches without one.

        Raises:
            ValueError: If there are such options.
        """
        of_schedule = {"schedule_steps": ("inverse-sqrt", "cosine", "step-decay"), "schedule_factor": ("step-decay",)}
        for option, schedules in of_schedule.items():
            if self.schedule not in schedules and getattr(self, option) != getattr(Optimizer, option):
                raise ValueError(f"{option} is an option of schedule = {' or '.join(map(repr, schedules))}")
        if self.replacement and self.full_batch():
            raise ValueError("replacement is an option of minibatches: say batch = …")

    def accepts(self, model: Model) -> bool:
        """Return whether the optimizer can move the weights of a model."""
        return True

    def start(self, params: Params) -> Params:
        """Return the state of one network before the first step."""
        return {}

    @abstractmethod
    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Return weights and state of one network after one step. Pure: changes none of its arguments.

        Args:
            params: Weights that training moves.
            grads: Gradient of the loss, with the weight decay of :meth:`penalty`.
            state: What :meth:`start` or the last step returned.
            step_size: η times the factor of :meth:`rate`.
        """

    def heavy_ball(self) -> float | None:
        """Return β if the update is m ← βm − ηg, w ← w + m (0: gradient descent); None lets ``update`` do it.

        Here g is the gradient of the loss alone and η is constant, so the method returns None unless :meth:`steady`.
        """
        return None

    def constraint(self) -> PairedBalls | None:
        """Return the set if the update is projected gradient descent onto it; a compiled solver then trains it.

        The method returns None unless :meth:`steady`, as :meth:`heavy_ball` does.
        """
        return None

    def penalty(self) -> float:
        """Return λ, the factor of the weights that is added to their gradient before :meth:`update`.

        A method that takes its weight decay otherwise, as decoupled ones do, returns 0.
        """
        return self.weight_decay

    def rate(self, step: int) -> float:
        """Return the factor of the step size after so many steps.

        >>> from harness.builtin.optimizers import GradientDescent
        >>> GradientDescent(schedule="inverse-sqrt", schedule_steps=1).rate(3)
        0.5
        """
        past = step / self.schedule_steps
        if self.schedule == "inverse-sqrt":
            return 1.0 / math.sqrt(1.0 + past)
        if self.schedule == "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * min(past, 1.0)))
        return self.schedule_factor ** int(past) if self.schedule == "step-decay" else 1.0

    def steady(self) -> bool:
        """Return whether the step size is constant and no weight decay is added to the loss."""
        return self.schedule == "constant" and self.weight_decay == 0.0

    def batch_size(self, n: int) -> int:
        """Return how many samples a step sees."""
        return n if self.batch is None else min(self.batch, n)

    def full_batch(self) -> bool:
        """Return whether every step sees all samples, however many there are."""
        many = 1 << 30
        return self.batch_size(many) == many

    def epoch(self, n: int) -> int:
        """Return the steps after which n samples have been seen, between two measures of a network."""
        return -(-n // self.batch_size(n))

    def most_steps(self, n: int, budget: int) -> int:
        """Return the number of steps after which training ends: the budget, or ``epochs`` if these end before.

        Args:
            n: Number of samples.
            budget: Largest number of steps.
        """
        return budget if self.epochs is None else min(budget, self.epochs * self.epoch(n))
