"""Theorems on deep ReLU nets, read at one hidden layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Width
from harness.claims import conditions
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


@dataclass(frozen=True)
class DeepReLUTheory(Theory):
    """A width n^a L^b for nets of L hidden layers with separated inputs, at L = 1; for SGD as well."""

    guarantee: ClassVar[Guarantee] = "convergence"
    home: ClassVar[Mapping[str, Any]] = {"use": "ntk-du"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of ReLU nets with the hidden layer trained."""
        activation = conditions.activation_of(regime)
        relu = activation is not None and activation.name == "relu"
        return relu and regime.model.describe().trains == "hidden"

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, their separation, loss and algorithm; how exactly weights are drawn is not known here."""
        plain = Assumption("(stochastic) gradient descent", regime.optimizer.heavy_ball() == 0.0, regime.optimizer.name)
        apart = own.separation(problem)
        return [
            conditions.unit_rows(problem),
            Assumption("inputs separated", apart > 0, f"δ = {apart:.3g}; powers of 1/δ are left out"),
            Assumption("weights drawn as in the paper", None, f"{regime.initializer.name}; its scales are not known"),
            conditions.quadratic_loss(regime),
            plain,
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the law at C = 1."""
        law = self.scaling(problem.n, problem.d)
        return Width(float("nan") if law is None else law, "law at C = 1; powers of the separation left out")


@dataclass(frozen=True)
class AllenZhu(DeepReLUTheory):
    """Gradient descent and SGD converge if k ≥ C n²⁴ L¹² up to the separation of the inputs."""

    name: ClassVar[str] = "allen-zhu"
    title: ClassVar[str] = "Allen-Zhu et al. 2019, at one hidden layer"
    reference: ClassVar[str] = references.ALLEN_ZHU
    bibtex: ClassVar[str] = references.ALLEN_ZHU_BIBTEX
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "n²⁴L¹² as listed by Song et al. 2021, there under parameters; a width in the abstract of Zou & Gu 2019"
    )
    formula: ClassVar[str] = "k ≥ C n²⁴ L¹² · (powers of 1/δ), L = 1"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(24.0, 0.0))


@dataclass(frozen=True)
class ZouGu(DeepReLUTheory):
    """Gradient descent and SGD converge if k ≥ C n⁸ L¹² up to the separation of the inputs."""

    name: ClassVar[str] = "zou-gu"
    title: ClassVar[str] = "Zou & Gu 2019, at one hidden layer"
    reference: ClassVar[str] = references.ZOU_GU
    bibtex: ClassVar[str] = references.ZOU_GU_BIBTEX
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "n⁸L¹² as listed by Song et al. 2021; the paper's milder condition for one hidden layer is not known here"
    )
    formula: ClassVar[str] = "k ≥ C n⁸ L¹² · (powers of 1/δ), L = 1"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(8.0, 0.0))
