"""The style of figures, and their files. Equal numbers give equal bytes."""

from __future__ import annotations

import io
import textwrap
import warnings
from contextlib import contextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from harness.components.numbers import clean
from harness.draft import draft

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
"""Suffixes of the formats of figures."""

COLUMN = 85 / 25.4
"""Width of every figure in inches: one column of print."""

TYPE = 6.5
"""Size in points of the smallest type at that width."""

INK, GRID, FAINT = "#222222", "#dddddd", "#767676"
"""Colour of text and lines on the background, which a page may turn dark. :data:`DARK` is for text on colours."""

DARK = "#1a1a1a"
COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
"""Colours of data after Okabe and Ito (2008), without their yellow, which is hardly visible on white."""

THEORY = "#d55e00"
"""Colour of theories that promise a fit, which no data have. Other theories are drawn in :data:`FAINT`."""

MARKERS = "os^Dv<>P"
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (8, 2)))
ACROSS = 2
"""Largest number of panels in a row."""

CHARACTER = 0.6
"""Width of a character over the size of the type, a little above the mean."""

_RC: Any = {
    "font.size": 7.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 7.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # names may contain dollar signs
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": TYPE,
    "ytick.labelsize": TYPE,
    "legend.frameon": False,
    "legend.fontsize": TYPE,
    "legend.labelspacing": 0.3,
    "legend.columnspacing": 1.2,
    "legend.handlelength": 2.4,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "svg.hashsalt": "harness",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


BRACKET: dict[str, Any] = {"marker": "|", "markersize": 8, "color": FAINT, "linestyle": "none"}
"""Look of the bars of brackets in a legend."""

BOUNDS: dict[str, dict[str, Any]] = {
    word: {"marker": marker, "markerfacecolor": "none", "markersize": 6, "color": FAINT, "linestyle": "none"}
    for word, marker in (("k½ above", "^"), ("k½ at most", "v"))
}
"""Look of brackets with an open end in a legend."""


def shades() -> Colormap:
    """Return colours of evenly increasing lightness, which look the same to readers who do not see red or green.

    There are at most 50, because matplotlib draws longer colour bars as pictures.
    """
    import matplotlib as mpl

    return mpl.colormaps["cividis"].resampled(41)


@contextmanager
def styled() -> Iterator[None]:
    """Apply the style to figures drawn within the context."""
    import matplotlib as mpl

    with mpl.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # names may have characters that the font lacks
        yield


def panels(number: int, height: float = 1.5, *, across: int = ACROSS, share: bool = True) -> tuple[Figure, list[Axes]]:
    """Return a figure of the width of a column with ``number`` axes, row by row.

    Args:
        number: Number of axes.
        height: Height of a row in inches, without what :func:`finished` adds.
        across: Largest number of axes in a row.
        share: Whether the axes share their scales.
    """
    from matplotlib.figure import Figure

    across = min(number, across)
    down = -(-number // across)
    figure = Figure(figsize=(COLUMN, height * down), layout="constrained")
    axes = list(figure.subplots(down, across, squeeze=False, sharex=share, sharey=share).flat)
    for left_over in axes[number:]:
        left_over.remove()
    if share:  # panels above a gap in the last row need labels of their own
        for above in axes[max(number - across, 0) : number]:
            above.tick_params(labelbottom=True)
    return figure, axes[:number]


def titled(axes: Axes, text: str, most: int = 3, **look: Any) -> None:
    """Give a panel a title of at most ``most`` lines that is no wider than it, with … for what does not fit."""
    of = axes.get_gridspec()
    across = 1 if of is None else of.ncols
    room = (COLUMN / across - 0.45) * 72 / (CHARACTER * 7.0)
    lines = textwrap.wrap(clean(text), max(int(room), 8), break_on_hyphens=False, max_lines=most, placeholder="…")
    axes.set_title("\n".join(lines), **look)


def finished(figure: Figure, head: Iterable[str], legend: Mapping[str, Any] | None = None) -> Figure:
    """Return a figure with a line at its head and a legend at its foot, for which it is made taller.

    The legend has as many columns as fit. Labels of ticks that would overlap the one before are left out.

    Args:
        figure: The figure, drawn but for these.
        head: What the numbers are of: sizes, tolerance and budget.
        legend: Handle of each label.
    """
    room = COLUMN * 72 / (CHARACTER * TYPE)
    said = textwrap.wrap(clean(" · ".join(filter(None, head))), int(room), break_on_hyphens=False)
    title = figure.suptitle("\n".join(said), x=0.01, ha="left", fontsize=TYPE)
    grown = title.get_window_extent().height
    if legend:
        grown += _legend(figure, {folded(label, 58): handle for label, handle in legend.items()})
    figure.set_figheight(figure.get_figheight() + grown / figure.dpi + 0.08)
    figure.draw_without_rendering()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _thin(axis)
    return figure


def _legend(figure: Figure, handles: Mapping[str, Any]) -> float:
    """Write the legend in as many columns as fit, and return its height in pixels."""
    for columns in range(min(len(handles), 5), 0, -1):
        legend = figure.legend(list(handles.values()), list(handles), loc="outside lower left", ncols=columns)
        box = legend.get_window_extent()
        if box.width <= COLUMN * figure.dpi or columns == 1:
            return float(box.height)
        legend.remove()
    return 0.0


def marks(several: Iterable[Axes]) -> dict[str, Any]:
    """Return the entries of a legend for brackets, and for bounds where some are drawn."""
    from matplotlib.lines import Line2D

    drawn = {line.get_marker() for axes in several for line in axes.get_lines() if line.get_markerfacecolor() == "none"}
    bounds = {word: Line2D([], [], **look) for word, look in BOUNDS.items() if look["marker"] in drawn}
    return {"bracket": Line2D([], [], **BRACKET), **bounds}


def _thin(axis: Axis) -> None:
    """Leave out the labels of ticks that overlap the last one that is shown."""
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
                last = box.padded(1.5)


def marked(number: int, after: int = 0) -> list[dict[str, Any]]:
    """Return properties that distinguish ``number`` lines in colour and in grey, after the first ``after`` of them."""
    kinds = zip(cycle(COLOURS), cycle(MARKERS), cycle(LINES), strict=False)
    return [{"color": c, "marker": m, "linestyle": s} for c, m, s in islice(kinds, after, after + number)]


def spread(values: Sequence[int], most: int) -> list[int]:
    """Return at most ``most`` of the values, with both ends.

    >>> spread([1, 2, 3, 4, 5, 6, 7], 3)
    [1, 4, 7]
    """
    if len(values) <= most:
        return list(values)
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]


def logarithmic(axis: Axis, values: Sequence[float]) -> None:
    """Give an axis a log scale with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    set_scale = axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale
    set_scale("log")
    low, high = min(values), max(values)
    subs: tuple[float, ...] = (1.0, 2.0, 5.0) if high < 200 * low else (1.0,)
    if high < 6 * low:
        subs = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
    axis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def tick(value: float) -> str:
    """Return a number as text for an axis.

    >>> [tick(v) for v in (0.01, 5, 20000, 1e6)]
    ['0.01', '5', '20 000', '10⁶']
    """
    if value >= 1e5 or 0 < value < 1e-3:
        mantissa, power = f"{value:.0e}".split("e")
        return f"{'' if mantissa == '1' else mantissa + '·'}10{raised(str(int(power)))}"
    return f"{value:,.0f}".replace(",", " ") if value >= 10_000 else f"{value:g}"


def raised(text: str) -> str:
    """Return digits as superscripts.

    >>> raised("-0.5"), raised("24")
    ('⁻⁰·⁵', '²⁴')
    """
    return text.replace("−", "-").translate(str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·"))


def short(text: str, most: int = 46) -> str:
    """Return text, cut to fit a legend or the title of a panel."""
    text = clean(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def folded(text: str, width: int = 44, most: int = 120) -> str:
    """Return text broken into lines for a legend.

    >>> print(folded("n⁴/d³: Oymak & Soltanolkotabi 2020, Thm 6.3 (ReLU)† and 2 more"))
    n⁴/d³: Oymak & Soltanolkotabi 2020, Thm 6.3
    (ReLU)† and 2 more
    """
    return "\n".join(textwrap.wrap(short(text, most), width, break_on_hyphens=False))


def grid(axes: Axes) -> None:
    """Draw faint lines behind the data."""
    axes.grid(visible=True, which="major", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the suffix.

    Args:
        figure: The figure.
        path: Its file.

    Raises:
        OSError: If it cannot be written.
    """
    kind = path.suffix.lower().lstrip(".")
    out = io.BytesIO()  # writers of matplotlib leave half a file and a long traceback on a full disk
    with styled():
        figure.savefig(out, format=kind, metadata=_undated(kind), facecolor="white")
    with draft(path) as beside:
        beside.write_bytes(out.getvalue())


def svg(figure: Figure) -> str:
    """Return a figure as an SVG element without background, for a page."""
    out = io.StringIO()
    with styled():
        figure.savefig(out, format="svg", metadata=_undated("svg"))
    text = out.getvalue()
    return text[text.index("<svg") :]


def _undated(kind: str) -> dict[str, Any] | None:
    return {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}.get(kind)
