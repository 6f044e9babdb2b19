"""How the time grows with each size, the others fixed."""

from __future__ import annotations

import functools
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.case import Case
from benchmarks.power_law import Fit, fit
from benchmarks.timing import seconds
from benchmarks.uniform_suite import suite_of
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Cell
from harness.components.executor import Executor
from harness.driver.run import Run
from harness.engine.trial import prepare
from harness.engine.work import train
from harness.executors.local import Local
from harness.plugin_host.loading import load_plugins
from harness.store import Store

N, D, K, TRIALS = 200, 20, 10, 4
"""What is fixed while something else grows."""

MANY = 800
"""Samples while d grows: with few of them for their dimension the engine turns to another algorithm."""


@dataclass(frozen=True)
class Axis:
    """Time against one size.

    Attributes:
        name: Which size.
        fixed: What the others are.
        sizes: Over two decades.
        seconds: Median time at each.
        exponent: Fitted over all of them.
        upper: Fitted over the upper decade, where constants weigh less.
    """

    name: str
    fixed: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    exponent: Fit
    upper: Fit


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        points: Sizes per axis.
        repetitions: Rounds in which all points are measured in turn.
        steps: Of each network, where they do not grow.
        decades: Over which sizes grow.
    """

    points: int = 7
    repetitions: int = 5
    steps: int = 1000
    decades: int = 2


QUICK = Scale(3, 1, 40, 1)


@dataclass(frozen=True)
class Sweep:
    """One size that grows.

    Attributes:
        name: Which.
        fixed: What the others are.
        sizes: Over two decades.
        action: What is timed at a size.
        wall: Whether wall time counts, as another process works.
    """

    name: str
    fixed: str
    sizes: tuple[int, ...]
    action: Callable[[int], object]
    wall: bool = False


def spaced(least: int, points: int, decades: int = 2) -> tuple[int, ...]:
    """Return sizes that are evenly spaced over decades.

    >>> spaced(5, 5)
    (5, 16, 50, 158, 500)
    """
    return tuple(round(least * 10 ** (decades * i / (points - 1))) for i in range(points))


def measure(device: str, dtype: str, scale: Scale) -> list[Axis]:
    """Measure all axes in this process, on one thread."""
    torch.set_num_threads(1)
    with Local(1) as executor:
        found = sweeps(device, dtype, scale, executor)
        times: dict[tuple[str, int], list[float]] = {(sweep.name, size): [] for sweep in found for size in sweep.sizes}
        for repetition in range(scale.repetitions + 1):  # the first warms up: workers, compilers, caches, allocators
            for sweep in found:
                for size in sweep.sizes:
                    taken = seconds(functools.partial(sweep.action, size), device, wall=sweep.wall)
                    if repetition:
                        times[sweep.name, size].append(taken)
    return [_axis(sweep, tuple(statistics.median(times[sweep.name, size]) for size in sweep.sizes)) for sweep in found]


def _axis(sweep: Sweep, medians: tuple[float, ...]) -> Axis:
    half = len(medians) // 2
    upper = fit(sweep.sizes[half:], medians[half:])
    return Axis(sweep.name, sweep.fixed, sweep.sizes, medians, fit(sweep.sizes, medians), upper)


def sweeps(device: str, dtype: str, scale: Scale, executor: Executor) -> list[Sweep]:
    """Return what grows: the sizes of a batch, the cells of a run, and n in the set-up of a trial."""
    registry = load_plugins()

    @functools.cache
    def case(n: int, d: int, k: int) -> Case:
        return Case((n, d, k), "softplus", dtype, device)

    def batch(n: int = N, d: int = D, k: int = K, steps: int = scale.steps, trials: int = TRIALS) -> None:
        outcomes = train(case(n, d, k).setting(ShallowNet(), steps), Cell("bench", n, d, k), range(trials))
        if short := [outcome for outcome in outcomes if outcome.message or outcome.steps != steps]:
            raise RuntimeError(f"a network did not take all its steps at n, d, k = {n}, {d}, {k}: {short[0]}")

    def run(cells: int) -> None:
        suite = suite_of((N, D, K), cells, TRIALS, scale.steps, dtype, step_size=case(N, D, K).step_size)
        with tempfile.TemporaryDirectory() as directory, Store(Path(directory)) as store:
            Run(suite, registry, store, device).go(executor)

    def set_up(n: int) -> None:
        setting = case(n, D, K).setting(ShallowNet(), 1)
        prepare(replace(setting, regime=replace(setting.regime, optimizer=GradientDescent())), n, D, K, 0)

    def but(*names: str) -> str:
        fixed = {"n": N, "d": D, "k": K, "steps": scale.steps, "trials": TRIALS}
        return ", ".join(f"{name} = {value}" for name, value in fixed.items() if name not in names)

    def sizes(least: int) -> tuple[int, ...]:
        return spaced(least, scale.points, scale.decades)

    return [
        Sweep("n", but("n"), sizes(50), lambda n: batch(n=n)),
        Sweep("d", f"n = {MANY}, {but('n', 'd')}", sizes(5), lambda d: batch(n=MANY, d=d)),
        Sweep("k", but("k"), sizes(5), lambda k: batch(k=k)),
        Sweep("steps", but("steps"), sizes(max(scale.steps // 4, 1)), lambda steps: batch(steps=steps)),
        Sweep("trials", but("trials"), sizes(2), lambda trials: batch(trials=trials)),
        Sweep("cells", but(), sizes(1), run, wall=True),
        Sweep("n, set-up of a trial", but("n", "steps", "trials"), sizes(20), set_up),
    ]
