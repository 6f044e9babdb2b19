"""Orthogonal inputs: which networks fit, and with which probability one that is drawn does."""

from __future__ import annotations

import math

import numpy as np
from harness import Array

MOST = 10_000
"""Largest width that is looked at."""


def covered(w: Array, v: Array, x: Array, y: Array) -> bool:
    """Say whether each sample has a neuron that is active on it and pushes its output towards its label.

    For each i some j with w_j·x_i > 0 and v_j y_i > 0; labels that are 0 need none.

    Args:
        w: Hidden weights (k, d).
        v: Output weights (k,).
        x: Inputs (n, d).
        y: Labels (n,).
    """
    active = x @ w.T > 0
    right = y[:, None] * v[None, :] > 0
    return bool(((active & right).any(axis=1) | (y == 0)).all())


def cover_probability(k: int, positive: int, negative: int) -> float:
    """Return the probability that a drawn network of width k covers orthogonal inputs.

    Output signs are fair coins, and w_j·x_i are independent and symmetric as inputs are orthogonal: given that j of k
    neurons have v > 0, P = (1 − 2^{−j})^p (1 − 2^{−(k−j)})^m for p positive and m negative labels.

    >>> round(cover_probability(2, 1, 0), 4)  # 1 − (3/4)²: each neuron serves with probability ¼
    0.4375
    """
    return math.fsum(
        math.comb(k, j) * 0.5**k * (1.0 - 0.5**j) ** positive * (1.0 - 0.5 ** (k - j)) ** negative for j in range(k + 1)
    )


def half_width(positive: int, negative: int) -> int:
    """Return the smallest k at which at least half of the drawn networks cover; about log₄⸝₃ n + ½."""
    return next((k for k in range(1, MOST) if cover_probability(k, positive, negative) >= 0.5), MOST)


def signs(y: Array) -> tuple[int, int]:
    """Return how many labels are positive and how many negative."""
    return int(np.sum(y > 0)), int(np.sum(y < 0))
