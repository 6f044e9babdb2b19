"""Widths from which on the tangent kernel at the start is well conditioned: what linearized nets need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Width
from harness.claims import conditions
from harness.mathematics.spectra import operator_norm
from harness_lazy.initializers import TangentGaussian
from harness_lazy.limit import limiting_eigenvalue
from harness_lazy.models import Linearized
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.conditions import FAILURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def chernoff_width(problem: Problem, regime: Regime, failure: float = FAILURE) -> Width:
    """Return the k from which on λ_min(K₀) ≥ λ_min(K∞)/2 with probability 1 − p, hidden layer trained.

    K₀ = (a²/k) Σ_j Z_j with Z_j = (φ'(Xw_j)φ'(Xw_j)ᵀ) ∘ XXᵀ, independent, of mean Σ(X) and norm at most B²‖X‖²,
    B = sup|φ'|. By the matrix Chernoff bound (Tropp 2012, Theorem 1.1, at half the mean) λ_min of the average is
    below λ(X)/2 with probability at most n exp(−kλ(X)/(8B²‖X‖²)), as (e^{−1/2}/(1/2)^{1/2}) ≤ e^{−1/8}. Pairs have
    k/2 independent terms. With hidden biases X has a column of ones.
    """
    activation, sizes = own.activation_around_start(regime), own.equal_sizes(regime, problem)
    if activation is None:
        return Width(math.nan, "the bound is for shallow nets")
    if sizes is None:
        return Width(math.nan, f"for v = ±a/√k only, not for {regime.initializer.name}")
    biases = regime.model.describe().biases
    smallest = limiting_eigenvalue(problem.x, activation, "hidden", sigma=sizes[0], biases=biases)
    if smallest == 0:
        return Width(math.inf, "λ(X) = 0: two inputs are on a line, or too close to tell")
    inputs = np.column_stack([problem.x, np.ones(problem.n)]) if biases else problem.x
    width = 8.0 * (activation.b1 * operator_norm(inputs)) ** 2 * math.log(problem.n / failure) / smallest
    return Width(float(sizes[2] * math.ceil(width)), f"λ(X) = {smallest:.3g}, with probability {1.0 - failure:g}")


@dataclass(frozen=True)
class Chernoff(Theory):
    """From k ≥ 8B²‖X‖² log(n/p)/λ(X) on, λ_min(K₀) ≥ λ_min(K∞)/2 with probability 1 − p."""

    name: ClassVar[str] = "ntk-chernoff"
    title: ClassVar[str] = "Matrix Chernoff, λ_min(K₀) ≥ ½ λ_min(K∞)"
    reference: ClassVar[str] = f"concentration of the tangent kernel, {references.DERIVED}"
    guarantee: ClassVar[Guarantee] = "linearised"
    certainty: ClassVar[Certainty] = "derived"
    certainty_note: ClassVar[str] = "proof in the documentation of chernoff_width; tested by simulation"
    formula: ClassVar[str] = "k ≥ 8B²‖X‖² log(n/p)/λ(X), B = sup|φ'|, p = 0.05; twice that for pairs"
    explicit: ClassVar[bool] = True
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, -1.0), small_n=(0.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "linearized"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of the hidden layer of nets that are shallow, or scaled or linearized shallow nets."""
        return own.activation_around_start(regime) is not None and regime.model.describe().trains == "hidden"

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs and initialization; inputs may have any norm."""
        return [conditions.on_different_lines(problem), own.of_equal_sizes(regime, problem)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the bound."""
        return chernoff_width(problem, regime)

    def scaling(self, n: int, d: int) -> float | None:
        """Return None: the constant is explicit."""
        return None


@dataclass(frozen=True)
class MontanariZhong(Theory):
    """The linearized hidden layer interpolates, with λ_min(K₀) bounded below, if kd ≥ n polylog(n) and d ≥ √n."""

    name: ClassVar[str] = "montanari-zhong"
    title: ClassVar[str] = "Montanari & Zhong 2022"
    reference: ClassVar[str] = references.MONTANARI_ZHONG
    bibtex: ClassVar[str] = references.MONTANARI_ZHONG_BIBTEX
    guarantee: ClassVar[Guarantee] = "linearised"
    certainty: ClassVar[Certainty] = "read"
    certainty_note: ClassVar[str] = (
        "the abstract, and the theorem as Karhadkar et al. 2024 quote it; without logarithms; what φ must be not known"
    )
    formula: ClassVar[str] = "kd ≥ C n polylog(n), d ≥ C √n polylog(n)"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, -1.0), small_n=(0.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "linearized"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of the linearized hidden layer."""
        return isinstance(regime.model, Linearized) and regime.model.train == "hidden"

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check the dimension, and that inputs are isotropic as far as one draw can tell."""
        n, d = problem.n, problem.d
        isotropic = True if problem.dataset in ("sphere", "gaussian") else None
        return [
            Assumption("d ≥ C √n polylog(n)", None if d * d >= n else False, f"d = {d}, √n = {math.sqrt(n):.3g}"),
            Assumption("isotropic inputs", isotropic, f"dataset {problem.dataset!r}"),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/d at C = 1, at least one neuron."""
        return Width(max(problem.n / problem.d, 1.0), "law at C = 1; the data are not used")


@dataclass(frozen=True)
class Karhadkar(Theory):
    """λ_min(K₀) ≥ c λ for the ReLU and both layers if k ≥ C ‖X‖² log(n/ε)/λ, with probability 1 − ε.

    λ = (1 + d log(1/δ)/log d)⁻³ δ², δ = min over pairs of min(‖x_i − x_j‖, ‖x_i + x_j‖). Inputs that are δ-separated
    are δ'-separated for any δ' ≤ δ; a δ above 1 is replaced by 1, where λ is largest.
    """

    name: ClassVar[str] = "karhadkar-ntk"
    title: ClassVar[str] = "Karhadkar, Murray & Montúfar 2024"
    reference: ClassVar[str] = references.KARHADKAR
    bibtex: ClassVar[str] = references.KARHADKAR_BIBTEX
    guarantee: ClassVar[Guarantee] = "linearised"
    certainty: ClassVar[Certainty] = "read"
    certainty_note: ClassVar[str] = "ε = 0.05; constants 1"
    formula: ClassVar[str] = "k ≥ C ‖X‖² log(n/ε)/λ, λ = (1 + d log(1/δ)/log d)⁻³ δ²"
    home: ClassVar[Mapping[str, Any]] = {
        "use": "linearized",
        "activation": "relu",
        "train": "all",
        "initializer": {"use": "ntk-gaussian"},
    }

    def concerns(self, regime: Regime) -> bool:
        """Speak of both layers of ReLU nets, shallow or scaled or linearized."""
        activation = own.activation_around_start(regime)
        return activation is not None and activation.name == "relu" and regime.model.describe().trains == "all"

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs and initialization."""
        start = regime.initializer
        gaussian = isinstance(start, TangentGaussian) and start.sigma == start.output == 1.0
        return [
            conditions.unit_rows(problem),
            conditions.on_different_lines(problem),
            Assumption("d ≥ 3", problem.d >= 3, f"d = {problem.d}"),
            conditions.without_biases(regime),
            Assumption("W₀ ~ N(0, 1), v ~ N(0, 1/k)", gaussian, "" if gaussian else start.name),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate ‖X‖² log(n/ε)/λ on the inputs."""
        if problem.d < 3:
            return Width(math.nan, "the theorem needs d ≥ 3")
        apart = min(own.separation(problem), 1.0)
        if apart == 0:
            return Width(math.inf, "δ = 0: two inputs on a line")
        growth = 1.0 + problem.d * math.log(1.0 / apart) / math.log(problem.d)
        smallest = apart**2 / growth**3
        width = operator_norm(problem.x) ** 2 * math.log(problem.n / FAILURE) / smallest
        return Width(width, f"δ = {apart:.3g}, λ = {smallest:.3g}")
