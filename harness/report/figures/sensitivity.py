"""The map of k½ over tolerance and budget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.components import Mark
from harness.components.numbers import plain, width
from harness.report import setting
from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import DARK, THEORY, TYPE, raised, shades, short, spread, styled
from harness.report.questions import chosen_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.components import Regime
    from harness.driver.results import Results

BUDGETS = 6
"""Number of budgets shown, evenly in the logarithm, from a hundredth of the suite's."""

WHOLE = 4
"""Largest number of regimes with a map of their own. Of more, a row of each of two maps is shown."""

NAME = 30
"""Largest number of characters in the name of a row."""

FEW = 5
"""Number of budgets beside names of regimes."""


@dataclass(frozen=True)
class _Map:
    """A map of k½.

    Attributes:
        title: Its title, or an empty string.
        across: Name of its horizontal axis.
        up: Name of its vertical axis, or an empty string.
        columns: Names of the columns.
        rows: Names of the rows.
        entries: Number that colours each cell, or None, and its text, by row.
        framed: Column and row of the reported question, and the number of rows that the frame holds.
    """

    title: str
    across: str
    up: str
    columns: Sequence[str]
    rows: Sequence[str]
    entries: Sequence[Sequence[tuple[float | None, str]]]
    framed: tuple[int, int, int]


def sensitivity_map(results: Results) -> list[Drawn]:
    """Return one figure at the largest n and d: a panel per regime, or for many regimes a row of each in two panels."""
    suite = results.suite
    n, d = setting.sizes(suite)[-1]
    regimes = [r for r in suite.regimes if r.model.has_width and results.widths(r.name, n, d)]
    if not regimes:
        return [LeftOut("sensitivity", "no regime with a width was tried at the largest size")]
    many = len(regimes) > WHOLE
    cut = (
        "Above the reported tolerance for several budgets, below the whole budget for several tolerances; the table "
        "has all pairs. "
    )
    caption = (
        f"k½ at n = {n}, d = {d}, had the run stopped at so many steps and asked for this tolerance; > and ≤ are "
        f"bounds, – says nothing. {cut if many else ''}Brighter is wider, grey only bounded. Framed: the reported "
        f"tolerance within the whole budget. All from the same trials, whose widths were chosen for "
        f"{chosen_for(results)}."
    )
    title = f"k½ over tolerance and budget at n = {n}, d = {d}"
    maps = _by_cut if many else _by_regime
    return [Drawing("sensitivity", title, caption, lambda: _draw(maps(results, regimes, n, d), n, d))]


def budgets(steps: int) -> list[int]:
    """Return the numbers of steps of the map.

    >>> budgets(20_000)
    [200, 502, 1262, 3170, 7962, 20000]
    """
    return sorted({max(1, round(steps * 100 ** (i / (BUDGETS - 1) - 1))) for i in range(BUDGETS)})


def _by_regime(results: Results, regimes: Sequence[Regime], n: int, d: int) -> list[_Map]:
    """Return a map of each regime, with a row for each tolerance and each mark."""
    budget = results.suite.budget
    steps, tolerances = budgets(budget.steps), _tolerances(results)
    here = (steps.index(budget.steps), tolerances.index(budget.report_tolerance), 1)
    found = []
    for regime in regimes:
        asked: list[float | Mark] = [*tolerances, *regime.criterion.marks()]
        entries = [[_entry(results, regime.name, n, d, one, s) for s in steps] for one in asked]
        columns, rows = [_counted(step) for step in steps], [_named(one) for one in asked]
        found.append(_Map(regime.name, "budget in steps", "tolerance", columns, rows, entries, here))
    return found


def _by_cut(results: Results, regimes: Sequence[Regime], n: int, d: int) -> list[_Map]:
    """Return a map of the budgets at the reported tolerance, and one of the rest at the whole budget."""
    budget = results.suite.budget
    steps, tolerances = spread(budgets(budget.steps), FEW), _tolerances(results)
    rows = [short(regime.name, NAME) for regime in regimes]
    by_budget = [[_entry(results, r.name, n, d, budget.report_tolerance, s) for s in steps] for r in regimes]
    asked: list[float | Mark] = list(
        dict.fromkeys([*tolerances, *(mark for r in regimes for mark in r.criterion.marks())])
    )
    by_tolerance = [[_entry_of(results, regime, n, d, one) for one in asked] for regime in regimes]
    frames = (steps.index(budget.steps), 0, len(rows)), (tolerances.index(budget.report_tolerance), 0, len(rows))
    titles = f"at tolerance {plain(budget.report_tolerance)}", f"at {plain(budget.steps)} steps"
    columns = [_counted(step) for step in steps], [_named(one) for one in asked]
    return [
        _Map(titles[0], "budget in steps", "", columns[0], rows, by_budget, frames[0]),
        _Map(titles[1], "tolerance", "", columns[1], rows, by_tolerance, frames[1]),
    ]


def _tolerances(results: Results) -> list[float]:
    return sorted(results.suite.budget.tolerances, reverse=True)


def _counted(steps: int) -> str:
    """Return a number of steps as text that is no wider than a column.

    >>> [_counted(steps) for steps in (39_811, 100_000, 251_189)]
    ['39811', '10⁵', '2.51·10⁵']
    """
    power = len(str(steps)) - 1
    if power < 5:
        return plain(steps)
    mantissa = f"{steps / 10**power:.3g}"
    return f"{'' if mantissa == '1' else mantissa + '·'}10{raised(str(power))}"


def _named(asked: float | Mark) -> str:
    return str(asked) if isinstance(asked, Mark) else plain(asked)


def _draw(maps: Sequence[_Map], n: int, d: int) -> Figure:
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    known = [v for one in maps for row in one.entries for v, _ in row if v is not None] or [1.0]
    norm = LogNorm(min(known), max(*known, 1.01 * min(known)))
    frame: dict[str, Any] = {"fill": False, "edgecolor": THEORY, "linewidth": 1.8}
    high = 0.17 * max(len(one.rows) for one in maps)
    with styled():
        figure, several = panels(len(maps), 0.6 + high, across=1, share="")
        for axes, one in zip(several, maps, strict=True):
            _cells(axes, one, norm)
            column, row, down = one.framed
            axes.add_patch(Rectangle((column, row), 1, down, **frame, clip_on=False))
            titled(axes, one.title)
            axes.set_xlabel(one.across)
            axes.set_ylabel(one.up)
        legend = {"reported tolerance and budget": Rectangle((0, 0), 1, 1, **frame)}
        return finished(figure, [f"threshold width k½ at n = {n}, d = {d}; brighter is wider"], legend)


def _cells(axes: Axes, one: _Map, norm: Any) -> None:
    """Draw the cells of a map with their texts, the first row on top."""
    axes.set_facecolor("#e4e4e4")
    values = np.array([[math.nan if v is None else v for v, _ in row] for row in one.entries])
    axes.pcolormesh(values, cmap=shades(), norm=norm, edgecolor="white", linewidth=0.8)
    for y, row in enumerate(one.entries):
        for x, (value, text) in enumerate(row):
            color = DARK if value is None or norm(value) > 0.55 else "white"
            axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=TYPE, color=color)
    axes.set_xticks(np.arange(len(one.columns)) + 0.5, one.columns)
    axes.set_yticks(np.arange(len(one.rows)) + 0.5, one.rows)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _entry_of(results: Results, regime: Regime, n: int, d: int, asked: float | Mark) -> tuple[float | None, str]:
    """Return the entry within the whole budget, which is empty for a mark that the regime does not record."""
    if isinstance(asked, Mark) and asked not in regime.criterion.marks():
        return None, ""
    return _entry(results, regime.name, n, d, asked, results.suite.budget.steps)


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
