"""The choice of step sizes by tuning trials: what is chosen, on which seeds, and that a run can be stopped in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Cell
from harness.driver.estimate import estimate
from harness.driver.loading import load_results
from harness.driver.plan import Plan
from harness.driver.results import Results
from harness.driver.run import Run
from harness.driver.sharding import Shard, ShardError
from harness.driver.step_tuning import chosen_alone
from harness.engine.draws import draw_problem
from harness.engine.work import train
from harness.exchange.retraining import verify
from harness.executors.in_process import InProcess
from harness.plugin_host.registry import Registry
from harness.statistics.choice import Attempted, choose
from harness.store import Store
from harness.suite import SuiteError, parse_suite
from tests.driver.tiny_suite import Counting

SUITE = """
[suite]
name = "tuned"
seed = 1
[problems]
dataset = { use = "sphere", labels = "rademacher", teacher = "linear" }
n = 24
d = 6
held_out = 40
validation = 30
[budget]
steps = 120
tolerances = [0.5, 0.05]
report_tolerance = 0.5
spectrum = false
limit = false
[search]
method = "grid"
widths = [2, 4]
trials = 3
[[regimes]]
name = "by error"
use = "narrow"
tune = { step_size = [1e-4, 1e-2, 1e3], trials = 3 }
[[regimes]]
name = "by loss"
use = "narrow"
tune = { step_size = [1e-4, 1e-2, 1e3], select = "training-loss", trials = 2 }
[[regimes]]
name = "by hand"
use = "narrow"
optimizer = { step_size = 1e-2 }
"""


def run(text: str, registry: Registry, directory: Path, executor: Counting) -> Results:
    with Store(directory) as store:
        going = Run(parse_suite(text, registry), registry, store, "cpu")
        going.begin()
        return going.go(executor)


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(SUITE, registry, tmp_path_factory.mktemp("whole"), Counting())


def test_a_chosen_step_trains_as_the_same_step_written_by_hand(whole: Results) -> None:
    for k in (2, 4):
        by_hand = whole.outcomes[Cell("by hand", 24, 6, k)]
        for regime in ("by error", "by loss"):
            cell = Cell(regime, 24, 6, k)
            choice = whole.choices[cell]
            assert (choice.value, choice.edge, choice.trials) == (1e-2, "", 9 if regime == "by error" else 6)
            assert [(o.hits, o.measure, o.curve, o.step_size) for o in whole.outcomes[cell]] == [
                (o.hits, o.measure, o.curve, o.step_size) for o in by_hand
            ]


def test_a_diverging_candidate_is_counted_and_passed_over(whole: Results) -> None:
    choice = whole.choices[Cell("by error", 24, 6, 4)]
    assert choice.failed == pytest.approx(1 / 3)
    assert choice.scores[2] == float("inf")
    assert choice.steps > 0


def test_tuning_has_problems_of_its_own(whole: Results, registry: Registry) -> None:
    plan = Plan(whole.suite, registry, "cpu")
    mine, tuning = plan.searches[0].setting, plan.tuning[0].setting
    assert tuning.base_seed != mine.base_seed
    one, two = (draw_problem(s.dataset, 24, 6, seed=0, base=s.base_seed) for s in (mine, tuning))
    assert abs(one.x @ two.x.T).max() < 0.999


def test_the_choice_is_the_best_mean_of_plain_trials(whole: Results, registry: Registry) -> None:
    search = Plan(whole.suite, registry, "cpu").searches[0]
    assert search.tuning is not None
    cell = Cell("by error", 24, 6, 4)
    errors = []
    for one in search.tuning.searches[:2]:
        outcomes = train(one.setting, cell, range(3))
        errors.append(sum(o.diagnostics["validation-error"] for o in outcomes) / 3)
    assert whole.choices[cell].scores[:2] == pytest.approx(errors)
    assert errors[1] < errors[0]
    assert chosen_alone(search, cell)[1] == whole.choices[cell]


def test_a_stopped_run_goes_on_and_order_changes_nothing(whole: Results, registry: Registry, tmp_path: Path) -> None:
    for stop in (1, 3, 6):
        with pytest.raises(KeyboardInterrupt):
            run(SUITE, registry, tmp_path, Counting(stop_after=stop, shuffle=True))
    again = run(SUITE, registry, tmp_path, Counting(shuffle=True))
    assert (again.outcomes, again.choices) == (whole.outcomes, whole.choices)
    assert whole.directory is not None
    loaded = load_results(whole.directory, registry=registry)
    assert (loaded.outcomes, loaded.choices) == (whole.outcomes, whole.choices)
    nothing = Counting(stop_after=0)
    assert run(SUITE, registry, tmp_path, nothing).choices == whole.choices


def test_a_plan_counts_tuning_trials_once(registry: Registry, tmp_path: Path) -> None:
    planned = estimate(parse_suite(SUITE, registry), registry, tmp_path, "cpu", 1)
    # "by loss" shares the candidates of "by error", whose three trials hold its two.
    assert [(t.regime, t.missing) for t in planned.thresholds] == [
        ("by error, tuning", 18),
        ("by error", 6),
        ("by loss", 6),
        ("by hand", 6),
    ]


def test_a_tuned_trial_is_verified_at_its_own_step(whole: Results) -> None:
    with InProcess(1) as executor:
        found = verify(whole, executor, trials=6)
    assert found.trials
    assert all(trial.equal for trial in found.trials)


def test_shards_of_a_tuned_suite_are_refused(registry: Registry) -> None:
    with pytest.raises(ShardError, match="by tune, which cannot be split"):
        Plan(parse_suite(SUITE, registry), registry, "cpu", shard=Shard(1, 2))


@pytest.mark.parametrize(
    ("change", "by", "complaints"),
    [
        ("validation = 30", "", ["problems.validation missing"]),
        ('method = "grid"\nwidths = [2, 4]', 'method = "adaptive"', ["regimes[0].tune other-method"] * 1),
        ("[1e-4, 1e-2, 1e3], trials = 3", "[1e-2], trials = 3", ["regimes[0].tune refused"]),
        ("[1e-4, 1e-2, 1e3], trials = 3", "[1e-2, 1e-3]", ["regimes[0].tune refused"]),
        ("trials = 3 }", "trial = 3 }", ["regimes[0].tune.trial unknown-option"]),
        ("tune = { step_size = [1e-4, 1e-2, 1e3], trials = 3 }", "tune = 3", ["regimes[0].tune wrong-type"]),
        ("trials = 3 }", "trials = 3 }\nstep_size = 0.1", ["regimes[0].tune given-twice"]),
        ('select = "training-loss"', 'select = "loss"', ["regimes[1].tune.select unknown-value"]),
    ],
)
def test_faults_of_a_choice_are_complaints(registry: Registry, change: str, by: str, complaints: list[str]) -> None:
    assert change in SUITE
    with pytest.raises(SuiteError) as error:
        parse_suite(SUITE.replace(change, by, 1), registry)
    found = [f"{c.place} {c.code}" for c in error.value.complaints]
    assert found[: len(complaints)] == complaints


def test_ties_go_to_the_fewest_steps_and_edges_are_said() -> None:
    tied = [Attempted((0.5,), 0, 90), Attempted((0.5,), 0, 60)]
    assert (choose("c", [1.0, 2.0], tied).value, choose("c", [1.0, 2.0], tied).edge) == (2.0, "largest")
    lost = [Attempted((), 4, 8), Attempted((0.9, 0.9), 2, 8)]
    assert choose("c", [1.0, 2.0], lost).index == 1
    assert choose("c", [1.0, 2.0], lost).failed == 0.75


def test_keys_of_regimes_that_are_not_tuned_are_as_they_were(registry: Registry) -> None:
    plan = Plan(parse_suite(SUITE, registry), registry, "cpu")
    by_hand = plan.searches[2]
    assert "tune" not in by_hand.data["regime"]
    assert "tune" in plan.searches[0].data["regime"]
    assert replace(plan.searches[0].setting.regime, tune=None).tune is None
