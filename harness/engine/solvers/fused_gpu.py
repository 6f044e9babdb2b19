"""Trains many shallow nets at a time with the Triton kernel."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.components import Activation, Budget, Grouping, Params, Regime
from harness.components.fault import said
from harness.engine.shallow import ShallowSolver

if TYPE_CHECKING:
    from harness.engine.descent import ShallowTrial, Trained, Visit

LEAST_TRITON = (3, 5)
"""Oldest version whose matrix products take eight neurons, and double precision."""


LEAST_CAPABILITY = (8, 0)
"""Oldest devices that Triton supports."""


class FusedGpu(ShallowSolver):
    """The Triton kernel: one network a thread block, many in a launch. Large networks are trained alone, by torch."""

    name: ClassVar[str] = "fused-gpu"
    version: ClassVar[int] = 5
    summary: ClassVar[str] = "shallow nets on full batches without constraints, many in a launch"
    devices: ClassVar[tuple[str, ...]] = ("cuda",)
    preference: ClassVar[int] = 30
    pools: ClassVar[bool] = True

    def refuses(self, regime: Regime) -> str:
        """Return what a shallow solver does not take, or the constraint that this one does not know."""
        reason = super().refuses(regime)
        if not reason and regime.optimizer.constraint() is not None:
            return f"optimizer {regime.optimizer.name} constrains the weights"
        return reason

    def knows(self, activation: Activation) -> bool:
        """Return whether the activation has statements in Triton's language."""
        return activation.triton() is not None

    def missing(self, dtype: str, device: str) -> str:
        """Return why the kernel cannot be had here, or an empty string."""
        return gpu_unavailable(device)

    def grouping(self, regime: Regime, budget: Budget, n: int, d: int, k: int) -> Grouping:
        """Return batches of networks that share launches."""
        return Grouping()

    def descend(
        self, nets: Sequence[ShallowTrial], visits: Sequence[Visit | None], device: str
    ) -> Iterator[tuple[int, Trained, Params]]:
        """Train networks in common launches."""
        from harness.engine.gpu.solver import train_all

        for place, end in train_all(nets, visits, device):
            yield place, end, nets[place].params(end.w, end.v, end.c)


@functools.cache
def gpu_unavailable(device: str = "cuda") -> str:
    """Return why a CUDA device cannot have the kernel, or an empty string.

    Compiles no kernel, but what Triton calls the driver by, so that a missing compiler is found before any trial.
    """
    import torch

    if os.environ.get("HARNESS_FUSED") == "0":
        return "HARNESS_FUSED=0"
    if not torch.cuda.is_available():
        return "there is no CUDA device"
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    import triton

    if tuple(int(part) for part in triton.__version__.split(".")[:2]) < LEAST_TRITON:
        return f"triton {triton.__version__} is older than {'.'.join(map(str, LEAST_TRITON))}"
    return _refusal(device)


def _refusal(device: str) -> str:
    """Return why a CUDA device cannot run Triton's kernels, or an empty string."""
    import torch
    import triton

    if torch.version.hip is not None:
        return "its kernel is for devices of NVIDIA"
    try:
        capability = torch.cuda.get_device_capability(device)
        triton.runtime.driver.active.utils  # noqa: B018  # compiled when it is asked for
    except Exception as error:  # no compiler, no headers of Python, a folder that cannot be written to
        return f"triton cannot call the driver ({said(error)})"
    if capability < LEAST_CAPABILITY:
        return f"compute capability {'.'.join(map(str, capability))} is below {'.'.join(map(str, LEAST_CAPABILITY))}"
    return ""
