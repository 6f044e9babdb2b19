"""Trains one trial with the fused kernel."""

from __future__ import annotations

from harness.components import Outcome, Params
from harness.engine.descent import ShallowTrial, Visit
from harness.engine.fused.binding import train
from harness.engine.fused.build import Real


def solve(net: ShallowTrial, visit: Visit | None = None) -> tuple[Outcome, Params]:
    """Train one trial to its end.

    Args:
        net: What to train.
        visit: Called with step and weights, float64, at the steps of the curve.

    Returns:
        Its outcome and its last weights, float64.
    """
    on_the_way = None if visit is None else lambda step, *trained: visit(step, net.params(*trained))
    real: Real = "double" if net.setting.dtype == "float64" else "float"
    found = train(net.x, net.labels, net.w, net.v, net.c, net.descent, real, on_the_way)
    return net.outcome(found), net.params(found.w, found.v, found.c)
