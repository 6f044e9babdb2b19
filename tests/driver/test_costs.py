"""The cost model: its times beside those of trials that use their whole budget, and its file."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Cell
from harness.driver.expected_trials import ExpectedTrials
from harness.driver.plan import Plan
from harness.driver.rehearsal import MOST, Rehearsal, nearest, representatives
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.trial_times import TrialTimes
from harness.engine import cost_file, fate_costs, probe
from harness.engine.cost_file import costs_of, fates_of, pilots_of
from harness.engine.costs import Costs
from harness.engine.machine_load import MachineLoad, Stopwatch
from harness.engine.operations import PRODUCTS
from harness.engine.pilots import Course, Pilot, Pilots, smaller
from harness.engine.setting import Setting
from harness.engine.timed import MOST_PRODUCTS, PREPARED, Size, Timed, lacking
from harness.engine.work import train
from harness.mathematics.spectra import MOST_FORMED
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite

RELU = 'model = {use = "shallow", activation = "relu"}'

CLASSES = 'dataset = {use = "sphere", labels = "classes", classes = 3}'

SUITES = {
    "softplus": ("moderate", "", 'dataset = "sphere"\nn = 150\nd = 30', "steps = 8000"),
    "relu": ("moderate", RELU, 'dataset = "gaussian"\nn = 500\nd = 15', "steps = 2000"),
    "float64": ("narrow", "", 'dataset = "sphere"\nn = 250\nd = 50', 'steps = 1500\ndtype = "float64"'),
    "heavy ball": ("train-all-momentum", "", 'dataset = "sphere"\nn = 220\nd = 12', "steps = 3000"),
    "minibatches": ("moderate-sgd", "", 'dataset = "sphere"\nn = 200\nd = 20', "steps = 3000"),
    "several outputs": ("train-all", "", 'dataset = {use = "sphere", outputs = 4}\nn = 180\nd = 25', "steps = 1500"),
    "classes": (
        "train-all",
        'criterion = "cross-entropy"\noptimizer = {use = "gd", step_size = 0.1}',
        f"{CLASSES}\nn = 120\nd = 16",
        "steps = 1500",
    ),
    "closed form": ("output-only", "", 'dataset = "sphere"\nn = 320\nd = 10', "steps = 20000"),
    "diagnostics": ("lazy-scaled", "", 'dataset = "sphere"\nn = 160\nd = 18', "steps = 3000"),
    "real data": ("moderate", "", 'dataset = "breast-cancer"\nn = 350\nd = 30', "steps = 3000"),
}
"""Regime, its options, problems and budget."""

SIZES: tuple[Size, ...] = ((100, 20, 10),)
"""Sizes of a suite."""

TEXT = """
[suite]
name = "unseen"
[problems]
{problems}
[budget]
{budget}
limit = {limit}
[search]
max_width = 4096
[[regimes]]
use = "{regime}"
{options}
"""


RECORD = (
    '{"KEY": {"busy": 0.1, "measured": '
    '{"prepare": [1, 1, 1, 1, 1, 1], "step": STEP, "few": [], "visit": [], "timed": TIMED}}}'
)
"""Costs in a file."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of costs that is not there yet."""
    monkeypatch.setattr(cost_file, "cache_directory", lambda: tmp_path / "cache")
    monkeypatch.setattr(MachineLoad, "now", lambda: MachineLoad(0.0, 2))
    cost_file._file.cache_clear()
    yield cost_file._file("cpu")
    cost_file._file.cache_clear()


def search_of(case: str, registry: Registry, limit: str = "false") -> ThresholdSearch:
    regime, options, problems, budget = SUITES[case]
    text = TEXT.format(regime=regime, options=options, problems=problems, budget=budget, limit=limit)
    (search,) = Plan(parse_suite(text, registry), registry, "cpu").searches
    return search


def found_for(setting: Setting, registry: Registry) -> Costs | None:
    kept = costs_of(setting, registry, SIZES)
    return None if kept is None else kept.found


def seconds_of(setting: Setting, n: int, d: int, k: int, trials: int) -> float:
    """Return the processor time of a trial that uses its whole budget."""
    endless = replace(setting, tolerances=(1e-300,))
    train(replace(endless, steps=60), Cell("", n, d, k), [0])  # imports, and kernels that are compiled
    begin = time.process_time()
    outcomes = train(endless, Cell("", n, d, k), range(trials))
    took = time.process_time() - begin
    assert not any(outcome.message for outcome in outcomes)
    return took / trials


@pytest.mark.slow  # it measures
@pytest.mark.parametrize("case", SUITES)
def test_times_of_sizes_that_were_not_measured_are_right_within_a_factor_of_two(
    case: str, registry: Registry, file: Path
) -> None:
    search = search_of(case, registry)
    k = search.method.likely_width(*search.scale)
    around = [(search.n * 5 // 8, search.d, k), (search.n * 8 // 5, search.d * 2, k + 2)]
    kept = costs_of(search.setting, registry, around)
    assert kept is not None
    expected = kept.found.seconds(search.setting, search.n, search.d, k)
    assert expected / 2 < seconds_of(search.setting, search.n, search.d, k, 8) < 2 * expected


@pytest.mark.slow  # it measures
@pytest.mark.parametrize("options", ["", RELU], ids=["softplus", "relu"])
def test_times_with_fates_are_right_within_a_factor_of_two_on_average_over_widths(
    options: str, registry: Registry, file: Path
) -> None:
    text = TEXT.format(
        regime="moderate", options=options, problems='dataset = "sphere"\nn = 120\nd = 20', budget="steps = 10000",
        limit="true",
    )  # fmt: skip
    (search,) = Plan(parse_suite(text, registry), registry, "cpu").searches
    start, widths = search.scale[0], (6, 7, 8, 12)  # a search seldom goes further than twice n/d
    times = TrialTimes([search], registry, math.inf)
    fits = [times.pilots(search).fits(k / start) for k in widths]
    expected = sum(
        times.seconds(search, [ExpectedTrials(k, 4, share, 4.0)]) for k, share in zip(widths, fits, strict=True)
    )
    train(replace(search.setting, steps=60), Cell("", 120, 20, 6), [0])  # imports, and kernels that are compiled
    begin = time.process_time()
    for k in widths:
        train(search.setting, Cell("", 120, 20, k), range(4))
    took = time.process_time() - begin
    assert expected / 2 < took < 2 * expected


def test_costs_are_measured_once_a_machine(registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def measure(setting: Setting, sizes: list[Size], watch: Stopwatch) -> tuple[Timed, ...]:
        measured.append(setting.dataset.name)
        return tuple(Timed(size, {"prepare": 1.0, "step": 1e-3}) for size in sizes)

    monkeypatch.setattr(probe, "measured", measure)
    setting = search_of("real data", registry).setting
    first = costs_of(setting, registry, SIZES)
    other = replace(
        setting, steps=7, regime=replace(setting.regime, optimizer=replace(setting.regime.optimizer, c=0.5))
    )
    assert costs_of(setting, registry, SIZES) == costs_of(other, registry, SIZES) == first
    assert measured == ["sphere"]  # which has problems of every size
    assert costs_of(replace(setting, dtype="float64"), registry, SIZES) == first
    costs_of(search_of("relu", registry).setting, registry, SIZES)
    assert len(measured) == 3
    assert len(json.loads(file.read_text())) == 3


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[1]",
        "[" * 100_000,
        '{"KEY": 3}',
        RECORD.replace("STEP", "[1, 1, 1, 1, NaN]"),
        RECORD.replace("STEP", "[1, 1, 1, 1, -1]"),
        RECORD.replace("STEP", "[1]"),
        RECORD.replace("STEP", '[1, 1, 1, 1, "1"]'),
        RECORD.replace("STEP", "[]").replace("0.1", "-0.1"),
        RECORD.replace("STEP", "[]").replace("TIMED", '[{"size": [1, 2], "seconds": {}}]'),
        RECORD.replace("STEP", "[]").replace("TIMED", '[{"size": [1, 2, 3], "seconds": {"step": "1"}}]'),
        RECORD.replace("STEP", "[]").replace('"busy": 0.1, ', ""),
    ],
)
def test_a_damaged_file_is_written_anew(
    damage: str, registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stopwatch, "waiting", 0.0)
    monkeypatch.setattr(probe, "measured", lambda _, sizes, __: tuple(Timed(size, {"prepare": 2.0}) for size in sizes))
    setting = search_of("closed form", registry).setting
    file.parent.mkdir(parents=True)
    file.write_text(damage.replace("KEY", cost_file._key(setting, registry)).replace("TIMED", "[]"))
    found = found_for(setting, registry)
    assert found is not None
    assert {one.seconds["prepare"] for one in found.timed} == {2.0}
    monkeypatch.setattr(probe, "measured", lambda *_, **__: pytest.fail("measured again"))
    assert found_for(setting, registry) == found


def test_costs_that_cannot_be_kept_are_used_all_the_same(
    registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "measured", lambda _, sizes, __: tuple(Timed(size, {"prepare": 2.0}) for size in sizes))
    file.parent.parent.mkdir(exist_ok=True)
    file.parent.write_text("no directory")
    found = found_for(search_of("closed form", registry).setting, registry)
    assert found is not None
    assert found.timed


def test_what_was_measured_on_a_busy_machine_is_measured_again_when_it_is_quiet(
    registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0

    def measure(setting: Setting, sizes: list[Size], watch: Stopwatch) -> tuple[Timed, ...]:
        nonlocal times
        times += 1
        watch.processor, watch.clock = 1.0, 1.6  # another program takes a core now and then
        return tuple(Timed(size, {"prepare": 1.0}) for size in sizes)

    def known(case: str, others: float) -> tuple[float, bool, int]:
        monkeypatch.setattr(MachineLoad, "now", lambda: MachineLoad(others, 2))
        kept = costs_of(search_of(case, registry).setting, registry, SIZES)
        assert kept is not None
        return round(kept.busy, 3), kept.trusted, times

    monkeypatch.setattr(probe, "measured", measure)
    assert known("closed form", others=3.0) == (1.5, False, 1)
    assert known("closed form", others=4.0) == (1.5, False, 1)  # nothing is gained while it is busy
    assert known("closed form", others=0.1) == (0.05, True, 2)
    assert known("closed form", others=3.0) == (0.05, True, 2)
    # The load is the mean of a minute. The clock shows a program that has just begun.
    assert known("softplus", others=0.1) == (0.6, False, 3)
    assert known("softplus", others=0.1) == (0.05, True, 4)
    assert known("softplus", others=0.1) == (0.05, True, 4)


def test_only_sizes_that_are_not_near_known_ones_are_timed_and_added(
    registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Size] = []

    def measure(setting: Setting, sizes: list[Size], watch: Stopwatch) -> tuple[Timed, ...]:
        asked.extend(sizes)
        return tuple(Timed(size, {"prepare": 1.0, "step": 1e-3}) for size in sizes)

    monkeypatch.setattr(probe, "measured", measure)
    setting = search_of("softplus", registry).setting
    assert costs_of(setting, registry, [(100, 20, 10)], measure=False) is None
    costs_of(setting, registry, [(100, 20, 10)])
    assert sorted(asked) == [(50, 20, 10), (100, 20, 10)]
    costs_of(setting, registry, [(120, 30, 18), (60, 20, 8)])  # within 1.5 in n and 2 in d and k
    assert len(asked) == 2
    grown = costs_of(setting, registry, [(100, 20, 10), (100, 20, 40)])
    assert sorted(asked[2:]) == [(50, 20, 40), (100, 20, 40)]
    assert grown is not None
    assert len(grown.found.timed) == len(asked) == 4
    assert costs_of(setting, registry, [(400, 20, 10)], measure=False) is None


def test_sizes_whose_trials_take_long_are_timed_at_smaller_ones(registry: Registry) -> None:
    setting = search_of("softplus", registry).setting
    found = lacking(setting, [(60_000, 784, 500)], ())
    assert all(n * d * k <= MOST_PRODUCTS and k % setting.regime.initializer.width_step == 0 for n, d, k in found)
    assert {n <= PREPARED for n, _, _ in found} == {True, False}
    assert lacking(setting, [(60_000, 784, 500)], [Timed(size, {}) for size in found]) == []


def test_a_step_of_minibatches_counts_its_samples_and_its_share_of_a_measure(registry: Registry) -> None:
    setting = search_of("minibatches", registry).setting
    batch = setting.regime.optimizer.batch_size(200)
    samples = Costs((0.0,) * 6, (0.0, 1.0, 0.0, 0.0, 0.0), ())
    epochs = setting.steps * batch // 200
    assert samples.seconds(setting, 200, 20, 10) == pytest.approx(epochs * (200 + 200 / 2))


@pytest.mark.parametrize("case", ["minibatches", "several outputs"])
def test_matrices_that_are_not_formed_take_no_time(case: str, registry: Registry) -> None:
    """A weight of 1e-12 s, noise at the sizes that are measured, would be minutes a trial at n³ = 2e14."""
    setting = search_of(case, registry).setting
    weights = (0.0, 0.0, 0.0, 0.0, 1e-12, 1e-12)
    noise = Costs(weights, (0.0,) * 5, weights)
    assert noise.seconds(setting, MOST_FORMED - 1, 20, 10) > 0.1
    assert noise.seconds(setting, 59_584, 784, 30) == 0.0


def test_the_largest_eigenvalue_of_a_kernel_that_is_not_formed_takes_products_with_all_samples(
    registry: Registry,
) -> None:
    samples = Costs((0.0,) * 6, (0.0, 1.0, 0.0, 0.0, 0.0), ())
    setting = search_of("minibatches", registry).setting
    given = replace(setting, regime=replace(setting.regime, optimizer=replace(setting.regime.optimizer, step_size=0.1)))
    for n, more in ((MOST_FORMED - 1, 0), (60_000, PRODUCTS * 60_000)):
        steps = samples.seconds(given, n, 20, 10)
        assert samples.seconds(setting, n, 20, 10) - steps == pytest.approx(more)


@pytest.mark.parametrize(("options", "leaps"), [("", True), (RELU, False)], ids=["softplus", "relu"])
def test_the_time_of_fates_is_measured_once_and_counted_back(
    options: str, leaps: bool, registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stopwatch, "waiting", 0.0)
    text = TEXT.format(
        regime="moderate", options=options, problems='dataset = "sphere"\nn = 96\nd = 8', budget="steps = 400",
        limit="true",
    )  # fmt: skip
    (search,) = Plan(parse_suite(text, registry), registry, "cpu").searches
    sizes = [(40, 10, 6)]
    kept = fates_of(search.setting, registry, sizes)
    assert kept is not None
    fates = kept.found
    assert bool(fates.leap) is leaps
    course = Course(further=2.0, leaps=5.0 if leaps else 0.0)
    seconds = fates.seconds(search.setting, 96, 8, 14, course)
    assert fates.counts(search.setting, 96, 8, 14, 800, seconds) == pytest.approx((2.0, course.leaps))
    monkeypatch.setattr(fate_costs, "measured_fates", lambda *_: pytest.fail("measured again"))
    assert fates_of(search.setting, registry, sizes) == kept


def test_pilots_are_trained_once_and_kept(file: Path) -> None:
    pilots = Pilots(60, (Pilot(1.25, sure=True, possible=True, ended=True, steps=0.5),))
    assert pilots_of(["a search"], "cpu", lambda _: pilots, measure=False) is None
    assert pilots_of(["a search"], "cpu", lambda _: pilots) == pilots
    assert pilots_of(["a search"], "cpu", lambda _: pytest.fail("trained again")) == pilots
    text = file.read_text()
    for damage in (text.replace("60", "-1"), text.replace('"ended"', '"else"'), text.replace("0.5", '"half"')):
        assert damage != text
        file.write_text(damage)
        assert pilots_of(["a search"], "cpu", lambda _: pilots, measure=False) is None


def test_pilots_begin_at_the_first_width_above_a_bound_and_find_where_half_fit(registry: Registry) -> None:
    """Trials of a linear model fit from p ≥ n on: n/d = 24 at n = 96 and d = 4."""
    text = TEXT.format(
        regime="linearized", options="", problems='dataset = "sphere"\nn = 96\nd = 4', budget="steps = 400",
        limit="true",
    )  # fmt: skip
    (search,) = Plan(parse_suite(text, registry), registry, "cpu").searches
    whole = Rehearsal(search, Costs((), (), ()), None)
    watch = Stopwatch(processor_time=lambda: 0.0)
    pilots = whole.pilots(watch)
    assert len(pilots.trials) == MOST
    assert all(one.width >= 1.0 for one in pilots.trials)
    assert pilots.tried()[0].sure == pilots.tried()[0].trials
    assert whole.pilots(watch) == pilots


@pytest.mark.parametrize(("n", "d", "scale", "size"), [(400, 20, 0.25, (100, 20)), (400, 100, 0.25, (100, 25)),
                                                       (400, 5, 0.06, (24, 5))])  # fmt: skip
def test_fewer_samples_have_the_same_dimension_while_there_are_four_samples_for_each(
    n: int, d: int, scale: float, size: tuple[int, int], registry: Registry
) -> None:
    setting = search_of("softplus", registry).setting
    few, *found = smaller(setting, n, d, lambda _, fewer, __: fewer <= max(scale * n, 24))
    assert (*found, few.steps) == (*size, round(8000 * size[0] / n))
    regime = setting.regime
    number = replace(setting, regime=replace(regime, optimizer=replace(regime.optimizer, step_size=0.1)))
    assert smaller(number, n, d, lambda _, fewer, __: fewer <= max(scale * n, 24))[0].steps == 8000


def test_all_sizes_have_pilots_of_their_own_if_there_are_few(registry: Registry) -> None:
    text = TEXT.format(
        regime="moderate", options="", problems='dataset = "sphere"\nn = [40, 80, 160]\nd = [8, 16, 32]',
        budget="steps = 400", limit="false",
    )  # fmt: skip
    searches = Plan(parse_suite(text, registry), registry, "cpu").searches
    assert [(one.n, one.d) for one in representatives(searches, 1)] == [(160, 16)]
    assert [(one.n, one.d) for one in representatives(searches, 2)] == [(40, 8), (160, 32)]
    assert {id(one) for one in representatives(searches, 20)} == set(map(id, searches))
    pilots = (Pilot(1.0, True, True, True, 0.5),)
    pairs = [(one, Pilots(one.n, pilots)) for one in representatives(searches, 2)]
    size = {(one.n, one.d): nearest(pairs, one).n for one in searches}
    assert (size[40, 8], size[40, 16], size[160, 16], size[160, 32]) == (40, 40, 160, 160)
