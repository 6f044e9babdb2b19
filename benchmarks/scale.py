"""How far one driver goes: its time per outcome, file growth and messages, measured with batches that train at once."""

from __future__ import annotations

import json
import math
import resource
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from harness.components import Outcome
from harness.components.executor import Batch, Executor
from harness.components.progress import curve_steps
from harness.driver.loading import load_results
from harness.driver.run import Run
from harness.plugin_host.loading import load_plugins
from harness.store import Store
from harness.suite import parse_suite

SUITE = """
[suite]
name = "scale"
seed = 1
[problems]
dataset = {{ use = "sphere", labels = "gaussian" }}
n = {n}
d = {d}
[budget]
steps = 10_000
tolerances = [1e-1, 3e-2, 1e-2]
report_tolerance = 1e-2
[search]
method = "grid"
widths = {{ from = 1, to = 50 }}
trials = {trials}
[[regimes]]
name = "hidden"
use = "moderate"
"""
N, D, WIDTHS = [50, 100, 150, 200], [10, 20, 30, 40, 50], 50


SAMPLE = 50
"""Messages whose length is measured; a driver does not do this itself, workers do."""


class Instant(Executor):
    """Makes outcomes up: the size of real ones, in no time. Wide networks fit, narrow ones do not."""

    name: ClassVar[str] = "instant"

    def __init__(self, workers: int = 1, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(workers, plugin_files, scheduler)
        self._queue: deque[Batch] = deque()
        self.batches = 0
        self.sent: list[int] = []
        self.received: list[int] = []

    def submit(self, batch: Batch) -> None:
        """Queue a batch, and note how long its message is."""
        self._queue.append(batch)
        self.batches += 1
        if len(self.sent) < SAMPLE:
            self.sent.append(len(json.dumps({**asdict(batch), "seeds": list(batch.seeds)})))

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Return the next batch with outcomes made up."""
        batch = self._queue.popleft()
        outcomes = [_made_up(batch, seed) for seed in batch.seeds]
        if len(self.received) < SAMPLE:
            self.received.append(len(json.dumps([asdict(outcome) for outcome in outcomes])) // len(outcomes))
        return batch, outcomes


_CURVE = tuple(round(math.exp(-0.4 * i), 5) for i in range(len(curve_steps(10_000))))


def _made_up(batch: Batch, seed: int) -> Outcome:
    n, d, k = batch.cell.n, batch.cell.d, batch.cell.k
    fits = k * d > n * (0.9 + 0.02 * (seed % 10))
    return Outcome(
        seed=seed,
        hits=(100 + seed, 1000 + seed, 2000 + seed if fits else None),
        steps=2000 + seed if fits else 10_000,
        measure=0.00999 if fits else 0.2345678,
        falling=not fits,
        movement=0.5123456789,
        step_size=0.12345678912,
        lambda_min=0.01234567891,
        lambda_max=12.345678912,
        rate=0.9991234567,
        curve=_CURVE,
        solver="no-one",
        device="cpu",
        seconds=0.0312345,
    )


@dataclass(frozen=True)
class Measured:
    """What a run of so many instant trials cost.

    Attributes:
        trials: Outcomes written.
        batches: Transactions.
        seconds: The driver's wall time, writing included.
        file_bytes: Size of the results file.
        sent_bytes: Length of a batch's message to a worker, as JSON.
        received_bytes: Length of an outcome's message back.
        read_seconds: Time in which a report reads it all again.
        peak_bytes: Most memory that this process ever held.
    """

    trials: int
    batches: int
    seconds: float
    file_bytes: int
    sent_bytes: int
    received_bytes: int
    read_seconds: float
    peak_bytes: int

    @property
    def driver_seconds(self) -> float:
        """Driver's time per outcome, s."""
        return self.seconds / self.trials


def measure(trials: int, directory: Path | None = None) -> Measured:
    """Run a grid of about ``trials`` instant trials through the real driver and store; few are put into few cells."""
    registry = load_plugins()
    n, d = (N, D) if trials >= len(N) * len(D) * WIDTHS else ([100], [20])
    each = max(trials // (len(n) * len(d) * WIDTHS), 1)
    suite = parse_suite(SUITE.format(trials=each, n=n, d=d), registry)
    with TemporaryDirectory(dir=directory) as place:
        path = Path(place)
        executor = Instant()
        with Store(path, exclusive=True) as store:
            run = Run(suite, registry, store, "cpu")
            store.began(suite.text, {"suite": suite.name, "device": "cpu"})
            begin = time.perf_counter()
            with executor:
                run.go(executor)
            seconds = time.perf_counter() - begin
            size = store.path.stat().st_size
        begin = time.perf_counter()
        results = load_results(path)
        results.threshold("hidden", 100, 20)
        read = time.perf_counter() - begin
        counts = results.counts("hidden", 100, 20, results.suite.budget.report_tolerance)
        if any(fits != (each if k > 5 else 0) for k, (fits, _) in counts.items() if k not in (4, 5)):  # k d > n
            raise RuntimeError(f"the results were read wrong: {counts} where k > 5 was made up to fit")
    return Measured(
        run.trained,
        executor.batches,
        seconds,
        size,
        round(statistics.mean(executor.sent)),
        round(statistics.mean(executor.received)),
        read,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


@dataclass(frozen=True)
class Forecast:
    """A run on a cluster, by the model: workers train, one driver writes, whichever is slower decides.

    Attributes:
        trials: Trials.
        workers: Workers.
        training_seconds: Time of a trial on one worker.
        wall_seconds: Expected wall time.
        file_bytes: Expected size of the file.
        bound_by: ``workers`` or ``driver``.
    """

    trials: float
    workers: int
    training_seconds: float
    wall_seconds: float
    file_bytes: float
    bound_by: str


def forecast(measured: Measured, trials: float, workers: int, training_seconds: float) -> Forecast:
    """Return what the model says: max(trials · training/workers, trials · driver time), file in proportion."""
    by_workers = trials * training_seconds / workers
    by_driver = trials * measured.driver_seconds
    bound = "workers" if by_workers >= by_driver else "driver"
    size = trials * measured.file_bytes / measured.trials
    return Forecast(trials, workers, training_seconds, max(by_workers, by_driver), size, bound)


def saturation(measured: Measured, training_seconds: float) -> float:
    """Return the number of workers from which the driver is the bottleneck."""
    return training_seconds / measured.driver_seconds


def forecasts(measured: Measured, trials: Sequence[float] = (1e6, 1e7, 1e8, 1e9)) -> list[Forecast]:
    """Return forecasts for a few sizes of runs, clusters and trials."""
    return [
        forecast(measured, count, workers, seconds)
        for count in trials
        for workers, seconds in ((16, 0.1), (256, 0.1), (256, 1.0), (4096, 1.0))
    ]
