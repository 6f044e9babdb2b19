"""Trains many trials at once on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from harness.engine.descent import ShallowTrial, Trained, Visit
from harness.engine.gpu.fleet import Family, Fleet

CHUNK = 2000
"""Steps of a launch; between launches networks that have ended are left out, and others may be looked at."""

MOST_BYTES = 2 << 30
"""Memory of the networks of one launch, of which there is at least one."""


def train_all(
    nets: Sequence[ShallowTrial], visits: Sequence[Visit | None], device: str, chunk: int = CHUNK
) -> list[Trained]:
    """Train trials to their ends, those of one family in the same launches whatever their n, d and k.

    Results do not depend on the company, nor on ``chunk``.

    Args:
        nets: What to train; of any settings.
        visits: For each, what is called with step and weights, float64, at the steps of the curve.
        device: A CUDA device, or ``cpu`` under Triton's interpreter.
        chunk: Steps of a launch.

    Returns:
        What was found of each.
    """
    found: dict[int, Trained] = {}
    with _current(device):
        for family, members in _fleets(nets):
            fleet = Fleet([nets[i] for i in members], family, device)
            _train(fleet, [visits[i] for i in members], chunk)
            found |= zip(members, fleet.trained(), strict=True)
    return [found[i] for i in range(len(nets))]


def _current(device: str) -> torch.cuda.device:
    """Make the device the one that kernels are launched on; -1 changes nothing."""
    where = torch.device(device)
    return torch.cuda.device(-1 if where.type != "cuda" else where)


def _fleets(nets: Sequence[ShallowTrial]) -> Iterator[tuple[Family, list[int]]]:
    """Part networks by family, and then so that each part fits into memory; the longest to train come first."""
    families: dict[Family, list[int]] = {}
    for i, net in enumerate(nets):
        families.setdefault(Family.of(net), []).append(i)
    for family, members in families.items():
        part: list[int] = []
        size = 0
        for i in sorted(members, key=lambda i: nets[i].x.size * len(nets[i].v), reverse=True):
            more = family.bytes_of(nets[i])
            if part and size + more > MOST_BYTES:
                yield family, part
                part, size = [], 0
            part.append(i)
            size += more
        yield family, part


def _train(fleet: Fleet, visits: Sequence[Visit | None], chunk: int) -> None:
    """Launch until all have ended."""
    watched = {i: visit for i, visit in enumerate(visits) if visit is not None}
    marks = {i: iter(fleet.nets[i].descent.marks) for i in watched}
    never = np.iinfo(np.int64).max
    next_mark = np.full(len(fleet.nets), never)
    for i in watched:
        next_mark[i] = next(marks[i], never)
    while len(running := fleet.running):
        steps = fleet.steps
        for i in set(watched).intersection(running.tolist()):
            if steps[i] == next_mark[i]:
                net = fleet.nets[i]
                watched[i](int(steps[i]), net.params(*fleet.weights(i)))
                next_mark[i] = next(marks[i], never)
        until: NDArray[np.int64] = np.minimum(steps + chunk, next_mark)
        fleet.advance(until)
