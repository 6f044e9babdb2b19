"""Records of figures: those that can be drawn, and those that lack data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn from a run.

    Attributes:
        name: Name of its file without suffix.
        title: Title on one line.
        caption: Text that explains the figure without its context.
        draw: Function that draws it.
        regime: The one regime that it shows, or an empty string if it shows several.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[], Figure]
    regime: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A figure that lacks data.

    Attributes:
        name: Name of its file.
        reason: The data that are missing.
    """

    name: str
    reason: str


Drawn = Drawing | LeftOut
