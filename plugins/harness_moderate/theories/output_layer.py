"""Training the output layer on random features [Oymak and Soltanolkotabi, arXiv 1902.04674]."""

from __future__ import annotations

import math

from harness import Claim, Exponents, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ShallowTheory
from harness.mathematics.kernels import lambda_output
from harness_moderate.theories import conditions as own
from harness_moderate.theories.references import OYMAK_SOLTANOLKOTABI


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
