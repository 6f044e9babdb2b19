"""Widths for the ReLU with all layers trained whose theorems are known from abstracts: laws at C = 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Width
from harness.claims import conditions
from harness.mathematics.kernels import lambda_hidden
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OTHER = "the claim is for the ReLU"


@dataclass(frozen=True)
class ReLULaw(Theory):
    """A claim about gradient descent on all layers of a ReLU net, known as a law only."""

    guarantee: ClassVar[Guarantee] = "convergence"
    home: ClassVar[Mapping[str, Any]] = {"use": "train-all-relu"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of ReLU nets with all layers trained on all samples."""
        activation = own.activation_of(regime)
        return activation is not None and activation.name == "relu" and not conditions.stochastic(regime)

    def initialization(self, regime: Regime) -> Assumption:
        """Check the initialization."""
        return own.unknown("the theorem's initialization, which is not known", regime.initializer.name)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check what the abstract tells."""
        return [
            conditions.relu(own.activation_of(regime)),
            conditions.distinct_inputs(problem),
            self.initialization(regime),
            conditions.quadratic_loss(regime),
            conditions.gradient_descent(regime),
            own.unknown("further conditions on data and step size, which are not known"),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the law at C = 1."""
        activation, law = own.activation_of(regime), self.scaling(problem.n, problem.d)
        if activation is None or activation.name != "relu" or law is None:
            return Width(math.nan, OTHER)
        return Width(law, "law at C = 1; the data are not used")


@dataclass(frozen=True)
class NguyenLeCun(ReLULaw):
    """Quadratic width from LeCun's initialization for shallow nets (cubic for deep ones)."""

    name: ClassVar[str] = "nguyen-lecun"
    title: ClassVar[str] = "Nguyen 2021, LeCun's initialization"
    reference: ClassVar[str] = references.NGUYEN
    bibtex: ClassVar[str] = references.NGUYEN_BIBTEX
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "the abstract, which was read, says linear, quadratic or cubic by initialization; that LeCun's is quadratic "
        "for shallow nets stands in papers that cite it; exponents only"
    )
    formula: ClassVar[str] = "k ≥ C n² from LeCun's initialization, one hidden layer"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(2.0, 0.0))

    def initialization(self, regime: Regime) -> Assumption:
        """Check for LeCun's initialization."""
        return own.lecun(regime)


@dataclass(frozen=True)
class NguyenLinear(ReLULaw):
    """Linear width for the most favourable of the initializations."""

    name: ClassVar[str] = "nguyen-linear"
    title: ClassVar[str] = "Nguyen 2021, most favourable initialization"
    reference: ClassVar[str] = references.NGUYEN
    bibtex: ClassVar[str] = references.NGUYEN_BIBTEX
    certainty: ClassVar[Certainty] = "read"
    certainty_note: ClassVar[str] = "the abstract only: linear, quadratic or cubic width by initialization"
    formula: ClassVar[str] = "k ≥ C n, one wide layer; C n² or C n³ for other initializations"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, 0.0))


@dataclass(frozen=True)
class NearLinear(ReLULaw):
    """A contested claim: n/λ neurons from an unbalanced mirrored initialization.

    λ is taken as the smallest eigenvalue of the hidden layer's tangent kernel; which one the submission means is not
    known.
    """

    name: ClassVar[str] = "near-linear-2026"
    title: ClassVar[str] = "Near-linear width, ICLR 2026 submission (contested)"
    reference: ClassVar[str] = references.NEAR_LINEAR
    bibtex: ClassVar[str] = references.NEAR_LINEAR_BIBTEX
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "CONTESTED: rejected, its reviewers questioned a lemma of the proof; known from abstract and reviews, which do "
        "not say which λ is meant; no established result"
    )
    formula: ClassVar[str] = "k ≥ C n/λ for one output, unbalanced mirrored Gaussian initialization"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, 0.0))

    def initialization(self, regime: Regime) -> Assumption:
        """Say that the initialization is another: mirrored pairs, c₁c₂ ≥ C√n."""
        paired = regime.initializer.width_step > 1
        return Assumption("unbalanced mirrored initialization", None if paired else False, regime.initializer.name)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/λ(X), λ(X) = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ)."""
        activation = own.activation_of(regime)
        if activation is None or activation.name != "relu":
            return Width(math.nan, OTHER)
        smallest = lambda_hidden(problem.x, activation)
        if smallest == 0:
            return Width(math.inf, "λ(X) = 0: inputs are parallel, or too close to tell")
        return Width(problem.n / smallest, "λ taken as that of the hidden layer's tangent kernel")
