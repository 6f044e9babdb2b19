"""The width from which a certificate holds for networks actually drawn: doubled until it does, then bisected.

No network is trained. A certificate is a test of initial weights, and its success proves that training fits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.components.theory import Rigorous
from harness.engine.draws import draw_problem, draw_weights
from harness.mathematics.spectra import MOST_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.components import Certificate, Dataset, Problem, Regime

SEEDS = 5
"""Default number of problems over which a certified width is averaged."""

LARGEST = 2**16
"""Default of the largest width that is tried."""

SAMPLE = 2
"""Number of draws at whose widths a test is repeated in ball arithmetic."""

MEMORY = 512 << 20
"""Bytes that the arrays of one test may take, about: 8(nk·4 + kd) for features, slopes and weights."""


@dataclass(frozen=True)
class Certified:
    """Where a certificate begins to hold, over several draws of problem and initial weights.

    Attributes:
        width: Geometric mean over the draws, or None if some draw is not certified at any width tried.
        low: Smallest over the draws. If ``width`` is None, a lower bound on the geometric mean, for which draws that
            are not certified count with the largest width tried.
        high: Largest over the draws, or None if ``width`` is None.
        seeds: Number of draws.
        reason: Why there is no width, or an empty string if there is one.
        judged: Number of draws of which the test was repeated in ball arithmetic, or None if that was not asked for.
        confirmed: Number of them at which it holds there too.
    """

    width: float | None
    low: float | None
    high: float | None
    seeds: int
    reason: str = ""
    judged: int | None = None
    confirmed: int | None = None


def certified_width(
    theory: Certificate,
    regime: Regime,
    dataset: Dataset,
    n: int,
    d: int,
    *,
    seeds: int = SEEDS,
    base: int,
    largest: int = LARGEST,
    memory: int = MEMORY,
    further: Mapping[str, int] | None = None,
    rigorous: bool = False,
) -> Certified:
    """Find the width from which a theory's certificate holds: doubling, then bisection, for each seed.

    Problems are those of the trials 0, 1, … of a grid with seed ``base``, the same at all widths. A suite that is
    searched adaptively has other problems at each width. A wider net may fail although a narrower one is certified.
    The result is a width that is certified while the one a step below it is not.

    Args:
        theory: The theory that certifies.
        regime: How networks are initialised.
        dataset: Where problems come from.
        n: Samples.
        d: Input dimension.
        seeds: Number of draws.
        base: Seed of the suite.
        largest: Largest width to try.
        memory: Bytes that one test may take; caps the widths further.
        further: Numbers of ``held_out`` and ``validation`` samples that the suite draws beside each problem.
        rigorous: Whether the test is repeated in ball arithmetic on the first :data:`SAMPLE` draws, at their widths.
    """
    if not regime.model.has_width:
        return Certified(None, None, None, seeds, "the model has no width")
    step = regime.initializer.width_step
    most = min(largest, memory // (8 * (4 * n + d))) // step * step
    if n > MOST_SAMPLES:
        return Certified(None, None, None, seeds, f"the test needs matrices of n × n; up to n = {MOST_SAMPLES}")
    if most < step:
        return Certified(None, None, None, seeds, f"no multiple of {step} is tried: the largest width is {largest}")
    found: list[int | None] = []
    verdicts: list[bool] = []
    for seed in range(seeds):
        problem = draw_problem(dataset, n, d, seed=seed, base=base, **(further or {})).training()
        test = _test(theory, regime, problem, seed, base)
        if test(step) is None:
            return Certified(None, None, None, seeds, "the certificate does not speak of this network")
        width = first_width(lambda k, test=test: bool(test(k)), step=step, most=most)  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        found.append(width)
        if rigorous and seed < SAMPLE and width is not None and isinstance(theory, Rigorous):
            drawn = draw_weights(regime.initializer, regime.model, problem, width, seed=seed, base=base)
            verdict = theory.certifies_in_balls(problem, regime, regime.model.extend(drawn))
            verdicts += [] if verdict is None else [verdict]
    summary = _summary(found, most, capped=most < largest // step * step)
    return replace(summary, judged=len(verdicts), confirmed=sum(verdicts)) if rigorous else summary


def first_width(holds: Callable[[int], bool], *, step: int, most: int) -> int | None:
    """Return a width at which ``holds`` is true and, a step below, false: doubling, then bisection.

    Args:
        holds: A test, true from some width on.
        step: Widths are its multiples.
        most: Largest width to try; a multiple of ``step``.

    Returns:
        The width, or None if the test fails at every width tried.

    >>> first_width(lambda k: k >= 37, step=1, most=64), first_width(lambda k: k >= 37, step=2, most=64)
    (37, 38)
    >>> first_width(lambda k: k >= 65, step=1, most=64), first_width(lambda k: True, step=3, most=9)
    (None, 3)
    """
    below, k = 0, step
    while not holds(k):
        if k >= most:
            return None
        below, k = k, min(2 * k, most)
    while k - below > step:
        middle = (below // step + k // step) // 2 * step
        below, k = (below, middle) if holds(middle) else (middle, k)
    return k


def _test(theory: Certificate, regime: Regime, problem: Problem, seed: int, base: int) -> Callable[[int], bool | None]:
    def certified(k: int) -> bool | None:
        weights = draw_weights(regime.initializer, regime.model, problem, k, seed=seed, base=base)
        return theory.certifies(problem, regime, regime.model.extend(weights))

    return certified


def _summary(found: Sequence[int | None], most: int, *, capped: bool) -> Certified:
    mean = math.exp(sum(math.log(most if k is None else k) for k in found) / len(found))
    known = [k for k in found if k is not None]
    if len(known) == len(found):
        return Certified(mean, min(known), max(known), len(found))
    limit = f"width {most}" + (", the largest that fits in memory" if capped else "")
    reason = f"{len(found) - len(known)} of {len(found)} draws are not certified up to {limit}"
    return Certified(None, mean, None, len(found), reason)
