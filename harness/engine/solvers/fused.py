"""Trains shallow nets one after the other with the compiled C++ kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.components import Activation, Budget, Grouping, Params, Regime
from harness.engine.fused.at_hand import made, real_of, unavailable
from harness.engine.shallow import ShallowSolver

if TYPE_CHECKING:
    from harness.engine.descent import ShallowTrial, Trained, Visit

MOST_INPUTS = 1 << 27
"""Entries of the inputs of a group, each trial with its own: a gibibyte."""


class Fused(ShallowSolver):
    """The compiled kernel: one network at a time, from its first step to its last."""

    name: ClassVar[str] = "fused"
    version: ClassVar[int] = 6
    summary: ClassVar[str] = "shallow nets on full batches, one at a time, by a compiled kernel"
    preference: ClassVar[int] = 20
    depends_on_compiler: ClassVar[bool] = True

    def knows(self, activation: Activation) -> bool:
        """Return whether the activation has C++ statements."""
        return activation.cpp() is not None

    def missing(self, dtype: str, device: str) -> str:
        """Return why there is no kernel, or an empty string; the first call may compile one."""
        return unavailable(dtype)

    def why_not(self, regime: Regime, dtype: str, device: str, q: int = 1) -> str:
        """Return why there is no kernel for the regime, or an empty string; the first call may compile it."""
        form = self.form(regime)
        reason = self.unfit(regime, q) or self.elsewhere(device)
        return reason if reason or form is None else unavailable(dtype, form.activation)

    def made(self, dtype: str, device: str) -> str:
        """Return the kernel's file and what compiled it."""
        return made(dtype, "kernel")

    def grouping(self, regime: Regime, budget: Budget, n: int, d: int, k: int) -> Grouping:
        """Return batches of networks that are trained one by one."""
        return Grouping(max(min(64, MOST_INPUTS // (n * d)), 1), alone=True)

    def descend(
        self, nets: Sequence[ShallowTrial], visits: Sequence[Visit | None], device: str
    ) -> Iterator[tuple[int, Trained, Params]]:
        """Train networks one after the other."""
        for place, (net, visit) in enumerate(zip(nets, visits, strict=True)):
            yield place, *_train(net, visit)


def _train(net: ShallowTrial, visit: Visit | None) -> tuple[Trained, Params]:
    from harness.engine.fused.binding import train

    on_the_way = None if visit is None else lambda step, *trained: visit(step, net.params(*trained))
    found = train(net.x, net.labels, net.w, net.v, net.c, net.descent, real_of(net.budget.dtype), on_the_way)
    return found, net.params(found.w, found.v, found.c)
