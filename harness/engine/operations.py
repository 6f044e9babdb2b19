"""Counts of the operations of a trial, by which its time is estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.components.progress import curve_steps
from harness.mathematics.spectra import MOST_FORMED, forms_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.components import Regime
    from harness.engine.setting import Setting

PRODUCTS = 300
"""Full-batch steps that take as long as λ_max(J₀J₀ᵀ) by products with J₀ and its transpose.

Lanczos' method takes about 25 pairs of products, each by two reverse passes in double precision, which keep more in
memory than a step does.
"""


def takes_products(setting: Setting, n: int) -> bool:
    """Return whether so many samples alone keep J₀J₀ᵀ from being formed, whose largest eigenvalue a step needs."""
    regime, q = setting.regime, setting.q
    stable = regime.optimizer.step_size == "stable"
    return stable and n >= MOST_FORMED and forms_kernel(regime, 1, q, spectrum=False) and not regime.model.linear()


def once(setting: Setting, n: int, d: int, k: int) -> NDArray[np.float64]:
    """Return counts of the operations that a trial takes once: draws, kernel, its spectrum, and Jacobians.

    Where no matrix (n, n) is formed, its counts are 0. Weights that are noise at the small sizes of a measurement would
    make days of them.
    """
    counts = np.array([1.0, n * (d + k), n * d * k, n * n * (d + k), n**3, n * n * d * k], dtype=float)
    if n >= MOST_FORMED and not forms_kernel(setting.regime, n, setting.q, spectrum=True):
        counts[3:] = 0.0
    return counts


def each_step(regime: Regime, n: int, d: int, k: int) -> NDArray[np.float64]:
    """Return counts of the operations of a step: samples, activations, products, and weights."""
    batch = regime.optimizer.batch_size(n)
    # Between two measures, of half the products each, an epoch of minibatches is taken.
    samples = n if batch >= n else batch + 0.5 * n / regime.optimizer.epoch(n)
    return full_step(samples, d, k)


def full_step(samples: float, d: int, k: int) -> NDArray[np.float64]:
    """Return counts of the operations of a step on so many samples."""
    return np.array([1.0, samples, samples * k, samples * d * k, d * k], dtype=float)


def visits(regime: Regime, steps: int) -> int:
    """Return how often diagnostics look at a network: before, after, and on the way if one of them is an extreme."""
    watches = any(diagnostic.summary in ("min", "max") for diagnostic in regime.diagnostics)
    return 2 + (len(curve_steps(steps)) if watches else 0)
