"""Advances stacks of a model that has closed forms of its own for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.components import Budget, Grouping, Model, Outputs, Regime, ResidualCriterion
from harness.engine.stacks import StackSolver, fixed_grouping, most_lanes

if TYPE_CHECKING:
    from torch import Tensor

    from harness.components import Params, Stack

WORKING_SET = 3 << 20
"""Bytes that a stack on the CPU should occupy: what stays in the second-level cache with some left over."""

FIXED_LANES = 16
"""Lanes of a stack on the CPU whose last bits may depend on their place."""


class Stacked(StackSolver):
    """The stack that the model itself provides."""

    name: ClassVar[str] = "stacked"
    version: ClassVar[int] = 2
    outputs: ClassVar[Outputs] = "any"
    summary: ClassVar[str] = "models that provide a stack, with any optimizer and criterion"
    preference: ClassVar[int] = 40

    def refuses(self, regime: Regime) -> str:
        """Return that the model has no stack, or an empty string."""
        own = type(regime.model).stack is not Model.stack
        return "" if own else f"model {regime.model.name} provides no stack"

    def grouping(self, regime: Regime, budget: Budget, n: int, d: int, k: int) -> Grouping:
        """Return stacks that fit into the cache, or fixed ones where the last bit may depend on the lane.

        Numbers are independent of the lane in closed form on the CPU. What torch.func maps over a stack (a criterion's
        gradient, an optimizer's update) is not laid out in lanes.
        """
        aligned = isinstance(regime.criterion, ResidualCriterion) and regime.optimizer.heavy_ball() is not None
        if budget.device != "cpu" or not aligned:
            return fixed_grouping(n, d, k, budget.device, FIXED_LANES)
        size = 8 if budget.dtype == "float64" else 4
        each = size * (2 * k * n + 2 * n * d + 28 * n + 2 * k * d)
        return Grouping(min(max(WORKING_SET // each, most_lanes(n, d, k, 8)), 256))

    def stack(self, regime: Regime, moved: tuple[str, ...], params: Params, x: Tensor) -> Stack:
        """Return the model's own stack.

        Raises:
            TypeError: If it returns none.
        """
        stack = regime.model.stack(params, x)
        if stack is None:
            raise TypeError(f"model {regime.model.name!r} defines stack() but it returned None")
        return stack
