"""Narrow networks, of n/d to n neurons: constrained training, mirrored pairs, and what is known of that range.

Regimes ``narrow``, ``narrow-constrained``, ``narrow-hidden`` and ``narrow-noisy``, the method ``projected`` and the
diagnostic ``kkt-residual``, and the theorems on how few neurons can interpolate, some of which build their network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness import Diagnostic, Optimizer, Regime, Theory


@hookimpl
def harness_optimizers() -> Iterable[type[Optimizer]]:
    """Provide projected gradient descent."""
    from harness_narrow.optimizers import Projected

    return [Projected]


@hookimpl
def harness_diagnostics() -> Iterable[type[Diagnostic]]:
    """Provide the residual of the Karush-Kuhn-Tucker conditions."""
    from harness_narrow.diagnostics import KKTResidual

    return [KKTResidual]


@hookimpl
def harness_regimes() -> Iterable[Regime]:
    """Provide the presets."""
    from harness_narrow.regimes import REGIMES

    return REGIMES


@hookimpl
def harness_theories() -> Iterable[type[Theory]]:
    """Provide the theorems."""
    from harness_narrow.theories import THEORIES

    return THEORIES
