"""Whatever a plugin does in a run costs its own trials, and no others; the table in docs/durability.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.components import Outcome
from harness.components.executor import Executor
from harness.driver.plan import Plan
from harness.driver.results import Results
from harness.driver.run import Run
from harness.driver.threshold_searches import RegimeError
from harness.engine.draws import draw_problem
from harness.executors.in_process import InProcess
from harness.executors.local import Local
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import parse_suite
from tests.faults.plugin import marked

PLUGIN = Path(__file__).parent / "plugin.py"
TRIALS = 12
SUITE = """
[suite]
name = "faults"
[problems]
dataset = { use = "marked" }
n = 8
d = 3
[budget]
steps = 30
tolerances = [0.1]
report_tolerance = 0.1
trial_seconds = 60
spectrum = false
[search]
method = "grid"
widths = [3]
trials = 12
[[regimes]]
name = "own"
model = { use = "net" }
initializer = { use = "draw" }
optimizer = { use = "gd", step_size = 0.01 }
criterion = "quadratic"
[[regimes]]
name = "other"
use = "moderate"
"""


@pytest.fixture(scope="module")
def odd() -> Registry:
    registry = load_plugins([PLUGIN])
    assert not registry.broken, registry.broken[0].reason
    return registry


def run(text: str, registry: Registry, folder: Path, executor: Executor | None = None) -> Results:
    with Store(folder) as store, executor or InProcess(1, (str(PLUGIN),)) as place:
        return Run(parse_suite(text, registry), registry, store, "cpu").go(place)


def outcomes(results: Results, regime: str) -> list[Outcome]:
    (found,) = (o for cell, o in results.outcomes.items() if cell.regime == regime)
    assert [o.seed for o in found] == list(range(TRIALS))
    return list(found)


def hit(registry: Registry) -> set[int]:
    """The seeds of marked problems."""
    dataset = registry.find("dataset", "marked")()
    return {s for s in range(TRIALS) if marked(draw_problem(dataset, 8, 3, seed=s, base=0))}


@pytest.fixture(scope="module")
def calm(odd: Registry, tmp_path_factory: pytest.TempPathFactory) -> Results:
    results = run(SUITE, odd, tmp_path_factory.mktemp("calm"))
    assert not results.errors()
    assert 0 < len(hit(odd)) < TRIALS / 2
    return results


ALONE = [
    ('initializer = { use = "draw", how = "HOW" }', "raise", "ArithmeticError: no [red]luck[/] �[31mtoday"),
    ('initializer = { use = "draw", how = "HOW" }', "shape", "initializer 'draw' drew"),
    ('initializer = { use = "draw", how = "HOW" }', "dtype", "Error"),
    ('initializer = { use = "draw", how = "HOW" }', "memory", "out of memory"),
    ('initializer = { use = "draw", how = "HOW" }', "exit", "SystemExit: 3"),
    ('initializer = { use = "draw" }\ndiagnostics = [{ use = "look", how = "HOW" }]', "raise", "ArithmeticError"),
]


@pytest.mark.parametrize(("line", "how", "message"), ALONE)
def test_one_trials_fault_costs_that_trial(
    line: str, how: str, message: str, odd: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SUITE.replace('initializer = { use = "draw" }', line.replace("HOW", how))
    results = run(text, odd, tmp_path / "mad")
    monkeypatch.setenv("CALM", "1")
    calm = run(text, odd, tmp_path / "calm")
    assert not calm.errors()
    found = outcomes(results, "own")
    assert {o.seed for o in found if o.message} == hit(odd)
    assert all(message in o.message for o in found if o.message)
    # The others are as they would have been, to the bit.
    assert [o for o in found if not o.message] == [o for o in outcomes(calm, "own") if o.seed not in hit(odd)]
    assert outcomes(results, "other") == outcomes(calm, "other")


@pytest.mark.parametrize(
    ("how", "message"),
    [("raise", "ArithmeticError"), ("shape", "drew inputs of shape (7, 3)"), ("dtype", "float32"), ("exit", "exit")],
)
def test_a_draw_at_fault_costs_its_trial_in_each_regime(
    how: str, message: str, odd: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SUITE.replace('{ use = "marked" }', f'{{ use = "marked", how = "{how}" }}')
    results = run(text, odd, tmp_path / "mad")
    monkeypatch.setenv("CALM", "1")
    calm = run(text, odd, tmp_path / "calm")
    dataset = parse_suite(text, odd).dataset
    bad = {s for s in range(TRIALS) if marked(draw_problem(dataset, 8, 3, seed=s, base=0))}
    assert 0 < len(bad) < TRIALS / 2
    for regime in ("own", "other"):
        found = outcomes(results, regime)
        assert {o.seed for o in found if message.lower() in o.message.lower() and o.message} == bad
        assert [o for o in found if o.seed not in bad] == [o for o in outcomes(calm, regime) if o.seed not in bad]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["hang", "crash"])
def test_a_hang_or_crash_costs_the_trial_and_a_worker(how: str, odd: Registry, tmp_path: Path) -> None:
    text = SUITE.replace('{ use = "draw" }', f'{{ use = "draw", how = "{how}" }}').replace("trials = 12", "trials = 2")
    text = text.replace('model = { use = "net" }', 'model = { use = "shallow" }')  # which the compiled kernel trains
    text = text.replace("trial_seconds = 60", f"trial_seconds = {1.0 if how == 'hang' else 60.0}")
    bad = {seed for seed in hit(odd) if seed < 2}
    assert len(bad) == 1
    results = run(text, odd, tmp_path, Local(1, (str(PLUGIN),)))
    found = {o.seed: o.message for cell, all_of in results.outcomes.items() if cell.regime == "own" for o in all_of}
    words = {"hang": "not done after 1 s", "crash": "crashed (SIGABRT)"}[how]
    assert {seed for seed, message in found.items() if message} == bad
    assert all(words in message for message in found.values() if message)


WHOLE = [
    ("model", "net", "shapes"),
    ("model", "net", "forward"),
    ("model", "net", "trained"),
    ("model", "net", "extend"),
    ("model", "net", "loss_weight"),
    ("optimizer", "method", "start"),
    ("optimizer", "method", "update"),
    ("optimizer", "method", "batch_size"),
    ("criterion", "judge", "loss"),
    ("criterion", "judge", "measure"),
]


@pytest.mark.parametrize(("part", "use", "where"), WHOLE)
def test_a_component_that_always_fails_costs_its_regime(
    part: str, use: str, where: str, odd: Registry, calm: Results, tmp_path: Path
) -> None:
    changed = {
        "model": ('model = { use = "net" }', f'model = {{ use = "net", where = "{where}", how = "raise" }}'),
        "optimizer": ('{ use = "gd", step_size = 0.01 }', f'{{ use = "method", where = "{where}", step_size = 0.01 }}'),
        "criterion": ('criterion = "quadratic"', f'criterion = {{ use = "judge", where = "{where}" }}'),
    }[part]
    results = run(SUITE.replace(*changed), odd, tmp_path)
    assert all("ArithmeticError: no [red]luck[/]" in o.message for o in outcomes(results, "own"))
    assert outcomes(results, "other") == outcomes(calm, "other")


RETURNED = [
    (('{ use = "net" }', '{ use = "net", where = "forward", how = "shape" }'), "shape"),
    (('criterion = "quadratic"', 'criterion = { use = "judge", where = "measure", how = "shape" }'), "not a number"),
    (
        ('0.01 }\ncriterion = "quadratic"', '"stable" }\ncriterion = { use = "judge", where = "curvature" }'),
        "ArithmeticError",
    ),
    (("spectrum = false", "spectrum = true"), "ArithmeticError"),
]


@pytest.mark.parametrize(("change", "words"), RETURNED)
def test_what_is_returned_is_looked_at(
    change: tuple[str, str], words: str, odd: Registry, calm: Results, tmp_path: Path
) -> None:
    text = SUITE.replace(*change)
    if "spectrum" in change[0]:
        text = text.replace('{ use = "net" }', '{ use = "net", where = "kernel", how = "raise" }')
    results = run(text, odd, tmp_path)
    assert all(words in o.message for o in outcomes(results, "own"))
    if "spectrum" not in change[0]:
        assert outcomes(results, "other") == outcomes(calm, "other")
    assert not [o for o in outcomes(results, "other") if o.message]


@pytest.mark.parametrize(
    "change",
    [
        ('model = { use = "net" }', 'model = { use = "net", where = "linear", how = "raise" }'),
        ('model = { use = "net" }', 'model = { use = "net", where = "describe", how = "raise" }'),
        ('{ use = "gd", step_size = 0.01 }', '{ use = "method", where = "heavy_ball" }'),
    ],
)
def test_a_component_that_cannot_say_what_it_is_ends_the_run_before_it_begins(
    change: tuple[str, str], odd: Registry
) -> None:
    with pytest.raises(RegimeError, match="regime own cannot be trained: ArithmeticError"):
        Plan(parse_suite(SUITE.replace(*change), odd), odd, "cpu")


def test_overflow_is_a_result(odd: Registry, tmp_path: Path) -> None:
    results = run(SUITE.replace("step_size = 0.01", "step_size = 1e30"), odd, tmp_path)
    assert {o.verdict(0) for o in outcomes(results, "own")} == {"diverged"}


def test_each_warning_is_counted_once_a_batch(odd: Registry, tmp_path: Path) -> None:
    text = SUITE.replace('{ use = "draw" }', '{ use = "draw", how = "warn" }')
    place = InProcess(1, (str(PLUGIN),))
    assert not run(text, odd, tmp_path, place).errors()
    (line,) = place.warned
    assert line.startswith("UserWarning: something is odd")
    assert place.warned[line] == 1


def test_faults_are_told_apart() -> None:
    import torch

    from harness.components.fault import MOST, fault_of

    class Rude(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert fault_of(torch.OutOfMemoryError("CUDA out of memory")).kind == "memory"
    assert fault_of(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")).kind == "memory"
    assert fault_of(MemoryError()).message == "MemoryError"
    assert fault_of(ValueError("out of memory lane")).kind == "error"
    assert fault_of(Rude()).message == "Rude"
    assert len(fault_of(ValueError("x" * 10**6)).message) <= MOST
