"""Marks: values of further measures whose first steps are recorded beside those of the tolerances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from harness.components.outcome import Outcome
    from harness.components.vocabulary import Verdict


@dataclass(frozen=True)
class Mark:
    """A value of a further measure that counts as a fit in place of a tolerance.

    Attributes:
        measure: ``error``, the share of wrong labels, or ``margin``, the smallest margin over the samples.
        value: Largest error of a fit, or its smallest margin.
        index: Index of the value among those of the measure that a criterion records. Marks that differ only in it are
            equal, since regimes may record different values.
        monotone: True: the chance of a fit is taken not to fall with the width, as for tolerances.
    """

    measure: Literal["error", "margin"]
    value: float
    index: int = field(default=0, compare=False)
    monotone: ClassVar[bool] = True

    def hit(self, outcome: Outcome) -> int | None:
        """Return the first step of a trial at which the mark was met, or None."""
        return outcome.further_hits[self.measure][self.index]

    def verdict(self, outcome: Outcome, steps: int | None = None) -> Verdict:
        """Return the verdict on a trial, as if the budget had been ``steps``.

        >>> from harness.components import Outcome
        >>> trial = Outcome(0, (40,), 600, 0.1, further_hits={"error": (35, 90)})
        >>> right = Mark("error", 0.0, index=1)
        >>> right.verdict(trial), right.verdict(trial, steps=60), str(right)
        ('fit', 'unfit', 'error ≤ 0')
        """
        return outcome.verdict_of(None if outcome.message else self.hit(outcome), steps)

    def __str__(self) -> str:
        """Return the condition in words."""
        return f"{self.measure} {'≤' if self.measure == 'error' else '≥'} {self.value:g}"
