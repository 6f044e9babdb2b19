"""Figures of training: the measure against the steps, and the steps to each tolerance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.components import Cell
from harness.components.numbers import plain
from harness.report import setting
from harness.report.diagnostics_view import quartiles, width_shown
from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import FAINT, grid, logarithmic, marked, short, styled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.figure import Figure

    from harness.components import Outcome, Regime
    from harness.driver.results import Results

ORDER = ("first k", "second k", "third k")
"""Names of the widths of a panel in the legend, in the order of its title."""

_Curve = tuple[list[float], list[tuple[float, float, float]]]


def training_figures(results: Results) -> list[Drawn]:
    """Return the loss curves and the hitting steps at the largest n and d, with a panel per regime."""
    n, d = setting.sizes(results.suite)[-1]
    tolerance = results.suite.budget.report_tolerance
    return [_curves(results, n, d, tolerance), _hits(results, n, d)]


def _curves(results: Results, n: int, d: int, tolerance: float) -> Drawn:
    of: list[tuple[Regime, list[tuple[int, _Curve]]]] = []
    for regime in results.suite.regimes:
        found = [(k, curve) for k in widths_near(results, regime, n, d) if (curve := _median(results, regime, n, d, k))]
        if found:
            of.append((regime, found))
    if not of:
        return LeftOut("curves", "no trial kept its curve")
    caption = (
        f"The criterion's measure over the steps at n = {n}, d = {d}, at the tried width nearest to k½ and at widths "
        "of about half and twice that. Line: median of the trials; band: its quartiles; a trial that stopped keeps its "
        f"last value. Dotted: the tolerance {plain(tolerance)}."
    )
    head = [f"n = {n}, d = {d}", f"at most {results.suite.budget.steps} steps"]
    return Drawing(
        "curves", f"Training near the threshold at n = {n}, d = {d}", caption, lambda: _draw(of, tolerance, head)
    )


def widths_near(results: Results, regime: Regime, n: int, d: int) -> list[int]:
    """Return the width nearest to k½, and those nearest to half and twice of it."""
    middle = width_shown(results, regime, n, d, results.suite.budget.report_tolerance)
    tried = results.widths(regime.name, n, d)
    if not middle:
        return tried[:1]
    near = [min(tried, key=lambda k: abs(math.log(k / (f * middle)))) for f in (0.5, 1.0, 2.0)]
    return list(dict.fromkeys(near))


def _median(results: Results, regime: Regime, n: int, d: int, k: int) -> _Curve | None:
    trials = [t for t in results.outcomes.get(Cell(regime.name, n, d, k), ()) if t.curve and not t.message]
    if not trials:
        return None
    length = max(len(trial.curve) for trial in trials)
    if length < 3:
        return None
    steps = check_points(length)
    rows = np.array([_padded(trial, length) for trial in trials])
    spread = [quartiles([v if math.isfinite(v) else math.inf for v in column]) for column in rows.T]
    # A log axis has no position for step 0.
    return [float(step) for step in steps[1:]], spread[1:]


def widths_named(widths: Iterable[int]) -> str:
    """Return widths as text, ∞ for the limit.

    >>> widths_named([3, 6, 0])
    '3, 6, ∞'
    """
    return ", ".join(str(k) if k else "∞" for k in widths)


def measure_in_words(regime: Regime) -> str:
    """Return what the criterion of a regime compares with tolerances, as the label of an axis."""
    words = {"quadratic": "relative residual", "mse-over-root-n": "residual, MSE/√n"}
    return words.get(regime.criterion.name, f"measure of {short(regime.criterion.name, 20)}")


def check_points(number: int) -> list[int]:
    """Return the first steps at which curves record the measure.

    >>> check_points(8)
    [0, 1, 2, 5, 10, 20, 50, 100]
    """
    return [0, *((1, 2, 5)[i % 3] * 10 ** (i // 3) for i in range(number - 1))]


def _padded(trial: Outcome, length: int) -> list[float]:
    last = trial.measure if math.isfinite(trial.measure) else math.inf
    return [*trial.curve, *[last] * (length - len(trial.curve))]


def _draw(of: Sequence[tuple[Regime, list[tuple[int, _Curve]]]], tolerance: float, head: Sequence[str]) -> Figure:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    with styled():
        figure, several = panels(len(of), 1.6)
        steps: list[float] = []
        lows: list[float] = [tolerance]
        for axes, (regime, curves) in zip(several, of, strict=True):
            axes.axhline(tolerance, color=FAINT, linestyle=":", linewidth=0.9)
            for (_, (x, spread)), look, label in zip(curves, marked(len(curves)), ORDER, strict=False):
                low, middle, high = (np.array(part) for part in zip(*spread, strict=True))
                shown = np.isfinite(middle)
                steps += x
                lows += [float(v) for v in low if v > 0]
                top = np.where(np.isfinite(high), high, np.nan)
                axes.fill_between(x, low, top, color=look["color"], alpha=0.15, linewidth=0)
                axes.plot(np.array(x)[shown], middle[shown], **look | {"markersize": 3}, label=label)
            titled(axes, regime.name, rest=f"k = {widths_named(k for k, _ in curves)}")
            axes.set_xlabel("steps")
            axes.set_ylabel(measure_in_words(regime))
            grid(axes)
        for axes in several:
            logarithmic(axes.xaxis, steps)
            logarithmic(axes.yaxis, [min(lows), 1.0])
        several[0].set_ylim(max(min(lows) / 2, tolerance / 100), 3)
        handles = {label: h for axes in several for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        legend = handles | {
            "median": Line2D([], [], color=FAINT),
            "quartiles": Patch(facecolor=FAINT, alpha=0.3),
            f"tolerance {plain(tolerance)}": Line2D([], [], linestyle=":", color=FAINT),
        }
        return finished(figure, head, legend)


_Points = list[tuple[int, float]]
"""Pairs of width and median step."""


def _hits(results: Results, n: int, d: int) -> Drawn:
    tolerances = results.suite.budget.tolerances
    of = {
        regime.name: [_median_hits(results, regime, n, d, rung) for rung in range(len(tolerances))]
        for regime in results.suite.regimes
        if len(results.widths(regime.name, n, d)) > 2
    }
    if not of:
        return LeftOut("hitting-steps", "no regime was tried at three widths of the largest size")
    if not any(points for rungs in of.values() for points in rungs):
        return LeftOut("hitting-steps", "at no width of the largest size did half of the trials meet a tolerance")
    caption = (
        f"The step at which each tolerance was first met against the width k, at n = {n}, d = {d}: the median over all "
        "trials of a width, shown where at least half of them met it."
    )
    head = [f"n = {n}, d = {d}", f"median over trials, at most {results.suite.budget.steps} steps"]
    title = f"Steps to each tolerance at n = {n}, d = {d}"
    return Drawing("hitting-steps", title, caption, lambda: _draw_hits(of, tolerances, head))


def _median_hits(results: Results, regime: Regime, n: int, d: int, rung: int) -> _Points:
    points: _Points = []
    for k, trials in results.by_width(regime.name, n, d).items():
        met = (trial.hits[rung] for trial in trials if not trial.message)
        hits = sorted(math.inf if hit is None else float(hit) for hit in met)
        if hits and math.isfinite(middle := hits[(len(hits) - 1) // 2]):
            points.append((k, max(middle, 1.0)))  # a log axis has no position for step 0
    return points


def _draw_hits(of: Mapping[str, Sequence[_Points]], tolerances: Sequence[float], head: Sequence[str]) -> Figure:
    every = [point for rungs in of.values() for points in rungs for point in points]
    with styled():
        figure, several = panels(len(of), 1.5)
        for axes, (name, rungs) in zip(several, of.items(), strict=True):
            for tolerance, points, look in zip(tolerances, rungs, marked(len(tolerances)), strict=True):
                axes.plot([k for k, _ in points], [step for _, step in points], **look, label=f"to {plain(tolerance)}")
            titled(axes, name)
            axes.set_xlabel("hidden width k")
            axes.set_ylabel("steps to the tolerance")
            grid(axes)
        for axes in several:
            logarithmic(axes.xaxis, [k for k, _ in every])
            logarithmic(axes.yaxis, [step for _, step in every])
        handles, labels = several[0].get_legend_handles_labels()
        return finished(figure, head, dict(zip(labels, handles, strict=True)))
