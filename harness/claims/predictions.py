"""The predictions of theories for a problem: widths, and assumptions that are met or not.

A theory may come from a plugin. If it fails, its own prediction is NaN with the reason, and no other
changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from harness.complaints import show
from harness.components import Assumption, Problem, Regime, Targets, Theory, Width
from harness.mathematics.spectra import TooManySamples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.components import Dataset

T = TypeVar("T")


@dataclass(frozen=True)
class Prediction:
    """One theory evaluated on one problem.

    Attributes:
        theory: Which theory.
        regime: How the networks are trained.
        n: Samples.
        d: Input dimension.
        width: Data-dependent width, unknown constants set to 1.
        scaling: The claimed scaling n^a d^b at C = 1, or None if there is none.
        assumptions: The theorem's conditions, checked.
        failed: Whether the theory failed or returned something else than a width. The reason of the width says which.
        scaling_error: Why there is no scaling although the theory claims one, or an empty string.
    """

    theory: Theory
    regime: Regime
    n: int
    d: int
    width: Width
    scaling: float | None
    assumptions: tuple[Assumption, ...]
    failed: bool = False
    scaling_error: str = ""

    @property
    def applies(self) -> bool:
        """Whether no assumption is known to fail."""
        return all(assumption.holds is not False for assumption in self.assumptions)

    @property
    def unmet(self) -> tuple[Assumption, ...]:
        """The assumptions that are known to fail."""
        return tuple(assumption for assumption in self.assumptions if assumption.holds is False)


def predict(theory: Theory, regime: Regime, problem: Problem, skipped: str = "") -> Prediction:
    """Evaluate a theory on a problem.

    Never raises: an exception, or an answer that is not a width, becomes NaN with the reason. A theory that declines a
    problem as too large has not failed.

    Args:
        theory: The theory.
        regime: How the networks are trained.
        problem: The problem.
        skipped: Why only the claimed scaling is evaluated, or an empty string if all is.
    """
    if skipped:
        scaling, failure = _attempt(lambda: theory.scaling(problem.n, problem.d))
        none = unanswered(theory, regime, problem.n, problem.d, skipped, failed=False)
        return none if failure or _not_a_law(scaling) else replace(none, scaling=scaling)
    try:
        width, failure = _attempt(lambda: theory.width(problem, regime))
    except TooManySamples as error:
        width, failure = Width(math.nan, str(error)), ""
    wrong = failure or _not_a_width(width)
    if wrong or width is None:
        width = Width(math.nan, wrong)
    scaling, failure = _attempt(lambda: theory.scaling(problem.n, problem.d))
    wrong_law = failure or _not_a_law(scaling)
    try:
        assumptions, failure = _attempt(lambda: tuple(theory.assumptions(problem, regime)))
    except TooManySamples as error:
        assumptions, failure = None, str(error)
    if assumptions is None:
        assumptions = (Assumption("assumptions could be checked", None, failure),)
    scaling = None if wrong_law else scaling
    return Prediction(theory, regime, problem.n, problem.d, width, scaling, assumptions, bool(wrong), wrong_law)


def _not_a_width(found: object) -> str:
    """Return the reason why the result of a theory is not a width."""
    if not isinstance(found, Width) or not isinstance(found.value, (int, float)):
        return f"width() returned {show(found)}, expected Width(number)"
    if found.value < 0:
        return f"width() returned {found.value:g}, expected a positive number"
    if math.isnan(found.value) and not found.reason:
        return "width() returned NaN without a reason, expected a number, or Width(math.nan, 'why')"
    return ""


def _not_a_law(found: object) -> str:
    """Return the reason why the result of a theory is not a scaling."""
    if found is None or (isinstance(found, (int, float)) and found >= 0):
        return ""
    said = f"{found:g}" if isinstance(found, (int, float)) else show(found)
    return f"scaling() returned {said}, expected a positive number or None"


def predictions(
    theories: Iterable[Theory],
    regime: Regime,
    problem: Problem,
    evaluate: Callable[[Theory, Regime, Problem], Prediction] = predict,
) -> tuple[Prediction, ...]:
    """Evaluate the theories that concern the regime, in the order given.

    A theory that raises when asked counts as concerned, so that its failure is shown.

    Args:
        theories: Theories to evaluate.
        regime: How the networks are trained.
        problem: The problem.
        evaluate: Function that evaluates one of them.
    """
    chosen = []
    for theory in theories:
        if not of_labels(theory, targets_of(problem)):
            continue
        concerned, failure = _attempt(lambda theory=theory: theory.concerns(regime))  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        if failure:
            chosen.append(unanswered(theory, regime, problem.n, problem.d, failure))
        elif concerned:
            chosen.append(evaluate(theory, regime, problem))
    return tuple(chosen)


def unanswered(theory: Theory, regime: Regime, n: int, d: int, reason: str, *, failed: bool = True) -> Prediction:
    """Return the prediction of a theory that could not be evaluated on a problem of n and d.

    Args:
        theory: The theory.
        regime: How the networks are trained.
        n: Samples.
        d: Input dimension.
        reason: Why it could not be evaluated.
        failed: Whether the theory is at fault, and not the problem.
    """
    return Prediction(theory, regime, n, d, Width(math.nan, reason), None, (), failed)


def failures(found: Mapping[tuple[str, int, int], Iterable[Prediction]]) -> list[str]:
    """Return a line for each theory that failed, with the first reason and the number of rows.

    Args:
        found: Predictions by regime, n and d.
    """
    first: dict[str, str] = {}
    rows: dict[str, int] = {}
    for (regime, n, d), predicted in found.items():
        for one in predicted:
            if reason := one.width.reason if one.failed else one.scaling_error:
                name = one.theory.name
                first.setdefault(name, f"for {regime}, n = {n}, d = {d}: {reason}")
                rows[name] = rows.get(name, 0) + 1
    more = {name: f" (and in {count - 1} more rows)" if count > 1 else "" for name, count in rows.items()}
    return [f"theory {name} has no answer {said}{more[name]}; mend the theory" for name, said in first.items()]


def of_labels(theory: Theory, targets: Targets) -> bool:
    """Return whether a theorem is about networks with as many outputs, and about labels of this kind.

    The one gate that keeps theories of one output away from several. Numbers and signs pass it alike, since a theorem
    that needs one of them has it among its assumptions.
    """
    numbers = targets.kind in (None, "numbers", "signs")
    kinds = ("numbers", "signs") if numbers and targets.outputs == 1 else (targets.kind or "values",)
    return (targets.outputs == 1 or theory.outputs == "any") and any(kind in theory.targets for kind in kinds)


def targets_of(problem: Problem) -> Targets:
    """Return the form of a problem's labels."""
    return Targets("one-hot" if problem.classes else "numbers" if problem.q == 1 else "values", problem.q)


def concerned(theories: Iterable[Theory], regime: Regime, dataset: Dataset) -> list[Theory]:
    """Return the theories that are about the regime and the labels, in the order given.

    A theory that raises when asked is left out.
    """
    targets = _attempt(dataset.targets)[0] or Targets()
    return [
        theory
        for theory in theories
        if of_labels(theory, targets) and _attempt(lambda theory=theory: theory.concerns(regime))[0]  # type: ignore[misc]  # mypy infers no type for a lambda with a default
    ]


def _attempt(question: Callable[[], T]) -> tuple[T | None, str]:
    try:
        return question(), ""
    except TooManySamples:
        raise
    except Exception as error:  # plugins may fail in any way
        return None, f"{type(error).__name__}: {error}"
