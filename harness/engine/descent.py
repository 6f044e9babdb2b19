"""One trial as the compiled solvers see it: arrays and numbers, and how what they found becomes an outcome."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from harness.components import (
    Activation,
    Budget,
    PairedBalls,
    Params,
    Regime,
    ResidualCriterion,
    ShallowForm,
    Trial,
)
from harness.components.progress import DIVERGED, LATE, Course, curve_steps, still_falling

EVERY = 25
"""Steps between two measures from which rates are fitted."""

SHORT = 1250
"""Budgets below it have every step in their history: entries 25 apart are too few to find the last tenth by."""

MOST_ENTRIES = 40_000
"""Entries of the history; longer runs keep fewer of their steps."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Descent:
    """What a compiled solver is asked to do.

    Attributes:
        activation: φ.
        hidden: Whether W trains.
        output: Whether v, and c where there is one, train.
        step_size: η times the curvature of the loss.
        momentum: β; 0 for gradient descent.
        constraint: The set that every step is projected onto, if there is one.
        steps: Budget.
        norms: Residual norms of the tolerances, decreasing.
        diverged: Residual norm from which on the network has diverged.
        every: Steps between two entries of the history.
        marks: Steps at which the curve is kept, increasing.
    """

    activation: Activation
    hidden: bool
    output: bool
    step_size: float
    momentum: float
    steps: int
    norms: tuple[float, ...]
    diverged: float
    every: int
    marks: tuple[int, ...]
    constraint: PairedBalls | None = None


@dataclass(frozen=True)
class Trained:
    """What a compiled solver found; norms are residual norms.

    Attributes:
        hits: First step at which each norm was met; None if never.
        steps: Steps taken.
        norm: At the end.
        diverged: Whether it ended so.
        history: At steps 0, every, 2 every, … up to the end.
        curve: At the marks up to the end.
        w: Hidden weights at the end, biases as the last column if there are any.
        v: Output weights at the end.
        c: Output bias at the end.
    """

    hits: tuple[int | None, ...]
    steps: int
    norm: float
    diverged: bool
    history: NDArray[np.float64]
    curve: NDArray[np.float64]
    w: Floats
    v: Floats
    c: float


Visit = Callable[[int, Params], None]
"""Called with a step and the weights before it, float64."""


def norm_of(measure: Callable[[float], float], value: float) -> float:
    """Return the largest residual norm whose measure is at most ``value``, by bisection on the numbers themselves.

    >>> norm_of(lambda norm: norm * norm / 4.0, 1.0)
    2.0
    """
    low, high = 0.0, 1.0
    while measure(high) <= value and high < 1e300:
        low, high = high, 2.0 * high
    while (middle := 0.5 * (low + high)) not in (low, high):
        low, high = (middle, high) if measure(middle) <= value else (low, middle)
    return low


def _apart(steps: int) -> int:
    """Return the steps between two measures from which the rate is fitted."""
    return max(EVERY, -(-steps // MOST_ENTRIES))


@functools.lru_cache(maxsize=4096)
def _norm_at(criterion: ResidualCriterion, scale: float, y_norm: float, n: int, value: float) -> float:
    """Return the norm of a value of the measure; trials of one data set ask for the same ones."""
    return norm_of(lambda norm: float(criterion.measure_norm(scale * norm, y_norm, n)), value)


@dataclass(frozen=True)
class ShallowTrial:
    """A trial whose network is a shallow net, f = αh or α(h − h₀), and the descent of h that trains it.

    Attributes:
        regime: What is trained.
        budget: Steps, tolerances and precision.
        trial: Problem, initial weights and step size.
        form: α, φ, and whether h₀ is taken off.
        x: Inputs (n, d), float64; with hidden biases a last column of ones.
        labels: What h is to fit, (n,).
        w: Hidden weights (k, d), biases last.
        v: Output weights (k,).
        c: Output bias, if there is one.
        descent: What to do.
    """

    regime: Regime
    budget: Budget
    trial: Trial
    form: ShallowForm
    x: Floats
    labels: Floats
    w: Floats
    v: Floats
    c: float | None
    descent: Descent

    @classmethod
    def of(cls, regime: Regime, budget: Budget, trial: Trial, form: ShallowForm) -> ShallowTrial:
        """Translate a trial.

        Raises:
            ValueError: If its weights cannot be constrained as the optimizer asks.
        """
        problem = trial.problem
        criterion, optimizer = regime.criterion, regime.optimizer
        assert isinstance(criterion, ResidualCriterion)
        n, y_norm = problem.n, float(np.linalg.norm(problem.y))
        weights = trial.weights
        biases = "b" in weights
        x = np.column_stack([problem.x, np.ones(n)]) if biases else problem.x
        w = np.column_stack([weights["W"], weights["b"]]) if biases else weights["W"]
        v, c = weights["v"], float(weights["c"]) if biases else None
        # f − y = α (h − h₀ − y/α): what is trained is h, on labels of its own.
        labels = problem.y / form.scale
        if form.centred:
            dtype = np.float64 if budget.dtype == "float64" else np.float32
            rounded = [value.astype(dtype).astype(np.float64) for value in (x, w, v)]
            labels = labels + form.activation.phi(rounded[0] @ rounded[1].T) @ rounded[2] + (c or 0.0)
        constraint = optimizer.constraint()
        if constraint is not None:  # the method's own complaints about weights that it cannot constrain
            params = trial.params
            optimizer.start({name: params[name] for name in regime.model.moved(params)})
        norm_at = functools.partial(_norm_at, criterion, form.scale, y_norm, n)
        descent = Descent(
            activation=form.activation,
            hidden=form.trains != "output",
            output=form.trains != "hidden",
            step_size=form.scale**2 * criterion.curvature(n) * regime.model.loss_weight() * trial.step_size,
            momentum=optimizer.heavy_ball() or 0.0,
            steps=budget.steps,
            norms=tuple(norm_at(tolerance) for tolerance in budget.tolerances),
            diverged=norm_at(math.nextafter(DIVERGED, 0.0)),
            every=1 if budget.steps < SHORT else _apart(budget.steps),
            marks=tuple(curve_steps(budget.steps)),
            constraint=constraint,
        )
        return cls(regime, budget, trial, form, x, labels, w, v, c, descent)

    def params(self, w: Floats, v: Floats, c: float) -> Params:
        """Return weights by the model's names, float64."""
        d = self.trial.problem.d
        named: Params = {"W": torch.from_numpy(w[:, :d].astype(np.float64))}
        named["v"] = torch.from_numpy(v.astype(np.float64))
        if self.c is not None:
            named["b"] = torch.from_numpy(w[:, d].astype(np.float64))
            named["c"] = torch.tensor(c, dtype=torch.float64)
        return {**self.trial.params, **named}

    def course(self, found: Trained) -> Course:
        """Return what was found in numbers of the criterion's measure."""
        problem, criterion, budget = self.trial.problem, self.regime.criterion, self.budget.steps
        assert isinstance(criterion, ResidualCriterion)
        y_norm = float(np.linalg.norm(problem.y))

        def measures(norms: Floats) -> NDArray[np.float64]:
            with np.errstate(over="ignore"):  # runs that diverge
                values: NDArray[np.float64] = criterion.measure_norm(self.form.scale * norms, y_norm, problem.n)
            return values

        steps = np.append(np.arange(len(found.history)) * self.descent.every, found.steps)
        steps, unique = np.unique(steps, return_index=True)
        values = measures(np.append(found.history, found.norm)[unique])
        late = (steps >= found.steps / 2) & ((steps % _apart(budget) == 0) | (steps == found.steps))
        before = values[int(np.searchsorted(steps, math.ceil(LATE * budget), side="right")) - 1]
        measure = float(values[-1])
        unfinished = found.hits[-1] is None and not found.diverged
        return Course(
            hits=found.hits,
            steps=found.steps,
            measure=measure,
            diverged=found.diverged,
            falling=unfinished and still_falling(before, measure),
            late=(steps[late].tolist(), values[late].tolist()),
            curve=measures(found.curve).tolist(),
        )
