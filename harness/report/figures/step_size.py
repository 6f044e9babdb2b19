"""The figure of k½ against the step size, with the sharpness that training met against the edge of stability."""

from __future__ import annotations

import dataclasses
import json
import re
import statistics
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.components import Cell
from harness.components.numbers import plain
from harness.report import setting
from harness.report.figures.layout import finished, panels
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import FAINT, grid, logarithmic, marked, marks, short, styled
from harness.report.questions import fit_in_brief, question_explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.components import Outcome, Regime
    from harness.driver.results import Results

SHARPNESS = "sharpness"
"""Name of the diagnostic that measures the largest η λ_max(JJᵀ) on the path."""

WHAT = (
    "Regimes that differ in their step size only. k½ at n = {n}, d = {d}, with brackets that miss it with a chance of "
    "at most 5 %; open triangles are bounds, where an end is open. "
)
BELOW = (
    "Below: η λ_max of the tangent kernel JJᵀ at the start{path}: medians of the trials at the ends of the bracket. "
    "Dotted: 2(1 + β), the edge of stability of gradient descent (β = 0) and of the heavy ball on a quadratic. "
)


@dataclass(frozen=True)
class _Series:
    """Regimes that differ in their step size only, the smallest step first."""

    regimes: tuple[Regime, ...]
    steps: tuple[float, ...]
    axis: str

    @property
    def label(self) -> str:
        """The part that the names of the regimes share, or the first name."""
        letters = zip(*(regime.name for regime in self.regimes), strict=False)
        shared = "".join(same[0] for same in takewhile(lambda same: len(set(same)) == 1, letters))
        named = re.sub(r"[\s,;:(]*(\b(c|η|eta|step)\b)?[\s=:(]*[\d.]*$", "", shared)
        return short(named or self.regimes[0].name, 30)

    @property
    def edge(self) -> float | None:
        """The largest stable η λ_max, or None if it is not known."""
        beta = self.regimes[0].optimizer.heavy_ball()
        return None if beta is None else 2.0 * (1.0 + beta)


def step_size_figure(results: Results) -> list[Drawn]:
    """Return the figure at the largest n and d, with a series for each set of them that differ in that only."""
    sets = list(_sets(results.suite.regimes))
    if not sets:
        return [LeftOut("step-size", "no regimes of the suite differ in their step size only")]
    n, d = setting.sizes(results.suite)[-1]
    levels = [_sharpness(trial) for series in sets for of in series.regimes for trial in _trials(results, of, n, d)]
    known = any(level is not None for pair in levels for level in pair)
    path = ", and the largest on the way" if any(largest is not None for _, largest in levels) else ""
    caption = WHAT.format(n=n, d=d) + (BELOW.format(path=path) if known else "") + question_explained(results)
    title = f"k½ against the step size at n = {n}, d = {d}"
    return [Drawing("step-size", title, caption, lambda: _draw(results, sets, n, d, known=known))]


def _sets(regimes: Sequence[Regime]) -> Iterator[_Series]:
    found: dict[str, list[tuple[float, Regime]]] = {}
    for regime in regimes:
        optimizer = regime.optimizer
        if not regime.model.has_width or optimizer.step_size == "theory":
            continue
        by_curvature = optimizer.step_size == "stable"
        rest = {
            f.name: getattr(optimizer, f.name)
            for f in dataclasses.fields(optimizer)
            if f.name not in ("c", "step_size")
        }
        parts = [
            regime.model.spec(),
            regime.initializer.spec(),
            regime.criterion.spec(),
            optimizer.name,
            rest,
            by_curvature,
        ]
        step = optimizer.c if by_curvature else float(optimizer.step_size)
        found.setdefault(json.dumps(parts, sort_keys=True, default=repr), []).append((step, regime))
    for several in found.values():
        several.sort(key=lambda one: one[0])
        steps = tuple(step for step, _ in several)
        if len(set(steps)) > 1:
            members = tuple(regime for _, regime in several)
            kind = "step size c/λ_max, c" if members[0].optimizer.step_size == "stable" else "step size η"
            yield _Series(members, steps, kind)


def _trials(results: Results, regime: Regime, n: int, d: int) -> list[Outcome]:
    """Return the trials at the ends of the bracket, or at all widths if neither end is known."""
    found = results.threshold(regime.name, n, d)
    ends = [k for k in (found.low, found.high) if k]
    widths = ends or results.widths(regime.name, n, d)
    return [trial for k in widths for trial in results.outcomes.get(Cell(regime.name, n, d, k), ())]


def _sharpness(trial: Outcome) -> tuple[float | None, float | None]:
    """Return η λ_max at the start, and the largest on the way."""
    start = None
    if trial.step_size is not None and trial.lambda_max is not None:
        start = trial.step_size * trial.lambda_max
    met = [trial.diagnostics.get(SHARPNESS), None if trial.fate is None else trial.fate.max_eta_lambda]
    return start, max((value for value in met if value is not None), default=None)


def _draw(results: Results, sets: Sequence[_Series], n: int, d: int, *, known: bool) -> Figure:
    """Draw k½, and below it the sharpness if it is known of a trial."""
    with styled():
        figure, several = panels(1 + known, 1.7, across=1, share="")
        above, below = several[0], several[1] if known else None
        heights: list[float] = []
        levels: list[float] = []
        everything = sorted({step for series in sets for step in series.steps})
        for number, (series, look) in enumerate(zip(sets, marked(len(sets)), strict=True)):
            shift = 1 + 0.03 * (number - (len(sets) - 1) / 2)
            heights += _thresholds(above, results, series, n, d, look, shift)
            if below is None:
                continue
            levels += _levels(below, results, series, n, d, look)
            if series.edge is not None:
                said = f"edge of stability, {series.edge:g}"
                below.axhline(series.edge, color=FAINT, linestyle=":", linewidth=1.0, zorder=1, label=said)
                levels.append(series.edge)
        kinds = " or ".join(dict.fromkeys(series.axis for series in sets))
        for axes in several:
            logarithmic(axes.xaxis, everything)
            axes.set_xlim(everything[0] / 1.15, everything[-1] * 1.15)
            if len(everything) <= 6:
                axes.set_xticks(everything, [plain(step) for step in everything])
            axes.set_xlabel(kinds)
            grid(axes)
        logarithmic(above.yaxis, heights or [1.0, 2.0])
        above.set_ylabel("threshold width k½")
        if below is not None:
            logarithmic(below.yaxis, levels)
            below.set_ylabel("sharpness η λ_max(JJᵀ)")
        handles = {label: h for axes in several for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        handles |= marks([above])
        shown = [regime for series in sets for regime in series.regimes]
        return finished(figure, [f"n = {n}, d = {d}", fit_in_brief(results, shown)], handles)


def _thresholds(
    axes: Axes, results: Results, series: _Series, n: int, d: int, look: dict[str, Any], shift: float
) -> list[float]:
    found = [
        (step * shift, results.threshold(regime.name, n, d))
        for step, regime in zip(series.steps, series.regimes, strict=True)
    ]
    points = [(step, t.k_half, t.low or t.k_half, t.high or t.k_half) for step, t in found if t.k_half is not None]
    heights: list[float] = []
    if points:
        x, middle, low, high = (np.array(column, dtype=np.float64) for column in zip(*points, strict=True))
        axes.errorbar(
            x,
            middle,
            yerr=np.maximum([middle - low, high - middle], 0),
            **look,
            capsize=2,
            elinewidth=0.8,
            label=series.label,
        )
        heights += [*low.tolist(), *high.tolist()]
    for step, t in found:
        end = t.low if t.bound == ">" else t.high if t.bound == "<=" else None
        if end:
            axes.plot(
                [step], [end], "^" if t.bound == ">" else "v", markerfacecolor="none", color=look["color"], markersize=6
            )
            heights.append(float(end))
    return heights


def _levels(axes: Axes, results: Results, series: _Series, n: int, d: int, look: dict[str, Any]) -> list[float]:
    heights: list[float] = []
    for place, (style, face, said) in enumerate(
        (("-", look["color"], "at the start"), ("--", "none", "largest on the way"))
    ):
        points = []
        for step, regime in zip(series.steps, series.regimes, strict=True):
            values = [v for trial in _trials(results, regime, n, d) if (v := _sharpness(trial)[place]) is not None]
            if values:
                points.append((step, statistics.median(values)))
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(
                x,
                y,
                **{**look, "linestyle": style, "markerfacecolor": face},
                label=f"{series.label}: {said}",
            )
            heights += y
    return heights
