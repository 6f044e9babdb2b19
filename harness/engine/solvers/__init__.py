"""Solvers, one a file of this folder, and the choice of one for a regime."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from harness.components import Regime, Solver

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry


class NoSolver(LookupError):
    """No solver can train a regime here; the message has each one's reason."""


@functools.cache
def shipped() -> tuple[Solver, ...]:
    """Return the solvers of this folder in the order in which they are asked. Imports no torch."""
    found: list[Solver] = []
    for file in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{file.name}")
        classes = (thing for thing in vars(module).values() if isinstance(thing, type) and issubclass(thing, Solver))
        found += [cls() for cls in classes if cls.__module__ == module.__name__ and not inspect.isabstract(cls)]
    return tuple(sorted(found, key=lambda solver: solver.preference))


def shipped_solver(name: str) -> Solver | None:
    """Return the shipped solver of this name, or of this name in stored files; None if there is none."""
    return next((solver for solver in shipped() if name and name in (solver.name, solver.stored)), None)


def named(name: str, registry: Registry) -> Solver:
    """Return the solver of this name. A plugin's never takes the place of a shipped one.

    Args:
        name: As suites or stored files write it: ``name``, or ``package:name`` for a plugin's.
        registry: The plugins.

    Raises:
        UnknownName: There is none; the message has the nearest that there is.
        AmbiguousName: Several plugins provide it.
    """
    known = shipped_solver(name)
    if known is not None:
        return known
    found: Solver = registry.find("solver", name)()
    return found


def name_in_files(solver: Solver, registry: Registry) -> str:
    """Return the name that stored settings have for a solver."""
    return solver.stored or solver.name if solver in shipped() else registry.name_of("solver", type(solver))


def of_plugins(registry: Registry | None) -> list[Solver]:
    """Return the solvers of plugins, which are asked after the shipped ones."""
    known = {type(solver) for solver in shipped()}
    return [] if registry is None else [cls() for cls in registry.all("solver").values() if cls not in known]


def choose(
    regime: Regime, dtype: str, device: str, ahead: float = 0.0, registry: Registry | None = None, q: int = 1
) -> Solver:
    """Return the first solver that can train a regime here.

    Args:
        regime: What is trained.
        dtype: ``float32`` or ``float64``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        ahead: Network-steps to come; a solver that takes long to prepare must be worth it.
        registry: Plugins, whose solvers are asked last.
        q: Number of outputs.

    Raises:
        NoSolver: None of them can.
    """
    everyone = (*shipped(), *of_plugins(registry))
    for solver in everyone:
        if solver.pays(ahead) and not solver.why_not(regime, dtype, device, q):
            return solver
    reasons = "; ".join(f"{s.name}: {reason}" for s in everyone if (reason := s.why_not(regime, dtype, device, q)))
    raise NoSolver(f"no solver can train it here ({reasons})")


def choose_again(
    regime: Regime,
    dtype: str,
    device: str,
    before: str | None,
    ahead: float = 0.0,
    registry: Registry | None = None,
    q: int = 1,
) -> Solver:
    """Return the solver with which a run goes on.

    The choice is that of :func:`choose`, but a regime keeps its previous solver if only the number of network-steps
    to come would change it: a suite that grows must not retrain its stored trials.

    Args:
        regime: What is trained.
        dtype: ``float32`` or ``float64``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        before: Name of the solver that trained it in this directory; None if nothing did.
        ahead: Network-steps to come.
        registry: Plugins, whose solvers are asked last.
        q: Number of outputs.

    Raises:
        NoSolver: No solver can train it.
    """
    usual = choose(regime, dtype, device, registry=registry, q=q)
    if before and before in (usual.name, usual.stored):
        return usual
    kept = shipped_solver(before or "")
    passed_over = kept is not None and not kept.pays(0.0) and kept.preference < usual.preference
    if kept is not None and passed_over and not kept.why_not(regime, dtype, device, q):
        return kept
    return choose(regime, dtype, device, ahead, registry, q)


def refusals(regime: Regime, dtype: str, device: str, solvers: Iterable[Solver], q: int) -> dict[str, str]:
    """Return by name why solvers cannot train a regime of q outputs here; those that can are left out."""
    found = {solver.name: solver.why_not(regime, dtype, device, q) for solver in solvers}
    return {name: reason for name, reason in found.items() if reason}
