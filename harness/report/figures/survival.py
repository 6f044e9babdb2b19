"""The figure of the share of trainings that have met the reported tolerance by each step, with the limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.components import Cell
from harness.components.numbers import plain
from harness.report import setting
from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import grid, logarithmic, marked, styled
from harness.report.figures.training import ORDER, widths_named, widths_near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from harness.driver.results import Results

BEYOND = 3.0
"""Multiple of the budget at which the share in the limit is drawn."""

_Survival = tuple[list[int], int, float | None]
"""Steps at which trials met the tolerance, the number of trials, and the share that meets it with unlimited steps."""


def survival_figure(results: Results) -> list[Drawn]:
    """Return the figure at the largest n and d, with a panel for each regime with a width and a line a width."""
    n, d = setting.sizes(results.suite)[-1]
    budget = results.suite.budget
    found = {
        regime.name: {k: _of(results, regime.name, n, d, k) for k in widths_near(results, regime, n, d)}
        for regime in results.suite.regimes
        if regime.model.has_width and results.widths(regime.name, n, d)
    }
    found = {name: of for name, of in found.items() if any(steps for steps, _, _ in of.values())}
    if not found:
        return [LeftOut("survival", "no trial of the largest size met the reported tolerance")]
    said = plain(budget.report_tolerance)
    caption = (
        f"Share of the trials that have met the tolerance {said} by each step, at n = {n}, d = {d}, at the tried width "
        "nearest to k½ and at widths of about half and twice that. Errors are left out. At ∞, where the run decides "
        "fates: the share that is known to meet it with unlimited steps; open trials are not counted."
    )
    title = f"Share of nets that fit by each step at n = {n}, d = {d}"
    head = [f"n = {n}, d = {d}", f"fits to {said} within {budget.steps} steps"]
    return [Drawing("survival", title, caption, lambda: _draw(found, budget.steps, head))]


def _of(results: Results, regime: str, n: int, d: int, k: int) -> _Survival:
    trials = [trial for trial in results.outcomes[Cell(regime, n, d, k)] if not trial.message]
    rung, tolerance = results.rung(), results.suite.budget.report_tolerance
    steps = sorted(max(hit, 1) for trial in trials if (hit := trial.hits[rung]) is not None)
    if not results.decides_fates(regime) or not trials:
        return steps, len(trials), None
    m, number = results.counts(regime, n, d, tolerance, math.inf)[k]
    return steps, len(trials), m / number


def _draw(found: Mapping[str, Mapping[int, _Survival]], budget: int, head: Sequence[str]) -> Figure:
    from matplotlib.lines import Line2D

    beyond = any(limit is not None for of in found.values() for _, _, limit in of.values())
    first = min(step for of in found.values() for steps, _, _ in of.values() for step in steps)
    with styled():
        figure, several = panels(len(found), 1.6)
        for axes, (name, of) in zip(several, found.items(), strict=True):
            for (steps, number, limit), look, label in zip(of.values(), marked(len(of)), ORDER, strict=False):
                x = [first / 1.5, *steps, budget]
                y = [0.0, *((i + 1) / number for i in range(len(steps))), len(steps) / max(number, 1)]
                line = {**look, "markerfacecolor": "none"} if beyond else {**look, "marker": ""}
                axes.step(x, y, where="post", **line, markevery=[], label=label)  # the mark is in the legend alone
                if limit is not None:
                    axes.plot([BEYOND * budget], [limit], **{**line, "linestyle": "none"})
            titled(axes, name, rest=f"k = {widths_named(of)}")
            axes.set_xlabel("steps")
            axes.set_ylabel("share that fits")
            axes.set_ylim(-0.04, 1.04)
            grid(axes)
        last = (BEYOND if beyond else 1.0) * budget
        for axes in several:
            logarithmic(axes.xaxis, [first / 1.5, last * 1.5])
            axes.set_xlim(first / 1.5, last * 1.5)
            ticks = [tick for tick in axes.get_xticks() if first / 1.5 <= tick <= budget]
            words = [axes.xaxis.get_major_formatter()(tick) for tick in ticks]
            axes.set_xticks([*ticks, last] if beyond else ticks, [*words, "∞"] if beyond else words)
        handles = {label: h for axes in several for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        if beyond:
            handles["marks at ∞: with unlimited steps"] = Line2D([], [], linestyle="none")
        return finished(figure, head, handles)
