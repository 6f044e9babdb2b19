"""Widths of nets of several hidden layers by theorems that keep the weights close to their start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from harness import Claim, Exponents
from harness.claims import conditions as shared
from harness.claims.deep import DeepTheory, home
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references


class AllLayersWide(DeepTheory):
    """A theorem that asks for C n^a L^b neurons in each hidden layer.

    Attributes:
        powers: a and b.
    """

    activation_name = "relu"
    batches: ClassVar[Literal["full", "any"]] = "any"
    powers: ClassVar[tuple[int, int]]
    reason = "at C = 1; powers of the separation left out"

    def wide(self, widths: Sequence[int], n: int) -> bool:
        """Decide whether each layer has n^a L^b neurons."""
        a, b = self.powers
        return min(widths) >= int(n**a * len(widths) ** b)


class AllenZhuDeep(AllLayersWide):
    """Gradient descent and SGD converge if all layers have C n²⁴ L¹² neurons, up to the separation of the inputs."""

    name = "allen-zhu-deep"
    powers = (24, 12)
    claim = Claim(
        title="Allen-Zhu et al. 2019, deep nets",
        formula="C n²⁴ L¹² polylog/δ⁸ neurons in each layer",
        reference=references.ALLEN_ZHU,
        guarantee="convergence",
        certainty="secondary",
        certainty_note="widths polynomial in n and L from the abstract; n²⁴L¹²/δ⁸ as quoted by Basri et al. 2020, "
        "where the first and the last layer are fixed; the separation δ and logarithms left out",
        exponents=Exponents(large_n=(24.0, 0.0)),
        home=home("relu"),
    )
    conditions = (
        shared.unit_rows,
        own.separated,
        own.weights_of_the_paper,
        own.smooth_loss,
        own.without_momentum,
    )


class ZouGuDeep(AllLayersWide):
    """Gradient descent and SGD converge if all layers have C n⁸ L¹² neurons, up to the separation of the inputs."""

    name = "zou-gu-deep"
    powers = (8, 12)
    claim = replace(
        AllenZhuDeep.claim,
        title="Zou & Gu 2019, deep nets",
        formula="C n⁸ L¹² · (powers of 1/δ) neurons in each layer",
        reference=references.ZOU_GU,
        certainty_note="n⁸L¹² as listed by Song et al. 2021; powers of the separation δ left out",
        exponents=Exponents(large_n=(8.0, 0.0)),
    )
    conditions = (
        shared.unit_rows,
        own.separated,
        own.weights_of_the_paper,
        shared.quadratic_loss,
        own.without_momentum,
    )


class DuDeep(AllLayersWide):
    """Gradient descent converges in smooth nets if all layers have C n⁴ neurons, up to λ and factors of the depth."""

    name = "du-deep"
    activation_name = "smooth"
    batches = "full"
    powers = (4, 0)
    reason = "at C = 1; powers of 1/λ and factors 2^O(L) left out"
    claim = Claim(
        title="Du et al. 2019, deep nets",
        formula="C 2^O(L) n⁴/λ⁴ neurons in each layer",
        reference=references.DU_DEEP,
        guarantee="convergence",
        certainty="memory",
        certainty_note="the abstract says polynomial time for residual nets; n⁴/λ⁴ and a factor exponential in the "
        "depth of fully connected nets from memory",
        exponents=Exponents(large_n=(4.0, 0.0)),
        home=home("gelu"),
    )
    conditions = (
        shared.unit_rows,
        shared.distinct_inputs,
        shared.smooth,
        own.weights_of_the_paper,
        shared.quadratic_loss,
        shared.gradient_descent,
    )


THEORIES = (DuDeep, ZouGuDeep, AllenZhuDeep)
"""The theories of deep nets."""
