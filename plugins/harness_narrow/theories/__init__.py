"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_narrow.theories.algorithms import BubeckHarmonic, BubeckNTK, Daniely, GeWangZhao
from harness_narrow.theories.existence import Baum, Bubeck, ZhangExistence
from harness_narrow.theories.landscape import Karhadkar, SoudryCarmon, ZhangLandscape

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    ZhangExistence,
    ZhangLandscape,
    Baum,
    Bubeck,
    BubeckNTK,
    BubeckHarmonic,
    SoudryCarmon,
    Karhadkar,
    Daniely,
    GeWangZhao,
)
"""All theories of the plugin."""
