"""Widths for the ReLU with all layers trained from theorems of which only the abstracts are known."""

from __future__ import annotations

import math
from dataclasses import replace

from harness import Assumption, Claim, Exponents, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ScalingTheory
from harness.mathematics.kernels import lambda_both
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references

START = (shared.relu, shared.distinct_inputs)
DESCENT = (
    shared.quadratic_loss,
    shared.gradient_descent,
    Assumption("further conditions on data and step size, which are not known", None),
)


class ReLUScaling(ScalingTheory):
    """A claim about gradient descent on all layers of a ReLU net."""

    nets = Nets("all", "relu")

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the scaling at C = 1."""
        if self.activation(regime).name != "relu":
            return Width(math.nan, "the claim is for the ReLU")
        return super().width(problem, regime)


class NguyenLinear(ReLUScaling):
    """Linear width for the most favourable of the initializations."""

    name = "nguyen-linear"
    claim = Claim(
        title="Nguyen 2021, most favourable initialization",
        formula="k ≥ C n, one wide layer; C n² or C n³ for other initializations",
        reference=references.NGUYEN,
        guarantee="convergence",
        certainty="abstract",
        certainty_note="linear, quadratic or cubic width by initialization",
        exponents=Exponents(large_n=(1.0, 0.0)),
        home={"use": "train-all-relu"},
    )
    conditions = (*START, own.unknown_start, *DESCENT)


class NguyenLeCun(ReLUScaling):
    """Quadratic width from LeCun's initialization for shallow nets (cubic for deep ones)."""

    name = "nguyen-lecun"
    claim = replace(
        NguyenLinear.claim,
        title="Nguyen 2021, LeCun's initialization",
        formula="k ≥ C n² from LeCun's initialization, one hidden layer",
        certainty="secondary",
        certainty_note="the abstract says linear, quadratic or cubic by initialization; that LeCun's "
        "is quadratic for shallow nets stands in papers that cite it; exponents only",
        exponents=Exponents(large_n=(2.0, 0.0)),
    )
    conditions = (*START, own.lecun, *DESCENT)


class Dana(ReLUScaling):
    """The gradient flow converges from k ≥ C log n if the inputs are nearly orthogonal, as in high dimension."""

    name = "dana"
    claim = replace(
        NguyenLinear.claim,
        title="Dana, Bach & Pillaud-Vivien 2025",
        formula="k ≥ C log n, inputs of low correlation, gradient flow",
        reference=references.DANA,
        certainty_note="log n, the flow and the low correlation of the inputs from the abstract; how low was not read",
        exponents=None,
    )
    conditions = (*START, own.low_correlation, own.unknown_start, shared.quadratic_loss, own.gradient_flow)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate log n."""
        if self.activation(regime).name != "relu":
            return Width(math.nan, "the claim is for the ReLU")
        if problem.n == 1:
            return Width(math.nan, "log n = 0: the theorem does not speak of one sample")
        return Width(max(math.log(problem.n), 1.0), "log n at C = 1, and one neuron at least")


class NearLinear(ReLUScaling):
    """A contested claim: n/λ neurons from an unbalanced mirrored initialization.

    By the abstract λ is the smallest eigenvalue of the limiting tangent kernel. Both layers are trained, so it is that
    of E[φ'φ'ᵀ] ∘ XXᵀ + E[φφᵀ], here with the two layers at equal scales.
    """

    name = "near-linear-2026"
    claim = replace(
        NguyenLinear.claim,
        title="Near-linear width, ICLR 2026 submission (contested)",
        formula="k ≥ C n/λ for one output, unbalanced mirrored Gaussian initialization",
        reference=references.NEAR_LINEAR,
        certainty="abstract",
        certainty_note="CONTESTED: rejected, its reviewers questioned a lemma of the proof; no established result; λ "
        "is the smallest eigenvalue of the limiting tangent kernel, taken here at equal scales of both layers",
        home={"use": "train-all-relu", "initializer": "mirrored-lecun"},
    )
    conditions = (*START, own.unbalanced_pairs, *DESCENT)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/λ, λ = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ + E[φ(Xw)φ(Xw)ᵀ])."""
        at_one = super().width(problem, regime)
        if math.isnan(at_one.value):
            return at_one
        smallest = lambda_both(problem.x, self.activation(regime))
        if smallest == 0:
            return Width(math.inf, "λ = 0: inputs are parallel, or too close to tell")
        return Width(problem.n / smallest, f"λ = {smallest:.3g}, both layers at equal scales")
