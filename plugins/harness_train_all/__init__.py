"""Both layers trained: initializations from lazy to feature learning, and the theorems about them.

Regimes ``train-all``, ``train-all-relu``, ``train-all-momentum``, ``train-all-sgd``, ``train-all-pytorch`` and
``train-all-omega``. Theorems of Song et al. and their stochastic sequel, Nguyen's widths, certificate D2, and
the Polyak–Łojasiewicz ratio along the path as a diagnostic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness import Diagnostic, Initializer, Regime, Theory


@hookimpl
def harness_initializers() -> Iterable[type[Initializer]]:
    """Provide layers of given ω₁/ω₂, Gaussian layers of given scales, and PyTorch's default."""
    from harness_train_all.initializers import GaussianLayers, Omega, PyTorchDefault

    return [GaussianLayers, Omega, PyTorchDefault]


@hookimpl
def harness_diagnostics() -> Iterable[type[Diagnostic]]:
    """Provide the Polyak–Łojasiewicz ratio, along the path and at its start, and σ_min of the features."""
    from harness_train_all.diagnostics import FeatureSigma, PLInitial, PLRatio

    return [PLRatio, PLInitial, FeatureSigma]


@hookimpl
def harness_regimes() -> Iterable[Regime]:
    """Provide the presets."""
    from harness_train_all.regimes import REGIMES

    return REGIMES


@hookimpl
def harness_theories() -> Iterable[type[Theory]]:
    """Provide the theorems and the certificate."""
    from harness_train_all.theories import THEORIES

    return THEORIES
