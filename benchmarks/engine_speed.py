"""The engine's solvers against the plain loop, all cores busy with one of them at a time."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import torch

from benchmarks import plain_loop
from harness import Regime
from harness.builtin.criteria import Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import ActivationName, Cell, Model
from harness.engine.setting import Setting
from harness.engine.solvers import solver_for
from harness.engine.trial import prepare
from harness.engine.work import train

SIZES = ((100, 20, 5), (200, 20, 10), (200, 20, 32), (800, 60, 64))
"""(n, d, k)."""

PLAIN_SECONDS = 0.25
"""Time that one measurement of the plain loop should take."""


class Stacked(ShallowNet):
    """The shallow net kept from the compiled kernel."""

    name = "stacked"
    shallow_form = Model.shallow_form  # type: ignore[assignment]  # the base class promises less


class ForwardOnly(Stacked):
    """The shallow net as a plugin author may write it: nothing but ``forward``."""

    name = "forward-only"
    stack = Model.stack  # type: ignore[assignment]


MODELS = {"fused": ShallowNet, "stacked": Stacked, "functional": ForwardOnly}
"""Variant → the model that makes the engine choose that solver."""


@dataclass(frozen=True)
class Speed:
    """Microseconds per network-step and core, and how many times faster than the plain loop.

    Attributes:
        size: (n, d, k).
        activation: φ.
        microseconds: Variant → median time; ``plain`` is the loop.
        ratios: Variant → the loop's time over its own, the median over repetitions.
    """

    size: tuple[int, int, int]
    activation: str
    microseconds: dict[str, float]
    ratios: dict[str, float]


def _setting(activation: ActivationName, steps: int, variant: str = "fused") -> Setting:
    regime = Regime("bench", MODELS[variant](activation), GaussianHalves(), GradientDescent(), Quadratic())
    # A tolerance that is never met, so that every network takes every step.
    return Setting(regime, None, Sphere(), True, 0, steps, (1e-300,), "float32", "cpu", False)


def measure_plain(size: tuple[int, int, int], activation: ActivationName) -> float:
    """Return the seconds of one step of the plain loop, on this process's one thread."""
    torch.set_num_threads(1)
    n, d, k = size
    trial = prepare(_setting(activation, 1), n, d, k, 0)
    once = plain_loop.seconds_per_step(trial, activation, 30)
    return plain_loop.seconds_per_step(trial, activation, max(int(PLAIN_SECONDS / once), 50))


def measure_engine(size: tuple[int, int, int], activation: ActivationName, variant: str) -> float:
    """Return the seconds of one network-step of the engine: the slope between two budgets."""
    n, d, k = size
    setting = _setting(activation, 50, variant)
    solver = solver_for(setting.regime, "cpu")
    lanes = 4 if solver.name == "fused" else solver.lanes(setting, n, d, k)

    def seconds(steps: int) -> float:
        begin = time.perf_counter()
        train(replace(setting, steps=steps), Cell("", n, d, k), range(lanes))
        return time.perf_counter() - begin

    few = seconds(50)
    extra = (200 if n < 400 else 50) * (20 if solver.name == "fused" else 1)
    return max(seconds(50 + extra) - few, 1e-9) / (extra * lanes)


def _all_cores(pool: ProcessPoolExecutor, cores: int, function: str, *arguments: object) -> float:
    """Run the same measurement on every core at once; return the mean."""
    return statistics.mean(f.result() for f in [pool.submit(_call, function, arguments) for _ in range(cores)])


def _call(function: str, arguments: tuple[object, ...]) -> float:
    if function == "plain":
        return measure_plain(*arguments)  # type: ignore[arg-type]  # sent as plain data
    return measure_engine(*arguments, variant=function)  # type: ignore[arg-type]


def measure(
    sizes: Sequence[tuple[int, int, int]] = SIZES,
    activations: Sequence[ActivationName] = ("softplus", "relu", "tanh"),
    repetitions: int = 5,
) -> list[Speed]:
    """Measure every size and activation, the variants in turn in each repetition."""
    cores = len(os.sched_getaffinity(0))
    speeds = []
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        for activation in activations:
            for size in sizes:
                times: dict[str, list[float]] = {variant: [] for variant in ("plain", *MODELS)}
                for _ in range(repetitions):
                    for variant, found in times.items():
                        found.append(_all_cores(pool, cores, variant, size, activation))
                speeds.append(
                    Speed(
                        size,
                        activation,
                        {variant: 1e6 * statistics.median(found) for variant, found in times.items()},
                        {
                            variant: statistics.median(p / t for p, t in zip(times["plain"], found, strict=True))
                            for variant, found in times.items()
                        },
                    )
                )
    return speeds
