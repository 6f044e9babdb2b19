"""Advances stacks of any model, whose ``forward`` torch maps and differentiates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.components import Budget, Grouping, Outputs, Regime
from harness.engine.stacks import StackSolver, fixed_grouping

if TYPE_CHECKING:
    from torch import Tensor

    from harness.components import Params, Stack


class Functional(StackSolver):
    """``Model.forward`` through ``torch.func``, step by step."""

    name: ClassVar[str] = "functional"
    version: ClassVar[int] = 2
    outputs: ClassVar[Outputs] = "any"
    summary: ClassVar[str] = "any model, through torch.func"
    preference: ClassVar[int] = 60

    def refuses(self, regime: Regime) -> str:
        """Return an empty string: it trains everything."""
        return ""

    def grouping(self, regime: Regime, budget: Budget, n: int, d: int, k: int) -> Grouping:
        """Return full stacks in which each trial has a lane of its own."""
        return fixed_grouping(n, d, k, budget.device, 16)

    def stack(self, regime: Regime, moved: tuple[str, ...], params: Params, x: Tensor) -> Stack:
        """Return the stack that torch makes of ``forward``."""
        from harness.engine.functional import FunctionalStack

        return FunctionalStack(regime.model, params, x, moved)
