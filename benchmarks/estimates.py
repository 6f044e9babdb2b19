"""Estimates of plans beside the times of the runs, in suites that decided no number of the estimate."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.engine.one_thread import one_thread_of_blas
from harness.statistics.search import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.driver.run import Run

FOLDER = Path(__file__).parent / "unseen"
"""Where the suites are, further sets in folders of it."""

PARTS = {"long-map": 40}
"""Parts of the trials at each width of a map by its name, one of which is trained. The plan is divided by as many."""


@dataclass(frozen=True)
class Estimated:
    """A suite with its estimate and its time.

    Attributes:
        suite: Its name.
        planned_trials: Number of trials that the plan expected.
        trials: Number of trials that were trained.
        planned: Time that the plan expected on one worker, in seconds.
        seconds: Processor time from the first batch to the last outcome, in seconds.
    """

    suite: str
    planned_trials: int
    trials: int
    planned: float
    seconds: float

    @property
    def ratio(self) -> float:
        """The estimate over the time."""
        return self.planned / self.seconds


def suites(quick: bool = False) -> list[Path]:
    """Return the suites, those of each set after those of the one before, or two that take a few seconds."""
    sets = ("", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
    every = [path for part in sets for path in sorted((FOLDER / part).glob("*.toml"))]
    return [path for path in every if path.stem in ("linear", "minibatches")] if quick else every


def measure(path: Path) -> Estimated:
    """Plan a suite and run it in this process.

    The first plan measures the kinds of trials that are not known on this machine, so that their time does not count.

    Args:
        path: The suite.
    """
    times: list[float] = []

    def listen(_run: Run) -> None:
        times.append(time.process_time())

    parts = PARTS.get(path.stem, 1)
    with tempfile.TemporaryDirectory() as directory, one_thread_of_blas():  # as in workers
        planned = harness.plan(path, out=directory, device="cpu", workers=1)
        begin = time.process_time()
        suite = harness.load_suite(path)
        if parts > 1 and isinstance(suite.search, Grid):
            suite = replace(suite, search=replace(suite.search, trials=suite.search.trials // parts))
        results = harness.run(suite, out=directory, device="cpu", executor="in-process", progress=listen)
    return Estimated(
        planned.suite,
        round(sum(threshold.missing for threshold in planned.thresholds) / parts),
        results.trained,
        planned.training_seconds / parts,
        (times or [begin])[-1] - (times or [begin])[0],
    )


def outside(found: Sequence[Estimated], factor: float = 2.0) -> list[str]:
    """Return the suites whose estimate is wrong by more than a factor, either way."""
    return [one.suite for one in found if not 1 / factor <= one.ratio <= factor]
