"""The layout of figures: panels within one column of print, a line at the head, and a legend at the foot."""

from __future__ import annotations

import textwrap
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

from harness.components.numbers import clean
from harness.report.figures.style import TYPE, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text

COLUMN = 85 / 25.4
"""Width of figures in inches: one column of print."""

PHONE = 62 / 25.4
"""Width in inches of figures for a phone, on which they are shown enlarged until they fill it."""

_WIDTH: ContextVar[float] = ContextVar("width of figures in inches", default=COLUMN)

ACROSS = 2
"""Largest number of panels in a row, but for figures of many panels."""

MANY = 12
"""Number of panels above which a row has one more."""

NAME = 7.0
"""Size in points of names of axes and titles of panels."""

CHARACTER = 0.6
"""Width of a character over the size of the type, a little above the mean."""

BOLD = 0.64
"""The same of titles of panels."""

APART = 1.5
"""Least distance in points between the labels of two ticks, about half a space."""

LABEL = 0.25
"""Height in inches of the name of an axis and the labels of its ticks."""

LEGEND = 58
"""Largest number of characters in a line of the legend of a figure of one column."""

NO_BREAK = "\N{NO-BREAK SPACE}"

Shared = Literal["xy", "y", ""]
"""The scales that the panels of a figure share."""


@contextmanager
def for_a_phone() -> Iterator[None]:
    """Draw figures within the context for a phone: narrow, with one panel in a row."""
    before = _WIDTH.set(PHONE)
    try:
        yield
    finally:
        _WIDTH.reset(before)


def panels(
    number: int, height: float = 1.5, *, across: int | None = None, share: Shared = "xy"
) -> tuple[Figure, list[Axes]]:
    """Return a figure of the width of a column with ``number`` axes, row by row.

    Args:
        number: Number of axes.
        height: Height in inches of a row with the labels of its axes, without what :func:`finished` adds.
        across: Largest number of axes in a row, or None for the usual one.
        share: Scales that the axes share.
    """
    from matplotlib.figure import Figure

    phone = _WIDTH.get() < COLUMN
    usual = 1 if phone else ACROSS + (number > MANY)
    across = min(number, usual if across is None or phone else across)
    down = -(-number // across)
    inner = height - LABEL  # names of axes are below the last row alone
    figure = Figure(figsize=(_WIDTH.get(), inner * down + LABEL), layout="constrained")
    axes = list(
        figure.subplots(down, across, squeeze=False, sharex="x" in share, sharey="y" in share).flat,
    )
    for left_over in axes[number:]:
        left_over.remove()
    if "x" in share:  # panels above a gap in the last row need labels of their own
        for above in axes[max(number - across, 0) : number]:
            above.tick_params(labelbottom=True)
    return figure, axes[:number]


def titled(axes: Axes, text: str, most: int = 3, *, rest: str = "", **look: Any) -> None:
    """Give a panel a title of at most ``most`` lines that is no wider than it, with … for what does not fit.

    Args:
        axes: The panel.
        text: Text, broken into lines between words.
        most: Largest number of lines.
        rest: Words after a colon that stay together on a line.
        look: Further arguments of matplotlib.
    """
    whole = clean(text) + (f": {rest.replace(' ', NO_BREAK)}" if rest else "")
    of = axes.get_gridspec()
    across = 1 if of is None else of.ncols
    letters = (_WIDTH.get() / across - (0.45 if across <= ACROSS else 0.32)) * 72 / (BOLD * NAME)
    lines = textwrap.wrap(
        whole, max(int(letters), 8), break_on_hyphens=False, max_lines=max(most, across + 1), placeholder="…"
    )
    axes.set_title("\n".join(lines), **look)


def finished(figure: Figure, head: Iterable[str], legend: Mapping[str, Any] | None = None) -> Figure:
    """Return a figure with a line at its head and a legend at its foot, for which it is made taller.

    The legend has as many columns as fit. Labels of ticks that would overlap the one before are left out, and so are
    names of axes that are below or left of a panel already.

    Args:
        figure: The figure, drawn but for these.
        head: What the numbers are of: sizes, tolerance and budget.
        legend: Handle of each label.
    """
    letters = _WIDTH.get() * 72 / (CHARACTER * TYPE)
    said = textwrap.wrap(clean(" · ".join(filter(None, head))), int(letters), break_on_hyphens=False)
    title = figure.suptitle("\n".join(said), x=0.01, ha="left", fontsize=TYPE)
    grown = title.get_window_extent().height
    if legend:
        wide = int(LEGEND * _WIDTH.get() / COLUMN)
        grown += _legend(figure, {folded(label, wide): handle for label, handle in legend.items()})
    figure.set_figheight(figure.get_figheight() + grown / figure.dpi + 0.08)
    name = _name_axes_once(figure)
    if (engine := figure.get_layout_engine()) is not None:  # all that drawing would do for the places of labels
        engine.execute(figure)
    if name is not None:  # matplotlib centres it on the figure, beside the legend as well
        boxes = [axes.get_position() for axes in figure.axes]
        name.set_y((min(box.y0 for box in boxes) + max(box.y1 for box in boxes)) / 2)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _thin(axis, figure.dpi)
    return figure


def _name_axes_once(figure: Figure) -> Text | None:
    """Leave out names of axes that the panel below or the first panel of the row has too.

    A name that all rows share is written once beside them, because it may be longer than a row is high. It is returned.
    """
    places = {
        (spec.rowspan.start, spec.colspan.start): axes
        for axes in figure.axes
        if (spec := axes.get_subplotspec()) is not None
    }
    for (row, column), axes in places.items():
        below, first = places.get((row + 1, column)), places[row, 0]
        if below is not None and below.get_xlabel() == axes.get_xlabel():
            axes.set_xlabel("")
        if column and first.get_ylabel() == axes.get_ylabel():
            axes.set_ylabel("")
            if axes.get_shared_y_axes().joined(axes, first):
                axes.tick_params(labelleft=False)
    firsts = [axes for (_, column), axes in places.items() if not column]
    names = {axes.get_ylabel() for axes in firsts}
    if len(firsts) > 1 and len(names) == 1 and all(names):
        for axes in firsts:
            axes.set_ylabel("")
        return figure.supylabel(names.pop(), fontsize=NAME)
    return None


def _legend(figure: Figure, handles: Mapping[str, Any]) -> float:
    """Write the legend in as many columns as fit, and return its height in pixels."""
    for columns in range(min(len(handles), 5), 0, -1):
        legend = figure.legend(list(handles.values()), list(handles), loc="outside lower left", ncols=columns)
        box = legend.get_window_extent()
        if box.width <= _WIDTH.get() * figure.dpi or columns == 1:
            return float(box.height)
        legend.remove()
    return 0.0


def _thin(axis: Axis, dpi: float) -> None:
    """Leave out the labels of ticks that touch the last one that is shown."""
    last = None
    low, high = sorted(axis.get_view_interval())
    for mark in axis.get_major_ticks():
        if not low <= mark.get_loc() <= high:
            continue
        for label in (mark.label1, mark.label2):
            if not (label.get_visible() and label.get_text()):
                continue
            box = label.get_window_extent()
            if last is not None and last.overlaps(box):
                label.set_visible(False)
            else:
                last = box.padded(APART / 72 * dpi)
