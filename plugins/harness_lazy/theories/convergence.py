"""Training the hidden layer of a wide net: widths in powers of n and of the kernel's smallest eigenvalue."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

from harness import ACTIVATIONS, Array, Assumption, Claim, Exponents, Problem, Regime, StepPolicy, Weights, Width
from harness.claims import conditions as shared
from harness.claims.shallow import THEORY_STEP, Conditions, Nets, ScalingTheory, ShallowTheory
from harness.mathematics.kernels import lambda_hidden
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.conditions import FAILURE

RESIDUAL = 0.01
"""ε of theorems that reach ‖f − y‖ ≤ ε√n: the relative residual at which suites count a fit, for labels of size 1."""

DATA = (shared.unit_rows, shared.on_different_lines, own.bounded_labels, shared.without_biases)
DESCENT = (shared.quadratic_loss, shared.gradient_descent)


def lambda_zero(x: Array) -> float:
    """Return λ₀ = λ_min(H∞), H∞_ij = x_iᵀx_j (π − arccos(x_iᵀx_j))/2π for inputs of norm 1."""
    return lambda_hidden(x, ACTIVATIONS["relu"])


class ReLUTheory(ShallowTheory):
    """A theorem on f(x) = vᵀrelu(Wx), W trained, v = ±1/√k, with the width n^a/λ₀^b times a factor.

    Attributes:
        eigenvalue: b, or 0 if the power of λ₀ is not known.
        factor: The factor at failure probability 0.05.
    """

    nets = Nets("hidden", "relu")
    conditions: ClassVar[Conditions] = (*DATA, own.random_signs, *DESCENT)
    eigenvalue: ClassVar[int] = 0
    factor: ClassVar[float] = 1.0

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n^a/λ₀^b."""
        power = self.scaling(problem.n, problem.d)
        assert power is not None  # each claim has exponents
        if self.eigenvalue == 0:
            return Width(self.factor * power, "law at C = 1; how it depends on the inputs is not known")
        smallest = lambda_zero(problem.x)
        if smallest == 0:
            return Width(math.inf, "λ₀ = 0: two inputs are on a line, or too close to tell")
        return Width(self.factor * power / smallest**self.eigenvalue, f"λ₀ = {smallest:.3g}")


class SongYang(ReLUTheory):
    """Gradient descent converges if k ≥ C n⁴/λ₀⁴ up to logarithms."""

    name = "song-yang"
    claim = Claim(
        title="Song & Yang 2019",
        formula="k ≥ C n⁴ polylog(n)/λ₀⁴",
        reference=references.SONG_YANG,
        guarantee="convergence",
        certainty="memory",
        certainty_note="n⁴ from a later paper's abstract, the power of λ₀ from memory; logarithms left out",
        exponents=Exponents(large_n=(4.0, 0.0)),
        home={"use": "ntk-du"},
    )
    eigenvalue = 4


class SongYangSpectral(ReLUTheory):
    """Under a further spectral condition on the data, k ≥ C n² up to 1/λ₀ and logarithms."""

    name = "song-yang-spectral"
    claim = replace(
        SongYang.claim,
        title="Song & Yang 2019, further condition on the data",
        formula="k ≥ C n² polylog(n)/λ₀⁴, under a spectral condition on the data",
        certainty="secondary",
        certainty_note="n²/λ₀⁴ as listed in the survey of Suh & Cheng; the condition on the data is not known; "
        "logarithms left out",
        exponents=Exponents(large_n=(2.0, 0.0)),
    )
    eigenvalue = 4
    conditions = (
        Assumption("spectral condition on the data", None, "its parameters are not known"),
        *ReLUTheory.conditions,
    )


class Du(ReLUTheory, StepPolicy):
    """Gradient descent converges if k ≥ C n⁶/(λ₀⁴δ³), with probability 1 − δ: ‖r_t‖² ≤ (1 − ηλ₀/2)^t ‖r₀‖²."""

    name = "du"
    claim = replace(
        SongYang.claim,
        title="Du et al. 2019, Thm 4.1",
        formula="k ≥ C n⁶/(λ₀⁴δ³), λ₀ = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ), δ = 0.05",
        reference=references.DU,
        certainty="secondary",
        certainty_note="the setting read in the paper, the width condition in a third party's notes; λ₀ computed, "
        "δ = 0.05",
        exponents=Exponents(large_n=(6.0, 0.0)),
        home={"use": "ntk-du", "optimizer": THEORY_STEP},
    )
    conditions = (*ReLUTheory.conditions, own.small_step("O(λ₀/n²)", theory="du"))
    eigenvalue = 4
    factor = FAILURE**-3

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return λ₀/n², the theorem's step with its constant set to 1."""
        smallest = lambda_zero(problem.x)
        return smallest / problem.n**2 if smallest > 0 else None


class Munteanu(ReLUTheory):
    """From pairs of equal Gaussian rows with opposite outputs, k ≥ C n² up to 1/λ₀ and logarithms."""

    name = "munteanu"
    claim = replace(
        SongYang.claim,
        title="Munteanu et al. 2022, coupled initialization",
        formula="k ≥ C n² · (powers of 1/λ₀, logarithms)",
        reference=references.MUNTEANU,
        certainty="abstract",
        certainty_note="from roughly n⁴ to n²; powers of 1/λ₀ and logarithms are not known and left out",
        exponents=Exponents(large_n=(2.0, 0.0)),
        home={"use": "ntk-du", "initializer": {"use": "paired"}},
    )
    conditions = (*DATA, own.paired, *DESCENT)


class Arora(ReLUTheory):
    """A bound on the test error holds if k ≥ C n⁸/λ₀⁶. It is no width from which training is known to converge."""

    name = "arora"
    claim = replace(
        SongYang.claim,
        title="Arora et al. 2019",
        formula="k ≥ C n⁸/λ₀⁶",
        reference=references.ARORA,
        guarantee="generalization",
        certainty="secondary",
        certainty_note="about n⁸/λ₀⁶, as Oymak et al. 2019 quote it for a bound on the test error with one output",
        exponents=Exponents(large_n=(8.0, 0.0)),
    )
    conditions = (*DATA, own.gaussian_and_signs, *DESCENT)
    eigenvalue = 6


class DeepReLUTheory(ScalingTheory):
    """A width n^a L^b for nets of L hidden layers with separated inputs, at L = 1, for SGD as well."""

    nets = Nets("hidden", "relu", "any")
    conditions = (
        shared.unit_rows,
        own.separated,
        own.weights_of_the_paper,
        shared.quadratic_loss,
        own.without_momentum,
    )
    reason = "law at C = 1; powers of the separation left out"


class AllenZhu(DeepReLUTheory):
    """Gradient descent and SGD converge if k ≥ C n²⁴ L¹² up to the separation of the inputs."""

    name = "allen-zhu"
    claim = replace(
        SongYang.claim,
        title="Allen-Zhu et al. 2019, at one hidden layer",
        formula="k ≥ C n²⁴ L¹² polylog/δ⁸, L = 1",
        reference=references.ALLEN_ZHU,
        certainty="secondary",
        certainty_note="n²⁴L¹²/δ⁸ as quoted by Basri et al. 2020; the separation δ and logarithms left out; by the "
        "abstract for any smooth loss",
        exponents=Exponents(large_n=(24.0, 0.0)),
    )
    conditions = (
        shared.unit_rows,
        own.separated,
        own.weights_of_the_paper,
        own.smooth_loss,
        own.without_momentum,
    )


class ZouGu(DeepReLUTheory):
    """Gradient descent and SGD converge if k ≥ C n⁸ L¹² up to the separation of the inputs."""

    name = "zou-gu"
    claim = replace(
        SongYang.claim,
        title="Zou & Gu 2019, at one hidden layer",
        formula="k ≥ C n⁸ L¹² · (powers of 1/δ), L = 1",
        reference=references.ZOU_GU,
        certainty="secondary",
        certainty_note="n⁸L¹² as listed by Song et al. 2021; the paper's milder condition for one hidden layer is not "
        "known here",
        exponents=Exponents(large_n=(8.0, 0.0)),
    )


class DasGolikov(ScalingTheory):
    """Gradient descent on the input layer learns the data set if k ≥ C n²."""

    name = "das-golikov"
    claim = replace(
        SongYang.claim,
        title="Das & Golikov 2019",
        formula="k ≥ C n², the input layer trained",
        reference=references.DAS_GOLIKOV,
        certainty="abstract",
        certainty_note="the quadratic number of nodes from the title; conditions on data, φ and weights were not read",
        exponents=Exponents(large_n=(2.0, 0.0)),
    )
    nets = Nets("hidden", "relu")
    conditions = (shared.distinct_inputs, own.weights_of_the_paper, *DESCENT)


class ZhangMartensGrosse(ReLUTheory):
    """Natural gradient descent converges if k ≥ C n⁴/(ν²λ₀⁴δ³), W₀ ~ N(0, ν²), with probability 1 − δ."""

    name = "zhang-martens-grosse"
    claim = replace(
        SongYang.claim,
        title="Zhang, Martens & Grosse 2019, natural gradient",
        formula="k ≥ C n⁴/(ν²λ₀⁴δ³), natural gradient, ν = 1, δ = 0.05",
        reference=references.ZHANG_MARTENS_GROSSE,
        certainty="secondary",
        certainty_note="from notes on the paper; the harness has no natural gradient",
    )
    conditions = (*DATA, own.random_signs, shared.quadratic_loss, own.natural_gradient)
    eigenvalue = 4
    factor = FAILURE**-3

    def concerns(self, regime: Regime) -> bool:
        """Return False: there is no natural gradient."""
        return False


class SuYang(ScalingTheory):
    """Nearly linear width suffices for a small risk, for targets in the top eigenspaces of the kernel."""

    name = "su-yang"
    claim = replace(
        SongYang.claim,
        title="Su & Yang 2019, target of low rank",
        formula="k ≥ C n log n, labels of low rank in the kernel's eigenspaces; the risk falls to order 1/√n",
        reference=references.SU_YANG,
        certainty="abstract",
        certainty_note="Ω(n log n) with d fixed; the empirical risk is shown to fall to order 1/√n, not to zero; the "
        "logarithm left out",
        exponents=Exponents(large_n=(1.0, 0.0)),
    )
    nets = Nets("hidden", "relu")
    conditions = (own.low_rank_labels, own.weights_of_the_paper, *DESCENT)


class OymakFabian(ShallowTheory):
    """Gradient descent reaches ‖f − y‖ ≤ ε√n if k ≥ C Γ⁴ log n/α⁸ with Γ = log(1/ε), for smooth φ and one output.

    With the full spectrum, α² = λ(X)/n, this is Γ⁴ n⁴ log n/λ(X)⁴. At a fixed width the residual is not shown to go
    to zero. The paper's n⁴ log n/λ(X)⁴ without Γ belongs to a bound on the test error.
    """

    name = "oymak-fabian"
    claim = replace(
        SongYang.claim,
        title="Oymak et al. 2019, full spectrum",
        formula="k ≥ C log(1/ε)⁴ n⁴ log n/λ(X)⁴ for ‖f − y‖ ≤ ε√n, λ(X) = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ), ε = 0.01",
        reference=references.OYMAK_FABIAN,
        certainty="read",
        certainty_note="by the paper a non-rigorous simplification of its theorem; read with its bounded φ', φ'' "
        "and v of entries ±1/√k; the cut-off α² = λ(X)/n for the full spectrum is derived",
        home={"use": "ntk-du", "activation": "softplus"},
    )
    nets = Nets("hidden", "smooth")
    conditions = (
        shared.unit_rows,
        shared.without_biases,
        own.random_signs,
        *DESCENT,
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate log(1/ε)⁴ n⁴ log n/λ(X)⁴. It is 0 for one sample, and no theorem is about nets without neurons."""
        if problem.n == 1:
            return Width(math.nan, "log n = 0: the theorem does not speak of one sample")
        smallest = lambda_hidden(problem.x, self.activation(regime))
        if smallest == 0:
            return Width(math.inf, "λ(X) = 0: two inputs are on a line, or too close to tell")
        width = math.log(1.0 / RESIDUAL) ** 4 * problem.n**4 * math.log(problem.n) / smallest**4
        return Width(width, f"λ(X) = {smallest:.3g}, ε = {RESIDUAL:g}; not to zero residual")
