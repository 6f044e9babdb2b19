"""Certificate that gradient descent from a point converges to a strict local minimum of positive loss.

Let F = ‖r‖²/2, and ŵ a point with A = ∇²F(ŵ) ≥ μ > 0 and ‖A⁻¹∇F(ŵ)‖ ≤ δ, found by Newton's method. Let the Hessian be
M-Lipschitz on the closed ball B(ŵ, ρ), with 2Mρ ≤ μ. Then ∇²F ≥ μ/2 on the ball.

Minimum. If 4δ/3 ≤ ρ there is one minimum w* in the ball, and ‖w* − ŵ‖ ≤ 4δ/3.
    Proof. Let s = 4δ/3 and G(w) = w − A⁻¹∇F(w). On B(ŵ, s) ‖DG‖ = ‖A⁻¹(A − ∇²F)‖ ≤ Ms/μ ≤ 1/2, and
    ‖G(w) − ŵ‖ ≤ δ + Ms²/2μ ≤ 3s/4 + s/4. So G maps this ball into itself and has a fixed point w* there, where
    ∇F = 0. F is strictly convex on B(ŵ, ρ), so w* is its minimum there.

Stuck. If also η(λ_max(∇²F(ŵ)) + Mρ) < 2 and ‖w − ŵ‖ + 8δ/3 ≤ ρ, then gradient descent from w comes nearer to w* with
each step, by the factor q = max(1 − ημ/2, ηΛ − 1) or better, Λ = λ_max + Mρ. So it converges to w*, and
‖r_t‖ ≥ ‖r(w*)‖ ≥ ‖r(ŵ)‖ − 4δβ/3 for ever, β a bound of ‖J‖ on the ball.
    Proof. w⁺ − w* = (I − ηH)(w − w*) with H the mean Hessian on the segment from w* to w. The segment lies in the
    convex ball, where μ/2 ≤ H ≤ Λ. F(w*) is the least value in the ball, which no iterate leaves.

δ must hold for the exact gradient Jᵀr, whose largest error is that of r. Of this error A⁻¹Jᵀ is the image, and not
‖Jᵀ‖/μ times its norm, which is larger by the condition number of J where μ is small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit import definite
from harness.mathematics.limit.certificate import Certificate
from harness.mathematics.limit.fit import STEP_ERROR
from harness.mathematics.limit.rounding import gamma

if TYPE_CHECKING:
    from harness.mathematics.limit.net import Point

NEWTON_STEPS = 30
"""Most steps of Newton's method. It ends as soon as the gradient no longer shrinks."""

RADIUS_STEPS = 6
"""Times that the radius is adapted to M, which itself depends on the radius."""


@dataclass(frozen=True)
class Minimum:
    """A point that is nearly a strict local minimum, with what is proved around it.

    Attributes:
        point: ŵ.
        convexity: μ, a lower bound of the Hessian's smallest eigenvalue, or 0 if it is not positive.
        sharpness: Upper bound of its largest eigenvalue.
        away: 4δ/3, an upper bound of the distance from ŵ to the minimum.
        radius: ρ, with 2Mρ ≤ μ, or 0 if no minimum is proved.
        top: Λ, an upper bound of the Hessian on the ball.
        jacobian: β, an upper bound of ‖J‖ on the ball.
    """

    point: Point
    convexity: float
    sharpness: float
    away: float
    radius: float
    top: float
    jacobian: float

    @property
    def exists(self) -> bool:
        """Whether a minimum is proved to lie in the ball."""
        return self.radius > 2.0 * self.away

    @cached_property
    def floor(self) -> float:
        """Lower bound of ‖r‖ at the minimum, or 0 if none is proved to be positive."""
        if not self.exists:
            return 0.0
        rounding = float(np.linalg.norm(self.point.rounding.residual))
        return max(self.point.norm * (1.0 - gamma(self.point.net.n + 8)) - rounding - self.jacobian * self.away, 0.0)

    def distance(self, point: Point) -> float:
        """Return an upper bound of ‖w − ŵ‖."""
        return float(np.linalg.norm(point.theta - self.point.theta)) * (1.0 + 1e-9)

    def steps_to_ball(self, point: Point, step_size: float) -> float:
        """Return the number of steps after which the linearised descent from a point is certified to be stuck."""
        distance = self.distance(point)
        if not self.exists or distance == 0.0:
            return 0.0 if self.exists else math.inf
        return max(math.log(4.0 * distance / self.radius) / (step_size * self.convexity), 0.0)

    def certify(self, point: Point, step_size: float) -> Certificate | None:
        """Return the certificate that gradient descent from a point ends at the minimum, or None if nothing holds.

        The margin is the smaller of two: that of the radius, and the one by which the floor exceeds its own error.
        """
        eta = step_size * (1.0 + STEP_ERROR)
        if not self.exists or not eta * self.top < 2.0:
            return None
        reach = self.distance(point) + 2.0 * self.away
        loss = self.point.norm - self.floor
        margin = self.radius / reach if reach > 0.0 else math.inf
        margin = min(margin, self.floor / loss if loss > 0.0 else math.inf)
        low = step_size * (1.0 - STEP_ERROR)
        rate = max(1.0 - 0.5 * low * self.convexity, eta * self.top - 1.0)
        constants = {"convexity": self.convexity, "sharpness": self.sharpness}
        return Certificate("strict minimum", margin, self.radius, rate, self.floor, constants)


def newton(point: Point) -> Point:
    """Return the point that Newton's method for ∇F = 0 reaches from a point, where the gradient shrinks no further."""
    for _ in range(NEWTON_STEPS):
        try:
            move = np.asarray(np.linalg.solve(point.hessian, -point.gradient), dtype=np.float64)
        except np.linalg.LinAlgError:
            return point
        after = point.moved(move)
        if not float(np.linalg.norm(after.gradient)) < 0.9 * float(np.linalg.norm(point.gradient)):
            return point
        point = after
    return point


def beside(point: Point) -> Minimum:
    """Return what is proved around the stationary point that Newton's method reaches from a point."""
    found = newton(point)
    rounding, hessian = found.rounding, found.hessian
    values = np.linalg.eigvalsh(hessian)
    mu = definite.smallest(hessian, float(values[0]), rounding.hessian)
    if mu <= 0.0:
        return Minimum(found, 0.0, float(values[-1]), math.inf, 0.0, math.inf, math.inf)
    sharpness = definite.largest(hessian, float(values[-1]), rounding.hessian)
    beta = (math.sqrt(float(np.linalg.eigvalsh(found.kernel)[-1])) + rounding.jacobian) * (1.0 + 1e-6)
    radius = mu / beta
    for _ in range(RADIUS_STEPS):
        _, constant = _on_ball(found, beta, radius)
        radius = 0.5 * mu / constant
    _, constant = _on_ball(found, beta, radius)
    radius = min(radius, 0.5 * mu / constant) * (1.0 - 1e-9)  # M of the larger ball holds on the smaller one
    jacobian, constant = _on_ball(found, beta, radius)
    away = _newton_step(found, mu) * (4.0 / 3.0) * (1.0 + 1e-9)
    return Minimum(found, mu, sharpness, away, radius, sharpness + constant * radius, jacobian)


def _newton_step(point: Point, convexity: float) -> float:
    """Return an upper bound of δ = ‖A⁻¹∇F‖ in exact arithmetic at a point with A ≥ μ.

    With T the computed A⁻¹Jᵀ and Q = Jᵀ − AT, A⁻¹Jᵀ = T + A⁻¹Q, so its norm is at most ‖T‖ + ‖Q‖/μ. The exact gradient
    is the computed one, and Jᵀ times the error of r, and what is left in :attr:`Rounding.pulled`.
    """
    hessian, pull, rounding = point.hessian, point.jacobian.T, point.rounding
    solved = np.linalg.solve(hessian, pull)
    size, whole = float(np.linalg.norm(solved)), float(np.linalg.norm(hessian))
    missed = float(np.linalg.norm(pull - hessian @ solved)) + rounding.hessian * size
    missed += gamma(len(hessian) + 4) * (whole * size + float(np.linalg.norm(pull)))
    error = float(np.linalg.norm(rounding.residual))
    rest = float(np.linalg.norm(point.gradient)) + rounding.pulled
    return float(rest / convexity + (size + missed / convexity) * error) * (1.0 + 1e-9)


def _on_ball(point: Point, beta: float, radius: float) -> tuple[float, float]:
    """Return bounds of ‖J‖ and of the Lipschitz constant M of the Hessian on a ball around a point."""
    jacobian = beta + point.bends.of_jacobian(radius) * radius
    residual = point.rounding.residual_norm + jacobian * radius
    return jacobian, point.bends.of_hessian(radius, jacobian, residual)
