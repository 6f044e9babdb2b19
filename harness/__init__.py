"""Compare convergence theories of shallow networks with what gradient descent does.

The names here are the ones that plugins import; everything else may change. They are imported when they are
first asked for: a list of verbs, or a plugin that is only looked at, does without NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from harness import components

if TYPE_CHECKING:
    from harness.components import *  # noqa: F403  # the list stands in one place
    from harness.mathematics.activations import ACTIVATIONS as ACTIVATIONS
    from harness.mathematics.activations import Activation as Activation

__version__ = "0.1.0"

_ELSEWHERE = {"ACTIVATIONS": "harness.mathematics.activations", "Activation": "harness.mathematics.activations"}
"""Public names that are not part of the contract, and where they are defined."""

__all__ = [*components.__all__, *_ELSEWHERE]  # type: ignore[attr-defined]  # noqa: PLE0604  # made by lazy_loader


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_ELSEWHERE.get(name, "harness.components")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
