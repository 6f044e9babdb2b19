"""Figures of k½ against n and d on log axes, with brackets, measured and claimed slopes, and lines of theories."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.components.numbers import exponent
from harness.report.figures.laws import laws
from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import (
    FAINT,
    INK,
    LINES,
    THEORY,
    grid,
    logarithmic,
    marked,
    marks,
    short,
    spread,
    styled,
)
from harness.report.questions import fit_in_brief, question_explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.claims.predictions import Prediction
    from harness.components import Regime
    from harness.driver.results import Results
    from harness.report.summary import Predictions
    from harness.statistics.exponents import ExponentFit
    from harness.statistics.thresholds import Threshold

Place = tuple[int, int]

TALLEST = 1e4
"""Largest multiple of the largest k½ at which lines of theories are drawn."""

WHAT = (
    "Bars: brackets that miss k½ with a chance of at most 5 %. Open triangles: bounds, where an end of the bracket is "
    "open. a, b: exponents of k½ = ⌈C n^a d^b⌉, with those that the brackets of all sizes allow together at 95 %."
)
LAWS = (
    " Broken lines: power laws that theories of the regime claim, with their constant set to 1, along each series at "
    "its own size; orange where they promise that training fits, grey where not; † unverified. Laws beyond the axis "
    "are named only."
)


def scaling_figures(results: Results, predictions: Predictions) -> list[Drawn]:
    """Return the overview of all regimes, then a figure per regime."""
    suite = results.suite
    regimes = [regime for regime in suite.regimes if regime.model.has_width]
    axes = [axis for axis, values in (("n", suite.n), ("d", suite.d)) if len(values) > 1]
    if not axes or not regimes:
        return [LeftOut("scaling", "the suite has one n and one d: there is nothing to draw k½ against")]
    axis = axes[0]
    fixed = max(suite.d) if axis == "n" else max(suite.n)
    other = "d" if axis == "n" else "n"
    found: list[Drawn] = [
        Drawing(
            f"scaling-{axis}",
            f"k½ against {axis} at {other} = {fixed}",
            f"k½ of every regime against {axis} at {other} = {fixed}. Grey: k = n/d. {WHAT} "
            f"{question_explained(results)}",
            lambda: _overview(results, regimes, axis, fixed),  # type: ignore[arg-type]  # axis is "n" or "d"
        )
    ]
    for number, regime in enumerate(regimes, 1):
        beside = [p for (name, _, _), several in predictions.items() if name == regime.name for p in several]
        found.append(
            Drawing(
                f"scaling-regime-{number}",
                f"k½ against {' and '.join(axes)}: {regime.name}",
                f"k½ of “{regime.name}”. {WHAT}{LAWS} {question_explained(results, regimes=[regime])}",
                lambda regime=regime, beside=beside: _regime(results, regime, axes, beside),  # type: ignore[misc]  # mypy infers no type for a lambda with a default
                regime=regime.name,
            )
        )
    return found


def _overview(results: Results, regimes: Sequence[Regime], axis: Literal["n", "d"], fixed: int) -> Figure:
    with styled():
        figure, (axes,) = panels(1, 2.6)
        heights: list[float] = []
        values = results.suite.n if axis == "n" else results.suite.d
        for number, (regime, look) in enumerate(zip(regimes, marked(len(regimes)), strict=True)):
            fit = results.exponent_fit(regime.name)
            places = [(v, (v, fixed) if axis == "n" else (fixed, v)) for v in sorted(values)]
            shift = 1 + 0.012 * (number - (len(regimes) - 1) / 2)
            label = ": ".join(filter(None, (short(regime.name, 60), _slope(fit, axis))))
            heights += _series(axes, results, regime, places, look, label, shift)
        _dress(axes, axis, values, heights)
        line = np.array(sorted(values), float)
        axes.plot(
            line, line / fixed if axis == "n" else fixed / line, color=FAINT, linestyle=":", label="n/d", zorder=1
        )
        handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True)) | marks([axes])
        return finished(figure, [f"{'d' if axis == 'n' else 'n'} = {fixed}", fit_in_brief(results, regimes)], handles)


def _regime(results: Results, regime: Regime, axes: Sequence[str], beside: Sequence[Prediction]) -> Figure:
    suite = results.suite
    from matplotlib.lines import Line2D

    fit = results.exponent_fit(regime.name)
    with styled():
        figure, several = panels(len(axes), 2.4, share="")
        if len(several) > 1:
            several[1].sharey(several[0])
        measured: dict[str, Any] = {}
        claimed: dict[str, Any] = {}
        for one, axis in zip(several, axes, strict=True):
            values, others = (suite.n, suite.d) if axis == "n" else (suite.d, suite.n)
            other = "d" if axis == "n" else "n"
            heights: list[float] = []
            beside_at: dict[int, list[int]] = {}
            chosen = spread(sorted(others), 4)
            for number, (fixed, look) in enumerate(zip(chosen, marked(len(chosen), len(measured)), strict=True)):
                places = [(v, (v, fixed) if axis == "n" else (fixed, v)) for v in sorted(values)]
                shift = 1 + 0.012 * (number - (len(chosen) - 1) / 2)
                heights += _series(one, results, regime, places, look, f"{other} = {fixed}", shift)
                beside_at[fixed] = [v for v, place in places if results.threshold(regime.name, *place).bound != "none"]
            _claims(one, axis, beside_at, beside, heights)
            _dress(one, axis, values, heights)
            titled(
                one, f"measured {_slope(fit, axis)}" if _slope(fit, axis) else f"against {axis}", fontweight="normal"
            )
            for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
                (claimed if isinstance(handle, Line2D) and "=" not in label else measured)[label] = handle
        return finished(figure, [regime.name, fit_in_brief(results, [regime])], measured | marks(several) | claimed)


def _series(
    axes: Axes,
    results: Results,
    regime: Regime,
    places: Sequence[tuple[int, Place]],
    look: dict[str, Any],
    label: str,
    shift: float = 1.0,
) -> list[float]:
    """Draw one line of estimates with brackets, and triangles for bounds. Return the heights."""
    found = [(x, results.threshold(regime.name, *place)) for x, place in places]
    points = [(x * shift, t) for x, t in found if t.k_half is not None]
    heights = [float(t.k_half) for _, t in points if t.k_half is not None]
    if points:
        ends = np.array([_ends(t) for _, t in points])
        middle = np.array(heights)
        bars = np.maximum([middle - ends[:, 0], ends[:, 1] - middle], 0)
        axes.errorbar([x for x, _ in points], middle, yerr=bars, **look, capsize=2, elinewidth=0.8, label=label)
        heights += ends[:, 0].tolist() + ends[:, 1].tolist()
    for x, t in found:
        limit = t.low if t.bound == ">" else t.high if t.bound == "<=" else None
        if limit:
            sign = "^" if t.bound == ">" else "v"
            axes.plot([x * shift], [limit], sign, markerfacecolor="none", color=look["color"], markersize=6)
            heights.append(float(limit))
    if not points and heights:
        axes.plot([], [], sign, markerfacecolor="none", color=look["color"], label=f"{label}: bounds")
    return heights


def _ends(threshold: Threshold) -> tuple[float, float]:
    """Return the ends of a bracket. An open end is put at the estimate, so that it has no bar."""
    point = threshold.k_half or math.nan
    return threshold.low or point, threshold.high or point


def _claims(
    axes: Axes,
    axis: str,
    beside_at: Mapping[int, Sequence[int]],
    beside: Sequence[Prediction],
    heights: list[float],
) -> None:
    """Draw the powers of theories along each series of points. Those beyond the axis are named in the legend only.

    Args:
        axes: The axes.
        axis: What they are drawn against, n or d.
        beside_at: Where each series has points, by its d or n.
        beside: Predictions of the theories.
        heights: Heights of the points.
    """
    if not heights:
        return
    top = max(heights)
    reached = top
    for number, law in enumerate(laws(beside)):
        look = {"color": THEORY if law.guarantees else FAINT, "linestyle": LINES[1:][number % 4], "linewidth": 0.9}
        label = law.label
        for fixed, values in beside_at.items():
            if not values:
                continue
            x = np.geomspace(values[0] / 1.1, values[-1] * 1.1, 60)
            widths = [law.width(*((value, fixed) if axis == "n" else (fixed, value))) for value in x]
            if min(widths) <= TALLEST * top:
                axes.plot(x, widths, **look, label=label, zorder=1)
                reached = max(reached, min(max(widths), TALLEST * top))
                label = "_"  # named once
        if label != "_":
            axes.plot([], [], color=look["color"], linestyle="none", label=f"beyond: {label}")
    axes.set_ylim(top=2 * reached)


def _dress(axes: Axes, axis: str, values: Sequence[int], heights: Sequence[float]) -> None:
    logarithmic(axes.xaxis, values)
    axes.set_xlim(min(values) / 1.15, max(values) * 1.15)
    top = axes.get_ylim()[1]
    low = min(heights, default=1.0) / 1.5
    logarithmic(axes.yaxis, [low, top])
    axes.set_ylim(bottom=low)
    axes.set_xlabel("samples n" if axis == "n" else "input dimension d")
    axes.set_ylabel("threshold width k½")
    if len(values) <= 6:
        axes.set_xticks(list(values), [str(value) for value in values], color=INK)
    grid(axes)


def _slope(fit: ExponentFit, axis: str) -> str:
    if fit.region.refuted:
        return "no power law"
    value, ends = (fit.a, fit.a_interval) if axis == "n" else (fit.b, fit.b_interval)
    if ends is None or not any(map(math.isfinite, ends)):
        return ""
    point = "" if value is None else f" = {exponent(value)}"
    return f"{'a' if axis == 'n' else 'b'}{point} ({exponent(ends[0])}, {exponent(ends[1])})"
