"""The kink certificate: gradient descent on the hidden layer of a ReLU net ends at a point that lies on kinks.

Net f(x) = Σ_j v_j φ(w_j·x) with φ(z) = z for z > 0 and az otherwise, 0 ≤ a < 1, and φ'(0) any number of [a, 1]. Loss
½‖f − y‖², steps w ← w − ηJᵀr with r = f − y. A pair (i, j) is a sample and a neuron with v_j ≠ 0, z_ij = w_j·x_i.

Theorem. Let P be a set of pairs. Call a sample *dead* if f and its gradient vanish there: x_i = 0, or a = 0, z_ij < 0
for all j, and no pair of it is in P. The others are *live*. Let w* have f_i(w*) = y_i on all live samples and z*_ij = 0
on P. Let ρ = ‖w − w*‖, and let the sign of each z_ij outside P be constant and not 0 on the ball B(w*, ρ). If
η‖J_live‖² < 2 for all slopes of [a, 1] on P, then gradient descent from w stays in that ball, its weights converge, and
lim ‖r_t‖ = ‖y_dead‖. Besides, Σ_t ‖r_t,live‖² ≤ ρ²/(η(2 − η sup‖J‖²)).

Proof. φ(z) = s z with s = φ'(z), at the kink for any s. Let w be in the ball. On pairs outside P the slopes at w and w*
are equal, and on P z* = 0, so that r_i = Σ_j v_j s_ij (z_ij − z*_ij) = (J (w − w*))_i on live samples. Dead samples
have no gradient. Hence w₊ − w* = (I − ηJᵀJ)(w − w*), and ‖w₊ − w*‖² ≤ ‖w − w*‖² − η(2 − η‖J‖²)‖r_live‖². So w₊ is in
the ball again. The sum over t gives the bound, hence r_t,live → 0. Every limit point of w_t fits the live samples, and
is itself a w*, with those pairs of P that have z = 0 there as its set. So the distance to it does not increase either
as soon as w_t is near, and w_t converges. On dead samples r = −y for ever.

All of this is about gradient descent in exact arithmetic from the float64 numbers given. Margins cover the rounding of
the test itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.mathematics.limit.gates import curvature_below
from harness.mathematics.limit.kinked_system import KinkedSystem
from harness.mathematics.limit.rounding import TINY, UNIT, gamma

if TYPE_CHECKING:
    from harness.components import Array

Bools = NDArray[np.bool_]

MOST_KINKS = 3000
"""Largest number of pairs in P. A net of 128 neurons on 400 samples ends on about a thousand."""

MOST_ROWS = 8000
"""Most live samples and pairs of P together. Up to nine matrices with a row for each are in memory at once, 4.5 GiB."""

MOST_SETS = 5
"""Largest number of sets P that are tried."""

WIDE = 2.0
"""Least quotient of the distance of the next pair from its kink and the length of those before, for a set to be tried.
Of 74 certificates that held on the way to fits and stuck nets of 50 to 200 samples, the least was 2.2."""

FAR = 4.0
"""Least quotient of that distance and the least radius that the residual allows. It was at least 16 for those."""

ROUND_UP = 1.0 + 1e-10
"""Covers the rounding of norms and of products of bounds."""


@dataclass(frozen=True)
class KinkedDescent:
    """Gradient descent of step η on the hidden layer of a net with one kink.

    Attributes:
        x: Inputs, (n, d).
        y: Labels, (n,).
        v: Output weights, (k,), which are not trained.
        step_size: η.
        slope: a, the slope of φ for z < 0; 0 for the ReLU.
        label_error: Bounds of the errors of the labels, (n,), or 0. The certificate holds for all labels within them.
    """

    x: Array
    y: Array
    v: Array
    step_size: float
    slope: float = 0.0
    label_error: Array | float = 0.0


@dataclass(frozen=True)
class KinkCertificate:
    """The finding of the test at given weights.

    Attributes:
        holds: Whether the assumptions of the theorem are proved.
        reason: The assumption that failed, or an empty string: ``signs``, ``rank`` or ``step``. The rank is
            that of the equations of w*. Or ``rows`` where these are more than :data:`MOST_ROWS`.
        margin: Smallest quotient of a pair's distance from its kink at w* and the radius within which its sign must be
            constant. ``inf`` if there is no such pair or no radius.
        dead: Which samples are dead, (n,).
        floor: Lower bound of ‖y_dead‖, the residual norm in the limit.
        residual: Upper bound of it.
        kinks: Number of pairs in P.
        radius: Upper bound of ρ.
        curvature: Upper bound of η‖J‖².
        squares: Upper bound of Σ_t ‖r_t,live‖².
        nearest: Weights of the neurons with v_j ≠ 0 near w*, or None if there are none.
    """

    holds: bool
    reason: str
    dead: Bools
    margin: float = 0.0
    floor: float = 0.0
    residual: float = math.inf
    kinks: int = 0
    radius: float = math.inf
    curvature: float = math.inf
    squares: float = math.inf
    nearest: Array | None = None


def certify(descent: KinkedDescent, w: Array, most_sets: int = MOST_SETS) -> KinkCertificate:
    """Return the certificate of the theorem at given weights.

    Args:
        descent: What is trained.
        w: Hidden weights, (k, d).
        most_sets: Number of sets P that may be tried.

    Returns:
        The certificate of the first set P for which the theorem holds, or else of the set that came nearest.

    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> found = certify(KinkedDescent(x, np.array([1.0, 2.0]), np.array([1.0]), 0.5), np.array([[0.9, 0.0]]))
    >>> found.holds, found.dead.tolist(), round(found.floor, 9), round(found.radius, 9)
    (True, [False, True], 2.0, 0.1)
    """
    return KinkTest(descent, w, descent.v != 0.0).certificate(most_sets)


class KinkTest:
    """The test at one point.

    Attributes:
        z: Preactivations of the neurons that move, (n, k).
        error: Bounds of their errors.
        on: Which are positive.
        vanishing: Which samples have x_i = 0.
    """

    def __init__(self, descent: KinkedDescent, w: Array, moving: Bools) -> None:
        """Compute the preactivations of the neurons that are marked as moving, (k,), at weights w, (k, d)."""
        self.descent = descent
        self.x, self.y = descent.x, descent.y
        self.v, self.w = descent.v[moving], w[moving]
        self.label_error = np.broadcast_to(np.asarray(descent.label_error, dtype=np.float64), self.y.shape)
        self.gram = self.x @ self.x.T
        self.lengths = np.linalg.norm(self.x, axis=1) * ROUND_UP
        self.z, self.error = self._preactivations(self.w)
        self.on = self.z > 0.0
        self.vanishing: Bools = np.logical_not(self.x.any(axis=1))

    def certificate(self, most_sets: int = MOST_SETS) -> KinkCertificate:
        """Return the certificate of the first set P that has one, or else of the set that came nearest."""
        if not (np.isfinite(self.z).all() and np.isfinite(self.error).all()):
            return KinkCertificate(False, "signs", self.vanishing)
        best = KinkCertificate(False, "signs", self._dead(np.zeros_like(self.on)), margin=-math.inf)
        for kinks in self._sets(most_sets):
            dead = self._dead(kinks)
            if np.count_nonzero(~dead) + np.count_nonzero(kinks) > MOST_ROWS:
                found = KinkCertificate(False, "rows", dead)
            else:
                found = self._holds_on(kinks)
            if found.holds:
                return found
            if found.margin >= best.margin:
                best = found
        return best

    def _preactivations(self, w: Array) -> tuple[Array, Array]:
        error: Array = gamma(self.x.shape[1] + 4) * (np.abs(self.x) @ np.abs(w).T) + TINY
        return self.x @ w.T, error

    def _sets(self, most: int) -> Iterator[Bools]:
        """Return sets P of the pairs nearest to their kinks, those with the widest gap to the next pair first.

        With distances s_1 ≤ s_2 ≤ … the weights have to move by at least (s_1² + … + s_c²)^½ times a condition number
        to put c pairs on their kinks, and the next pair must be further away than that. They also have to move by at
        least ‖r_live‖ (η/2)^½, as r = J(w − w*) and η‖J‖² < 2. Sets that fall short of this are left out.
        """
        distance = np.abs(self.z) / self.lengths[:, None].clip(TINY)
        distance[self.vanishing] = np.inf
        nearest = distance[np.isfinite(distance)]
        if len(nearest) > MOST_KINKS:
            nearest = np.partition(nearest, MOST_KINKS)[: MOST_KINKS + 1]
        nearest = np.sort(nearest)
        if not len(nearest):
            yield np.zeros_like(self.on)
            return
        noise = 64.0 * UNIT * float(np.linalg.norm(self.w, axis=1).max()) + TINY
        before = np.sqrt(np.cumsum(np.concatenate([[0.0], nearest[:-1] ** 2])))
        widest = np.argsort(-nearest / (before + noise), kind="stable")[:most]
        least = np.maximum(WIDE * (before + noise), FAR * self._least_radius())
        for count in widest[nearest[widest] > least[widest]]:
            yield distance < nearest[count]

    def _least_radius(self) -> float:
        """Return ‖r‖ (η/2)^½ of the samples that are live without kinks, which no ρ is below."""
        slopes = np.where(self.on, 1.0, self.descent.slope) * self.v
        live = ~self._dead(np.zeros_like(self.on))
        residual = np.einsum("ij,ij->i", slopes, self.z)[live] - self.y[live]
        return float(np.linalg.norm(residual)) * math.sqrt(0.5 * self.descent.step_size)

    def _dead(self, kinks: Bools) -> Bools:
        if self.descent.slope > 0.0:
            return self.vanishing
        dead: Bools = self.vanishing | ~(self.on | kinks).any(axis=1)
        return dead

    def _holds_on(self, kinks: Bools) -> KinkCertificate:
        dead = self._dead(kinks)
        slopes = np.where(self.on & ~kinks, 1.0, self.descent.slope)
        free = ~kinks & ~self.vanishing[:, None]  # pairs with signs that must be constant
        if (np.abs(self.z) <= self.error)[free].any():
            return KinkCertificate(False, "signs", dead)
        found, system, w = KinkCertificate(False, "rank", dead, kinks=int(kinks.sum())), None, self.w
        if not dead.all():
            system = KinkedSystem(self.x, self.gram, self.v * slopes, ~dead, kinks)
            if not system.factors():
                return KinkCertificate(False, "rank", dead)
            w = self._nearest(system)
        found = self._with_signs(found, w, 0.0, free)
        if system is None or found.margin <= 1.0:  # a bound of the distance from w* would only lower the margin
            return self._with_step(found, slopes, kinks) if found.margin > 1.0 else found
        sigma = system.smallest()
        if sigma is None:
            return KinkCertificate(False, "rank", dead)
        gap, error = self._gap(system, w)
        away = (float(np.linalg.norm(gap)) + float(np.linalg.norm(error))) * ROUND_UP / sigma
        found = self._with_signs(found, w, away, free)
        return self._with_step(found, slopes, kinks) if found.margin > 1.0 else found

    def _with_signs(self, found: KinkCertificate, w: Array, away: float, free: Bools) -> KinkCertificate:
        """Return what was found with the margin of the signs, where w* is so far from given weights at most."""
        radius = (float(np.linalg.norm(w - self.w)) * ROUND_UP + away) * ROUND_UP
        z, error = self._preactivations(w)
        towards = np.where(self.on, z, -z)[free]
        needed = (error + (radius + away) * self.lengths[:, None] * ROUND_UP)[free]
        margin = float(np.min(towards / needed, initial=np.inf)) / ROUND_UP
        return replace(found, reason="signs", margin=margin, radius=radius, nearest=w)

    def _with_step(self, found: KinkCertificate, slopes: Array, kinks: Bools) -> KinkCertificate:
        """Return what was found with the bound of ‖J‖² for all slopes on P, and what follows from it."""
        live, step = ~found.dead, self.descent.step_size
        y, error = self.y[found.dead], self.label_error[found.dead]
        length = float(np.linalg.norm(y))
        slack = float(np.linalg.norm(error)) * ROUND_UP + (len(y) + 4) * UNIT * length
        found = replace(found, floor=max(length - slack, 0.0), residual=length + slack)
        if not live.any():
            return replace(found, holds=True, reason="", curvature=0.0, squares=0.0)
        size, limit = np.abs(self.v), 2.0 / step / (1.0 + 1e-9) if step > 0.0 else 0.0
        high = np.where(kinks, 1.0, slopes)
        gram = self.gram[np.ix_(live, live)]
        ends = slopes[live] * size, high[live] * size
        further = self._further_kernel(slopes, kinks, live)
        top = curvature_below(gram, *ends, limit, self.x.shape[1], further=further) if limit else None
        if top is None:
            return replace(found, reason="step")
        squares = found.radius**2 / (step * (2.0 - step * top)) * (1.0 + 1e-6)
        return replace(found, holds=True, reason="", curvature=step * top * ROUND_UP, squares=squares)

    def _further_kernel(self, slopes: Array, kinks: Bools, live: Bools) -> Array | None:
        """Return the part of JJᵀ of live samples that other layers add."""
        return None

    def _nearest(self, system: KinkedSystem) -> Array:
        """Return weights near an exact w*, (k, d)."""
        w = self.w
        for _ in range(2):
            w = w + system.correction(self._gap(system, w)[0])
        return np.asarray(w)

    def _gap(self, system: KinkedSystem, w: Array) -> tuple[Array, Array]:
        """Return b − Aw, (m,), and bounds of its errors."""
        z, error = self._preactivations(w)
        return system.gap(z, error, self.y, self.label_error)
