"""Records of B runs while they advance: first hits of the tolerances, end, curve and rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

DIVERGED = 1e6
"""A measure that is not below it (NaN included) ends the run as diverged."""

LATE = 0.9
"""Part of the budget after which the measure is kept for comparison with the last one."""

FALLING = 0.99
"""A run out of budget is still falling if its last tenth brought the measure below this fraction of what it was."""


def curve_steps(budget: int) -> list[int]:
    """Return the steps at which the curve is kept: 0, 1, 2, 5, 10, 20, 50, … up to the budget.

    >>> curve_steps(60)
    [0, 1, 2, 5, 10, 20, 50]
    """
    steps, decade = [0], 1
    while decade <= budget:
        steps += [s for s in (decade, 2 * decade, 5 * decade) if s <= budget]
        decade *= 10
    return steps


def fit_rate(steps: Sequence[float], measures: Sequence[float]) -> float | None:
    """Return the factor per step of a geometric decay, by least squares of log measure on step.

    None from fewer than three points, or where the measure is zero or not finite.

    >>> round(fit_rate([0, 10, 20, 30], [1.0, 0.5, 0.25, 0.125]), 6)
    0.933033
    """
    t, m = np.asarray(steps, dtype=float), np.asarray(measures, dtype=float)
    good = np.isfinite(m) & (m > 0)
    t, m = t[good], np.log(m[good])
    if len(t) < 3 or t[0] == t[-1]:
        return None
    t = t - t.mean()
    return float(np.exp((t @ (m - m.mean())) / (t @ t)))


def still_falling(before: float, after: float) -> bool:
    """Return whether a measure fell by more than 1 % between two times."""
    return bool(after < FALLING * before)


@dataclass(frozen=True)
class Course:
    """The record of one run, in numbers of the criterion's measure.

    Attributes:
        hits: First step at which each tolerance was met; None if never.
        steps: Steps taken.
        measure: At the end.
        diverged: Whether it ended by diverging.
        falling: Whether more steps would have brought it further down.
        late: Steps and measures of the second half, from which the rate is fitted.
        curve: Measures at the steps of :func:`curve_steps` up to the end.
        further: First steps at which the marks of further measures were met, by the name of the measure.
    """

    hits: tuple[int | None, ...]
    steps: int
    measure: float
    diverged: bool
    falling: bool
    late: tuple[Sequence[float], Sequence[float]]
    curve: Sequence[float]
    further: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)


def _steps(hits: NDArray[np.int64]) -> tuple[int | None, ...]:
    return tuple(hit if hit >= 0 else None for hit in hits.tolist())


class Progress:
    """First hits of decreasing tolerances by B runs, and where each run ended.

    A run ends at the first step by which the measure has met the last tolerance and all marks of further measures are
    met, or at which the measure is not below ``DIVERGED``, or at the budget. Where the measure is bounded, the loss in
    units of its value at the start takes the place of the measure for divergence and for "still falling". Measures
    recorded after a run's end are ignored, so that lanes may run on until it is convenient to remove them.

    One run more than asked for is that of padding lanes; it has ended from the start.

    Attributes:
        padding: Index B of the run in padding lanes.
        hits: (B + 1, tolerances) first steps, -1 where not met.
        further: (B + 1, marks) likewise for the marks of each further measure, by its name.
        end: (B + 1,) steps taken, -1 while the run goes on.
        measure: (B + 1,) the measure at the end.
        diverged: (B + 1,) whether it ended so.
    """

    def __init__(
        self,
        runs: int,
        tolerances: Sequence[float],
        budget: int,
        marks: Mapping[str, tuple[float, ...]] | None = None,
    ) -> None:
        """Start recording so many runs.

        Args:
            runs: B.
            tolerances: Decreasing.
            budget: Largest number of steps.
            marks: Marks of further measures by name. A ``margin`` meets a mark from above, all others from below.
        """
        self.marks = dict(marks or {})
        self.tolerances = tuple(tolerances)
        self.budget = budget
        self.padding = runs
        runs += 1
        self.hits = np.full((runs, len(self.tolerances)), -1, dtype=np.int64)
        self.further = {name: np.full((runs, len(marks)), -1, dtype=np.int64) for name, marks in self.marks.items()}
        self.end = np.full(runs, -1, dtype=np.int64)
        self.end[self.padding] = 0
        self.measure = np.full(runs, np.nan)
        self.diverged = np.zeros(runs, dtype=bool)
        self._marks = curve_steps(budget)
        self._next_mark = 0
        self._late = np.full(runs, np.nan)
        self._last = self.measure
        self._start: NDArray[np.float64] | None = None
        self._curves: list[list[float]] = [[] for _ in range(runs)]
        self._past: list[tuple[list[float], list[float]]] = [([], []) for _ in range(runs)]

    def record(
        self,
        steps: Sequence[int],
        measures: NDArray[np.float64],
        runs: NDArray[np.int64],
        losses: NDArray[np.float64] | None = None,
        further: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> None:
        """Record the measures (steps, lanes) of the given runs at consecutive check points.

        Args:
            steps: Check points, ascending.
            measures: Measure of each run at each of them.
            runs: The run in each lane.
            losses: Loss of each run at each of them, where the measure is bounded.
            further: Further measures of each run at each of them, by name.
        """
        at = np.asarray(steps)
        progress = measures if losses is None else self._relative(losses, runs)
        for index, tolerance in enumerate(self.tolerances):
            self._note(self.hits, index, measures <= tolerance, at, runs)
        for name, values in (further or {}).items():
            for index, mark in enumerate(self.marks[name]):
                met = values >= mark if name == "margin" else values <= mark
                self._note(self.further[name], index, met, at, runs)
        over = self._over(measures, at, runs)
        bad = ~(progress < DIVERGED)
        stop = over | bad
        if at[-1] >= self.budget:
            stop = stop.copy()
            stop[-1] = True
        ended = stop.any(axis=0) & (self.end[runs] < 0)
        first = stop.argmax(axis=0)
        lanes = np.flatnonzero(ended)
        self.end[runs[lanes]] = at[first[lanes]]
        self.measure[runs[lanes]] = measures[first[lanes], lanes]
        self._last[runs[lanes]] = progress[first[lanes], lanes]
        self.diverged[runs[lanes]] = bad[first[lanes], lanes]
        # Tolerances first met after the end of a run that diverged within the same chunk do not count.
        last = np.where(self.end[runs] < 0, self.budget, self.end[runs])[:, None]
        for hits in (self.hits, *self.further.values()):
            hits[runs] = np.where(hits[runs] > last, -1, hits[runs])
        late_check = int(np.searchsorted(at, LATE * self.budget))
        if late_check < len(at):
            unset = np.isnan(self._late[runs])
            self._late[runs[unset]] = progress[late_check, unset]
        self._keep(at, measures, runs)

    def _note(
        self,
        hits: NDArray[np.int64],
        index: int,
        met: NDArray[np.bool_],
        at: NDArray[np.int64],
        runs: NDArray[np.int64],
    ) -> None:
        """Note the first check point at which a mark was met by runs that had not met it yet."""
        fresh = met.any(axis=0) & (hits[runs, index] < 0) & (self.end[runs] < 0)
        hits[runs[fresh], index] = at[met[:, fresh].argmax(axis=0)]

    def _over(self, measures: NDArray[np.float64], at: NDArray[np.int64], runs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the check points by which all that is recorded was met, (steps, lanes)."""
        if not self.further:
            return measures <= self.tolerances[-1]
        needed = np.column_stack([self.hits[runs, -1], *(hits[runs] for hits in self.further.values())])
        met: NDArray[np.bool_] = at[:, None] >= needed.max(axis=1)
        return met & (needed >= 0).all(axis=1)

    def _relative(self, losses: NDArray[np.float64], runs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return losses in units of their value at the first check point."""
        if self._start is None:
            self._start = np.full(len(self.end), np.nan)
            self._last = np.full(len(self.end), np.nan)
        unset = np.isnan(self._start[runs])
        self._start[runs[unset]] = np.where(losses[0, unset] > 0, losses[0, unset], 1.0)
        relative: NDArray[np.float64] = losses / self._start[runs]
        return relative

    def _keep(self, at: NDArray[np.int64], measures: NDArray[np.float64], runs: NDArray[np.int64]) -> None:
        """Keep the first measure of the chunk for the rate, and the marked ones for the curve."""
        for run, end, value in zip(runs.tolist(), self.end[runs].tolist(), measures[0].tolist(), strict=True):
            if end < 0 or at[0] < end:
                steps, values = self._past[run]
                steps.append(float(at[0]))
                values.append(value)
        while self._next_mark < len(self._marks) and self._marks[self._next_mark] <= at[-1]:
            mark = self._marks[self._next_mark]
            i = int(np.searchsorted(at, mark))  # with several steps between check points: the first one after
            for lane, run in enumerate(runs):
                if self.end[run] < 0 or mark <= self.end[run]:
                    self._curves[run].append(float(measures[i, lane]))
            self._next_mark += 1

    def open(self, runs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which of the given runs go on."""
        still: NDArray[np.bool_] = self.end[runs] < 0
        return still

    def course(self, run: int) -> Course:
        """Return what was recorded of a run that has ended."""
        end, measure = int(self.end[run]), float(self.measure[run])
        steps, values = (np.array(part) for part in self._past[run])
        steps, values = np.append(steps, end), np.append(values, measure)
        late = steps >= end / 2
        # The budget, and nothing else, ended a run that may still be falling.
        unfinished = end >= self.budget and not self.diverged[run] and self.hits[run, -1] < 0
        return Course(
            hits=_steps(self.hits[run]),
            steps=end,
            measure=measure,
            diverged=bool(self.diverged[run]),
            falling=bool(unfinished) and still_falling(self._late[run], self._last[run]),
            late=(steps[late].tolist(), values[late].tolist()),
            curve=self._curves[run],
            further={name: _steps(hits[run]) for name, hits in self.further.items()},
        )
