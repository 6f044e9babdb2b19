"""Recovery of batches that have no outcomes. They are tried again, then split, until one trial is found at fault.

No number depends on this. A trial has the same outcome to the last bit in a smaller batch: solvers with independent
lanes train each network by itself, and solvers with fixed lanes keep all lanes of a stack and the lane of each trial,
even if few trials are in it. So fixed lanes are never halved. A stack that does not fit into memory at all is an error
of its trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.components.executor import Batch
from harness.components.fault import Fault, FaultKind

PATIENCE: Mapping[FaultKind, int] = {"memory": 0, "error": 1, "late": 0, "lost": 2}
"""Number of times that the same trials are tried again together. A single trial is tried again at least once, unless it
was late: its limit is long, and the next run tries it again."""

PARTS: Mapping[FaultKind, int] = {"memory": 2, "error": 2, "late": 8, "lost": 2}
"""Number of parts into which a batch is split. The time of a part that is late is wasted, so that a single trial that
hangs costs 8/7 of the time of its batch, and not twice that time."""

Shape = tuple[str, int, int, int]
"""(key, n, d, k)."""


class Recovery:
    """The decisions of one run after faults.

    Attributes:
        limits: Largest number of trials that fit into memory together, by shape, where it is known.
    """

    def __init__(self) -> None:
        self.limits: dict[Shape, int] = {}
        self._tries: dict[tuple[Shape, tuple[int, ...]], int] = {}

    def most(self, key: str, n: int, d: int, k: int, wanted: int) -> int:
        """Return the number of trials of a shape to train together, at most ``wanted``.

        Args:
            key: Semantic key of the setting.
            n: Number of samples.
            d: Input dimension.
            k: Width.
            wanted: Number of trials to train.
        """
        return min(wanted, self.limits.get((key, n, d, k), wanted))

    def after(self, batch: Batch, fault: Fault) -> list[Batch]:
        """Return the batches to train in place of one that failed. Trials in none of them are at fault.

        Args:
            batch: The batch.
            fault: The reason why it has no outcomes.
        """
        shape = (batch.key, batch.cell.n, batch.cell.d, batch.cell.k)
        seeds = batch.seeds
        if fault.seed in seeds and len(seeds) > 1:
            rest = replace(batch, seeds=tuple(seed for seed in seeds if seed != fault.seed))
            if fault.kind == "late":
                return [rest]
            self._tries[shape, (fault.seed,)] = 1
            return [rest, replace(batch, seeds=(fault.seed,))]
        tries = self._tries[shape, seeds] = self._tries.get((shape, seeds), 0) + 1
        alone = len(seeds) == 1
        if tries <= max(PATIENCE[fault.kind], alone and fault.kind != "late"):
            return [batch]
        if alone:
            return []
        size = -(-len(seeds) // PARTS[fault.kind])
        if fault.kind == "memory":
            self.limits[shape] = min(size, self.limits.get(shape, size))
        parts = [seeds[i : i + size] for i in range(0, len(seeds), size)]
        for part in parts:
            if fault.kind != "memory" and len(part) > 1:  # already retried once as part of the larger batch
                self._tries[shape, part] = 1
        return [replace(batch, seeds=part) for part in parts]
