"""Training the output layer on random features [Oymak and Soltanolkotabi, arXiv 1902.04674]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Width
from harness.claims import conditions
from harness.mathematics.kernels import lambda_output
from harness_moderate.theories import conditions as own
from harness_moderate.theories import references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class OutputLayer(Theory):
    """Theorem 3.2: gradient descent on v interpolates if k ≥ C n polylog(n)/λ̃(X), λ̃(X) = λ_min(E[φ(Xw)φ(Xw)ᵀ])."""

    name: ClassVar[str] = "os-output"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Thm 3.2"
    reference: ClassVar[str] = references.OYMAK_SOLTANOLKOTABI
    bibtex: ClassVar[str] = references.OYMAK_SOLTANOLKOTABI_BIBTEX
    guarantee: ClassVar[Guarantee] = "convergence"
    certainty: ClassVar[Certainty] = "memory"
    certainty_note: ClassVar[str] = "its order derived; the logarithms are left out"
    formula: ClassVar[str] = "k ≥ C n polylog(n)/λ̃(X), λ̃(X) = λ_min(E[φ(Xw)φ(Xw)ᵀ])"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "output-only"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of shallow nets with the output layer trained on all samples."""
        trains = regime.model.describe().trains
        return conditions.activation_of(regime) is not None and trains == "output" and not conditions.stochastic(regime)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, hidden weights, loss, algorithm and that the step is stable."""
        optimizer = regime.optimizer
        stable = optimizer.c < 2 if optimizer.step_size == "stable" else optimizer.step_size == "theory" or None
        return [
            conditions.unit_rows(problem),
            conditions.distinct_inputs(problem),
            conditions.without_biases(regime),
            own.gaussian_hidden_layer(regime),
            conditions.quadratic_loss(regime),
            conditions.gradient_descent(regime),
            Assumption("step size < 2/λ_max(J₀J₀ᵀ)", stable),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/λ̃(X)."""
        activation = conditions.activation_of(regime)
        if activation is None:
            return Width(math.nan, "the theorem is about shallow nets")
        smallest = lambda_output(problem.x, activation)
        if smallest == 0:
            return Width(math.inf, "λ̃(X) = 0: inputs are parallel or antipodal, or too close to tell")
        return Width(problem.n / smallest)
