"""The engine's solvers, each asked for by name."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import get_args

from benchmarks.case import Case
from benchmarks.timing import Variant
from harness import Regime
from harness.builtin.models import ShallowNet
from harness.components import Cell, Model
from harness.engine.solvers import SolverName, solver_for
from harness.engine.work import train

NETWORKS = {"fused": 4, "fused-gpu": 1024}
"""Networks trained in one call by solvers that take any number: one after another, or one a multiprocessor."""


class Stacked(ShallowNet):
    """The shallow net kept from the compiled kernel."""

    name = "stacked"
    shallow_form = Model.shallow_form  # type: ignore[assignment]  # the base class promises less


class ForwardOnly(Stacked):
    """The shallow net as a plugin author may write it: nothing but ``forward``."""

    name = "forward-only"
    stack = Model.stack  # type: ignore[assignment]  # the contract's own default, to stand in for the closed form


MODELS: tuple[type[ShallowNet], ...] = (ShallowNet, Stacked, ForwardOnly)
"""The model in the forms that make the engine choose one solver or another."""

NAMES = tuple(name for name in get_args(SolverName) if name != "spectral")
"""Solvers that take steps."""


class EngineSolver(Variant):
    """One solver of the engine, exactly as a run uses it.

    Attributes:
        name: What the engine calls it.
    """

    def __init__(self, case: Case, name: str) -> None:
        """Find the form of the model that this solver trains.

        Raises:
            LookupError: If there is none here.
        """
        self.case, self.name = case, name
        self.model, solver = _form(case, name)
        setting = case.setting(self.model, 1, name)
        self.networks = NETWORKS.get(name) or solver.lanes(setting, *case.size)
        self.run(1)

    def run(self, steps: int) -> None:
        """Train a batch of networks from their first step.

        Raises:
            LookupError: If the engine trains them with another solver after all, or not at all.
        """
        setting = self.case.setting(self.model, steps, self.name)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            outcomes = train(setting, Cell("bench", *self.case.size), range(self.networks))
        for outcome in outcomes:
            if outcome.message or outcome.solver != self.name or outcome.steps != steps:
                reason = outcome.message or f"{outcome.solver} trained instead, or diverged"
                raise LookupError("; ".join([reason, *(str(warning.message) for warning in said)]))


def _form(case: Case, name: str):  # type: ignore[no-untyped-def]  # (model, solver), whatever the engine calls it
    for model in MODELS:
        setting = replace(case.setting(model(case.activation), 1), solver=name)
        regime: Regime = setting.regime
        for wanted in (None, name):
            solver = solver_for(regime, case.device, case.dtype, wanted)
            if solver.name == name:
                return regime.model, solver
    raise LookupError(f"the engine does not choose it on {case.device}")
