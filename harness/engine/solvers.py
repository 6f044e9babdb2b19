"""Which solver trains a regime, and how many networks it takes at a time."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from harness.components import Model, Regime, ResidualCriterion, ShallowForm
from harness.engine.setting import Setting

SolverName = Literal["spectral", "fused", "stacked", "functional"]

WORKING_SET = 3 << 20
"""Bytes that a stack on the CPU should occupy: what stays in the second-level cache with room to spare."""

FILL_GPU = 1 << 20
"""Elements of φ that occupy a GPU."""

FUNCTIONAL_LANES = 16
"""Lanes of a functional stack on the CPU."""


@dataclass(frozen=True)
class Solver:
    """How trials of a regime are trained.

    Attributes:
        name: ``spectral`` solves models linear in their trained weights exactly; ``fused`` runs the compiled kernel on
            one plain shallow net at a time; ``stacked`` advances the model's own
            closed form; ``functional`` advances any model through ``torch.func``.
        fixed_lanes: Whether a trial's lane is a function of its seed alone and stacks are always full. Needed where
            the last bit of a lane may depend on its place or on the number of lanes: everywhere but in closed form
            on aligned lanes on the CPU.
    """

    name: SolverName
    fixed_lanes: bool

    def lanes(self, setting: Setting, n: int, d: int, k: int) -> int:
        """Return how many lanes a stack has at most (exactly, if lanes are fixed)."""
        size = 8 if setting.dtype == "float64" else 4
        if self.name in ("spectral", "fused"):
            return 64
        if setting.device != "cpu":
            return _power_of_two(FILL_GPU // max(n * k, 1), 16, 1024)
        if self.fixed_lanes:
            return FUNCTIONAL_LANES
        each = size * (2 * k * n + 2 * n * d + 28 * n + 2 * k * d)
        return min(max(WORKING_SET // each, 8), 256)


def solver_for(regime: Regime, device: str, dtype: str = "float32", wanted: str | None = None) -> Solver:
    """Pick the fastest solver that fits the regime.

    Args:
        regime: What is trained.
        device: Where.
        dtype: ``float32`` or ``float64``.
        wanted: The solver that trained it before, to go on with.
    """
    optimizer = regime.optimizer
    plain = optimizer.heavy_ball() == 0.0 and optimizer.batch_size(1 << 30) == 1 << 30
    if regime.model.linear() and plain and isinstance(regime.criterion, ResidualCriterion):
        return Solver("spectral", fixed_lanes=False)
    fusible = device == "cpu" and fused_form(regime) is not None and wanted in (None, "fused")
    if fusible and (wanted == "fused" or not unavailable(dtype)):
        return Solver("fused", fixed_lanes=False)
    if type(regime.model).stack is not Model.stack:
        # What torch.func maps over a stack (a criterion's gradient, an optimizer's update) is not laid out in lanes.
        aligned = isinstance(regime.criterion, ResidualCriterion) and optimizer.heavy_ball() is not None
        return Solver("stacked", fixed_lanes=device != "cpu" or not aligned)
    return Solver("functional", fixed_lanes=True)


def fused_form(regime: Regime) -> ShallowForm | None:
    """Return the shallow net that the compiled kernel can train for this regime, if it can.

    It takes full batches, gradient descent, projected onto paired balls or not, and the heavy ball, and criteria of
    the residual norm.
    """
    optimizer = regime.optimizer
    known = optimizer.heavy_ball() is not None or optimizer.constraint() is not None
    full = known and optimizer.batch_size(1 << 30) == 1 << 30
    if not full or not isinstance(regime.criterion, ResidualCriterion):
        return None
    return regime.model.shallow_form()


@functools.cache
def unavailable(dtype: str = "float32") -> str:
    """Return why the compiled kernel cannot be had here; empty if it can. The first call may compile it."""
    from harness.engine.fused.build import NoKernel, kernel

    try:
        kernel("double" if dtype == "float64" else "float")
    except NoKernel as error:
        return str(error)
    return ""


def _power_of_two(target: int, least: int, most: int) -> int:
    lanes = least
    while lanes < target and lanes < most:
        lanes *= 2
    return lanes
