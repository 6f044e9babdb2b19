"""Continuations, one a file of this folder or several, and the choice of one for a regime."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from harness.components import Continuation, Regime, Solver
from harness.engine.solvers.fused import Fused

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry


@functools.cache
def shipped() -> tuple[Continuation, ...]:
    """Return the continuations of this folder in the order in which they are asked. Imports no torch."""
    found: list[Continuation] = []
    for file in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{file.name}")
        classes = (c for c in vars(module).values() if isinstance(c, type) and issubclass(c, Continuation))
        found += [cls() for cls in classes if cls.__module__ == module.__name__ and not inspect.isabstract(cls)]
    return tuple(sorted(found, key=lambda continuation: continuation.preference))


def named(name: str, registry: Registry) -> Continuation:
    """Return the continuation of this name. A plugin's never takes the place of a shipped one.

    Args:
        name: As suites or stored files write it: ``name``, or ``package:name`` for a plugin's.
        registry: The plugins.

    Raises:
        UnknownName: There is none. The message has the nearest that there is.
        AmbiguousName: Several plugins provide it.
    """
    for one in shipped():
        if one.name == name:
            return one
    found: Continuation = registry.find("continuation", name)()
    return found


def name_in_files(continuation: Continuation, registry: Registry) -> str:
    """Return the name that stored settings have for a continuation."""
    known = continuation in shipped()
    return continuation.name if known else registry.name_of("continuation", type(continuation))


def continuation_of(regime: Regime, q: int = 1) -> Continuation | None:
    """Return the first shipped continuation that decides the fates of a regime, or None if there is none.

    A plugin's decides where the regime names it, so that installing a package changes no result.

    Args:
        regime: What is trained.
        q: Number of outputs.
    """
    return next((one for one in shipped() if not one.why_not(regime, q)), None)


def compile_ahead(regime: Regime, q: int = 1) -> None:
    """Compile the kernel that takes the steps of a continuation, so that not every worker does."""
    if regime.continuation or continuation_of(regime, q) is not None:
        Fused().why_not(regime, "float64", "cpu", q)


def undecided(regime: Regime, q: int = 1) -> dict[str, str]:
    """Return by name why continuations cannot decide the fates of a regime; those that can are left out."""
    found = {one.name: one.why_not(regime, q) for one in shipped()}
    return {name: reason for name, reason in found.items() if reason}


def decider(regime: Regime, solver: Solver, q: int = 1, continuation: Continuation | None = None) -> str:
    """Return name and version of what decides the fates of trials, or an empty string if nothing does.

    Args:
        regime: What is trained.
        solver: What trains it. Some know the fate themselves.
        q: Number of outputs.
        continuation: The one that the regime names, or None for the shipped ones.
    """
    if solver.decides_fates:
        return f"{solver.name} {solver.version}"
    found = continuation or continuation_of(regime, q)
    return "" if found is None else found.identity()
