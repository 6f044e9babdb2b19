"""The figure of the movement of weights and kernels against the width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report import setting
from harness.report.diagnostics_view import quartiles
from harness.report.figures.layout import finished, panels
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import BRACKET, grid, logarithmic, marked, short, styled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from harness.components import Outcome
    from harness.driver.results import Results

KERNEL = "kernel-movement"
WHAT = {"movement": "movement ‖w − w₀‖/‖w₀‖", KERNEL: "kernel movement ‖K − K₀‖/‖K₀‖"}

_Spread = dict[int, tuple[float, float, float]]
"""Quartiles by width."""


def laziness_figure(results: Results) -> list[Drawn]:
    """Return the figure at the largest n and d: the movement of the weights, and of the kernel if it was measured."""
    n, d = setting.sizes(results.suite)[-1]
    found: dict[str, dict[str, _Spread]] = {}
    for quantity in WHAT:
        names = [regime.name for regime in results.suite.regimes]
        spreads = {name: _spread(results, name, n, d, quantity) for name in names}
        of = {name: spread for name, spread in spreads.items() if len(spread) > 2}
        if of:
            found[quantity] = of
    if not found:
        return [LeftOut("laziness", "no regime has movements at three widths of the largest size")]
    caption = (
        f"{'; '.join(WHAT[quantity] for quantity in found)}, against the width k at n = {n}, d = {d}: medians of the "
        "trials that did not diverge, bars from the lower to the upper quartile. The more a line falls, the lazier "
        "wide nets train."
    )
    return [Drawing("laziness", f"Movement in training at n = {n}, d = {d}", caption, lambda: _draw(found, n, d))]


def _spread(results: Results, regime: str, n: int, d: int, quantity: str) -> _Spread:
    found: _Spread = {}
    for k, trials in results.by_width(regime, n, d).items():
        values = [value for trial in trials if k and (value := _value(trial, quantity))]
        if values:
            found[k] = quartiles(values)
    return found


def _value(trial: Outcome, quantity: str) -> float | None:
    return trial.movement if quantity == "movement" else trial.diagnostics.get(quantity)


def _draw(found: Mapping[str, Mapping[str, _Spread]], n: int, d: int) -> Figure:
    from matplotlib.lines import Line2D

    names = list(dict.fromkeys(name for of in found.values() for name in of))
    looks = dict(zip(names, marked(len(names)), strict=True))
    with styled():
        figure, several = panels(len(found), 2.0, across=1, share="")
        for axes, (quantity, of) in zip(several, found.items(), strict=True):
            for name, spread in of.items():
                low, middle, high = zip(*spread.values(), strict=True)
                bars = [
                    [m - a for a, m in zip(low, middle, strict=True)],
                    [b - m for m, b in zip(middle, high, strict=True)],
                ]
                axes.errorbar(
                    list(spread), middle, yerr=bars, **looks[name], capsize=1.5, elinewidth=0.7, label=short(name, 60)
                )
            logarithmic(axes.xaxis, [k for spread in of.values() for k in spread])
            logarithmic(axes.yaxis, [v for spread in of.values() for part in spread.values() for v in part if v > 0])
            axes.set_xlabel("hidden width k")
            axes.set_ylabel(WHAT[quantity])
            grid(axes)
        handles = {label: h for axes in several for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        return finished(figure, [f"n = {n}, d = {d}"], handles | {"quartiles": Line2D([], [], **BRACKET)})
