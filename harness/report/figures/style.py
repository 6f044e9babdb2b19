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
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
"""Suffixes of the formats of figures."""

INK, GRID, FAINT = "#222222", "#dddddd", "#767676"
"""Colour of text and lines on the background, which a page may turn dark. :data:`DARK` is for text on colours."""

DARK = "#1a1a1a"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
"""Colours of Okabe and Ito (2008), without their yellow, which is hardly visible on white."""

MARKERS = "os^Dv<>P"
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (8, 2)))
ACROSS = 3
"""Largest number of panels in a row."""

_RC: Any = {
    "font.size": 8.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # names may contain dollar signs
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "svg.hashsalt": "harness",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


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


def panels(number: int, size: tuple[float, float] = (2.9, 2.3), *, share: bool = True) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``number`` axes, row by row, each of ``size`` inches."""
    from matplotlib.figure import Figure

    across = min(number, ACROSS if number != 4 else 2)
    down = -(-number // across)
    figure = Figure(figsize=(max(size[0] * across, 4.2), size[1] * down + 0.3), layout="constrained")
    axes = list(figure.subplots(down, across, squeeze=False, sharex=share, sharey=share).flat)
    for left_over in axes[number:]:
        left_over.remove()
    if share:  # panels above a gap in the last row need labels of their own
        for above in axes[max(number - across, 0) : number]:
            above.tick_params(labelbottom=True)
    return figure, axes[:number]


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
