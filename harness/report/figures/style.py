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
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
"""Suffixes of the formats of figures."""

TYPE = 6.5
"""Size in points of the smallest type at that width."""

INK, GRID, FAINT, PAPER = "#222222", "#dddddd", "#767676", "#fefefe"
"""Colour of text and lines on the background, and its own, which a page may turn dark."""

DARK = "#1a1a1a"
"""Colour of text on colours, which stays."""

COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
"""Colours of data after Okabe and Ito (2008), without their yellow, which is hardly visible on white."""

THEORY = "#d55e00"
"""Colour of theories that promise a fit, which no data have. Other theories are drawn in :data:`FAINT`."""

FAMILY = "font-family: 'DejaVu Sans', sans-serif"
"""Style of all type in SVG."""

MARKERS = "os^Dv<>P"
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (8, 2)))
_RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
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
    "hatch.linewidth": 0.6,
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


def marks(several: Iterable[Axes]) -> dict[str, Any]:
    """Return the entries of a legend for brackets, and for bounds where some are drawn."""
    from matplotlib.lines import Line2D

    drawn = {line.get_marker() for axes in several for line in axes.get_lines() if line.get_markerfacecolor() == "none"}
    bounds = {word: Line2D([], [], **look) for word, look in BOUNDS.items() if look["marker"] in drawn}
    return {"bracket": Line2D([], [], **BRACKET), **bounds}


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
