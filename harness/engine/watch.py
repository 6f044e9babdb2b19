"""Diagnostics of the trials of a stack."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harness.components import Diagnostic, Network, Params, Regime
from harness.engine.trial import Trial


class Watch:
    """Measures a regime's diagnostics on each trial by itself, in float64 on the CPU.

    Attributes:
        path: Whether any diagnostic looks at networks on their way.
    """

    def __init__(self, regime: Regime, trials: list[Trial]) -> None:
        """Watch these trials, called runs in the order given."""
        self.regime = regime
        self.trials = trials
        self.path = any(diagnostic.summary in ("min", "max") for diagnostic in regime.diagnostics)
        self._values: list[dict[str, list[float]]] = [{} for _ in trials]

    def start(self) -> Self:
        """Measure what is measured before training."""
        for run, trial in enumerate(self.trials):
            self._measure(run, trial.params, 0, ("first",))
        return self

    def visit(self, step: int, params: Params, runs: NDArray[np.int64]) -> None:
        """Measure what is measured on the way; lanes whose run is no trial of ours are passed over."""
        for lane, run in enumerate(runs):
            if run < len(self.trials):
                self._measure(int(run), _lane(params, lane), step, ("min", "max"))

    def end(self, run: int, params: Params, lane: int, step: int) -> None:
        """Measure what is measured after training."""
        self._measure(run, _lane(params, lane), step, ("last", "min", "max"))

    def found(self, run: int) -> dict[str, float]:
        """Return what is kept of a trial."""
        kept = {}
        for diagnostic in self.regime.diagnostics:
            values = [value for value in self._values[run].get(diagnostic.name, []) if math.isfinite(value)]
            if values:
                kept[diagnostic.name] = max(values) if diagnostic.summary == "max" else min(values)
        return kept

    def _measure(self, run: int, params: Params, step: int, summaries: tuple[str, ...]) -> None:
        wanted: list[Diagnostic] = [d for d in self.regime.diagnostics if d.summary in summaries]
        if not wanted:
            return
        trial = self.trials[run]
        regime = self.regime
        network = Network(
            regime.model, regime.optimizer, regime.criterion, trial.problem, params, trial.params, trial.step_size, step
        )
        for diagnostic in wanted:
            self._values[run].setdefault(diagnostic.name, []).append(float(diagnostic.measure(network)))


def _lane(params: Params, lane: int) -> Params:
    return {name: value[lane].double().cpu() for name, value in params.items()}
