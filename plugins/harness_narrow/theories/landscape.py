"""Widths at which the loss has no bad stationary points of some kind; whether training meets others is left open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Assumption, Certainty, Guarantee, Positive, Problem, Regime, Width
from harness.claims import conditions
from harness_narrow.theories import conditions as own
from harness_narrow.theories import references
from harness_narrow.theories.base import Count, Order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class ZhangLandscape(Count):
    """k ≥ 2n/d: every Karush-Kuhn-Tucker point of the constrained problem is nearly a global minimum.

    Whether projected gradient descent reaches such a point is left open by the paper.
    """

    name: ClassVar[str] = "zhang-landscape"
    title: ClassVar[str] = "Zhang et al. 2021, constrained landscape"
    reference: ClassVar[str] = references.ZHANG
    bibtex: ClassVar[str] = references.ZHANG_BIBTEX
    guarantee: ClassVar[Guarantee] = "landscape"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "2n/d and the claim from the paper's abstract and introduction; the exact feasible set, its constants and what "
        "φ must satisfy from memory"
    )
    formula: ClassVar[str] = "k ≥ 2⌈n/d⌉"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow-constrained"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of smooth shallow nets in constrained training of all layers."""
        activation, trains = conditions.activation_of(regime), regime.model.describe().trains
        smooth = activation is not None and activation.smooth
        return smooth and trains == "all" and bool(own.constrained(regime).holds)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, activation, initialization, loss and constraints."""
        return [
            conditions.from_a_density(problem),
            own.analytic(regime),
            own.mirrored(regime),
            conditions.quadratic_loss(regime),
            own.constrained(regime),
            Assumption("ε, ζ and κ as in the paper", None, "its values are not known here"),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return 2⌈n/d⌉."""
        return Width(2.0 * own.groups(problem), "landscape: it says nothing about where training ends")


@dataclass(frozen=True)
class SoudryCarmon(Count):
    """k ≥ n/d: differentiable local minima are global, for leaky ReLU with multiplicative noise on its slopes."""

    name: ClassVar[str] = "soudry-carmon"
    title: ClassVar[str] = "Soudry & Carmon 2016"
    reference: ClassVar[str] = references.SOUDRY_CARMON
    bibtex: ClassVar[str] = references.SOUDRY_CARMON_BIBTEX
    guarantee: ClassVar[Guarantee] = "landscape"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = "from an excerpt of the paper, and as later papers quote it"
    formula: ClassVar[str] = "k ≥ ⌈n/d⌉"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow-hidden", "activation": "leaky-relu"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of leaky ReLU nets with the hidden layer trained."""
        return own.named(regime, "leaky-relu", "hidden")

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check loss and noise."""
        return [
            conditions.from_a_density(problem),
            conditions.quadratic_loss(regime),
            Assumption("multiplicative noise on the activations", False, "none"),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return ⌈n/d⌉."""
        return Width(float(own.groups(problem)), "landscape, where the loss is differentiable")


@dataclass(frozen=True)
class Karhadkar(Order):
    """k ≳ (n/d) log(1/ε): all but a share ε of the activation regions of a ReLU net have no bad stationary point.

    Differentiable ones, that is, for fixed v; a share of the regions by number, however small they are.

    Attributes:
        epsilon: ε, the share of regions that may be bad.
    """

    name: ClassVar[str] = "karhadkar"
    title: ClassVar[str] = "Karhadkar et al. 2024"
    reference: ClassVar[str] = references.KARHADKAR
    bibtex: ClassVar[str] = references.KARHADKAR_BIBTEX
    guarantee: ClassVar[Guarantee] = "landscape"
    certainty: ClassVar[Certainty] = "memory-low"
    certainty_note: ClassVar[str] = "mildly above n/d from reviews of the paper; the logarithm from memory"
    formula: ClassVar[str] = "k ≥ C (n/d) log(1/ε), ε = 0.01"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow-hidden", "activation": "relu"}
    epsilon: Positive = 0.01

    def concerns(self, regime: Regime) -> bool:
        """Speak of ReLU nets with the hidden layer trained."""
        return own.named(regime, "relu", "hidden")

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs and loss."""
        return [conditions.from_a_density(problem), conditions.quadratic_loss(regime)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate (n/d) log(1/ε)."""
        return Width(own.ratio(problem) * math.log(1.0 / self.epsilon), f"ε = {self.epsilon:g}")
