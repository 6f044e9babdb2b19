"""What becomes of batches that have no outcomes: tried again, split, and in the end one trial that is at fault.

Nothing here can change a number. Trials that are trained in smaller company have the same outcomes to the last bit:
solvers with independent lanes by their nature, those with fixed lanes because each stack keeps all its lanes, and a
trial its own, however few trials are in it. So fixed lanes are never halved; a stack that does not fit at all is an
error of its trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.components.executor import Batch
from harness.components.fault import Fault, FaultKind

PATIENCE: Mapping[FaultKind, int] = {"memory": 0, "error": 1, "late": 0, "lost": 2}
"""How often the same trials are tried again together, by what happened; a trial alone at least once."""

Shape = tuple[str, int, int, int]
"""(key, n, d, k)."""


class Recovery:
    """Decides, for one run, what follows a fault.

    Attributes:
        room: Most trials that fit into memory together, by shape, where that was found out.
    """

    def __init__(self) -> None:
        self.room: dict[Shape, int] = {}
        self._tries: dict[tuple[Shape, tuple[int, ...]], int] = {}

    def most(self, key: str, n: int, d: int, k: int, wanted: int) -> int:
        """Return how many trials of a shape to train together, at most as many as wanted."""
        return min(wanted, self.room.get((key, n, d, k), wanted))

    def after(self, batch: Batch, fault: Fault) -> list[Batch]:
        """Return what to train in place of a batch; nothing if its one trial is at fault."""
        shape = (batch.key, batch.cell.n, batch.cell.d, batch.cell.k)
        seeds = batch.seeds
        tries = self._tries[shape, seeds] = self._tries.get((shape, seeds), 0) + 1
        alone = len(seeds) == 1
        if tries <= max(PATIENCE[fault.kind], alone):
            return [batch]
        if alone:
            return []
        half = -(-len(seeds) // 2)
        if fault.kind == "memory":
            self.room[shape] = min(half, self.room.get(shape, half))
        parts = seeds[:half], seeds[half:]
        for part in parts:
            if fault.kind != "memory" and len(part) > 1:  # they have had their second chance in larger company
                self._tries[shape, part] = 1
        return [replace(batch, seeds=part) for part in parts]
