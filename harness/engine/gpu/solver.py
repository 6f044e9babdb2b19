"""Trains many trials at once on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from harness.engine.descent import ShallowTrial, Trained, Visit
from harness.engine.gpu.fleet import Family, Fleet
from harness.engine.gpu.large import Large
from harness.engine.gpu.launch import CHUNK
from harness.engine.gpu.tiling import is_large

MOST_BYTES = 2 << 30
"""Memory of the networks of one launch, of which there is at least one."""


def train_all(
    nets: Sequence[ShallowTrial], visits: Sequence[Visit | None], device: str, chunk: int = CHUNK
) -> list[Trained]:
    """Train trials to their ends, those of one family in the same launches whatever their n, d and k.

    Large networks are trained one after the other, by matrix products of the libraries. Results depend neither on the
    other networks nor on ``chunk``.

    Args:
        nets: What to train; of any settings.
        visits: For each, what is called with step and weights, float64, at the steps of the curve.
        device: A CUDA device, or ``cpu`` under Triton's interpreter.
        chunk: Most steps of a launch.

    Returns:
        What was found of each.
    """
    found: dict[int, Trained] = {}
    with _current(device):
        for fleet, members in _fleets(nets, device):
            _train(fleet, [visits[i] for i in members], chunk)
            found |= zip(members, fleet.trained(), strict=True)
    return [found[i] for i in range(len(nets))]


def _current(device: str) -> torch.cuda.device:
    """Make the device the one that kernels are launched on; -1 changes nothing."""
    where = torch.device(device)
    return torch.cuda.device(-1 if where.type != "cuda" else where)


def _fleets(nets: Sequence[ShallowTrial], device: str) -> Iterator[tuple[Fleet | Large, list[int]]]:
    """Bring networks to the device: large ones one by one, others in launches that fit into memory.

    The longest to train come first.
    """
    families: dict[Family, list[int]] = {}
    for i in sorted(range(len(nets)), key=lambda i: nets[i].x.size * len(nets[i].v), reverse=True):
        net = nets[i]
        if is_large(net.x.size * len(net.v)):
            yield Large(net, device), [i]
        else:
            families.setdefault(Family.of(net), []).append(i)
    for family, members in families.items():
        for part in _parts(nets, family, members):
            yield Fleet([nets[i] for i in part], family, device), part


def _parts(nets: Sequence[ShallowTrial], family: Family, members: Sequence[int]) -> Iterator[list[int]]:
    """Part the networks of a family, in their order, so that each part fits into memory."""
    part: list[int] = []
    size = 0
    for i in members:
        more = family.bytes_of(nets[i])
        if part and size + more > MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(i)
        size += more
    yield part


def _train(fleet: Fleet | Large, visits: Sequence[Visit | None], chunk: int) -> None:
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
        until: NDArray[np.int64] = np.minimum(steps + min(chunk, fleet.most_steps), next_mark)
        fleet.advance(until)
