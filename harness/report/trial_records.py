"""The records that trials are read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.components import Mark
from harness.components.reason import arrival, reason
from harness.report.rows import finite

if TYPE_CHECKING:
    from harness.components import Cell, Outcome, Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results


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
