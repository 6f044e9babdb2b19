"""Trials that hang or crash: each costs its own trial and its own time, whatever is beside it in the batch."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.components import Cell
from harness.components.executor import Batch, BatchFailed, Executor
from harness.components.outcome_record import digits
from harness.driver.run import Run
from harness.driver.threshold_searches import threshold_searches
from harness.executors.dask import Dask
from harness.executors.local import Local
from harness.plugin_host.loading import load_plugins
from harness.store import Store
from harness.suite import parse_suite

CODE = """
import os, time
from dataclasses import dataclass
from typing import ClassVar
from harness import Recorder, Solver, hookimpl
from harness.builtin.datasets import Sphere

@dataclass(frozen=True)
class Moody(Sphere):
    name: ClassVar[str] = "moody"

    def draw(self, n, d, rng):
        x, y = super().draw(n, d, rng)
        first = round(float(x[0, 0]), 6)
        if first in HANGS:
            time.sleep(600)
        if first in CRASHES:
            os.abort()
        return x, y

class Slow(Solver):
    name: ClassVar[str] = "slow"

    def refuses(self, regime):
        return ""

    def train(self, regime, trials, budget):
        recorder = Recorder(regime, trials, budget)
        for run, trial in enumerate(trials):
            if trial.seed == 3:
                time.sleep(600)
            recorder.note(run, 0, 0.0, trial.weights)
        return recorder.outcomes()

HANGS, CRASHES = (), ()

@hookimpl
def harness_datasets():
    return [Moody]

@hookimpl
def harness_solvers():
    return [Slow]
"""
SUITE = """
[suite]
name = "moody"
[problems]
dataset = "moody"
n = 8
d = 3
resample = true
[budget]
steps = 20
tolerances = [0.5]
trial_seconds = 2
[search]
method = "grid"
widths = [2]
trials = 12
[[regimes]]
name = "own"
use = "moderate"
"""
HANG, CRASH = (3, 7), 5


def plugin_in(folder: Path) -> Path:
    """Write the plugin that hangs and crashes for problems of certain seeds."""
    from harness.engine.draws import draw_problem

    file = folder / "moody.py"
    file.write_text(CODE, encoding="utf-8")
    registry = load_plugins([file])
    suite = parse_suite(SUITE, registry)
    first = {
        seed: round(float(draw_problem(suite.dataset, 8, 3, seed=seed, base=suite.seed).x[0, 0]), 6)
        for seed in (*HANG, CRASH)
    }
    hangs = tuple(first[seed] for seed in HANG)
    file.write_text(CODE.replace("(), ()", f"{hangs}, ({first[CRASH]},)"), encoding="utf-8")
    return file


def test_each_costs_its_own_trial_and_its_own_time(tmp_path: Path) -> None:
    file = plugin_in(tmp_path)
    moody, found = file.read_text(encoding="utf-8"), {}
    for polite, code in (("true", CODE), ("false", moody)):
        file.write_text(code, encoding="utf-8")
        registry = load_plugins([file])
        suite = parse_suite(SUITE, registry)
        with Store(tmp_path / polite) as store, Local(1, (str(file),)) as executor:
            run = Run(suite, registry, store, "cpu")
            run.go(executor)
            outcomes = store.outcomes(run.plan.searches[0].key, errors=True).values()
            found[polite] = {one.seed: one for one in outcomes}
    faulty = {seed for seed, one in found["false"].items() if one.message}
    assert faulty == {*HANG, CRASH}
    for seed in found["true"]:
        if seed not in faulty:
            assert digits(found["true"][seed]) == digits(found["false"][seed])
    assert {found["false"][seed].message for seed in HANG} == {"not done after 2 s (2 s a trial)"}
    assert found["false"][CRASH].message == "the worker process crashed (SIGABRT)"


@pytest.mark.parametrize(("place", "solver"), [(Local, ""), (Local, "slow"), (Dask, "")], ids=str)
def test_the_trial_that_hangs_is_named_after_the_time_of_one_trial(
    place: type[Executor], solver: str, tmp_path: Path
) -> None:
    """While it is drawn, or while a solver that takes trials one by one trains it."""
    if place is Dask:
        pytest.importorskip("distributed")
    file = plugin_in(tmp_path)
    if solver:
        file.write_text(CODE, encoding="utf-8")
    registry = load_plugins([file])
    text = f'{SUITE}solver = "{solver}"\n' if solver else SUITE
    (search,) = threshold_searches(parse_suite(text, registry), registry, "cpu")
    sound, whole = (
        Batch(Cell("own", 8, 3, 2), seeds, search.data, search.key, seconds, search.plugins)
        for seeds, seconds in (((0,), 60.0), (tuple(range(12)), 2.0))
    )
    with place(1, (str(file),)) as executor:
        executor.submit(sound)
        executor.next_done()
        executor.submit(whole)
        start = time.monotonic()
        with pytest.raises(BatchFailed) as caught:
            executor.next_done()
        assert time.monotonic() - start < whole.seconds / 2
    assert (caught.value.fault.kind, caught.value.fault.seed) == ("late", HANG[0])
    assert caught.value.fault.message == "not done after 2 s (2 s a trial)"
