"""The questions that a run answers: what counts as a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from harness.components import Mark
from harness.mathematics.counting import too_narrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.components import Dataset, Outcome, Regime, Verdict
    from harness.suite import DiagnosticFit

Asked = float | Mark | None
"""A tolerance, a mark of a further measure, or None for the usual question, as callers ask."""

Asking = tuple[Asked, float | None]
"""A tolerance or mark, and a number of steps or None for the whole budget, as callers ask."""

QuestionKind = Literal["exact", "limit", "budget", "diagnostic", "mark"]
"""An exact fit or a tolerance with unlimited steps, a tolerance or mark within a budget, or a diagnostic at its end."""

NO_FATE = "no fate"
"""Name under which trials without a fate are counted."""

FATES = ("fit proved", "stuck proved", "fit in the limit", "stuck in the limit", "open")
"""Kinds of fates in the order in which they are shown."""

MOST = 0.5
"""Share of the unfit trials that more steps could make fit, from which the budget made the lower end of a bracket."""


@dataclass(frozen=True)
class Question:
    """A tolerance and a number of steps, which decide whether a trial fits.

    Attributes:
        tolerance: Largest measure of a fit. Zero asks for an exact fit.
        steps: Number of steps, or infinity.
        index: Index of the tolerance among those that the suite records, or None for an exact fit.
        by: The diagnostic or the mark of a further measure that decides in place of the tolerance, or None.
    """

    tolerance: float
    steps: float
    index: int | None
    by: DiagnosticFit | Mark | None = None

    @property
    def kind(self) -> QuestionKind:
        """Kind of the question."""
        if self.by is not None:
            return "mark" if isinstance(self.by, Mark) else "diagnostic"
        if self.index is None:
            return "exact"
        return "budget" if math.isfinite(self.steps) else "limit"

    @property
    def arguments(self) -> Asking:
        """The tolerance or mark, and the number of steps, with which the question is asked of another regime."""
        return (self.by if isinstance(self.by, Mark) else self.tolerance, self.steps)

    def within(self, tolerance: float) -> Asking:
        """Return tolerance or mark, and steps, of what is asked of the budget beside it.

        Args:
            tolerance: The tolerance that replaces an exact fit.
        """
        return (self.arguments[0] or tolerance, self.steps if math.isfinite(self.steps) else None)

    def hit(self, outcome: Outcome) -> int | None:
        """Return the first step at which a trial met the tolerance or the mark, or None for exact fits."""
        if isinstance(self.by, Mark):
            return self.by.hit(outcome)
        return None if self.index is None else outcome.hits[self.index]

    def verdict(self, outcome: Outcome) -> Verdict:
        """Return the verdict on a trial. It is ``open`` where steps are unlimited and nothing decides it."""
        if isinstance(self.by, Mark):
            return self.by.verdict(outcome, int(self.steps))
        if self.by is not None:
            return self.by.verdict(outcome)
        if self.index is None or not math.isfinite(self.steps):
            return outcome.limit_verdict(self.tolerance, self.index)
        return outcome.verdict(self.index, int(self.steps))

    def fit(self, outcome: Outcome) -> bool | None:
        """Return whether a trial fits, or None for errors and open verdicts."""
        verdict = self.verdict(outcome)
        return None if verdict in ("error", "open") else verdict == "fit"

    def may_fit_later(self, outcome: Outcome) -> bool:
        """Return whether a trial is unfit within the budget but could fit with more steps.

        Its fate answers this where it is known. A trial with fewer effective weights than labels counts as hopeless,
        and a trial without a fate as hopeful while its measure decreased at the end. No fate answers for a mark.
        """
        if isinstance(self.by, Mark):
            hopeful = outcome.falling or (not outcome.message and self.by.hit(outcome) is not None)
            return hopeful and self.verdict(outcome) == "unfit"
        if self.kind != "budget" or self.index is None or self.verdict(outcome) != "unfit":
            return False
        if outcome.hits[self.index] is not None:
            return True
        fate = outcome.fate
        if fate is None:
            return outcome.falling
        return not counted(outcome) and outcome.limit_verdict(self.tolerance, self.index) in ("fit", "open")

    def budget_makes(self, outcomes: Iterable[Outcome]) -> bool:
        """Return whether at least half of the unfit trials of a width could fit with more steps."""
        unfit = [outcome for outcome in outcomes if self.verdict(outcome) == "unfit"]
        return bool(unfit) and sum(map(self.may_fit_later, unfit)) >= MOST * len(unfit)


def counted(outcome: Outcome) -> bool:
    """Return whether an exact fit of the trial has probability zero, since it has too few effective weights."""
    return outcome.fate is not None and outcome.fate.constants.get("counted", 0.0) > 0.0


def proved(outcome: Outcome) -> bool:
    """Return whether it is proved that the trial ends in an exact fit, or that it does not."""
    fate = outcome.fate
    if fate is None or outcome.message:
        return False
    floor = fate.constants.get("measure_floor", fate.constants.get("floor", 0.0))
    return fate.kind in ("fit proved", "stuck proved") or floor > 0.0 or counted(outcome)


def fate_counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Return the number of trials of each fate. All kinds of fates are keys.

    Trials that diverged are counted as such, trials without a fate as :data:`NO_FATE`, and errors not at all.
    """
    found = dict.fromkeys(FATES, 0)
    for outcome in outcomes:
        if outcome.message:
            continue
        name = "diverged" if outcome.diverged else NO_FATE if outcome.fate is None else outcome.fate.kind
        found[name] = found.get(name, 0) + 1
    return found


def floor_of(outcomes: Mapping[int, Sequence[Outcome]]) -> int:
    """Return the largest width at which every trial has too few effective weights for an exact fit, or 0.

    Args:
        outcomes: Trials by width.
    """
    hopeless = (k for k, several in outcomes.items() if several and all(map(counted, several)))
    return max(hopeless, default=0)


def counting_floor(regime: Regime, dataset: Dataset, n: int, d: int, most: int) -> int:
    """Return the largest admissible width at which counting needs no trial to rule an exact fit out, or 0.

    Labels need a density, and the weights are fewer than the labels whatever the inputs.

    Args:
        regime: What is trained.
        dataset: Where the problems come from.
        n: Number of samples.
        d: Input dimension.
        most: Largest width to count at.
    """
    if not dataset.labels_have_density:
        return 0
    step = regime.initializer.width_step
    admissible = range(step, most + 1, step)
    free = n - dataset.label_equations
    short = takewhile(lambda k: too_narrow(regime, n, d, k, free) or _too_few_features(regime, free, d, k), admissible)
    return max(short, default=0)


def _too_few_features(regime: Regime, n: int, d: int, k: int) -> bool:
    """Return whether a model that is linear in its trained weights has fewer of them than labels."""
    model = regime.model
    if not model.linear() or regime.initializer.sees_labels:
        return False
    shapes, trained = model.shapes(d, k), model.trained()
    return sum(math.prod(shapes[name]) for name in (shapes if trained is None else trained)) < n
