"""Plans: how many trials are taken to follow, at which widths, and how long they take."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness.driver.estimate import START, estimate, known_seconds
from harness.driver.plan import Plan
from harness.driver.run import Run
from harness.driver.trial_times import CHOICE, DRIVER
from harness.engine import cost_file
from harness.engine.continuations.smooth import most_leaps
from harness.engine.cost_file import Kept
from harness.engine.costs import Costs
from harness.engine.fate_costs import FAR, NEAR, Fates
from harness.engine.machine_load import MachineLoad
from harness.engine.pace import Pace
from harness.engine.setting import Setting
from harness.plugin_host.registry import Registry
from harness.report.plan_view import plan_table
from harness.report.progress import left
from harness.statistics.expectation import expectation
from harness.store import Store
from harness.suite import parse_suite

SUITE = """
[suite]
name = "planned"
[problems]
dataset = "sphere"
n = 400
d = 4
[budget]
steps = 100
[search]
max_width = {most}
[[regimes]]
use = "output-only"
[[regimes]]
use = "moderate"
"""

MODERATE = '[[regimes]]\nuse = "moderate"\n'

ONE_SECOND = Costs((1.0, *[0.0] * 5), (0.0,) * 5, ())


def times(monkeypatch: pytest.MonkeyPatch, costs: Costs, pace: Pace | None = None) -> None:
    """Let all trials have these costs and this pace."""
    monkeypatch.setattr(cost_file, "costs_of", lambda *_, **__: Kept(costs, 0.0))
    monkeypatch.setattr(cost_file, "fates_of", lambda *_, **__: Kept(Fates((0.0,) * 5), 0.0))
    monkeypatch.setattr(cost_file, "pace_of", lambda *_, **__: pace or Pace())


@pytest.mark.parametrize("most", [4096, 64])
def test_a_search_is_timed_at_the_widths_where_it_goes(
    most: int, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probed: list[int] = []

    class Two(Costs):
        def seconds(self, setting: Setting, n: int, d: int, k: int, *, share: float = 1, together: float = 8) -> float:
            probed.append(k)
            assert share == 1.0  # the pace is not known
            return 2.0

    times(monkeypatch, Two((), (), ()))
    text = (
        SUITE.format(most=most).replace('[[regimes]]\nuse = "output-only"\n', "").replace("100", "100\nlimit = false")
    )
    suite = parse_suite(text, registry)
    planned = estimate(suite, registry, tmp_path, "cpu", 1)
    (regime,) = suite.regimes
    expected = expectation(suite.search, 100.0, 1)
    step = regime.initializer.width_step
    assert probed == [
        min(max(round(100 * one.width / step), 1) * step, most // step * step) for one in expected.visited
    ]
    assert sum(one.share for one in expected.visited) == pytest.approx(1.0)
    (threshold,) = planned.thresholds
    assert (threshold.missing, threshold.exact, planned.brackets) == (expected.trials, False, expected.ratios)
    assert planned.training_seconds == pytest.approx((2.0 + DRIVER + CHOICE) * expected.trials)
    assert plan_table(planned).caption.count("high/low") == 3


def test_a_bound_of_the_threshold_saves_trials(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, ONE_SECOND)
    suite = parse_suite(SUITE.format(most=4096), registry)
    for limit in (False, True):
        planned = estimate(suite.with_limit(limit), registry, tmp_path, "cpu", 1)
        assert all((one.missing < 60) is limit for one in planned.thresholds)
    bounded = expectation(suite.search, 100.0, 1, floor=99)
    assert min(one.width for one in bounded.visited) >= 1.0


def test_trials_of_a_grid_use_the_budget_below_the_threshold_and_their_steps_above_it(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, Costs((0.0,) * 6, (1.0, 0.0, 0.0, 0.0, 0.0), ()), Pace(400, 100))
    text = SUITE.replace("max_width = {most}", 'method = "grid"\nwidths = [20, 30]\ntrials = 7')
    text = text.replace("n = 400\nd = 4", "n = 48\nd = 4").replace('[[regimes]]\nuse = "output-only"\n', "")
    suite = parse_suite(text.replace("steps = 100", "steps = 1000\nlimit = false"), registry)
    planned = estimate(suite, registry, tmp_path, "cpu", 1)
    # n/d = 12, so that 20 and 30 are 5/3 and 5/2 of it: 100 (3/x)² steps each.
    steps = sum(100 * (3 / (k / 12)) ** 2 for k in (20, 30))
    assert planned.training_seconds == pytest.approx(7 * (steps + 2 * DRIVER))
    narrow = parse_suite(text.replace("[20, 30]", "[8, 14]").replace("steps = 100", "steps = 1000"), registry)
    assert estimate(narrow.with_limit(False), registry, tmp_path, "cpu", 1).training_seconds == pytest.approx(
        14 * (1000 + DRIVER)
    )


def test_the_steps_until_a_fit_grow_with_n_where_the_step_size_is_computed(registry: Registry) -> None:
    pace = Pace(400, 100)
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    setting = search.setting
    assert [pace.steps(setting, 48, 8, width) for width in (1.5, 3.0, 6.0)] == pytest.approx([400, 100, 25])
    assert pace.steps(setting, 96, 8, 3.0) == pytest.approx(200)
    number = replace(setting, regime=setting.regime.at_step(0.1))
    assert pace.steps(number, 96, 8, 3.0) == pytest.approx(100)
    assert pace.share(replace(setting, steps=800), 48, 8, 1.5, fits=0.5) == pytest.approx(0.75)
    assert pace.share(replace(setting, steps=10), 48, 8, 1.5, fits=0.5) == 1.0
    reach = pace.reach(replace(setting, steps=100), 96, 8)
    assert pace.steps(setting, 96, 8, reach) == pytest.approx(100)
    assert Pace(400, 100, 50).steps(setting, 48, 32, 3.0) == pytest.approx(25)
    assert Pace(None, 100).steps(setting, 48, 8, 2.9) == math.inf
    diverging = Pace(tried=800, diverged=40)
    assert diverging.share(replace(setting, steps=800), 48, 8, 3.0, fits=0.5) == pytest.approx(0.05)
    assert Pace(tried=800).share(replace(setting, steps=800), 48, 8, 3.0, fits=0.5) == 1.0


def test_few_networks_of_a_stack_take_longer_each(registry: Registry) -> None:
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    setting = replace(search.setting, limit=False)
    # A stack of m networks takes 6 + m seconds a step, so that 2 take 4 each, and 8 take 1.75 each.
    costs = Costs((0.0,) * 6, (1.75, 0, 0, 0, 0), (), (4.0, 0, 0, 0, 0))
    for m in (1, 2, 4, 8):
        assert costs.seconds(setting, 400, 4, 100, together=m) == pytest.approx(setting.steps * (6 + m) / m)


def test_a_run_foresees_the_time_of_the_plan(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = parse_suite(SUITE.format(most=64), registry)
    monkeypatch.setattr(cost_file, "_read", lambda _: {})
    plan = Plan(suite, registry, "cpu")
    assert known_seconds(plan) is None  # nothing is measured for it
    times(monkeypatch, ONE_SECOND)
    seconds = known_seconds(plan)
    assert seconds == estimate(suite, registry, tmp_path, "cpu", 1).training_seconds
    with Store(tmp_path / "run", exclusive=True) as store:
        run = Run(suite, registry, store, "cpu")
    assert left(run) == ""
    run.foreseen = seconds
    assert seconds is not None
    assert left(run) == f"about {round(seconds)} s left"
    total = run.plan.expected() - run.plan.done
    run.trained, run.started = total // 2, time.monotonic() - 40  # half of the trials took 40 s
    done = run.trained / (total + run.trained)
    measured = 40 / run.trained * (total + run.trained)
    assert left(run) == f"about {round((1 - done) * (done * measured + (1 - done) * seconds))} s left"


def test_no_more_trials_are_planned_than_a_search_may_take(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, ONE_SECOND)
    text = SUITE.format(most=64).replace("max_width = 64", "max_width = 64\ntrials = 7")
    planned = estimate(parse_suite(text, registry), registry, tmp_path, "cpu", 1)
    assert [0 < one.missing <= 7 for one in planned.thresholds] == [True, True]


def test_trials_that_two_regimes_share_are_planned_once(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, ONE_SECOND)
    text = SUITE.format(most=64) + '[[regimes]]\nname = "the same"\nuse = "moderate"\n'
    planned = estimate(parse_suite(text, registry), registry, tmp_path, "cpu", 1)
    output, hidden, shared = (one.missing for one in planned.thresholds)
    assert min(output, hidden) > shared == 0
    assert planned.training_seconds == pytest.approx((output + hidden) * (1.0 + DRIVER + CHOICE))


def test_as_many_trials_are_planned_as_a_run_takes_where_no_width_fits_within_the_budget(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SUITE.format(most=16).split('[[regimes]]\nuse = "output')[0] + MODERATE
    text = text.replace("n = 400", "n = 24").replace("d = 4", "d = 12").replace("100", "2\nlimit = false")
    suite = parse_suite(text, registry)
    times(monkeypatch, ONE_SECOND, Pace(4000, 2000))
    planned = estimate(suite, registry, tmp_path, "cpu", 1)
    results = harness.run(suite, out=tmp_path, executor="in-process", device="cpu")
    assert results.trained == sum(one.missing for one in planned.thresholds)


def test_a_linear_model_is_planned_to_fit_from_the_bound_of_its_threshold_on(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SUITE.format(most=4096).split('[[regimes]]\nuse = "moderate')[0].replace("n = 400", "n = [12, 20]")
    suite = parse_suite(text, registry)
    times(monkeypatch, ONE_SECOND)
    planned = estimate(suite, registry, tmp_path, "cpu", 1)
    results = harness.run(suite, out=tmp_path, executor="in-process", device="cpu")
    expected = sum(one.missing for one in planned.thresholds)
    assert expected / 1.3 < results.trained < 1.3 * expected  # twice as many without the bound


def test_the_width_from_which_a_budget_suffices_is_bounded_where_no_trial_fitted(registry: Registry) -> None:
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    setting = replace(search.setting, steps=100)
    assert Pace().reach(setting, 48, 8) == 0.0  # no trials were trained
    assert Pace(tried=1000).reach(setting, 48, 8) == pytest.approx(30.0)
    assert Pace(tried=50).reach(setting, 48, 8) == 0.0
    assert Pace(None, 200, tried=800).reach(setting, 48, 8) == pytest.approx(3.0 * math.sqrt(2.0))
    assert Pace(200, 200).reach(setting, 48, 8) == pytest.approx(3.0 * 2.0**4)


def test_a_plan_counts_the_start_and_says_what_other_programs_change(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, ONE_SECOND)
    suite = parse_suite(SUITE.format(most=64), registry)
    for others, said in ((0.2, ""), (2.0, "s beside other programs (load 2.0)")):
        monkeypatch.setattr(MachineLoad, "now", lambda others=others: MachineLoad(others, 2))
        planned = estimate(suite, registry, tmp_path, "cpu", 2)
        assert planned.seconds == pytest.approx(START + planned.training_seconds)
        assert planned.data()["seconds_now"] == pytest.approx(planned.seconds * (2.0 if said else 1.0))
        assert said in plan_table(planned).caption
        assert ("beside other programs" in plan_table(planned).caption) == bool(said)
    monkeypatch.setattr(cost_file, "costs_of", lambda *_, **__: Kept(ONE_SECOND, 0.9))
    assert "measured again" in plan_table(estimate(suite, registry, tmp_path, "cpu", 2)).caption


def test_fates_take_the_further_steps_and_leaps_that_were_followed(registry: Registry) -> None:
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    setting = replace(search.setting, steps=10_000)
    fates = Fates((1e-6, 0, 0, 0, 0), (1e-3, 0, 0), near=(0.5, 30.0, 0.9, 1.0), far=(0.1, 10.0, 0.0, 1.0))
    at = [fates.seconds(setting, 48, 8, k, width) for k, width in ((6, 1.0), (7, NEAR), (12, FAR), (60, 10.0))]
    assert at == pytest.approx([0.005 + 0.03] * 2 + [0.001 + 0.01] * 2)
    assert fates.outlook == "at once"
    assert replace(fates, near=(0.5, 30.0, 0.0, 1.0)).outlook == "open"
    assert replace(fates, near=(0.5, 30.0, 0.5, 1.0)).outlook == "soon"
    assert replace(fates, near=(0.5, 30.0, 0.2, 1.0)).outlook == ""
    few = most_leaps(400, 400, 10 * 20.0)
    assert few < 10
    assert fates.seconds(replace(setting, steps=20), 400, 4, 100, NEAR) == pytest.approx(1e-5 + few * 1e-3)
