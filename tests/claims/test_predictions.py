from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from harness_moderate.theories.certificates import CertificateD3

from harness import Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Width
from harness.builtin.criteria import Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.claims.certified import certified_width
from harness.claims.predictions import Prediction, predict, predictions
from harness.mathematics.spectra import unit_rows
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REGIME = Regime("toy", ShallowNet(), GaussianHalves(), GradientDescent(), Quadratic())
PROBLEM = Problem(np.eye(6, 3), np.ones(6))


@dataclass(frozen=True)
class Toy(Theory):
    name: ClassVar[str] = "toy"
    title: ClassVar[str] = "Toy"
    reference: ClassVar[str] = "nowhere"
    guarantee: ClassVar[Guarantee] = "existence"
    certainty: ClassVar[Certainty] = "derived"
    formula: ClassVar[str] = "k ≥ n²/d"
    exponents: ClassVar[Exponents | None] = Exponents((2.0, -1.0), (1.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate"}
    holds: bool | None = True

    def concerns(self, regime: Regime) -> bool:
        return regime.name == "toy"

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        return [Assumption("A", True), Assumption("B", self.holds, "0")]

    def width(self, problem: Problem, regime: Regime) -> Width:
        return Width(float(problem.n))


class Broken(Toy):
    def width(self, problem: Problem, regime: Regime) -> Width:
        raise ZeroDivisionError("by nothing")

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        raise KeyError("activation")


class Undecided(Toy):
    def concerns(self, regime: Regime) -> bool:
        raise AttributeError("model")


class Talkative(Toy):
    def width(self, problem: Problem, regime: Regime) -> Width:
        return "wide"  # type: ignore[return-value]  # wrong on purpose


def test_a_prediction_has_both_readings() -> None:
    found = predict(Toy(), REGIME, PROBLEM)
    assert (found.n, found.d, found.width.value, found.scaling) == (6, 3, 6.0, 12.0)
    assert predict(Toy(), REGIME, Problem(np.eye(2, 5), np.ones(2))).scaling == 2.0  # n < d: k ~ n


def test_a_law_with_a_floor_is_the_larger_of_both() -> None:
    class Floored(Toy):
        exponents = Exponents((1.5, -1.0), floor=(1.0, 0.0))

    claim, rng = Floored(), np.random.default_rng(0)
    for n, d in rng.integers(1, 500, (50, 2)).tolist():
        assert claim.scaling(n, d) == pytest.approx(max(n**1.5 / d, n))
        a, b = claim.exponents.at(n, d)
        assert claim.scaling(n, d) == pytest.approx(n**a * d**b)
    assert predict(claim, REGIME, Problem(np.eye(6, 3), np.ones(6))).scaling == 6  # 6^{3/2}/3 = 4.9


@pytest.mark.parametrize(("holds", "applies"), [(True, True), (None, True), (False, False)])
def test_a_theory_applies_unless_an_assumption_fails(holds: bool | None, applies: bool) -> None:
    found = predict(Toy(holds), REGIME, PROBLEM)
    assert found.applies is applies
    assert [assumption.text for assumption in found.unmet] == ([] if applies else ["B"])


def test_a_broken_theory_costs_itself_alone() -> None:
    found = predictions([Broken(), Toy(), Undecided()], REGIME, PROBLEM)
    assert [type(prediction.theory) for prediction in found] == [Broken, Toy, Undecided]
    assert math.isnan(found[0].width.value)
    assert found[0].width.reason == "ZeroDivisionError: by nothing"
    assert found[0].assumptions == (Assumption("assumptions could be checked", None, "KeyError: 'activation'"),)
    assert found[1].width.value == 6
    assert found[2].width.reason == "AttributeError: model"


def test_an_answer_that_is_no_width_is_named() -> None:
    found = predict(Talkative(), REGIME, PROBLEM)
    assert math.isnan(found.width.value)
    assert "'wide'" in found.width.reason


@pytest.mark.parametrize(
    ("width", "reason"),
    [
        (Width(-5.0), "width() returned -5, expected a positive number"),
        (Width(-math.inf), "width() returned -inf, expected a positive number"),
        (Width(math.nan), "width() returned NaN without a reason, expected a number, or Width(math.nan, 'why')"),
        (17.0, "width() returned 17.0, expected Width(number)"),
        (None, "width() returned None, expected Width(number)"),
    ],
)
def test_a_width_that_cannot_be_is_an_error_of_the_theory(width: Width, reason: str) -> None:
    class Wrong(Toy):
        def width(self, problem: Problem, regime: Regime) -> Width:
            return width

    found = predict(Wrong(), REGIME, PROBLEM)
    assert (found.failed, found.width.reason, found.scaling) == (True, reason, 12.0)
    assert math.isnan(found.width.value)


@pytest.mark.parametrize("width", [Width(math.nan, "odd"), Width(math.inf), Width(3)])
def test_no_width_with_a_reason_is_an_answer(width: Width) -> None:
    class Right(Toy):
        def width(self, problem: Problem, regime: Regime) -> Width:
            return width

    found = predict(Right(), REGIME, PROBLEM)
    assert not found.failed
    assert found.width is width


@pytest.mark.parametrize("law", [-3.0, math.nan, "n²"])
def test_a_law_that_cannot_be_leaves_the_width(law: float) -> None:
    class Lawless(Toy):
        def scaling(self, n: int, d: int) -> float | None:
            return law

    found = predict(Lawless(), REGIME, PROBLEM)
    assert (found.failed, found.width.value, found.scaling) == (False, 6.0, None)
    assert found.scaling_error.startswith("scaling() returned ")


def test_only_theories_that_concern_the_regime_speak() -> None:
    other = Regime("other", REGIME.model, REGIME.initializer, REGIME.optimizer, REGIME.criterion)
    assert predictions([Toy()], other, PROBLEM) == ()
    assert isinstance(predictions([Toy()], REGIME, PROBLEM)[0], Prediction)


def test_theories_are_evaluated_without_torch() -> None:
    names = "import sys, harness.claims.predictions, harness_moderate"
    code = f"{names}; print('torch' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_theories_decline_problems_whose_kernels_do_not_fit_in_memory(registry: Registry) -> None:
    """n = 60 000: matrices of n × n take 27 GiB. No theory fails, and those without such matrices have a width."""
    rng = np.random.default_rng(0)
    large = Problem(unit_rows(rng.standard_normal((60_000, 4))), rng.standard_normal(60_000), 0, "sphere")
    found = {t.name: predict(t, build_regime(dict(t.claim.home), registry), large) for t in registry.theories()}
    assert not [name for name, one in found.items() if one.failed]
    declined = {name for name, one in found.items() if "n × n, 26.8 GiB" in one.width.reason}
    assert declined >= {"cert-d1", "cert-d1s", "cert-d2", "cert-d3", "ntk-chernoff", "os-covariance", "du"}
    assert {"count-hidden", "zhang", "bubeck", "nguyen-linear", "os-smooth-sphere"}.isdisjoint(declined)
    assert found["count-hidden"].width.value == 15_000
    certified = certified_width(CertificateD3(), REGIME, Sphere(), 60_000, 4, base=1)
    assert "n × n" in certified.reason
