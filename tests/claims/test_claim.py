from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from harness import (
    Assumption,
    Certificate,
    Claim,
    Constructive,
    Exponents,
    Problem,
    Reference,
    Regime,
    StepPolicy,
    Theory,
    Weights,
    Width,
)
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, StochasticGradientDescent
from harness.claims.conditions import stable_step, unit_rows
from harness.claims.shallow import Conditions, Nets, ScalingTheory

BIBTEX = "@misc{nother, title = {On Width}, author = {Nother, A.}, year = {2027}}"
CLAIM = Claim(
    title="A. Nother 2027",
    formula="k ≥ C n²/d",
    reference=Reference("On width.", BIBTEX),
    guarantee="convergence",
    certainty="memory",
    certainty_note="invented",
    exponents=Exponents((2.0, -1.0)),
    home={"use": "moderate"},
)


class Stated(Theory):
    """A theory with a claim."""

    name = "stated"
    claim = CLAIM

    def concerns(self, regime: Regime) -> bool:
        return True

    def width(self, problem: Problem, regime: Regime) -> Width:
        return Width(problem.n)


class ByAttributes(Theory):
    """The same claim, attribute by attribute."""

    name = "by-attributes"
    title: ClassVar[str] = CLAIM.title
    formula: ClassVar[str] = CLAIM.formula
    reference: ClassVar[str] = "On width."
    bibtex: ClassVar[str] = BIBTEX
    guarantee: ClassVar[str] = "convergence"
    certainty: ClassVar[str] = "memory"
    certainty_note: ClassVar[str] = "invented"
    exponents: ClassVar[Exponents | None] = Exponents((2.0, -1.0))
    home: ClassVar[dict[str, str]] = {"use": "moderate"}

    concerns = Stated.concerns
    width = Stated.width

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        return 0.1


class Variant(ByAttributes):
    title = "A variant"
    certainty = "read"


class Partly(Stated):
    unit = "parameters"


def test_a_claim_stated_attribute_by_attribute_is_the_same_record() -> None:
    assert ByAttributes.claim == Stated.claim
    assert Variant.claim == replace(CLAIM, title="A variant", certainty="read")
    assert Partly.claim == replace(CLAIM, unit="parameters")
    assert (CLAIM.verified, Variant.claim.verified) == (False, True)
    assert Stated().scaling(400, 20) == ByAttributes().scaling(400, 20) == pytest.approx(8000.0)


def test_what_a_theory_can_do_follows_from_its_methods() -> None:
    assert isinstance(ByAttributes(), StepPolicy)
    assert not isinstance(ByAttributes(), Certificate | Constructive)
    assert not isinstance(Stated(), StepPolicy | Certificate | Constructive)


class Sphere(ScalingTheory):
    name = "sphere"
    claim = CLAIM
    nets = Nets("hidden", "smooth")
    conditions: ClassVar[Conditions] = (Assumption("given", None), unit_rows, stable_step("2/λ"))


def regime(**options: object) -> Regime:
    made = Regime("r", ShallowNet("softplus", "hidden"), GaussianHalves(), GradientDescent(), Quadratic())
    return replace(made, **options)  # type: ignore[arg-type]  # parts of a regime by name


def test_networks_and_conditions_are_data() -> None:
    theory, on = Sphere(), Problem(np.eye(6, 3) + np.eye(6, 3, -3), np.ones(6))
    assert theory.concerns(regime())
    for other in (
        regime(model=ShallowNet("relu", "hidden")),
        regime(model=ShallowNet("softplus", "all")),
        regime(optimizer=StochasticGradientDescent()),
    ):
        assert not theory.concerns(other)
    assert Nets(("hidden", "all"), batches="any").include(regime(model=ShallowNet("relu", "all")), theory.phi(regime()))
    assert [a.holds for a in theory.assumptions(on, regime(optimizer=GradientDescent(c=2.5)))] == [None, True, False]
    assert theory.width(on, regime()).value == 12.0


def test_the_scaling_of_an_explicit_constant_is_not_shown_at_one() -> None:
    class Explicit(Sphere):
        claim = replace(CLAIM, explicit=True)

    assert Explicit().scaling(6, 3) is None
