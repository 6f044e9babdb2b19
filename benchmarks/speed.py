"""Network-steps per second of everything that can take them, measured in turn on one core."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from benchmarks import hardware, jax_loop
from benchmarks.case import Case, Size
from benchmarks.engine_solver import NAMES, EngineSolver, usual, usual_lanes
from benchmarks.plain_loop import Descent, PlainLoop
from benchmarks.timing import Slope, Variant
from benchmarks.vmap_loop import VmapLoop
from harness.engine.fused.compiler import NoKernel

SIZES: tuple[Size, ...] = ((100, 20, 5), (200, 20, 10), (200, 20, 32), (800, 60, 64), (2000, 100, 100))
ACTIVATIONS: tuple[str, ...] = ("softplus", "relu", "tanh")
JAX: dict[str, jax_loop.Layout] = {"jax-nk": "nk", "jax-kn": "kn"}


@dataclass(frozen=True)
class Effort:
    """How carefully is measured.

    Attributes:
        repetitions: Rounds in which everything is measured in turn.
        seconds: Time of the longer run of a measurement.
        product: Size of the matrices multiplied.
    """

    repetitions: int = 5
    seconds: float = 0.1
    product: int = 2048


QUICK = Effort(1, 0.002, 256)


@dataclass(frozen=True)
class Speed:
    """What was found for one case.

    Attributes:
        size: (n, d, k).
        activation: φ.
        microseconds: Variant → median time of one network-step.
        ratios: Variant → the loop's time over its own, the median of the ratios of each repetition.
        peak: Variant → fraction of the multiply-add peak, at 4ndk operations a step, the median likewise.
        fused_over_jax: The better JAX layout's time over that of the usual solver, the median likewise.
        fma: GFLOP/s of one core's multiply-adds.
        product: GFLOP/s of ``torch.mm``.
        left_out: Variant → why it was not measured.
    """

    size: Size
    activation: str
    microseconds: dict[str, float]
    ratios: dict[str, float]
    peak: dict[str, float]
    fused_over_jax: float | None
    fma: float | None
    product: float
    left_out: dict[str, str] = field(default_factory=dict)


def makers(case: Case) -> dict[str, Callable[[], Variant]]:
    """Return how to make each variant, slowest first."""
    lanes = usual_lanes(case)

    def jax(layout: jax_loop.Layout) -> jax_loop.JaxLoop:
        if reason := jax_loop.missing(case.device):
            raise LookupError(reason)
        return jax_loop.JaxLoop(case, case.trials(lanes), layout)

    descent = Descent(case.activation, 0, dtype=case.precision, device=case.device)
    return {
        "loop": lambda: PlainLoop(case.trials(1)[0], descent),
        "vmap": lambda: VmapLoop(case, case.trials(lanes)),
        "jax-nk": lambda: jax("nk"),
        "jax-kn": lambda: jax("kn"),
        **{name: functools.partial(EngineSolver, case, name) for name in reversed(NAMES)},
    }


def measure(case: Case, effort: Effort, only: Sequence[str] | None = None) -> Speed:
    """Measure one case in this process.

    Args:
        case: What is trained.
        effort: How carefully.
        only: Variants to measure besides the loop; None for all.
    """
    torch.set_num_threads(1)
    slopes: dict[str, Slope] = {}
    left_out: dict[str, str] = {}
    for name, make in makers(case).items():
        if name != "loop" and only is not None and name not in only:
            continue
        try:
            slopes[name] = Slope.calibrated(make(), effort.seconds, case.device)
        except LookupError as error:
            left_out[name] = str(error.args[0])
    times: dict[str, list[float]] = {name: [] for name in slopes}
    peaks: list[float] = []
    products: list[float] = []
    for _ in range(effort.repetitions):
        for name, slope in slopes.items():
            times[name].append(slope.measure())
        products.append(hardware.matrix_product(case, effort.product))
        if case.device == "cpu":
            try:
                peaks.append(hardware.fma_peak(case.dtype))
            except NoKernel as error:
                left_out["fma"] = str(error)
    fused = usual(case) if usual(case) in times else ""
    better = [min(pair) for pair in zip(*(times[name] for name in JAX if name in times), strict=True)]
    return Speed(
        size=case.size,
        activation=case.activation,
        microseconds={name: 1e6 * statistics.median(found) for name, found in times.items()},
        ratios={name: paired(times["loop"], found) for name, found in times.items()},
        peak={
            name: statistics.median(1e-9 * case.flops / (t * p) for t, p in zip(found, peaks, strict=True))
            for name, found in times.items()
            if len(peaks) == effort.repetitions
        },
        fused_over_jax=paired(better, times[fused]) if better and fused else None,
        fma=statistics.median(peaks) if peaks else None,
        product=statistics.median(products),
        left_out=left_out,
    )


def paired(times: Sequence[float], others: Sequence[float]) -> float:
    """Return the median over repetitions of the ratio of two times."""
    return statistics.median(a / b for a, b in zip(times, others, strict=True))
