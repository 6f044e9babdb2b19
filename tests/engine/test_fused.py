"""The compiled kernel against NumPy, and against the stacked solver."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from harness import Array, Diagnostic, Network
from harness.builtin.criteria import MeanSquareOverRoot, Quadratic
from harness.builtin.initializers import GaussianHalves, LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell, Outcome, Regime
from harness.engine.descent import Descent, ShallowTrial, norm_of
from harness.engine.fused import binding, build
from harness.engine.fused.at_hand import unavailable
from harness.engine.fused.compiler import NoKernel, compiler
from harness.engine.solvers import choose
from harness.engine.trial import prepare
from harness.engine.work import train
from harness.mathematics.activations import ACTIVATIONS
from tests.engine.cases import CASES, setting, stacked, trained

pytestmark = pytest.mark.skipif(bool(unavailable()), reason="there is no compiler here")


SLOPES: dict[str, Callable[[Array], Array]] = {
    "softplus": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "leaky-relu": lambda z: np.where(z > 0, 1.0, 0.1),
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
}
"""Slopes that are computed without a difference, however small they are."""


@pytest.mark.parametrize(("real", "tolerance"), [("float", 2e-6), ("double", 2e-15)])
@pytest.mark.parametrize("activation", SLOPES)
def test_small_slopes_keep_their_digits(activation: str, real: build.Real, tolerance: float) -> None:
    dtype = np.float32 if real == "float" else np.float64
    z, phi, slope = (binding.aligned((3200,), dtype) for _ in range(3))
    z[:] = np.linspace(-20, 20, 3200)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (z, phi, slope)]
    binding.compiled(real, ACTIVATIONS[activation]).harness_activate(ctypes.c_int64(3200), *pointers)
    np.testing.assert_allclose(slope, SLOPES[activation](z.astype(np.float64)), rtol=tolerance)


@pytest.mark.parametrize("real", ["float", "double"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_weights_that_are_no_numbers_have_diverged(activation: str, real: build.Real) -> None:
    rng = np.random.default_rng(0)
    x, y, w = rng.standard_normal((40, 5)), 1e3 * rng.standard_normal(40), rng.standard_normal((6, 5))
    descent = Descent(
        activation=ACTIVATIONS[activation],
        hidden=True,
        output=False,
        step_size=1e38 if real == "float" else 1e308,  # W overflows in the first step
        momentum=0.0,
        steps=50,
        norms=(1e-9,),
        diverged=1e6,
        every=50,
        marks=(),
    )
    assert binding.train(x, y, w, rng.choice([-1.0, 1.0], 6), None, descent, real).diverged


@pytest.mark.parametrize("real", ["float", "double"])
def test_neurons_that_share_a_vector_have_the_bits_of_those_that_do_not(
    real: build.Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [(50, d, k) for d in (1, 4, 5, 8, 10, 20, 24, 33, 68, 70) for k in (2, 3, 5, 8, 13, 25)]
    sizes += [(18, 20, 7), (20, 20, 9)]  # in the Gram form
    shared = [trained(*size, real) for size in sizes]
    dtype = np.float32 if real == "float" else np.float64
    wide = binding.numbers(binding.compiled(real, ACTIVATIONS["relu"]), dtype)
    assert wide < 4 or {binding.sharing(d, wide) for _, d, _ in sizes} == {1, 2, 4}
    monkeypatch.setattr(binding, "sharing", lambda *_: 1)
    for size, ours in zip(sizes, shared, strict=True):
        alone = trained(*size, real)
        assert np.array_equal(ours.w, alone.w), size
        assert np.array_equal(ours.v, alone.v), size
        assert np.array_equal(ours.history, alone.history), size


@pytest.mark.parametrize("d", [10, 20, 40, 70])
def test_neurons_beside_one_change_no_bit_of_it(d: int) -> None:
    few = trained(120, d, 3, "float", active=3)
    for k in range(4, 26):
        more = trained(120, d, k, "float", active=3)
        assert np.array_equal(more.w[:3], few.w), k
        assert np.array_equal(more.history, few.history), k


def both(regime: Regime, cell: Cell, trials: int = 4, **options: object) -> list[tuple[Outcome, Outcome]]:
    """Train with the kernel and with the stacked solver."""
    fused, plain = (train(setting(r, **options), cell, range(trials)) for r in (regime, stacked(regime)))
    assert [o.message for o in fused] == [o.message for o in plain]
    if any(o.message for o in fused):  # a dead ReLU has no Jacobian, hence no stable step
        assert cell.n == 1
        return []
    assert {o.solver for o in fused} == {"fused"}
    assert {o.solver for o in plain} == {"stacked"}
    return list(zip(fused, plain, strict=True))


SIZES = [(1, 1, 1), (7, 3, 2), (33, 5, 7), (64, 16, 6), (97, 13, 11), (130, 70, 25), (40, 129, 3)]


@pytest.mark.parametrize("train_layers", ["hidden", "output", "all"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_the_stacked_solver(activation: str, train_layers: str) -> None:
    model = ShallowNet(activation, train_layers, biases=activation in ("relu", "sin", "erf"))  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    for size in SIZES:
        for beta in (0.0, 0.8):
            optimizer = Momentum(c=0.3, beta=beta) if beta or train_layers == "output" else GradientDescent(c=0.3)
            regime = Regime("r", model, LeCun(), optimizer, Quadratic())
            if choose(regime, "float32", "cpu").name == "spectral":
                continue
            options = {"dtype": "float64", "steps": 40, "tolerances": (0.99, 0.9, 0.5)}
            for ours, theirs in both(regime, Cell("", *size), trials=2, **options):
                assert ours.hits == theirs.hits
                assert ours.steps == theirs.steps
                assert ours.diverged == theirs.diverged
                if ours.diverged:  # by then rounding has been multiplied as much as everything else
                    continue
                assert ours.measure == pytest.approx(theirs.measure, rel=1e-8, abs=1e-12)
                np.testing.assert_allclose(ours.curve, theirs.curve, rtol=2e-3, atol=1e-12)


def test_single_precision_verdicts_and_steps() -> None:
    """At c = 1, since a longer step multiplies rounding in some trials, which differs between processors in torch."""
    regime = replace(CASES["softplus"], optimizer=GradientDescent(c=1.0))
    pairs = both(regime, Cell("", 60, 10, 9), trials=20, steps=3000, tolerances=(0.5, 0.1, 0.01))
    assert {ours.falling for ours, _ in pairs} == {False, True}
    for ours, theirs in pairs:
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-3)
        for mine, other in zip(ours.hits, theirs.hits, strict=True):
            assert (mine is None) == (other is None)
            assert mine is None or other is None or abs(mine - other) <= max(1, 0.01 * other)
        assert ours.falling == theirs.falling


def test_short_runs_are_still_falling_where_the_stacked_solver_says_so() -> None:
    """With entries 25 steps apart, "a tenth of the budget ago" was step 0 in runs shorter than 28 steps."""
    verdicts: dict[int, list[bool]] = {}
    for steps in (20, 24, 100, 1249):
        for c, size in ((1.5, (200, 3, 1)), (0.03, (200, 3, 1)), (1.5, (60, 10, 9)), (0.1, (60, 10, 9))):
            regime = replace(CASES["softplus"], optimizer=GradientDescent(c=c))
            for ours, theirs in both(regime, Cell("", *size), trials=20, steps=steps, tolerances=(1e-9,)):
                assert ours.falling == theirs.falling, (steps, c, size, ours.seed)
                verdicts.setdefault(steps, []).append(ours.falling)
    assert all(True in verdicts[steps] and False in verdicts[steps] for steps in (20, 24, 100))


@pytest.mark.parametrize("steps", [20, 1249, 1250, 9000, 10**7])
def test_entries_of_the_history_are_close_together_and_not_too_many(steps: int) -> None:
    where = setting(CASES["softplus"], steps=steps)
    form = where.regime.model.shallow_form()
    assert form is not None
    every = ShallowTrial.of(where.regime, where.budget, prepare(where, 20, 5, 4, 0), form).descent.every
    assert every == {20: 1, 1249: 1, 1250: 25, 9000: 25, 10**7: 250}[steps]
    assert every <= max(1, steps // 50)


def test_movement_is_taken_at_the_end_itself() -> None:
    """The stacked solver looks at weights once in 25 steps: at the end of the budget both are at the same place."""
    for ours, theirs in both(CASES["softplus"], Cell("", 20, 6, 4), dtype="float64", steps=200, tolerances=(1e-9,)):
        assert ours.movement == pytest.approx(theirs.movement, rel=1e-10)
        assert ours.rate == pytest.approx(theirs.rate, rel=1e-6)


def test_diagnostics_on_the_way_are_those_of_the_stacked_solver() -> None:
    """Networks are looked at on their way by going back to Python, which must change nothing."""

    @dataclass(frozen=True)
    class Length(Diagnostic):
        name: ClassVar[str] = "length"
        summary: ClassVar[Literal["first", "last", "min", "max"]] = "max"

        def measure(self, network: Network) -> float:
            return float(network.params["W"].norm()) + float(network.params.get("c", 0.0)) + 1e-3 * network.step

    for name in ("relu momentum", "tanh all biases"):
        watched = replace(CASES[name], diagnostics=(Length(),))
        options: dict[str, Any] = {"dtype": "float64", "steps": 130, "tolerances": (0.5, 1e-9)}
        for ours, theirs in both(watched, Cell("", 20, 5, 4), **options):
            assert ours.diagnostics["length"] == pytest.approx(theirs.diagnostics["length"], rel=1e-10)
        unwatched = train(setting(CASES[name], **options), Cell("", 20, 5, 4), range(4))
        seen = train(setting(watched, **options), Cell("", 20, 5, 4), range(4))
        assert [replace(o, diagnostics={}) for o in seen] == [replace(o, diagnostics={}) for o in unwatched]


@pytest.mark.parametrize("name", ["relu momentum", "tanh all biases", "softplus"])
def test_the_gram_form_is_the_same_descent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    regime = CASES[name]
    options: dict[str, Any] = {"dtype": "float64", "steps": 150, "tolerances": (0.5, 0.1, 1e-9)}
    for size in ((1, 1, 1), (5, 9, 3), (30, 20, 7), (70, 130, 4)):
        monkeypatch.setattr(binding, "GRAM", 0.0)
        plain = train(setting(regime, **options), Cell("", *size), range(3))
        monkeypatch.setattr(binding, "GRAM", math.inf)
        gram = train(setting(regime, **options), Cell("", *size), range(3))
        for ours, theirs in zip(gram, plain, strict=True):
            assert (ours.hits, ours.steps, ours.message) == (theirs.hits, theirs.steps, theirs.message)
            if not ours.message:
                assert ours.movement == pytest.approx(theirs.movement, rel=1e-9)
                assert ours.measure == pytest.approx(theirs.measure, rel=1e-6)


def test_other_criteria_of_the_residual() -> None:
    regime = replace(
        CASES["relu momentum"],
        initializer=GaussianHalves(output=1.0),
        optimizer=Momentum(step_size=0.15),
        criterion=MeanSquareOverRoot(),
    )
    for ours, theirs in both(regime, Cell("", 40, 20, 12), dtype="float64", steps=300, tolerances=(1e-2, 2.5e-3)):
        assert ours.hits == theirs.hits
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-6)


def test_a_step_too_large_diverges_at_the_same_step() -> None:
    regime = replace(CASES["softplus"], optimizer=GradientDescent(c=40.0))
    for ours, theirs in both(regime, Cell("", 20, 5, 6), dtype="float64", steps=500, tolerances=(1e-9,)):
        assert ours.diverged
        assert theirs.diverged
        assert ours.steps == theirs.steps


def test_outcome_does_not_depend_on_the_batch() -> None:
    where = setting(CASES["softplus"], steps=200)
    together = train(where, Cell("", 33, 5, 8), range(10))
    assert {o.solver for o in together} == {"fused"}
    for seeds in ([3], [9, 1, 4]):
        assert train(where, Cell("", 33, 5, 8), seeds) == [together[seed] for seed in seeds]


def test_norm_of_inverts_any_increasing_measure() -> None:
    assert norm_of(lambda norm: norm / 3.0, 1e-2) == pytest.approx(0.03, rel=1e-15)
    assert norm_of(lambda norm: norm**2, 4.0) == 2.0
    largest = norm_of(lambda norm: norm / 7.0, 0.1)
    assert largest / 7.0 <= 0.1 < np.nextafter(largest, 1.0) / 7.0


def test_without_a_compiler_the_stacked_solver_trains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(NoKernel, match="no C\\+\\+ compiler"):
        compiler()
    monkeypatch.setenv("HARNESS_FUSED", "0")
    with pytest.raises(NoKernel, match="HARNESS_FUSED=0"):
        compiler()


def test_a_compiler_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "brokencc"
    fake.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo 1.0 && exit 0\necho "no room" >&2\nexit 1\n', encoding="utf-8"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("CXX", str(fake))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    build._kernel.cache_clear()
    try:
        with pytest.raises(NoKernel, match="no room"):
            build.kernel("float", ACTIVATIONS["softplus"])
    finally:
        build._kernel.cache_clear()
