"""Which solver trains a regime, and how many networks it takes at a time."""

from __future__ import annotations

import functools
import importlib.util
import os
from dataclasses import dataclass, replace
from typing import Literal

from harness.components import Activation, Model, Regime, ResidualCriterion, ShallowForm
from harness.engine.setting import Setting
from harness.mathematics.activations import ACTIVATIONS, named

SolverName = Literal["spectral", "fused", "fused-gpu", "stacked", "compiled", "functional"]

FUSED: tuple[SolverName, ...] = ("fused", "fused-gpu")
"""Solvers that take a shallow net as a whole, from its first step to its last."""

WORKING_SET = 3 << 20
"""Bytes that a stack on the CPU should occupy: what stays in the second-level cache with room to spare."""

FILL_GPU = 1 << 20
"""Elements of φ that occupy a GPU."""

FUNCTIONAL_LANES = 16
"""Lanes of a functional stack on the CPU, compiled or not."""

COMPILE_PAYS = 2_000_000
"""Network-steps ahead of a regime from which on its step is compiled. Compiling takes about ten seconds, and half of
that in each further process; it saves about 20 µs a network-step on small nets, more on larger ones, and budgets are
seldom used up."""


@dataclass(frozen=True)
class Solver:
    """How trials of a regime are trained.

    Attributes:
        name: ``spectral`` solves models linear in their trained weights exactly; ``fused`` runs the compiled kernel on
            one plain shallow net at a time; ``fused-gpu`` runs its twin on a CUDA device, on many nets at a time, of
            one batch or of several; ``stacked`` advances the model's own closed form; ``functional`` advances any
            model through ``torch.func``, and ``compiled`` does so with the whole step compiled by torch.
        fixed_lanes: Whether a trial's lane is a function of its seed alone and stacks are always full. Needed where
            the last bit of a lane may depend on its place or on the number of lanes: everywhere but in closed form
            on aligned lanes on the CPU.
    """

    name: SolverName
    fixed_lanes: bool

    def lanes(self, setting: Setting, n: int, d: int, k: int) -> int:
        """Return how many lanes a stack has at most (exactly, if lanes are fixed)."""
        size = 8 if setting.dtype == "float64" else 4
        if self.name == "spectral" or self.name in FUSED:
            return 64
        if setting.device != "cpu":
            return _power_of_two(FILL_GPU // max(n * k, 1), 16, 1024)
        if self.fixed_lanes:
            return FUNCTIONAL_LANES
        each = size * (2 * k * n + 2 * n * d + 28 * n + 2 * k * d)
        return min(max(WORKING_SET // each, 8), 256)


def solver_for(
    regime: Regime, device: str, dtype: str = "float32", wanted: str | None = None, ahead: float = 0.0
) -> Solver:
    """Pick the fastest solver that fits the regime.

    Args:
        regime: What is trained.
        device: Where.
        dtype: ``float32`` or ``float64``.
        wanted: The solver that trained it before, to go on with.
        ahead: Network-steps that are ahead; compiling a step must pay.
    """
    optimizer = regime.optimizer
    plain = optimizer.heavy_ball() == 0.0 and optimizer.batch_size(1 << 30) == 1 << 30
    if regime.model.linear() and plain and isinstance(regime.criterion, ResidualCriterion):
        return Solver("spectral", fixed_lanes=False)
    fusible = device == "cpu" and wanted in (None, "fused") and fused_takes(regime)
    if fusible and (wanted == "fused" or not missing("fused", regime, device, dtype)):
        return Solver("fused", fixed_lanes=False)
    on_gpu = device != "cpu" and gpu_takes(regime) and wanted in (None, "fused-gpu")
    if on_gpu and (wanted == "fused-gpu" or not gpu_unavailable(dtype)):
        return Solver("fused-gpu", fixed_lanes=False)
    if type(regime.model).stack is not Model.stack:
        # What torch.func maps over a stack (a criterion's gradient, an optimizer's update) is not laid out in lanes.
        aligned = isinstance(regime.criterion, ResidualCriterion) and optimizer.heavy_ball() is not None
        return Solver("stacked", fixed_lanes=device != "cpu" or not aligned)
    pays = wanted is None and ahead >= COMPILE_PAYS
    if wanted == "compiled" or (pays and not uncompiled(regime, dtype, device)):
        return Solver("compiled", fixed_lanes=True)
    return Solver("functional", fixed_lanes=True)


def solver_to_go_on(regime: Regime, device: str, dtype: str, before: str | None, ahead: float) -> Solver:
    """Pick as :func:`solver_for` does, but leave a regime of which torch maps the step to the solver it had.

    Whether compiling pays depends on how much is ahead; a suite that grows must not train anew for it.

    Args:
        regime: What is trained.
        device: Where.
        dtype: ``float32`` or ``float64``.
        before: What trained it in this directory; None where nothing did.
        ahead: Network-steps that are ahead.
    """
    whatever_is_ahead = solver_for(regime, device, dtype)
    if whatever_is_ahead.name != "functional" or before == "functional":
        return whatever_is_ahead
    kept = before if before == "compiled" and not missing("compiled", regime, device, dtype) else None
    return solver_for(regime, device, dtype, kept, ahead)


def missing(solver: str | None, regime: Regime, device: str, dtype: str) -> str:
    """Return why a solver cannot be had here; empty if it can. The first call may compile what it needs."""
    if solver == "fused":
        form = fused_form(regime)
        return "the model is not a shallow net" if form is None else unavailable(dtype, form.activation)
    if solver == "fused-gpu":
        return gpu_unavailable(dtype)
    return uncompiled(regime, dtype, device) if solver == "compiled" else ""


def uncompiled(regime: Regime, dtype: str, device: str) -> str:
    """Return why the step of a regime cannot be compiled here; empty if it can. The first call compiles it."""
    from harness.engine.compiled_step import NotCompiled, compiled_step

    try:
        compiled_step(regime, dtype, device)
    except NotCompiled as error:
        return str(error)
    return ""


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
    form = regime.model.shallow_form()
    return form and replace(form, activation=named(form.activation))  # plugins of version 0.1 give a name


def fused_takes(regime: Regime) -> bool:
    """Say whether the compiled kernel can train this regime: φ needs C++ statements."""
    form = fused_form(regime)
    return form is not None and form.activation.cpp() is not None


def gpu_takes(regime: Regime) -> bool:
    """Say whether the GPU kernel can train this regime: without constraints, and φ needs Triton statements."""
    form = fused_form(regime)
    return form is not None and form.activation.triton() is not None and regime.optimizer.constraint() is None


@functools.cache
def unavailable(dtype: str = "float32", activation: Activation = ACTIVATIONS["softplus"]) -> str:
    """Return the reason why the compiled kernel of an activation is not available here, or an empty string if it is.

    The first call may compile the kernel.
    """
    from harness.engine.fused.build import NoKernel, kernel

    try:
        kernel("double" if dtype == "float64" else "float", activation)
    except NoKernel as error:
        return str(error)
    return ""


@functools.cache
def gpu_unavailable(dtype: str = "float32") -> str:
    """Return why the GPU kernel cannot be had here; empty if it can. Compiles nothing."""
    import torch

    if os.environ.get("HARNESS_FUSED") == "0":
        return "HARNESS_FUSED=0"
    if not torch.cuda.is_available():
        return "there is no CUDA device"
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    import triton

    least = (3, 5) if dtype == "float64" else (3, 2)
    found = tuple(int(part) for part in triton.__version__.split(".")[:2])
    if found < least:
        return f"triton {triton.__version__} is older than {least[0]}.{least[1]}, which {dtype} needs"
    return ""


def _power_of_two(target: int, least: int, most: int) -> int:
    lanes = least
    while lanes < target and lanes < most:
        lanes *= 2
    return lanes
