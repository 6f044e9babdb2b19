"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_narrow.theories import algorithms, existence, landscape

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    existence.ZhangExistence,
    landscape.ZhangLandscape,
    existence.MaddenThrampoulidis,
    existence.MaddenThrampoulidisCount,
    existence.Baum,
    existence.Bubeck,
    algorithms.BubeckNTK,
    algorithms.BubeckHarmonic,
    landscape.SoudryCarmon,
    landscape.Karhadkar,
    landscape.Xie,
    algorithms.Daniely,
    algorithms.GeWangZhao,
)
"""All theories of the plugin."""
