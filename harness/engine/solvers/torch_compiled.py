"""Advances stacks of any model by a step that torch compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar

from harness.components import Budget, Grouping, Regime
from harness.engine.stacks import StackSolver, fixed_grouping

if TYPE_CHECKING:
    from torch import Tensor

    from harness.components import Params, Stack
    from harness.engine.lanes import Lanes
    from harness.engine.workspace import Workspace

COMPILE_PAYS = 2_000_000
"""Network-steps ahead of a regime from which on its step is compiled. Compiling takes about ten seconds, and half of
that in each further process; it saves about 20 µs a network-step on small nets, more on larger ones, and budgets are
seldom used up."""


class TorchCompiled(StackSolver):
    """Outputs, gradient and update in one function that ``torch.compile`` made."""

    name: ClassVar[str] = "torch-compiled"
    stored: ClassVar[str] = "compiled"
    summary: ClassVar[str] = "any model, where enough steps are ahead, by a step that torch compiles"
    preference: ClassVar[int] = 50

    def refuses(self, regime: Regime) -> str:
        """Return that it takes no noise, or an empty string: whether a step compiles is found out by compiling it."""
        noisy = regime.model.activation_noise() is not None
        return f"model {regime.model.name} has noise on its activations, which no compiled step takes" if noisy else ""

    def missing(self, dtype: str, device: str) -> str:
        """Return which compiler is missing, or an empty string."""
        from harness.engine.compiled_step import missing

        return missing(device)

    def why_not(self, regime: Regime, dtype: str, device: str, q: int = 1) -> str:
        """Return why the step cannot be compiled here, or an empty string; the first call compiles it."""
        return self.of_several(q) or self.refuses(regime) or uncompiled(regime, dtype, device)

    def pays(self, ahead: float) -> bool:
        """Return whether compiling saves more time than it takes."""
        return ahead >= COMPILE_PAYS

    def grouping(self, regime: Regime, budget: Budget, n: int, d: int, k: int) -> Grouping:
        """Return full stacks in which each trial has a lane of its own."""
        return fixed_grouping(n, d, k, budget.device, 16)

    def stack(self, regime: Regime, moved: tuple[str, ...], params: Params, x: Tensor) -> Stack:
        """Return the stack that torch makes of ``forward``; it evaluates networks between minibatches."""
        from harness.engine.functional import FunctionalStack

        return FunctionalStack(regime.model, params, x, moved)

    def workspace_of(
        self, regime: Regime, budget: Budget, k: int, moved: tuple[str, ...], batch: int
    ) -> Callable[[Lanes], Workspace]:
        """Return what allocates buffers for networks, with the compiled step."""
        from harness.engine.compiled_step import compiled_step
        from harness.engine.compiled_workspace import CompiledWorkspace

        step = functools.partial(compiled_step(regime, budget.dtype, budget.device), k)
        return functools.partial(CompiledWorkspace, regime, self.stack_of(regime, moved), moved, step, batch=batch)

    def guard(self) -> AbstractContextManager[None]:
        """Return the context in which recompiling raises."""
        from harness.engine.compiled_step import strict

        return strict()


def uncompiled(regime: Regime, dtype: str, device: str) -> str:
    """Return why the step of a regime cannot be compiled here, or an empty string; the first call compiles it."""
    from harness.engine.compiled_step import NotCompiled, compiled_step

    try:
        compiled_step(regime, dtype, device)
    except NotCompiled as error:
        return str(error)
    return ""
