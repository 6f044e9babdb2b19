"""What the theorems of Oymak and Soltanolkotabi on training the hidden layer have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness import Activation, Assumption, Exponents, Guarantee, Problem, Regime, Theory, Weights
from harness.claims import conditions
from harness.mathematics.spectra import operator_norm
from harness_moderate.theories import conditions as own
from harness_moderate.theories import references

if TYPE_CHECKING:
    from collections.abc import Sequence

THEORY_STEP = {"use": "gd", "step_size": "theory"}
"""Gradient descent as the theorems have it."""


@dataclass(frozen=True)
class HiddenLayerTheory(Theory):
    """A theorem on f(x) = vᵀφ(Wx) with W trained, W₀ ~ N(0, 1) and v = ±‖y‖/√(kn), half and half.

    Unknown constants are 1, and so is the factor 1 + δ that buys probability.

    Attributes:
        minibatch: Whether the theorem is about SGD.
        smooth: Whether it is about smooth activations; the others are about the ReLU.
    """

    reference: ClassVar[str] = references.OYMAK_SOLTANOLKOTABI
    bibtex: ClassVar[str] = references.OYMAK_SOLTANOLKOTABI_BIBTEX
    guarantee: ClassVar[Guarantee] = "convergence"
    minibatch: ClassVar[bool] = False
    smooth: ClassVar[bool] = True

    def concerns(self, regime: Regime) -> bool:
        """Speak of shallow nets with the hidden layer trained, of the activation and the algorithm of the theorem."""
        activation = conditions.activation_of(regime)
        if activation is None or regime.model.describe().trains != "hidden":
            return False
        spoken_of = activation.smooth if self.smooth else activation.name == "relu"
        return spoken_of and conditions.stochastic(regime) == self.minibatch

    def data_conditions(self, problem: Problem, activation: Activation) -> Sequence[Assumption]:
        """Check what the theorem asks of inputs and activation."""
        return [conditions.unit_rows(problem), own.khatri_rao_full_rank(problem)]

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs and activation, then initialization, loss, algorithm and step size."""
        activation = self.activation(regime)
        checks = [
            *self.data_conditions(problem, activation),
            own.labels_not_zero(problem),
            conditions.without_biases(regime),
            own.gaussian_halves(regime),
            conditions.quadratic_loss(regime),
        ]
        if self.minibatch:
            one = regime.optimizer.batch_size(problem.n) == 1
            seen = f"{regime.optimizer.batch_size(problem.n)} samples a step"
            # How the theorem samples is not known for certain, so that larger batches are left open.
            return [*checks, Assumption("SGD, one sample a step", True if one else None, seen)]
        norms = _bound(activation) * float(np.linalg.norm(problem.y)) * operator_norm(problem.x)
        safe = problem.n / (2.0 * norms**2) if norms > 0 else 0.0
        return [
            *checks,
            conditions.gradient_descent(regime),
            own.step_at_most("n/(2B²‖y‖²‖X‖²)", 0.5, safe, problem, regime, theories="os-"),
        ]

    def activation(self, regime: Regime) -> Activation:
        """Return the activation of the regime.

        Raises:
            ValueError: The model has none.
        """
        activation = conditions.activation_of(regime)
        if activation is None:
            raise ValueError("the theorem is about shallow nets")
        return activation

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 1/(2B²‖v‖²‖X‖²), which is n/(2B²‖y‖²‖X‖²) for the theorem's v; B = 1 for the ReLU."""
        bound = own.jacobian_bound(problem.x, weights, _bound(self.activation(regime)))
        return None if self.minibatch or bound == 0 else 1.0 / (2.0 * bound**2)


def _bound(activation: Activation) -> float:
    return activation.bound if activation.smooth else activation.b1


SPHERE_SMOOTH = Exponents(large_n=(2.0, -1.0), small_n=(1.0, 0.0))
SPHERE_RELU = Exponents(large_n=(4.0, -3.0), small_n=(1.0, 0.0))
