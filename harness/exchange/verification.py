"""Verification of a run: a sample is trained again, each trial alone, as it was or in another precision or device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from harness.components import Cell, FateKind, Outcome, Verdict
from harness.components.executor import Batch, BatchFailed, Executor, LostWorkers
from harness.components.fault import error_outcome
from harness.components.outcome_record import agree
from harness.driver.edits import edited
from harness.driver.provenance import installed
from harness.driver.results import Results
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.threshold_searches import threshold_searches
from harness.engine.processor import processor
from harness.engine.setting import Setting, semantic_key
from harness.engine.solvers import choose
from harness.exchange.verification_sample import Pick, Stratum, parts, sample
from harness.plugin_host.digests import component_digests
from harness.statistics.brackets import LEVEL
from harness.statistics.paired import clopper_pearson


@dataclass(frozen=True)
class Retrained:
    """A trial as it is stored, and as it was trained again.

    Attributes:
        pick: The stored trial.
        again: New outcome, which is an error if the trial could not be trained.
        verdicts: Stored and new verdict.
        equal: Whether every digit is the same, with those of the fate if both were decided by the same continuation.
        step_difference: Largest difference between the steps at which both met a tolerance, or None if none was met.
        fates: Stored and new kind of the fate, or None if one of the two has no fate.
        edited: Reason why the code is not the code that trained the stored trial, or an empty string if it is.
    """

    pick: Pick
    again: Outcome
    verdicts: tuple[Verdict, Verdict]
    equal: bool
    step_difference: int | None
    fates: tuple[FateKind, FateKind] | None = None
    edited: str = ""

    @property
    def failed(self) -> bool:
        """Whether it could not be trained again."""
        return bool(self.again.message)

    @property
    def other_fate(self) -> bool:
        """Whether both outcomes have a fate, of two kinds."""
        return self.fates is not None and self.fates[0] != self.fates[1]

    @property
    def flipped(self) -> bool:
        """Whether it was trained, and exactly one of the two outcomes fits."""
        return not self.failed and (self.verdicts[0] == "fit") != (self.verdicts[1] == "fit")


@dataclass(frozen=True)
class Share:
    """Number of flipped verdicts, with an exact interval.

    Attributes:
        flipped: Number of flipped verdicts.
        trials: Number of trials.
        share: Quotient of the two, or None without trials. For a whole run, the mean of the parts' shares weighted by
            their sizes.
        interval: Interval of Clopper and Pearson (1934) at a confidence of 95 %. For a whole run, made from intervals
            of its parts, each at half the level.
    """

    flipped: int
    trials: int
    share: float | None
    interval: tuple[float, float]


@dataclass(frozen=True)
class Verification:
    """The results of training a sample again.

    Attributes:
        trials: Trials of the sample.
        sizes: Number of trials of the run in each part.
        device: Device on which they were trained again.
        dtype: Precision in which they were trained again.
        solvers: Stored and new solver by regime.
        expected: Reason by regime why digits may differ, or an empty string if they must be equal.
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
        """Return the share of a part's verdicts that flipped. If all its trials were drawn, the share is exact."""
        drawn = self.of(part)
        flipped, trials = sum(trial.flipped for trial in drawn), len(drawn)
        if not trials:
            return Share(0, 0, None, (0.0, 1.0))
        exact = trials == self.sizes[part]
        interval = (flipped / trials, flipped / trials) if exact else clopper_pearson(flipped, trials, level=level)
        return Share(flipped, trials, flipped / trials, interval)

    def whole(self) -> Share:
        """Return the share of the run's verdicts that would flip, estimated from both parts and their sizes."""
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
        """Trials that must be equal to the last bit but differ, or that could not be trained."""
        return [trial for trial in self.trials if not trial.equal and not self._may_differ(trial)]

    def _may_differ(self, trial: Retrained) -> str:
        return self.expected[trial.pick.cell.regime] or trial.edited

    @property
    def reasons(self) -> list[str]:
        """Reasons why digits of some trials may differ, sorted."""
        return sorted({*self.expected.values(), *(trial.edited for trial in self.trials)} - {""})

    @property
    def failed(self) -> list[Retrained]:
        """Trials that could not be trained again."""
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
        executor: Executor for the sample, started by the caller.
        trials: Size of the sample.
        seed: Seed of the sample.
        dtype: ``float32`` or ``float64``, or None for that of the run.
        device: Device for training, or None for that of the run.
        tolerance: A tolerance that the run records, or None for the reported one.
        listen: Function that is called after each trial with the number of finished trials and of all trials.

    Returns:
        The verification.

    Raises:
        LostWorkers: If workers end again and again, or a plugin was changed since it was loaded.
    """
    rung = results.rung(tolerance)
    origin, budget = results.provenance, results.suite.budget
    before = str(origin.get("device", "cpu"))
    wanted_device, wanted_dtype = device or before, dtype or budget.dtype
    settings: dict[str, dict[str, Any]] = {}
    plugins: dict[str, dict[str, str]] = {}
    solvers: dict[str, tuple[str, str]] = {}
    expected: dict[str, str] = {}
    for search in threshold_searches(results.suite, results.registry, before, origin.get("solvers")):
        name = search.setting.regime.name
        if name not in settings:
            setting = _again(search, results, wanted_device, wanted_dtype)
            settings[name] = setting.data(results.registry)
            plugins[name] = component_digests(settings[name], results.registry)
            assert setting.solver is not None
            solvers[name] = search.solver.name, setting.solver.name
            expected[name] = _may_differ(search.setting, setting, origin)
    found = parts(results, rung)
    drawn = sample(found, trials, seed)
    again = _train(drawn, settings, plugins, executor, budget.trial_seconds, listen)
    return Verification(
        trials=tuple(
            _retrained(pick, outcome, rung, plugins[pick.cell.regime])
            for pick, outcome in zip(drawn, again, strict=True)
        ),
        sizes={part: len(picks) for part, picks in found.items()},
        device=wanted_device,
        dtype=wanted_dtype,
        solvers=solvers,
        expected=expected,
        rung=rung,
    )


def _again(search: ThresholdSearch, results: Results, device: str, dtype: str) -> Setting:
    """Return the setting for training a regime again, with its solver if this machine has it."""
    setting, regime = search.setting, search.setting.regime
    same = device.partition(":")[0] == setting.device.partition(":")[0]
    solver = search.solver
    if not same or solver.why_not(regime, dtype, device, setting.q):
        solver = choose(regime, dtype, device, registry=results.registry, q=setting.q)
    return replace(setting, device=device, dtype=dtype, solver=solver)


def _may_differ(stored: Setting, again: Setting, origin: dict[str, Any]) -> str:
    """Return the reason why digits may differ, or an empty string if settings and machine are the same."""
    assert stored.solver is not None
    assert again.solver is not None
    for what, was, now in (
        ("dtype", stored.dtype, again.dtype),
        ("device", stored.device.partition(":")[0], again.device.partition(":")[0]),
        ("solver", stored.solver.name, again.solver.name),
    ):
        if was != now:
            return f"{what} {now} instead of {was}"
    here = installed() | {"processor": processor(again.device)}
    there = origin.get("versions", {}) | {"processor": origin.get("processor", here["processor"])}
    for what, now in here.items():
        concerned = what != "compiler" or again.solver.depends_on_compiler
        if concerned and there.get(what, now) != now:
            return f"{what} {now} instead of {there[what]}"
    return ""


def _train(
    drawn: Iterable[Pick],
    settings: dict[str, dict[str, Any]],
    plugins: dict[str, dict[str, str]],
    executor: Executor,
    trial_seconds: float,
    listen: Callable[[int, int], None] | None,
) -> list[Outcome]:
    """Train each trial alone. Return outcomes in the order of the sample.

    Raises:
        LostWorkers: If workers end again and again, or a plugin was changed since it was loaded.
    """
    picks = list(drawn)
    keys = {name: semantic_key(data) for name, data in settings.items()}
    for pick in picks:
        name = pick.cell.regime
        data = _at_its_step(settings[name], pick.stored)
        one = Batch(pick.cell, (pick.stored.seed,), data, keys[name], trial_seconds, plugins[name])
        executor.submit(one)
    found: dict[tuple[Cell, int], Outcome] = {}
    for done in range(1, len(picks) + 1):
        try:
            batch, outcomes = executor.next_done()
            found[batch.cell, batch.seeds[0]] = outcomes[0]
        except BatchFailed as failed:
            if failed.fault.kind == "changed":
                raise LostWorkers(failed.fault.message) from failed
            batch = failed.batch
            found[batch.cell, batch.seeds[0]] = error_outcome(batch.seeds[0], 0, failed.fault.message)
        if listen:
            listen(done, len(picks))
    return [found[pick.cell, pick.stored.seed] for pick in picks]


def _at_its_step(data: dict[str, Any], stored: Outcome) -> dict[str, Any]:
    """Return the plain data of a setting, with the stored step size if the regime is tuned."""
    regime = data["regime"]
    if "tune" not in regime:
        return data
    untuned = {key: value for key, value in regime.items() if key != "tune"}
    return {**data, "regime": {**untuned, "optimizer": {**regime["optimizer"], "step_size": stored.step_size}}}


def _retrained(pick: Pick, again: Outcome, rung: int, plugins: dict[str, str]) -> Retrained:
    stored = pick.stored
    others = ", ".join(edited(stored, plugins))
    reason = f"code of plugin {others} that was edited since" if others else ""
    if again.message:
        return Retrained(pick, again, (stored.verdict(rung), "error"), equal=False, step_difference=None, edited=reason)
    steps = [abs(a - b) for a, b in zip(stored.hits, again.hits, strict=True) if a is not None and b is not None]
    return Retrained(
        pick,
        again,
        (stored.verdict(rung), again.verdict(rung)),
        equal=agree(stored, again),
        step_difference=max(steps, default=None),
        fates=None if stored.fate is None or again.fate is None else (stored.fate.kind, again.fate.kind),
        edited=reason,
    )
