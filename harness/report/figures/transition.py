"""The figure of P(fit) against the width, with the exact interval of each share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import FAINT, grid, logarithmic, marked, spread, styled
from harness.report.questions import fit_in_brief, question_explained
from harness.statistics.paired import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from harness.components import Regime
    from harness.driver.results import Results

MOST = 5
"""Largest number of curves in one panel."""


def transition_curves(results: Results) -> list[Drawn]:
    """Return one figure with a panel per regime and a curve per size."""
    suite = results.suite
    regimes = [
        regime
        for regime in suite.regimes
        if regime.model.has_width and any(len(results.widths(regime.name, n, d)) > 1 for n, d in results.sizes())
    ]
    if not regimes:
        return [LeftOut("transitions", "no regime was tried at two widths of one size")]
    axis = "n" if len(suite.n) > 1 or len(suite.d) == 1 else "d"
    values, fixed = (suite.n, max(suite.d)) if axis == "n" else (suite.d, max(suite.n))
    other = "d" if axis == "n" else "n"
    chosen = spread(sorted(values), MOST)
    caption = (
        f"Share of trials that fit against the width k, at {other} = {fixed}, for several {axis}. Bands: exact 95 % "
        "intervals (Clopper and Pearson 1934) of each share, taken by itself. Open trials are not counted as fits. "
        f"Dotted: ½. {question_explained(results)}"
    )
    return [
        Drawing(
            "transitions",
            f"P(fit) against k at {other} = {fixed}",
            caption,
            lambda: _draw(results, regimes, axis, chosen, fixed),
        )
    ]


def _draw(results: Results, regimes: Sequence[Regime], axis: str, chosen: Sequence[int], fixed: int) -> Figure:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    with styled():
        figure, several = panels(len(regimes))
        seen: list[int] = []
        for axes, regime in zip(several, regimes, strict=True):
            axes.axhline(0.5, color=FAINT, linestyle=":", linewidth=0.8)
            for value, look in zip(chosen, marked(len(chosen)), strict=True):
                n, d = (value, fixed) if axis == "n" else (fixed, value)
                counts = {k: c for k, c in sorted(results.counts(regime.name, n, d).items()) if c[1]}
                if not counts:
                    continue
                seen += counts
                widths = list(counts)
                ends = [clopper_pearson(*count) for count in counts.values()]
                shares = [m / trials for m, trials in counts.values()]
                axes.fill_between(
                    widths, [e[0] for e in ends], [e[1] for e in ends], color=look["color"], alpha=0.12, linewidth=0
                )
                axes.plot(widths, shares, **look, label=f"{axis} = {value}")
            titled(axes, regime.name)
            axes.set_ylim(-0.04, 1.04)
            axes.set_ylabel("share of nets that fit")
            axes.set_xlabel("hidden width k")
            grid(axes)
        for axes in several:
            logarithmic(axes.xaxis, seen)
        handles = {label: h for axes in several for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        handles |= {
            "95 % interval": Patch(facecolor=FAINT, alpha=0.3),
            "½": Line2D([], [], linestyle=":", color=FAINT),
        }
        return finished(figure, [f"{'d' if axis == 'n' else 'n'} = {fixed}", fit_in_brief(results, regimes)], handles)
