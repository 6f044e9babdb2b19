"""A few steps of both kernels, for the tools of compute-sanitizer, which make programs a hundred times slower."""

from __future__ import annotations

from typing import Any

from harness.engine.gpu.fleet import Family
from harness.engine.gpu.solver import train_all
from tests.gpu.bits import made

SIZES = ((40, 5, 17), (257, 7, 33))


def measure(device: str, *, tiny: bool = False) -> dict[str, Any]:
    """Train both layers of a resident and of a streamed network.

    Args:
        device: Where.
        tiny: Whether to take one step.
    """
    kinds = []
    for size in SIZES:
        nets = made("tanh all biases", "float32", size, 1 if tiny else 4, range(1 if tiny else 3))
        dict(train_all(nets, [None] * len(nets), device))
        kinds.append(Family.of(nets[0]).tiling.resident)
    return {"resident": kinds, "faults": [] if kinds == [True, False] else ["not both kernels were launched"]}
