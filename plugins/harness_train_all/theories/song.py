"""Both layers trained, smooth activation [Song et al., arXiv 2111.01875] and its sequel for SGD."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from harness import Activation, Assumption, Claim, Exponents, PositiveInt, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Conditions, Nets, ShallowTheory
from harness.mathematics.kernels import hermite_coefficients
from harness.mathematics.spectra import khatri_rao_sigma_min, operator_norm, rank
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references

KINK = "φ'' is not bounded"
MOST_POWERS = 12
"""Largest Khatri–Rao power that is tried; n ≤ d^12 in any case of interest."""


def growth(activation: Activation, t: int) -> float:
    """Return ξ(t) = |c₀| (sup|φ'| + sup|φ''|)/(c_t²/t!)^{3/2}, or ∞ where the Hermite coefficient c_t of φ is 0.

    From Lemma 2 of the sequel, with its other constants set to 1. c_t is 0 at t = 3 for GELU, SiLU and softplus, which
    are z/2 plus an even function.

    >>> from harness import ACTIVATIONS
    >>> [float(f"{growth(ACTIVATIONS['gelu'], t):.2g}") for t in (2, 3, 4, 6)]
    [20.0, inf, 1500.0, 26000.0]
    """
    normalised = hermite_coefficients(activation.phi)
    part = abs(float(normalised[t]))
    if part <= 1e-10:
        return math.inf
    return abs(float(normalised[0])) * (activation.b1 + activation.b2) / part**3


def excluded(activation: Activation) -> str:
    """Return why the theorem is not about φ, or an empty string. For odd φ, c₀ = 0 and the form of ξ is empty."""
    if not activation.smooth:
        return KINK
    return "" if abs(float(hermite_coefficients(activation.phi)[0])) > 1e-10 else "c₀ = 0: φ is odd"


@dataclass(frozen=True)
class Power:
    """The theorem at one Khatri–Rao power t.

    Attributes:
        t: The power, or 0 if none can have full rank.
        sigma: σ_min(X^{*t}).
        xi: ξ(t).
        width: ξ(t) ‖X‖²√n/σ_min(X^{*t})³, ∞ where X^{*t} has no rank n or c_t = 0.
    """

    t: int
    sigma: float
    xi: float
    width: float


def best_power(problem: Problem, activation: Activation, only: int | None = None) -> Power:
    """Return the power t ≥ 2 of least width. The theorem leaves t free.

    The rows of X^{*t} lie in a space of dimension C(r + t − 1, t) for inputs of rank r, so n must not exceed it.

    Args:
        problem: The problem.
        activation: φ.
        only: The one t to consider, or None for all up to 12.
    """
    x, n, spanned = problem.x, problem.n, rank(problem.x)
    scale, shortest = operator_norm(x) ** 2 * math.sqrt(n), float(np.linalg.norm(x, axis=1).min())
    best = Power(0 if only is None else only, 0.0, math.inf, math.inf)
    for t in range(2, MOST_POWERS + 1) if only is None else (only,):
        xi = growth(activation, t)
        least = scale * xi / shortest ** (3 * t) if shortest > 0 else math.inf  # as σ_min is no longer than any row
        if n > math.comb(spanned + t - 1, t) or not least < best.width:
            continue
        sigma = khatri_rao_sigma_min(x, t)
        if sigma > 0 and scale * xi / sigma**3 < best.width:
            best = Power(t, sigma, xi, scale * xi / sigma**3)
    return best


def song_width(problem: Problem, activation: Activation, power: int | None, batch: int | None = None) -> Width:
    """Evaluate max(n, ξ(t) ‖X‖²√n/σ_min(X^{*t})³) at the best t; with SGD of batch b the √n is n/√b.

    The floor: μ = σ_min(φ(W₀X)) > 0 needs k ≥ n.
    """
    if reason := excluded(activation):
        return Width(math.nan, reason)
    found = best_power(problem, activation, power)
    if math.isinf(found.width):
        return Width(math.inf, none_of_full_rank(problem, activation, power))
    drawn = 1.0 if batch is None else math.sqrt(problem.n / batch)
    return Width(max(float(problem.n), found.width * drawn), f"t = {found.t}, ξ = {found.xi:.3g}")


def none_of_full_rank(problem: Problem, activation: Activation, power: int | None) -> str:
    """Return why no power has full rank and a Hermite coefficient other than 0."""
    n, spanned = problem.n, rank(problem.x)
    if power is None:
        return f"no power t ≤ {MOST_POWERS} has rank n and c_t ≠ 0"
    if math.isinf(growth(activation, power)):
        return f"the Hermite coefficient c_{power} of {activation.name} is 0"
    most = math.comb(spanned + power - 1, power)
    rows = f"n > C(r+t−1, t) = {most}, r = {spanned}" if n > most else "the rows are dependent"
    return f"σ_min(X^{{*{power}}}) = 0: {rows}"


STEP = Assumption("step size below the theorem's, whose constant is not known", None)

_READ = (
    "in the main text of an anonymous submission, from which the published version may differ; how ξ depends on t from "
    "Lemma 2 of the sequel, its other constants set to 1; the floor n derived from the theorem's own μ > 0"
)


@dataclass(frozen=True)
class SongTheory(ShallowTheory):
    """A theorem on f(x) = vᵀφ(Wx) with both layers trained, smooth φ and initial weights of variances ω₁² and ω₂².

    Attributes:
        power: t of the Khatri–Rao power. The default is the one of least width.
    """

    nets = Nets("all", "smooth")
    power: PositiveInt | None = None


class Song(SongTheory):
    """Theorem 3: gradient descent converges if k ≥ Ω̃(ξ(t) ‖X‖²√n/σ_min(X^{*t})³) for some t, and k ≥ n.

    On the sphere with n ~ d^t, ‖X‖² ~ n/d and σ_min ~ 1: n^{3/2}/d, which is below n for d > √n. ξ is treated as
    constant there, although pre-activations of variance 1/d, as LeCun's on unit inputs, shrink the part of degree
    t by d^{−t}. See song-direct.
    """

    name = "song"
    claim = Claim(
        title="Song et al. 2021, Thm 3",
        formula="k ≥ max(n, ξ(t) ‖X‖²√n/σ_min(X^{*t})³), least over t ≥ 2, ξ(t) ~ (t!/c_t²)^{3/2}",
        reference=references.SONG,
        guarantee="convergence",
        certainty="read",
        certainty_note=_READ,
        unit="parameters",  # its n^{3/2} counts dk
        exponents=Exponents(large_n=(1.5, -1.0), floor=(1.0, 0.0)),
        home={"use": "train-all"},
    )
    conditions: ClassVar[Conditions] = (
        own.unit_labels,
        shared.without_biases,
        own.omega_family,
        shared.quadratic_loss,
        shared.gradient_descent,
        STEP,
    )

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check activation and inputs, the rank of X^{*t}, then the rest."""
        data = (shared.smooth, own.vanishes_at_zero, own.not_odd, shared.unit_rows, self.full_rank)
        return self.check((*data, *self.conditions), problem, regime)

    def full_rank(self, problem: Problem, activation: Activation) -> Assumption:
        """Check that X^{*t} has rank n."""
        some = "X^{*t} of full rank and c_t ≠ 0 for some t"
        if reason := excluded(activation):
            return Assumption(some, None, reason)
        found = best_power(problem, activation, self.power)
        if found.t == 0:
            return Assumption(some, False, f"none up to {MOST_POWERS}")
        return Assumption(f"X^{{*{found.t}}} of full rank", found.sigma > 0, f"σ_min = {found.sigma:.3g}")

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate max(n, ξ(t) ‖X‖²√n/σ_min(X^{*t})³) at the best t."""
        return song_width(problem, self.activation(regime), self.power)


class SongStochastic(Song):
    """Theorem 2 of the sequel: SGD of batch b converges if k ≥ Ω̃(ξ ‖X‖²n/(√b σ_min(X^{*t})³)), and k ≥ n.

    n²/(d√b) on the sphere. b = n gives Theorem 3 of Song et al. again. The scaling without data is shown for b = 1.
    """

    name = "song-sgd"
    claim = replace(
        Song.claim,
        title="SGD sequel of Song et al., Thm 2",
        formula="k ≥ max(n, ξ(t) ‖X‖²n/(√b σ_min(X^{*t})³)); n²/(d√b) on the sphere, C=1 at b = 1",
        reference=references.SONG_SGD,
        certainty_note=f"{_READ}; the law n²/d is that of b = 1, other batches divide it by √b",
        unit="width",
        exponents=Exponents(large_n=(2.0, -1.0), small_n=(1.0, 0.0)),
        home={"use": "train-all-sgd"},
    )
    nets = Nets("all", "smooth", "mini")
    conditions = (own.unit_labels, shared.without_biases, own.lecun, shared.quadratic_loss, own.sgd, STEP)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate max(n, ξ(t) ‖X‖²n/(√b σ_min(X^{*t})³)) at the best t and the regime's batch."""
        batch = regime.optimizer.batch_size(problem.n)
        found = song_width(problem, self.activation(regime), self.power, batch)
        return Width(found.value, f"b = {batch}, {found.reason}" if math.isfinite(found.value) else found.reason)
