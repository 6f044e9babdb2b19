"""Widths at which an interpolating network exists, whether or not training finds it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from harness import Claim, Construction, Constructive, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import LINEAR, Nets, ShallowTheory
from harness.mathematics.spectra import rank
from harness_narrow import constructions
from harness_narrow.theories import conditions as own
from harness_narrow.theories import references
from harness_narrow.theories.counts import Count


class ZhangExistence(Count, Constructive):
    """k ≥ 2n/d: a smooth net of mirrored pairs can be moved a little so that it fits any labels.

    Proof, for φ analytic and no polynomial, inputs from a density, and k = 2m with m = ⌈n/d⌉.

    (i) For almost all inputs X and hidden weights A (m, d), the vectors φ'(a_j·x_i) x_i, side by side over j, form a
    matrix M (n, md) of rank min(n, md). As its minors are analytic in X and A, one example is enough. Let a_j = α_j u
    with distinct α_j > 0 and a unit vector u, and let the samples come in m groups of d, those of group g independent
    with u·x = β_g ≠ 0 throughout. Then M = diag(X_1, …, X_m)(B ⊗ I) with B_gj = φ'(α_j β_g), of determinant
    Π det X_g (det B)^d. The functions β ↦ φ'(α_j β) are independent: φ' has infinitely many Taylor coefficients c_q
    that are not 0, and Σ_j γ_j α_j^q = 0 for all those q forces γ = 0, as (α_j^q) is a generalized Vandermonde matrix.
    So det B ≠ 0 for some β. With fewer than md samples take some of the rows.

    (ii) Let w_j = a_j + tδ_j and w_{j+m} = a_j for j ≤ m, v_j = −v_{j+m} = 1/t. Then f(x) = Σ_j φ'(a_j·x) δ_j·x + O(t),
    with derivatives, uniformly for bounded δ. The limit t → 0 maps δ linearly onto R^n by (i), so for small t the
    image of a ball around a solution of Mδ = y contains y.

    The paper's own claim says 2n/d. Even and whole numbers make that 2⌈n/d⌉.
    """

    name = "zhang"
    claim = Claim(
        title="Zhang et al. 2021, expressivity",
        formula="k ≥ 2⌈n/d⌉",
        reference=references.ZHANG,
        guarantee="existence",
        certainty="derived",
        certainty_note="the paper's abstract claims 2n/d; proof of our own in the documentation of ZhangExistence",
        explicit=True,
        exponents=LINEAR,
        home={"use": "narrow"},
    )
    nets = Nets("all", "smooth", "any")
    conditions = (shared.from_a_density, own.analytic)
    each = 2

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction:
        """Find such a net by Levenberg and Marquardt's method, from mirrored pairs."""
        return constructions.mirrored_net(problem.x, problem.y, rng)


class MaddenThrampoulidis(Count):
    """k ≥ 2n/d, k even: a smooth net, all layers trained, attains every label vector on inputs in general position."""

    name = "madden-thrampoulidis"
    claim = replace(
        ZhangExistence.claim,
        title="Madden & Thrampoulidis 2023",
        formula="kd ≥ 2n, k even",
        reference=references.MADDEN_THRAMPOULIDIS,
        certainty="abstract",
        certainty_note="the abstract memorises ⌊kd/2⌋ samples, for φ analytic at a point; the conditions on the inputs "
        "were not read",
        home={"use": "narrow"},
    )
    nets = ZhangExistence.nets
    conditions = (own.general_position, own.analytic)
    each = 2


class MaddenThrampoulidisCount(ShallowTheory):
    """k(d + 2) ≥ n: with fewer neurons some label vectors are attained by no net, whatever its weights.

    With inputs that span r dimensions a net without biases moves in k(r + 1) dimensions, and with biases in k(r + 2),
    so r takes the place of d.
    """

    name = "madden-thrampoulidis-count"
    claim = replace(
        MaddenThrampoulidis.claim,
        title="Madden & Thrampoulidis 2023, impossibility",
        formula="k(d + 2) ≥ n",
        guarantee="necessary",
        certainty="secondary",
        certainty_note="the abstract says optimal up to a factor of about 2; k(d + 2) < n from a summary by others; a "
        "sharper count for nets without biases is derived beside it",
    )
    nets = ZhangExistence.nets
    conditions = (own.analytic, shared.interpolates)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return ⌈n/(d + 2)⌉."""
        return Width(float(math.ceil(problem.n / (rank(problem.x) + 2))))


class Bubeck(Count, Constructive):
    """k ≥ 4⌈n/d⌉: ReLU neurons with biases fit any labels, four for each d samples.

    The construction, and with it a proof, is :func:`harness_narrow.constructions.relu_slabs`.
    """

    name = "bubeck"
    claim = replace(
        ZhangExistence.claim,
        title="Bubeck et al. 2020, ReLU",
        formula="k ≥ 4⌈n/d⌉",
        reference=references.BUBECK,
        certainty_note="the paper's abstract claims four times Baum's number; construction of our own in "
        "constructions.relu_slabs",
        home={"use": "narrow", "activation": "relu", "biases": True},
    )
    nets = Nets("all", "relu", "any")
    conditions = (own.general_position, own.biases)
    each = 4
    affine = True

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction:
        """Build the net of the proof."""
        return constructions.relu_slabs(problem.x, problem.y, rng)


class Baum(Count, Constructive):
    """k ≥ ⌈n/d⌉: threshold neurons realise any two classes of points in general position.

    No regime here trains threshold neurons, as their gradient is 0, so only the overview shows the claim. The
    construction, slabs around the smaller class, needs 2⌈n₁/d⌉ neurons for its n₁ ≤ n/2 samples, at most one more than
    ⌈n/d⌉.
    """

    name = "baum"
    claim = replace(
        ZhangExistence.claim,
        title="Baum 1988, threshold units",
        formula="k ≥ ⌈n/d⌉",
        reference=references.BAUM,
        certainty="secondary",
        certainty_note="as quoted in the abstract of Bubeck et al., and with its proof by slabs in lecture notes of "
        "C. Hegde; derived here: 2⌈n₁/d⌉ for the smaller class of n₁ samples",
        home={"use": "narrow", "biases": True},
    )
    conditions = (own.general_position, own.binary_labels, own.other_activation("the threshold"))
    affine = True

    def concerns(self, regime: Regime) -> bool:
        """Return False: gradients train no threshold neurons."""
        return False

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction:
        """Build slabs around the smaller class."""
        return constructions.threshold_slabs(problem.x, problem.y, rng)
