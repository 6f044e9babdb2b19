"""The distance of the tangent kernel to its limit, drawn against the width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from harness_lazy.distance import Distances

FORMATS = (".png", ".svg", ".pdf")
"""Suffixes of files that can be written."""

INK, LINE, GUIDE = "#222222", "#0b6e99", "#9a9a9a"


def draw(distances: Distances, title: str, path: Path) -> None:
    """Write a log-log figure: the mean and each draw, and a line of slope −½ through the first mean.

    Args:
        distances: What was measured.
        title: Title of the figure.
        path: Ends in one of ``FORMATS``.
    """
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    widths = np.array(distances.widths, dtype=float)
    # svg.hashsalt and no date: equal numbers give equal files.
    with mpl.rc_context({"svg.hashsalt": "harness", "font.size": 9, "axes.edgecolor": INK, "text.color": INK}):
        figure = Figure(figsize=(4.8, 3.4), layout="constrained")
        axes = figure.subplots()
        many = distances.values.shape[1] > 1
        if many:
            for draws in distances.values.T:
                axes.plot(widths, draws, ".", color=LINE, alpha=0.3, markersize=4, markeredgewidth=0)
        fitted = distances.slope()
        label = ("mean of draws" if many else "one draw") + (f", slope {fitted[0]:.2f}" if fitted else "")
        axes.plot(widths, distances.mean, "o-", color=LINE, markersize=4, linewidth=1.3, label=label.replace("-", "−"))
        guide = distances.mean[0] * np.sqrt(widths[0] / widths)
        axes.plot(widths, guide, "--", color=GUIDE, linewidth=1.0, zorder=0, label="slope −½")
        axes.set(xscale="log", yscale="log", xlabel="width k", ylabel="‖K₀ − K∞‖ / ‖K∞‖")
        axes.set_title(title, fontsize=9)
        axes.xaxis.set_major_locator(FixedLocator(_sparse(distances.widths)))
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
        axes.grid(visible=True, which="major", color="#e6e6e6", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower left")
        metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())
        figure.savefig(path, dpi=200, metadata=metadata)


def _sparse(widths: tuple[int, ...], most: int = 8) -> list[int]:
    """Return at most ``most`` of the widths, evenly taken, for the ticks."""
    ordered = sorted(widths)
    every = -(-len(ordered) // most)
    return ordered[::every]
