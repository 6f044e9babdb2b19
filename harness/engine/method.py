"""How a step is taken, whichever networks take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from harness.components import Criterion, Optimizer, Params, ResidualCriterion, Stack

StackOf = Callable[[Params, Tensor], Stack]
"""Makes the stack of given weights (B, …) on inputs (B, n, d)."""

Advance = Callable[[Params, Params, Params, Tensor, Tensor, Tensor, Tensor], Tensor]
"""Steps on weights, velocity and state, given inputs (B, n, d), labels, scale (B,) and step size; see
:class:`harness.engine.compiled_step.CompiledStep`."""


@dataclass(frozen=True)
class Method:
    """What every step of a loop has in common.

    Attributes:
        stack_of: Makes the fast path of the model.
        moved: Names of the weights that training moves.
        optimizer: The method of the regime.
        criterion: The loss and the measure.
        compiled: The whole step in one call, where it was compiled.
        residual: The criterion, if it is one of the residual.
        momentum: β of the heavy ball, 0 without; None for an optimizer with an update of its own.
    """

    stack_of: StackOf
    moved: tuple[str, ...]
    optimizer: Optimizer
    criterion: Criterion
    compiled: Advance | None = None
    residual: ResidualCriterion | None = field(init=False)
    momentum: float | None = field(init=False)

    def __post_init__(self) -> None:
        """Ask once what every step wants to know."""
        residual = self.criterion if isinstance(self.criterion, ResidualCriterion) else None
        object.__setattr__(self, "residual", residual)
        object.__setattr__(self, "momentum", self.optimizer.heavy_ball())
