"""Fates of smooth nets: what is covered, that the net is the trained one, and the thresholds that are known."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from harness_lazy.models import LazyScaled

from harness.builtin.criteria import MeanSquareOverRoot, Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import GaussianHalves, LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.components import Cell, Fate, Outcome, Regime, Trained, TrainedTrial
from harness.components.outcome_record import digits
from harness.engine.continuations import continuation_of, smooth, undecided
from harness.engine.continuations.smooth import Smooth, _Task, most_leaps
from harness.engine.further_descent import FurtherDescent
from harness.engine.trial import prepare
from harness.engine.work import train
from harness.mathematics.limit import leaps
from tests.engine.cases import setting

FITS = ("fit proved", "fit in the limit")
PROVED = ("fit proved", "stuck proved")


def regime(phi: str = "softplus", layers: Trained = "hidden", biases: bool = False, c: float = 1.5) -> Regime:
    start = LeCun() if biases or layers == "all" else GaussianHalves()
    return Regime("r", ShallowNet(phi, layers, biases), start, GradientDescent(c=c), Quadratic())


def fates(of: Regime, cell: Cell, seeds: Sequence[int], steps: int = 30_000, **changes: object) -> list[Outcome]:
    return train(setting(of, steps=steps, tolerances=(0.1, 0.01), limit=True, **changes), cell, seeds)


def decided(outcome: Outcome) -> Fate:
    assert outcome.fate is not None
    assert not outcome.fate.message
    return outcome.fate


FORMS = [
    regime("tanh"),
    regime("gelu", "all"),
    regime("silu", "hidden", biases=True),
    regime("sigmoid", "all", biases=True),
    replace(regime("erf"), criterion=MeanSquareOverRoot()),
    replace(regime("sin"), model=LazyScaled("sin", alpha=7.0)),
    replace(regime("tanh", biases=True), model=LazyScaled("tanh", "all", True, alpha=0.5)),
    replace(regime("softplus", biases=True), model=LazyScaled("softplus", "hidden", True, alpha=3.0)),
]


@pytest.mark.parametrize("of", FORMS, ids=lambda of: f"{of.model.name} {of.model.activation} {of.model.train}")
def test_the_net_is_the_one_that_was_trained(of: Regime) -> None:
    """Its residual is that of the descent, and one step of it moves the weights by η times its gradient."""
    assert not Smooth().why_not(of)
    assert isinstance(continuation_of(of), Smooth)
    trial = prepare(setting(of), 12, 3, 4, 5)
    rng = np.random.default_rng(0)
    weights = {name: value + 0.3 * rng.standard_normal(value.shape) for name, value in trial.weights.items()}
    weights |= {name: value for name, value in trial.weights.items() if name not in of.model.moved(trial.weights)}
    task, descent = _Task.of(of, trial), FurtherDescent(of, trial, 10)
    point = task.point(weights)
    _, _, at = descent(weights, 0, 0.0)
    after, _, _ = descent(weights, 1, 0.0)
    assert task.relative(point.norm) == pytest.approx(at, rel=1e-12)
    expected = point.theta - task.step_size * point.gradient
    np.testing.assert_allclose(task.theta(after), expected, rtol=1e-10, atol=1e-12)


def test_what_is_not_covered_says_why() -> None:
    smooth = Smooth()
    assert "bounds" in smooth.why_not(regime("relu"))
    assert "bounds" in smooth.why_not(regime("softsign"))
    assert "linear" in smooth.why_not(regime("tanh", "output"))
    assert "one output, not of 3" in smooth.why_not(regime(), q=3)
    assert "momentum" in smooth.why_not(replace(regime(), optimizer=Momentum()))
    assert "sgd" in smooth.why_not(replace(regime(), optimizer=StochasticGradientDescent()))
    assert "smooth" not in undecided(regime("sin", "all"))


def test_exact_fits_begin_at_eleven_for_a_hundred_labels_in_ten_dimensions() -> None:
    below = [decided(o) for o in fates(regime(), Cell("", 100, 10, 9), range(6))]
    above = [decided(o) for o in fates(regime(), Cell("", 100, 10, 11), range(12))]
    assert all(fate.constants["counted"] == 1.0 and fate.verdict() == "unfit" for fate in below)
    assert sum(fate.kind in FITS for fate in above) >= 9
    assert not any(fate.kind in ("stuck proved", "stuck in the limit") for fate in above)
    for fate in (*below, *above):
        if fate.kind != "open":
            assert fate.margin is None or fate.margin >= 2.0
            assert fate.max_eta_lambda is not None
            assert fate.max_eta_lambda < 2.0
        assert fate.work <= 300_000


def test_nets_with_as_many_weights_as_labels_are_stuck_at_strict_minima() -> None:
    """J is singular there, so μ is small, and the minimum is proved only if rounding is bounded along A⁻¹Jᵀ."""
    for outcome in fates(regime(), Cell("", 100, 10, 10), range(2)):
        fate = decided(outcome)
        assert fate.kind == "stuck in the limit"
        assert fate.certificate == "strict minimum"
        assert fate.residual is not None
        assert 1e-4 < fate.residual < 5e-2
        assert fate.margin is not None
        assert fate.margin > 2.0


@pytest.mark.slow
@pytest.mark.parametrize(("n", "d", "k", "count"), [(200, 10, 21, 8), (400, 20, 21, 6)])
def test_exact_fits_begin_at_twenty_one(n: int, d: int, k: int, count: int) -> None:
    above = [decided(o) for o in fates(regime(), Cell("", n, d, k), range(count))]
    below = [decided(o) for o in fates(regime(), Cell("", n, d, k - 2), range(2))]
    assert sum(fate.kind in FITS for fate in above) >= count - 1
    assert all(fate.verdict() == "unfit" for fate in below)


@pytest.mark.slow
def test_training_with_fates_costs_at_most_five_times_that_without() -> None:
    """Processor time with fates over that without, where exact fits begin; training makes the kernel at first."""
    fates(regime(), Cell("", 20, 5, 4), [0], 100)
    for n, d, k, count in ((100, 10, 11, 12), (200, 10, 21, 6), (400, 20, 21, 3)):
        times = []
        for limit in (False, True):
            where = setting(regime(), steps=30_000, tolerances=(0.1, 0.01), limit=limit)
            begin = time.process_time()
            train(where, Cell("", n, d, k), range(count))
            times.append(time.process_time() - begin)
        print(f"n = {n}, d = {d}, k = {k}: {times[1] / times[0]:.1f} times")
        assert times[1] <= 5.0 * times[0]


def test_a_wide_net_is_proved_to_fit_from_its_own_weights() -> None:
    for of in (regime("softplus"), regime("tanh", "all", c=0.2)):
        for outcome in fates(of, Cell("", 40, 10, 24), range(3)):
            fate = decided(outcome)
            assert fate.kind == "fit proved"
            assert fate.certificate in ("D1g", "D4")
            assert fate.residual == 0.0
            assert 0 < fate.work <= 2 * outcome.steps + 1000


def test_proved_fates_agree_across_budgets_and_floors_hold() -> None:
    """Float64, so that a longer run is the same descent taken further."""
    cell = Cell("", 40, 5, 6)
    runs = [fates(regime(c=0.7), cell, range(8), steps, dtype="float64") for steps in (300, 3_000, 30_000)]
    for outcomes in zip(*runs, strict=True):
        found = [decided(outcome) for outcome in outcomes]
        kinds = {fate.kind for fate in found if fate.kind in PROVED}
        assert len(kinds) <= 1
        floors = [fate.constants.get("floor", 0.0) for fate in found]
        assert max(floors) <= min(outcome.measure for outcome in outcomes)
        ends = [fate.residual or 0.0 for fate in found if fate.kind.startswith("stuck")]
        assert not ends or max(ends) <= 1.001 * min(ends)


def test_solvers_and_groups_of_trials_leave_the_fate_as_it_is() -> None:
    cell, of = Cell("", 40, 10, 8), regime()
    alone = [fates(of, cell, [seed], 2_000, dtype="float64")[0] for seed in range(3)]
    together = fates(of, cell, range(3), 2_000, dtype="float64")
    assert [digits(o) for o in alone] == [digits(o) for o in together]
    by_stack = fates(of, cell, range(3), 2_000, dtype="float64", solver="stacked")
    assert [decided(o).kind for o in by_stack] == [decided(o).kind for o in together]


def test_a_path_that_is_left_open_says_at_which_bound() -> None:
    (outcome,) = fates(regime("tanh"), Cell("", 50, 10, 11), [0], 300)
    fate = decided(outcome)
    assert fate.kind == "open"
    assert fate.constants["out_of_leaps"] == 1.0
    assert fate.constants["leaps"] == most_leaps(50, 110, 10 * 300)


def test_a_path_that_needs_too_large_blocks_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaps, "IN_OUTPUTS", 2)
    for most, said in ((20**3 - 1, 1.0), (20**3, None)):
        monkeypatch.setattr(leaps, "MOST_ENTRIES", most)
        fate = decided(fates(regime("tanh"), Cell("", 30, 20, 20), [0], 10)[0])
        assert fate.constants.get("too_large") == said
        assert (fate.kind == "open" and fate.constants["leaps"] == 2.0) or said is None


def test_a_net_that_needs_too_many_rows_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are those of the outputs where p ≥ 2n and p > 300, else of the larger of n and p."""
    for (n, d, k), rows in (((30, 10, 31), 30), ((30, 10, 5), 50), ((30, 2, 2), 30)):
        task = _Task.of(regime(), prepare(setting(regime()), n, d, k, 0))
        assert task.rows == rows
    cell = Cell("", 30, 10, 5)
    for most, said in ((49, 1.0), (50, None)):
        monkeypatch.setattr(smooth, "MOST_ROWS", most)
        fate = decided(fates(regime(), cell, [0], 300)[0])
        assert fate.constants.get("too_large") == said
        assert (fate.kind == "open" and fate.work == 0) or said is None


@pytest.mark.parametrize(("n", "p"), [(200, 1280), (400, 4000), (800, 3840), (800, 24_000), (400, 400)])
def test_leaps_take_eight_budgets_at_most(n: int, p: int) -> None:
    """A step of gradient descent is 8np operations, each of which takes a third of the time of one of a leap."""
    size = n if p >= 2 * n else p
    for steps in (300, 3_000, 30_000, 300_000):
        leaps = most_leaps(n, p, 10 * steps)
        each, allowed = 3.0 * (9.0 * size**3 + 2.0 * n * p * size), 8.0 * steps * 8 * n * p
        assert leaps * each <= allowed
        assert leaps == 600 or (leaps + 1) * each > allowed


def test_a_flipped_label_is_refused() -> None:
    of, cell = regime(), Cell("", 40, 10, 24)
    where = setting(of, steps=30_000, tolerances=(1e-6,), dtype="float64")
    trial = prepare(where, cell.n, cell.d, cell.k, 0)
    weights, steps, reached = FurtherDescent(of, trial, 30_000)(trial.weights, 30_000, 1e-6)
    assert reached <= 1e-6
    outcome = Outcome(0, (steps,), steps, reached)

    def still(weights: object, steps: int, residual: float) -> tuple[object, int, float]:
        return weights, 0, math.inf

    fit = Smooth().take_on(of, TrainedTrial(trial, weights, steps, outcome), still, 0)  # type: ignore[arg-type]  # any weights
    assert fit.kind == "fit proved"
    y = trial.problem.y.copy()
    y[7] = -y[7]
    other = replace(trial, problem=replace(trial.problem, y=y))
    refused = Smooth().take_on(of, TrainedTrial(other, weights, steps, outcome), still, 0)  # type: ignore[arg-type]  # likewise
    assert refused.kind == "open"


def test_a_strict_minimum_of_noisy_labels_is_proved_from_trained_weights() -> None:
    """Two neurons in two dimensions on 30 labels, whose minimum 5 000 steps reach."""
    found = [decided(o) for o in fates(regime("tanh", c=0.5), Cell("", 30, 2, 2), range(12), 5_000, dtype="float64")]
    stuck = [fate for fate in found if fate.kind == "stuck proved"]
    assert stuck
    for fate in stuck:
        assert fate.residual is not None
        assert 0.0 < fate.constants["floor"] <= fate.residual < 1.0
        assert fate.verdict() == "unfit"


def test_labels_without_a_density_are_not_counted() -> None:
    rademacher = Sphere(labels="rademacher")
    found = [decided(o) for o in fates(regime(), Cell("", 40, 5, 4), range(2), 500, dataset=rademacher)]
    assert not any("counted" in fate.constants for fate in found)
