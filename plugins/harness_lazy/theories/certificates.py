"""Certificates with every constant explicit, for scaled and for linearized nets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness import (
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
from harness.builtin.initializers import GaussianHalves, He, LeCun, MirroredLeCun, Xavier
from harness.claims import conditions as shared
from harness.claims.shallow import LINEAR, THEORY_STEP, Nets
from harness.mathematics.limit.start import UP
from harness.mathematics.spectra import rank
from harness_lazy.initializers import Paired, RandomSigns, TangentGaussian
from harness_lazy.limit import limiting_eigenvalue
from harness_lazy.models import LazyScaled, Linearized
from harness_lazy.start_jacobian import ball_net, has_rank_n, least_singular_value, start_kernel
from harness_lazy.tangent import jacobian_lipschitz, price_of_laziness
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.spectrum import TangentTheory, chernoff_width

PAIRS = (Paired, MirroredLeCun)
"""Initializers whose neurons come in pairs of equal hidden weights."""


def d1s_scale(model: LazyScaled, weights: Weights, problem: Problem) -> float:
    """Return s_min = 8L‖y‖/σ₀² of the net behind the model: certificate D1s holds for α ≥ s_min; ∞ if σ₀ = 0."""
    sigma = least_singular_value(model, weights, problem.x)
    lipschitz = jacobian_lipschitz(model, weights, problem.x) / model.alpha
    return price_of_laziness(lipschitz, sigma**2, float(np.linalg.norm(problem.y))) * UP


class CertificateD1s(TangentTheory, Certificate, StepPolicy):
    """Scaled by α ≥ s_min = 8L‖y‖/σ₀² and centred, the net is provably lazy and fits the labels.

    h(x; w) = vᵀφ(Wx) with W trained and φ twice differentiable, J₀ its Jacobian at the start, σ₀ = σ_min(J₀), and
    L = sup|φ''| ‖v‖_∞ ‖X‖ max_i‖x_i‖ a Lipschitz constant of J. If α ≥ s_min, gradient descent of step
    η = 2/(9‖J₀‖²) on ‖f − y‖²/(2α²), f = α(h − h₀), has for all t
        ‖r_t‖ ≤ (1 − ησ₀²/8)^t ‖y‖  and  ‖W_t − W₀‖_F ≤ 4‖y‖/(ασ₀).

    Proof: certificate D1 for f. Its Jacobian is αJ, so its least singular value is ασ₀ and its Lipschitz constant αL.
    Its first residual is −y. D1 asks for (ασ₀)² ≥ 8 (αL)‖y‖, which is α ≥ s_min. D1's step 2/(9α²‖J₀‖²) is for
    ½‖f − y‖², so that with the loss divided by α² it is η, and D1's rate 1 − (2/(9α²‖J₀‖²))(ασ₀)²/8 is 1 − ησ₀²/8.

    Solved for k with W₀ ~ N(0, σ²) and v = ±a/√k: where σ₀² ≥ a²λ(X)/2, which ``chernoff_width`` ensures with
    probability 1 − p, s_min ≤ 16 B₂‖X‖ max‖x_i‖ ‖y‖/(√k a λ(X)). So α certifies all k above that width and above
    (16 B₂‖X‖ max‖x_i‖ ‖y‖/(αaλ(X)))².

    Inputs may have any norm.
    """

    name = "cert-d1s"
    claim = Claim(
        title="Certificate D1s, scaled hidden layer",
        formula="k ≥ max((16B₂‖X‖‖y‖/(αaλ(X)))², 8B₁²‖X‖² log(n/p)/λ(X)), v = ±a/√k, p = 0.05",
        reference=Reference(f"the scaled form of certificate D1, {references.DERIVED}"),
        guarantee="certificate",
        certainty="derived",
        certainty_note="proof in the documentation of CertificateD1s; tested against gradient descent",
        explicit=True,
        home={"use": "lazy-scaled", "optimizer": THEORY_STEP},
    )
    models = (LazyScaled,)
    nets = Nets("hidden", "smooth")
    conditions = (
        shared.on_different_lines,
        own.of_equal_sizes,
        shared.quadratic_loss,
        shared.gradient_descent,
        own.small_step("≤ 2/(9‖J₀‖²)", 2.0 / 9.0, theory="cert-d1s"),
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the certified width for the regime's α."""
        model, sizes = regime.model, own.equal_sizes(regime, problem)
        if not isinstance(model, LazyScaled):
            return Width(math.nan, "the certificate is about scaled nets")
        kept = chernoff_width(problem, regime)
        if sizes is None or not math.isfinite(kept.value):
            return kept
        sigma, output, copies = sizes
        x, labels = problem.x, float(np.linalg.norm(problem.y))
        if labels == 0:
            return Width(math.nan, "y = 0")
        smallest = limiting_eigenvalue(x, self.activation(regime), "hidden", sigma=sigma, biases=model.biases)
        lipschitz = jacobian_lipschitz(replace(model, alpha=1.0), {"v": np.ones(1)}, x)
        test = (16.0 * lipschitz * labels / (model.alpha * output * smallest)) ** 2
        width = float(copies * math.ceil(max(test, kept.value) / copies))
        return Width(width, f"α = {model.alpha:g}; {kept.reason}")

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test α ≥ s_min for this network."""
        model = regime.model
        if not isinstance(model, LazyScaled) or not self.concerns(regime) or not shared.plain_descent(regime):
            return None
        return model.alpha >= d1s_scale(model, weights, problem)

    def certifies_in_balls(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Repeat the test in ball arithmetic."""
        model = regime.model
        if not isinstance(model, LazyScaled) or (net := ball_net(model, weights, problem)) is None:
            return None
        return net.meets_d1(model.alpha, centred=True)

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 2/(9‖J_f‖²), J_f = αJ₀. Divided by the loss's 1/α² it is 2/(9‖J₀‖²)."""
        model = regime.model
        if not isinstance(model, LazyScaled):
            return None
        largest = model.alpha**2 * float(np.linalg.eigvalsh(start_kernel(model, weights, problem.x))[-1])
        return 2.0 / (9.0 * largest) if largest > 0 else None


def perhaps_in_pairs(regime: Regime) -> Assumption:
    """Check that W₀ has a density, or one for each pair."""
    start = regime.initializer
    known = isinstance(start, (GaussianHalves, LeCun, He, Xavier, RandomSigns, TangentGaussian, *PAIRS))
    return Assumption("W₀ from a density, perhaps in pairs", True if known else None, start.name)


def inputs_with_a_density(problem: Problem) -> Assumption:
    """Check that the inputs come from a density, as far as one draw shows."""
    density = shared.from_a_density(problem)
    return Assumption("inputs with a density", density.holds, density.found or f"dataset {problem.dataset!r}")


class CertificateLinear(TangentTheory, Certificate, StepPolicy):
    """Gradient descent on the linearized net, hidden or both layers, fits all labels if and only if J₀ has rank n.

    The residual is (I − ηJ₀J₀ᵀ)^t r₀. At η = 1/‖J₀‖², ‖r_t‖ ≤ (1 − σ_min²/σ_max²)^t ‖r₀‖.

    Rank n needs n independent columns. There are kd for the hidden layer and k(d + 1) for both layers, with biases one
    weight more a neuron in the hidden layer and one for the output. A neuron has one less if φ is positively
    homogeneous and both are trained, as φ(w·x) = φ'(w·x) w·x then. Neurons with equal hidden weights count once.

    For φ analytic but no polynomial, n inputs with a density on the sphere or in R^d, d ≥ 2, and W₀ with a density,
    kd ≥ n also suffices for the hidden layer, almost surely. Proof. Let n = kd, as fewer rows stay independent. The
    determinant of J₀ is analytic in inputs and W₀, so it is enough to find one point where it is not 0. Take
    w_j = s_j u and k groups of d linearly independent inputs X_g with x·u = τ_g for all inputs of the group g, the τ_g
    positive and distinct. Block (g, j) of J₀ is v_j φ'(s_jτ_g) X_g, so det J₀ = ∏_g det X_g · (∏_j v_j det M)^d up
    to sign with M_gj = φ'(s_jτ_g), and det M ≠ 0 for some s if the functions s ↦ φ'(sτ_g) are linearly independent.
    If Σ_g c_g φ'(sτ_g) = 0 for small s, then Σ_g c_g τ_g^m = 0 for each of the infinitely many powers s^m in φ',
    and a generalized Vandermonde matrix with distinct positive nodes has full rank: c = 0.
    """

    name = "cert-linear"
    claim = replace(
        CertificateD1s.claim,
        title="Rank of J₀, linearized net",
        formula="rank J₀ = n; hidden: k ≥ ⌈n/d⌉ (analytic φ), all: ⌈n/(d+1)⌉ to ⌈n/d⌉",
        reference=Reference(f"linear regression on the tangent features, {references.DERIVED}"),
        certainty_note="proof in the documentation of CertificateLinear; tested against drawn networks",
        exponents=LINEAR,
        home={"use": "linearized", "optimizer": THEORY_STEP},
    )
    models = (Linearized,)
    nets: ClassVar[Nets] = Nets(("hidden", "all"))
    conditions = (
        shared.analytic,
        inputs_with_a_density,
        own.dimension_at_least(2),
        perhaps_in_pairs,
        shared.quadratic_loss,
        shared.gradient_descent,
        shared.stable_step("2/‖J₀‖²"),
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return the least k that suffices; without a proof that it does, the least that has columns enough."""
        model = regime.model
        if not isinstance(model, Linearized):
            return Width(math.nan, "the certificate is about linearized nets")
        activation, one = model.net.activation, 1 if model.biases else 0
        copies = 2 if isinstance(regime.initializer, PAIRS) else 1
        hidden = rank(problem.x, affine=bool(one))
        each = {"hidden": hidden, "output": 1, "all": hidden if activation.homogeneous else hidden + 1}[model.train]
        columns = problem.n - (one if model.train != "hidden" else 0)
        necessary = copies * max(1, math.ceil(columns / each))
        if not activation.analytic:
            return Width(float(necessary), "necessary; with a kink in φ the rank may be smaller")
        enough = copies * math.ceil(problem.n / (1 if model.train == "output" else rank(problem.x)))
        low = rank(problem.x) < min(problem.n, problem.d)
        where = f"d = {rank(problem.x)}, the dimension spanned" if low else ""
        return Width(float(enough), where if enough == necessary else f"{necessary} is necessary")

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test whether J₀ of this network has rank n."""
        model = regime.model
        if not isinstance(model, Linearized) or not self.concerns(regime) or not shared.plain_descent(regime):
            return None
        return has_rank_n(model, weights, problem.x)

    def certifies_in_balls(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Repeat the test in ball arithmetic."""
        model = regime.model
        if not isinstance(model, Linearized) or (net := ball_net(model, weights, problem)) is None:
            return None
        return net.full_rank(model.train)

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 1/‖J₀‖²."""
        model = regime.model
        if not isinstance(model, Linearized):
            return None
        largest = float(np.linalg.eigvalsh(start_kernel(model, weights, problem.x))[-1])
        return 1.0 / largest if largest > 0 else None


class CertificateLinearOutput(CertificateLinear):
    """Gradient descent on the linearized net, output layer alone, fits all labels if and only if φ(XW₀ᵀ) has rank n.

    J₀ = φ(XW₀ᵀ) has k columns, with biases one of ones more. Neurons with equal hidden weights count once. For φ,
    inputs and W₀ as in :class:`CertificateLinear`, k ≥ n suffices almost surely. Proof. It is enough to find one point
    where det J₀, k = n, is not 0. Take w_j = s_j u and x_i·u = τ_i, the τ_i positive and distinct, so that J₀ has the
    entries φ(s_jτ_i). The functions s ↦ φ(sτ_i) are linearly independent, by the Vandermonde matrix of infinitely many
    powers in φ as there in φ', and so det J₀ ≠ 0 for some s.
    """

    name = "cert-linear-output"
    claim = replace(
        CertificateLinear.claim,
        title="Rank of J₀, linearized output layer",
        formula="rank J₀ = n; k ≥ n (analytic φ), with a bias n − 1 to n",
        reference=Reference(f"linear regression on random features, {references.DERIVED}"),
        certainty_note="proof in the documentation of CertificateLinearOutput; tested against drawn networks",
        exponents=Exponents(large_n=(1.0, 0.0)),
        home={"use": "linearized", "train": "output", "optimizer": THEORY_STEP},
    )
    nets = Nets("output")
