"""Batches pooled into shared launches: set-up and fates beside them, and a plugin at fault costs its own batch."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.components import Cell, Outcome
from harness.components.executor import Attempt, Batch, BatchFailed, Executor
from harness.driver.run import Run
from harness.driver.threshold_searches import threshold_searches
from harness.engine import stages
from harness.engine.draws import draw_problem
from harness.engine.solvers import shipped, shipped_solver
from harness.engine.solvers.fused_gpu import FusedGpu
from harness.engine.work import train_batch
from harness.executors import pooled
from harness.executors.attempt import attempts
from harness.executors.in_process import InProcess
from harness.executors.local import Local
from harness.executors.pooled import Pooled
from harness.executors.staged import Staged
from harness.executors.worker import Worker
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import parse_suite
from tests.driver.tiny_suite import digits
from tests.engine.cases import CASES, setting
from tests.faults.plugin import marked

pytest.importorskip("tests.interpreter")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WAITING = """
import multiprocessing
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from harness import hookimpl
from harness.builtin.datasets import Sphere
from harness.engine import stages

EVENTS = Path(os.environ["EVENTS"])
WHOLE = stages.launch
HERE = multiprocessing.parent_process() is not None

def events():
    return EVENTS.read_text().split() if EVENTS.exists() else []

def note(word):
    with EVENTS.open("a") as file:
        file.write(word + " ")

@dataclass(frozen=True)
class Noted(Sphere):
    name: ClassVar[str] = "noted"

    def draw(self, n, d, rng):
        while HERE and events() == ["drawn"]:
            time.sleep(0.01)
        note("drawn")
        return super().draw(n, d, rng)

def launch(batches, ready, registry):
    note("launches")
    while events().count("drawn") < 4:
        time.sleep(0.01)
    found = WHOLE(batches, ready, registry)
    note("launched")
    return found

if HERE:
    stages.launch = launch

@hookimpl
def harness_datasets():
    return [Noted]
"""
LOST = """
import multiprocessing
from harness.engine import stages
from harness.executors import guarded, staged

WHOLE = stages.launch
lost = []

def launch(batches, ready, registry):
    lost.extend(batch for batch in batches if batch.key == "bad")
    if lost:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    return WHOLE(batches, ready, registry)

if multiprocessing.parent_process() is not None:
    stages.launch = launch
    guarded.device_is_lost = staged.device_is_lost = lambda: bool(lost)
"""
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


def batches(registry: Registry, how: str, *, limit: bool = True) -> list[Batch]:
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
        Batch(
            p.cell(k),
            of,
            replace(p.setting, solver=solver, limit=limit).data(registry),
            f"{p.key}-{k}",
            seconds,
            p.plugins,
        )
        for p, k, of, seconds in found
    ]


def alone(batch: Batch, registry: Registry) -> list[Outcome]:
    """Train a batch by itself."""
    return train_batch(batch, registry)


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
    with Pooled(2, (PLUGIN,)) as pool:
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
    assert [found[todo[i].key] for i in (0, 2)] == [alone(todo[i], odd) for i in (0, 2)]
    assert time.monotonic() - start < 60


class Watched(Pooled):
    """Notes the numbers of batches that are launched or trained together."""

    def __init__(self, workers: int = 1, plugin_files: tuple[str, ...] = ()) -> None:
        super().__init__(workers, plugin_files)
        self.groups: list[int] = []

    def _next(self) -> list[Batch]:
        group = super()._next()
        self.groups += [len(group)] if group else []
        return group


def test_batches_are_launched_together_when_no_other_comes(odd: Registry) -> None:
    first, _, last = batches(odd, "")
    other = replace(first, setting={**first.setting, "solver": "stacked", "format": 2})
    with Watched(1, (PLUGIN,)) as pool:
        for batch in (first, last, first, last, other):
            pool.submit(batch)
        for _ in range(5):
            pool.next_done()
    assert sorted(pool.groups) == [1, 4]


def test_small_batches_are_launched_while_others_may_still_be_set_up(odd: Registry) -> None:
    """Half of those that may be begun, though their networks fill no device."""
    one = Staged.of(batches(odd, "")[0])
    assert len(one.seeds) * pooled.TOGETHER <= pooled.ENOUGH
    pool = Pooled(1)
    pool._new.append(one)
    pool._set_up.extend([replace(one, stage="launches")] * (pooled.TOGETHER // 2 - 1))
    assert pool._next() == []
    pool._set_up.append(replace(one, stage="launches"))
    assert len(pool._next()) == pooled.TOGETHER // 2
    assert pool._may_set_up(pooled.TOGETHER // 2)


def test_other_batches_are_set_up_while_a_launch_is_on(
    odd: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The launch of the first batch ends when the others are drawn, and they are drawn once it has begun."""
    monkeypatch.setattr(pooled, "ENOUGH", 1)
    file = tmp_path / "waiting.py"
    file.write_text(WAITING, encoding="utf-8")
    monkeypatch.setenv("EVENTS", str(tmp_path / "events"))
    registry = load_plugins([file])
    text = SUITE.replace('use = "marked"', 'use = "noted"').replace('\ninitializer = { use = "draw" }', "")
    own, other = threshold_searches(parse_suite(text, registry), registry, DEVICE)
    solver = shipped_solver("fused-gpu")
    todo = [
        Batch(p.cell(2), (seed,), replace(p.setting, solver=solver).data(registry), f"{seed}", 120.0, p.plugins)
        for seed, p in enumerate((other, own, own, own))
    ]
    with Watched(1, (str(file),)) as pool:
        for batch in todo:
            pool.submit(batch)
        done = [pool.next_done() for _ in todo]
    events = (tmp_path / "events").read_text().split()
    assert events[:6] == ["drawn", "launches", "drawn", "drawn", "drawn", "launched"]
    assert {batch.key: found for batch, found in done} == {batch.key: alone(batch, registry) for batch in todo}


def test_what_crashes_in_the_launches_is_found_one_by_one(odd: Registry) -> None:
    """No batch is known to be at fault there, so each is launched again by itself."""
    todo = batches(odd, "")[::2]
    with Watched(1, (PLUGIN,)) as pool:
        launcher, other = pool._pool
        while not (launcher.ready and other.ready):
            for worker in pool._pool:
                if not worker.ready:
                    worker.read()
        assert launcher.process.pid is not None
        os.kill(launcher.process.pid, signal.SIGSTOP)
        for batch in todo:
            pool.submit(batch)
        while not launcher.in_hand:
            found = other.read()
            if found is not None:
                assert pool._finish(other, found) is None
            pool._hand_out()
        assert (len(launcher.in_hand), launcher.at) == (2, None)
        os.kill(launcher.process.pid, signal.SIGABRT)
        os.kill(launcher.process.pid, signal.SIGCONT)
        done = [pool.next_done() for _ in todo]
    assert pool.groups == [2, 1, 1]
    assert {batch.key: found for batch, found in done} == {batch.key: alone(batch, odd) for batch in todo}


def test_a_process_whose_device_fails_is_replaced(odd: Registry, tmp_path: Path) -> None:
    """All that it asks of the device fails from then on, which would cost every batch that it is given."""
    file = tmp_path / "lost.py"
    file.write_text(LOST, encoding="utf-8")
    first, middle, last = batches(odd, "", limit=False)
    todo = [first, replace(middle, key="bad", trial_seconds=60.0), last]
    found, faults = [], []
    with Watched(1, (PLUGIN, str(file))) as pool:
        for batch in todo:
            pool.submit(batch)
        for _ in todo:
            try:
                found.append(pool.next_done())
            except BatchFailed as failed:
                faults.append(failed)
    assert pool.groups == [3, 1, 1, 1]
    assert [(failed.batch, failed.fault.kind) for failed in faults] == [(todo[1], "error")]
    assert "CUDA device failed" in faults[0].fault.message
    assert {batch.key: outcomes for batch, outcomes in found} == {b.key: alone(b, odd) for b in (first, last)}


def test_a_batch_has_its_own_time_while_it_is_prepared(odd: Registry) -> None:
    """The limit is that of the batch that is worked on; in the launches, and from then on, that of all in hand."""
    worker = object.__new__(Worker)
    worker.in_hand = dict(enumerate(batches(odd, "")))
    for place, seconds in ((0, 120.0), (1, 2.0), (None, 242.0)):
        before = time.monotonic()
        worker._works_on(place)
        assert worker.deadline - before == pytest.approx(seconds, abs=0.5)
        assert worker.at == place


def staged(todo: list[Batch], registry: Registry) -> list[Staged]:
    """Set batches up, which must go well."""
    found = [Staged.of(batch) for batch in todo]
    return [batch.after(dict(attempts([batch], registry, lambda _: None))[0]) for batch in found]


def test_launches_that_fail_are_launched_one_by_one(odd: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    todo = batches(odd, "", limit=False)
    ready, said = staged(todo, odd), list[int | None]()
    together = dict(attempts(ready, odd, said.append))
    assert said == []
    assert [together[i] for i in range(3)] == [Attempt(tuple(alone(batch, odd))) for batch in todo]
    whole = stages.launch

    def fails(some: Sequence[Batch], *rest: Any) -> list[stages.Launched]:
        if any(batch.key == todo[1].key for batch in some):
            raise ArithmeticError("not today")
        return whole(some, *rest)

    monkeypatch.setattr(stages, "launch", fails)
    parted = dict(attempts(ready, odd, said.append))
    assert said == [0, 1, 2]
    assert [parted[i] for i in (0, 2)] == [together[i] for i in (0, 2)]
    assert parted[1].fault is not None
    assert "not today" in parted[1].fault.message


def test_a_trial_whose_draw_raises_costs_itself_alone(odd: Registry) -> None:
    (bad,) = staged([batches(odd, "raise", limit=False)[1]], odd)
    (found,) = dict(attempts([bad], odd, lambda _: None)).values()
    sound, error = found.outcomes
    assert (sound.message, error.message.partition(":")[0]) == ("", "ArithmeticError")


@pytest.mark.parametrize("limit", [False, True])
def test_stages_give_the_outcomes_of_a_batch_trained_whole(limit: bool, registry: Registry) -> None:
    """With fates, which need the trials and the last weights, and without."""
    where = setting(CASES["softplus"], device=DEVICE, steps=30, tolerances=(0.5,), solver="fused-gpu", limit=limit)
    batch = Batch(Cell("softplus", 9, 4, 3), (0, 1), where.data(registry), "key")
    stage, seen = Staged.of(batch), []
    while True:
        seen.append(stage.stage)
        (found,) = dict(attempts([stage], registry, lambda _: None)).values()
        if not found.carried:
            break
        stage = stage.after(found)
    assert seen == ["set-up", "launches", "fates"][: 2 + limit]
    assert list(found.outcomes) == alone(batch, registry)
    assert all((outcome.fate is not None) == limit for outcome in found.outcomes)
    with Pooled(1) as pool:
        pool.submit(batch)
        assert pool.next_done() == (batch, list(found.outcomes))


def test_warnings_of_a_stage_are_said_once(odd: Registry) -> None:
    first = Staged.of(batches(odd, "")[0]).after(Attempt(warnings=("a",), carried=(b"x",)))
    second = first.after(Attempt(warnings=("a", "b"), left=("c",), carried=(b"yz",)))
    assert (second.stage, second.carried, second.size) == ("fates", (b"x", b"yz"), 3)
    assert second.noted(Attempt(warnings=("b", "d"))) == Attempt(warnings=("a", "b", "d"), left=("c",))
    assert second.plain == batches(odd, "")[0]


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


def test_a_run_by_launches_has_the_digits_of_one_process_though_processes_are_killed(
    odd: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Searches submit batches while others are in hand, and fates are decided."""
    monkeypatch.setattr(FusedGpu, "devices", ("cpu", "cuda"))
    monkeypatch.setattr(FusedGpu, "missing", lambda *_: "")
    monkeypatch.setattr(FusedGpu, "preference", 1)
    monkeypatch.setattr(pooled, "ENOUGH", 3)
    shipped.cache_clear()
    suite = parse_suite(SUITE.replace('method = "grid"\nwidths = [2, 3]\ntrials = 6', "trials = 12"), odd)
    found = []
    try:
        for kind in (InProcess, Pooled):
            with Store(tmp_path / kind.name) as store, kind(2, (PLUGIN,)) as place:
                doomed = list(range(len(place._pool))) if isinstance(place, Pooled) else []

                def kill_one(_: Run, place: Executor = place, doomed: list[int] = doomed) -> None:
                    if doomed and isinstance(place, Pooled):
                        pid = place._pool[doomed.pop()].process.pid
                        assert pid is not None
                        os.kill(pid, signal.SIGKILL)

                run = Run(suite, odd, store, DEVICE)
                assert {search.solver.name for search in run.plan.searches} == {"fused-gpu"}
                found.append(digits(run.go(place, kill_one)))
                assert not doomed
    finally:
        shipped.cache_clear()
    assert found[0] == found[1]
