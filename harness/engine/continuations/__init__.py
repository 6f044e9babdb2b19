"""Continuations, one a file of this folder or several, and the choice of one for a regime."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from importlib import import_module

from harness.components import Continuation, Regime, Solver
from harness.engine.solvers.fused import Fused


@functools.cache
def shipped() -> tuple[Continuation, ...]:
    """Return the continuations of this folder in the order in which they are asked. Imports no torch."""
    found: list[Continuation] = []
    for file in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{file.name}")
        classes = (c for c in vars(module).values() if isinstance(c, type) and issubclass(c, Continuation))
        found += [cls() for cls in classes if cls.__module__ == module.__name__ and not inspect.isabstract(cls)]
    return tuple(sorted(found, key=lambda continuation: continuation.preference))


def continuation_of(regime: Regime, q: int = 1) -> Continuation | None:
    """Return the first continuation that decides the fates of a regime, or None if there is none.

    Args:
        regime: What is trained.
        q: Number of outputs.
    """
    return next((one for one in shipped() if not one.why_not(regime, q)), None)


def compile_ahead(regime: Regime, q: int = 1) -> None:
    """Compile the kernel that takes the steps of a continuation, so that not every worker does."""
    if continuation_of(regime, q) is not None:
        Fused().why_not(regime, "float64", "cpu", q)


def undecided(regime: Regime, q: int = 1) -> dict[str, str]:
    """Return by name why continuations cannot decide the fates of a regime; those that can are left out."""
    found = {one.name: one.why_not(regime, q) for one in shipped()}
    return {name: reason for name, reason in found.items() if reason}


def decider(regime: Regime, solver: Solver, q: int = 1) -> str:
    """Return name and version of what decides the fates of trials, or an empty string if nothing does.

    Args:
        regime: What is trained.
        solver: What trains it. Some know the fate themselves.
        q: Number of outputs.
    """
    if solver.decides_fates:
        return f"{solver.name} {solver.version}"
    found = continuation_of(regime, q)
    return "" if found is None else found.identity()
