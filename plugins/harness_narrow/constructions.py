"""Interpolating networks with as few neurons as theorems say: built as the proofs do, or found numerically.

All in float64 NumPy. Inputs X (n, d), labels y (n,). Slabs between parallel hyperplanes isolate d samples at a time,
since d samples are few enough for a hyperplane to pass through, or for a linear function to fit.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from harness import ACTIVATIONS, Construction
from harness.mathematics.spectra import unit_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Activation, Array, Weights

ATTEMPTS = 40
"""Random directions, or orders of the samples, of which the best is kept."""

GOOD = 1e-10
"""Relative residual at which no further attempt is made."""

THICK = 1e-6
"""Thickness of the thinnest slab at which no further attempt is made: rounding is far below it."""

MOST = 1000
"""Most samples for a net that must be found numerically; each step then takes a second or so."""

SMOOTH = "gelu"
"""Activation of the mirrored nets: analytic, not odd, and far from linear, so that few steps are needed."""


def threshold(z: Array) -> Array:
    """Return 1 where z > 0, else 0."""
    return np.where(z > 0, 1.0, 0.0)


def evaluate(weights: Weights, activation: str, x: Array) -> Array:
    """Return f(x) = vᵀφ(Wx + b) + c, (n,), for the activations that constructions have."""
    phi = threshold if activation == "threshold" else ACTIVATIONS[activation].phi
    z = x @ weights["W"].T + weights.get("b", np.zeros(()))
    outputs: Array = phi(z) @ weights["v"] + weights.get("c", np.zeros(()))
    return outputs


def relative_residual(weights: Weights, activation: str, x: Array, y: Array) -> float:
    """Return ‖f − y‖/‖y‖, and ‖f‖ for y = 0."""
    size = float(np.linalg.norm(y))
    return float(np.linalg.norm(evaluate(weights, activation, x) - y)) / (size or 1.0)


# --- ReLU: four neurons for d samples -------------------------------------------------------------


def relu_slabs(x: Array, y: Array, rng: np.random.Generator) -> Construction:
    """Fit any labels with 4⌈n/d⌉ ReLU neurons and biases, as Bubeck et al. do (arXiv 2006.02855).

    For a direction u that separates the samples, these are ordered along u and cut into groups of d. Let the group's
    slab be lo < u·x < hi, let every sample be at least h away from both ends, and let a·x_i = y_i on the group. With
    R the ReLU and any δ with δ|a·x_i| < h on all samples,
        g(x) = [R(u·x − lo + δ a·x) − R(u·x − lo) − R(u·x − hi + δ a·x) + R(u·x − hi)]/δ
    is a·x inside the slab, where the first two terms act and the others do not, a·x − a·x = 0 above it and 0 below:
    exactly, not in a limit. The groups' sum is y_i on every sample. Each g has four neurons. The inputs
    of each group must be linearly independent, which holds in general position.

    The best of some random directions is kept, as rounding errors are of order 1/δ.

    Raises:
        ValueError: If no direction separates the groups, as for equal inputs.
    """
    best: Construction | None = None
    for _ in range(ATTEMPTS):
        weights = _relu_slabs(x, y, unit_rows(rng.standard_normal((1, x.shape[1])))[0])
        if weights is None:
            continue
        residual = relative_residual(weights, "relu", x, y)
        if best is None or residual < best.residual:
            best = Construction(weights, "relu", residual, "thin slabs, a directional derivative in each")
        if best.residual < GOOD:
            break
    if best is None:
        raise ValueError("no direction separates the samples into groups: some inputs are equal")
    return best


def _relu_slabs(x: Array, y: Array, u: Array) -> Weights | None:
    n, d = x.shape
    order = np.argsort(x @ u)
    height = (x @ u)[order]
    cuts = [(height[i - 1] + height[i]) / 2.0 for i in range(d, n, d)]
    margins = [(height[i] - height[i - 1]) / 2.0 for i in range(d, n, d)]
    if margins and min(margins) <= 1e-12 * (1.0 + np.abs(height).max()):
        return None
    ends = [height[0] - 1.0, *cuts, height[-1] + 1.0]
    margins = [1.0, *margins, 1.0]
    hidden, biases, output = [], [], []
    for g, (lo, hi) in enumerate(pairwise(ends)):
        group = order[g * d : (g + 1) * d]
        a = np.linalg.lstsq(x[group], y[group], rcond=None)[0]
        steepest = float(np.abs(x @ a).max())
        delta = 0.5 * min(margins[g], margins[g + 1]) / steepest if steepest > 0 else 1.0
        hidden += [u + delta * a, u, u + delta * a, u]
        biases += [-lo, -lo, -hi, -hi]
        output += [1.0 / delta, -1.0 / delta, -1.0 / delta, 1.0 / delta]
    return {"W": np.array(hidden), "b": np.array(biases), "v": np.array(output), "c": np.zeros(())}


# --- threshold neurons: two for d samples of the smaller class ------------------------------------


def threshold_slabs(x: Array, y: Array, rng: np.random.Generator) -> Construction:
    """Separate two classes with 2⌈m/d⌉ threshold neurons, m the size of the smaller class.

    A hyperplane passes through any d samples and, in general position, through no other. So the samples of the
    smaller class are cut into groups of d, and the indicator of a slab around each group's hyperplane, thin enough to
    hold no other sample, takes two neurons. Since m ≤ n/2 these are at most 2⌈n/2d⌉, which is Baum's ⌈n/d⌉ or one
    more. The constant c is the label of the larger class. Labels other than ±1 are replaced by their signs.

    Of some random groupings the one with the widest thinnest slab is kept.

    Raises:
        ValueError: In none of them does every hyperplane keep clear of the other samples.
    """
    signs = np.where(y > 0, 1.0, -1.0)
    smaller = 1.0 if np.count_nonzero(signs > 0) <= len(y) / 2 else -1.0
    members = np.flatnonzero(signs == smaller)
    best: tuple[float, Weights] | None = None
    for _ in range(ATTEMPTS):
        widest, weights = _threshold_slabs(x, rng.permutation(members), smaller, rng)
        if best is None or widest > best[0]:
            best = widest, weights
        if best[0] > THICK:
            break
    assert best is not None
    if best[0] <= 1e-12 * (1.0 + np.abs(x).max()):
        raise ValueError("some samples of the other class lie on every hyperplane tried: not in general position")
    count, n, d = len(best[1]["v"]), *x.shape
    said = f"{len(members)} samples in the smaller class; Baum's count is ⌈n/d⌉ = {math.ceil(n / d)}"
    changed = "" if np.array_equal(signs, y) else "labels replaced by their signs; "
    return Construction(
        best[1],
        "threshold",
        relative_residual(best[1], "threshold", x, signs),
        "thin slabs around the smaller class, two neurons each",
        f"{changed}{count} neurons for {said}",
    )


def _threshold_slabs(x: Array, members: Array, label: float, rng: np.random.Generator) -> tuple[float, Weights]:
    d = x.shape[1]
    hidden, biases, output = [np.zeros((0, d))], [], []
    widest = math.inf
    for i in range(0, len(members), d):
        group = members[i : i + d]
        normal, level = _hyperplane(x[group], rng)
        distance = np.abs(x @ normal - level)
        distance[group] = np.inf
        gap = min(float(distance.min()), 1.0)
        widest = min(widest, gap)
        hidden.append(np.stack([normal, normal]))
        biases += [gap / 2.0 - level, -gap / 2.0 - level]
        output += [2.0 * label, -2.0 * label]
    weights = {"W": np.concatenate(hidden), "b": np.array(biases), "v": np.array(output), "c": np.array(-label)}
    return widest, weights


def _hyperplane(points: Array, rng: np.random.Generator) -> tuple[Array, float]:
    """Return a unit normal w and level b with w·x = b on the points, random where they leave a choice."""
    d = points.shape[1]
    _, sizes, right = np.linalg.svd(points[1:] - points[0], full_matrices=True)
    rank = int(np.count_nonzero(sizes > 1e-10 * sizes.max())) if len(sizes) else 0
    free = right[rank:] if rank < d else right[-1:]
    normal = free.T @ rng.standard_normal(len(free))
    normal /= np.linalg.norm(normal)
    return normal, float(points[0] @ normal)


# --- smooth mirrored nets -------------------------------------------------------------------------


def mirrored_net(x: Array, y: Array, rng: np.random.Generator, restarts: int = 8) -> Construction:
    """Find an interpolating smooth net of 2⌈n/d⌉ neurons without biases.

    Levenberg and Marquardt's method on both layers, from mirrored LeCun pairs; the first of the restarts that fits,
    or else the best. A numerical search: what it reaches shows that such a net exists to that accuracy, and not
    reaching it would not show the contrary.

    Raises:
        ValueError: There are too many samples.
    """
    n, d = x.shape
    if n > MOST:
        raise ValueError(f"is found numerically, for n ≤ {MOST} only")
    best: Construction | None = None
    for attempt in range(1, restarts + 1):
        weights, steps = levenberg_marquardt(_mirrored_start(n, d, rng), x, y, ACTIVATIONS[SMOOTH])
        residual = relative_residual(weights, SMOOTH, x, y)
        if best is None or residual < best.residual:
            method = f"Levenberg–Marquardt from mirrored pairs: start {attempt}, {steps} steps"
            note = "found numerically" if residual < 1e-6 else "not reached by this search, which shows nothing"
            best = Construction(weights, SMOOTH, residual, method, note)
        if best.residual < GOOD:
            break
    assert best is not None
    return best


def _mirrored_start(n: int, d: int, rng: np.random.Generator) -> Weights:
    """Draw mirrored LeCun weights for ⌈n/d⌉ pairs, as ``mirrored-lecun`` does."""
    half = math.ceil(n / d)
    w = rng.standard_normal((half, d)) / math.sqrt(d)
    v = rng.standard_normal(half) / math.sqrt(2 * half)
    return {"W": np.concatenate([w, w]), "v": np.concatenate([v, -v])}


def levenberg_marquardt(
    weights: Weights, x: Array, y: Array, activation: Activation, steps: int = 500
) -> tuple[Weights, int]:
    """Lower ‖f − y‖ over W and v by steps −Jᵀ(JJᵀ + λI)⁻¹r, with λ raised until a step helps, then lowered.

    The system is solved in the space of samples, (n, n), as there are more weights than labels.

    Returns:
        The weights, and how many steps were taken.
    """
    w, v = weights["W"], weights["v"]
    size = float(np.linalg.norm(y)) or 1.0
    residual = activation.phi(x @ w.T) @ v - y
    damping = 1.0
    for step in range(steps):
        norm = float(np.linalg.norm(residual))
        if norm <= 1e-3 * GOOD * size:  # the steps converge quadratically: what is saved is one
            return {"W": w, "v": v}, step
        z = x @ w.T
        features, slopes = activation.phi(z), activation.dphi(z) * v
        gram = (x @ x.T) * (slopes @ slopes.T) + features @ features.T
        mean = float(np.trace(gram)) / len(y)
        for raised in _raised(damping):
            dual = np.linalg.solve(gram + (raised * mean) * np.eye(len(y)), residual)
            new_w = w - (slopes * dual[:, None]).T @ x
            new_v = v - features.T @ dual
            moved = activation.phi(x @ new_w.T) @ new_v - y
            if np.linalg.norm(moved) < norm:
                break
        else:
            return {"W": w, "v": v}, step
        w, v, residual, damping = new_w, new_v, moved, max(raised / 4.0, 1e-15)
    return {"W": w, "v": v}, steps


def _raised(damping: float) -> Iterator[float]:
    """Yield λ, 4λ, 16λ, … as long as a step could still differ from none."""
    while damping < 1e12:
        yield damping
        damping *= 4.0
