"""Claims of a suite tested on its results: the measured difference, the verdict, and the knobs that change it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.components import Cell, Mark
from harness.components.expression import holds, value_of
from harness.driver.measures import measured_by
from harness.statistics.brackets import LEVEL
from harness.statistics.difference import difference
from harness.statistics.paired import threshold_ratio
from harness.statistics.verdict import ClaimVerdict, verdict
from harness.suite.claim import FITS, Claimed, ClaimSection, Side, claimed, variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.driver.question import Asked
    from harness.driver.results import Results

Size = tuple[int, int]


@dataclass(frozen=True)
class Tested:
    """A claim with what was measured.

    Attributes:
        claim: The claim, or a variant of it.
        knob: What is changed from the claim as the suite has it, or an empty string.
        first: Mean of the first side; of quotients, the geometric mean. None where nothing is known.
        second: Mean of the second side, or the number in its place.
        value: Mean of first − second over seeds, or the quotient of the two.
        low: Lower end of the interval at 95 %.
        high: Upper end.
        pairs: Number of seeds, or of sizes for thresholds.
        p_value: p-value of the sign-flip test, or None for thresholds.
        verdict: The verdict.
    """

    claim: Claimed
    knob: str
    first: float | None
    second: float | None
    value: float | None
    low: float
    high: float
    pairs: int
    p_value: float | None
    verdict: ClaimVerdict


@dataclass(frozen=True)
class Replication:
    """A claim, tested as the suite has it and with each knob changed.

    Attributes:
        section: The claim as the suite has it.
        tested: The test of the claim.
        others: Tests with one knob changed each, those that the suite names first.
    """

    section: ClaimSection
    tested: Tested
    others: tuple[Tested, ...]

    @property
    def flips(self) -> tuple[Tested, ...]:
        """The tests of changed knobs that have another verdict, and not because too little is known."""
        return tuple(one for one in self.others if one.verdict not in (self.tested.verdict, "inconclusive"))


def replications(results: Results) -> list[Replication]:
    """Return every claim of the suite with its verdict and those of its variants."""
    found = []
    for section in results.suite.claims:
        claim = claimed(section)
        changed = (*variants(section), *_parts(results, claim))
        others = [measured(results, one, one.knob, one.tolerance) for one in changed]
        others += _questions(results, claim)
        found.append(Replication(section, measured(results, claim), tuple(others)))
    return found


def _parts(results: Results, claim: Claimed) -> Iterator[Claimed]:
    """Yield the claim at each n, each d and each width alone, where it is about several."""
    sides = [side for side in (claim.first, claim.second) if side is not None]
    if any(side.where != sides[0].where for side in sides):
        return
    cells = [cell for side in sides for cell in cells_of(results, side)]
    for name in ("n", "d") if claim.measure == "k_half" else ("n", "d", "k"):
        values = sorted({getattr(cell, name) for cell in cells})
        for value in values if len(values) > 1 else ():
            extra = f"{name} = {value}"
            where = f"{sides[0].where} and {extra}" if sides[0].where else extra
            second = None if claim.second is None else replace(claim.second, where=where)
            yield replace(claim, knob=extra, first=replace(claim.first, where=where), second=second)


def _questions(results: Results, claim: Claimed) -> Iterator[Tested]:
    """Yield the claim with other tolerances and marks, and with half the steps, if it is about fits or thresholds."""
    budget = results.suite.budget
    if claim.measure not in FITS or budget.fit is not None:
        return
    own = claim.section.mark or budget.report_tolerance
    marks = [set(results.regime(side.regime).criterion.marks()) for side in (claim.first, claim.second) if side]
    several: list[float | Mark] = [*budget.tolerances, *sorted(set.intersection(*marks), key=str)]
    for asked in several:
        if asked != own:
            knob = str(asked) if isinstance(asked, Mark) else f"tolerance {asked:g}"
            yield measured(results, claim, knob, asked, budget.steps)
    if budget.steps > 1:
        yield measured(results, claim, "half the steps", own, budget.steps // 2)


def cells_of(results: Results, side: Side) -> list[Cell]:
    """Return the cells with trials that a side of a claim is about. For thresholds, its condition has no k."""
    return [
        cell
        for cell in sorted(results.outcomes)
        if cell.regime == side.regime and holds(side.where, n=cell.n, d=cell.d, k=cell.k)
    ]


def measured(
    results: Results, claim: Claimed, knob: str = "", tolerance: Asked = None, steps: float | None = None
) -> Tested:
    """Return a claim with what was measured.

    Args:
        results: Results of the run.
        claim: The claim.
        knob: What is changed from the claim as the suite has it.
        tolerance: See :meth:`harness.driver.results.Results.question`, for fits and thresholds. By default the claim's
            own mark, if it has one.
        steps: Likewise.
    """
    measure = _of_thresholds if claim.measure == "k_half" else _of_trials
    return measure(results, claim, knob, claim.section.mark if tolerance is None else tolerance, steps)


def _verdict(claim: Claimed, low: float, high: float) -> ClaimVerdict:
    if not claim.as_ratio:
        return verdict(claim.section.expect, low, high, claim.margin)
    ends = (-math.inf if low <= 0 else math.log(low)), (math.inf if high == math.inf else math.log(high))
    return verdict(claim.section.expect, *ends, math.log(claim.margin))


def _of_trials(results: Results, claim: Claimed, knob: str, tolerance: Asked, steps: float | None) -> Tested:
    first = _by_seed(results, claim, claim.first, tolerance, steps)
    second = None if claim.second is None else _by_seed(results, claim, claim.second, tolerance, steps)
    if second is None:
        numbers = _numbers(results, claim)
        second = dict.fromkeys(first, math.fsum(numbers) / len(numbers)) if numbers else {}
    shared = sorted(first.keys() & second.keys())
    if not shared:
        return Tested(claim, knob, None, None, None, -math.inf, math.inf, 0, None, "inconclusive")
    differences = [first[seed] - second[seed] for seed in shared]
    found = difference(differences, within=_bounds(claim, second[shared[0]]))
    one, two = (math.fsum(side[seed] for seed in shared) / len(shared) for side in (first, second))
    values = (one, two, found.mean, found.low, found.high)
    one, two, value, low, high = (math.exp(min(v, 700.0)) if claim.as_ratio else v for v in values)
    said = _verdict(claim, low, high)
    return Tested(claim, knob, one, two, value, low, high, found.pairs, found.p_value, said)


def _bounds(claim: Claimed, second: float) -> tuple[float, float] | None:
    """Return the least and the largest difference of two shares of fits, or of one and a number; else None."""
    if claim.measure != "fit" or claim.as_ratio:
        return None
    return (-1.0, 1.0) if claim.second is not None else (-second, 1.0 - second)


def _numbers(results: Results, claim: Claimed) -> list[float]:
    """Return the number that the first side is compared with at each of its cells."""
    given = claim.section.value
    assert given is not None
    cells = cells_of(results, claim.first)
    found = [value_of(given, n=c.n, d=c.d, k=c.k) if isinstance(given, str) else given for c in cells]
    return [_scaled(claim, value) for value in found]


def _scaled(claim: Claimed, value: float) -> float:
    """Return a value as it is averaged: its logarithm where quotients are compared."""
    if not claim.as_ratio:
        return value
    return math.log(value) if value > 0 else -math.inf


def _by_seed(results: Results, claim: Claimed, side: Side, tolerance: Asked, steps: float | None) -> dict[int, float]:
    """Return for each seed the mean over the cells of a side, of seeds that have a number in each of them."""
    cells = cells_of(results, side)
    values: dict[int, list[float]] = {}
    asked = results.question(side.regime, tolerance, steps) if claim.measure == "fit" else None
    for cell in cells:
        for outcome in results.outcomes[cell]:
            if asked is not None:
                fits = asked.fit(outcome)
                value = None if fits is None else float(fits)
            else:
                value = measured_by(results, side.regime, claim.measure, outcome)
            if value is not None and math.isfinite(scaled := _scaled(claim, value)):
                values.setdefault(outcome.seed, []).append(scaled)
    return {seed: math.fsum(known) / len(cells) for seed, known in values.items() if len(known) == len(cells)}


def _of_thresholds(results: Results, claim: Claimed, knob: str, tolerance: Asked, steps: float | None) -> Tested:
    """Return the quotient of thresholds, or of a threshold and a number, as a geometric mean over sizes."""
    sizes = [(n, d) for n, d in sorted(results.sizes()) if holds(claim.first.where, n=n, d=d, k=math.nan)]
    logs: list[tuple[float | None, float, float]] = []
    sides: list[tuple[float | None, float | None]] = []
    for size in sizes:
        one = results.threshold(claim.first.regime, *size, tolerance, steps)
        level = LEVEL / len(sizes)
        if claim.second is None:
            given = claim.section.value
            number = value_of(given, n=size[0], d=size[1]) if isinstance(given, str) else float(given or 0.0)
            bracket = one.at(level)
            ends = (one.k_half, bracket.least, bracket.high)
            value, low, high = (None if end is None else end / number for end in ends)
            sides.append((one.k_half, number))
        else:
            two = results.threshold(claim.second.regime, *size, tolerance, steps)
            ratio = threshold_ratio(one, two, level=level)
            value, low, high = ratio.value, ratio.low, ratio.high
            sides.append((one.k_half, two.k_half))
        ends_known = -math.inf if not low else math.log(low), math.inf if not high else math.log(high)
        logs.append((_log(value), *ends_known))
    if not logs:
        return Tested(claim, knob, None, None, None, 0.0, math.inf, 0, None, "inconclusive")
    low, high = (math.exp(sum(ends) / len(logs)) for ends in ([log[1] for log in logs], [log[2] for log in logs]))
    value = _mean([log[0] for log in logs])
    first, second = (_mean([_log(side[i]) for side in sides]) for i in (0, 1))
    return Tested(claim, knob, first, second, value, low, high, len(logs), None, _verdict(claim, low, high))


def _log(value: float | None) -> float | None:
    return math.log(value) if value else None


def _mean(logs: list[float | None]) -> float | None:
    """Return the geometric mean from logarithms, or None if one is not known."""
    known = [log for log in logs if log is not None]
    return math.exp(math.fsum(known) / len(known)) if len(known) == len(logs) else None
