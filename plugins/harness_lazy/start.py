"""Where a net started: models that measure from there keep copies of its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness import Params


def at_start(params: Params, trained: tuple[str, ...]) -> Params:
    """Return the initial weights, from the copies that ``extend`` put beside them."""
    copies = {f"{name}0" for name in trained}
    return {
        name: params[f"{name}0"] if name in trained else value for name, value in params.items() if name not in copies
    }
