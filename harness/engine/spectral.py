"""Gradient descent on a model that is linear in its trained weights, solved exactly.

The residual after t steps of size η on loss a/2 ‖f − y‖² is r_t = (I − aηK)^t r₀ with K = JJᵀ. In the eigenbasis of
K, ‖r_t‖² = Σ cᵢ² gᵢ^{2t} with gᵢ = 1 − aηλᵢ: a sum of exponentials, convex in t, so first hits are found by
bisection and any budget costs the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.components.progress import DIVERGED, Course, curve_steps, still_falling

Measure = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""The criterion's measure from residual norms."""

RATE_POINTS = 64
"""Steps between which the rate is fitted."""


@dataclass(frozen=True)
class Decay:
    """‖r_t‖ of one run in closed form.

    Attributes:
        weight: cᵢ², the squared residual along each eigenvector at the start.
        log_factor: log|gᵢ| (−∞ for a mode that one step removes).
        eigenvalues: λᵢ of K.
        factor: gᵢ.
        coefficients: cᵢ.
        vectors: Eigenvectors, one a column.
    """

    weight: NDArray[np.float64]
    log_factor: NDArray[np.float64]
    eigenvalues: NDArray[np.float64]
    factor: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    vectors: NDArray[np.float64]

    @staticmethod
    def of(kernel: Tensor, residual: Tensor, rate: float) -> Decay:
        """Diagonalise K (n, n) and expand r₀ (n,); ``rate`` is aη. Float64."""
        values, vectors = torch.linalg.eigh(kernel)
        # Rounding leaves eigenvalues of a singular kernel near ±n ε λ_max; as modes they would move after 10¹² steps.
        values = torch.where(values > len(values) * torch.finfo(values.dtype).eps * values[-1], values, 0.0)
        coefficients = vectors.mT @ residual
        shrink = (rate * values).numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            # log1p, because slow modes matter at steps of the order of 1/(aηλ), however small λ is
            log_factor = np.where(shrink < 1.0, np.log1p(-shrink), np.log(shrink - 1.0))
        weight = (coefficients * coefficients).numpy()
        return Decay(weight, log_factor, values.numpy(), 1.0 - shrink, coefficients.numpy(), vectors.numpy())

    def norm(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ‖r_t‖ at steps t, (m,)."""
        t = np.asarray(steps, dtype=float)[:, None]
        with np.errstate(invalid="ignore", over="ignore"):
            exponent = np.where(t == 0.0, 0.0, 2.0 * t * self.log_factor)
            norms: NDArray[np.float64] = np.sqrt((self.weight * np.exp(exponent)).sum(axis=1))
            return norms

    def limit(self, measure: Measure) -> float:
        """Return the measure after infinitely many steps."""
        left = np.where(self.log_factor < 0.0, 0.0, self.weight).sum()
        return float(measure(np.sqrt(np.array([left])))[0])

    def movement(self, step: int, rate: float) -> float:
        """Return ‖w_t − w₀‖ = (Σ λᵢ (aη cᵢ Σ_{s<t} gᵢ^s)²)^{1/2}."""
        return float(np.sqrt((self.eigenvalues * self.weight * (rate * self._total(step)) ** 2).sum()))

    def total(self, step: int) -> NDArray[np.float64]:
        """Return Σ_{s<t} r_s, (n,): the weights after t steps are w₀ − aη Jᵀ Σ_{s<t} r_s."""
        summed: NDArray[np.float64] = self.vectors @ (self.coefficients * self._total(step))
        return summed

    def _total(self, step: int) -> NDArray[np.float64]:
        power = self.factor**step
        with np.errstate(divide="ignore", invalid="ignore"):
            total: NDArray[np.float64] = np.where(self.factor == 1.0, float(step), (1.0 - power) / (1.0 - self.factor))
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
