"""Widths at which an interpolating network exists, whether or not training finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import Assumption, Certainty, Construction, Guarantee, Problem, Regime, Width
from harness.claims import conditions
from harness_narrow import constructions
from harness_narrow.theories import conditions as own
from harness_narrow.theories import references
from harness_narrow.theories.base import Count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class ZhangExistence(Count):
    """k ≥ 2n/d: a smooth net of mirrored pairs can be moved a little so that it fits any labels.

    Proof, for φ analytic and no polynomial, inputs from a density, and k = 2m with m = ⌈n/d⌉.

    (i) For almost all inputs X and hidden weights A (m, d), the vectors φ'(a_j·x_i) x_i, side by side over j, form a
    matrix M (n, md) of rank min(n, md). As its minors are analytic in X and A, one example is enough. Let a_j = α_j u
    with distinct α_j > 0 and a unit vector u, and let the samples come in m groups of d, those of group g independent
    with u·x = β_g ≠ 0 throughout. Then M = diag(X_1, …, X_m)(B ⊗ I) with B_gj = φ'(α_j β_g), of determinant
    Π det X_g (det B)^d. The functions β ↦ φ'(α_j β) are independent: φ' has infinitely many Taylor coefficients c_q
    that are not 0, and Σ_j γ_j α_j^q = 0 for all those q forces γ = 0, as (α_j^q) is a generalized Vandermonde matrix.
    So det B ≠ 0 for some β. With fewer than md samples take some of the rows.

    (ii) Let w_j = a_j + tδ_j and w_{j+m} = a_j for j ≤ m, v_j = −v_{j+m} = 1/t. Then f(x) = Σ_j φ'(a_j·x) δ_j·x + O(t),
    with derivatives, uniformly for bounded δ. The limit t → 0 maps δ linearly onto R^n by (i), so for small t the
    image of a ball around a solution of Mδ = y contains y.

    The paper's own claim says 2n/d; even and whole numbers make that 2⌈n/d⌉.
    """

    name: ClassVar[str] = "zhang"
    title: ClassVar[str] = "Zhang et al. 2021, expressivity"
    reference: ClassVar[str] = references.ZHANG
    bibtex: ClassVar[str] = references.ZHANG_BIBTEX
    guarantee: ClassVar[Guarantee] = "existence"
    certainty: ClassVar[Certainty] = "derived"
    certainty_note: ClassVar[str] = (
        "the paper's abstract claims 2n/d; proof of our own in the documentation of ZhangExistence"
    )
    formula: ClassVar[str] = "k ≥ 2⌈n/d⌉"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of smooth shallow nets with all layers trained."""
        activation, trains = conditions.activation_of(regime), regime.model.describe().trains
        return activation is not None and activation.smooth and trains == "all"

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs and activation."""
        return [conditions.from_a_density(problem), own.analytic(regime)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return 2⌈n/d⌉."""
        return Width(2.0 * own.groups(problem), "existence: it says nothing about training")

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction:
        """Find such a net by Levenberg and Marquardt's method, from mirrored pairs."""
        return constructions.mirrored_net(problem.x, problem.y, rng)


@dataclass(frozen=True)
class Bubeck(Count):
    """k ≥ 4⌈n/d⌉: ReLU neurons with biases fit any labels, four for each d samples.

    The construction, and with it a proof, is :func:`harness_narrow.constructions.relu_slabs`.
    """

    name: ClassVar[str] = "bubeck"
    title: ClassVar[str] = "Bubeck et al. 2020, ReLU"
    reference: ClassVar[str] = references.BUBECK
    bibtex: ClassVar[str] = references.BUBECK_BIBTEX
    guarantee: ClassVar[Guarantee] = "existence"
    certainty: ClassVar[Certainty] = "derived"
    certainty_note: ClassVar[str] = (
        "the paper's abstract claims four times Baum's number; construction of our own in constructions.relu_slabs"
    )
    formula: ClassVar[str] = "k ≥ 4⌈n/d⌉"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow", "activation": "relu", "biases": True}

    def concerns(self, regime: Regime) -> bool:
        """Speak of ReLU nets with all layers trained."""
        return own.named(regime, "relu", "all")

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs and biases."""
        return [own.general_position(problem), own.biases(regime)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return 4⌈n/d⌉."""
        return Width(4.0 * own.groups(problem), "existence: it says nothing about training")

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction:
        """Build the net of the proof."""
        return constructions.relu_slabs(problem.x, problem.y, rng)


@dataclass(frozen=True)
class Baum(Count):
    """k ≥ ⌈n/d⌉: threshold neurons realise any two classes of points in general position.

    No regime here trains threshold neurons, as their gradient is 0: the claim stands in the overview alone. The
    construction that is offered, slabs around the smaller class, needs 2⌈n₁/d⌉ neurons for its n₁ ≤ n/2 samples, at
    most one more than ⌈n/d⌉.
    """

    name: ClassVar[str] = "baum"
    title: ClassVar[str] = "Baum 1988, threshold units"
    reference: ClassVar[str] = references.BAUM
    bibtex: ClassVar[str] = references.BAUM_BIBTEX
    guarantee: ClassVar[Guarantee] = "existence"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "as quoted in the abstract of Bubeck et al.; derived here: 2⌈n₁/d⌉ for the smaller class of n₁ samples"
    )
    formula: ClassVar[str] = "k ≥ ⌈n/d⌉"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow", "biases": True}

    def concerns(self, regime: Regime) -> bool:
        """Speak of no regime that is trained by gradients."""
        return False

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, labels and activation."""
        activation = conditions.activation_of(regime)
        return [
            own.general_position(problem),
            own.binary_labels(problem),
            Assumption("φ the threshold", False, "" if activation is None else activation.name),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return ⌈n/d⌉."""
        return Width(float(own.groups(problem)), "existence: it says nothing about training")

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction:
        """Build slabs around the smaller class."""
        return constructions.threshold_slabs(problem.x, problem.y, rng)
