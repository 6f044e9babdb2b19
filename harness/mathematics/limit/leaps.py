"""Gradient descent followed to its limit in leaps of many steps.

A leap of h steps is exact for a linear model at the point, (1 − ηλ)^h along each eigenvector, and h keeps the error of
the linear model below a set fraction. Mode K linearises the outputs: Δθ = −JᵀU w(Λ)Uᵀr with JJᵀ = UΛUᵀ and
w(λ) = (1 − (1 − ηλ)^h)/λ. Mode H linearises the gradient: Δθ = −Q w(Λ)Qᵀ∇F with ∇²F = QΛQᵀ. As h grows it becomes
Newton's method. Each leap takes one decomposition.

Where p is large and at least 2n, no matrix of p rows is formed. Mode S takes the leap of mode H from systems in the n
outputs (:mod:`harness.mathematics.limit.split_hessian`), in about 2n²p + 9n³ operations. There h is at most ten times
the number of steps in which the most negative curvature grows by e, so that ∇²F + sI is positive definite. No strict
minimum is looked for there, since its proof takes a matrix of p rows. A path ends where blocks of neurons would take
more memory than three GiB.

The path is that of the gradient flow, which gradient descent follows while ηλ_max < 2 on the way. It is a fact
followed, not a proof. A path therefore ends where ηλ_max reaches 2: from there on the two may part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.mathematics.limit import fit, minimum
from harness.mathematics.limit.certificate import PROVED
from harness.mathematics.limit.split_hessian import MOST_ENTRIES, ShiftedHessian, SplitHessian, entries

if TYPE_CHECKING:
    from harness.components import Array
    from harness.mathematics.limit.certificate import Certificate
    from harness.mathematics.limit.minimum import Minimum
    from harness.mathematics.limit.net import Point

End = Literal["fit", "minimum", "edge", "stationary", "unfinished", "large"]
"""Ends of a path: a certified fit, a certified minimum, η λ_max ≥ 2, no slope left, no leaps left, or too large a D."""

MOST_LEAPS = 150
"""Most leaps of a path."""

MANY_WEIGHTS = 2.0
"""Weights a sample from which on mode K is taken first, as the smaller decomposition. Mode H needs fewer leaps."""

IN_OUTPUTS = 30
"""Leaps in mode K after which a path goes on in mode H or S."""

SHIFT = 10.0
"""The shift s of mode S, in units of 1/(ηh)."""

ROUGH = 5
"""Dimension of the space on which mode S measures its error."""

IN_WEIGHTS = 300
"""Weights up to which the Hessian is decomposed at any p/n. Mode S is 4 times as fast at 400, and 30 times at 1300."""

OUTPUT_ERROR = 0.02
"""Largest error of the linearised outputs, in units of ‖r‖."""

MOVE_ERROR = 0.1
"""Largest error of the move in mode H, in units of its length."""

ROUGH_FIT = 1e-3
"""Largest relative residual at which a fit is looked for."""

ROUGH_MINIMUM = 1e-6
"""Largest ‖Jᵀr‖/(‖J‖‖r‖) at which a minimum is looked for."""

FIRST = 100.0
"""Steps of the first leap in each mode."""

LONGEST = 1e15
"""Steps after which a path is given up."""


@dataclass(frozen=True)
class Path:
    """A path that was followed in leaps.

    Attributes:
        end: One of :data:`End`.
        point: Its last point.
        steps: Number of steps of gradient descent that it replaces.
        leaps: Number of leaps.
        largest: Largest ηλ_max on the way.
        certificate: Certificate at the last point, or None if there is none.
        minimum: The minimum at its end, or None if it did not end at one.
    """

    end: End
    point: Point
    steps: float
    leaps: int
    largest: float
    certificate: Certificate | None = None
    minimum: Minimum | None = None


def follow(start: Point, step_size: float, most: int = MOST_LEAPS) -> Path:
    """Return the path of gradient descent from a point to a certified end, or as far as it can be followed.

    Args:
        start: Where it begins.
        step_size: η.
        most: Most leaps.
    """
    return _Follower(start, step_size).follow(most)


def splits(n: int, p: int) -> bool:
    """Return whether leaps after the first are in mode S.

    Args:
        n: Number of samples.
        p: Number of trained weights.
    """
    return p >= MANY_WEIGHTS * n and p > IN_WEIGHTS


class _Follower:
    """The state of a path that is being followed."""

    def __init__(self, start: Point, step_size: float) -> None:
        self.point, self.eta = start, step_size
        self.by_outputs = start.net.size >= MANY_WEIGHTS * start.net.n
        self.split, self.top = splits(start.net.n, start.net.size), start.gradient
        self.length, self.steps, self.leaps, self.largest = FIRST, 0.0, 0, 0.0
        self.shifted: ShiftedHessian | None = None

    def follow(self, most: int) -> Path:
        """Take leaps until the path ends."""
        for self.leaps in range(most + 1):
            if self.by_outputs and self.leaps == IN_OUTPUTS:
                self.by_outputs, self.length = False, FIRST
            if self.split and not self.by_outputs and entries(self.point.net) > MOST_ENTRIES:
                return self._ended("large")
            values, vectors = self._decomposed()
            self.largest = max(self.largest, self.eta * float(values[-1]))
            if not self.largest < 2.0:
                return self._ended("edge")
            found = self._fit(values) or self._minimum(values)
            if found is not None:
                return found
            if self.leaps == most or self.steps > LONGEST or not self._leap(values, vectors):
                break
            del values, vectors  # before there are others
        return self._ended("unfinished" if self.leaps == most else "stationary")

    def _decomposed(self) -> tuple[Array, Array]:
        """Return eigenvalues and eigenvectors of what the mode decomposes. Mode S has but nearly the largest."""
        if self.by_outputs or not self.split:
            return np.linalg.eigh(self.point.kernel if self.by_outputs else self.point.hessian)
        self.hessian, self.shifted = SplitHessian(self.point), None  # the last leap's take as much memory
        largest, self.top = self.hessian.largest(self.top)
        return np.array([largest]), self.top[:, None]

    def _ended(self, end: End) -> Path:
        return Path(end, self.point, self.steps, self.leaps, self.largest)

    def _fit(self, values: Array) -> Path | None:
        """Return the path if a fit is proved from here. A rough test of the condition saves most of the proofs."""
        point = self.point
        if point.relative > ROUGH_FIT or point.net.size < point.net.n:
            return None
        extremes = fit.Extremes(point, values) if self.by_outputs else fit.Extremes.of(point)
        least, most = float(extremes.eigenvalues[0]), float(extremes.eigenvalues[-1])
        share = 1.0 - 0.5 * self.eta * most
        if least <= 1e-13 * most or 8.0 * point.bends.of_jacobian(0.0) * point.norm > least * share:
            return None
        certificate = fit.certify(point, self.eta, extremes)
        if certificate is None or not certificate.proved:
            return None
        return Path("fit", point, self.steps, self.leaps, self.largest, certificate)

    def _minimum(self, values: Array) -> Path | None:
        """Return the path if it is at a minimum that attracts gradient descent, proved or too flat for a proof."""
        point, least = self.point, float(values[0])
        slope = float(np.linalg.norm(point.gradient))
        flat = slope <= ROUGH_MINIMUM * math.sqrt(max(float(values[-1]), 0.0)) * point.norm
        if self.by_outputs or self.split or not flat or least <= 0.0:
            return None
        found = minimum.beside(point)
        certificate = found.certify(point, self.eta)
        if certificate is not None and certificate.margin >= PROVED:
            return Path("minimum", point, self.steps, self.leaps, self.largest, certificate, found)
        return None if found.exists else self._ended("stationary")

    def _leap(self, values: Array, vectors: Array) -> bool:
        """Take one leap, and return whether the path goes on."""
        step = self._by_outputs if self.by_outputs else self._by_gradient
        values = np.maximum(values, 0.0) if self.by_outputs else values
        if self.split and not self.by_outputs:
            shifted = self.hessian.shifted(SHIFT / (self.eta * self.length))
            if not shifted.positive:
                self.length *= 0.3
                return self.length >= 1.0
            self.shifted = shifted
            values, vectors = shifted.around(self.point.gradient)
        while True:
            after, error = step(values, vectors, self._weights(values))
            if error <= 1.0 or self.length < 1.0:
                break
            self.length *= max(0.1, 0.8 / math.sqrt(error)) if math.isfinite(error) else 0.1
        if not math.isfinite(after.norm) or np.array_equal(after.theta, self.point.theta):
            return False
        self.point, self.steps = after, self.steps + self.length
        self.length *= min(4.0 if self.by_outputs else 10.0, 0.9 / math.sqrt(max(error, 1e-4)))
        return True

    def _weights(self, values: Array) -> Array:
        """Return w(λ) = (1 − (1 − ηλ)^h)/λ, which is ηh for λ near 0."""
        slow = np.log1p(-np.minimum(self.eta * values, 1.0 - 1e-15))
        short = np.abs(values) * self.eta * self.length <= 1e-9
        grown = -np.expm1(np.minimum(self.length * slow, 300.0))
        weights: Array = np.where(short, self.eta * self.length, grown / np.where(short, 1.0, values))
        return weights

    def _by_outputs(self, values: Array, vectors: Array, weights: Array) -> tuple[Point, float]:
        """Return the point after a leap in mode K, and its error in units of what is allowed."""
        point = self.point
        move = -point.pull(vectors @ (weights * (vectors.T @ point.residual)))
        after = point.moved(move)
        error = float(np.linalg.norm(after.residual - point.residual - point.push(move)))
        return after, error / (OUTPUT_ERROR * point.norm)

    def _by_gradient(self, values: Array, vectors: Array, weights: Array) -> tuple[Point, float]:
        """Return the point after a leap in mode H, and its error in units of what is allowed."""
        point = self.point
        slopes = vectors.T @ point.gradient
        along = -weights * slopes
        move = vectors @ along
        after = point.moved(move)
        if self.shifted is not None:
            rest = after.gradient - point.gradient - self.hessian.times(move)
            if not np.isfinite(rest).all():
                return after, math.inf
            values, vectors = self.shifted.around(rest, ROUGH)
            missed = self._weights(values) * (vectors.T @ rest)
        else:
            missed = weights * (vectors.T @ after.gradient - slopes - values * along)
        length = float(np.linalg.norm(along))
        error = float(np.linalg.norm(missed)) / (MOVE_ERROR * length) if length > 0.0 else 0.0
        if not after.norm <= point.norm * (1.0 + 1e-12):
            error = max(error, 4.0)
        return after, error
