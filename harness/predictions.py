"""What theories say of a problem: widths, assumptions met or not.

A theory is somebody's code; one that fails makes its own prediction NaN, with the reason, and nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.components import Assumption, Problem, Regime, Theory, Width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        scaling: The claimed law n^a d^b at C = 1; None where there is none.
        assumptions: The theorem's conditions, checked.
    """

    theory: Theory
    regime: Regime
    n: int
    d: int
    width: Width
    scaling: float | None
    assumptions: tuple[Assumption, ...]

    @property
    def applies(self) -> bool:
        """Whether no assumption is known to fail."""
        return all(assumption.holds is not False for assumption in self.assumptions)

    @property
    def unmet(self) -> tuple[Assumption, ...]:
        """The assumptions that are known to fail."""
        return tuple(assumption for assumption in self.assumptions if assumption.holds is False)


def predict(theory: Theory, regime: Regime, problem: Problem) -> Prediction:
    """Evaluate a theory on a problem.

    Never raises: an exception, or an answer that is not a width, becomes NaN with the reason.
    """
    width, failure = _attempt(lambda: theory.width(problem, regime))
    if not isinstance(width, Width) or not isinstance(width.value, (int, float)):
        width = Width(math.nan, failure or f"{theory.name} returned {width!r} for a width")
    scaling, _ = _attempt(lambda: theory.scaling(problem.n, problem.d))
    assumptions, failure = _attempt(lambda: tuple(theory.assumptions(problem, regime)))
    if assumptions is None:
        assumptions = (Assumption("assumptions could be checked", None, failure),)
    return Prediction(theory, regime, problem.n, problem.d, width, scaling, assumptions)


def predictions(theories: Iterable[Theory], regime: Regime, problem: Problem) -> tuple[Prediction, ...]:
    """Evaluate the theories that concern the regime, in the order given.

    A theory that cannot tell whether it does counts as concerned, so that its failure is seen.
    """
    chosen = []
    for theory in theories:
        concerned, failure = _attempt(lambda theory=theory: theory.concerns(regime))  # type: ignore[misc]
        if failure:
            chosen.append(Prediction(theory, regime, problem.n, problem.d, Width(math.nan, failure), None, ()))
        elif concerned:
            chosen.append(predict(theory, regime, problem))
    return tuple(chosen)


def _attempt(question: Callable[[], T]) -> tuple[T | None, str]:
    try:
        return question(), ""
    except Exception as error:  # plugins may fail in any way
        return None, f"{type(error).__name__}: {error}"
