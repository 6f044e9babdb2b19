"""Plans: how many trials are taken to follow, at which widths, and how long they take."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness.driver.estimate import START, estimate, known_seconds
from harness.driver.expected_trials import ExpectedTrials
from harness.driver.plan import Plan
from harness.driver.rehearsal import AT_ONCE, ENOUGH, FEWEST, SECONDS, Rehearsal, nearest
from harness.driver.run import Run
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.trial_times import CHOICE, DRIVER, MOST_SECONDS, PART, TrialTimes
from harness.engine import cost_file
from harness.engine.continuations.smooth import most_leaps
from harness.engine.cost_file import Kept
from harness.engine.costs import Costs
from harness.engine.fate_costs import Fates
from harness.engine.machine_load import MachineLoad, Stopwatch
from harness.engine.pilots import FITTING, Course, Pilot, Pilots, growth
from harness.engine.setting import Setting
from harness.plugin_host.registry import Registry
from harness.report.plan_view import plan_table
from harness.report.progress import left
from harness.statistics.expectation import Tried, _undecided, expectation, ratios
from harness.statistics.rounds import Tally
from harness.statistics.working_model import Belief, working_model
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


def times(monkeypatch: pytest.MonkeyPatch, costs: Costs, pilots: Pilots | None = None) -> None:
    """Let all trials have these costs and pilots."""
    monkeypatch.setattr(cost_file, "costs_of", lambda *_, **__: Kept(costs, 0.0))
    monkeypatch.setattr(cost_file, "fates_of", lambda *_, **__: Kept(Fates((0.0,) * 5), 0.0))
    monkeypatch.setattr(cost_file, "pilots_of", lambda *_, **__: pilots or Pilots())


@pytest.mark.parametrize("most", [4096, 64])
def test_a_search_is_timed_at_the_widths_where_it_goes(
    most: int, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probed: list[int] = []

    class Two(Costs):
        def seconds(self, setting: Setting, n: int, d: int, k: int, *, share: float = 1, together: float = 8) -> float:
            probed.append(k)
            assert share == 1.0  # there are no pilots
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
    assert probed[0] == suite.search.likely_width(100.0, step), "how many pilots there is time for"
    assert probed[1:] == [
        min(max(round(100 * one.width / step), 1) * step, most // step * step) for one in expected.visited
    ]
    assert sum(one.share for one in expected.visited) == pytest.approx(1.0)
    (threshold,) = planned.thresholds
    assert (threshold.missing, threshold.exact) == (expected.trials, False)
    assert planned.brackets == ratios(suite.search, 100.0, 1)
    assert planned.training_seconds == pytest.approx((2.0 + DRIVER + CHOICE) * expected.trials)
    assert plan_table(planned).caption.count("high/low") == 3


def fitting(width: float, fits: int, trials: int, steps: float = 1.0, further: float = 0.0) -> tuple[Pilot, ...]:
    """Return pilots of a width, of which some fit after a share of the budget."""
    unfit = Pilot(width, sure=False, possible=False, ended=False, steps=1.0, further=further)
    fit = Pilot(width, sure=True, possible=True, ended=steps < 1.0, steps=steps, further=further)
    return (fit,) * fits + (unfit,) * (trials - fits)


def test_no_width_below_a_bound_of_the_threshold_is_planned(registry: Registry) -> None:
    suite = parse_suite(SUITE.format(most=4096), registry)
    bounded, free = (expectation(suite.search, 100.0, 1, floor=floor) for floor in (99, 0))
    assert min(one.width for one in bounded.visited) >= 1.0 > min(one.width for one in free.visited)


def test_fewer_trials_are_planned_where_the_pilots_fit_from_a_width_on(registry: Registry) -> None:
    search = parse_suite(SUITE.format(most=4096), registry).search
    sharp = (Tried(1.0, 0, 0, 8), Tried(1.1, 8, 8, 8))
    mixed = (Tried(1.0, 3, 3, 8), Tried(1.1, 5, 5, 8))
    assert expectation(search, 40.0, 1, tried=sharp).trials < expectation(search, 40.0, 1, tried=mixed).trials
    assert expectation(search, 10.0, 1, floor=9, at_once=True).trials < expectation(search, 10.0, 1, floor=9).trials / 2


def test_a_search_is_planned_to_end_early_where_no_pilot_is_decided(registry: Registry) -> None:
    search = parse_suite(SUITE.format(most=256), registry).search
    rounds: list[dict[int, Tally]] = []
    while asked := search.next(rounds, start=12.0, floor=11):
        rounds.append({k: Tally(0, more, more) for k, more in asked.items()})
    ended = sum(one.trials for told in rounds for one in told.values())
    widths = (2.0, 4.0, 8.0, 16.0)
    open_, unfit = (tuple(Tried(width, 0, possible, 2) for width in widths) for possible in (2, 0))
    assert expectation(search, 12.0, 1, 11, open_).trials == ended < 20
    assert expectation(search, 12.0, 1, 11, unfit).trials > 2 * ended
    # A single trial that is decided rules out that none is.
    assert expectation(search, 12.0, 1, 11, (*open_[1:], Tried(2.0, 0, 1, 2))).trials > 2 * ended


def test_the_chance_that_no_trial_is_decided_follows_from_the_pilots() -> None:
    belief = Belief(working_model(12.0, 256))
    chance = belief.model.chance(24.0)
    by_curves = float((belief.weight * (1 - chance) ** 2).sum())  # that both of two trials are open
    assert _undecided(belief, 12.0, (Tried(2.0, 0, 2, 2),)) == pytest.approx(1 / (1 + by_curves))
    assert _undecided(belief, 12.0, (Tried(2.0, 0, 1, 2),)) == _undecided(belief, 12.0, ()) == 0.0


def test_slow_trials_have_pilots_at_one_size(registry: Registry) -> None:
    text = SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE
    text = text.replace("n = 400", "n = [24, 48, 96]").replace("steps = 100", "steps = 100\nlimit = false")
    searches = Plan(parse_suite(text, registry), registry, "cpu").searches
    slow = Rehearsal(searches[0], Costs((SECONDS / AT_ONCE, *[0.0] * 5), (0.0,) * 5, ()), None, SECONDS / 4)
    assert slow.rounds() == 0  # so that all sizes have the pilots of one
    found = slow.pilots(Stopwatch(processor_time=iter(range(10_000)).__next__))
    assert len(found.trials) == AT_ONCE  # although these take longer than the part
    quick = replace(slow, costs=Costs((SECONDS / 100, *[0.0] * 5), (0.0,) * 5, ()))
    assert quick.rounds() == 12


def test_pilots_have_the_size_of_the_search_where_enough_of_it_are_affordable(registry: Registry) -> None:
    text = SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE
    text = text.replace("n = 400", "n = 60").replace("steps = 100", "steps = 100\nlimit = false")
    (search,) = Plan(parse_suite(text, registry), registry, "cpu").searches
    known = Rehearsal(search, Costs((SECONDS / ENOUGH, *[0.0] * 5), (0.0,) * 5, ()), None)
    found = known.pilots(Stopwatch(processor_time=lambda: 0.0))
    assert found.own == len(found.trials) > AT_ONCE
    slower = replace(known, costs=Costs((1.01 * SECONDS / ENOUGH, *[0.0] * 5), (0.0,) * 5, ()))
    assert slower.pilots(Stopwatch(processor_time=lambda: 0.0)).own == 0
    # What the first two take is known better: each reading of the clock is a second later, so that there is time for
    # two rounds, and then for as much of a smaller problem.
    clock = Stopwatch(processor_time=iter(range(10_000)).__next__)
    assert replace(known, seconds=2.0, costs=Costs((), (), ())).pilots(clock).own == 2 * AT_ONCE


def test_only_searches_that_take_most_of_the_time_have_further_pilots_of_their_own_size(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE
    text = text.replace("n = 400", "n = [24, 48, 400]").replace("steps = 100", "steps = 100\nlimit = false")
    searches = Plan(parse_suite(text, registry), registry, "cpu").searches
    begun: list[Rehearsal] = []

    def trained(_self: TrialTimes, rehearsal: Rehearsal) -> tuple[ThresholdSearch, Pilots]:
        begun.append(rehearsal)
        return rehearsal.search, Pilots(rehearsal.search.n, fitting(2.0, 2, 2), 2)

    monkeypatch.setattr(TrialTimes, "_trained", trained)
    times = TrialTimes(searches, registry, 60.0)
    small = Pilots(24, fitting(1.0, 0, 4) + fitting(3.0, 4, 4), FEWEST)
    times._known[searches[0].key] = ONE_SECOND, None, ((searches[0], small),)
    # One search has enough pilots of its size, and another takes less than its part.
    taken = [60.0, 0.09 * 160.0, 160.0 - 1.09 * 60.0]
    expected = list(zip(searches, taken, strict=True))
    assert times.refine(expected)
    (only,) = begun
    assert (only.search.n, only.refines, only.begin) == (400, True, 3.0)
    assert only.seconds == pytest.approx(min(PART * sum(taken), MOST_SECONDS))
    assert not times.refine(expected)  # once only
    assert times.pilots(searches[2]).own == 2
    # Where two of its trials take longer than that, none are trained.
    other = TrialTimes(searches, registry, 60.0)
    other._known[searches[0].key] = Costs((3.0, *[0.0] * 5), (0.0,) * 5, ()), None, ((searches[0], small),)
    assert not other.refine([(searches[2], 80.0)])


def test_trials_that_fit_are_taken_to_be_quick_where_none_was_seen(registry: Registry) -> None:
    regime = parse_suite(SUITE.format(most=64), registry).regimes[1]
    unfit = Pilots(100, (Pilot(1.0, sure=False, possible=True, ended=False, steps=1.0, further=4.0, leaps=300.0),))
    assert unfit.course(regime, 100, 1.0, 0.0).leaps == 300.0
    assert unfit.course(regime, 100, 4.0, 1.0) == FITTING
    assert unfit.half() == 2.0  # none fit, so that a wider one is next
    assert Pilots(100, (*unfit.trials, *fitting(1.5, 1, 2), *fitting(2.0, 2, 2))).half() == 1.5


def test_a_search_without_pilots_has_those_of_the_nearest_with_any(registry: Registry) -> None:
    text = SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE
    small, middle, large = Plan(parse_suite(text.replace("400", "[24, 48, 400]"), registry), registry, "cpu").searches
    some, others = Pilots(48, fitting(2.0, 4, 8)), Pilots(400, fitting(2.0, 2, 2))
    assert nearest([(small, Pilots()), (middle, some), (large, others)], small) == some
    assert nearest([(small, Pilots())], large) == Pilots()
    assert [nearest([(small, replace(some, own=6))], one).own for one in (small, large)] == [6, 0]


def test_a_search_with_few_pilots_has_those_of_the_next_size_too(registry: Registry) -> None:
    text = SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE
    small, middle, large = Plan(parse_suite(text.replace("400", "[24, 48, 400]"), registry), registry, "cpu").searches
    few, next_, last = (
        Pilots(24, fitting(1.0, 0, 2)),
        Pilots(48, fitting(2.0, 6, 6, 0.5)),
        Pilots(400, fitting(1.0, 2, 2)),
    )
    # A stable step grows as 1/n, so that 48 samples take twice the steps of 24.
    assert nearest([(large, last), (middle, next_), (small, few)], small) == Pilots(
        24, few.trials + fitting(2.0, 6, 6, 0.25)
    )
    assert nearest([(large, last), (small, few)], large).trials[:2] == last.trials


def test_no_more_networks_count_as_trained_together_than_a_stack_holds(registry: Registry) -> None:
    text = SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0].replace("max_width", "widths = [8]#")
    text = text.replace("[search]", '[search]\nmethod = "grid"\ntrials = 120').replace("100", "100\nlimit = false")
    suite = parse_suite(text + '[[regimes]]\nuse = "moderate"\noptimizer = "normalised-gd"\n', registry)
    (search,) = Plan(suite, registry, "cpu").searches
    batch = search.solver.grouping(search.setting.regime, search.setting.budget, search.n, search.d, 8).batch
    asked: list[float] = []

    class Noted(Costs):
        def seconds(self, setting: Setting, n: int, d: int, k: int, *, share: float = 1, together: float = 8) -> float:
            asked.append(together)
            return 0.0

    known = TrialTimes([search], registry, 60.0)
    known._known[search.key] = Noted((), (), ()), None, ()
    known.seconds(search, [ExpectedTrials(8, 120, 0.0, 120)])
    assert batch < 120
    assert asked == [batch]


def test_a_width_at_which_all_pilots_fit_is_seldom_exceeded(registry: Registry) -> None:
    search = parse_suite(SUITE.format(most=4096), registry).search
    found = expectation(search, 40.0, 1, tried=(Tried(1.0, 0, 0, 8), Tried(2.0, 4, 4, 4)))
    assert sum(one.share for one in found.visited if one.width > 4.0) < 0.05


def test_trials_of_a_grid_take_the_course_of_the_pilots(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilots = Pilots(48, fitting(1.0, 0, 4) + fitting(2.0, 4, 4, steps=0.25))
    times(monkeypatch, Costs((0.0,) * 6, (1.0, 0.0, 0.0, 0.0, 0.0), ()), pilots)
    text = SUITE.replace("max_width = {most}", 'method = "grid"\nwidths = [10, 18, 30]\ntrials = 7')
    text = text.replace("n = 400\nd = 4", "n = 48\nd = 4").replace('[[regimes]]\nuse = "output-only"\n', "")
    suite = parse_suite(text.replace("steps = 100", "steps = 1000\nlimit = false"), registry)
    planned = estimate(suite, registry, tmp_path, "cpu", 1)
    # n/d = 12: no trial of 10 fits, half of those of 18, and all of those of 30.
    steps = 1000 + (1000 + 250) / 2 + 250
    assert planned.training_seconds == pytest.approx(7 * (steps + 3 * DRIVER))


def test_the_steps_until_a_fit_grow_with_n_where_the_step_size_is_computed(registry: Registry) -> None:
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    regime = search.setting.regime
    pilots = Pilots(96, fitting(1.5, 2, 4, steps=0.5, further=2.0))
    assert growth(regime, 96) == 2 * growth(regime, 48)
    assert pilots.course(regime, 96, 1.5, fits=1.0) == Course(0.5, 2.0, 0.0)
    # With half of the samples, those that fit take half of the steps, and the others the whole budget and as many more.
    assert pilots.course(regime, 48, 1.5, fits=1.0) == Course(0.25, 1.0, 0.0)
    assert pilots.course(regime, 48, 1.5, fits=0.0) == Course(1.0, 2.0, 0.0)
    known = replace(regime, optimizer=replace(regime.optimizer, step_size=0.1))
    assert pilots.course(known, 48, 1.5, fits=1.0) == Course(0.5, 2.0, 0.0)
    # A stack takes as long as the network that takes longest.
    assert pilots.course(regime, 96, 1.5, fits=0.5, together=2.0).steps == pytest.approx(0.25 * 0.5 + 0.75)
    assert Pilots().course(regime, 96, 1.5, fits=1.0) == Course()


def test_pilots_of_widths_near_by_count_most(registry: Registry) -> None:
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    regime = search.setting.regime
    pilots = Pilots(48, fitting(1.0, 1, 1, steps=0.8) + fitting(1.15, 1, 1, steps=0.2))
    # At a distance of log 1.15 a pilot counts half.
    assert pilots.course(regime, 48, 1.0, fits=1.0).steps == pytest.approx((0.8 + 0.5 * 0.2) / 1.5)
    assert pilots.course(regime, 48, 2.25, fits=1.0).steps == pytest.approx((0.25 * 0.8 + 0.5 * 0.2) / 0.75)
    tried = Pilots(48, fitting(1.0, 0, 4) + fitting(2.0, 3, 4))
    assert [tried.fits(width) for width in (0.5, 1.0, 1.5, 2.0, 9.0)] == pytest.approx([0.0, 0.0, 0.375, 0.75, 0.75])


def test_a_stack_takes_as_long_as_its_longest_trial(registry: Registry) -> None:
    regime = parse_suite(SUITE.format(most=64), registry).regimes[0]
    pilots = Pilots(96, (Pilot(1.0, True, True, True, 0.2), Pilot(1.0, True, True, True, 0.6)))
    assert pilots.course(regime, 96, 1.0, fits=1.0).steps == pytest.approx(0.4)
    assert pilots.course(regime, 96, 1.0, fits=1.0, together=2.0).steps == pytest.approx(0.25 * 0.2 + 0.75 * 0.6)
    assert pilots.course(regime, 96, 1.0, fits=0.25).steps == pytest.approx(0.25 * 0.4 + 0.75), "unfit: the budget"


def test_few_networks_of_a_stack_take_longer_each(registry: Registry) -> None:
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    setting = replace(search.setting, limit=False)
    # A stack of m networks takes 6 + m seconds a step, so that 2 take 4 each, and 8 take 1.75 each.
    costs = Costs((0.0,) * 6, (1.75, 0, 0, 0, 0), (), (4.0, 0, 0, 0, 0))
    for m in (1, 2, 4, 8, 16, 64):
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
    times(monkeypatch, ONE_SECOND, Pilots(24, sum((fitting(width, 0, 4) for width in (1.0, 2.0, 4.0, 8.0)), ())))
    planned = estimate(suite, registry, tmp_path, "cpu", 1)
    results = harness.run(suite, out=tmp_path, executor="in-process", device="cpu")
    expected = sum(one.missing for one in planned.thresholds)
    assert expected / 1.3 < results.trained < 1.3 * expected


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


def test_fates_take_the_time_of_their_steps_and_leaps(registry: Registry) -> None:
    (search,) = Plan(parse_suite(SUITE.format(most=64).split('[[regimes]]\nuse = "output')[0] + MODERATE, registry),
                     registry, "cpu").searches  # fmt: skip
    setting = replace(search.setting, steps=10_000)
    fates = Fates((1e-6, 0, 0, 0, 0), (1e-3, 0, 0))
    assert fates.seconds(setting, 48, 8, 7, Course(1.0, 0.5, 30.0)) == pytest.approx(0.005 + 0.03)
    few = most_leaps(400, 400, 10 * 20.0)
    assert few < 10
    assert fates.seconds(replace(setting, steps=20), 400, 4, 100, Course(1.0, 0.5, 30.0)) == pytest.approx(
        1e-5 + few * 1e-3
    )
    assert fates.counts(setting, 48, 8, 7, 5000, 0.035) == pytest.approx((0.5, 30.0))
    # Without leaps all of the time is that of steps.
    assert Fates((1e-6, 0, 0, 0, 0)).counts(setting, 48, 8, 7, 0, 0.02) == pytest.approx((2.0, 0.0))
