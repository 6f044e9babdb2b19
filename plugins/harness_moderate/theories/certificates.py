"""Certificates with every constant explicit: widths at which convergence is proved, for the problem at hand."""

from __future__ import annotations

import math

import numpy as np

from harness import (
    Activation,
    Assumption,
    Certificate,
    Claim,
    Exponents,
    Problem,
    Reference,
    Regime,
    StepPolicy,
    Weights,
    Width,
)
from harness.builtin.initializers import GaussianHalves
from harness.claims import conditions as shared
from harness.claims.shallow import THEORY_STEP, Nets, ShallowTheory
from harness.mathematics.kernels import lambda_hidden, lambda_output, output_variance
from harness.mathematics.limit.ball_net import BallNet
from harness.mathematics.spectra import operator_norm
from harness_moderate import instances
from harness_moderate.theories import conditions as own
from harness_moderate.theories.hidden_layer import DEPENDENT, SPHERE_SMOOTH
from harness_moderate.theories.references import DERIVED

FAILURE = 0.05
"""Probability with which a certified width may fail, over the draw of the initial weights."""


def d1_width(problem: Problem, activation: Activation, failure: float = FAILURE) -> Width:
    """Solve certificate D1 for k, with W₀ ~ N(0, 1) and v = ±‖y‖/√(kn), half and half.

    With probability at least 1 − p, D1 holds at every even k above both of
        8 B₁² ‖X‖² log(2n/p)/λ(X)                                 (smallest eigenvalue)
        256 B₂² ρ² n ‖X‖² max_i‖x_i‖²/λ(X)²                      (the test itself)
    where B₁ = sup|φ'|, B₂ = sup|φ''| and ρ bounds ‖r₀‖/‖y‖.

    Smallest eigenvalue. J₀J₀ᵀ = (‖y‖²/n)(1/k)Σ_j Z_j with Z_j = (φ'(Xw_j)φ'(Xw_j)ᵀ) ∘ XXᵀ, independent, of mean
    Σ(X) and norm at most B₁²‖X‖². By the matrix Chernoff bound λ_min of the average is below λ(X)/2 with
    probability at most n exp(−kλ(X)/(8B₁²‖X‖²)), which is p/2 by the first line. Then σ₀² ≥ ‖y‖²λ(X)/(2n), and
    σ₀² ≥ 8L‖r₀‖ with L = B₂ (‖y‖/√(kn)) ‖X‖ max_i‖x_i‖ is the second line.

    Residual at the start. For even k the two halves cancel in the mean, E f₀ = 0, and
    E‖f₀‖² = (‖y‖²/n) Σ_i Var φ(w·x_i), for unit rows ‖y‖² Var φ(g). As ‖∂f₀/∂W‖ ≤ ‖y‖B₁‖X‖/√n everywhere,
    ‖f₀‖ is a Lipschitz function of the Gaussian W with that constant, and E‖f₀‖ ≤ (E‖f₀‖²)^½; so by Gaussian
    concentration, with probability at least 1 − p/2,
        ρ ≤ 1 + (mean_i Var φ(w·x_i))^½ + B₁‖X‖ √(2 log(2/p)/n).
    """
    x, n = problem.x, problem.n
    if not activation.smooth:
        return Width(math.nan, "φ'' is not bounded")
    if not np.any(problem.y):
        return Width(math.nan, "y = 0")
    smallest, norm = lambda_hidden(x, activation), operator_norm(x)
    if smallest == 0:
        return Width(math.inf, DEPENDENT)
    deviation = activation.b1 * norm * math.sqrt(2.0 * math.log(2.0 / failure) / n)
    rho = 1.0 + math.sqrt(output_variance(x, activation)) + deviation
    longest = float(np.linalg.norm(x, axis=1).max())
    eigenvalue = 8.0 * (activation.b1 * norm) ** 2 * math.log(2.0 * n / failure) / smallest
    test = n * (16.0 * rho * activation.b2 * norm * longest / smallest) ** 2
    even = 2.0 * math.ceil(max(eigenvalue, test) / 2.0)
    return Width(even, f"with probability {1.0 - failure:g}; ‖r₀‖ ≤ {rho:.3g} ‖y‖")


def certified_step(problem: Problem, regime: Regime, activation: Activation) -> Assumption:
    """Check the step size against 2/(9‖J₀‖²)."""
    # ‖J₀‖ ≤ B₁‖v‖‖X‖ at every width, and ‖v‖ = ‖y‖/√n.
    steepest = activation.b1 * float(np.linalg.norm(problem.y)) * operator_norm(problem.x)
    safe = 2.0 * problem.n / (9.0 * steepest**2) if steepest > 0 else 0.0
    return own.step_at_most("2/(9‖J₀‖²)", 2.0 / 9.0, safe, problem, regime, theories=CertificateD1.name)


class CertificateD1(ShallowTheory, Certificate, StepPolicy):
    """Gradient descent on the hidden layer provably converges: σ_min(J₀)² ≥ 8L‖r₀‖, solved for k.

    Inputs may have any norm.
    """

    name = "cert-d1"
    claim = Claim(
        title="Certificate D1, hidden layer",
        formula="k ≥ max(256 B₂²ρ²n‖X‖²/λ(X)², 8B₁²‖X‖² log(2n/p)/λ(X)), ρ ≥ ‖r₀‖/‖y‖, p = 0.05",
        reference=Reference(f"explicit form of Oymak & Soltanolkotabi's Theorem 6.2, {DERIVED}"),
        guarantee="certificate",
        certainty="derived",
        certainty_note="proofs in the documentation of instances.D1 and d1_width; tested against gradient descent",
        explicit=True,
        exponents=SPHERE_SMOOTH,
        home={"use": "moderate", "activation": "softplus", "optimizer": THEORY_STEP, "theory": "cert-d1"},
    )
    nets = Nets("hidden", "smooth")
    conditions = (
        shared.smooth,
        shared.distinct_inputs,
        own.labels_not_zero,
        shared.without_biases,
        own.gaussian_halves,
        shared.quadratic_loss,
        shared.gradient_descent,
        certified_step,
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the certified width, an even number."""
        start = regime.initializer
        if not (isinstance(start, GaussianHalves) and start.sigma == 1.0 and start.output is None):
            return Width(math.nan, f"solved for k with W₀ ~ N(0, 1) and v = ±‖y‖/√(kn) only, not with {start.name}")
        return d1_width(problem, self.activation(regime))

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 2/(9‖J₀‖²)."""
        gram = instances.hidden_gram(weights, problem.x, self.activation(regime))
        largest = float(np.linalg.eigvalsh(gram)[-1])
        return 2.0 / (9.0 * largest) if largest > 0 else None

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test σ_min(J₀)² ≥ 8L‖r₀‖ on these weights, however they were drawn."""
        if not (self.concerns(regime) and shared.plain_descent(regime)):
            return None
        return instances.d1_holds(weights, problem, self.activation(regime))

    def certifies_in_balls(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Repeat the test in ball arithmetic."""
        net = BallNet.of(weights, problem.x, problem.y, self.activation(regime))
        return None if net is None else net.meets_d1()


class CertificateD3(ShallowTheory, Certificate, StepPolicy):
    """Gradient descent on the output layer fits all labels if and only if φ(XW₀ᵀ) has rank n.

    For analytic φ the determinant of φ(XW₀ᵀ) at k = n is an analytic function of W₀. It is not the zero function if the
    functions φ(x_i·w) are linearly independent, that is if E[φ(Xw)φ(Xw)ᵀ] is positive definite. The determinant is then
    almost surely not 0. For φ without a kink and not polynomial this is true if no two inputs lie on one line through
    the origin. The ReLU needs k ≥ n as well, but may have a smaller rank there.
    """

    name = "cert-d3"
    claim = Claim(
        title="Certificate D3, output layer",
        formula="σ_min(φ(XW₀ᵀ)) > 0; analytic φ: k ≥ n, with a bias n − 1",
        reference=Reference(f"linear regression on random features, {DERIVED}"),
        guarantee="certificate",
        certainty="derived",
        certainty_note="linear regression: exact",
        explicit=True,
        exponents=Exponents(large_n=(1.0, 0.0)),
        home={"use": "output-only", "optimizer": THEORY_STEP},
    )
    nets = Nets("output")
    conditions = (
        shared.analytic,
        shared.distinct_inputs,
        own.independent_neurons,
        shared.quadratic_loss,
        shared.gradient_descent,
        shared.stable_step("2/σ_max(F₀)²"),
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return n, or n − 1 with a bias, if the features of the inputs are linearly independent."""
        activation = self.activation(regime)
        if not shared.on_different_lines(problem).holds and lambda_output(problem.x, activation) == 0:
            return Width(math.inf, "λ̃(X) = 0: the features of the inputs are linearly dependent")
        k = max(1, problem.n - 1 if regime.model.describe().biases else problem.n)
        return Width(float(k), "" if activation.analytic else "necessary; the rank may be smaller at this width")

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 1/σ_max(F₀)²."""
        return instances.d3(weights, problem, self.activation(regime)).step_size

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test σ_min(F₀) > 0 on these weights."""
        if not (self.concerns(regime) and shared.plain_descent(regime)):
            return None
        return instances.d3(weights, problem, self.activation(regime)).holds

    def certifies_in_balls(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Repeat the test in ball arithmetic."""
        net = BallNet.of(weights, problem.x, problem.y, self.activation(regime))
        return None if net is None else net.full_rank("output")
