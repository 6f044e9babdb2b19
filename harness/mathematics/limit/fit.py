"""Certificates that gradient descent from a point converges to residual zero.

Steps are w⁺ = w − ηJᵀr on the loss ‖r‖²/2. σ and β are the smallest (n-th) and the largest singular value of J at the
point, L is a Lipschitz constant of J on the closed ball B of radius R around it, and a = σ − LR > 0.

D1g. Let c = 1 − η(β + LR)²/2 − ηL‖r‖/2. If ‖r‖ ≤ Rac, then no iterate leaves B and ‖r_t‖ ≤ (1 − ηca²)^t ‖r‖.
    Proof. Write g = ‖Jᵀr‖. While a step stays in B, r⁺ = (I − ηJJᵀ)r + e with ‖e‖ ≤ Lη²g²/2, and
    ‖(I − ηJJᵀ)r‖² ≤ ‖r‖² − η(2 − η(β + LR)²)g². So ‖r⁺‖ ≤ ‖r‖ − cηg²/‖r‖, and with g ≥ a‖r‖,
    ‖r‖ − ‖r⁺‖ ≥ caηg: the length of the path is at most ‖r‖/(ca) ≤ R. Where a step first left B, at sη for an
    s < 1, the same holds with the step sη, whose c is larger, so that the distance were below R: a contradiction.

D4. Let q = max(|1 − ησ²|, |1 − ηβ²|) and Q = q + ηLR(2β + LR). If η(β + LR)‖r‖ ≤ R(1 − Q), the same holds with
    ‖r_t‖ ≤ Q^t ‖r‖.
    Proof. r⁺ = (I − ηJ̃Jᵀ)r with J̃ the mean of J along the step, and ‖J̃Jᵀ − J₀J₀ᵀ‖ ≤ LR(2β + LR) in B.

Both conditions also hold for every smaller η that leaves D4's q below 1, so a rounded step size does not matter:
:func:`certify` takes the least favourable one within :data:`STEP_ERROR`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit import definite
from harness.mathematics.limit.certificate import PROVED, Certificate

if TYPE_CHECKING:
    from harness.components import Array
    from harness.mathematics.limit.net import Point

STEP_ERROR = 1e-6
"""Relative error of the step size that certificates allow for. A step may have been rounded to float32."""

SHARES = (0.5, 0.3, 0.7, 0.85)
"""Radii that are tried in turn, as shares of the radius at which the bound of σ would vanish."""

ROUNDED_DOWN = 1.0 - 1e-9


@dataclass(frozen=True)
class Extremes:
    """Proved bounds of the singular values of J at a point.

    Attributes:
        point: The point.
        eigenvalues: Eigenvalues of the computed kernel JJᵀ, increasing, (n,).
    """

    point: Point
    eigenvalues: Array

    @classmethod
    def of(cls, point: Point) -> Extremes:
        """Return the extremes at a point, from one decomposition."""
        eigenvalues = np.asarray(np.linalg.eigvalsh(point.kernel), dtype=np.float64)
        return cls(point, eigenvalues)

    @cached_property
    def sigma(self) -> float:
        """Lower bound of the n-th singular value, or 0 if none is proved."""
        rounding, net = self.point.rounding, self.point.net
        if net.size < net.n:
            return 0.0
        bound = definite.smallest(self.point.kernel, float(self.eigenvalues[0]), rounding.kernel)
        return max(math.sqrt(bound) * ROUNDED_DOWN - rounding.jacobian, 0.0)

    @cached_property
    def beta(self) -> float:
        """Upper bound of the largest singular value."""
        rounding = self.point.rounding
        bound = definite.largest(self.point.kernel, float(self.eigenvalues[-1]), rounding.kernel)
        return math.sqrt(max(bound, 0.0)) / ROUNDED_DOWN + rounding.jacobian


def certify(point: Point, step_size: float, extremes: Extremes | None = None) -> Certificate | None:
    """Return the certificate of a fit with the larger margin, or None if the theorems need more than the point has.

    Args:
        point: Where gradient descent goes on.
        step_size: η.
        extremes: Those of the point, where they are known.

    Returns:
        A certificate of any margin, also below 1, which then says by how much the residual is too large.
    """
    extremes = extremes or Extremes.of(point)
    sigma, beta = extremes.sigma, extremes.beta
    if sigma <= 0.0 or not math.isfinite(beta):
        return None
    high = step_size * (1.0 + STEP_ERROR)
    found = _path(point, sigma, beta, high)
    if not any(certificate.proved for certificate in found):
        found += _spectral(point, sigma, beta, step_size)
    return max(found, key=lambda certificate: certificate.margin, default=None)


def _path(point: Point, sigma: float, beta: float, eta: float) -> list[Certificate]:
    """Return certificates D1g at several radii, up to the first that is a proof."""
    r = point.rounding.residual_norm
    found: list[Certificate] = []
    whole = sigma / point.bends.of_jacobian(0.0)
    for share in SHARES:
        radius = share * whole
        constant = point.bends.of_jacobian(radius)
        a, b = sigma - constant * radius, beta + constant * radius
        c = 1.0 - 0.5 * eta * b * b - 0.5 * eta * constant * r
        if a > 0.0 and c > 0.0:
            margin = radius * a * c / r * ROUNDED_DOWN if r > 0.0 else math.inf
            constants = {"sigma": sigma, "beta": beta, "lipschitz": constant}
            found.append(Certificate("D1g", margin, radius, 1.0 - eta * c * a * a, constants=constants))
            if margin >= PROVED:
                break
    return found


def _spectral(point: Point, sigma: float, beta: float, step_size: float) -> list[Certificate]:
    """Return certificates D4 at several radii."""
    low, eta = step_size * (1.0 - STEP_ERROR), step_size * (1.0 + STEP_ERROR)
    q = max(1.0 - low * sigma * sigma, eta * beta * beta - 1.0)
    r = point.rounding.residual_norm
    found: list[Certificate] = []
    if not 0.0 <= q < 1.0:
        return found
    whole = (1.0 - q) / (2.0 * eta * beta * point.bends.of_jacobian(0.0))
    for share in SHARES:
        radius = share * whole
        moved = point.bends.of_jacobian(radius) * radius
        rate = q + eta * moved * (2.0 * beta + moved)
        if rate < 1.0:
            needed = eta * (beta + moved) * r
            margin = radius * (1.0 - rate) / needed * ROUNDED_DOWN if needed > 0.0 else math.inf
            constants = {"sigma": sigma, "beta": beta, "lipschitz": moved / radius}
            found.append(Certificate("D4", margin, radius, rate, constants=constants))
    return found
