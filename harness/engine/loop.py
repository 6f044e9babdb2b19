"""The training loop: a stack of networks, advanced step by step until each is done.

Nothing in it depends on which networks share the stack. Measures are taken of every step (every epoch for
minibatches) but looked at once a chunk, so that exact first-hitting steps cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.components import Params, Recorder
from harness.engine import lanes
from harness.engine.graphs import CapturedSteps
from harness.engine.lanes import Lanes
from harness.engine.minibatches import Samples
from harness.engine.workspace import CHUNK, Workspace

COMPACT_BELOW = 0.75
"""Finished networks are removed once fewer than this fraction of the lanes go on."""


def train_stack(
    live: Lanes, workspace_of: Callable[[Lanes], Workspace], samples: Samples, recorder: Recorder, *, compacts: bool
) -> None:
    """Train a stack until every run has ended.

    A run is reported as ended at the end of the chunk in which it ended.

    Args:
        live: The networks.
        workspace_of: Allocates what trains them.
        samples: What each step sees.
        recorder: Takes measures and weights.
        compacts: Whether lanes may be removed; where results could depend on the number of lanes they are not.
    """
    progress, last, epoch = recorder.progress, recorder.last, samples.epoch
    marks = recorder.marks if recorder.watches else []
    ended: set[int] = {progress.padding}
    step = 0
    work, captured = _prepared(workspace_of(live), samples)
    while True:
        live = work.live
        points = [step + i * epoch for i in range(CHUNK)]
        points = [at for at in points if at < last]
        final = points[-1] + epoch >= last
        passed = bool(marks and points[-1] >= marks[0])
        if captured is not None and len(points) == CHUNK and not passed:
            captured.run()
        else:
            counts = [min(epoch, last - at) for at in points]
            done = 0
            for i, at in enumerate(points):
                if marks and at >= marks[0]:
                    samples.run(work, done, counts[done:i])
                    done = i
                    for lane in np.flatnonzero(progress.open(live.runs)).tolist():
                        recorder.visit(int(live.runs[lane]), at, _lane(live.params, lane))
                    marks = [mark for mark in marks if mark > at]
            samples.run(work, done, counts[done:])
        if final:
            work.measure(len(points))
            points.append(last)
        count = len(points)
        progress.record(points, work.measures(count), live.runs, work.losses(count), work.further(count))
        step = last if final else points[-1] + epoch
        going = progress.open(live.runs)
        for lane, run in enumerate(live.runs.tolist()):
            if not going[lane] and run not in ended:
                ended.add(run)
                recorder.end(run, _lane(live.params, lane), step)
                work.ended(lane)
        if not going.any():
            return
        if compacts and going.mean() < COMPACT_BELOW and len(going) > lanes.FEWEST:
            chosen = [int(lane) for lane in np.flatnonzero(going)]
            chosen += [chosen[0]] * (lanes.FEWEST - len(chosen))
            samples.keep(chosen)
            work, captured = _prepared(workspace_of(live.keep(chosen, progress.padding)), samples)


def _lane(params: Params, lane: int) -> Params:
    return {name: value[lane] for name, value in params.items()}


def _prepared(work: Workspace, samples: Samples) -> tuple[Workspace, CapturedSteps | None]:
    """Return the workspace and, for equal steps on full batches on a GPU, what captures chunks of steps in it."""
    x = work.live.x
    full = samples.batch == x.shape[1] and work.captures
    return work, CapturedSteps(work.advance, CHUNK, x.device) if x.is_cuda and full else None
