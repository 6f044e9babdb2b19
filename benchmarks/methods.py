"""Network-steps of further methods in processor time: the compiled kernels, the stack of torch, and JAX in turn."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from benchmarks import hardware
from benchmarks.jax_loop import missing
from benchmarks.jax_methods import Draws, JaxMethod
from benchmarks.method import Method
from benchmarks.speed import JAX, paired
from harness.components import Cell
from harness.engine.fused.compiler import NoKernel
from harness.engine.solvers.stacked import Stacked
from harness.engine.work import train


@dataclass(frozen=True)
class MethodSpeed:
    """What was found for one method.

    Attributes:
        method: What was trained.
        microseconds: Variant → median processor time of one network-step: ``engine`` is its compiled kernel; those of
            JAX are without the draws of minibatches, which are ``draws``.
        over_jax: Time of the better layout of JAX and of its draws over that of the kernel, which draws too: the median
            of the ratios of each repetition, or None.
        over_undrawn: The same without JAX's draws, or None where there are none.
        over_stacked: Time of torch's batched products over that of the kernel, likewise.
        peak: Fraction of the multiply-add peak that the kernel reaches, at 4ndk operations a step, likewise.
        left_out: Variant → why it was not measured.
    """

    method: Method
    microseconds: dict[str, float]
    over_jax: float | None
    over_undrawn: float | None
    over_stacked: float
    peak: float | None
    left_out: dict[str, str] = field(default_factory=dict)


SMALL, WIDE, LARGE = (200, 20, 10), (1000, 64, 100), (5000, 784, 100)
SEVERAL = (1000, 64, 50)

METHODS = (
    *(Method(SMALL, phi, batch=batch) for batch in (20, 50) for phi in ("softplus", "relu")),
    *(Method(WIDE, phi, batch=50) for phi in ("softplus", "relu")),
    Method(SEVERAL, "relu", 10, 50, "classes", "all"),
    *(Method(SEVERAL, "relu", 10, None, loss, "all") for loss in ("squares", "logistic", "classes")),
    Method(SEVERAL, "softplus", 10, None, "classes", "all"),
    *(Method(LARGE, "relu", 10, None, loss, "all") for loss in ("squares", "logistic", "classes")),
    Method((50, 10, 8), "softplus"),
    Method((30, 10, 1), "softplus"),
    *(Method(size, "gelu", layers="all", momentum=0.9) for size in (SMALL, WIDE)),
    *(Method(WIDE, phi, dtype="float64") for phi in ("softplus", "relu")),
)

QUICK = (
    Method((30, 5, 3), "relu", batch=6),
    Method((30, 5, 3), "relu", 4, None, "logistic", "all"),
    Method((30, 5, 3), "gelu", layers="all", momentum=0.9, dtype="float64"),
)


def engine(method: Method, solver: str) -> Callable[[int], object]:
    """Return what trains so many steps by a solver of the engine, with its draws of minibatches."""

    def run(steps: int) -> None:
        (*_, last) = train(method.setting(steps, solver), Cell("bench", *method.size), range(method.networks))
        if last.message or last.steps != steps:
            raise LookupError(last.message or f"it ended after {last.steps} steps")

    return run


def measure(method: Method, repetitions: int, least: float) -> MethodSpeed:
    """Measure one method in this process, in processor time.

    Args:
        method: What is trained.
        repetitions: Rounds in which everything is measured in turn.
        least: Processor time of the longer of two runs.
    """
    torch.set_num_threads(1)
    left_out: dict[str, str] = {}
    runs: dict[str, Callable[[int], object]] = {
        "engine": engine(method, method.solver),
        Stacked.name: engine(method, Stacked.name),
    }
    draws = Draws(method)
    if reason := missing("cpu"):
        left_out["jax"] = reason
    else:
        runs |= {"draws": draws.draw} if method.batch is not None else {}
        runs |= {name: JaxMethod(method, draws, layout).run for name, layout in JAX.items()}
    epoch = 1 if method.batch is None else -(-method.size[0] // method.batch)
    few = 2 * epoch
    before: dict[str, Callable[[int], object]] = dict.fromkeys(JAX, draws.draw)
    extra = {name: _extra(run, before.get(name), few, least) for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    peaks: list[float] = []
    for _ in range(repetitions):
        for name, run in runs.items():
            more = _seconds(run, before.get(name), few + extra[name])
            more -= min(_seconds(run, before.get(name), few) for _ in range(2))
            times[name].append(max(more, 1e-9) / extra[name] / method.networks)
        try:
            peaks.append(hardware.fma_peak(method.dtype))
        except NoKernel as error:
            left_out["fma"] = str(error)
    jax = [min(pair) for pair in zip(*(times[name] for name in JAX if name in times), strict=True)]
    drawn = times.get("draws", [0.0] * len(jax))
    whole = [a + b for a, b in zip(jax, drawn, strict=True)]
    return MethodSpeed(
        method=method,
        microseconds={name: 1e6 * statistics.median(found) for name, found in times.items()},
        over_jax=paired(whole, times["engine"]) if jax else None,
        over_undrawn=paired(jax, times["engine"]) if "draws" in times else None,
        over_stacked=paired(times[Stacked.name], times["engine"]),
        peak=paired([1e-9 * method.flops / p for p in peaks], times["engine"]) if peaks else None,
        left_out=left_out,
    )


def _seconds(run: Callable[[int], object], before: Callable[[int], object] | None, steps: int) -> float:
    """Return the processor time of a run, without that of what must be there before."""
    if before is not None:
        before(steps)
    begin = time.process_time()
    run(steps)
    return time.process_time() - begin


def _extra(run: Callable[[int], object], before: Callable[[int], object] | None, few: int, least: float) -> int:
    """Return by how many steps the longer run is longer, a multiple of the shorter one."""
    _seconds(run, before, few)  # compiles
    shorter, extra = _seconds(run, before, few), few
    while (gain := _seconds(run, before, few + extra) - shorter) < least:
        extra = few * math.ceil(extra / few * min(max(1.2 * least / max(gain, 1e-9), 2.0), 20.0))
    return extra
