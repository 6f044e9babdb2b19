"""Checks of the stacks of models: each lane equals the plain form and is independent of the other lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components import Model, Params
from harness.engine import lanes
from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.models import far
from harness.testing.samples import N, accepted, inputs, moved, tensors, trained, variants, weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

LANES = 3
KEEP = 0.9


def stack(subject: Subject) -> Iterator[str]:
    """The stack's outputs and gradients are those of forward on each lane, to the last bit whatever the other lanes."""
    if subject.item.stack is Model.stack:
        raise NotApplicable("stack() is not defined; the engine maps forward")
    if not subject.item.has_width:
        raise NotApplicable("a limit of infinite width is solved, not stepped")
    for model, options in variants(subject.item):
        yield from _agrees(model, told(options))


def _agrees(model: Model, where: str) -> Iterator[str]:
    import torch

    params, x = _lanes(model), lanes.put(torch.stack([inputs(d=accepted(model), seed=lane) for lane in range(LANES)]))
    made = model.stack(params, x)
    if made is None:
        return
    out, offset = lanes.zeros(LANES, N, like=x), lanes.put(_noise(LANES, N, seed=1))
    pull = lanes.put(_noise(LANES, N, seed=2))
    made.forward(out, offset)
    if gap := far(out, _plain(model, params, x) + offset):
        yield f"Stack.forward differs from forward + offset by {gap:.1e}{where}"
        return
    expected = _gradients(model, params, x, pull)
    into = {name: lanes.put(_noise(*params[name].shape, seed=3)) for name in expected}
    before = {name: value.clone() for name, value in into.items()}
    made.vjp(pull.clone(), into, KEEP)
    for name, gradient in expected.items():
        if gap := far(into[name], KEEP * before[name] + gradient):
            yield f"Stack.vjp differs from keep · into + (∂f/∂{name})ᵀ cotangent by {gap:.1e}{where}"
    made.forward(out, offset)
    weights_before = {name: value.clone() for name, value in params.items()}
    made.vjp(pull.clone(), {name: params[name] for name in expected}, 1.0)
    for name, gradient in expected.items():
        if gap := far(params[name], weights_before[name] + gradient):
            yield (
                f"Stack.vjp is off by {gap:.1e} in {name} where into holds the weights themselves{where}: read every "
                "weight that is needed before the first is written"
            )
    other = lanes.put(torch.stack([inputs(d=accepted(model), seed=lane + 10) for lane in range(LANES)]))
    made.load(other)
    made.forward(out, offset)
    if gap := far(out, _plain(model, params, other) + offset):
        yield f"after load() and new weights, Stack.forward is off by {gap:.1e}{where}: copy inputs, keep no results"
    yield from _alone(model, where)


def _alone(model: Model, where: str) -> Iterator[str]:
    """Compare a lane with itself among other lanes."""
    import torch

    found = []
    for neighbours in (0, 20):
        params = _lanes(model, neighbours)
        x = lanes.put(
            torch.stack([inputs(d=accepted(model), seed=lane + (neighbours if lane else 0)) for lane in range(LANES)])
        )
        made = model.stack(params, x)
        assert made is not None  # the caller has made it before
        out = lanes.zeros(LANES, N, like=x)
        made.forward(out, lanes.zeros(LANES, N, like=x))
        into = {name: lanes.put(torch.zeros_like(params[name])) for name in trained(model, params)}
        made.vjp(lanes.put(_noise(1, N, seed=2).expand(LANES, N)), into, 0.0)
        found.append([out[0].clone(), *(value[0].clone() for value in into.values())])
    if not all(torch.equal(one, other) for one, other in zip(*found, strict=True)):
        yield f"lane 0 changes when its neighbours do{where}: allocate with harness.engine.lanes, work lane by lane"


def _lanes(model: Model, neighbours: int = 0) -> Params:
    """Return aligned weights. Those of all lanes but the first depend on ``neighbours``."""
    import torch

    many = [moved(model, tensors(weights(model, seed=lane + (neighbours if lane else 0)))) for lane in range(LANES)]
    return {name: lanes.put(torch.stack([one[name] for one in many])) for name in many[0]}


def _noise(*shape: int, seed: int) -> Tensor:
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _plain(model: Model, params: Params, x: Tensor) -> Tensor:
    import torch

    return torch.stack([model.forward({n: v[lane] for n, v in params.items()}, x[lane]) for lane in range(len(x))])


def _gradients(model: Model, params: Params, x: Tensor, pull: Tensor) -> Params:
    import torch

    found: Params = {}
    for name in trained(model, params):
        moving = params[name].clone().requires_grad_()
        outputs = _plain(model, {**params, name: moving}, x)
        found[name] = torch.autograd.grad((outputs * pull).sum(), moving)[0]
    return found


CHECKS = (Check("stack", ("model",), stack),)
