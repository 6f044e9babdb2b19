"""Solvers of shallow nets: kernels that take a network from its first step to its last."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components import (
    Activation,
    Budget,
    Model,
    Outcome,
    Params,
    Recorder,
    Regime,
    ResidualCriterion,
    ShallowForm,
    Solver,
    Trial,
)
from harness.mathematics.activations import named

if TYPE_CHECKING:
    from harness.engine.descent import ShallowTrial, Trained, Visit

Task = tuple[Regime, Sequence[Trial], Budget]


def not_shallow(model: Model) -> str:
    """Return why a model without a shallow form has none."""
    if model.activation_noise() is not None:
        return f"model {model.name} has noise on its activations"
    return f"model {model.name} is no plain shallow net"


class ShallowSolver(Solver):
    """Trains shallow nets by gradient descent and the heavy ball, on all samples, with a criterion of the residual."""

    def refuses(self, regime: Regime) -> str:
        """Return why the regime is none of these, or an empty string."""
        optimizer = regime.optimizer
        if optimizer.heavy_ball() is None and optimizer.constraint() is None:
            return f"optimizer {optimizer.name} has an update of its own"
        if not optimizer.full_batch():
            return "it takes full batches only"
        if not isinstance(regime.criterion, ResidualCriterion):
            return f"criterion {regime.criterion.name} is no function of the residual norm"
        form = self.form(regime)
        if form is None:
            return not_shallow(regime.model)
        return "" if self.knows(form.activation) else f"activation {form.activation} has no statements for its kernel"

    @staticmethod
    def form(regime: Regime) -> ShallowForm | None:
        """Return the shallow net that the model of a regime is, or None."""
        form = regime.model.shallow_form()
        return form and replace(form, activation=named(form.activation))  # plugins of version 0.1 give a name

    @abstractmethod
    def knows(self, activation: Activation) -> bool:
        """Return whether the activation has statements in the kernel's language."""

    @abstractmethod
    def descend(
        self, nets: Sequence[ShallowTrial], visits: Sequence[Visit | None], device: str
    ) -> Iterator[tuple[int, Trained, Params]]:
        """Train networks to their ends.

        Args:
            nets: What to train; of any regimes and shapes.
            visits: For each, what is called with step and weights, float64, at the steps of the curve.
            device: Where.

        Yields:
            The place of each network, what was found of it, and its last weights, float64, in any order.
        """

    def train(self, regime: Regime, trials: Sequence[Trial], budget: Budget) -> list[Outcome]:
        """Train trials of one cell."""
        (outcomes,) = self.train_several([(regime, trials, budget)])
        return outcomes

    def train_several(self, tasks: Sequence[Task]) -> list[list[Outcome]]:
        """Train trials of several cells and regimes."""
        from harness.engine.descent import ShallowTrial

        recorders = [Recorder(*task) for task in tasks]
        nets, runs = [], []
        for (regime, trials, budget), recorder in zip(tasks, recorders, strict=True):
            form = self.form(regime)
            assert form is not None
            nets += [ShallowTrial.of(regime, budget, trial, form) for trial in trials]
            runs += [(recorder, run) for run in range(len(trials))]
        visits = [_visit(*one) for one in runs]
        outcomes: dict[int, Outcome] = {}
        for place, found, after in self.descend(nets, visits, tasks[0][2].device):
            recorder, run = runs[place]
            outcomes[place] = recorder.outcome(run, nets[place].course(found), after)
        whole = iter(range(len(runs)))
        return [[outcomes[next(whole)] for _ in recorder.trials] for recorder in recorders]


def _visit(recorder: Recorder, run: int) -> Visit | None:
    if not recorder.watches:
        return None
    return lambda step, params: recorder.visit(run, step, params)
