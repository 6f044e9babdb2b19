"""Gradient descent on a model that is linear in its trained weights, solved exactly.

The residual after t steps of size η on loss a/2 ‖f − y‖² is r_t = (I − aηK)^t r₀ with K = JJᵀ. In the eigenbasis of
K, ‖r_t‖² = Σ cᵢ² gᵢ^{2t} with gᵢ = 1 − aηλᵢ: a sum of exponentials, convex in t, so first hits are found by
bisection and any budget costs the same. The sum needs the spectral measure of K at r₀, and no eigenvector.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.components import Array
from harness.components.progress import DIVERGED, Course, curve_steps, still_falling
from harness.engine.fused import eigenvalues
from harness.engine.one_thread import one_thread_of_blas

EPS = float(np.finfo(np.float64).eps)

Measure = Callable[[Array], Array]
"""The criterion's measure from residual norms."""

RATE_POINTS = 64
"""Steps between which the rate is fitted."""


@dataclass(frozen=True)
class Decay:
    """‖r_t‖ of one run in closed form.

    Attributes:
        kernel: K, (n, n).
        residual: r₀, (n,).
        eigenvalues: λᵢ of K, increasing.
        weight: cᵢ², the squared residual along each eigenvector at the start.
        factor: gᵢ.
        log_factor: log|gᵢ| (−∞ for a mode that one step removes).
    """

    kernel: Array
    residual: Array
    eigenvalues: Array
    weight: Array
    factor: Array
    log_factor: Array

    @staticmethod
    def of(kernel: Tensor, residual: Tensor, rate: float) -> Decay:
        """Take the spectral measure of K (n, n) at r₀ (n,); ``rate`` is aη. Float64.

        Raises:
            numpy.linalg.LinAlgError: If K or r₀ is not finite.
        """
        matrix, start = kernel.numpy(), residual.numpy()
        values, weight = spectral_measure(matrix, start)
        values = _positive(values)
        shrink = rate * values
        with np.errstate(divide="ignore", invalid="ignore"):
            # log1p, because slow modes matter at steps of the order of 1/(aηλ), however small λ is
            log_factor = np.where(shrink < 1.0, np.log1p(-shrink), np.log(shrink - 1.0))
        return Decay(matrix, start, values, weight, 1.0 - shrink, log_factor)

    def norm(self, steps: Array) -> Array:
        """Return ‖r_t‖ at steps t, (m,)."""
        t = np.asarray(steps, dtype=float)[:, None]
        with np.errstate(invalid="ignore", over="ignore"):
            exponent = np.where(t == 0.0, 0.0, 2.0 * t * self.log_factor)
            norms: Array = np.sqrt((self.weight * np.exp(exponent)).sum(axis=1))
            return norms

    def limit(self, measure: Measure) -> float:
        """Return the measure after infinitely many steps."""
        left = np.where(self.log_factor < 0.0, 0.0, self.weight).sum()
        return float(measure(np.sqrt(np.array([left])))[0])

    def movement(self, step: int, rate: float) -> float:
        """Return ‖w_t − w₀‖ = (Σ λᵢ (aη cᵢ Σ_{s<t} gᵢ^s)²)^{1/2}."""
        return float(np.sqrt((self.eigenvalues * self.weight * (rate * _total(self.factor, step)) ** 2).sum()))

    def total(self, step: int, rate: float) -> Array:
        """Return Σ_{s<t} r_s, (n,), which takes eigenvectors. The weights after t steps are w₀ − aη Jᵀ Σ_{s<t} r_s."""
        values, vectors = self._modes
        summed: Array = vectors @ (vectors.T @ self.residual * _total(1.0 - rate * _positive(values), step))
        return summed

    @functools.cached_property
    def _modes(self) -> tuple[Array, Array]:
        """Eigenvalues of K, and eigenvectors, one a column."""
        values, vectors = torch.linalg.eigh(torch.from_numpy(self.kernel))
        return values.numpy(), vectors.numpy()


def spectral_measure(kernel: Array, residual: Array) -> tuple[Array, Array]:
    """Return the eigenvalues λᵢ of K, increasing, and cᵢ² = (uᵢ · r₀)², uᵢ the unit eigenvectors.

    Householder's reflections H make K tridiagonal, and the first of them takes r₀ to ±‖r₀‖e₁. With HKHᵀ = T, cᵢ is
    ‖r₀‖ times the first entry of an eigenvector of T, and no eigenvector is formed [Golub and Welsch 1969, Math. Comp.
    23(106)]. Reflections are orthogonal, so the result is that of a matrix within a few roundings of ‖K‖, as it is
    where eigenvectors are formed, which begins likewise.

    Args:
        kernel: K, (n, n), symmetric.
        residual: r₀, (n,).

    Raises:
        numpy.linalg.LinAlgError: If K or r₀ is not finite.
    """
    from scipy.linalg import lapack

    n = len(residual)
    bordered = np.zeros((n + 1, n + 1), order="F")  # the reflections of its first column are those of r₀
    bordered[1:, 0], bordered[1:, 1:] = residual, kernel.T
    with one_thread_of_blas():
        size = int(lapack.dsytrd_lwork(n + 1, lower=1)[0])
        _, diagonal, below, *_ = lapack.dsytrd(bordered, lower=1, lwork=size, overwrite_a=1)
        if not np.isfinite(np.append(diagonal, below)).all():
            raise np.linalg.LinAlgError("the kernel or the residual is not finite")
        if eigenvalues.compiled():
            values, first = eigenvalues.of_tridiagonal(diagonal[1:], below[1:])
        else:
            values, vectors, _ = lapack.dstevd(diagonal[1:], np.resize(below[1:], max(n - 1, 1)))
            first = vectors[0]
    order = np.argsort(values)
    return values[order], (below[0] * first[order]) ** 2


def _positive(values: Array) -> Array:
    """Return increasing eigenvalues without those that rounding leaves of a singular kernel, near ±n ε λ_max.

    As modes these would move after 10¹² steps.
    """
    return np.where(values > len(values) * EPS * values[-1], values, 0.0)


def _total(factor: Array, step: int) -> Array:
    """Return Σ_{s<t} gᵢ^s."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total: Array = np.where(factor == 1.0, float(step), (1.0 - factor**step) / (1.0 - factor))
    return total


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first integer in (low, high] where a condition holds that stays true once true."""
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high


def solve(decay: Decay, measure: Measure, tolerances: tuple[float, ...], budget: int) -> Course:
    """Find the first step at which each tolerance is met, within the budget."""

    def at(step: int) -> float:
        return float(measure(decay.norm(np.array([step], dtype=float)))[0])

    # ‖r_t‖² is convex in t, so the measure first falls, then rises; find where it is smallest.
    low, high = -1, budget
    bottom = _first(lambda t: t >= budget or at(t + 1) >= at(t), low, high) if budget > 0 else 0
    hits: list[int | None] = []
    for tolerance in tolerances:
        if not at(0) < DIVERGED:
            hits.append(None)
        elif at(bottom) <= tolerance:
            hits.append(_first(lambda t, tol=tolerance: at(t) <= tol, -1, bottom) if bottom > 0 else 0)  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        else:
            hits.append(None)
    end, diverged = budget, False
    if hits[-1] is not None:
        end = hits[-1]
    elif not at(0) < DIVERGED:
        end, diverged = 0, True
    elif not at(budget) < DIVERGED:
        end, diverged = _first(lambda t: not at(t) < DIVERGED, bottom, budget), True
    curve = measure(decay.norm(np.array([s for s in curve_steps(budget) if s <= end], dtype=float)))
    late = np.unique(np.linspace(end / 2, end, RATE_POINTS).round())
    # More steps would go on lowering the measure, however slowly: what is left at last is known exactly.
    falling = hits[-1] is None and not diverged and still_falling(at(budget), decay.limit(measure))
    return Course(
        hits=tuple(hits),
        steps=end,
        measure=at(end),
        diverged=diverged,
        falling=falling,
        late=(late.tolist(), measure(decay.norm(late)).tolist()),
        curve=curve.tolist(),
    )
