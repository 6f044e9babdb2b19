"""Moderate overparameterization: the regimes and theorems of Oymak and Soltanolkotabi, counts, and certificates.

Regimes ``moderate``, ``moderate-sgd`` and ``output-only``. Theorems 2.1 to 2.6, 3.2 and 6.2 of arXiv 1902.04674,
parameter counts below which no training can fit, and certificates with explicit constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness import Regime, Theory


@hookimpl
def harness_regimes() -> Iterable[Regime]:
    """Provide the presets."""
    from harness_moderate.regimes import REGIMES

    return REGIMES


@hookimpl
def harness_theories() -> Iterable[type[Theory]]:
    """Provide the theorems, counts and certificates."""
    from harness_moderate.theories import THEORIES

    return THEORIES
