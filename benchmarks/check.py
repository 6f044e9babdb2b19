"""Whether the engine's verdicts are those of the plain loop, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.grid import Trained
from benchmarks.plain_loop import Descent, train
from harness.components import Cell, ResidualCriterion
from harness.engine.setting import Setting
from harness.engine.trial import prepare


@dataclass(frozen=True)
class Judged:
    """One trial as the plain loop trained it.

    Attributes:
        hit: First step at which the tolerance was met; None if never.
        measure: At the end.
        diverged: Whether it ended so.
    """

    hit: int | None
    measure: float
    diverged: bool

    @property
    def verdict(self) -> str:
        """What the engine would call it."""
        return "fit" if self.hit is not None else "diverged" if self.diverged else "unfit"


@dataclass(frozen=True)
class Difference:
    """A trial on which they disagree.

    Attributes:
        cell: Where.
        seed: Which.
        engine: The engine's verdict.
        engine_measure: Its measure at the end.
        loop: The loop's verdict.
        loop_measure: Its measure at the end.
    """

    cell: Cell
    seed: int
    engine: str
    engine_measure: float
    loop: str
    loop_measure: float


@dataclass(frozen=True)
class CheckedCell:
    """One cell, compared.

    Attributes:
        cell: Where.
        trials: Networks compared.
        fits: Of these, how many the engine fitted.
        loop_fits: How many the loop fitted.
        same: How many have the same verdict.
        same_step: Of those that both fitted, how many at the same step.
    """

    cell: Cell
    trials: int
    fits: int
    loop_fits: int
    same: int
    same_step: int


@dataclass(frozen=True)
class Checked:
    """What the comparison found.

    Attributes:
        cells: Cell by cell.
        differences: Trials with different verdicts.
    """

    cells: tuple[CheckedCell, ...]
    differences: tuple[Difference, ...]


def judge(setting: Setting, cell: Cell, seed: int, rung: int) -> Judged:
    """Train one trial with the plain loop: same problem, weights, step size, precision and budget."""
    torch.set_num_threads(1)
    trial = prepare(setting, cell.n, cell.d, cell.k, seed)
    descent = Descent.of(setting, trial, rung)
    found = train(trial, descent)
    criterion = setting.regime.criterion
    assert isinstance(criterion, ResidualCriterion)
    measure = float(criterion.measure_norm(found.norm, float(np.linalg.norm(trial.problem.y)), cell.n))
    return Judged(found.hit, measure, not found.norm <= descent.diverged)


def check(trained: Sequence[Trained], count: int, pools: Sequence[ProcessPoolExecutor], seed: int = 0) -> Checked:
    """Train cells drawn at random again with the plain loop, and compare.

    The process with the fewest steps ahead gets the next trial, those that take longest first.
    """
    rng = np.random.default_rng(seed)
    some = [trained[int(i)] for i in sorted(rng.choice(len(trained), min(count, len(trained)), replace=False))]
    jobs = [(each, outcome) for each in some for outcome in each.outcomes]
    loads = [0] * len(pools)
    futures = {}
    for each, outcome in sorted(jobs, key=lambda job: job[1].steps, reverse=True):
        least = loads.index(min(loads))
        loads[least] += outcome.steps + 1
        place = (each.cell, outcome.seed)
        futures[place] = pools[least].submit(judge, each.setting, each.cell, outcome.seed, each.tolerance_index)
    cells, differences = [], []
    for each in some:
        pairs = [(outcome, futures[each.cell, outcome.seed].result()) for outcome in each.outcomes]
        verdicts = [(outcome.verdict(each.tolerance_index), loop.verdict) for outcome, loop in pairs]
        differences += [
            Difference(each.cell, outcome.seed, ours, outcome.measure, theirs, loop.measure)
            for (outcome, loop), (ours, theirs) in zip(pairs, verdicts, strict=True)
            if ours != theirs
        ]
        cells.append(
            CheckedCell(
                each.cell,
                trials=len(pairs),
                fits=sum(ours == "fit" for ours, _ in verdicts),
                loop_fits=sum(theirs == "fit" for _, theirs in verdicts),
                same=sum(ours == theirs for ours, theirs in verdicts),
                same_step=sum(
                    loop.hit is not None and outcome.hits[each.tolerance_index] == loop.hit for outcome, loop in pairs
                ),
            )
        )
    return Checked(tuple(cells), tuple(differences))
