"""Assembly of outcomes: the one place where what a solver found becomes a record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.components.criterion import ResidualCriterion
from harness.components.diagnostic import Network
from harness.components.outcome import Outcome
from harness.components.progress import Course, Progress, curve_steps, fit_rate
from harness.components.unlit import unlit_measure

if TYPE_CHECKING:
    from torch import Tensor

    from harness.components.regime import Regime
    from harness.components.solver import Budget, Trial
    from harness.components.vocabulary import Params, Weights

CHUNK = 25
"""Measures of a run that :meth:`Recorder.note` collects before it looks at them."""


def whole_epochs(steps: int, epoch: int) -> int:
    """Return the steps that are taken of a budget: as many whole epochs as it holds, or all if it holds none.

    Networks are measured once an epoch; a measure in the middle of one would be missing from longer runs, which are
    to answer for every smaller budget.

    >>> whole_epochs(100, epoch=1), whole_epochs(104, epoch=5), whole_epochs(3, epoch=5)
    (100, 100, 3)
    """
    return steps - steps % epoch if steps >= epoch else steps


def length(parts: Sequence[Tensor]) -> float:
    """Return the Euclidean norm of weights taken together, summed in float64."""
    import torch

    if not parts:  # a model without weights
        return 0.0
    return float(torch.sqrt(sum((part.double() ** 2).sum() for part in parts)))  # type: ignore[arg-type]  # a sum of tensors, which starts at 0


class Recorder:
    """Records the runs of trials of one cell, measures their diagnostics, and returns their outcomes.

    A solver that looks at each network at each step calls :meth:`note`, and then :meth:`outcomes`. One that finds hits
    and ends by itself hands :meth:`outcome` a :class:`~harness.components.progress.Course`.

    Attributes:
        last: Last step of a run: the budget, or with minibatches the whole epochs in it.
        progress: First hits and ends.
        watches: Whether a diagnostic looks at networks during training; :meth:`visit` does nothing otherwise.
        marks: Steps at which diagnostics look at networks, increasing.
    """

    def __init__(self, regime: Regime, trials: Sequence[Trial], budget: Budget) -> None:
        """Start recording, and measure the diagnostics of the initial weights.

        Args:
            regime: What is trained.
            trials: One run each, of equal n.
            budget: Steps, tolerances and precision.
        """
        self.regime, self.trials, self.budget = regime, tuple(trials), budget
        self.last = whole_epochs(budget.steps, regime.optimizer.epoch(trials[0].problem.n))
        self.progress = Progress(len(trials), budget.tolerances, self.last, regime.criterion.further())
        self.watches = any(diagnostic.summary in ("min", "max") for diagnostic in regime.diagnostics)
        self.marks = curve_steps(self.last)
        self._values: list[dict[str, list[float]]] = [{} for _ in trials]
        self._movement: dict[int, float | None] = {}
        self._unlit: dict[int, float | None] = {}
        self._noted: dict[int, list[tuple[int, float, float | None]]] = {}
        for run, trial in enumerate(self.trials):
            if regime.diagnostics:
                self._measure(run, trial.params, 0, ("first",))

    def note(self, run: int, step: int, measure: float, weights: Mapping[str, Any], loss: float | None = None) -> bool:
        """Take a run's measure at a step, and return whether the run is over.

        Steps come in order, from 0 to ``last``, one an epoch with minibatches. Measures are looked at after every 25,
        so a run goes on for up to 24 steps after its end.

        Args:
            run: Index of the trial.
            step: Steps taken so far.
            measure: The criterion's measure after them.
            weights: All weights after them, by name: tensors, or arrays of one network.
            loss: The loss after them; needed if the measure is bounded.
        """
        if self.watches and step in self.marks:
            self.visit(run, step, weights)
        noted = self._noted.setdefault(run, [])
        noted.append((step, measure, loss))
        if len(noted) < CHUNK and step < self.last:
            return False
        steps, measures, losses = zip(*noted, strict=True)
        given = np.array(losses)[:, None] if self.regime.criterion.bounded() else None
        self.progress.record(steps, np.array(measures)[:, None], np.array([run]), given)
        noted.clear()
        if self.progress.end[run] < 0:
            return False
        self.end(run, weights, step)
        return True

    def visit(self, run: int, step: int, weights: Mapping[str, Any]) -> None:
        """Measure the diagnostics of a network during training.

        Args:
            run: Index of the trial.
            step: Steps taken so far.
            weights: Its weights by name.
        """
        self._measure(run, _float64(weights), step, ("min", "max"))

    def end(self, run: int, weights: Mapping[str, Any], step: int | None = None) -> None:
        """Take the last weights of a run whose end was recorded.

        Args:
            run: Index of the trial.
            weights: Its weights by name.
            step: Steps after which it had them: its end, which is the default, or up to 25 more.
        """
        self._keep(run, weights, int(self.progress.end[run]) if step is None else step)
        self._close(run, weights, int(self.progress.end[run]), diverged=bool(self.progress.diverged[run]))

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes of all trials, in their order."""
        return [self._outcome(run, self.progress.course(run)) for run in range(len(self.trials))]

    def outcome(
        self, run: int, course: Course, weights: Mapping[str, Any] | None = None, movement: float | None = None
    ) -> Outcome:
        """Return the outcome of a trial whose course the solver recorded itself.

        Args:
            run: Index of the trial.
            course: Its hits, end and curve.
            weights: Its last weights by name, or None if only the movement is known.
            movement: ‖w − w₀‖ / ‖w₀‖ if the solver knows it; else that of the weights.
        """
        if weights is not None:
            self._keep(run, weights, course.steps)
        elif self.regime.model.linear():
            self._see(run, self.trials[run].weights)  # what is off at the start stays off
        if weights is not None and movement is not None:
            params = _float64(weights)
            self._measure(run, params, course.steps, ("last", "min", "max"))
            self._see(run, {name: value.numpy() for name, value in params.items()})
            self._movement[run] = movement
        elif weights is not None:
            self._close(run, weights, course.steps, diverged=course.diverged)
        else:
            self._movement[run] = movement
        return self._outcome(run, course)

    def _keep(self, run: int, weights: Mapping[str, Any], step: int) -> None:
        """Hand on the last weights where the budget has a place for them."""
        if self.budget.last_weights is not None:
            kept = {name: np.array(value.numpy()) for name, value in _float64(weights).items()}
            self.budget.last_weights.keep(self.trials[run], kept, step)

    def _close(self, run: int, weights: Mapping[str, Any], step: int, *, diverged: bool) -> None:
        """Measure how far the weights moved, and the diagnostics of the last weights."""
        import torch

        params = _float64(weights)
        self._measure(run, params, step, ("last", "min", "max"))
        self._see(run, {name: value.numpy() for name, value in params.items()})
        before = self.trials[run].params
        moved = self.regime.model.moved(before)
        dtype = torch.float64 if self.budget.dtype == "float64" else torch.float32
        size = length([before[name] for name in moved])
        change = length([params[name] - before[name].to(dtype).double() for name in moved])
        self._movement[run] = change / size if size and not diverged else None

    def _see(self, run: int, weights: Weights) -> None:
        """Measure the residual on the samples that the last weights do not see."""
        trial, criterion = self.trials[run], self.regime.criterion
        if isinstance(criterion, ResidualCriterion):
            self._unlit[run] = unlit_measure(self.regime.model, criterion, trial.problem, trial.weights, weights)

    def _outcome(self, run: int, course: Course) -> Outcome:
        trial = self.trials[run]
        return Outcome(
            seed=trial.seed,
            hits=course.hits,
            steps=course.steps,
            measure=course.measure,
            diverged=course.diverged,
            falling=course.falling,
            movement=self._movement[run],
            step_size=trial.step_size,
            lambda_min=trial.lambda_min,
            lambda_max=trial.lambda_max,
            rate=fit_rate(*course.late),
            curve=tuple(float(f"{measure:.4g}") for measure in course.curve),
            diagnostics=self._found(run),
            unlit=self._unlit.get(run) if course.hits[-1] is None else None,
            further_hits=course.further,
        )

    def _found(self, run: int) -> dict[str, float]:
        """Return what is kept of the diagnostics of a trial."""
        kept = {}
        for diagnostic in self.regime.diagnostics:
            values = [value for value in self._values[run].get(diagnostic.name, []) if math.isfinite(value)]
            if values:
                kept[diagnostic.name] = max(values) if diagnostic.summary == "max" else min(values)
        return kept

    def _measure(self, run: int, params: Params, step: int, summaries: tuple[str, ...]) -> None:
        """Measure the diagnostics of these summaries, each trial by itself, in float64 on the CPU."""
        wanted = [diagnostic for diagnostic in self.regime.diagnostics if diagnostic.summary in summaries]
        if not wanted:
            return
        trial, regime = self.trials[run], self.regime
        network = Network(
            regime.model, regime.optimizer, regime.criterion, trial.problem, params, trial.params, trial.step_size, step
        )
        for diagnostic in wanted:
            self._values[run].setdefault(diagnostic.name, []).append(float(diagnostic.measure(network)))


def _float64(weights: Mapping[str, Any]) -> Params:
    """Return the weights of one network as tensors, float64, on the CPU."""
    import torch

    return {
        name: value.double().cpu()
        if isinstance(value, torch.Tensor)
        else torch.from_numpy(np.array(value, dtype=np.float64))
        for name, value in weights.items()
    }
