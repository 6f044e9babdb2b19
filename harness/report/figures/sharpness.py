"""The figure of the widths over which P(fit) rises, and of how this window scales with n."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.components.numbers import exponent
from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import BRACKET, FAINT, INK, grid, logarithmic, marked, spread, styled
from harness.report.questions import fit_in_brief, question_explained
from harness.statistics.sharpness import window, window_exponent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.components import Regime
    from harness.driver.results import Results
    from harness.statistics.sharpness import Window

MOST = 5
"""Largest number of d in one panel."""

FLOOR = 1.01
"""Ratio at which windows narrower than one width are drawn, because 1 has no place on the axis."""

BOUND: dict[str, Any] = {"marker": "^", "markerfacecolor": "none", "markersize": 6, "linestyle": "none"}
"""Look of windows that are at least so wide."""

WHAT = (
    "Window of the transition: the ratio k₉₀/k₁₀ of the widths at which 90 and 10 % of the trials fit, against n. "
    "Monotone fit of the shares, interpolated in log k; bars: 95 % of the windows when each share is drawn from its "
    "posterior Beta(m + ½, M − m + ½). Open triangles: the tried widths do not reach both shares, so the window is at "
    "least so wide. The axis is log(k₉₀/k₁₀) on a log scale. s: its exponent in n, by least squares with a constant "
    "for each d, with the 95 % interval of the draws; where it is negative, transitions become sharper with n."
)


def sharpness_figure(results: Results) -> list[Drawn]:
    """Return the figure with a panel for each regime and a series for each d."""
    suite = results.suite
    regimes = [
        regime
        for regime in suite.regimes
        if regime.model.has_width and any(len(results.widths(regime.name, n, d)) > 1 for n, d in results.sizes())
    ]
    if len(suite.n) < 2:
        return [LeftOut("sharpness", "the suite has one n")]
    if not regimes:
        return [LeftOut("sharpness", "no regime was tried at two widths of one size")]
    caption = f"{WHAT} {question_explained(results)}"
    return [Drawing("sharpness", "Width of the transition against n", caption, lambda: _draw(results, regimes))]


def _draw(results: Results, regimes: Sequence[Regime]) -> Figure:
    from matplotlib.lines import Line2D

    suite = results.suite
    chosen = spread(sorted(suite.d), MOST)
    with styled():
        figure, several = panels(len(regimes), 1.6)
        heights: list[float] = []
        for axes, regime in zip(several, regimes, strict=True):
            every: list[tuple[int, int, Window]] = []
            for number, (d, look) in enumerate(zip(chosen, marked(len(chosen)), strict=True)):
                counts = ((n, results.counts(regime.name, n, d)) for n in sorted(suite.n))
                found = [(n, one) for n, one in ((n, window(tried)) for n, tried in counts) if one is not None]
                shift = 1 + 0.05 * (number - (len(chosen) - 1) / 2)
                heights += _series(axes, found, look, f"d = {d}", shift)
                every += [(n, d, one) for n, one in found]
            said = window_exponent(every)
            slope = "" if said is None else f": s = {exponent(said[0])} ({exponent(said[1])}, {exponent(said[2])})"
            titled(axes, f"{regime.name}{slope}", 4)
            axes.set_xlabel("samples n")
            axes.set_ylabel("ratio of widths, k₉₀/k₁₀")
            grid(axes)
        for axes in several:
            logarithmic(axes.xaxis, suite.n)
            axes.set_xlim(min(suite.n) / 1.25, max(suite.n) * 1.25)
            if len(suite.n) <= 6:
                axes.set_xticks(sorted(suite.n), [str(n) for n in sorted(suite.n)], color=INK)
            _ratio_axis(axes, heights)
        handles = {label: h for axes in several for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        handles |= {"95 %": Line2D([], [], **BRACKET), "at least": Line2D([], [], **BOUND, color=FAINT)}
        return finished(figure, [fit_in_brief(results, regimes)], handles)


def _height(ratio: float) -> float:
    return math.log(max(ratio, FLOOR))


def _series(
    axes: Axes, found: Sequence[tuple[int, Window]], look: dict[str, Any], label: str, shift: float
) -> list[float]:
    closed = [(n * shift, one) for n, one in found if math.isfinite(one.high)]
    heights = [_height(end) for _, one in closed for end in (one.low, one.ratio, one.high)]
    if closed:
        middle = [_height(one.ratio) for _, one in closed]
        bars = [
            [m - _height(one.low) for m, (_, one) in zip(middle, closed, strict=True)],
            [_height(one.high) - m for m, (_, one) in zip(middle, closed, strict=True)],
        ]
        axes.errorbar([x for x, _ in closed], middle, yerr=bars, **look, capsize=2, elinewidth=0.8, label=label)
    for n, one in found:
        if not math.isfinite(one.high):
            axes.plot([n * shift], [_height(one.ratio)], **BOUND, color=look["color"])
            heights.append(_height(one.ratio))
    if not closed and heights:
        axes.plot([], [], **look, label=label)
    return heights


def _ratio_axis(axes: Axes, heights: Sequence[float]) -> None:
    """Give the axis of log(k₉₀/k₁₀) a log scale, with ratios as ticks."""
    low, high = min(heights, default=0.1) / 1.3, max(heights, default=1.0) * 1.3
    ticks = [1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 30, 100, 1000]
    apart = 0.1 * math.log(high / low)
    shown: list[float] = []
    for tick in ticks:
        if low <= math.log(tick) <= high and (not shown or math.log(math.log(tick) / math.log(shown[-1])) >= apart):
            shown.append(tick)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_yticks([math.log(tick) for tick in shown], [f"{tick:g}" for tick in shown])
    axes.minorticks_off()
