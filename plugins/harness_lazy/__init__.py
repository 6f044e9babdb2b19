"""Lazy training: nets near their initial weights, their linearization, and the tangent kernel they tend to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from harness import Diagnostic, Initializer, Model, Regime, Theory


@hookimpl
def harness_models() -> Iterable[type[Model]]:
    """Provide the scaled net, the linearized net and the infinitely wide net."""
    from harness_lazy.models import InfiniteWidth, LazyScaled, Linearized

    return [LazyScaled, Linearized, InfiniteWidth]


@hookimpl
def harness_initializers() -> Iterable[type[Initializer]]:
    """Provide weights in the scaling of the tangent kernel."""
    from harness_lazy.initializers import Paired, RandomSigns, TangentGaussian, Weightless

    return [RandomSigns, Paired, TangentGaussian, Weightless]


@hookimpl
def harness_diagnostics() -> Iterable[type[Diagnostic]]:
    """Provide measures of laziness."""
    from harness_lazy.diagnostics import DIAGNOSTICS

    return DIAGNOSTICS


@hookimpl
def harness_regimes() -> Iterable[Regime]:
    """Provide the presets."""
    from harness_lazy.regimes import REGIMES

    return REGIMES


@hookimpl
def harness_theories() -> Iterable[type[Theory]]:
    """Provide the theorems on lazy training, and certificates."""
    from harness_lazy.theories import THEORIES

    return THEORIES


@hookimpl
def harness_commands() -> Iterable[click.Command]:
    """Provide ``harness kernel-distance``."""
    from harness_lazy.command import command

    return [command]
