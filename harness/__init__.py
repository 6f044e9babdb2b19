"""Compare convergence theories of shallow networks with what gradient descent does.

The names here are the ones that plugins and scripts import, beside the modules in :data:`PUBLIC_MODULES`. Everything
else may change. They are imported when they are first asked for: a list of verbs, or a plugin that is only looked at,
does without NumPy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader

from harness import components

if TYPE_CHECKING:
    from harness.api import *  # noqa: F403  # api.pyi has the list
    from harness.components import *  # noqa: F403  # components/__init__.pyi has the list

__version__ = "0.1.0"

PUBLIC_MODULES = (
    "harness.builtin",
    "harness.claims.conditions",
    "harness.claims.deep",
    "harness.claims.shallow",
    "harness.engine.lanes",
    "harness.mathematics",
)
"""Modules that plugins may import beside the public names; those below them count as well."""

_beside, _, _names = lazy_loader.attach_stub(__name__, str(Path(__file__).with_name("api.pyi")))

__all__ = [*components.__all__, *_names]  # type: ignore[attr-defined]  # noqa: PLE0604  # made by lazy_loader


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = _beside(name) if name in _names else getattr(components, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
