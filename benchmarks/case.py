"""What is trained: random problems of one size, a shallow net's hidden layer, full-batch gradient descent."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch

from harness import Regime
from harness.builtin.criteria import Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Model, Solver, Trial
from harness.engine.setting import Setting
from harness.engine.trial import prepare

Size = tuple[int, int, int]
"""(n, d, k)."""

NEVER = 1e-300
"""A tolerance that is not met, so that every network takes every step."""


@dataclass(frozen=True)
class Case:
    """One size, activation and precision.

    Attributes:
        size: (n, d, k).
        activation: φ.
        dtype: ``float32`` or ``float64``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    size: Size
    activation: str = "softplus"
    dtype: str = "float32"
    device: str = "cpu"

    @property
    def flops(self) -> int:
        """Operations of one network-step: 2ndk for the outputs and 2ndk for the gradient; φ is not counted."""
        n, d, k = self.size
        return 4 * n * d * k

    @property
    def precision(self) -> torch.dtype:
        """The dtype, as torch has it."""
        return torch.float64 if self.dtype == "float64" else torch.float32

    @functools.cached_property
    def step_size(self) -> float:
        """Half of 1/(‖v‖∞² k ‖X‖²) of the first trial: a number, so that no spectrum is computed while timing."""
        trial = prepare(self._setting(ShallowNet(self.activation), 1.0, 1, None), *self.size, 0)
        v = float(trial.params["v"].abs().max())
        return 0.5 / (v**2 * self.size[2] * float(np.linalg.norm(trial.problem.x, 2)) ** 2)

    def setting(self, model: Model, steps: int, solver: Solver | None = None) -> Setting:
        """Return the setting in which the engine takes so many steps."""
        return self._setting(model, self.step_size, steps, solver)

    def _setting(self, model: Model, step_size: float, steps: int, solver: Solver | None) -> Setting:
        return Setting(
            regime=Regime("bench", model, GaussianHalves(), GradientDescent(step_size=step_size), Quadratic()),
            theory=None,
            dataset=Sphere(),
            resample=True,
            base_seed=0,
            steps=steps,
            tolerances=(NEVER,),
            dtype=self.dtype,
            device=self.device,
            spectrum=False,
            solver=solver,
        )

    def trials(self, count: int) -> list[Trial]:
        """Return the trials that the engine trains in this setting, as drawn."""
        setting = self.setting(ShallowNet(self.activation), 1)
        return [prepare(setting, *self.size, seed) for seed in range(count)]
