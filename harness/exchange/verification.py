"""A sample of a run trained again, each trial alone: on the same settings, in another precision, on another device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from harness.components import Cell, Outcome, Verdict
from harness.components.executor import Batch, BatchFailed, Executor
from harness.components.fault import error_outcome
from harness.components.outcome_record import digits
from harness.driver.provenance import installed
from harness.driver.results import Results
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.threshold_searches import threshold_searches
from harness.engine.processor import processor
from harness.engine.setting import semantic_key
from harness.engine.solvers import missing, solver_for
from harness.exchange.verification_sample import Pick, Stratum, parts, sample
from harness.statistics.paired import clopper_pearson
from harness.statistics.thresholds import LEVEL


@dataclass(frozen=True)
class Retrained:
    """A trial, as it is stored and as it came out again.

    Attributes:
        pick: The trial.
        again: Its new outcome; an error if it could not be trained.
        verdicts: Stored and new.
        equal: Whether every digit is the same.
        step_difference: Largest difference of the steps at which a tolerance was met in both; None if none was.
    """

    pick: Pick
    again: Outcome
    verdicts: tuple[Verdict, Verdict]
    equal: bool
    step_difference: int | None

    @property
    def failed(self) -> bool:
        """Whether it could not be trained again."""
        return bool(self.again.message)

    @property
    def flipped(self) -> bool:
        """Whether it was trained, and one of the two fits while the other does not."""
        return not self.failed and (self.verdicts[0] == "fit") != (self.verdicts[1] == "fit")


@dataclass(frozen=True)
class Share:
    """Verdicts that flipped, with an exact interval.

    Attributes:
        flipped: How many.
        trials: Of how many.
        share: The quotient; of a whole run the parts' shares, weighted by their sizes. None without trials.
        interval: Clopper and Pearson's (1934), at a confidence of 95 %; of a whole run from those of its parts, each
            at half the level.
    """

    flipped: int
    trials: int
    share: float | None
    interval: tuple[float, float]


@dataclass(frozen=True)
class Verification:
    """What became of a sample.

    Attributes:
        trials: Each trial of the sample.
        sizes: Trials of the run by part: those that could have been drawn.
        device: Where they were trained again.
        dtype: In which precision.
        solvers: By regime, what trained them: stored, and again.
        expected: By regime, why the digits may differ; empty where they must be equal.
        rung: Index of the tolerance of the verdicts.
    """

    trials: tuple[Retrained, ...]
    sizes: dict[Stratum, int]
    device: str
    dtype: str
    solvers: dict[str, tuple[str, str]]
    expected: dict[str, str]
    rung: int

    def of(self, part: Stratum) -> list[Retrained]:
        """Return the trials of a part that were trained."""
        return [trial for trial in self.trials if trial.pick.part == part and not trial.failed]

    def share(self, part: Stratum, level: float = LEVEL) -> Share:
        """Return how many verdicts of a part flipped; where all its trials were drawn, that is no estimate."""
        drawn = self.of(part)
        flipped, trials = sum(trial.flipped for trial in drawn), len(drawn)
        if not trials:
            return Share(0, 0, None, (0.0, 1.0))
        exact = trials == self.sizes[part]
        interval = (flipped / trials, flipped / trials) if exact else clopper_pearson(flipped, trials, level=level)
        return Share(flipped, trials, flipped / trials, interval)

    def whole(self) -> Share:
        """Return the share of the run's verdicts that would flip, from both parts by their sizes."""
        total = sum(self.sizes.values())
        flipped, trials, share, low, high = 0, 0, 0.0, 0.0, 0.0
        for part, size in self.sizes.items():
            if size:
                found = self.share(part, LEVEL / 2)
                weight = size / total
                flipped, trials = flipped + found.flipped, trials + found.trials
                share += weight * (found.share or 0.0)
                low, high = low + weight * found.interval[0], high + weight * found.interval[1]
        return Share(flipped, trials, share if trials else None, (low, min(high, 1.0)) if total else (0.0, 1.0))

    @property
    def broken(self) -> list[Retrained]:
        """The trials that should be equal to the last bit, and are not, or could not be trained."""
        return [trial for trial in self.trials if not trial.equal and not self.expected[trial.pick.cell.regime]]

    @property
    def failed(self) -> list[Retrained]:
        """The trials that could not be trained again."""
        return [trial for trial in self.trials if trial.failed]


def verify(
    results: Results,
    executor: Executor,
    *,
    trials: int,
    seed: int = 0,
    dtype: str | None = None,
    device: str | None = None,
    tolerance: float | None = None,
    listen: Callable[[int, int], None] | None = None,
) -> Verification:
    """Train a sample again, each trial in a batch of its own.

    Args:
        results: The run.
        executor: Where it is trained; started by the caller.
        trials: Size of the sample.
        seed: Which sample.
        dtype: ``float32`` or ``float64``; that of the run unless told.
        device: Where networks are trained; as in the run unless told.
        tolerance: A rung of the ladder; the reported one unless told.
        listen: Told after each trial how many are done, and of how many.
    """
    rung = results.rung(tolerance)
    origin, budget = results.provenance, results.suite.budget
    before = str(origin.get("device", "cpu"))
    wanted_device, wanted_dtype = device or before, dtype or budget.dtype
    settings: dict[str, dict[str, Any]] = {}
    solvers: dict[str, tuple[str, str]] = {}
    expected: dict[str, str] = {}
    for search in threshold_searches(results.suite, results.registry, before, origin.get("solvers")):
        name = search.setting.regime.name
        if name not in settings:
            settings[name] = data = _again(search, results, wanted_device, wanted_dtype)
            solvers[name] = search.solver.name, str(data["solver"])
            expected[name] = _may_differ(search.data, data, origin)
    found = parts(results, rung)
    drawn = sample(found, trials, seed)
    again = _train(drawn, settings, executor, budget.trial_seconds, listen)
    return Verification(
        trials=tuple(_retrained(pick, outcome, rung) for pick, outcome in zip(drawn, again, strict=True)),
        sizes={part: len(picks) for part, picks in found.items()},
        device=wanted_device,
        dtype=wanted_dtype,
        solvers=solvers,
        expected=expected,
        rung=rung,
    )


def _again(search: ThresholdSearch, results: Results, device: str, dtype: str) -> dict[str, Any]:
    """Return the setting under which a regime is trained again, as plain data: with its solver, if it is had here."""
    setting, regime = search.setting, search.setting.regime
    same = device.partition(":")[0] == setting.device.partition(":")[0]
    before = setting.solver if same and not missing(setting.solver, regime, device, dtype) else None
    solver = solver_for(regime, device, dtype, before).name
    return replace(setting, device=device, dtype=dtype, solver=solver).data(results.registry)


def _may_differ(stored: dict[str, Any], again: dict[str, Any], origin: dict[str, Any]) -> str:
    """Return why digits may differ; empty where the setting and what computes are the same."""
    for what in ("dtype", "device", "solver"):
        was, now = str(stored[what]).partition(":")[0], str(again[what]).partition(":")[0]
        if was != now:
            return f"{what} {now} instead of {was}"
    here = installed() | {"processor": processor(str(again["device"]))}
    there = origin.get("versions", {}) | {"processor": origin.get("processor", here["processor"])}
    for what, now in here.items():
        concerned = what != "compiler" or again["solver"] == "fused"
        if concerned and there.get(what, now) != now:
            return f"{what} {now} instead of {there[what]}"
    return ""


def _train(
    drawn: Iterable[Pick],
    settings: dict[str, dict[str, Any]],
    executor: Executor,
    trial_seconds: float,
    listen: Callable[[int, int], None] | None,
) -> list[Outcome]:
    """Train each trial alone; return outcomes in the order of the sample."""
    picks = list(drawn)
    keys = {name: semantic_key(data) for name, data in settings.items()}
    for pick in picks:
        name = pick.cell.regime
        executor.submit(Batch(pick.cell, (pick.stored.seed,), settings[name], keys[name], trial_seconds))
    found: dict[tuple[Cell, int], Outcome] = {}
    for done in range(1, len(picks) + 1):
        try:
            batch, outcomes = executor.next_done()
            found[batch.cell, batch.seeds[0]] = outcomes[0]
        except BatchFailed as failed:
            batch = failed.batch
            found[batch.cell, batch.seeds[0]] = error_outcome(batch.seeds[0], 0, failed.fault.message)
        if listen:
            listen(done, len(picks))
    return [found[pick.cell, pick.stored.seed] for pick in picks]


def _retrained(pick: Pick, again: Outcome, rung: int) -> Retrained:
    stored = pick.stored
    if again.message:
        return Retrained(pick, again, (stored.verdict(rung), "error"), equal=False, step_difference=None)
    steps = [abs(a - b) for a, b in zip(stored.hits, again.hits, strict=True) if a is not None and b is not None]
    return Retrained(
        pick,
        again,
        (stored.verdict(rung), again.verdict(rung)),
        equal=digits(stored) == digits(again),
        step_difference=max(steps, default=None),
    )
