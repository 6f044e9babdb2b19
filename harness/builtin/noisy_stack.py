"""B shallow nets with factors on their activations, advanced together in closed form."""

from __future__ import annotations

from torch import Tensor

from harness import FACTORS
from harness.builtin.shallow_stack import SeveralOutputs, ShallowStack
from harness.engine import lanes


class NoisyStack(ShallowStack):
    """The closed form with factors (B, k, n) among the weights, which are read at each call."""

    def _features(self) -> None:
        """Compute φ and φ' at the current hidden weights, times the factors."""
        super()._features()
        if FACTORS in self.params:
            lanes.flat(self.phi).mul_(lanes.flat(self.params[FACTORS]))
            lanes.flat(self.slope).mul_(lanes.flat(self.params[FACTORS]))

    def forward(self, out: Tensor, offset: Tensor) -> None:
        """Write the outputs plus offset."""
        if not self.hidden:
            self._features()  # their factors may have changed
        super().forward(out, offset)


class NoisySeveralOutputs(NoisyStack, SeveralOutputs):
    """The same for q > 1 outputs."""
