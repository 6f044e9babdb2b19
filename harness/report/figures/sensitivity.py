"""The map of k½ over tolerance and budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.components import Mark
from harness.components.numbers import plain, width
from harness.report import setting
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import DARK, THEORY, TYPE, finished, panels, shades, styled, titled
from harness.report.questions import chosen_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from harness.components import Regime
    from harness.driver.results import Results

BUDGETS = 6
"""Number of budgets shown, evenly in the logarithm, from a hundredth of the suite's."""


def sensitivity_map(results: Results) -> list[Drawn]:
    """Return one figure at the largest n and d, with a panel per regime."""
    suite = results.suite
    n, d = setting.sizes(suite)[-1]
    regimes = [r for r in suite.regimes if r.model.has_width and results.widths(r.name, n, d)]
    if not regimes:
        return [LeftOut("sensitivity", "no regime with a width was tried at the largest size")]
    caption = (
        f"k½ at n = {n}, d = {d}, had the run stopped at so many steps and asked for this tolerance; > and ≤ are "
        "bounds, – says nothing. Brighter is wider, grey only bounded. Framed: the reported tolerance within the whole "
        f"budget. All from the same trials, whose widths were chosen for {chosen_for(results)}."
    )
    title = f"k½ over tolerance and budget at n = {n}, d = {d}"
    return [Drawing("sensitivity", title, caption, lambda: _draw(results, regimes, n, d))]


def budgets(steps: int) -> list[int]:
    """Return the numbers of steps of the map.

    >>> budgets(20_000)
    [200, 502, 1262, 3170, 7962, 20000]
    """
    return sorted({max(1, round(steps * 100 ** (i / (BUDGETS - 1) - 1))) for i in range(BUDGETS)})


def _draw(results: Results, regimes: Sequence[Regime], n: int, d: int) -> Figure:
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    budget = results.suite.budget
    steps = budgets(budget.steps)
    tolerances = sorted(budget.tolerances, reverse=True)
    asked: list[tuple[float | Mark, ...]] = [(*tolerances, *regime.criterion.marks()) for regime in regimes]
    tables = [
        [[_entry(results, regime.name, n, d, t, s) for s in steps] for t in several]
        for regime, several in zip(regimes, asked, strict=True)
    ]
    known = [v for table in tables for row in table for v, _ in row if v is not None] or [1.0]
    norm = LogNorm(min(known), max(*known, 1.01 * min(known)))
    here = (steps.index(budget.steps), tolerances.index(budget.report_tolerance))
    with styled():
        figure, several = panels(len(regimes), 0.6 + 0.2 * max(map(len, asked)), across=1)
        for axes, regime, fits, table in zip(several, regimes, asked, tables, strict=True):
            axes.set_facecolor("#e4e4e4")
            values = np.array([[math.nan if v is None else v for v, _ in row] for row in table])
            axes.pcolormesh(values, cmap=shades(), norm=norm, edgecolor="white", linewidth=0.8)
            for y, row in enumerate(table):
                for x, (value, text) in enumerate(row):
                    bright = value is None or norm(value) > 0.55
                    axes.text(
                        x + 0.5,
                        y + 0.5,
                        text,
                        ha="center",
                        va="center",
                        fontsize=TYPE,
                        color=DARK if bright else "white",
                    )
            axes.add_patch(Rectangle(here, 1, 1, fill=False, edgecolor=THEORY, linewidth=1.8, clip_on=False))
            axes.set_xticks(np.arange(len(steps)) + 0.5, [plain(step) for step in steps])
            axes.set_yticks(np.arange(len(fits)) + 0.5, [str(t) if isinstance(t, Mark) else plain(t) for t in fits])
            titled(axes, regime.name)
            axes.set_xlabel("budget in steps")
            axes.set_ylabel("tolerance")
            axes.tick_params(length=0)
            for spine in axes.spines.values():
                spine.set_visible(False)
        several[0].invert_yaxis()
        legend = {"reported tolerance and budget": Rectangle((0, 0), 1, 1, fill=False, edgecolor=THEORY, linewidth=1.8)}
        return finished(figure, [f"threshold width k½ at n = {n}, d = {d}; brighter is wider"], legend)


def _entry(results: Results, regime: str, n: int, d: int, asked: float | Mark, steps: int) -> tuple[float | None, str]:
    """Return the number that colours a cell of the map, and its text."""
    found = results.threshold(regime, n, d, asked, steps)
    if found.k_half is not None:
        return found.k_half, width(found.k_half)
    if found.bound == ">" and found.low is not None:
        return None, f"> {found.low}"
    if found.bound == "<=" and found.high is not None:
        return None, f"≤ {found.high}"
    return None, "–"
