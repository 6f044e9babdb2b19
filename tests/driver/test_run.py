"""The driver: nothing trained twice, the same digits whatever happened on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Cell, Model, Outcome
from harness.components.executor import Batch, Executor
from harness.driver.loading import load_results
from harness.driver.provenance import provenance
from harness.driver.results import Results
from harness.driver.run import Run
from harness.executors.local import Local
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store
from harness.suite import Suite, load_suite, parse_suite
from tests.driver.tiny_suite import SUITE, Counting, digits


@pytest.fixture
def suite(registry: Registry) -> Suite:
    return parse_suite(SUITE, registry)


def run(suite: Suite, registry: Registry, directory: Path, executor: Executor) -> Results:
    with Store(directory) as store:
        going = Run(suite, registry, store, "cpu")
        going.begin()
        return going.go(executor)


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(parse_suite(SUITE, registry), registry, tmp_path_factory.mktemp("whole"), Counting())


def test_thresholds_are_where_theory_has_them(whole: Results) -> None:
    """k½ of the hidden layer is at least n/d (the parameter count); of random features at least n."""
    assert whole.missing == 0
    for n, d in whole.sizes():
        hidden, features = whole.threshold("softplus", n, d), whole.threshold("features", n, d)
        assert hidden.low is not None
        assert hidden.k_half is None or hidden.k_half >= n / d
        assert all(2 * m < trials for k, (m, trials) in hidden.counts.items() if k <= n / d - 1)
        assert features.low is None or features.high is None or features.high > features.low
        for k in whole.widths("features", n, d):
            if k < n - 2:
                m, _ = whole.counts("features", n, d)[k]
                assert m == 0, "fewer features than labels fit random labels"


def test_running_again_trains_nothing_and_finds_the_same(whole: Results, registry: Registry) -> None:
    assert whole.directory is not None
    again = Counting(stop_after=0)
    assert digits(run(whole.suite, registry, whole.directory, again)) == digits(whole)
    assert digits(load_results(whole.directory, registry=registry)) == digits(whole)


@pytest.mark.parametrize("batches", [1, 2, 5, 9])
def test_an_interrupted_run_goes_on_to_the_same_digits(
    batches: int, whole: Results, suite: Suite, registry: Registry, tmp_path: Path
) -> None:
    first = Counting(stop_after=batches)
    with pytest.raises(KeyboardInterrupt):
        run(suite, registry, tmp_path, first)
    assert load_results(tmp_path, registry=registry).missing > 0
    second = Counting()
    assert digits(run(suite, registry, tmp_path, second)) == digits(whole)
    assert first.trained + second.trained == whole.trial_count, "something was trained twice"


def test_the_order_in_which_batches_finish_changes_nothing(
    whole: Results, suite: Suite, registry: Registry, tmp_path: Path
) -> None:
    assert digits(run(suite, registry, tmp_path, Counting(shuffle=True))) == digits(whole)


def test_several_processes_find_the_same(whole: Results, suite: Suite, registry: Registry, tmp_path: Path) -> None:
    with Local(2) as executor:
        assert digits(run(suite, registry, tmp_path, executor)) == digits(whole)


def test_a_smaller_suite_reuses_a_larger_ones_trials(whole: Results, registry: Registry) -> None:
    smaller = parse_suite(
        SUITE.replace("n = [12, 16, 20]", "n = 16").replace('name = "softplus"', 'name = "other"'), registry
    )
    assert whole.directory is not None
    results = run(smaller, registry, whole.directory, Counting(stop_after=0))
    assert results.threshold("other", 16, 5) == whole.threshold("softplus", 16, 5)


@pytest.mark.parametrize(
    "change",
    [
        ("steps = 600", "steps = 601"),
        ("seed = 3", "seed = 4"),
        ('use = "moderate"', 'use = "moderate"\nactivation = "relu"'),
        ("tolerances = [0.5, 0.1]", "tolerances = [0.6, 0.1]"),
        ('dataset = "sphere"', 'dataset = { use = "sphere", labels = "rademacher" }'),
    ],
)
def test_what_changes_the_numbers_is_trained_anew(
    change: tuple[str, str], whole: Results, registry: Registry, tmp_path: Path
) -> None:
    edited = parse_suite(SUITE.replace(*change), registry)
    assert whole.directory is not None
    with Store(whole.directory) as store:
        assert Run(edited, registry, store, "cpu").plan.missing > 0


def test_an_error_costs_its_own_trial_and_is_no_unfit(suite: Suite, registry: Registry, tmp_path: Path) -> None:
    class Failing(Counting):
        def next_done(self) -> tuple[Batch, list[Outcome]]:
            batch, outcomes = super().next_done()
            return batch, [Outcome(o.seed, (None, None), 0, 1.0, message="no") if o.seed == 1 else o for o in outcomes]

    results = run(suite, registry, tmp_path, Failing())
    assert {outcome.seed for _, outcome in results.errors()} == {1}
    for cell, outcomes in results.outcomes.items():
        m, trials = results.counts(cell.regime, cell.n, cell.d)[cell.k]
        assert trials == len(outcomes) - (1 if len(outcomes) > 1 else 0)
        assert sum(outcome.verdict(0) == "error" for outcome in outcomes) == (1 if len(outcomes) > 1 else 0)
        assert m <= trials
    assert load_results(tmp_path, registry=registry).errors(), "a report shows them"
    retried = Counting()
    run(suite, registry, tmp_path, retried)
    assert retried.trained >= len(results.errors()), "another run tries them again"


def test_an_error_leaves_its_place_among_the_seeds(suite: Suite, whole: Results) -> None:
    cell, outcomes = next((cell, found) for cell, found in whole.outcomes.items() if len(found) > 3)
    failed = replace(outcomes[1], message="no")
    results = replace(whole, outcomes={**whole.outcomes, cell: (outcomes[0], failed, *outcomes[2:])})
    before, after = (r.fits(cell.regime, cell.n, cell.d)[cell.k] for r in (whole, results))
    assert after == [before[0], None, *before[2:]]


def test_regimes_that_share_their_trials_count_once(registry: Registry, tmp_path: Path) -> None:
    twins = SUITE + '[[regimes]]\nname = "the same"\nuse = "moderate"\n'
    suite = parse_suite(twins.replace("n = [12, 16, 20]", "n = 12"), registry)
    counting = Counting()
    with Store(tmp_path) as store:
        store.began(suite.text, provenance(suite, registry, "cpu"))
        this = Run(suite, registry, store, "cpu")
        results = this.go(counting)
    assert results.outcomes[Cell("the same", 12, 5, 4)] == results.outcomes[Cell("softplus", 12, 5, 4)]
    assert (this.plan.reused, this.plan.done, this.plan.expected()) == (0, counting.trained, counting.trained)
    with Store(tmp_path) as store:
        assert Run(suite, registry, store, "cpu").plan.reused == counting.trained


def test_a_suite_that_grows_keeps_the_solver_it_had(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.engine.solvers.torch_compiled.uncompiled", lambda *_: "")
    monkeypatch.setattr("harness.engine.solvers.torch_compiled.COMPILE_PAYS", 5 * 600)
    text = SUITE.replace('use = "output-only"', 'use = "lazy-scaled"').replace("[search]", '[search]\nmethod = "grid"')
    text = text.replace("trials = 60", "widths = [2]\ntrials = 4")
    lazy = registry.regime("lazy-scaled")
    monkeypatch.setattr(type(lazy.model), "stack", Model.stack)
    monkeypatch.setattr(type(lazy.model), "shallow_form", Model.shallow_form)

    def solver(n: str) -> str:
        suite = parse_suite(text.replace("[12, 16, 20]", n), registry)
        with Store(tmp_path) as store:
            this = Run(suite, registry, store, "cpu")
            store.began(suite.text, provenance(suite, registry, "cpu", this.plan.solvers))
        return this.plan.solvers["features"]

    assert solver("[12]") == "functional"
    assert solver("[12, 16]") == "functional"  # where nothing was trained, so many steps would be compiled
    (tmp_path / FILE).unlink()
    assert solver("[12, 16]") == "torch-compiled"
    assert solver("[12]") == "torch-compiled"


def test_the_command_that_repeats_a_trial_finds_the_suite_and_the_device(whole: Results) -> None:
    cell, outcome = next(iter(whole.outcomes)), next(iter(whole.outcomes.values()))[0]
    words = whole.repeat(cell, outcome).split()
    assert words[:3] == ["harness", "trial", "tiny.toml"]  # no suite of that name is known
    assert words[-2:] == ["--device", "cpu"]
    quickstart, _ = load_suite("quickstart")
    known = replace(whole, suite=replace(quickstart, path=None))
    assert known.repeat(cell, outcome).split()[2] == "quickstart"


def test_a_plugin_that_raises_becomes_an_error_of_its_trials(registry: Registry) -> None:
    from harness.engine.work import train
    from tests.engine.cases import CASES, setting

    where = setting(CASES["softplus"])

    class BadDataset(type(where.dataset)):  # type: ignore[misc]  # a class made for this test
        def draw(self, n: int, d: int, rng: object) -> object:
            raise ArithmeticError("no inputs today")

    outcomes = train(replace(where, dataset=BadDataset()), Cell("", 5, 3, 2), [0, 1])
    assert [o.message for o in outcomes] == ["ArithmeticError: no inputs today"] * 2
    assert all(o.verdict(0) == "error" for o in outcomes)
