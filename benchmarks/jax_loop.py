"""The same networks in JAX: one compiled loop over all steps, ``vmap`` over networks, in either layout."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from benchmarks.case import Case
from benchmarks.timing import Variant
from harness.components import Trial

Layout = Literal["nk", "kn"]
"""Whether the temporaries are stored sample by neuron or neuron by sample."""


def missing(device: str) -> str:
    """Return why JAX cannot be measured here; empty if it can."""
    if device == "cpu":
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        import jax
    except ImportError:
        return "jax is not installed (extra bench)"
    if device != "cpu" and jax.default_backend() != "gpu":
        return "this jax has no CUDA"
    return ""


class JaxLoop(Variant):
    """``jit(fori_loop(vmap(value_and_grad(loss))))``, the least loss noted in each step.

    Attributes:
        w: The weights as they are now, (B, k, d).
    """

    def __init__(self, case: Case, trials: Sequence[Trial], layout: Layout) -> None:
        """Stack the trials, and compile for them at the first run."""
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", case.dtype == "float64")
        self.networks = len(trials)
        phi = {"softplus": jax.nn.softplus, "relu": jax.nn.relu, "tanh": jnp.tanh}[case.activation]

        def stacked(arrays: list[Any]) -> Any:
            return jnp.asarray(np.stack([np.asarray(array) for array in arrays]).astype(case.dtype))

        x = stacked(
            [trial.problem.x if layout == "nk" else np.ascontiguousarray(trial.problem.x.T) for trial in trials]
        )
        self.constants = (
            x,
            stacked([trial.problem.y for trial in trials]),
            stacked([trial.params["v"] for trial in trials]),
            stacked([[[trial.step_size]] for trial in trials]),
        )
        self.w = stacked([trial.params["W"] for trial in trials])
        self.best = jnp.full((self.networks,), jnp.inf, dtype=case.dtype)

        def loss(w: Any, x: Any, y: Any, v: Any) -> Any:
            outputs = phi(x @ w.T) @ v if layout == "nk" else v @ phi(w @ x)
            return 0.5 * jnp.sum((outputs - y) ** 2)

        mapped = jax.vmap(jax.value_and_grad(loss))

        def advance(w: Any, best: Any, steps: Any, x: Any, y: Any, v: Any, rate: Any) -> Any:
            def step(_: Any, state: Any) -> Any:
                losses, gradients = mapped(state[0], x, y, v)
                return state[0] - rate * gradients, jnp.minimum(state[1], losses)

            return jax.lax.fori_loop(0, steps, step, (w, best))

        self.advance = jax.jit(advance)

    def run(self, steps: int) -> None:
        """Go on from where the networks are."""
        self.w, self.best = self.advance(self.w, self.best, steps, *self.constants)
        self.best.block_until_ready()
