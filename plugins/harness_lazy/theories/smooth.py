"""Training the hidden layer with a smooth activation, by the spectrum of its Jacobian."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Width
from harness.claims import conditions
from harness.mathematics.kernels import lambda_hidden
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class OymakFabian(Theory):
    """Gradient descent converges if k ≥ C n⁴ log n/λ(X)⁴: the case of full spectrum and one output."""

    name: ClassVar[str] = "oymak-fabian"
    title: ClassVar[str] = "Oymak et al. 2019, full spectrum"
    reference: ClassVar[str] = references.OYMAK_FABIAN
    bibtex: ClassVar[str] = references.OYMAK_FABIAN_BIBTEX
    guarantee: ClassVar[Guarantee] = "convergence"
    certainty: ClassVar[Certainty] = "read"
    certainty_note: ClassVar[str] = "the width and the covariance read; that φ', φ'' must be bounded is from memory"
    formula: ClassVar[str] = "k ≥ C n⁴ log n/λ(X)⁴, λ(X) = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ)"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(4.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "ntk-du", "activation": "softplus"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of smooth shallow nets with the hidden layer trained on all samples."""
        activation = conditions.activation_of(regime)
        smooth = activation is not None and activation.smooth
        return smooth and regime.model.describe().trains == "hidden" and not conditions.stochastic(regime)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, hidden weights, loss and algorithm."""
        known = own.equal_sizes(regime, problem)
        gaussian = known is not None and known[0] == 1.0 and known[2] == 1
        return [
            conditions.unit_rows(problem),
            conditions.without_biases(regime),
            Assumption("W₀ ~ N(0, 1)", gaussian, "" if gaussian else regime.initializer.name),
            Assumption("v of the paper's size", None, "not known"),
            conditions.quadratic_loss(regime),
            conditions.gradient_descent(regime),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n⁴ log n/λ(X)⁴."""
        activation = conditions.activation_of(regime)
        if activation is None:
            return Width(math.nan, "the theorem is about shallow nets")
        smallest = lambda_hidden(problem.x, activation)
        if smallest == 0:
            return Width(math.inf, "λ(X) = 0: two inputs are on a line, or too close to tell")
        return Width(problem.n**4 * math.log(problem.n) / smallest**4, f"λ(X) = {smallest:.3g}")
