"""Networks written as ``torch.nn.Module``."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from harness.components import Initializer, Model, Outputs, Problem, Weights

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from harness.components import Params

SKELETON = 4
"""d and k of the module whose code is run; its weights are never used."""


KEEPING = {
    "LayerNorm": "call torch.nn.functional.layer_norm(h, h.shape[-1:]) in forward",
    "RMSNorm": "call torch.nn.functional.rms_norm(h, h.shape[-1:]) in forward",
    **dict.fromkeys(("RNN", "LSTM", "GRU"), "write its recurrence with linear layers"),
    "MultiheadAttention": "write the attention with linear layers",
}
"""Modules of torch that keep a size beside their weights, and what to write instead."""

REPEATED = "trials draw numbers for problems and initial weights alone, so that each can be repeated"
"""Why no module may draw random numbers when it is run."""


class ModuleModel(Model):
    """A model given as a module; its weights are the module's parameters, under their own names.

    Modules are made on torch's meta device: cheap, and without drawing anything. One of them runs for all sizes, with
    the weights of each network put in place of its own, so a module may learn its sizes from its weights only:
    ``self.hidden.weight.shape[0]`` in ``forward`` instead of a k kept when it was made. Buffers are refused, since
    a network here is a function of its weights.
    """

    @abstractmethod
    def module(self, d: int, k: int) -> nn.Module:
        """Make the module of input dimension d and width k; it maps (n, d) to (n,) or (n, 1)."""

    def module_for(self, d: int, k: int, q: int) -> nn.Module:
        """Make the module of q outputs, which maps (n, d) to (n, q).

        A model that defines it sets ``outputs = "any"``. The default has one output.
        """
        if q == 1:
            return self.module(d, k)
        raise ValueError(f"model {self.name!r} has one output, not {q}: it does not define module_for()")

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the module's parameters for one output; see :meth:`shapes_for`."""
        return self.shapes_for(d, k, 1)

    def shapes_for(self, d: int, k: int, q: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the module's parameters.

        Raises:
            TypeError: If the module cannot be used here; the message says why.
        """
        module = self._made(d, k, q)
        _check_sizes(self, module, self._skeleton(), d)
        return {name: tuple(value.shape) for name, value in module.named_parameters()}

    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Run the module with these weights."""
        from torch.func import functional_call

        found: Tensor = functional_call(self._skeleton(), params, (x,))
        return found.squeeze(-1) if found.dim() == 2 else found

    def _made(self, d: int, k: int, q: int = 1) -> nn.Module:
        import torch

        with torch.device("meta"):
            module = self.module_for(d, k, q)
        if buffers := [name for name, _ in module.named_buffers()]:
            normed = any("Norm" in type(part).__name__ for part in module.modules())
            remedy = (
                "; running statistics are no weights: write BatchNorm1d(k, track_running_stats=False)"
                if normed and any(name.endswith("running_mean") for name in buffers)
                else "; make a constant in forward, from its input, or make it a parameter"
            )
            said = f"the module of model {self.name!r} has the buffers {', '.join(buffers)}, not only weights"
            raise TypeError(f"{said}{remedy}")
        if noisy := [name for name, part in module.named_modules() if _drops(part)]:
            raise TypeError(
                f"the module of model {self.name!r} drops out at random in {', '.join(noisy)}: {REPEATED}; "
                "return module.eval(), or leave it out"
            )
        return module

    def _skeleton(self) -> nn.Module:
        """Return the module that is run, made once."""
        kept: nn.Module | None = self.__dict__.get("_module")
        if kept is None:
            kept = self._made(SKELETON, SKELETON)
            object.__setattr__(self, "_module", kept)  # a memory, no option: equality and options do not see it
        return kept


def _drops(part: nn.Module) -> bool:
    """Return whether a part of a module zeroes values at random as it is."""
    return part.training and "Dropout" in type(part).__name__ and getattr(part, "p", 0.0) > 0.0


def _check_sizes(model: ModuleModel, module: nn.Module, skeleton: nn.Module, d: int) -> None:
    """Refuse modules that do something else with the same weights when run again, or when made for other sizes."""
    import torch
    from torch.func import functional_call

    generator = torch.Generator().manual_seed(0)
    params = {
        name: torch.randn(value.shape, generator=generator, dtype=torch.float64)
        for name, value in module.named_parameters()
    }
    x = torch.randn(3, d, generator=generator, dtype=torch.float64)
    with torch.random.fork_rng(devices=[]):  # so that a module that draws changes nothing outside
        expected = functional_call(module, params, (x,))
        again = functional_call(module, params, (x,))
    if not isinstance(expected, torch.Tensor):
        found = type(expected).__name__
        raise TypeError(
            f"the module of model {model.name!r} returns {found}, expected a tensor: return the outputs alone"
        )
    if not _equal(again, expected):
        raise TypeError(
            f"the module of model {model.name!r} has other outputs when it is run again with the same weights: "
            f"{REPEATED}; leave random numbers and dropout out of its forward"
        )
    try:
        same = _equal(functional_call(skeleton, params, (x,)), expected)
    except (RuntimeError, KeyError):
        same = False
    if not same:
        kinds = (type(part).__name__ for part in module.modules())
        remedy = next((f"{kind} does: {KEEPING[kind]}" for kind in kinds if kind in KEEPING), "")
        usual = "let its forward read sizes off its weights, such as self.hidden.weight.shape[0]"
        raise TypeError(f"the module of model {model.name!r} keeps a size from when it was made; {remedy or usual}")


def _equal(first: Tensor, second: Tensor) -> bool:
    """Return whether two tensors are equal in every entry, where NaN equals NaN: other checks refuse it."""
    same: bool = first.shape == second.shape and first.allclose(second, rtol=0.0, atol=0.0, equal_nan=True)
    return same


class ModuleDefault(Initializer):
    """The weights that the module draws for itself when it is made, as torch does by default."""

    name: ClassVar[str] = "module-default"
    needs: ClassVar[str] = "a model that is a torch module"
    outputs: ClassVar[Outputs] = "any"

    def accepts(self, model: Model) -> bool:
        """Return whether the model is a module, which draws weights when it is made."""
        return isinstance(model, ModuleModel)

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Make the module with torch's generator seeded from ``rng``, and take its parameters.

        Raises:
            ValueError: If the model is not a module.
        """
        import torch

        if not isinstance(model, ModuleModel):
            raise ValueError(f"model {model.name!r} is no module, and draws nothing for itself; choose an initializer")
        dtype = torch.get_default_dtype()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**63)))
            torch.set_default_dtype(torch.float32)  # modules draw other numbers in another one
            try:
                module = model.module_for(problem.d, k, problem.q)
            finally:
                torch.set_default_dtype(dtype)
        return {name: value.detach().double().numpy() for name, value in module.named_parameters()}
