"""What a figure is before it is drawn, and what is said of one that cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure that the run has the data for.

    Attributes:
        name: Of its file, without suffix.
        title: One line.
        caption: What is shown, so that it can be read without the text around it.
        draw: Draws it.
        regime: The one regime that it is of; empty where it is of several.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[], Figure]
    regime: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A figure that the run has no data for.

    Attributes:
        name: Of its file.
        reason: What is missing.
    """

    name: str
    reason: str


Drawn = Drawing | LeftOut
