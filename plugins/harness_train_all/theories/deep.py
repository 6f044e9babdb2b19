"""Widths of nets of several hidden layers, all of them trained. Most are known from abstracts or from others' accounts.

Each claim asks for something of the layers' widths. The exponents are those of layers of one width k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from harness import Assumption, Claim, Exponents, Problem, Regime
from harness.claims import conditions as shared
from harness.claims.deep import DeepTheory, home
from harness.claims.shallow import Conditions
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references

FURTHER = Assumption("further conditions on data and step size, which are not known", None)
DESCENT = (shared.quadratic_loss, shared.gradient_descent, FURTHER)


class Bombari(DeepTheory):
    """Deep smooth nets of about √n neurons a layer fit n labels: the product of two layers' widths counts."""

    name = "bombari"
    activation_name = "smooth"
    claim = Claim(
        title="Bombari, Amani & Mondelli 2022, deep nets",
        formula="the widths of the last two hidden layers have a product ≥ C n polylog(n): √n neurons each",
        reference=references.BOMBARI,
        guarantee="convergence",
        certainty="secondary",
        certainty_note="Ω(n) parameters and Ω(√n) neurons from the abstract; which layers, their narrowing and the "
        "smooth φ as Karhadkar et al. 2024 quote theorem 1, by which λ_min of the tangent kernel is of the order of "
        "that product; the start and the steps of the guarantee for gradient descent are not known",
        exponents=Exponents(large_n=(0.5, 0.0)),
        home=home("gelu"),
    )
    conditions: ClassVar[Conditions] = (shared.smooth, own.dimension_of_order_root_n, own.unknown_start, *DESCENT)

    def wide(self, widths: Sequence[int], n: int) -> bool:
        """Decide whether the last two layers have a product of n."""
        return widths[-1] * widths[-2] >= n

    def assumptions(self, problem: Problem, regime: Regime) -> list[Assumption]:
        """Check the conditions, and that the layers narrow, up to a factor."""
        return [self.narrowing(problem, regime, loosely=True), *super().assumptions(problem, regime)]


class NguyenMondelliDeep(DeepTheory):
    """Gradient descent converges if the first layer has n neurons, and the layers behind it narrow."""

    name = "nguyen-mondelli-deep"
    activation_name = "smooth"
    claim = Claim(
        title="Nguyen & Mondelli 2020, deep nets",
        formula="n neurons in the first layer, the layers behind it narrowing",
        reference=references.NGUYEN_MONDELLI,
        guarantee="convergence",
        certainty="abstract",
        certainty_note="one layer of width n behind the inputs, then a pyramid of constant widths; the initialization "
        "that needs no more than n was not seen",
        exponents=Exponents(large_n=(1.0, 0.0)),
        home=home("gelu"),
    )
    conditions: ClassVar[Conditions] = (shared.smooth, own.unknown_start, *DESCENT)

    def wide(self, widths: Sequence[int], n: int) -> bool:
        """Decide whether the first layer has n neurons."""
        return widths[0] >= n

    def assumptions(self, problem: Problem, regime: Regime) -> list[Assumption]:
        """Check the conditions, and that the layers narrow."""
        return [self.narrowing(problem, regime), *super().assumptions(problem, regime)]


class NguyenMondelliLeCun(NguyenMondelliDeep):
    """Gradient descent from LeCun's initialization converges if the first layer has of order n² neurons."""

    name = "nguyen-mondelli-deep-lecun"
    claim = replace(
        NguyenMondelliDeep.claim,
        title="Nguyen & Mondelli 2020, deep nets, LeCun's initialization",
        formula="C n² neurons in the first layer, the layers behind it narrowing",
        certainty_note="order n² for LeCun's initialization (Xavier's in the printed abstract)",
        exponents=Exponents(large_n=(2.0, 0.0)),
    )
    conditions: ClassVar[Conditions] = (shared.smooth, own.deep_lecun, *DESCENT)

    def wide(self, widths: Sequence[int], n: int) -> bool:
        """Decide whether the first layer has n² neurons."""
        return widths[0] >= n**2


class NguyenDeep(DeepTheory):
    """One wide layer of a width linear in n for the most favourable of the initializations."""

    name = "nguyen-deep"
    activation_name = "relu"
    claim = Claim(
        title="Nguyen 2021, deep nets, most favourable initialization",
        formula="C n neurons in one layer; C n² or C n³ for other initializations",
        reference=references.NGUYEN,
        guarantee="convergence",
        certainty="abstract",
        certainty_note="a single wide layer of linear, quadratic or cubic width by initialization; which layer it is "
        "was not seen, so the widest one counts",
        exponents=Exponents(large_n=(1.0, 0.0)),
        home=home("relu"),
    )
    conditions: ClassVar[Conditions] = (shared.relu, shared.distinct_inputs, own.unknown_start, *DESCENT)

    def wide(self, widths: Sequence[int], n: int) -> bool:
        """Decide whether some layer has n neurons."""
        return max(widths) >= n


class NguyenDeepLeCun(NguyenDeep):
    """One wide layer of a width cubic in n from LeCun's initialization of deep nets."""

    name = "nguyen-deep-lecun"
    claim = replace(
        NguyenDeep.claim,
        title="Nguyen 2021, deep nets, LeCun's initialization",
        formula="C n³ neurons in one layer",
        certainty="secondary",
        certainty_note="the abstract says linear, quadratic or cubic by initialization; that LeCun's is cubic for deep "
        "nets stands in papers that cite it",
        exponents=Exponents(large_n=(3.0, 0.0)),
    )
    conditions: ClassVar[Conditions] = (shared.relu, shared.distinct_inputs, own.deep_lecun, *DESCENT)

    def wide(self, widths: Sequence[int], n: int) -> bool:
        """Decide whether some layer has n³ neurons."""
        return max(widths) >= n**3


THEORIES = (
    Bombari,
    NguyenMondelliDeep,
    NguyenMondelliLeCun,
    NguyenDeep,
    NguyenDeepLeCun,
)
"""The theories of deep nets."""
