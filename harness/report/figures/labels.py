"""Labels beside points, placed so that they overlap neither each other nor the points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.figures.style import PAPER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

PLACES = (
    (0, 6, "center", "bottom"),
    (0, -6, "center", "top"),
    (6, 0, "left", "center"),
    (-6, 0, "right", "center"),
    (5, 5, "left", "bottom"),
    (5, -5, "left", "top"),
    (-5, 5, "right", "bottom"),
    (-5, -5, "right", "top"),
    (0, 15, "center", "bottom"),
    (0, -15, "center", "top"),
    (14, 9, "left", "bottom"),
    (14, -9, "left", "top"),
    (-14, 9, "right", "bottom"),
    (-14, -9, "right", "top"),
)
"""Offsets in points and alignments that are tried for a label, in this order."""

MARK = 4.0
"""Half of the size in points that a label keeps free around each point."""

APART = 4.0
"""Least distance in points between two labels, so that they do not read as one."""


def label_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    *,
    size: float,
    color: str,
    frame: tuple[float, float, float, float] | None = None,
) -> list[Annotation]:
    """Write a text beside each point where it overlaps nothing. The layout of the figure has to be final.

    A label that finds no free place within the axes is left out.

    Args:
        axes: The axes.
        points: Points in data coordinates.
        texts: Label of each point.
        size: Size of the type in points.
        color: Colour of the type.
        frame: Left, bottom, right and top edge of a frame in data coordinates, whose lines labels do not cross.

    Returns:
        The labels that were written.
    """
    from matplotlib.transforms import Bbox

    figure = axes.get_figure(root=True)
    assert figure is not None  # axes belong to a figure
    scale = figure.dpi / 72
    places = [axes.transData.transform(point) for point in points]
    taken: list[Bbox] = [
        Bbox.from_bounds(x - MARK * scale, y - MARK * scale, 2 * MARK * scale, 2 * MARK * scale) for x, y in places
    ]
    if frame is not None:
        (x0, y0), (x1, y1) = axes.transData.transform([frame[:2], frame[2:]])
        ends = ((x0, y0, x0, y1), (x1, y0, x1, y1), (x0, y0, x1, y0), (x0, y1, x1, y1))
        taken += [Bbox.from_extents(a - 1, b - 1, c + 1, d + 1) for a, b, c, d in ends]
    space = axes.get_window_extent()
    found = []
    for point, text in zip(points, texts, strict=True):
        for dx, dy, across, up in PLACES:
            label = axes.annotate(
                text,
                point,
                (dx, dy),
                textcoords="offset points",
                ha=across,
                va=up,
                fontsize=size,
                color=color,
                zorder=8,
                bbox={"facecolor": PAPER, "alpha": 0.8, "linewidth": 0, "pad": 0.4},
            )
            box = label.get_window_extent()
            inside = space.x0 <= box.x0 and box.x1 <= space.x1 and space.y0 <= box.y0 and box.y1 <= space.y1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box.padded(APART * scale))
                found.append(label)
                break
            label.remove()
    return found
