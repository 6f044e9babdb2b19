"""The distance between the tangent kernel of a wide net and that of infinite width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.builtin.datasets import Sphere
from harness_lazy.limit import limiting_kernel
from harness_lazy.tangent import relative_distance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness import Activation, Array, Trained

OutputWeights = Literal["signs", "gaussian"]
"""v = ±1/√k, or v ~ N(0, 1/k)."""

CHUNK = 4096
"""Neurons whose features are in memory at a time."""


@dataclass(frozen=True)
class Distances:
    """‖K_k − K∞‖/‖K∞‖, operator norm, of several draws at each width.

    Attributes:
        widths: k, (m,).
        values: Distances, (m, seeds).
        smallest: λ_min(K_k), (m, seeds).
        limit: λ_min(K∞), (seeds,).
    """

    widths: tuple[int, ...]
    values: Array
    smallest: Array
    limit: Array

    @property
    def mean(self) -> Array:
        """Mean over the draws, (m,)."""
        mean: Array = self.values.mean(axis=1)
        return mean

    @property
    def deviation(self) -> Array:
        """Standard deviation over the draws, (m,); 0 of a single one."""
        spread: Array = self.values.std(axis=1, ddof=1 if self.values.shape[1] > 1 else 0)
        return spread

    def slope(self) -> tuple[float, float] | None:
        """Return the slope of log distance in log k by least squares, with its standard error over the draws.

        Each draw is fitted by itself; None from a single width, an error of NaN from a single draw.
        """
        if len(self.widths) < 2:
            return None
        x = np.log(np.array(self.widths, dtype=float))
        slopes = ((x - x.mean()) @ np.log(self.values)) / ((x - x.mean()) ** 2).sum()
        count = len(slopes)
        error = float(slopes.std(ddof=1)) / math.sqrt(count) if count > 1 else float("nan")
        return float(slopes.mean()), error


def finite_kernel(
    x: Array, k: int, activation: Activation, train: Trained, output: OutputWeights, rng: np.random.Generator
) -> Array:
    """Draw a net (1/√k) Σ_j u_j φ(w_j·x) with W ~ N(0, 1) and u of size 1, and return its K₀ = J₀J₀ᵀ, (n, n).

    J₀ is taken in W and u, so that both layers have a limit; in v = u/√k the output layer's part would be k times as
    large.
    """
    hidden = np.zeros((len(x), len(x)))
    features = np.zeros_like(hidden)
    for first in range(0, k, CHUNK):
        count = min(CHUNK, k - first)
        z = x @ rng.standard_normal((count, x.shape[1])).T
        if train != "output":
            slopes = activation.dphi(z)
            if output == "gaussian":
                slopes = slopes * rng.standard_normal(count)
            hidden += slopes @ slopes.T
        if train != "hidden":
            values = activation.phi(z)
            features += values @ values.T
    kernel: Array = ((x @ x.T) * hidden + features) / k
    return kernel


def kernel_distances(
    n: int,
    d: int,
    activation: Activation,
    widths: Sequence[int],
    *,
    train: Trained = "hidden",
    output: OutputWeights = "signs",
    seeds: int = 10,
    base: int = 1,
) -> Distances:
    """Measure the distance of the tangent kernel to its limit, on inputs uniform on the sphere.

    Args:
        n: Samples.
        d: Input dimension.
        activation: φ.
        widths: k.
        train: The trained layers.
        output: How v is drawn.
        seeds: Draws of inputs and weights at each width.
        base: Seed of all draws.
    """
    values, smallest = np.empty((2, len(widths), seeds))
    limits = np.empty(seeds)
    for seed in range(seeds):
        x, _ = Sphere().draw(n, d, np.random.default_rng([base, seed]))
        limit = limiting_kernel(x, activation, train)
        limits[seed] = np.linalg.eigvalsh(limit)[0]
        for i, k in enumerate(widths):
            kernel = finite_kernel(x, k, activation, train, output, np.random.default_rng([base, seed, k]))
            values[i, seed] = relative_distance(kernel, limit)
            smallest[i, seed] = max(float(np.linalg.eigvalsh(kernel)[0]), 0.0)
    return Distances(tuple(widths), values, smallest, limits)
