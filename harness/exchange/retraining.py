"""The retraining of a sample of a run, each trial alone, as it was or in another precision or on another device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from harness.components import Cell, Outcome
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
from harness.exchange.verification import Retrained, Verification
from harness.exchange.verification_sample import Pick, parts, sample
from harness.plugin_host.digests import component_digests


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
