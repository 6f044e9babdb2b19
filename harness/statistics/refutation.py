"""Sizes whose brackets no formula ⌈C n^a d^b⌉ meets together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from harness.statistics.size_bracket import SizeBracket

TIE = 1e-9
"""Distance in log k½ below which two ends may be equal, so that integers have to decide."""

MOST_DROPPED = 4
"""Largest number of sizes that :func:`fewest_to_drop` drops. The time grows fourfold with each."""


def conflict(brackets: Sequence[SizeBracket]) -> tuple[SizeBracket, ...]:
    """Return at most four sizes whose brackets no C n^a d^b meets together, or () if one meets all brackets.

    A linear programme finds the smallest t ≥ −1 for which a formula meets every end up to a factor e^t. If t > 0 its
    dual solution is a certificate (Farkas 1902): multipliers of ends whose combination says 0 < 0. A basic solution
    has at most four, in agreement with Helly's theorem for (c, a, b). If t = 0 up to rounding, the certificate is
    checked with integers: a lower end is strict, so brackets that meet in one point are in conflict.

    Args:
        brackets: Brackets of k½ with at least one end each.
    """
    from scipy.optimize import linprog  # takes longer to import than all of the harness without it

    ends = [(bracket, upper) for bracket in brackets for upper in (False, True) if math.isfinite(bracket.logs[upper])]
    if len({upper for _, upper in ends}) < 2:
        return ()
    signs = np.array([1.0 if upper else -1.0 for _, upper in ends])
    place = np.array([[1.0, math.log(bracket.n), math.log(bracket.d)] for bracket, _ in ends])
    right = signs * np.array([bracket.logs[upper] for bracket, upper in ends])
    free = (None, None)
    found = linprog(
        [0.0, 0.0, 0.0, 1.0],
        A_ub=np.column_stack([signs[:, None] * place, -np.ones(len(ends))]),
        b_ub=right,
        bounds=[free, free, free, (-1.0, None)],
        method="highs-ds",
    )
    if found.x is None:
        raise ArithmeticError(f"the linear programme of {len(ends)} ends was not solved: {found.message}")
    if found.x[3] < -TIE:
        return ()
    weights = -np.asarray(found.ineqlin.marginals)
    used = [i for i in range(len(ends)) if weights[i] > 1e-9]
    if found.x[3] <= TIE and not _contradicts([ends[i] for i in used], [float(weights[i]) for i in used]):
        return ()
    return tuple(dict.fromkeys(ends[i][0] for i in used))


def _contradicts(ends: Sequence[tuple[SizeBracket, bool]], weights: Sequence[float]) -> bool:
    """Return whether integers confirm that the weighted ends say 1 < 1.

    With natural multipliers w, the product of n^w over upper ends must equal that over lower ends, likewise for d and
    for 1, and the product of the widths at the upper ends must be at most that at the lower ends.
    """
    smallest = min(weights)
    ratios = [Fraction(weight / smallest).limit_denominator(60) for weight in weights]
    scale = math.lcm(*(ratio.denominator for ratio in ratios))
    natural = [int(ratio * scale) for ratio in ratios]
    if max(natural) > 10_000:
        return False

    def quotient(factors: Sequence[int]) -> Fraction:
        found = Fraction(1)
        for factor, weight, (_, upper) in zip(factors, natural, ends, strict=True):
            found *= Fraction(factor) ** (weight if upper else -weight)
        return found

    balanced = sum(weight if upper else -weight for weight, (_, upper) in zip(natural, ends, strict=True)) == 0
    cancels = all(quotient([getattr(bracket, axis) for bracket, _ in ends]) == 1 for axis in ("n", "d"))
    widths = [(bracket.high or 0) if upper else bracket.low for bracket, upper in ends]
    return balanced and cancels and quotient(widths) <= 1


def fewest_to_drop(brackets: Sequence[SizeBracket], most: int = MOST_DROPPED) -> tuple[SizeBracket, ...]:
    """Return a smallest set of sizes without which some C n^a d^b meets the rest, or () if it has more than ``most``.

    Each such set holds a size of every conflict, so the search branches over the sizes of one conflict at a time.

    Args:
        brackets: Brackets of k½ with at least one end each.
        most: Largest number of sizes to drop.
    """
    known: dict[frozenset[SizeBracket], tuple[SizeBracket, ...]] = {}
    layer = [frozenset[SizeBracket]()]
    for _ in range(most + 1):
        following: dict[frozenset[SizeBracket], None] = {}
        for dropped in layer:
            known[dropped] = conflict([bracket for bracket in brackets if bracket not in dropped])
            if not known[dropped]:
                return tuple(bracket for bracket in brackets if bracket in dropped)
            following |= dict.fromkeys(dropped | {bracket} for bracket in known[dropped])
        layer = list(following)
    return ()
