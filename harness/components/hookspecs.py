"""The plugin contract: one hook for each kind of thing that a plugin may provide.

A plugin is a module (or any object) with functions of these names, each marked by ``@hookimpl``. Every hook is
optional, has no arguments, and returns what it provides. The harness calls each plugin separately, so one that fails
does not affect the others. The module is also imported for the list of verbs. Import what hooks return in their bodies
to keep that fast.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from harness.components import (
        Activation,
        Continuation,
        Criterion,
        Dataset,
        Diagnostic,
        Initializer,
        Model,
        Optimizer,
        Regime,
        Solver,
        Theory,
    )
    from harness.components.executor import Executor
    from harness.components.table import Renderer

hookspec = pluggy.HookspecMarker("harness")
hookimpl = pluggy.HookimplMarker("harness")


# The ingredients of a regime.


@hookspec
def harness_models() -> Iterable[type[Model]]:
    """Provide networks: what is trained, and which of its weights move."""


@hookspec
def harness_activations() -> Iterable[type[Activation]]:
    """Provide activations φ, which models name in their options."""


@hookspec
def harness_initializers() -> Iterable[type[Initializer]]:
    """Provide distributions of initial weights."""


@hookspec
def harness_optimizers() -> Iterable[type[Optimizer]]:
    """Provide first-order methods."""


@hookspec
def harness_criteria() -> Iterable[type[Criterion]]:
    """Provide losses together with what counts as a fit."""


@hookspec
def harness_diagnostics() -> Iterable[type[Diagnostic]]:
    """Provide numbers to be measured on networks while they train."""


# What they are tried on, put together as, and compared with.


@hookspec
def harness_datasets() -> Iterable[type[Dataset]]:
    """Provide distributions of problems (inputs and labels)."""


@hookspec
def harness_regimes() -> Iterable[Regime]:
    """Provide presets: compositions of model, initializer, optimizer and criterion that suites use by name."""


@hookspec
def harness_theories() -> Iterable[type[Theory]]:
    """Provide claims about the required width. Tables show each beside every regime that it concerns."""


# How a suite is run and shown.


@hookspec
def harness_solvers() -> Iterable[type[Solver]]:
    """Provide algorithms that train networks; each is used where a suite names it, or where no shipped one can."""


@hookspec
def harness_continuations() -> Iterable[type[Continuation]]:
    """Provide ways to decide what becomes of trials with unlimited steps; each is used where a suite names it."""


@hookspec
def harness_executors() -> Iterable[type[Executor]]:
    """Provide places where batches are trained, for ``harness run --executor``."""


@hookspec
def harness_renderers() -> Iterable[type[Renderer]]:
    """Provide formats for tables, for ``harness report --format``."""


@hookspec
def harness_commands() -> Iterable[click.Command]:
    """Provide further verbs of the command line."""
