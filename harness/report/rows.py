"""The records that results are read as: one for each threshold, theory, exponent or trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.components import Mark
from harness.components.reason import arrival, reason

if TYPE_CHECKING:
    from harness.claims.predictions import Prediction
    from harness.components import Cell, Outcome, Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results
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


@dataclass(frozen=True)
class TrialRecord:
    """One network trained on one problem.

    Attributes:
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        k: Width, where 0 is the limit of infinite width.
        seed: Number of the trial within its cell.
        verdict: ``fit``, ``unfit``, ``diverged`` or ``error``, at the tolerance and the budget of the suite.
        steps: Number of steps taken.
        measure: The criterion's measure at the last step, or None where it was not finite.
        falling: Whether the measure still fell by more than 1 % over the last tenth of the steps.
        movement: ‖w − w₀‖ / ‖w₀‖ over the trained weights, or None where it was not measured.
        step_size: Step size η, or None where there is none.
        lambda_min: Smallest eigenvalue of J₀J₀ᵀ, or None if not computed.
        lambda_max: Largest eigenvalue of J₀J₀ᵀ, or None if not computed.
        rate: Fitted factor per step of the measure over the second half of the run, or None from too few points.
        solver: Solver that trained it.
        device: Device that trained it.
        seconds: Its share of the time of its batch, in seconds.
        message: What went wrong, or empty unless the verdict is ``error``.
        reason: Why it does not fit, such as ``dead samples`` or ``still falling``, or empty for fits and errors.
        arrival: Estimated step at which it would meet the tolerance at its late rate, or None unless still falling.
        fate: What becomes of it with unlimited steps: ``fit proved``, ``stuck proved``, ``fit in the limit``,
            ``stuck in the limit`` or ``open``, or None if that was not computed.
        certificate: Name of the theorem that shows the fate, or empty.
        margin: Quotient by which the theorem's condition holds, or None.
        limit: Relative residual in the limit of unlimited steps, or None where it is not known.
        hits: First step at which each tolerance was met, by the tolerance as text, or None if it never was.
        diagnostics: Values of the regime's diagnostics, by name.
    """

    regime: str
    n: int
    d: int
    k: int
    seed: int
    verdict: str
    steps: int
    measure: float | None
    falling: bool
    movement: float | None
    step_size: float | None
    lambda_min: float | None
    lambda_max: float | None
    rate: float | None
    solver: str
    device: str
    seconds: float
    message: str
    reason: str = ""
    arrival: float | None = None
    fate: str | None = None
    certificate: str = ""
    margin: float | None = None
    limit: float | None = None
    hits: Mapping[str, int | None] = field(default_factory=dict)
    diagnostics: Mapping[str, float | None] = field(default_factory=dict)


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


def each_trial(results: Results, tolerance: Asked = None, steps: int | None = None) -> Iterator[TrialRecord]:
    """Yield the record of every trial, ordered by regime, n, d, width and seed.

    Args:
        results: The results.
        tolerance: Tolerance or mark of the verdicts, by default the reported tolerance. Reasons and arrivals are about
            losses, so trials have none where a mark decides.
        steps: Budget of the verdicts, by default the suite's.

    Raises:
        ValueError: If the tolerance or the mark was not recorded.
    """
    mark = tolerance if isinstance(tolerance, Mark) else None
    index = results.rung(None if isinstance(tolerance, Mark) else tolerance)
    for cell in sorted(results.outcomes):
        trained, tolerances = results.regime(cell.regime), results.suite.budget.tolerances
        records = trial_records(cell, results.outcomes[cell], trained, tolerances, index, steps)
        if mark is None:
            yield from records
            continue
        asked = results.question(cell.regime, mark, steps)
        for record, outcome in zip(records, results.outcomes[cell], strict=True):
            yield replace(record, verdict=asked.verdict(outcome), reason="", arrival=None)


def trial_records(
    cell: Cell,
    outcomes: tuple[Outcome, ...],
    regime: Regime,
    tolerances: tuple[float, ...],
    index: int,
    steps: int | None = None,
) -> Iterator[TrialRecord]:
    """Yield the records of the trials of a cell.

    Args:
        cell: The cell.
        outcomes: Its trials.
        regime: What was trained.
        tolerances: The tolerances of the suite, decreasing.
        index: Index of the tolerance of the verdicts.
        steps: Budget of the verdicts, or None for that of the suite.
    """
    names = [f"{tolerance:g}" for tolerance in tolerances]
    for outcome in outcomes:
        why = reason(outcome, tolerances[index], index, regime, steps)
        yield TrialRecord(
            regime=cell.regime,
            n=cell.n,
            d=cell.d,
            k=cell.k,
            seed=outcome.seed,
            verdict=outcome.verdict(index, steps),
            steps=outcome.steps,
            measure=finite(outcome.measure),
            falling=outcome.falling,
            movement=finite(outcome.movement),
            step_size=finite(outcome.step_size),
            lambda_min=finite(outcome.lambda_min),
            lambda_max=finite(outcome.lambda_max),
            rate=finite(outcome.rate),
            solver=outcome.solver,
            device=outcome.device,
            seconds=outcome.seconds,
            message=outcome.message,
            reason=why or "",
            arrival=finite(arrival(outcome, tolerances[index])) if why == "still falling" else None,
            fate=outcome.fate.kind if outcome.fate else None,
            certificate=outcome.fate.certificate if outcome.fate else "",
            margin=finite(outcome.fate.margin) if outcome.fate else None,
            limit=finite(outcome.fate.residual) if outcome.fate else None,
            hits=dict(zip(names, outcome.hits, strict=True)),
            diagnostics={name: finite(value) for name, value in outcome.diagnostics.items()},
        )


def finite(value: float | None) -> float | None:
    """Return a number, or None if it is not finite.

    >>> finite(1.5), finite(math.inf), finite(None)
    (1.5, None, None)
    """
    return value if value is not None and math.isfinite(value) else None
