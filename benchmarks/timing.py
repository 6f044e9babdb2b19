"""Seconds of one network-step, whatever takes the steps."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch

FEW = 2
"""Steps of the shorter of two runs."""

EXTRA = 8 * FEW
"""Steps by which the longer run is longer, at least: what disturbs the shorter one then weighs little."""

MOST = 5_000_000
"""Steps of the longest run that is tried."""


class Variant(ABC):
    """One way of training networks.

    Attributes:
        networks: How many are trained together.
    """

    networks: int

    @abstractmethod
    def run(self, steps: int) -> None:
        """Take so many steps with every network, and wait for the last of them."""


def seconds(action: Callable[[], object], device: str = "cpu", *, wall: bool = False) -> float:
    """Return how long an action takes: its processor time, which a busy machine changes little, or wall time.

    Args:
        action: What is timed.
        device: Where it runs; what it leaves to an accelerator counts, in wall time.
        wall: Whether to take wall time on the CPU too, as for what other processes do.
    """
    if device != "cpu":
        torch.cuda.synchronize(device)
    clock = time.perf_counter if wall or device != "cpu" else time.process_time
    begin = clock()
    action()
    if device != "cpu":
        torch.cuda.synchronize(device)
    return clock() - begin


@dataclass(frozen=True)
class Slope:
    """Times a variant as the slope between two runs, so that set-up does not count.

    Attributes:
        variant: What is timed.
        extra: Steps by which the longer run is longer.
        device: Where it runs.
        wall: Whether wall time counts on the CPU too.
    """

    variant: Variant
    extra: int
    device: str = "cpu"
    wall: bool = False

    @classmethod
    def calibrated(cls, variant: Variant, target: float, device: str = "cpu", *, wall: bool = False) -> Slope:
        """Choose the longer run so that the extra steps take about ``target`` seconds; warms the variant up."""
        variant.run(FEW)
        few = seconds(lambda: variant.run(FEW), device)
        extra = EXTRA
        while extra < MOST:
            gain = seconds(lambda: variant.run(FEW + extra), device) - few  # noqa: B023  # called at once
            if gain >= target / 2:
                break
            extra = min(round(extra * min(max(target / max(gain, 1e-9), 2.0), 20.0)), MOST)
        return cls(variant, extra, device, wall)

    def measure(self) -> float:
        """Return the seconds of one step of one network."""
        few = min(seconds(lambda: self.variant.run(FEW), self.device, wall=self.wall) for _ in range(2))
        many = seconds(lambda: self.variant.run(FEW + self.extra), self.device, wall=self.wall)
        if many <= few:  # disturbed; what includes the set-up is an upper bound
            return many / ((FEW + self.extra) * self.variant.networks)
        return (many - few) / (self.extra * self.variant.networks)
