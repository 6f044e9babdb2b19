"""Steps of a stack in one call of a function that torch compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from harness.components import Params, Regime
from harness.engine.eager_step import owned
from harness.engine.feature_major import sample_last
from harness.engine.lanes import Lanes
from harness.engine.workspace import OutputsWorkspace, StackOf, StackWorkspace

Advance = Callable[[Params, Params, Params, Tensor, Tensor, Tensor, Tensor], Tensor]
"""Steps on weights, velocity and state, given inputs (B, d, n), labels, scale (B,) and step size; see
:class:`harness.engine.compiled_step.CompiledStep`."""


class CompiledWorkspace(OutputsWorkspace):
    """Networks that a compiled step moves."""

    def __init__(
        self, regime: Regime, stack_of: StackOf, moved: tuple[str, ...], step: Advance, live: Lanes, batch: int
    ) -> None:
        """Allocate for these networks, whose weights are copied into the layout that was compiled.

        Args:
            regime: What is trained.
            stack_of: Makes the stack that evaluates networks between minibatches.
            moved: Names of the weights that training moves.
            step: The compiled step.
            live: The networks.
            batch: Samples of a step.
        """
        live = replace(live, params=owned(live.params), velocity=owned(live.velocity), state=owned(live.state))
        super().__init__(regime, live)
        self._step = step
        self._optimizer = regime.optimizer
        self._x = sample_last(live.x)
        self._scale = live.scale.squeeze(1)
        n = live.x.shape[1]
        self._weight = self.loss.weight(n, batch)
        self._eager = StackWorkspace(regime, stack_of, moved, live, batch) if batch < n else None

    def measure(self, i: int) -> None:
        """Evaluate the networks on all samples into row i."""
        if self._eager is not None:
            self._eager.measure(0)
            self.rows[i].copy_(self._eager.rows[0])
            return
        # Outputs have the bits of the compiled step only if it computes them: it does so on weights to throw away.
        live = self.live
        params, velocity, state = ({name: value.clone() for name, value in kept.items()} for kept in _parts(live))
        self.rows[i].copy_(self._step(params, velocity, state, self._x, live.y, self._scale, live.step_size))

    def advance(self, i: int) -> None:
        """Evaluate the networks on all samples into row i, and step on the gradient."""
        live = self.live
        step_size = live.rates(self._optimizer)
        self.rows[i].copy_(self._step(*_parts(live), self._x, live.y, self._scale, step_size))

    def minibatch_step(self, index: Tensor) -> None:
        """Step on some samples; the gradient is scaled by n/b."""
        x, labels = self.samples(index)
        step_size = self.live.rates(self._optimizer)
        self._step(*_parts(self.live), sample_last(x), labels, self._weight * self._scale, step_size)


def _parts(live: Lanes) -> tuple[Params, Params, Params]:
    return live.params, live.velocity, live.state
