"""What several cores do together over what one does alone."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks.case import Case, Size
from benchmarks.engine_solver import EngineSolver, usual
from benchmarks.speed import Effort
from benchmarks.timing import Slope


@dataclass(frozen=True)
class Share:
    """Throughput of one case.

    Attributes:
        size: (n, d, k).
        activation: φ.
        cores: Processes, one a core.
        alone: Thousands of network-steps per second of one process by itself.
        together: Of all at once.
        ratio: Median over repetitions of the ratio.
    """

    size: Size
    activation: str
    cores: int
    alone: float
    together: float
    ratio: float


_slopes: dict[Case, Slope] = {}
"""What a process has calibrated."""


def _measure(case: Case, seconds: float) -> float:
    if case not in _slopes:
        _slopes[case] = Slope.calibrated(EngineSolver(case, usual(case)), seconds, wall=True)
    return 1e-3 / _slopes[case].measure()


def measure(case: Case, effort: Effort, pools: Sequence[ProcessPoolExecutor]) -> Share:
    """Measure the usual solver in one process, then in all, in each repetition."""

    def rates(some: Sequence[ProcessPoolExecutor]) -> float:
        return sum(future.result() for future in [pool.submit(_measure, case, effort.seconds) for pool in some])

    rates(pools)  # calibrates
    alone, together = [], []
    for _ in range(effort.repetitions):
        alone.append(rates(pools[:1]))
        together.append(rates(pools))
    return Share(
        case.size,
        case.activation,
        len(pools),
        statistics.median(alone),
        statistics.median(together),
        statistics.median(b / a for a, b in zip(alone, together, strict=True)),
    )
