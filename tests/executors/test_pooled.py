"""Batches pooled into shared launches: a plugin that hangs or crashes costs its own batch, and no number of others."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.components import Outcome
from harness.components.executor import Attempt, Batch, BatchFailed
from harness.driver.run import Run
from harness.driver.threshold_searches import threshold_searches
from harness.engine.draws import draw_problem
from harness.engine.solvers import shipped_solver
from harness.executors.attempt import attempts
from harness.executors.local import Local
from harness.executors.pooled import Pooled
from harness.executors.worker import Worker
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import parse_suite
from tests.driver.tiny_suite import digits
from tests.faults.plugin import marked

pytest.importorskip("triton")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
PLUGIN = str(Path(__file__).parent.parent / "faults" / "plugin.py")
SUITE = """
[suite]
name = "pooled"
[problems]
dataset = { use = "marked" }
n = 8
d = 3
[budget]
steps = 5
tolerances = [0.1]
report_tolerance = 0.1
trial_seconds = 60
spectrum = false
[search]
method = "grid"
widths = [2, 3]
trials = 6
[[regimes]]
name = "own"
use = "moderate"
initializer = { use = "draw" }
[[regimes]]
name = "other"
use = "moderate"
"""


@pytest.fixture(scope="module")
def odd() -> Registry:
    return load_plugins([PLUGIN])


def batches(registry: Registry, how: str) -> list[Batch]:
    """A sound batch, one whose second trial does what it should not, and a sound one, for the GPU solver."""
    text = SUITE.replace('{ use = "draw" }', f'{{ use = "draw", how = "{how}" }}')
    own, other = threshold_searches(parse_suite(text, registry), registry, DEVICE)
    dataset = own.setting.dataset
    marks = [marked(draw_problem(dataset, 8, 3, seed=seed, base=0)) for seed in range(40)]
    good = [seed for seed, mark in enumerate(marks) if not mark]
    sound, bad = tuple(good[:2]), (good[0], marks.index(True))
    solver = shipped_solver("fused-gpu")
    found = [(other, 2, sound, 60.0), (own, 3, bad, 1.0), (other, 3, sound, 60.0)]
    return [
        Batch(p.cell(k), of, replace(p.setting, solver=solver).data(registry), f"{p.key}-{k}", seconds, p.plugins)
        for p, k, of, seconds in found
    ]


def alone(batch: Batch, registry: Registry) -> list[Outcome]:
    """What the launches of one batch find."""
    from harness.engine.work import train_together

    (outcomes,) = train_together([batch], registry)
    return outcomes


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("hang", "late", "not done after 1 s (1 s a trial)"),
        ("crash", "error", "crashed (SIGABRT)"),
        ("exit", "error", "SystemExit: 3"),
    ],
)
def test_a_plugin_at_fault_costs_its_own_batch(how: str, kind: str, words: str, odd: Registry) -> None:
    todo = batches(odd, how)
    start = time.monotonic()
    found: dict[str, list[Outcome]] = {}
    faults: list[BatchFailed] = []
    with Pooled(8, (PLUGIN,)) as pool:
        for batch in todo:
            pool.submit(batch)
        for _ in todo:
            try:
                batch, outcomes = pool.next_done()
                found[batch.key] = outcomes
            except BatchFailed as error:
                faults.append(error)
        with pytest.raises(RuntimeError, match="no batch is in hand"):
            pool.next_done()
    (failed,) = faults
    assert failed.batch == todo[1]
    assert failed.fault.kind == kind
    assert words in failed.fault.message
    assert failed.fault.seed == (None if how == "exit" else todo[1].seeds[1])
    assert set(found) == {todo[0].key, todo[2].key}
    if how in ("hang", "crash"):  # after an exception batches are trained by a solver that takes them one by one
        assert [found[todo[i].key] for i in (0, 2)] == [alone(todo[i], odd) for i in (0, 2)]
    assert time.monotonic() - start < 60


def test_batches_wait_for_company(odd: Registry) -> None:
    """What the driver submits while nothing is trained is given to the worker at once, in launches that are shared."""
    first, _, last = batches(odd, "")
    given: list[int] = []

    class Watched(Pooled):
        def _next(self) -> list[Batch]:
            group = super()._next()
            given.append(len(group))
            return group

    with Watched(1, (PLUGIN,)) as pool:
        pool.submit(first)
        pool.next_done()
        for batch in (first, last, replace(first, setting={**first.setting, "solver": "stacked", "format": 2}), last):
            pool.submit(batch)
        for _ in range(4):
            pool.next_done()
    assert given == [1, 2, 1, 1]


def test_what_crashes_in_the_launches_is_found_one_by_one(odd: Registry) -> None:
    """Nobody can tell whose fault it is there: the batches are trained again, each by itself."""
    todo = batches(odd, "")[::2]
    with Pooled(1, (PLUGIN,)) as pool:
        for batch in todo:
            pool.submit(batch)
        (worker,) = pool._pool
        while not worker.ready:
            worker.read()
        assert worker.process.pid is not None
        os.kill(worker.process.pid, signal.SIGSTOP)
        pool._hand_out()
        assert (len(worker.in_hand), worker.at) == (2, None)
        os.kill(worker.process.pid, signal.SIGABRT)
        os.kill(worker.process.pid, signal.SIGCONT)
        groups = []
        for _ in todo:
            batch, outcomes = pool.next_done()
            groups.append(len(pool._pool[0].in_hand))
            assert len(outcomes) == len(batch.seeds)
    assert groups == [0, 0]  # nothing else was in hand with it


def test_a_batch_has_its_own_time_while_it_is_prepared(odd: Registry) -> None:
    """The limit is that of the batch that is worked on; in the launches, and from then on, that of all in hand."""
    worker = object.__new__(Worker)
    worker.in_hand = dict(enumerate(batches(odd, "")))
    for place, seconds in ((0, 120.0), (1, 2.0), (None, 242.0)):
        before = time.monotonic()
        worker._works_on(place)
        assert worker.deadline - before == pytest.approx(seconds, abs=0.5)
        assert worker.at == place


def test_attempts_say_what_they_work_on(odd: Registry) -> None:
    said: list[int | None] = []
    sound = batches(odd, "")
    found = dict(attempts(sound, odd, said.append))
    assert said == [0, 1, 2, None]
    assert [found[i] for i in range(3)] == [Attempt(tuple(alone(batch, odd))) for batch in sound]
    said.clear()
    bad = dict(attempts(batches(odd, "raise"), odd, said.append))
    assert said == [0, 1, 0, 1, 2]  # together until one fails, then each by itself
    messages = [[outcome.message for outcome in bad[place].outcomes] for place in range(3)]
    assert messages[0] == messages[2] == ["", ""]
    assert messages[1][0] == ""
    assert messages[1][1].startswith("ArithmeticError")


def test_on_the_cpu_a_run_in_which_trials_hang_is_that_of_local(odd: Registry, tmp_path: Path) -> None:
    """Batches of other solvers are trained one after the other, each within its time."""
    text = SUITE.replace('{ use = "draw" }', '{ use = "draw", how = "hang" }').replace(
        "widths = [2, 3]", "widths = [2]"
    )
    text = text.replace("trials = 6", "trials = 4").replace("trial_seconds = 60", "trial_seconds = 3")
    suite = parse_suite(text.replace('marked" }', 'marked", every = 2 }'), odd)
    found = []
    for kind in (Pooled, Local):
        with Store(tmp_path / kind.name) as store, kind(1, (PLUGIN,)) as place:
            results = Run(suite, odd, store, "cpu").go(place)
        found.append(digits(results))
        assert {cell.regime for cell, _ in results.errors()} == {"own"}
        assert all("not done after" in outcome.message for _, outcome in results.errors())
    assert found[0] == found[1]
