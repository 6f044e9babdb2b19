"""A suite that trains in a moment, and what is needed to compare two runs of it."""

from __future__ import annotations

from harness.components import Outcome
from harness.components.executor import Batch
from harness.driver.results import Results
from harness.executors.in_process import InProcess

SUITE = """
[suite]
name = "tiny"
seed = 3
[problems]
dataset = "sphere"
n = [12, 16, 20]
d = 5
[budget]
steps = 600
tolerances = [0.5, 0.1]
report_tolerance = 0.1
[search]
trials = 60
[[regimes]]
name = "softplus"
use = "moderate"
[[regimes]]
name = "features"
use = "output-only"
"""

ONE_REGIME = SUITE[: SUITE.index('[[regimes]]\nname = "features"')]
"""The same without its second regime."""


class Counting(InProcess):
    """Trains in this process, and counts; may be stopped after some batches, or give them back out of order."""

    def __init__(self, stop_after: int = 10**9, shuffle: bool = False) -> None:
        super().__init__(1)
        self.trained = 0
        self.left = stop_after
        self.shuffle = shuffle

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        if self.shuffle:
            self._queue.rotate(1)
        batch, outcomes = super().next_done()
        self.trained += len(outcomes)
        return batch, outcomes


def digits(results: Results) -> list[object]:
    """Return every threshold and outcome of a run."""
    found: list[object] = [
        results.threshold(regime.name, n, d) for regime in results.suite.regimes for n, d in results.sizes()
    ]
    return [*found, results.outcomes]
