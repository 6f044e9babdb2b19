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
    """Group missing trials into batches of equal shape.

    Args:
        search: The search that asks for the trials.
        missing: The trials (width, seed).
        idle: Number of workers with nothing to do. Batches are split for them where lanes are independent.
        recovery: Limits of shapes that did not fit into memory, or None if there are none yet.
        trial_seconds: Longest time of a trial, in seconds.

    Yields:
        The batches.
    """
    recovery = recovery or Recovery()
    by_width: dict[int, list[int]] = defaultdict(list)
    for k, seed in missing:
        by_width[k].append(seed)
    for k, seeds in by_width.items():
        setting, data = search.setting, search.training(k)
        grouping = search.solver.grouping(setting.regime, setting.budget, search.n, search.d, k)
        for group in grouping.split(seeds, idle):
            limit = recovery.most(search.key, search.n, search.d, k, len(group))
            for i in range(0, len(group), limit):
                seeds_here = tuple(group[i : i + limit])
                yield Batch(search.cell(k), seeds_here, data, search.key, trial_seconds, search.plugins)
