"""Widths from which on the tangent kernel at the start is well conditioned, as linearized nets need."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness import Activation, Claim, Model, Problem, Reference, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import LINEAR, Nets, ShallowTheory
from harness.mathematics.spectra import operator_norm, rank
from harness_lazy.limit import limiting_eigenvalue
from harness_lazy.models import Linearized
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.conditions import FAILURE


class TangentTheory(ShallowTheory):
    """A theory of shallow nets, also of those that are scaled or linearized around w₀.

    Attributes:
        models: The models that it is about, or an empty tuple for all.
    """

    models: ClassVar[tuple[type[Model], ...]] = ()

    def phi(self, regime: Regime) -> Activation | None:
        """Return φ of the net behind the model, or None for other models."""
        return (
            None if self.models and not isinstance(regime.model, self.models) else own.activation_around_start(regime)
        )


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
    if math.isinf(activation.b1):
        return Width(math.inf, "B = sup|φ'| = ∞")
    biases = regime.model.describe().biases
    try:
        smallest = limiting_eigenvalue(problem.x, activation, "hidden", sigma=sizes[0], biases=biases)
    except ValueError as error:  # a series that converges too slowly
        return Width(math.nan, f"λ(X) is not known: {error}")
    if smallest == 0:
        return Width(math.inf, "λ(X) = 0: two inputs are on a line, or too close to tell")
    inputs = np.column_stack([problem.x, np.ones(problem.n)]) if biases else problem.x
    width = 8.0 * (activation.b1 * operator_norm(inputs)) ** 2 * math.log(problem.n / failure) / smallest
    return Width(float(sizes[2] * math.ceil(width)), f"λ(X) = {smallest:.3g}, with probability {1.0 - failure:g}")


class Chernoff(TangentTheory):
    """From k ≥ 8B²‖X‖² log(n/p)/λ(X) on, λ_min(K₀) ≥ λ_min(K∞)/2 with probability 1 − p. Inputs may have any norm."""

    name = "ntk-chernoff"
    claim = Claim(
        title="Matrix Chernoff, λ_min(K₀) ≥ ½ λ_min(K∞)",
        formula="k ≥ 8B²‖X‖² log(n/p)/λ(X), B = sup|φ'|, p = 0.05; twice that for pairs",
        reference=Reference(f"concentration of the tangent kernel, {references.DERIVED}"),
        guarantee="linearised",
        certainty="derived",
        certainty_note="proof in the documentation of chernoff_width; tested by simulation",
        explicit=True,
        exponents=LINEAR,
        home={"use": "linearized"},
    )
    nets = Nets("hidden", batches="any")
    conditions = (shared.on_different_lines, own.of_equal_sizes)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the bound."""
        return chernoff_width(problem, regime)


class MontanariZhong(TangentTheory):
    """The linearized hidden layer interpolates, with λ_min(K₀) bounded below, if kd ≥ n polylog(n) and d ≥ √n."""

    name = "montanari-zhong"
    claim = replace(
        Chernoff.claim,
        title="Montanari & Zhong 2022",
        formula="kd ≥ C n polylog(n), d ≥ C √n polylog(n)",
        reference=references.MONTANARI_ZHONG,
        certainty="abstract",
        certainty_note="also the theorem as Karhadkar et al. 2024 quote it; without logarithms; what φ must be not "
        "known",
        explicit=False,
    )
    models = (Linearized,)
    nets = Chernoff.nets
    conditions = (own.dimension_of_order_root_n, own.isotropic)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/d at C = 1, at least one neuron."""
        return Width(max(problem.n / rank(problem.x), 1.0), "law at C = 1, d the dimension that the inputs span")


class Karhadkar(TangentTheory):
    """λ_min(K₀) ≥ c λ for the ReLU and both layers if k ≥ C ‖X‖² log(n/ε)/λ, with probability 1 − ε.

    λ = (1 + d log(1/δ)/log d)⁻³ δ², δ = min over pairs of min(‖x_i − x_j‖, ‖x_i + x_j‖). Inputs that are δ-separated
    are δ'-separated for any δ' ≤ δ. A δ above 1 is replaced by 1, where λ is largest.
    """

    name = "karhadkar-ntk"
    claim = replace(
        MontanariZhong.claim,
        title="Karhadkar, Murray & Montúfar 2024",
        formula="k ≥ C ‖X‖² log(n/ε)/λ, λ = (1 + d log(1/δ)/log d)⁻³ δ²",
        reference=references.KARHADKAR,
        certainty="read",
        certainty_note="ε = 0.05; constants 1",
        exponents=None,
        home={"use": "linearized", "activation": "relu", "train": "all", "initializer": {"use": "ntk-gaussian"}},
    )
    nets = Nets("all", "relu", "any")
    conditions = (
        shared.unit_rows,
        shared.on_different_lines,
        own.dimension_at_least(3),
        shared.without_biases,
        own.tangent_gaussian,
    )

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
