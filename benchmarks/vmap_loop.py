"""Many networks at once, as the tutorials of ``torch.func`` write it: one module, mapped over stacked weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn import Module

from benchmarks.case import Case
from benchmarks.plain_loop import Net
from benchmarks.timing import Variant
from harness.components import Trial


class VmapLoop(Variant):
    """Eager ``vmap(grad(loss))`` of the plain loop's module.

    Attributes:
        w: The weights as they are now, (B, k, d).
    """

    def __init__(self, case: Case, trials: Sequence[Trial]) -> None:
        """Stack the trials."""
        self.networks = len(trials)

        def there(tensor: Tensor) -> Tensor:
            return tensor.to(device=case.device, dtype=case.precision)

        self.x = there(torch.stack([torch.from_numpy(trial.problem.x) for trial in trials]))
        self.y = there(torch.stack([torch.from_numpy(trial.problem.y) for trial in trials]))
        self.rate = there(torch.tensor([trial.step_size for trial in trials], dtype=torch.float64))[:, None, None]
        nets: list[Module] = [
            Net(there(trial.params["W"]), there(trial.params["v"]), case.activation) for trial in trials
        ]
        params, self.buffers = stack_module_state(nets)
        self.w = params["hidden.weight"].detach()
        self.best = there(torch.full((self.networks,), torch.inf))
        net = nets[0]

        def loss(params: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            outputs: Tensor = functional_call(net, (params, buffers), (x,))
            return 0.5 * ((outputs - y) ** 2).sum()

        self.mapped = vmap(grad_and_value(loss))

    def run(self, steps: int) -> None:
        """Go on from where the networks are, noting the least loss."""
        for _ in range(steps):
            gradients, losses = self.mapped({"hidden.weight": self.w}, self.buffers, self.x, self.y)
            self.best = torch.minimum(self.best, losses)
            self.w = self.w - self.rate * gradients["hidden.weight"]
        self.best.tolist()
