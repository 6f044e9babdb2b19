"""Methods in JAX: one compiled loop over all steps, ``vmap`` over networks, on minibatches that NumPy draws before."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import jax_loop
from benchmarks.jax_loop import Layout
from benchmarks.method import STEP, Method
from harness.components import Trial
from harness.engine.draws import stream
from harness.engine.solvers.stacked import Stacked
from harness.engine.trial import prepare

LEAST_LENGTH = 4096
"""Steps for which there is space at least, so that JAX compiles once for most runs."""


class Draws:
    """The minibatches of all networks, drawn as the engine draws its own.

    Attributes:
        order: Samples of each step of each network, (B, steps or more, b).
    """

    order: Any

    def __init__(self, method: Method) -> None:
        """Take the method, which has minibatches or not."""
        self.method = method
        self._streams = [stream({"for": "bench", "seed": seed}) for seed in range(method.networks)]

    def draw(self, steps: int) -> None:
        """Draw the minibatches of so many steps, padded so that few lengths are compiled."""
        import jax.numpy as jnp

        n, batch = self.method.size[0], self.method.batch
        if batch is None:
            self.order = jnp.zeros((self.method.networks, 1, 1), dtype=np.int32)
            return
        passes = -(-steps * batch // n)
        drawn = np.stack([[rng.permutation(n) for _ in range(passes)] for rng in self._streams])
        order = np.zeros(
            (self.method.networks, max(1 << (steps - 1).bit_length(), LEAST_LENGTH), batch), dtype=np.int32
        )
        order[:, :steps] = drawn.reshape(len(drawn), -1)[:, : steps * batch].reshape(len(drawn), steps, batch)
        self.order = jnp.asarray(order).block_until_ready()


class JaxMethod:
    """``jit(vmap(fori_loop(value_and_grad(loss))))``, the least loss noted in each step."""

    def __init__(self, method: Method, draws: Draws, layout: Layout) -> None:
        """Stack the trials.

        Raises:
            LookupError: If JAX is not installed.
        """
        if reason := jax_loop.missing("cpu"):
            raise LookupError(reason)
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", method.dtype == "float64")
        self.method, self.draws, self.layout = method, draws, layout
        setting = method.setting(1, Stacked.name)
        trials: list[Trial] = [prepare(setting, *method.size, seed) for seed in range(method.networks)]

        def stacked(arrays: list[Any]) -> Any:
            return jnp.asarray(np.stack(arrays).astype(method.dtype))

        self.data = [stacked([getattr(trial.problem, name) for trial in trials]) for name in ("x", "y")]
        self.weights = tuple(stacked([trial.weights[name] for trial in trials]) for name in ("W", "v"))
        self.phi = {
            "softplus": jax.nn.softplus,
            "relu": jax.nn.relu,
            "gelu": lambda z: jax.nn.gelu(z, approximate=False),
        }[method.activation]
        self._advance = jax.jit(jax.vmap(self._one, in_axes=(0, 0, 0, 0, None)))

    def _loss(self, weights: Any, x: Any, y: Any) -> Any:
        import jax
        import jax.numpy as jnp

        w, v = weights
        n = self.method.size[0]
        f = self.phi(x @ w.T) @ v.T if self.layout == "nk" else (v @ self.phi(w @ x.T)).T
        scale = n / (self.method.batch or n)
        if self.method.loss == "classes":
            return -(jax.nn.log_softmax(f) * y).sum() * scale
        if self.method.loss == "logistic":
            return jax.nn.softplus(-f * y).sum() * scale
        return 0.5 * jnp.sum((f - y) ** 2) * scale

    def _one(self, weights: Any, x: Any, y: Any, order: Any, steps: Any) -> Any:
        import jax
        import jax.numpy as jnp

        moved = 2 if self.method.layers == "all" else 1
        beta = self.method.momentum

        def step(at: Any, state: Any) -> Any:
            at_weights, velocity, best = state
            some = (x, y) if self.method.batch is None else (x[order[at]], y[order[at]])
            fixed = at_weights[moved:]
            value, slopes = jax.value_and_grad(lambda part: self._loss((*part, *fixed), *some))(at_weights[:moved])
            moves = tuple(beta * m - STEP * g for m, g in zip(velocity, slopes, strict=True))
            changed = tuple(w + m for w, m in zip(at_weights, moves, strict=False))
            return (*changed, *fixed), moves if beta else velocity, jnp.minimum(best, value)

        still = tuple(jnp.zeros_like(w) for w in weights[:moved])
        return jax.lax.fori_loop(0, steps, step, (weights, still, jnp.asarray(jnp.inf, dtype=x.dtype)))

    def run(self, steps: int) -> Any:
        """Take so many steps from the first on the minibatches that are drawn, and return weights (B, …) and losses."""
        import jax

        found = self._advance(self.weights, *self.data, self.draws.order, steps)
        jax.block_until_ready(found)
        return found
