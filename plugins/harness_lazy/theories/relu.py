"""Training the hidden layer of a wide ReLU net: widths in powers of n and of 1/λ₀."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import (
    ACTIVATIONS,
    Array,
    Assumption,
    Certainty,
    Exponents,
    Guarantee,
    Problem,
    Regime,
    Theory,
    Weights,
    Width,
)
from harness.claims import conditions
from harness.mathematics.kernels import lambda_hidden
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.conditions import FAILURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

THEORY_STEP = {"use": "gd", "step_size": "theory"}
"""Gradient descent as the theorem has it."""


def lambda_zero(x: Array) -> float:
    """Return λ₀ = λ_min(H∞), H∞_ij = x_iᵀx_j (π − arccos(x_iᵀx_j))/2π for inputs of norm 1."""
    return lambda_hidden(x, ACTIVATIONS["relu"])


@dataclass(frozen=True)
class ReLUTheory(Theory):
    """A theorem on f(x) = vᵀrelu(Wx), W trained, v = ±1/√k, with the width n^a/λ₀^b up to what ``factor`` says.

    Attributes:
        samples: a.
        eigenvalue: b; 0 where the power of λ₀ is not known, which leaves the law n^a.
        factor: What the width is multiplied by, at failure probability 0.05.
    """

    guarantee: ClassVar[Guarantee] = "convergence"
    home: ClassVar[Mapping[str, Any]] = {"use": "ntk-du"}
    samples: ClassVar[float]
    eigenvalue: ClassVar[float]
    factor: ClassVar[float] = 1.0

    def concerns(self, regime: Regime) -> bool:
        """Speak of ReLU nets with the hidden layer trained on all samples."""
        activation = conditions.activation_of(regime)
        relu = activation is not None and activation.name == "relu"
        return relu and regime.model.describe().trains == "hidden" and not conditions.stochastic(regime)

    def initialization(self, regime: Regime) -> Assumption:
        """Check how the weights are drawn."""
        return own.random_signs(regime)

    def step(self, regime: Regime) -> Sequence[Assumption]:
        """Check the step size, where the theorem's is known."""
        return []

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs and labels, then initialization, loss, algorithm and step size."""
        return [
            conditions.unit_rows(problem),
            conditions.on_different_lines(problem),
            own.bounded_labels(problem),
            conditions.without_biases(regime),
            self.initialization(regime),
            conditions.quadratic_loss(regime),
            conditions.gradient_descent(regime),
            *self.step(regime),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n^a/λ₀^b."""
        law = self.factor * float(problem.n) ** self.samples
        if self.eigenvalue == 0:
            return Width(law, "law at C = 1; how it depends on the inputs is not known")
        smallest = lambda_zero(problem.x)
        if smallest == 0:
            return Width(math.inf, "λ₀ = 0: two inputs are on a line, or too close to tell")
        return Width(law / smallest**self.eigenvalue, f"λ₀ = {smallest:.3g}")


@dataclass(frozen=True)
class Du(ReLUTheory):
    """Gradient descent converges if k ≥ C n⁶/(λ₀⁴δ³), with probability 1 − δ: ‖r_t‖² ≤ (1 − ηλ₀/2)^t ‖r₀‖²."""

    name: ClassVar[str] = "du"
    title: ClassVar[str] = "Du et al. 2019, Thm 4.1"
    reference: ClassVar[str] = references.DU
    bibtex: ClassVar[str] = references.DU_BIBTEX
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "the setting read in the paper, the width condition in a third party's notes; λ₀ computed, δ = 0.05"
    )
    formula: ClassVar[str] = "k ≥ C n⁶/(λ₀⁴δ³), λ₀ = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ), δ = 0.05"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(6.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "ntk-du", "optimizer": THEORY_STEP}
    samples: ClassVar[float] = 6.0
    eigenvalue: ClassVar[float] = 4.0
    factor: ClassVar[float] = FAILURE**-3

    def step(self, regime: Regime) -> Sequence[Assumption]:
        """Check η = O(λ₀/n²)."""
        return [own.small_step(regime, "O(λ₀/n²)", theory=self.name)]

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return λ₀/n², the theorem's step with its constant set to 1."""
        smallest = lambda_zero(problem.x)
        return smallest / problem.n**2 if smallest > 0 else None


@dataclass(frozen=True)
class SongYang(ReLUTheory):
    """Gradient descent converges if k ≥ C n⁴/λ₀⁴ up to logarithms."""

    name: ClassVar[str] = "song-yang"
    title: ClassVar[str] = "Song & Yang 2019"
    reference: ClassVar[str] = references.SONG_YANG
    bibtex: ClassVar[str] = references.SONG_YANG_BIBTEX
    certainty: ClassVar[Certainty] = "memory-low"
    certainty_note: ClassVar[str] = "n⁴ from a later paper's abstract, the power of λ₀ from memory; logarithms left out"
    formula: ClassVar[str] = "k ≥ C n⁴ polylog(n)/λ₀⁴"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(4.0, 0.0))
    samples: ClassVar[float] = 4.0
    eigenvalue: ClassVar[float] = 4.0


@dataclass(frozen=True)
class SongYangSpectral(ReLUTheory):
    """Under a further spectral condition on the data, k ≥ C n² up to 1/λ₀ and logarithms."""

    name: ClassVar[str] = "song-yang-spectral"
    title: ClassVar[str] = "Song & Yang 2019, further condition on the data"
    reference: ClassVar[str] = references.SONG_YANG
    bibtex: ClassVar[str] = references.SONG_YANG_BIBTEX
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "n² as listed by Song et al. 2021; the condition on the data and the power of λ₀ are not known and left out"
    )
    formula: ClassVar[str] = "k ≥ C n² · (powers of 1/λ₀, logarithms), under a spectral condition on the data"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(2.0, 0.0))
    samples: ClassVar[float] = 2.0
    eigenvalue: ClassVar[float] = 0.0

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Add the condition that nobody here can check."""
        unknown = Assumption("spectral condition on the data", None, "its parameters are not known")
        return [unknown, *super().assumptions(problem, regime)]


@dataclass(frozen=True)
class Munteanu(ReLUTheory):
    """From pairs of equal Gaussian rows with opposite outputs, k ≥ C n² up to 1/λ₀ and logarithms."""

    name: ClassVar[str] = "munteanu"
    title: ClassVar[str] = "Munteanu et al. 2022, coupled initialization"
    reference: ClassVar[str] = references.MUNTEANU
    bibtex: ClassVar[str] = references.MUNTEANU_BIBTEX
    certainty: ClassVar[Certainty] = "read"
    certainty_note: ClassVar[str] = (
        "the abstract: from roughly n⁴ to n²; powers of 1/λ₀ and logarithms are not known and left out"
    )
    formula: ClassVar[str] = "k ≥ C n² · (powers of 1/λ₀, logarithms)"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(2.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "ntk-du", "initializer": {"use": "paired"}}
    samples: ClassVar[float] = 2.0
    eigenvalue: ClassVar[float] = 0.0

    def initialization(self, regime: Regime) -> Assumption:
        """Check for pairs."""
        return own.paired(regime)


@dataclass(frozen=True)
class Arora(ReLUTheory):
    """Gradient descent converges if k ≥ C n⁸/λ₀⁶, at a speed set by the labels' share of each eigenvector of H∞."""

    name: ClassVar[str] = "arora"
    title: ClassVar[str] = "Arora et al. 2019"
    reference: ClassVar[str] = references.ARORA
    bibtex: ClassVar[str] = references.ARORA_BIBTEX
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = "about n⁸/λ₀⁶, as Oymak et al. 2019 quote it for one output"
    formula: ClassVar[str] = "k ≥ C n⁸/λ₀⁶"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(8.0, 0.0))
    samples: ClassVar[float] = 8.0
    eigenvalue: ClassVar[float] = 6.0

    def initialization(self, regime: Regime) -> Assumption:
        """Check for Gaussian rows and random signs; the scale that the theorem gives W₀ is not known."""
        found = own.random_signs(regime)
        return Assumption("W₀ Gaussian, v = ±1/√k with random signs", None if found.holds else False, found.found)
