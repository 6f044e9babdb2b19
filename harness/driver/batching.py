"""Missing trials, grouped for training."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from harness.components.executor import Batch
from harness.driver.recovery import Recovery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.driver.threshold_search import ThresholdSearch


def batches(
    search: ThresholdSearch,
    missing: list[tuple[int, int]],
    idle: int = 0,
    recovery: Recovery | None = None,
    trial_seconds: float = math.inf,
) -> Iterator[Batch]:
    """Group missing trials (width, seed) into batches of equal shape.

    Args:
        search: Whose trials they are.
        missing: What is to be trained.
        idle: Number of workers with nothing to do. Batches are split for them where lanes are independent.
        recovery: What is known of shapes that did not fit into memory.
        trial_seconds: Most time that a trial may take.
    """
    recovery = recovery or Recovery()
    by_width: dict[int, list[int]] = defaultdict(list)
    for k, seed in missing:
        by_width[k].append(seed)
    for k, seeds in by_width.items():
        most = search.solver.lanes(search.setting, search.n, search.d, k)
        if search.solver.fixed_lanes:
            blocks: dict[int, list[int]] = defaultdict(list)
            for seed in seeds:
                blocks[seed // most].append(seed)
            groups = list(blocks.values())
        else:
            parts = max(-(-len(seeds) // most), min(idle, len(seeds) // 4), 1)
            size = -(-len(seeds) // parts)
            groups = [seeds[i : i + size] for i in range(0, len(seeds), size)]
        for group in groups:
            room = recovery.most(search.key, search.n, search.d, k, len(group))
            for i in range(0, len(group), room):
                yield Batch(search.cell(k), tuple(group[i : i + room]), search.data, search.key, trial_seconds)
