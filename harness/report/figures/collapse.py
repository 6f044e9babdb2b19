"""The figure of k½ d/n against n, in which a threshold proportional to n/d is one horizontal line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import FAINT, INK, grid, logarithmic, marked, marks, spread, styled
from harness.report.questions import fit_in_brief, question_explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.components import Regime
    from harness.driver.results import Results

MOST = 5
"""Largest number of d in one panel."""

WHAT = (
    "k½ d/n, trained hidden weights for each sample, against n. If k½ is proportional to n/d, all points of a regime "
    "lie on one horizontal line. Bars: brackets that miss k½ with a chance of at most 5 %. Open triangles: bounds, "
    "where one end of the bracket is open. Dotted: k d = n."
)


def collapse_figure(results: Results) -> list[Drawn]:
    """Return the figure with a panel for each regime that trains its hidden layer, and a series for each d."""
    suite = results.suite
    regimes = [
        regime
        for regime in suite.regimes
        if regime.model.has_width and regime.model.describe().trains in ("hidden", "all")
    ]
    if len(suite.n) < 2:
        return [LeftOut("collapse", "the suite has one n")]
    known = [regime for regime in regimes if any(_ends(results, regime, n, d) for n, d in results.sizes())]
    if not known:
        return [LeftOut("collapse", "no regime that trains its hidden layer has a bracket or a bound")]
    caption = f"{WHAT} {question_explained(results)}"
    return [Drawing("collapse", "k½ d/n against n", caption, lambda: _draw(results, known))]


def _ends(results: Results, regime: Regime, n: int, d: int) -> tuple[int, int | None] | None:
    """Return the ends of a bracket, 0 or None where they are open, or None if both are."""
    found = results.threshold(regime.name, n, d)
    return None if not found.low and found.high is None else (found.low or 0, found.high)


def _draw(results: Results, regimes: Sequence[Regime]) -> Figure:
    from matplotlib.lines import Line2D

    suite = results.suite
    chosen = spread(sorted(suite.d), MOST)
    with styled():
        figure, several = panels(len(regimes))
        heights: list[float] = [1.0]
        for axes, regime in zip(several, regimes, strict=True):
            axes.axhline(1.0, color=FAINT, linestyle=":", linewidth=1.0, zorder=1)
            for number, (d, look) in enumerate(zip(chosen, marked(len(chosen)), strict=True)):
                shift = 1 + 0.05 * (number - (len(chosen) - 1) / 2)
                heights += _series(axes, results, regime, d, look, shift)
            titled(axes, regime.name)
            axes.set_xlabel("samples n")
            axes.set_ylabel("weights a label, k½ d/n")
            grid(axes)
        for axes in several:
            logarithmic(axes.xaxis, suite.n)
            logarithmic(axes.yaxis, heights)
            axes.set_ylim(min(heights) / 1.4, max(heights) * 1.4)
            axes.set_xlim(min(suite.n) / 1.25, max(suite.n) * 1.25)
            if len(suite.n) <= 6:
                axes.set_xticks(sorted(suite.n), [str(n) for n in sorted(suite.n)], color=INK)
        handles: dict[str, Any] = {
            label: h for axes in several for h, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        handles |= marks(several) | {"k d = n": Line2D([], [], linestyle=":", color=FAINT)}
        return finished(figure, [fit_in_brief(results, regimes)], handles)


def _series(axes: Axes, results: Results, regime: Regime, d: int, look: dict[str, Any], shift: float) -> list[float]:
    """Draw one d: estimates with bars, and triangles where one end is open. Return the heights."""
    points: list[tuple[float, float, float, float]] = []
    heights: list[float] = []
    for n in sorted(results.suite.n):
        found = results.threshold(regime.name, n, d)
        if found.k_half is not None:
            low, high = found.low or found.k_half, found.high or found.k_half
            points.append((n * shift, found.k_half * d / n, low * d / n, high * d / n))
            heights += points[-1][1:]
        elif (end := found.low or found.high) is not None:
            heights.append(end * d / n)
            marker = "^" if found.low else "v"
            axes.plot([n * shift], heights[-1:], marker, markerfacecolor="none", color=look["color"], markersize=6)
    if points:
        x, middle, below, above = (np.array(column) for column in zip(*points, strict=True))
        bars = np.maximum([middle - below, above - middle], 0)
        axes.errorbar(x, middle, yerr=bars, **look, capsize=2, elinewidth=0.8, label=f"d = {d}")
    elif heights:
        axes.plot([], [], **look, label=f"d = {d}")
    return heights
