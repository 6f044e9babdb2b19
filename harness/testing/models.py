"""Checks of models: the plain form, and every fast path compared with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.components import Activation, Model, ModelTraits, Params
from harness.mathematics.activations import ACTIVATIONS, named
from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.samples import D, K, N, accepted, inputs, moved, takes, tensors, trained, variants, weights
from harness.testing.state import NO_GLOBALS, same, twice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

CLOSE = 1e-9
"""Relative distance of two ways to compute the same number in float64."""

STEP = 1e-6
"""Step of central differences."""


def far(found: Tensor, expected: Tensor, within: float = CLOSE) -> float:
    """Return the relative distance from ``expected`` if it is more than ``within``, or 0 if it is not.

    The distance of values that are not numbers is infinite.
    """
    if found.shape != expected.shape:
        return float("inf")
    scale = max(float(expected.abs().max()) if expected.numel() else 0.0, 1e-3)
    gap = float((found - expected).abs().max()) / scale if expected.numel() else 0.0
    return 0.0 if gap <= within else (float("inf") if math.isnan(gap) else gap)


def plain(subject: Subject) -> Iterator[tuple[Model, str, Params, Tensor]]:
    """Return the model under each of its options, at weights that have moved, on inputs."""
    for model, options in variants(subject.item):
        params = moved(model, tensors(weights(model)))
        yield model, told(options), params, inputs(d=accepted(model))


def shapes(subject: Subject) -> Iterator[str]:
    """The shapes of weights are tuples of whole numbers, and what is trained is among them."""
    for model, options in variants(subject.item):
        where, size = told(options), accepted(model)
        for d, k in (
            ((D, K), (3, 1), (1, 2)) if size == D and takes(model, 1) else ((size, K), (size, 1), (4 * size, 2))
        ):
            found = model.shapes(d, k)
            for name, shape in found.items():
                if not isinstance(shape, tuple) or not all(type(size) is int and size > 0 for size in shape):
                    yield f"shapes({d}, {k})[{name!r}] is {shape!r}, expected a tuple of positive whole numbers{where}"
            if found != model.shapes(d, k):
                yield f"shapes({d}, {k}) differs from call to call{where}: let it depend on d and k only"
        kept = weights(model)
        names = model.trained()
        unknown = sorted(set(names or ()) - set(model.shapes(size, K)))
        if unknown:
            yield f"trained() names {', '.join(unknown)}, which shapes() does not have{where}"
        if model.has_width and names is not None and not names:
            yield f"trained() is empty, so that nothing would be trained{where}: return None for all weights"
        if lost := sorted(set(model.shapes(size, K)) - set(kept)):
            yield f"extend() loses {', '.join(lost)}{where}: return the weights it got and what is added"
        weight = model.loss_weight()
        if not (isinstance(weight, float | int) and 0 < weight < float("inf")):
            yield f"loss_weight() is {weight!r}{where}, expected a positive number"
        if not isinstance(model.describe(), ModelTraits):
            yield f"describe() returned {model.describe()!r}{where}, expected ModelTraits"


def forward(subject: Subject) -> Iterator[str]:
    """Outputs are of shape (n,), of the dtype and on the device of the weights, and finite."""
    import torch

    for model, options in variants(subject.item):
        where, size = told(options), accepted(model)
        drawn = weights(model, size)
        for dtype in ("float32", "float64"):
            params, x = tensors(drawn, dtype), inputs(d=size, dtype=dtype)
            found = model.forward(params, x)
            if found.shape != (N,):
                several = found.dim() == 2 and len(found) == N
                remedy = (
                    "; for several outputs set outputs = 'any' and define module_for or shapes_for" if several else ""
                )
                yield f"forward returns shape {tuple(found.shape)} for {N} inputs, expected ({N},){where}{remedy}"
                return
            if found.dtype != x.dtype:
                yield (
                    f"forward returns {str(found.dtype).removeprefix('torch.')} from {dtype}{where}: make constants "
                    "with x.new_zeros or in the dtype of x"
                )
            if not bool(torch.isfinite(found).all()):
                yield f"forward returns numbers that are not finite at Gaussian weights{where}"
        params = {name: value.to("meta") for name, value in tensors(drawn).items()}
        try:
            device = model.forward(params, inputs(d=size).to("meta")).device.type
        except (RuntimeError, NotImplementedError) as error:
            text = str(error).splitlines()[0]
            yield f"forward mixes devices or looks at values{where} ({text}): keep to tensor operations, on x.device"
            continue
        if device != "meta":
            yield f"forward returns a tensor on {device} whatever the device of its weights{where}: use x.device"


def pure(subject: Subject) -> Iterator[str]:
    """Outputs depend on weights and inputs only, and change neither."""
    for model, where, params, x in plain(subject):
        before = {name: value.clone() for name, value in params.items()}
        first, again = twice(lambda model=model, params=params, x=x: model.forward(params, x).clone())  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        if not same(params, before) or not same(x, inputs(d=x.shape[-1])):
            yield f"forward changes its arguments{where}: work on new tensors, without in-place operations"
        elif not same(first, again):
            yield f"forward gives other numbers when called again{where}; {NO_GLOBALS}"


def outputs(subject: Subject) -> Iterator[str]:
    """A model of any number of outputs has shapes and forward for each, those of one output for q = 1."""
    if subject.item.outputs == "one":
        raise NotApplicable("it has one output")
    for made, options in variants(subject.item):
        where, size = told(options), accepted(made)
        if made.shapes_for(size, K, 1) != made.shapes(size, K):
            yield f"shapes_for(d, k, 1) differs from shapes(d, k){where}: stored trials would move"
        rng = np.random.default_rng(0)
        drawn = {name: np.asarray(rng.standard_normal(shape)) for name, shape in made.shapes_for(size, K, 3).items()}
        found = made.forward(tensors(made.extend(drawn)), inputs(d=size))
        if found.shape != (N, 3):
            yield f"forward returns shape {tuple(found.shape)} for 3 outputs{where}, expected {(N, 3)}"


def gradient(subject: Subject) -> Iterator[str]:
    """Gradients agree with central differences in float64."""
    import torch

    generator = torch.Generator().manual_seed(3)
    for model, where, params, x in plain(subject):
        names = trained(model, params)
        if not names:
            raise NotApplicable("nothing is trained")
        moving = {name: params[name].clone().requires_grad_() for name in names}
        outputs = model.forward({**params, **moving}, x)
        pull = torch.randn(outputs.shape, generator=generator, dtype=torch.float64)
        if not outputs.requires_grad:
            yield f"the outputs do not depend on {', '.join(names)}{where}: do not detach, or name them in trained()"
            continue
        got = torch.autograd.grad((outputs * pull).sum(), list(moving.values()), allow_unused=True)
        for name, slope in zip(names, got, strict=True):
            along = torch.randn(params[name].shape, generator=generator, dtype=torch.float64)
            ends = [model.forward({**params, name: params[name] + sign * STEP * along}, x) for sign in (1, -1)]
            numeric = ((ends[0] - ends[1]) * pull).sum() / (2 * STEP)
            exact = torch.zeros_like(numeric) if slope is None else (slope * along).sum()
            if gap := far(exact, numeric, within=1e-5):
                yield (
                    f"the gradient in {name} is off by {gap:.1e} of its size against central differences{where}: "
                    "look for detach(), .data, rounding, or a backward of your own"
                )


def mapped(subject: Subject) -> Iterator[str]:
    """The engine can map forward over a stack of networks, and each gets what it gets alone."""
    import torch
    from torch.func import vmap

    for model, options in variants(subject.item):
        where, size = told(options), accepted(model)
        many = [moved(model, tensors(weights(model, size, seed=seed))) for seed in range(3)]
        if not many[0]:
            raise NotApplicable("it has no weights")
        x = torch.stack([inputs(d=size, seed=seed) for seed in range(3)])
        stacked = {name: torch.stack([one[name] for one in many]) for name in many[0]}
        try:
            found = vmap(model.forward)(stacked, x)
        except RuntimeError as error:
            text = str(error).splitlines()[0]
            yield f"torch.func.vmap cannot map forward{where} ({text}): no .item(), no if on values, nothing in place"
            continue
        alone = torch.stack([model.forward(one, x[i]) for i, one in enumerate(many)])
        if gap := far(found, alone):
            yield f"mapped over a stack, forward differs by {gap:.1e} from one network alone{where}"


def kernel(subject: Subject) -> Iterator[str]:
    """The kernel in closed form is JJᵀ of forward."""
    import torch

    if subject.item.kernel is Model.kernel:
        raise NotApplicable("kernel() is not defined; the engine differentiates forward")
    if not subject.item.has_width:
        raise NotApplicable("a limit of infinite width has no other form")
    for model, where, params, x in plain(subject):
        found = model.kernel(params, x)
        if found is None:
            continue
        expected = jacobian_kernel(model, params, x)
        if gap := far(found, expected):
            yield (
                f"kernel() differs from JJᵀ of forward by {gap:.1e}{where}: sum ∂f/∂w (∂f/∂w)ᵀ over every weight that "
                "trained() names, or leave kernel() out"
            )
        if found.dtype != torch.float64:
            yield f"kernel() returns {found.dtype} from float64{where}: keep the dtype of x"


def jacobian_kernel(model: Model, params: Params, x: Tensor) -> Tensor:
    """Return JJᵀ by reverse differentiation, one output at a time."""
    import torch

    names = trained(model, params)
    moving = {name: params[name].clone().requires_grad_() for name in names}
    outputs = model.forward({**params, **moving}, x)
    rows = []
    for output in outputs:
        parts = torch.autograd.grad(output, list(moving.values()), retain_graph=True, allow_unused=True)
        flat = [
            (torch.zeros_like(params[name]) if part is None else part).reshape(-1)
            for name, part in zip(names, parts, strict=True)
        ]
        rows.append(torch.cat(flat))
    jacobian = torch.stack(rows)
    return jacobian @ jacobian.mT


def linear(subject: Subject) -> Iterator[str]:
    """A model that calls itself linear is affine in what it trains."""
    import torch

    claimed = False
    generator = torch.Generator().manual_seed(4)
    for model, where, params, x in plain(subject):
        names = trained(model, params)
        if not model.linear() or not names:
            continue
        claimed = True
        along = {n: torch.randn(params[n].shape, generator=generator, dtype=torch.float64) for n in names}
        ends = [
            model.forward({**params, **{n: params[n] + sign * along[n] for n in names}}, x) for sign in (-1.0, 0.0, 1.0)
        ]
        if gap := far(ends[0] + ends[2], 2 * ends[1]):
            yield f"linear() is true, but forward bends by {gap:.1e} along trained weights{where}: return False"
    if not claimed:
        raise NotApplicable("linear() is false")


def shallow_form(subject: Subject) -> Iterator[str]:
    """The shallow net that it says it is gives the same outputs, and trains the same weights."""
    import torch

    stated = False
    layers = {"hidden": {"W", "b"}, "output": {"v", "c"}, "all": {"W", "b", "v", "c"}}
    for model, where, params, x in plain(subject):
        form, traits = model.shallow_form(), model.describe()
        if form is None and not traits.shallow:
            continue
        stated = True
        activation = form.activation if form is not None else traits.phi or traits.activation or ""
        trains = form.trains if form is not None else traits.trains
        said = "shallow_form()" if form is not None else "describe()"
        unknown = isinstance(activation, str) and activation not in ACTIVATIONS
        if unknown or not {"W", "v"} <= params.keys():
            yield f"{said} speaks of a shallow net with W, v and activation {str(activation)!r}{where}: it is none"
            continue

        def net(weights: Params, phi: Activation = named(activation), x: Tensor = x) -> Tensor:  # noqa: B008  # as x
            z = x @ weights["W"].mT + weights.get("b", torch.zeros(()).to(x))
            outputs: Tensor = phi.forward(z) @ weights["v"] + weights.get("c", torch.zeros(()).to(x))
            return outputs

        expected = net(params)
        if form is not None:
            start = tensors(weights(model))
            expected = form.scale * (expected - (net(start) if form.centred else 0.0))
        if gap := far(model.forward(params, x), expected):
            yield f"{said} describes another network than forward, by {gap:.1e}{where}: mend one, or return None"
        wanted = layers[trains or "all"] & {"W", "b", "v", "c"} & model.shapes(x.shape[-1], K).keys()
        if set(trained(model, params)) != wanted:
            yield f"{said} trains {', '.join(sorted(wanted))}, trained() names {trained(model, params)}{where}"
    if not stated:
        raise NotApplicable("it does not say that it is a shallow net")


MODEL = ("model",)
CHECKS = (
    Check("shapes", MODEL, shapes),
    Check("forward", MODEL, forward),
    Check("outputs", MODEL, outputs),
    Check("global state", MODEL, pure),
    Check("gradient", MODEL, gradient),
    Check("mapped", MODEL, mapped),
    Check("kernel", MODEL, kernel),
    Check("linear", MODEL, linear),
    Check("shallow form", MODEL, shallow_form),
)
