"""Widths for smooth nets with all layers trained, in the tangent regime."""

from __future__ import annotations

import math
from dataclasses import replace

from harness import Assumption, Exponents, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ScalingTheory, ShallowTheory
from harness.mathematics.kernels import lambda_both
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.convergence import DESCENT, SongYang

HOME = {"use": "train-all"}


class HuangYau(ScalingTheory):
    """Gradient descent on deep smooth nets converges if k ≥ C n³."""

    name = "huang-yau"
    claim = replace(
        SongYang.claim,
        title="Huang & Yau 2020",
        formula="k ≥ C n³, smooth φ",
        reference=references.HUANG_YAU,
        certainty="secondary",
        certainty_note="n³ for smooth φ as quoted by others; conditions on the data are not known",
        exponents=Exponents(large_n=(3.0, 0.0)),
        home=HOME,
    )
    nets = Nets("all", "smooth")
    conditions = (shared.smooth, shared.unit_rows, own.weights_of_the_paper, *DESCENT)


class LiuZhuBelkin(ShallowTheory):
    """Gradient descent converges if k ≥ C n R^{6L+2}/(λ₀ − μρ^{−2})², λ₀ the least eigenvalue of the tangent kernel."""

    name = "liu-zhu-belkin"
    claim = replace(
        HuangYau.claim,
        title="Liu, Zhu & Belkin 2022",
        formula="k ≥ C n R^{6L+2}/(λ₀ − μρ^{−2})², here at L = 1, R = 1, μ = 0",
        reference=references.LIU_ZHU_BELKIN,
        certainty_note="from notes on the paper; R, the radius of the ball, and μ, ρ are left out",
        exponents=Exponents(large_n=(1.0, 0.0)),
    )
    nets = Nets("all", "smooth")
    conditions = (
        shared.smooth,
        own.weights_of_the_paper,
        Assumption("μ and R of the ball", None, "left out"),
        *DESCENT,
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/λ₀²."""
        smallest = lambda_both(problem.x, self.activation(regime))
        if smallest == 0:
            return Width(math.inf, "λ₀ = 0: inputs are parallel, or too close to tell")
        return Width(problem.n / smallest**2, f"λ₀ = {smallest:.3g}, both layers at equal scales")
