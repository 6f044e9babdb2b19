"""Solvers that advance many networks in one stack, a step at a time."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.components import Budget, Grouping, Outcome, Recorder, Regime, ResidualCriterion, Solver, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from harness.components import Params, Stack
    from harness.engine.lanes import Lanes
    from harness.engine.minibatches import Permute, Samples
    from harness.engine.workspace import StackOf, Workspace

FILL_GPU = 1 << 20
"""Elements of φ that occupy a GPU."""

MOST_MEMORY = 2 << 30
"""Bytes that the inputs, the activations and the outputs of a stack on the CPU may take, unless two lanes take more."""

SHARED = 1 << 20
"""Entries of inputs from which on trials of one problem share them. Smaller ones are copied for each network: memory is
no concern, and matrix kernels may round otherwise where networks read the same inputs."""


def most_lanes(n: int, d: int, k: int, lanes: int) -> int:
    """Return so many lanes, or a half, a quarter, … of them, at least 2, that fit into :data:`MOST_MEMORY`.

    Args:
        n: Samples.
        d: Input dimension.
        k: Width.
        lanes: Lanes of small networks.
    """
    each = 8 * n * (3 * d + 4 * k + 280)  # two layouts of inputs beside their source; 28 rows of ten outputs
    while lanes > 2 and lanes * each > MOST_MEMORY:
        lanes = max(lanes // 2, 2)
    return lanes


class StackSolver(Solver):
    """Steps of all networks of a stack, through a :class:`~harness.components.Stack` of the model."""

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    records_marks: ClassVar[bool] = True

    @abstractmethod
    def stack(self, regime: Regime, moved: tuple[str, ...], params: Params, x: Tensor) -> Stack:
        """Return the stack of weights (B, …) on inputs (B, n, d).

        Args:
            regime: What is trained.
            moved: Names of the weights that training moves.
            params: Weights.
            x: Inputs.
        """

    def workspace_of(
        self, regime: Regime, budget: Budget, k: int, moved: tuple[str, ...], batch: int
    ) -> Callable[[Lanes], Workspace]:
        """Return what allocates buffers for networks.

        Args:
            regime: What is trained.
            budget: Precision and device.
            k: Width.
            moved: Names of the weights that training moves.
            batch: Samples of a step.
        """
        from harness.engine.workspace import StackWorkspace

        return functools.partial(StackWorkspace, regime, self.stack_of(regime, moved), moved, batch=batch)

    def stack_of(self, regime: Regime, moved: tuple[str, ...]) -> StackOf:
        """Return :meth:`stack` as a function of weights and inputs."""
        return functools.partial(self.stack, regime, moved)

    def permute(self, regime: Regime, budget: Budget) -> Permute:
        """Return what draws permutations of the samples: whatever it is, they are those of NumPy."""
        from harness.engine.minibatches import permutations

        return permutations

    def guard(self) -> AbstractContextManager[None]:
        """Return the context in which steps are taken."""
        return nullcontext()

    def train(self, regime: Regime, trials: Sequence[Trial], budget: Budget) -> list[Outcome]:
        """Train the trials of one stack."""
        import torch

        from harness.engine.loop import train_stack

        grouping = self.grouping(regime, budget, trials[0].problem.n, trials[0].problem.d, trials[0].k)
        recorder = Recorder(regime, trials, budget)
        runs = _runs(trials, grouping, recorder.progress.padding)
        shown = [trials[run if run < len(trials) else 0] for run in runs]
        moved = regime.model.moved(trials[0].weights)
        live = replace(_lanes(regime, budget, shown, runs, moved), padding=recorder.progress.padding)
        samples = _samples(regime, budget, shown, self.permute(regime, budget))
        workspace_of = self.workspace_of(regime, budget, trials[0].k, moved, samples.batch)
        with torch.no_grad(), self.guard():
            train_stack(live, workspace_of, samples, recorder, compacts=not grouping.fixed)
        return recorder.outcomes()


def fixed_grouping(n: int, d: int, k: int, device: str, lanes: int) -> Grouping:
    """Return stacks that are always full, each trial in a lane of its own: so many on a CPU, enough to fill a GPU."""
    if device != "cpu":
        lanes = 16
        while lanes < FILL_GPU // max(n * k, 1) and lanes < 1024:
            lanes *= 2
    else:
        lanes = most_lanes(n, d, k, lanes)
    return Grouping(lanes, fixed=True)


def _runs(trials: Sequence[Trial], grouping: Grouping, padding: int) -> NDArray[np.int64]:
    """Return the index of the run in each lane."""
    from harness.engine.lanes import FEWEST

    if grouping.fixed:
        lane_of = {trial.seed % grouping.batch: run for run, trial in enumerate(trials)}
        return np.array([lane_of.get(lane, padding) for lane in range(grouping.batch)])
    runs = np.arange(max(len(trials), FEWEST))
    runs[len(trials) :] = padding
    return runs


def _samples(regime: Regime, budget: Budget, trials: Sequence[Trial], permute: Permute) -> Samples:
    from harness.engine.fresh_noise import FreshNoise
    from harness.engine.minibatches import FullBatch, Independent, Minibatches

    n, seeds = trials[0].problem.n, [trial.seed for trial in trials]
    batch = regime.optimizer.batch_size(n)
    noise = regime.model.activation_noise()
    if noise is not None and batch < n:
        raise ValueError(f"noise on activations needs all samples in each step, not {batch} of {n}")
    if noise is not None and noise.fresh:
        return FreshNoise(noise, seeds, n, trials[0].k, budget.seed)
    if batch == n:
        return FullBatch(n)
    return (Independent if regime.optimizer.replacement else Minibatches)(seeds, n, batch, budget.seed, permute)


def _lanes(
    regime: Regime, budget: Budget, trials: Sequence[Trial], runs: NDArray[np.int64], moved: tuple[str, ...]
) -> Lanes:
    """Stack the trials in the budget's precision on its device."""
    import torch
    from torch.func import vmap

    from harness.engine import lanes
    from harness.engine.lanes import Lanes
    from harness.engine.updates import momentum_of

    optimizer, criterion = regime.optimizer, regime.criterion
    dtype = torch.float64 if budget.dtype == "float64" else torch.float32

    def stacked(values: Sequence[NDArray[np.float64]]) -> Tensor:
        return torch.stack([torch.from_numpy(value).to(dtype) for value in values]).to(budget.device)

    first = trials[0].problem.x
    if first.size >= SHARED and all(trial.problem.x is first for trial in trials):
        x = stacked([first]).expand(len(trials), -1, -1)
    else:
        x = stacked([trial.problem.x for trial in trials])
    y = stacked([trial.problem.y.reshape(-1) for trial in trials])
    step_size = torch.tensor([trial.step_size for trial in trials], dtype=torch.float64)
    # Other criteria have their gradient taken as it is; a curvature of theirs bounds it, for the step size only.
    curvature = criterion.curvature(x.shape[1]) if isinstance(criterion, ResidualCriterion) else 1.0
    curvature *= regime.model.loss_weight()
    momentum = momentum_of(optimizer)
    own_update = momentum is None
    scale = torch.full_like(step_size, curvature) if own_update else -curvature * step_size
    params = {name: lanes.put(stacked([trial.weights[name] for trial in trials])) for name in trials[0].weights}
    weights = {name: params[name] for name in moved}
    state = vmap(optimizer.start)(weights) if own_update else {}
    velocity = weights if momentum else {}
    return Lanes(
        runs=runs,
        x=x,
        y=y,
        scale=scale.to(dtype).to(budget.device).unsqueeze(1),
        step_size=step_size.to(dtype).to(budget.device),
        params=params,
        velocity={name: lanes.put(torch.zeros_like(value)) for name, value in velocity.items()},
        state={name: lanes.put(value) for name, value in state.items()},
    )
