"""The table of ablations: pairs of regimes that differ in one ingredient, and the effect on k½."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from harness.components.entries import Count, Entry, Interval, Missing, Note, Number, Text
from harness.components.table import Column, Row, Table
from harness.plugin_host.checks import PARTS
from harness.report import setting
from harness.report.caption import bracket_explained, problems_explained, unfinished
from harness.report.comparison_view import verdicts, within_explained
from harness.report.provenance import provenance
from harness.report.questions import common, question_explained
from harness.report.thresholds_view import measured
from harness.statistics.mean_ratio import mean_ratio
from harness.statistics.paired import compare, threshold_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components import Component, Optimizer, Regime
    from harness.driver.question import Asked, Question
    from harness.driver.results import Results
    from harness.statistics.thresholds import Threshold

    Size = tuple[int, int]

NONE = (
    "No two regimes of this suite differ in exactly one ingredient (model, initializer, optimizer or criterion) or one "
    "option of it: an ablation needs two that use the same preset, one of them with one of these replaced."
)


CELLS = (
    "cells: of the n, d and k at which both have trials of equal seed, those in which the two disagree on a trial: "
    "only these speak for or against the change."
)
GAINED = "gained: trials that fit only after the change."
LOST = "lost: trials that fit only before it."
P = (
    "p: two-sided sign test that a trial is as likely to be gained as to be lost, not corrected for the number of "
    "pairs, and exact where the widths were not chosen by their results."
)


@dataclass(frozen=True)
class Ablation:
    """Two regimes that differ in one ingredient, or in one option of it.

    Attributes:
        first: The regime that the suite names first.
        second: The regime with the changed ingredient.
        changed: The ingredient or its option.
        before: Value in the first regime.
        after: Value in the second regime.
    """

    first: Regime
    second: Regime
    changed: str
    before: str
    after: str


def ablations(regimes: Sequence[Regime]) -> list[Ablation]:
    """Return every two regimes with a width that differ in exactly one ingredient, in the order of the suite."""
    pairs = combinations([regime for regime in regimes if regime.model.has_width], 2)
    return [found for first, second in pairs if (found := _ablation(first, second)) is not None]


def _ablation(first: Regime, second: Regime) -> Ablation | None:
    parts = [part for part in PARTS if getattr(first, part) != getattr(second, part)]
    stepped = [regime.theory if regime.optimizer.step_size == "theory" else "" for regime in (first, second)]
    # Two theory steps look equal in the optimizer although their theories differ.
    if all(stepped) and stepped[0] != stepped[1]:
        return None if parts else Ablation(first, second, "theory that gives the step size", *stepped)
    if first.tune != second.tune and not parts:
        steps = [setting.step(r.optimizer) if r.tune is None else setting.tuned(r.tune) for r in (first, second)]
        return Ablation(first, second, "choice of the step size", *steps)
    if len(parts) != 1 or first.tune != second.tune:
        return None
    (part,) = parts
    one, two = getattr(first, part), getattr(second, part)
    if type(one) is not type(two):
        return Ablation(first, second, part, _words(part, one), _words(part, two))
    options = [name for name in one.options() if getattr(one, name) != getattr(two, name)]
    if len(options) != 1:  # the effects of several options cannot be separated
        return None
    before, after = (setting.spelled(getattr(which, options[0])) for which in (one, two))
    return Ablation(first, second, f"{options[0]} of the {part}", before, after)


def _words(part: str, component: Component | Optimizer) -> str:
    return setting.optimizer(component) if part == "optimizer" else setting.component(component)  # type: ignore[arg-type]  # it is one


def ablations_view(
    results: Results, *, tolerance: Asked = None, steps: float | None = None, all_sizes: bool = False
) -> Table:
    """Return the effect of each ablation on k½, or a table without rows that gives the reason.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
        all_sizes: Whether each n and d gets rows of its own.

    Returns:
        The table.
    """
    suite = results.suite
    sizes = setting.sizes(suite)
    rows = []
    for pair in ablations(suite.regimes):
        regimes = (pair.first, pair.second)
        asked = common(results, regimes, tolerance, steps)
        weighed = _Weighed(results, pair, asked, within_explained(results, regimes, tolerance, steps))
        rows += [weighed.row([size], alone=True) for size in sizes] if all_sizes else [weighed.row(sizes)]
    where = (Column("n", "right"), Column("d", "right")) if all_sizes else (Column("sizes", "right"),)
    return Table(
        name="ablations",
        title=f"One ingredient changed · {suite.title or suite.name}",
        caption=_caption(results, tolerance, steps, all_sizes=all_sizes) if rows else NONE,
        columns=(
            Column("changed", fold=True),
            Column("from", fold=True),
            Column("to", fold=True),
            *where,
            Column("k½ before", "right"),
            Column("k½ after", "right"),
            Column("ratio", "right"),
            Column("cells", "right", priority=1, legend=CELLS),
            Column("gained", "right", priority=4, legend=GAINED),
            Column("lost", "right", priority=3, legend=LOST),
            Column("p", "right", priority=2, legend=P),
            Column("regimes", below=True, wrap=44),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


@dataclass(frozen=True)
class _Weighed:
    """One ablation, by what counts as a fit, with notes about that."""

    results: Results
    pair: Ablation
    asked: Question
    notes: tuple[Note, ...] = ()

    def row(self, sizes: Sequence[Size], *, alone: bool = False) -> Row:
        pair = self.pair
        known = [size for size in sizes if all(found.k_half is not None for found in self.thresholds(size))]
        # If no size has both thresholds, the largest size still has bounds.
        used = known or [sizes[-1]]
        where = (Number(sizes[0][0]), Number(sizes[0][1])) if alone else (Count(len(known), len(sizes)),)
        before, after = (self.k_half(used, which) for which in (0, 1))
        regimes = Text(f"{pair.first.name} → {pair.second.name}")
        texts = (Text(pair.changed), Text(pair.before), Text(pair.after))
        return Row((*texts, *where, before, after, self.ratio(used), *self.shared(used), regimes))

    def thresholds(self, size: Size) -> tuple[Threshold, Threshold]:
        one, two = (
            self.results.threshold(regime.name, *size, *self.asked.arguments)
            for regime in (self.pair.first, self.pair.second)
        )
        return one, two

    def k_half(self, sizes: Sequence[Size], which: int) -> Entry:
        """Return the measured k½ of one size, or the geometric mean of several."""
        found = [self.thresholds(size)[which] for size in sizes]
        if len(found) == 1:
            return measured(found[0])
        mean = _mean([threshold.k_half for threshold in found])
        return Number(mean) if mean is not None else Missing("k½ is not known at every size")

    def ratio(self, sizes: Sequence[Size]) -> Entry:
        """Return k½ after over k½ before: from both brackets of one size, or the geometric mean of several."""
        if len(sizes) == 1:
            before, after = self.thresholds(sizes[0])
            ratio = threshold_ratio(after, before)
        else:
            first, second = (
                {size: self.results.fits(regime.name, *size, *self.asked.arguments) for size in sizes}
                for regime in (self.pair.first, self.pair.second)
            )
            found = {size: self.thresholds(size) for size in sizes}
            points = [{size: pair[which].k_half or 0 for size, pair in found.items()} for which in (1, 0)]
            steps = [regime.initializer.width_step for regime in (self.pair.second, self.pair.first)]
            ratio = mean_ratio(
                second, first, points=(points[0], points[1]), steps=(steps[0], steps[1]), seed=self.results.suite.seed
            )
        if ratio.value is None and ratio.low is None and ratio.high is None:
            return Missing("nothing is known of one of the two")
        return Interval(ratio.value, ratio.low, ratio.high, ratio=True, notes=self.notes)

    def shared(self, sizes: Sequence[Size]) -> tuple[Entry, Entry, Entry, Entry]:
        """Return the number of deciding cells, the trials gained and lost in them, and the p-value."""
        first, second = (
            {
                (n, d, *trial): fit
                for n, d in sizes
                for trial, fit in verdicts(self.results, regime.name, n, d, self.asked).items()
            }
            for regime in (self.pair.first, self.pair.second)
        )
        both = first.keys() & second.keys()
        if not both:
            none = Missing("the two have no trial of equal width and seed")
            return none, none, none, none
        found = compare(second, first)
        deciding = {trial[:3] for trial in both if first[trial] != second[trial]}
        return (
            Count(len(deciding), len({trial[:3] for trial in both})),
            Number(found.only_first),
            Number(found.only_second),
            Number(found.p_value, width=False),
        )


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the geometric mean, or None if a value is missing or 0."""
    known = [value for value in values if value]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if len(known) == len(values) else None


def _caption(results: Results, tolerance: Asked, steps: float | None, *, all_sizes: bool) -> str:
    said = [
        *unfinished(results),
        "Every two regimes that are equal but for one ingredient, changed as said; both face the same problems.",
    ]
    if not all_sizes:
        said.append(
            "sizes: at how many n and d of the suite both k½ are known; k½ and ratio are geometric means over these, "
            "and where there are none, those of the largest n and d. Each size by itself with --all-sizes."
        )
    said += [
        "ratio: k½ after the change over k½ before it. Of one size, its interval contains the true quotient with a "
        "confidence of 95 %, whenever the searches stopped and however the two depend on each other.",
        *(() if all_sizes else ("Of several sizes, it is a 95 % interval from trials resampled in both alike.",)),
        *(CELLS, GAINED, LOST, P),
        bracket_explained(),
        question_explained(results, tolerance, steps),
        problems_explained(results),
    ]
    return " ".join(said)
