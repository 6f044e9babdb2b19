"""What is trained beside full batches of one output: minibatches, several outputs, momentum, other losses, any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import Regime
from harness.builtin.criteria import CrossEntropy, Logistic, Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import He
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.components import Dataset, Optimizer
from harness.engine.setting import Setting
from harness.engine.solvers import shipped_solver
from harness.engine.solvers.fused import Fused
from harness.engine.solvers.fused_stack import FusedStack

STEP = 1e-6
"""Step size: next to nothing, so that no network diverges or ends."""

Loss = Literal["squares", "logistic", "classes"]
"""The loss: of squares, logistic of each output, or the cross-entropy of classes."""


@dataclass(frozen=True)
class Method:
    """A size and a method.

    Attributes:
        size: (n, d, k).
        activation: φ.
        outputs: q.
        batch: Samples of a step, or None for all.
        loss: What is lowered.
        layers: Layers that are trained: hidden or all.
        momentum: β of the heavy ball; 0 for none.
        dtype: ``float32`` or ``float64``.
    """

    size: tuple[int, int, int]
    activation: str
    outputs: int = 1
    batch: int | None = None
    loss: Loss = "squares"
    layers: Literal["hidden", "all"] = "hidden"
    momentum: float = 0.0
    dtype: Literal["float32", "float64"] = "float32"

    @property
    def solver(self) -> str:
        """Name of the compiled solver that the engine chooses."""
        whole = self.batch is None and self.outputs == 1 and self.loss == "squares"
        return Fused.name if whole else FusedStack.name

    @property
    def flops(self) -> int:
        """Operations of a network-step: 4ndk of its n or b samples; φ and the output layer are not counted."""
        n, d, k = self.size
        return 4 * (self.batch or n) * d * k

    @property
    def networks(self) -> int:
        """Networks that are trained together, fewer of large ones."""
        return 16 if self.size[0] * self.size[1] < 100_000 else 2

    def _optimizer(self) -> Optimizer:
        if self.momentum:
            return Momentum(step_size=STEP, beta=self.momentum)
        if self.batch is None:
            return GradientDescent(step_size=STEP)
        return StochasticGradientDescent(step_size=STEP, batch=self.batch)

    def _dataset(self) -> Dataset:
        if self.loss == "classes":
            return Sphere(labels="classes", classes=self.outputs)
        return Sphere(labels="rademacher" if self.loss == "logistic" else "gaussian", outputs=self.outputs)

    def setting(self, steps: int, solver: str) -> Setting:
        """Return the setting in which a solver takes so many steps."""
        criterion = {"squares": Quadratic, "logistic": Logistic, "classes": CrossEntropy}[self.loss]()
        model = ShallowNet(self.activation, self.layers)
        return Setting(
            regime=Regime("bench", model, He(), self._optimizer(), criterion),
            theory=None,
            dataset=self._dataset(),
            resample=True,
            base_seed=0,
            steps=steps,
            tolerances=(1e-300,),
            dtype=self.dtype,
            device="cpu",
            spectrum=False,
            solver=shipped_solver(solver),
        )
