"""Trains stacks of shallow nets with the compiled C++ kernel: minibatches, several outputs, losses of classes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from harness.components import Budget, Grouping, Outputs, Regime, ResidualCriterion
from harness.engine.fused.at_hand import made, real_of, unavailable
from harness.engine.shallow import ShallowSolver, not_shallow
from harness.engine.solvers.stacked import Stacked
from harness.engine.stacks import most_lanes
from harness.mathematics.activations import ACTIVATIONS

if TYPE_CHECKING:
    from harness.engine.lanes import Lanes
    from harness.engine.minibatches import Permute
    from harness.engine.workspace import Workspace

MOST_LANES = 32
"""Networks of a stack. They are trained one after the other, and share the calls of the kernel."""


class FusedStack(Stacked):
    """The compiled kernel for stacks, which trains each network from one look at the measures to the next."""

    name: ClassVar[str] = "fused-stack"
    version: ClassVar[int] = 4
    outputs: ClassVar[Outputs] = "any"
    summary: ClassVar[str] = "shallow nets on minibatches or of several outputs, by a compiled kernel"
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    preference: ClassVar[int] = 35
    depends_on_compiler: ClassVar[bool] = True

    def refuses(self, regime: Regime) -> str:
        """Return why the regime is none of these, or an empty string."""
        form, optimizer, criterion = ShallowSolver.form(regime), regime.optimizer, regime.criterion
        if form is None or not form.plain:
            return not_shallow(regime.model)
        if optimizer.heavy_ball() is None:
            return f"optimizer {optimizer.name} has an update of its own"
        if not isinstance(criterion, ResidualCriterion):
            if criterion.derivative() is None:
                return f"criterion {criterion.name} gives no derivative that its kernel has"
            if criterion.per_sample() is None:
                return f"criterion {criterion.name} measures neither its loss nor the errors per sample"
        if form.activation.cpp() is None:
            return f"activation {form.activation} has no statements for its kernel"
        return ""

    def missing(self, dtype: str, device: str) -> str:
        """Return why there is no kernel, or an empty string; the first call may compile one."""
        return unavailable(dtype, ACTIVATIONS["softplus"], "stack")

    def why_not(self, regime: Regime, dtype: str, device: str, q: int = 1) -> str:
        """Return why there is no kernel for the regime, or an empty string; the first call may compile it."""
        form = ShallowSolver.form(regime)
        reason = self.refuses(regime) or self.elsewhere(device)
        return reason if reason or form is None else unavailable(dtype, form.activation, "stack")

    def made(self, dtype: str, device: str) -> str:
        """Return the kernel's file and what compiled it."""
        return made(dtype, "stack")

    def grouping(self, regime: Regime, budget: Budget, n: int, d: int, k: int) -> Grouping:
        """Return stacks of networks, as many as fit into memory."""
        return Grouping(most_lanes(n, d, k, MOST_LANES))

    def permute(self, regime: Regime, budget: Budget) -> Permute:
        """Return the kernel's own way to draw NumPy's permutations."""
        from harness.engine.fused.stack_workspace import compiled, permutations

        form = ShallowSolver.form(regime)
        assert form is not None
        return functools.partial(permutations, compiled(real_of(budget.dtype), form.activation))

    def workspace_of(
        self, regime: Regime, budget: Budget, k: int, moved: tuple[str, ...], batch: int
    ) -> Callable[[Lanes], Workspace]:
        """Return what allocates the kernel's buffers for networks."""
        from harness.engine.fused.stack_workspace import FusedStackWorkspace

        form = ShallowSolver.form(regime)
        assert form is not None
        return functools.partial(FusedStackWorkspace, regime, form, batch=batch)
