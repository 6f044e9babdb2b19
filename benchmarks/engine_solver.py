"""The engine's solvers, each asked for by name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from benchmarks.case import Case
from benchmarks.timing import Variant
from harness.builtin.models import ShallowNet
from harness.components import Cell, Solver
from harness.engine.solvers import shipped, shipped_solver
from harness.engine.work import train

ALONE = 4
"""Networks trained in one call by a solver that takes them one after another."""

POOLED = 1024
"""Networks trained in one call by a solver that takes any number: some for each multiprocessor."""

NAMES = tuple(solver.name for solver in shipped() if not solver.closed_form)
"""Solvers that take steps, fastest first."""


class EngineSolver(Variant):
    """One solver of the engine, exactly as a run uses it.

    Attributes:
        name: What the engine calls it.
    """

    def __init__(self, case: Case, name: str) -> None:
        """Look up the solver and how many networks it takes.

        Raises:
            LookupError: If it cannot train the case here.
        """
        self.case, self.name = case, name
        solver = shipped_solver(name)
        if solver is None:
            raise LookupError(f"the engine has no solver {name!r}")
        self.solver = solver
        setting = case.setting(ShallowNet(case.activation), 1, solver)
        if reason := solver.why_not(setting.regime, case.dtype, case.device):
            raise LookupError(reason)
        grouping = solver.grouping(setting.regime, setting.budget, *case.size)
        self.networks = ALONE if grouping.alone else POOLED if solver.pools else grouping.batch
        self.run(1)

    def run(self, steps: int) -> None:
        """Train a batch of networks from their first step.

        Raises:
            LookupError: If it fails.
        """
        setting = self.case.setting(ShallowNet(self.case.activation), steps, self.solver)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            outcomes = train(setting, Cell("bench", *self.case.size), range(self.networks))
        for outcome in outcomes:
            if outcome.message or outcome.steps != steps:
                reason = outcome.message or "it diverged"
                raise LookupError("; ".join([reason, *(str(warning.message) for warning in said)]))


def able(case: Case) -> Iterator[Solver]:
    """Yield the solvers that can train a case here, fastest first; asking for more may compile."""
    setting = case.setting(ShallowNet(case.activation), 1)
    return (solver for solver in shipped() if not solver.why_not(setting.regime, case.dtype, case.device))


def usual(case: Case) -> str:
    """Return the name of the solver that a run chooses for a case."""
    return next(able(case)).name


def usual_lanes(case: Case) -> int:
    """Return how many networks the loops beside the engine's solvers train at a time: as many as its stacks have."""
    setting = case.setting(ShallowNet(case.activation), 1)
    stacks = (solver for solver in able(case) if not solver.pools)
    groupings = (solver.grouping(setting.regime, setting.budget, *case.size) for solver in stacks)
    return next(grouping.batch for grouping in groupings if not grouping.alone)
