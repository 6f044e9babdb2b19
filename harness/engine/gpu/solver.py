"""Trains many trials at once on the device.

Several launches are in flight, each on a CUDA stream of its own, so that few networks of one family do not leave most
of the device idle. While they run, the host sets up the next and takes the results of the last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from harness.engine.descent import ShallowTrial, Trained, Visit
from harness.engine.gpu.fleet import Family, Fleet
from harness.engine.gpu.large import Large
from harness.engine.gpu.launch import CHUNK, free_bytes, streams
from harness.engine.gpu.tiling import is_large

MOST_BYTES = 2 << 30
"""Memory of all networks that are in flight, of which there is at least one. No more than half of what is free."""

MOST_NETWORKS = 256
"""Most networks of a launch. Those that fill a device are several launches, so that the host works on one while others
run."""


@dataclass(frozen=True)
class Part:
    """Networks that share launches.

    Attributes:
        family: Their family, or None for one that is trained by the libraries' products.
        members: Their places among all.
        size: Bytes that they take on the device.
    """

    family: Family | None
    members: tuple[int, ...]
    size: int


def train_all(
    nets: Sequence[ShallowTrial], visits: Sequence[Visit | None], device: str, chunk: int = CHUNK
) -> Iterator[tuple[int, Trained]]:
    """Train trials to their ends, those of one family in the same launches whatever their n, d and k.

    Large networks are trained alone, by matrix products of the libraries. Results depend neither on the other networks
    nor on ``chunk``.

    Args:
        nets: What to train; of any settings.
        visits: For each, what is called with step and weights, float64, at the steps of the curve.
        device: A CUDA device, or ``cpu`` under Triton's interpreter.
        chunk: Most steps of a launch.

    Yields:
        The place of each network and what was found of it, in the order in which they are done. What the caller does
        with it takes place while others are trained.
    """
    most = min(MOST_BYTES, free_bytes(device) // 2)
    idle = list(streams(device))
    waiting = deque(_parts(nets, most // len(idle)))
    flights: list[Flight] = []  # in the order of their launches
    while waiting or flights:
        while waiting and idle and (not flights or sum(one.part.size for one in flights) + waiting[0].size <= most):
            flights.append(Flight(waiting.popleft(), nets, visits, device, idle.pop()))
            flights[-1].go(chunk)
        flight = next((one for one in flights if one.is_done), flights[0])
        flights.remove(flight)
        if flight.is_over():
            idle.append(flight.stream)
            yield from flight.trained()
        else:
            flight.go(chunk)
            flights.append(flight)


def _parts(nets: Sequence[ShallowTrial], most: int) -> Iterator[Part]:
    """Part the networks, the longest to train first, so that each part has so many bytes at most, or one network."""
    families: dict[Family, list[int]] = {}
    for i in sorted(range(len(nets)), key=lambda i: nets[i].x.size * len(nets[i].v), reverse=True):
        net = nets[i]
        if is_large(net.x.size * len(net.v)):
            yield Part(None, (i,), Large.bytes_of(net))
        else:
            families.setdefault(Family.of(net), []).append(i)
    for family, members in families.items():
        part: list[int] = []
        size = 0
        for i in members:
            more = family.bytes_of(nets[i])
            if part and (size + more > most or len(part) == MOST_NETWORKS):
                yield Part(family, tuple(part), size)
                part, size = [], 0
            part.append(i)
            size += more
        yield Part(family, tuple(part), size)


class Flight:
    """A part on the device, from its first launch to its last.

    Attributes:
        part: The part.
        stream: The stream of its copies and launches, or None on the CPU.
    """

    def __init__(
        self,
        part: Part,
        nets: Sequence[ShallowTrial],
        visits: Sequence[Visit | None],
        device: str,
        stream: torch.cuda.Stream | None,
    ) -> None:
        """Bring the networks to the device.

        Args:
            part: The part.
            nets: All networks.
            visits: For each, what is called at the steps of the curve.
            device: Where.
            stream: The stream.
        """
        self.part, self.stream = part, stream
        mine = [nets[i] for i in part.members]
        with self._on():
            self._fleet = Large(mine[0], device) if part.family is None else Fleet(mine, part.family, device)
        self._visits = {i: visits[place] for i, place in enumerate(part.members)}
        self._marks = {i: iter(mine[i].descent.marks) for i, visit in self._visits.items() if visit is not None}
        self._next_mark = np.full(len(mine), np.iinfo(np.int64).max)
        for i, marks in self._marks.items():
            self._next_mark[i] = next(marks)

    def _on(self) -> AbstractContextManager[None]:
        return nullcontext() if self.stream is None else torch.cuda.stream(self.stream)

    @property
    def is_done(self) -> bool:
        """Whether the launch is done."""
        return self.stream is None or self.stream.query()

    def go(self, chunk: int) -> None:
        """Begin the next launch, of so many steps at most. Networks that are watched are looked at before."""
        fleet = self._fleet
        with self._on():
            steps = fleet.steps
            for i in set(self._marks).intersection(fleet.running.tolist()):
                visit = self._visits[i]
                if steps[i] == self._next_mark[i] and visit is not None:
                    visit(int(steps[i]), fleet.nets[i].params(*fleet.weights(i)))
                    self._next_mark[i] = next(self._marks[i], np.iinfo(np.int64).max)
            fleet.advance(np.minimum(steps + min(chunk, fleet.most_steps), self._next_mark))

    def is_over(self) -> bool:
        """Wait for the launch. Return whether all networks have ended."""
        with self._on():
            self._fleet.wait()
        return not len(self._fleet.running)

    def trained(self) -> Iterator[tuple[int, Trained]]:
        """Return the places of the networks, which have ended, and what was found of each."""
        with self._on():
            found = self._fleet.trained()
        return zip(self.part.members, found, strict=True)
