"""Methods that scale the gradient before they step along it. Their step sizes are lengths, so they are numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from harness import Fraction, NonNegative, Optimizer, Positive

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Params


@dataclass(frozen=True)
class NormalisedGradientDescent(Optimizer):
    """Normalised gradient descent: w ← w − η ∇L(w)/‖∇L(w)‖, with the norm over all weights that move.

    Each step has the length η, so a run with a constant step size ends about η away from a minimum. Where the gradient
    is zero the weights stay.

    Attributes:
        step_size: η.
    """

    name: ClassVar[str] = "normalised-gd"
    step_size: Positive = 0.01

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Take one step of length η."""
        from torch import finfo

        squares = sum((grad * grad).sum() for grad in grads.values())
        norm = (squares + 0.0 * step_size).sqrt().clamp(min=finfo(step_size.dtype).tiny)
        return {name: params[name] - step_size * (grad / norm) for name, grad in grads.items()}, state


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam [Kingma and Ba 2015, arXiv 1412.6980, algorithm 1].

    m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g², w ← w − η (m/(1 − β₁ᵗ)) / (√(s/(1 − β₂ᵗ)) + ε) at step t = 1, 2, …

    Attributes:
        step_size: η.
        beta1: β₁.
        beta2: β₂.
        epsilon: ε.
    """

    name: ClassVar[str] = "adam"
    step_size: Positive = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Positive = 1e-8

    def start(self, params: Params) -> Params:
        """Start with zero moments."""
        some = next(iter(params.values()))
        moments = {f"{moment} {name}": 0 * weight for name, weight in params.items() for moment in ("mean", "square")}
        return {"step": 0 * some.sum(), **moments}

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Take one step of Adam."""
        new, moved = {"step": state["step"] + 1}, {}
        unbiased = {}
        for moment, beta, power in (("mean", self.beta1, 1), ("square", self.beta2, 2)):
            # 1 − βᵗ loses digits in float32 where β is near 1.
            share = -(new["step"] * math.log(beta)).expm1() if beta else 1.0
            for name, grad in grads.items():
                kept = beta * state[f"{moment} {name}"] + (1.0 - beta) * grad**power
                new[f"{moment} {name}"] = kept
                unbiased[moment, name] = kept / share
        for name in grads:
            change = unbiased["mean", name] / (unbiased["square", name].sqrt() + self.epsilon)
            moved[name] = params[name] - step_size * change
        return moved, new


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay beside its moments: w ← (1 − ηλ)w before each step [Loshchilov and Hutter 2019].

    Attributes:
        weight_decay: λ. It is no part of the loss, so it does not go through the moments.
    """

    name: ClassVar[str] = "adamw"
    weight_decay: NonNegative = field(default=0.01, kw_only=True)

    def penalty(self) -> float:
        """Return 0: the weights decay by themselves."""
        return 0.0

    def update(self, params: Params, grads: Params, state: Params, step_size: Tensor) -> tuple[Params, Params]:
        """Let the weights decay, and take one step of Adam."""
        decayed = {name: params[name] * (1.0 - step_size * self.weight_decay) for name in grads}
        return super().update(decayed, grads, state, step_size)
