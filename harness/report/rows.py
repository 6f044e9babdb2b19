"""The records that results are read as: one for each threshold, theory, exponent or trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.claims.predictions import Prediction
    from harness.statistics.exponents import ExponentFit
    from harness.statistics.thresholds import Threshold


@dataclass(frozen=True)
class ThresholdRecord:
    """The threshold of one regime, n and d.

    Attributes:
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        k_half: Estimate of k½, the smallest width at which at least half of the trials fit: an admissible width in
            (low, high], or None where an end is open.
        low: Lower end of the 95 % bracket low < k½ ≤ high, or None where it is open.
        high: Upper end of the bracket, or None where it is open.
        bound: Empty where both ends are known, ``>`` where only ``low`` is, ``<=`` where only ``high`` is, ``none``
            where neither is.
        counts: Fits over trials at each width, ``k:m/M`` separated by blanks. ``inf`` is the limit of infinite width.
        trials: Number of trials.
        tolerance: Relative residual that counts as a fit, 0 for an exact one.
        steps: Budget in steps, or None where steps are unlimited.
        kind: The question that the record answers: ``exact`` (an exact fit with unlimited steps), ``limit`` (the
            tolerance with unlimited steps) or ``budget`` (the tolerance within the budget).
        limited_by_budget: Whether the budget made the lower end, so that more steps would lower k½.
        open: Number of trials whose verdict is open. They count as fits for ``low`` and as failures for ``high``.
        certified: Number of trials of which it is proved whether they end in an exact fit, or None without fates.
        fates: Number of trials of each fate, empty without fates.
    """

    regime: str
    n: int
    d: int
    k_half: int | None
    low: int | None
    high: int | None
    bound: str
    counts: str
    trials: int
    tolerance: float
    steps: int | None
    kind: str = "budget"
    limited_by_budget: bool = False
    open: int = 0
    certified: int | None = None
    fates: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TheoryRecord:
    """The width that one theory asks for on one problem.

    Attributes:
        theory: Name of the theory.
        title: Author, year and number of the theorem.
        guarantee: Kind of guarantee, such as ``convergence`` or ``existence``.
        certainty: How the statement is known, such as ``read`` or ``memory``.
        verified: Whether the statement was read in its source or derived.
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        width: Width that the theory asks for on this problem, unknown constants set to 1, or None if it is not finite.
        width_is: ``finite``, ``infinite`` (no width suffices), ``nan`` (cannot be evaluated here) or ``error``.
        reason: What to know about that width.
        scaling: The claimed n^a d^b at C = 1, or None where the theory claims no such scaling.
        a: Claimed exponent of n at this n and d, or None where there is none.
        b: Claimed exponent of d, or None where there is none.
        applies: Whether no assumption is known to fail.
        unmet: The assumptions that are known to fail, separated by semicolons.
        k_half: The measured k½ of the regime at this n and d, or None where it was not measured.
    """

    theory: str
    title: str
    guarantee: str
    certainty: str
    verified: bool
    regime: str
    n: int
    d: int
    width: float | None
    width_is: str
    reason: str
    scaling: float | None
    a: float | None
    b: float | None
    applies: bool
    unmet: str
    k_half: int | None = None


@dataclass(frozen=True)
class ExponentRecord:
    """The exponents of k½ = ⌈C n^a d^b⌉ of one regime.

    Attributes:
        regime: Name of the regime.
        a: Exponent of n, or None where it is not estimated.
        a_low: Smallest exponent of n that the brackets of all sizes allow together, or None where it is free.
        a_high: Largest such exponent, or None where it is free.
        b: Exponent of d, or None where it is not estimated.
        b_low: Smallest exponent of d that the brackets allow, or None where it is free.
        b_high: Largest such exponent, or None where it is free.
        refuted: Whether no C, a and b meet all brackets.
        sizes: Number of (n, d) that were used.
        note: What was left out, and why.
    """

    regime: str
    a: float | None
    a_low: float | None
    a_high: float | None
    b: float | None
    b_low: float | None
    b_high: float | None
    refuted: bool
    sizes: int
    note: str


def threshold_record(regime: str, n: int, d: int, found: Threshold) -> ThresholdRecord:
    """Return the record of a threshold."""
    counts = " ".join(f"{k or 'inf'}:{m}/{trials}" for k, (m, trials) in sorted(found.counts.items()))
    return ThresholdRecord(
        regime=regime,
        n=n,
        d=d,
        k_half=found.k_half,
        low=found.low,
        high=found.high,
        bound=found.bound,
        counts=counts,
        trials=found.trials,
        tolerance=found.tolerance,
        steps=int(found.steps) if math.isfinite(found.steps) else None,
        kind=found.kind,
        limited_by_budget=found.limited,
        open=sum(found.open.values()),
        certified=found.certified,
        fates=found.fates,
    )


def theory_record(prediction: Prediction, regime: str = "", k_half: int | None = None) -> TheoryRecord:
    """Return the record of a prediction.

    Args:
        prediction: The prediction.
        regime: Name of the regime, where it is not the prediction's own.
        k_half: The measured k½ at the same place.
    """
    theory, value = prediction.theory, prediction.width.value
    exponents = theory.claim.exponents.at(prediction.n, prediction.d) if theory.claim.exponents else (None, None)
    kind = "finite" if math.isfinite(value) else "nan" if math.isnan(value) else "infinite"
    return TheoryRecord(
        theory=theory.name,
        title=theory.claim.title,
        guarantee=theory.claim.guarantee,
        certainty=theory.claim.certainty,
        verified=theory.claim.verified,
        regime=regime or prediction.regime.name,
        n=prediction.n,
        d=prediction.d,
        width=finite(value),
        width_is="error" if prediction.failed else kind,
        reason=prediction.width.reason,
        scaling=finite(prediction.scaling),
        a=exponents[0],
        b=exponents[1],
        applies=prediction.applies,
        unmet="; ".join(assumption.text for assumption in prediction.unmet),
        k_half=k_half,
    )


def exponent_record(regime: str, fit: ExponentFit) -> ExponentRecord:
    """Return the record of a regime's exponents."""
    a, b = (interval or (None, None) for interval in (fit.a_interval, fit.b_interval))
    return ExponentRecord(
        regime=regime,
        a=finite(fit.a),
        a_low=finite(a[0]),
        a_high=finite(a[1]),
        b=finite(fit.b),
        b_low=finite(b[0]),
        b_high=finite(b[1]),
        refuted=fit.region.refuted,
        sizes=len(fit.sizes),
        note=fit.note,
    )


def finite(value: float | None) -> float | None:
    """Return a number, or None if it is not finite.

    >>> finite(1.5), finite(math.inf), finite(None)
    (1.5, None, None)
    """
    return value if value is not None and math.isfinite(value) else None
