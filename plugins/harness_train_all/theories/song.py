"""Both layers trained, smooth activation [Song et al., arXiv 2111.01875] and its sequel for SGD."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from harness import Activation, Assumption, Claim, Exponents, PositiveInt, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Conditions, Nets, ShallowTheory
from harness.mathematics.kernels import hermite_coefficients
from harness.mathematics.spectra import khatri_rao_sigma_min, operator_norm
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references

KINK = "φ'' is not bounded"
MOST_POWERS = 12
"""Largest Khatri–Rao power that is tried; n ≤ d^12 in any case of interest."""


def power_for(problem: Problem, activation: Activation) -> int | None:
    """Return the smallest t ≥ 2 for which X^{*t} may have rank n and φ has a part of degree t.

    The rows of X^{*t} lie in a space of dimension C(d + t − 1, t), so n must not exceed it; and the Hermite
    coefficient c_t of φ must not be 0, as it is at t = 3 for GELU, SiLU and softplus, which are z/2 plus an even
    function.
    """
    coefficients = hermite_coefficients(activation.phi)
    for t in range(2, MOST_POWERS + 1):
        if problem.n <= math.comb(problem.d + t - 1, t) and abs(coefficients[t]) > 1e-10:
            return t
    return None


def song_width(problem: Problem, activation: Activation, power: int | None, batch: int | None = None) -> Width:
    """Evaluate max(n, ‖X‖²√n/σ_min(X^{*t})³); with SGD of batch b the √n is n/√b, the same at b = n.

    The floor: μ = σ_min(φ(W₀X)) > 0 needs k ≥ n.
    """
    x, n = problem.x, problem.n
    if not activation.smooth:
        return Width(math.nan, KINK)
    t = power_for(problem, activation) if power is None else power
    if t is None:
        return Width(math.inf, f"no power t ≤ {MOST_POWERS} has n ≤ C(d+t−1, t) and c_t ≠ 0")
    if abs(hermite_coefficients(activation.phi)[t]) <= 1e-10:
        return Width(math.inf, f"the Hermite coefficient c_{t} of {activation.name} is 0")
    sigma = khatri_rao_sigma_min(x, t)
    if sigma == 0:
        most = math.comb(problem.d + t - 1, t)
        rows = f"n > C(d+t−1, t) = {most}" if n > most else "the rows are dependent"
        return Width(math.inf, f"σ_min(X^{{*{t}}}) = 0: {rows}")
    drawn = math.sqrt(n) if batch is None else n / math.sqrt(batch)
    return Width(max(float(n), operator_norm(x) ** 2 * drawn / sigma**3), f"t = {t}")


STEP = Assumption("step size below the theorem's, whose constant is not known", None)

_READ = (
    "in the main text of an anonymous submission, from which the published version may differ; ξ stands in an appendix "
    "that was not read, and is set to 1; the floor n derived from the theorem's own μ > 0"
)


@dataclass(frozen=True)
class SongTheory(ShallowTheory):
    """A theorem on f(x) = vᵀφ(Wx) with both layers trained, smooth φ and initial weights of variances ω₁² and ω₂².

    Attributes:
        power: t of the Khatri–Rao power. The default is the smallest that can have full rank.
    """

    nets = Nets("all", "smooth")
    power: PositiveInt | None = None


class Song(SongTheory):
    """Theorem 3: gradient descent converges if k ≥ Ω̃(ξ ‖X‖²√n/σ_min(X^{*t})³), and k ≥ n.

    On the sphere with n ~ d^t, ‖X‖² ~ n/d and σ_min ~ 1: n^{3/2}/d, which is below n for d > √n. ξ is treated as
    constant there, although pre-activations of variance 1/d, as LeCun's on unit inputs, shrink the part of degree
    t by d^{−t}. See song-direct.
    """

    name = "song"
    claim = Claim(
        title="Song et al. 2021, Thm 3",
        formula="k ≥ max(n, ξ ‖X‖²√n/σ_min(X^{*t})³), smallest t ≥ 2 of full rank with c_t ≠ 0",
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
        t = power_for(problem, activation) if self.power is None else self.power
        if t is None:
            return Assumption("X^{*t} of full rank and c_t ≠ 0 for some t", False, f"none up to {MOST_POWERS}")
        sigma = khatri_rao_sigma_min(problem.x, t)
        return Assumption(f"X^{{*{t}}} of full rank", sigma > 0, f"σ_min = {sigma:.3g}")

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate max(n, ‖X‖²√n/σ_min(X^{*t})³)."""
        return song_width(problem, self.activation(regime), self.power)


class SongStochastic(Song):
    """Theorem 2 of the sequel: SGD of batch b converges if k ≥ Ω̃(ξ ‖X‖²n/(√b σ_min(X^{*t})³)), and k ≥ n.

    n²/(d√b) on the sphere. b = n gives Theorem 3 of Song et al. again. The scaling without data is shown for b = 1.
    """

    name = "song-sgd"
    claim = replace(
        Song.claim,
        title="SGD sequel of Song et al., Thm 2",
        formula="k ≥ max(n, ξ ‖X‖²n/(√b σ_min(X^{*t})³)); n²/(d√b) on the sphere, C=1 at b = 1",
        reference=references.SONG_SGD,
        certainty_note=f"{_READ}; the law n²/d is that of b = 1, other batches divide it by √b",
        unit="width",
        exponents=Exponents(large_n=(2.0, -1.0), small_n=(1.0, 0.0)),
        home={"use": "train-all-sgd"},
    )
    nets = Nets("all", "smooth", "mini")
    conditions = (own.unit_labels, shared.without_biases, own.lecun, shared.quadratic_loss, own.sgd, STEP)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate max(n, ‖X‖²n/(√b σ_min(X^{*t})³)) at the regime's batch."""
        batch = regime.optimizer.batch_size(problem.n)
        found = song_width(problem, self.activation(regime), self.power, batch)
        return Width(found.value, f"b = {batch}, {found.reason}" if math.isfinite(found.value) else found.reason)
