"""Data that no width of a net can fit: equal inputs with different labels, and inputs of too few directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.components.numbers import plain

if TYPE_CHECKING:
    from harness.components import Array, Problem, Regime

CLOSE = 1e-10
"""Distance of inputs, relative to the largest entry, up to which they count as equal: that of rounding."""

FEW = 2
"""Number of different inputs, up to which a message says that there are no more: they lie on a line."""

NAMED = 3
"""Number of pairs of rows that a message names."""


def unfittable(problem: Problem, regime: Regime, tolerance: float, rows: Array | None = None) -> str:
    """Return why no net of a regime, however wide, fits a problem, or an empty string if nothing is known to forbid it.

    Where inputs are equal, the best that any function can do is their mean label. A net without biases whose
    activation is positively homogeneous has f(ax) = a f(x) for a > 0, so inputs of one direction share f(x)/‖x‖.
    The residual that is left, relative to ‖y‖, bounds that of every width from below.

    Args:
        problem: Inputs and labels.
        regime: What is trained.
        tolerance: Largest relative residual of a fit, or 0 for an exact one.
        rows: Numbers of the rows in the file of the user, counted from 1, or None for their place in the problem.
    """
    y = np.asarray(problem.y, dtype=np.float64).reshape(problem.n, -1)
    size = float(np.linalg.norm(y))
    if size == 0.0:
        return "all labels are 0, so that no residual is relative to them"
    form = regime.model.shallow_form()
    along = form is not None and form.activation.homogeneous and not form.biases
    lengths = np.linalg.norm(problem.x, axis=1) if along else np.ones(problem.n)
    scale = np.where(lengths > 0, lengths, 1.0)
    groups = _equal(problem.x / scale[:, None])
    factor = np.where(lengths > 0, lengths, 0.0)[:, None] if along else np.ones((problem.n, 1))
    weight = np.zeros((groups.max() + 1, 1))
    moment = np.zeros((groups.max() + 1, y.shape[1]))
    np.add.at(weight, groups, factor**2)
    np.add.at(moment, groups, factor * y)
    best = factor * (moment / np.where(weight > 0, weight, 1.0))[groups]
    off = np.linalg.norm(y - best, axis=1)
    floor = float(np.linalg.norm(off)) / size
    if floor <= max(tolerance, CLOSE):
        return ""
    numbers = np.arange(1, problem.n + 1) if rows is None else np.asarray(rows)
    what = "have one direction, along which the net is linear, and labels that are not" if along else ""
    same = "are equal with different labels"
    pairs = _pairs(groups, off)
    shown = "; ".join(f"rows {numbers[i]} and {numbers[j]}" for i, j in pairs[:NAMED])
    others = len(pairs) - NAMED
    more = f" and {others} more pair{'s' if others > 1 else ''}" if others > 0 else ""
    equal = all(np.allclose(problem.x[i], problem.x[j], rtol=0, atol=CLOSE) for i, j in pairs[:NAMED])
    said = f"{shown}{more} {same if equal or not what else what}" if pairs else "inputs are 0 and their labels are not"
    few = int(groups.max()) + 1
    if few <= FEW:
        line = ", since rows are scaled to norm 1 and these are on a line" if _opposite(problem.x) and not along else ""
        said = f"there are only {few} different inputs{' up to length' if along else ''}{line}: {said}"
    return f"no width can fit: {said}, which leaves a residual of at least {plain(float(f'{floor:.2g}'))}"


def _opposite(x: Array) -> bool:
    """Return whether rows are a unit vector and its negative, as all rows on a line become on the sphere."""
    return bool(np.allclose(np.abs(x @ x[0]), 1.0) and np.allclose(np.linalg.norm(x, axis=1), 1.0))


def _equal(x: Array) -> NDArray[np.int64]:
    """Return the number of the group of equal rows that each row is in."""
    unit = CLOSE * max(float(np.abs(x).max(initial=0.0)), 1e-300)
    _, groups = np.unique(np.round(x / unit) + 0.0, axis=0, return_inverse=True)
    return groups.reshape(-1).astype(np.int64)


def _pairs(groups: NDArray[np.int64], off: Array) -> list[tuple[int, int]]:
    """Return for each group with a misfit its first row and the row of the group that misses most, worst first."""
    found: list[tuple[float, int, int]] = []
    order = np.argsort(groups, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        worst = members[np.argsort(-off[members], kind="stable")]
        if len(members) > 1 and off[worst[0]] > CLOSE:
            i, j = sorted((int(worst[0]), int(worst[1])))
            found.append((-float(off[members].max()), i, j))
    return [(i, j) for _, i, j in sorted(found)]
