"""Network-steps on minibatches and with several outputs: the compiled kernel, the stack of torch, and JAX in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from benchmarks import jax_loop
from harness import Regime
from harness.builtin.criteria import CrossEntropy, Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import He
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, StochasticGradientDescent
from harness.components import Cell, Trial
from harness.engine.draws import stream
from harness.engine.setting import Setting
from harness.engine.solvers import shipped_solver
from harness.engine.solvers.fused_stack import FusedStack
from harness.engine.solvers.stacked import Stacked
from harness.engine.trial import prepare
from harness.engine.work import train

SOLVERS = (FusedStack.name, Stacked.name)

STEP = 1e-6
"""Step size: next to nothing, so that no network diverges or ends."""


@dataclass(frozen=True)
class Batches:
    """What is trained.

    Attributes:
        size: (n, d, k).
        outputs: q.
        batch: Samples of a step, or None for all.
        activation: φ.
        classes: Whether labels are classes and the loss is the cross-entropy, else that of squares.
        layers: Layers that are trained.
    """

    size: tuple[int, int, int]
    outputs: int
    batch: int | None
    activation: str
    classes: bool = False
    layers: str = "hidden"

    def setting(self, steps: int, solver: str) -> Setting:
        """Return the setting in which a solver takes so many steps."""
        optimizer = (
            GradientDescent(step_size=STEP)
            if self.batch is None
            else StochasticGradientDescent(step_size=STEP, batch=self.batch)
        )
        model = ShallowNet(self.activation, self.layers)  # type: ignore[arg-type]  # names of activation and layers
        regime = Regime("bench", model, He(), optimizer, CrossEntropy() if self.classes else Quadratic())
        dataset = Sphere(labels="classes", classes=self.outputs) if self.classes else Sphere(outputs=self.outputs)
        return Setting(
            regime=regime,
            theory=None,
            dataset=dataset,
            resample=True,
            base_seed=0,
            steps=steps,
            tolerances=(1e-300,),
            dtype="float32",
            device="cpu",
            spectrum=False,
            solver=shipped_solver(solver),
        )

    @property
    def networks(self) -> int:
        """Networks that are trained together, fewer of large ones."""
        return 16 if self.size[0] * self.size[1] < 100_000 else 2


@dataclass(frozen=True)
class BatchSpeed:
    """What was found for one case.

    Attributes:
        case: What was trained.
        microseconds: Variant → median processor time of one network-step.
        over_jax: Time of JAX over that of the kernel, the median of the ratios of each repetition, or None.
        over_stacked: Time of torch's batched products over that of the kernel, likewise.
        left_out: Variant → why it was not measured.
    """

    case: Batches
    microseconds: dict[str, float]
    over_jax: float | None
    over_stacked: float
    left_out: dict[str, str] = field(default_factory=dict)


CASES = (
    Batches((200, 20, 10), 1, 20, "softplus"),
    Batches((200, 20, 10), 1, 20, "relu"),
    Batches((200, 20, 10), 1, 50, "softplus"),
    Batches((200, 20, 10), 1, 50, "relu"),
    Batches((1000, 64, 100), 1, 50, "softplus"),
    Batches((1000, 64, 100), 1, 50, "relu"),
    Batches((1000, 64, 50), 10, None, "relu", layers="all"),
    Batches((1000, 64, 50), 10, None, "softplus", layers="all", classes=True),
    Batches((1000, 64, 50), 10, 50, "relu", layers="all", classes=True),
    Batches((5000, 784, 100), 10, None, "relu", layers="all"),
    Batches((5000, 784, 100), 10, None, "relu", layers="all", classes=True),
)

QUICK = (Batches((30, 5, 3), 1, 6, "relu"), Batches((30, 5, 3), 4, None, "relu", layers="all", classes=True))


def _engine(case: Batches, solver: str) -> Callable[[int], object]:
    """Return what trains so many steps by a solver of the engine, with its draws of minibatches."""

    def run(steps: int) -> None:
        (*_, last) = train(case.setting(steps, solver), Cell("bench", *case.size), range(case.networks))
        if last.message or last.steps != steps:
            raise LookupError(last.message or f"it ended after {last.steps} steps")

    return run


def _jax(case: Batches) -> Callable[[int], object]:
    """Return what trains so many steps in JAX, on minibatches that NumPy draws before as the engine draws its own.

    Raises:
        LookupError: If JAX is not installed.
    """
    if reason := jax_loop.missing("cpu"):
        raise LookupError(reason)
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", False)
    phi = {"softplus": jax.nn.softplus, "relu": jax.nn.relu}[case.activation]
    trials: list[Trial] = [prepare(case.setting(1, Stacked.name), *case.size, seed) for seed in range(case.networks)]

    def stacked(arrays: list[Any]) -> Any:
        return jnp.asarray(np.stack(arrays).astype("float32"))

    x, y = stacked([trial.problem.x for trial in trials]), stacked([trial.problem.y for trial in trials])
    w, v = (stacked([trial.weights[name] for trial in trials]) for name in ("W", "v"))
    n = case.size[0]
    batch = case.batch or n
    streams = [stream({"for": "bench", "seed": seed}) for seed in range(case.networks)]

    def loss(weights: Any, x: Any, y: Any) -> Any:
        w, v = weights
        f = phi(x @ w.T) @ v.T
        if case.classes:
            return -(jax.nn.log_softmax(f) * y).sum() * (n / batch)
        return 0.5 * jnp.sum((f - y) ** 2) * (n / batch)

    def of_hidden(w: Any, v: Any, x: Any, y: Any) -> Any:
        return jax.value_and_grad(lambda hidden: loss((hidden, v), x, y))(w)

    def step(at: Any, state: Any, x: Any, y: Any, order: Any) -> Any:
        w, v, best = state
        if case.batch is not None:
            rows = order[at]
            x, y = x[rows], y[rows]
        if case.layers == "all":
            value, (gw, gv) = jax.value_and_grad(loss)((w, v), x, y)
            return w - STEP * gw, v - STEP * gv, jnp.minimum(best, value)
        value, gw = of_hidden(w, v, x, y)
        return w - STEP * gw, v, jnp.minimum(best, value)

    def one(w: Any, v: Any, x: Any, y: Any, order: Any, steps: Any) -> Any:
        return jax.lax.fori_loop(0, steps, lambda at, state: step(at, state, x, y, order), (w, v, jnp.inf))

    several = jax.jit(jax.vmap(one, in_axes=(0, 0, 0, 0, 0, None)))

    def run(steps: int) -> None:
        passes = 0 if case.batch is None else -(-steps * batch // n)
        drawn = np.stack([[rng.permutation(n) for _ in range(max(passes, 1))] for rng in streams])
        used = drawn.reshape(len(streams), -1)[:, : max(steps, 1) * batch] if passes else drawn
        # Padded to a power of two, so that few lengths are compiled.
        length = 1 << (used.shape[1] // batch - 1).bit_length()
        order = np.zeros((len(streams), length, batch), dtype=np.int32)
        order[:, : used.shape[1] // batch] = used.reshape(len(streams), -1, batch)
        several(w, v, x, y, jnp.asarray(order), steps)[2].block_until_ready()

    return run


def measure(case: Batches, repetitions: int, least: float) -> BatchSpeed:
    """Measure one case in this process, in processor time.

    Args:
        case: What is trained.
        repetitions: Rounds in which everything is measured in turn.
        least: Processor time of the longer of two runs.
    """
    torch.set_num_threads(1)
    runs: dict[str, Callable[[int], object]] = {name: _engine(case, name) for name in SOLVERS}
    left_out: dict[str, str] = {}
    try:
        runs["jax"] = _jax(case)
    except LookupError as error:
        left_out["jax"] = str(error.args[0])
    epoch = 1 if case.batch is None else -(-case.size[0] // case.batch)
    few = 2 * epoch
    extra = {name: _extra(run, few, least) for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            more = _seconds(run, few + extra[name]) - min(_seconds(run, few) for _ in range(2))
            times[name].append(max(more, 1e-9) / extra[name] / case.networks)
    return BatchSpeed(
        case=case,
        microseconds={name: 1e6 * statistics.median(found) for name, found in times.items()},
        over_jax=_ratio(times["jax"], times[FusedStack.name]) if "jax" in times else None,
        over_stacked=_ratio(times[Stacked.name], times[FusedStack.name]),
        left_out=left_out,
    )


def _seconds(run: Callable[[int], object], steps: int) -> float:
    begin = time.process_time()
    run(steps)
    return time.process_time() - begin


def _extra(run: Callable[[int], object], few: int, least: float) -> int:
    """Return by how many steps the longer run is longer, a multiple of the shorter one."""
    run(few)
    extra = few
    while _seconds(run, few + extra) < least + _seconds(run, few):
        extra *= 2
    return extra


def _ratio(times: list[float], others: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(times, others, strict=True))
