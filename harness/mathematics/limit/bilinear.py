"""A certificate for ReLU nets both of whose layers are trained: between kinks they are bilinear.

Net, loss, pairs, dead and live samples are those of :mod:`harness.mathematics.limit.kink`, but v is trained too, and an
output bias c may be. θ has all weights, and every neuron counts. Where c is trained, no sample is dead.

For slopes s, f^s_i(θ) = Σ_j s_ij v_j z_ij + c on the live samples. Let X_j have the rows s_ij x_i of live samples with
s_ij = 1 on P, and ξ = max_j ‖X_j‖. Let A have the rows of the Jacobian of f^s at θ₀ without the pairs of P, and for
each pair of P a row x_i in the place of w_j. Let Y = Aᵀ(AAᵀ)⁻¹ have the columns Y_i and Y_ij, let g be the norm of the
former, and h_ij = ‖x_i‖ max_s ‖Y_ij − s v_j Y_i‖ + 2⁻¹² with s in [a, 1].

Theorem. With all that follows taken at θ₀, let d = 1.0003 (g‖r_live‖ + Σ_P h_ij |z_ij|/‖x_i‖), let
H = 1.0003 g Π_P ((1 + 1.053 (h_ij² − 1)^½)² + 1.053²)^½ and ω = 3.1 ξd + (Σ_P z_ij²)^½. Let β
bound the norm of the Jacobian of f^s for all slopes of [a, 1] on P, but for derivatives by v_j there, and
c = 2 − η(β + ω)². If c > 0, gω ≤ 2⁻¹², 64 ξHd ≤ c, and |z_ij| > 2.06 d‖x_i‖ for all pairs outside P with x_i ≠ 0, then
gradient descent from θ₀ stays within 2.06 d of it, its weights converge, and lim ‖r_t‖ = ‖y_dead‖.

The proof is in docs/limit-relu.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit import definite
from harness.mathematics.limit.certificate import PROVED
from harness.mathematics.limit.compensated import residual
from harness.mathematics.limit.fit import STEP_ERROR
from harness.mathematics.limit.kink import ROUND_UP, Bools, KinkCertificate, KinkedDescent, KinkTest
from harness.mathematics.limit.kinked_system import KinkedSystem
from harness.mathematics.limit.rounding import gamma

if TYPE_CHECKING:
    from harness.components import Array

REACH = 2.06
"""Distance from θ₀ within which all iterates stay, in units of d."""

BALL = 3.1
"""Radius of the ball in which the proof works, likewise."""

SMALL = 2.0**-12
"""Largest gω."""

SLOW = 64.0
"""Least c/ξHd."""

GAP = 1.053
"""Distance from its kink, in units of d, beyond which a pair of P keeps its sign."""


def certify(descent: KinkedDescent, w: Array, *, offset: bool = False) -> KinkCertificate:
    """Return the certificate of the theorem at given weights.

    Args:
        descent: What is trained, with v as it is at these weights, and with the output bias taken off the labels.
        w: Hidden weights, (k, d).
        offset: Whether the output bias is trained.

    Returns:
        The certificate of the first set P for which the theorem holds with a margin of 2, or else of the set that came
        nearest. The margin is the smallest quotient by which a condition holds, and the radius the distance from the
        weights within which gradient descent stays. The reason ``length`` says that d is too large.

    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0]])
    >>> found = certify(KinkedDescent(x, np.array([1.0, 2.0]), np.array([1.0]), 0.5), np.array([[1.0 - 1e-6, 0.0]]))
    >>> found.holds, found.dead.tolist(), round(found.floor, 9), f"{found.radius:.2g}"
    (True, [False, True], 2.0, '1.5e-06')
    """
    return _BilinearTest(descent, w, offset).certificate()


@dataclass(frozen=True)
class _Lengths:
    """The numbers of the theorem for a set P.

    Attributes:
        length: d.
        bent: gω/2⁻¹².
        chained: 64 ξHd.
        moved: ω.
    """

    length: float
    bent: float
    chained: float
    moved: float


class _BilinearTest(KinkTest):
    """The test at one point."""

    def __init__(self, descent: KinkedDescent, w: Array, offset: bool) -> None:
        super().__init__(descent, w, np.ones(len(w), dtype=np.bool_))
        self.offset = offset

    def _dead(self, kinks: Bools) -> Bools:
        return np.zeros_like(self.vanishing) if self.offset else super()._dead(kinks)

    def _holds_on(self, kinks: Bools) -> KinkCertificate:
        dead = self._dead(kinks)
        free = ~kinks & ~self.vanishing[:, None]
        found = KinkCertificate(False, "signs", dead, kinks=int(kinks.sum()))
        slopes = np.where(self.on & ~kinks, 1.0, self.descent.slope)
        if (np.abs(self.z) <= self.error)[free].any():
            return found
        if dead.all():
            return self._with_step(replace(found, margin=math.inf, radius=0.0), slopes, kinks)
        if self._margin(self._least(kinks, ~dead), free) < PROVED:
            return found
        lengths = self._lengths(slopes, kinks, ~dead)
        if lengths is None:
            return replace(found, reason="rank")
        margin = self._margin(lengths, free)
        found = replace(found, reason="length", margin=margin, radius=REACH * lengths.length * ROUND_UP)
        return self._with_curvature(found, lengths, slopes, kinks) if margin >= PROVED else found

    def _margin(self, lengths: _Lengths, free: Bools) -> float:
        """Return the smallest quotient by which a condition holds, with 2 in the place of c."""
        needed = self.error + REACH * lengths.length * self.lengths[:, None]
        signs = float(np.min((np.abs(self.z) / needed)[free], initial=np.inf))
        return min(signs, _quotient(1.0, lengths.bent), _quotient(2.0, lengths.chained)) / ROUND_UP

    def _with_curvature(self, found: KinkCertificate, at: _Lengths, slopes: Array, kinks: Bools) -> KinkCertificate:
        """Return what was found with the bound of the Jacobian, and what follows from it."""
        margin = found.margin
        found = self._with_step(found, slopes, kinks)
        if not found.holds:
            return found
        eta = self.descent.step_size * (1.0 + STEP_ERROR)
        curvature = (math.sqrt(found.curvature * (1.0 + STEP_ERROR)) + math.sqrt(eta) * at.moved) ** 2 * ROUND_UP
        margin = min(margin, _quotient(2.0 - curvature, at.chained) / ROUND_UP)
        holds = margin >= PROVED
        return replace(found, holds=holds, margin=margin, curvature=curvature, reason="" if holds else "step")

    def _least(self, kinks: Bools, live: Bools) -> _Lengths:
        """Return lower bounds of what :meth:`_lengths` would find if the other conditions hold, at little cost.

        ξ is at least the length of each x_i times the largest slope at it, and g at least (η/2)^½.
        """
        slopes = np.where((self.on | kinks).any(axis=1), 1.0, self.descent.slope)
        samples, neurons = np.nonzero(kinks)
        distance = float((np.abs(self.z[samples, neurons]) / self.lengths[samples]).sum())
        g = math.sqrt(0.5 * self.descent.step_size)
        length = (g * float(np.linalg.norm(self._rough[live])) + distance) * 0.99
        growth = 0.5 * math.log1p(GAP**2) * float(kinks.sum())
        return _Lengths(length, 0.0, SLOW * float((slopes * self.lengths)[live].max()) * g * length * _exp(growth), 0.0)

    @cached_property
    def _rough(self) -> Array:
        """Residuals in float64, (n,)."""
        found: Array = (np.where(self.on, 1.0, self.descent.slope) * self.z) @ self.v - self.y
        return found

    @cached_property
    def _exact(self) -> tuple[Array, Array, Array]:
        return residual(self.x, self.w, self.v, self.y, self.descent.slope)

    def _lengths(self, slopes: Array, kinks: Bools, live: Bools) -> _Lengths | None:
        """Return what the theorem asks of a set P, or None if A is not proved to have full row rank."""
        system = KinkedSystem(self.x, self.gram, self.v * slopes, live, kinks, self._outputs(slopes, kinks))
        sigma = system.smallest() if system.factors() else None
        if sigma is None:
            return None
        inverse, wrong = system.inverse(sigma)
        across = np.ascontiguousarray(inverse[: len(system.live), : len(system.live)])
        g = math.sqrt(definite.largest(across, float(np.linalg.eigvalsh(across)[-1]), wrong)) * ROUND_UP
        h = self._responses(system, inverse, wrong)
        r, error, z = self._exact
        at = system.samples, system.neurons
        norm = float(np.linalg.norm(r[live])) + float(np.linalg.norm((error + self.label_error)[live]))
        length = 1.0003 * (g * norm + float(h @ (z[at] / self.lengths[system.samples]))) * ROUND_UP
        bend = self._bend(slopes, kinks, live)
        # The rows of A are made from computed z and products s_ij v_j.
        rows = float(np.linalg.norm(self.error[live])) + gamma(4) * math.sqrt(float(np.trace(system.matrix)))
        moved = (BALL * bend * length + float(np.linalg.norm(z[at])) + rows) * ROUND_UP
        growth = 0.5 * float(np.log((1.0 + GAP * np.sqrt(h * h - 1.0)) ** 2 + GAP**2).sum())
        chained = SLOW * bend * 1.0003 * g * length * _exp(growth + 1e-9)
        return _Lengths(length, g * moved / SMALL, chained, moved)

    def _outputs(self, slopes: Array, kinks: Bools) -> Array:
        """Return the derivatives by v, and by c where it is trained, without the pairs of P, (n, k) or (n, k + 1)."""
        outputs = np.where(kinks, 0.0, slopes * self.z)
        return np.column_stack([outputs, np.ones(len(outputs))]) if self.offset else outputs

    def _further_kernel(self, slopes: Array, kinks: Bools, live: Bools) -> Array:
        outputs = self._outputs(slopes, kinks)[live]
        kernel: Array = outputs @ outputs.T
        return kernel

    def _responses(self, system: KinkedSystem, inverse: Array, wrong: float) -> Array:
        """Return upper bounds of h of each pair of P. A norm is convex in s, so largest at an end."""
        pairs = len(system.live) + np.arange(len(system.samples))
        rows, scale = np.searchsorted(system.live, system.samples), system.scale
        own, both, first = inverse[pairs, pairs], inverse[pairs, rows], inverse[rows, rows]
        squares = []
        for slope in (self.descent.slope, 1.0):
            v = slope * self.v[system.neurons]
            error = (wrong + 1e-12 * (own + first)) * (scale**2 + v**2)
            squares.append(scale**2 * own - 2.0 * scale * v * both + v**2 * first + error)
        longest: Array = np.sqrt(np.maximum(*squares)) * self.lengths[system.samples] * ROUND_UP
        return np.maximum(longest, 1.0) + SMALL

    def _bend(self, slopes: Array, kinks: Bools, live: Bools) -> float:
        """Return an upper bound of ξ."""
        seen, x = np.where(kinks, 1.0, slopes)[live], self.x[live]
        largest = max(float(np.linalg.eigvalsh((x.T * weights) @ x)[-1]) for weights in (seen**2).T)
        return math.sqrt(largest) * (1.0 + 1e-9)


def _quotient(allowed: float, needed: float) -> float:
    """Return allowed/needed, but 0 where nothing is allowed or a number is missing, and ∞ where nothing is needed."""
    if not (allowed > 0.0 and needed >= 0.0):
        return 0.0
    return allowed / needed if needed > 0.0 else math.inf


def _exp(power: float) -> float:
    return math.exp(power) if power < 700.0 else math.inf
