"""The time of a published grid: a tenth of its cells through the real machinery."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.plain_loop import Descent, PlainLoop
from benchmarks.timing import seconds
from harness.components import Cell, Outcome
from harness.driver.provenance import provenance
from harness.driver.run import Run
from harness.engine.setting import Setting
from harness.engine.trial import prepare
from harness.executors.local import Local
from harness.plugin_host.registry import Registry
from harness.statistics.search import Grid
from harness.store import Store
from harness.suite import Suite

PLAIN_STEPS = 50
"""Steps of the plain loop that are timed in each cell."""


@dataclass(frozen=True)
class Trained:
    """One cell of the grid after training."""

    setting: Setting
    cell: Cell
    outcomes: tuple[Outcome, ...]
    tolerance_index: int


@dataclass(frozen=True)
class GridTimes:
    """What the run took.

    Attributes:
        suite: Which.
        steps: Budget of a network.
        workers: Processes.
        solver: What trained the networks.
        device: Where.
        cells: Cells that were run.
        all_cells: Cells of the whole grid.
        networks: Networks that were trained.
        fits: How many of them fit.
        network_steps: Steps they took, in all.
        start_up: Seconds until the workers were there.
        seconds: Wall time of the run without it.
        loop_microseconds: The plain loop's time of a step, mean over the steps that were taken.
    """

    suite: str
    steps: int
    workers: int
    solver: str
    device: str
    cells: int
    all_cells: int
    networks: int
    fits: int
    network_steps: int
    start_up: float
    seconds: float
    loop_microseconds: float

    @property
    def whole(self) -> float:
        """Wall time of the whole grid, extrapolated, in seconds."""
        return self.start_up + self.seconds * self.all_cells / self.cells

    @property
    def loop(self) -> float:
        """Wall time of the plain loop in as many processes, for the cells that were run, in seconds."""
        return 1e-6 * self.network_steps * self.loop_microseconds / self.workers

    @property
    def loop_whole(self) -> float:
        """The same for the whole grid."""
        return self.loop * self.all_cells / self.cells


def cells(suite: Suite) -> int:
    """Return how many cells a grid has."""
    return len(suite.n) * len(suite.d) * _grid(suite).most_widths * len(suite.regimes)


def tenth(suite: Suite, seed: int = 0) -> Suite:
    """Return the suite with a tenth of its cells: one d of three, three widths of ten, drawn at random.

    Every cell has the same chance; drawing from blocks spreads them over the grid.

    Raises:
        ValueError: If the suite is not a grid, or too small for it.
    """
    grid = _grid(suite)
    if grid.multiples or len(suite.d) % 3 or len(grid.widths) % 10:
        raise ValueError(f"suite {suite.name!r} is not a grid of 3 i values of d by 10 j widths; run it with --whole")
    rng = np.random.default_rng(seed)
    d, widths = np.array(suite.d).reshape(-1, 3), np.array(grid.widths).reshape(-1, 10)
    some_d = tuple(int(rng.choice(block)) for block in d)
    some = sorted(int(k) for block in widths for k in rng.choice(block, 3, replace=False))
    return replace(suite, d=some_d, search=replace(grid, widths=tuple(some)))


def shortened(suite: Suite, steps: int | None = None, trials: int | None = None, corner: int | None = None) -> Suite:
    """Return a grid with another budget, or number of trials, or only so many of its largest d and widths."""
    grid = _grid(suite)
    if corner:
        suite, grid = replace(suite, d=suite.d[-corner:]), replace(grid, widths=grid.widths[-corner:])
    budget = replace(suite.budget, steps=steps or suite.budget.steps)
    return replace(suite, budget=budget, search=replace(grid, trials=trials or grid.trials))


def _grid(suite: Suite) -> Grid:
    if not isinstance(suite.search, Grid):
        raise ValueError(f"suite {suite.name!r} searches for widths; a grid is needed")
    return suite.search


def go(suite: Suite, registry: Registry, device: str, workers: int) -> tuple[float, float, list[Trained]]:
    """Run a suite into a temporary directory; return start-up time, wall time and what was trained.

    The workers start with a run of one step, so that their start-up does not count as training.
    """
    warm = replace(suite, budget=replace(suite.budget, steps=1))
    times: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        begin = time.perf_counter()
        with Local(workers) as executor:
            for name, each in (("warm", warm), ("run", suite)):
                with Store(Path(directory) / name, exclusive=True) as store:
                    run = Run(each, registry, store, device)
                    store.began(each.text, provenance(each, registry, device))
                    run.go(executor)
                times.append(time.perf_counter() - begin)
                begin = time.perf_counter()
    trained = [
        Trained(search.setting, search.cell(k), tuple(outcomes), search.tolerance_index)
        for search in run.plan.searches
        for k, outcomes in search.known().items()
    ]
    return times[0], times[1], trained


def measure(
    suite: Suite, all_cells: int, registry: Registry, device: str, workers: int, pool: ProcessPoolExecutor
) -> tuple[GridTimes, list[Trained]]:
    """Run the suite, then time the plain loop in each of its cells."""
    start_up, wall, trained = go(suite, registry, device, workers)
    errors = [o.message for each in trained for o in each.outcomes if o.message]
    if errors:
        raise RuntimeError(f"{len(errors)} trials failed, the first with: {errors[0]}")
    taken: dict[Cell, int] = defaultdict(int)
    for each in trained:
        taken[each.cell] += sum(outcome.steps for outcome in each.outcomes)
    loop = pool.submit(loop_microseconds, [(each.setting, each.cell) for each in trained]).result()
    total = sum(taken.values())
    solvers = {outcome.solver for each in trained for outcome in each.outcomes}
    return GridTimes(
        suite=suite.name,
        steps=suite.budget.steps,
        workers=workers,
        solver=", ".join(sorted(solvers)),
        device=device,
        cells=len(trained),
        all_cells=all_cells,
        networks=sum(len(each.outcomes) for each in trained),
        fits=sum(o.verdict(each.tolerance_index) == "fit" for each in trained for o in each.outcomes),
        network_steps=total,
        start_up=start_up,
        seconds=wall,
        loop_microseconds=sum(taken[cell] * loop[cell] for cell in taken) / max(total, 1),
    ), trained


def loop_microseconds(some: Sequence[tuple[Setting, Cell]]) -> dict[Cell, float]:
    """Time the plain loop in each cell; the cells are gone through three times, and the median is returned."""
    torch.set_num_threads(1)
    found: dict[Cell, list[float]] = defaultdict(list)
    for _ in range(3):
        for setting, cell in some:
            trial = prepare(setting, cell.n, cell.d, cell.k, 0)
            loop = PlainLoop(trial, Descent.of(setting, trial, 0))
            loop.run(2)
            found[cell].append(1e6 * seconds(lambda: loop.run(PLAIN_STEPS), setting.device) / PLAIN_STEPS)  # noqa: B023  # called before the loop goes on
    return {cell: statistics.median(times) for cell, times in found.items()}
