"""Training the output layer on random features [Oymak and Soltanolkotabi, arXiv 1902.04674]."""

from __future__ import annotations

import math
from dataclasses import replace

from harness import Claim, Exponents, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ScalingTheory, ShallowTheory
from harness.mathematics.kernels import lambda_output
from harness.mathematics.spectra import extreme_cosines
from harness_moderate.theories import conditions as own
from harness_moderate.theories.references import BECCHETTI, KAWAGUCHI_HUANG, OYMAK_SOLTANOLKOTABI


class OutputLayer(ShallowTheory):
    """Theorem 3.2: gradient descent on v interpolates if k ≥ C n polylog(n)/λ̃(X), λ̃(X) = λ_min(E[φ(Xw)φ(Xw)ᵀ])."""

    name = "os-output"
    claim = Claim(
        title="Oymak & Soltanolkotabi 2020, Thm 3.2",
        formula="k ≥ C n polylog(n)/λ̃(X), λ̃(X) = λ_min(E[φ(Xw)φ(Xw)ᵀ])",
        reference=OYMAK_SOLTANOLKOTABI,
        guarantee="convergence",
        certainty="memory",
        certainty_note="its order derived; the logarithms are left out",
        exponents=Exponents(large_n=(1.0, 0.0)),
        home={"use": "output-only"},
    )
    nets = Nets("output")
    conditions = (
        shared.unit_rows,
        shared.distinct_inputs,
        shared.without_biases,
        own.gaussian_hidden_layer,
        shared.quadratic_loss,
        shared.gradient_descent,
        shared.stable_step("2/λ_max(J₀J₀ᵀ)"),
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/λ̃(X)."""
        smallest = lambda_output(problem.x, self.activation(regime))
        if smallest == 0:
            return Width(math.inf, "λ̃(X) = 0: inputs are parallel or antipodal, or too close to tell")
        return Width(problem.n / smallest)


class KawaguchiHuang(ScalingTheory):
    """Gradient descent on the last layer converges with a number of weights that is nearly linear in n."""

    name = "kawaguchi-huang"
    claim = replace(
        OutputLayer.claim,
        title="Kawaguchi & Huang 2019, last layer",
        formula="k ≥ C n polylog(n), the last layer trained",
        reference=KAWAGUCHI_HUANG,
        certainty="secondary",
        certainty_note="its abstract says that the number of weights need grow linearly in n only, for all layers of "
        "deep nets; that the last layer is what counts is listed by Song et al. 2021",
        unit="parameters",
    )
    nets = OutputLayer.nets
    conditions = (shared.distinct_inputs, shared.quadratic_loss, shared.gradient_descent)


class Becchetti(ShallowTheory):
    """k ≥ (C/θ) max(n, log 1/δ) random neurons give features of rank n, θ the least angle of two input lines."""

    name = "becchetti"
    claim = replace(
        OutputLayer.claim,
        title="Becchetti, Russo & Skorupinski 2026, rank lifting",
        formula="k ≥ (C/θ) max(n, log(1/δ)), θ the least angle between two lines of inputs, δ = 0.05",
        reference=BECCHETTI,
        guarantee="existence",
        certainty="abstract",
        certainty_note="from the paper's opening; ReLU, leaky ReLU or sign features; no page was found to compare the "
        "entry of the bibliography with",
        home={"use": "output-only", "activation": "relu"},
    )
    nets = Nets("output", "relu", "any")
    conditions = (shared.on_different_lines, own.gaussian_hidden_layer)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate max(n, log 20)/θ."""
        least, largest = extreme_cosines(problem.x)
        theta = math.acos(min(max(-least, largest), 1.0))
        if theta == 0:
            return Width(math.inf, "θ = 0: two inputs on a line")
        return Width(max(problem.n, math.log(20.0)) / theta, f"θ = {theta:.3g}; existence of a fit by the output layer")
