"""The training loop: a stack of networks, advanced step by step until each is done.

Nothing in it depends on which networks share the stack. Measures are taken of every step (every epoch for
minibatches) but looked at once a chunk, so that exact first-hitting steps cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harness.components import Params
from harness.engine import lanes
from harness.engine.graphs import CapturedSteps
from harness.engine.ladder import Ladder, curve_steps
from harness.engine.method import Method
from harness.engine.minibatches import Minibatches
from harness.engine.workspace import CHUNK, Lanes, Workspace

COMPACT_BELOW = 0.75
"""Finished networks are removed once fewer than this fraction of the lanes go on."""


def whole_epochs(budget: int, n: int, batch: int) -> int:
    """Return the steps that are taken of a budget: all, or with minibatches as many whole epochs as it holds.

    Networks are measured once an epoch; a measure in the middle of one would be missing from longer runs, which are
    to answer for every smaller budget.

    >>> whole_epochs(100, n=30, batch=30), whole_epochs(100, n=30, batch=7), whole_epochs(3, n=30, batch=7)
    (100, 100, 3)
    >>> whole_epochs(104, n=30, batch=7)
    100
    """
    epoch = 1 if batch == n else -(-n // batch)
    return budget - budget % epoch if budget >= epoch else budget


class Loop:
    """Trains one stack of networks.

    Args:
        method: How steps are taken.
        budget: Steps.
        compacts: Whether lanes may be removed; where results could depend on the number of lanes they are not.
    """

    def __init__(self, method: Method, budget: int, compacts: bool) -> None:
        self.method = method
        self.budget = budget
        self.compacts = compacts

    def train(
        self,
        live: Lanes,
        ladder: Ladder,
        minibatches: Minibatches | None,
        ended: Callable[[int, Params, int], None],
        visit: Callable[[int, Params, NDArray[np.int64]], None] | None = None,
    ) -> None:
        """Train until every run has ended, recording into ``ladder``.

        ``ended(run, params, lane)`` is called once for each run, at the end of the chunk in which it ended;
        ``visit(step, params, runs)`` at the steps of the curve (with minibatches the check points after them), with
        the run in each lane, or the filler where it has ended.
        """
        n = live.y.shape[1]
        batch = self.method.optimizer.batch_size(n)
        stride = 1 if batch == n else -(-n // batch)
        told: set[int] = {ladder.filler}
        step = 0
        marks = curve_steps(self.budget) if visit else []
        work, captured = self._workspace(live, batch)
        while True:
            points = [step + i * stride for i in range(CHUNK)]
            points = [s for s in points if s < self.budget]
            final = points[-1] + stride >= self.budget
            passed = bool(visit and marks and points[-1] >= marks[0])
            if captured is not None and len(points) == CHUNK and not passed:
                captured.run()
            else:
                for i, at in enumerate(points):
                    if visit and marks and at >= marks[0]:
                        visit(at, live.params, np.where(ladder.open(live.runs), live.runs, ladder.filler))
                        marks = [mark for mark in marks if mark > at]
                    work.epoch(i, minibatches, min(stride, self.budget - at))
            if final:
                work.measure(len(points))
                points.append(self.budget)
            ladder.record(points, work.measures(len(points)), live.runs, work.losses(len(points)))
            step = points[-1] + stride
            going = ladder.open(live.runs)
            for lane, run in enumerate(live.runs.tolist()):
                if not going[lane] and run not in told:
                    told.add(run)
                    ended(run, live.params, lane)
            if not going.any():
                return
            if self.compacts and going.mean() < COMPACT_BELOW and len(going) > lanes.FEWEST:
                chosen = [int(lane) for lane in np.flatnonzero(going)]
                chosen += [chosen[0]] * (lanes.FEWEST - len(chosen))
                if minibatches is not None:
                    minibatches.keep(chosen)
                live = live.keep(chosen, ladder.filler)
                work, captured = self._workspace(live, batch)

    def _workspace(self, live: Lanes, batch: int) -> tuple[Workspace, CapturedSteps | None]:
        """Return buffers for these lanes, and on a GPU, for full batches, what captures chunks of steps on them."""
        work = Workspace(self.method, live, batch)
        if not live.x.is_cuda or batch < live.y.shape[1]:
            return work, None
        return work, CapturedSteps(work.advance, CHUNK, live.x.device)
