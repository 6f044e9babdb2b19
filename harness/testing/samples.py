"""Small problems, weights and options for the checks of components."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from harness.complaints import SpecError
from harness.components import FACTORS, Activation, Component, Model, Problem, Samples, Weights
from harness.components.module_model import ModuleModel
from harness.mathematics.activations import ACTIVATIONS
from harness.plugin_host.options import configure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from harness.components import Params
    from harness.testing.case import Subject

N, D, K = 6, 4, 8
"""Samples, input dimension and width of a small trial; n > d, so that no sample is free."""

DIMENSIONS = (D, 9, 16, 64, 196, 784)
"""Input dimensions that a model is tried at, in this order, until it accepts one: square pictures among them."""

C = TypeVar("C", bound=Component)


def problem(n: int = N, d: int = D, seed: int = 0) -> Problem:
    """Return unit inputs with Gaussian labels."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    x = rng.standard_normal((n, d))
    return Problem(x / np.linalg.norm(x, axis=1, keepdims=True), rng.standard_normal(n), seed=seed, dataset="sphere")


def with_more(given: Problem) -> Problem:
    """Return a problem with held-out and validation samples, which diagnostics may look at."""
    held_out, validation = (problem(given.n, given.d, seed) for seed in (8, 9))
    return replace(given, held_out=Samples(held_out.x, held_out.y), validation=Samples(validation.x, validation.y))


def with_signs(given: Problem) -> Problem:
    """Return a problem whose labels are the signs of another's, as are those of its further samples."""

    def signed(more: Samples | None) -> Samples | None:
        return None if more is None else Samples(more.x, np.where(more.y < 0, -1.0, 1.0))

    return replace(
        given,
        y=np.where(given.y < 0, -1.0, 1.0),
        held_out=signed(given.held_out),
        validation=signed(given.validation),
    )


def of_several(given: Problem, q: int = 3) -> Problem:
    """Return a problem with q outputs, whose labels are those of another shifted by a sample each."""
    return replace(given, y=np.stack([np.roll(given.y, column) for column in range(q)], axis=1))


def accepted(model: Model) -> int:
    """Return the first of ``DIMENSIONS`` at which a model maps inputs to outputs, or ``D`` if it does at none."""
    return next((d for d in DIMENSIONS if takes(model, d)), D)


def takes(model: Model, d: int) -> bool:
    """Return whether a model maps inputs of dimension d to outputs.

    A convolution does where its kernel is no larger than they are.
    """
    try:
        model.forward(tensors(weights(model, d)), inputs(d=d))
    except Exception:  # code of plugins may raise anything; the checks report it at D
        return False
    return True


def weights(model: Model, d: int | None = None, k: int = K, seed: int = 0) -> Weights:
    """Return Gaussian weights of a model, with its constants, by default at a dimension that it accepts.

    A model with noise on its activations has factors for the samples of :func:`inputs` beside them.
    """
    d = accepted(model) if d is None else d
    rng = np.random.Generator(np.random.Philox(key=1000 + seed))
    drawn = {name: np.asarray(0.7 * rng.standard_normal(shape)) for name, shape in model.shapes(d, k).items()}
    noise = model.activation_noise()
    return model.extend(drawn) if noise is None else {**model.extend(drawn), FACTORS: noise.draw(rng, (k, N))}


def tensors(weights: Weights, dtype: str = "float64") -> Params:
    """Return weights as tensors."""
    import torch

    return {name: torch.tensor(value, dtype=getattr(torch, dtype)) for name, value in weights.items()}


def inputs(n: int = N, d: int = D, seed: int = 0, dtype: str = "float64") -> Tensor:
    """Return unit inputs as a tensor."""
    import torch

    return torch.tensor(problem(n, d, seed).x, dtype=getattr(torch, dtype))


def moved(model: Model, params: Params) -> Params:
    """Return weights after some training, which differ from the initial ones.

    Models that compare weights with their initial ones are trivial at the start.
    """
    import torch

    generator = torch.Generator().manual_seed(5)
    names = trained(model, params)
    return {
        name: value + 0.3 * torch.randn(value.shape, generator=generator, dtype=torch.float64).to(value.dtype)
        if name in names
        else value
        for name, value in params.items()
    }


def trained(model: Model, params: Params) -> tuple[str, ...]:
    """Return the names of the weights that training changes."""
    names = model.trained()
    return tuple(params) if names is None else names


def variants(cls: type[C]) -> Iterator[tuple[C, dict[str, Any]]]:
    """Yield a component with its defaults, then with each option changed in turn if possible.

    Yields:
        Components, each with the options that differ from the defaults.
    """
    made = cls()
    yield made, {}
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError:
        return
    for field in dataclasses.fields(cls):
        default = getattr(made, field.name)
        for value in _others(hints.get(field.name), default):
            try:
                yield configure(cls, {**made.options(), **made.parts(), field.name: value}), {field.name: value}
            except SpecError:
                continue  # the component refuses this value


def _others(hint: Any, default: Any) -> list[Any]:  # noqa: PLR0911  # a table of types
    """Return values of a type other than the default."""
    if isinstance(default, Activation):
        return [activation for activation in ACTIVATIONS.values() if activation != default]
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _others(parts[0], default)
    if origin in (typing.Union, types.UnionType):
        return [value for part in parts for value in _others(part, default)]
    if origin is typing.Literal:
        return [choice for choice in parts if choice != default]
    if hint is bool:
        return [not default]
    if hint is int:
        return [default + 1 if isinstance(default, int) else 2]
    if hint is float:
        number = isinstance(default, int | float)
        return [default / 2 if number and default else 0.5]
    return []


@functools.cache
def module_model() -> Model:
    """Return a small model written as a module, for initializers that need one."""
    from torch import nn

    class Net(nn.Module):
        def __init__(self, d: int, k: int) -> None:
            super().__init__()
            self.hidden, self.output = nn.Linear(d, k), nn.Linear(k, 1)

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.output(self.hidden(x).tanh())
            return found

    @dataclass(frozen=True)
    class TwoLinear(ModuleModel):
        """Two linear layers with tanh between them."""

        name: ClassVar[str] = "two-linear"

        def module(self, d: int, k: int) -> nn.Module:
            return Net(d, k)

    return TwoLinear()


def models_for(subject: Subject) -> list[Model]:
    """Return models for an initializer or a diagnostic. Models that it is used with come first."""
    from harness.builtin.models import ShallowNet

    used = [
        regime.model
        for regime in subject.registry.all("regime").values()
        if isinstance(regime.initializer, subject.item) or any(isinstance(d, subject.item) for d in regime.diagnostics)
    ]
    own = [cls() for cls in subject.plugin.provided.get("model", {}).values()]
    return [*dict.fromkeys([*used, *own, ShallowNet(), ShallowNet(train="all", biases=True)]), module_model()]
