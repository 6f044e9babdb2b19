"""Checks of criteria."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from harness.components import Criterion, ResidualCriterion
from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.models import STEP, far
from harness.testing.samples import N, problem, variants
from harness.testing.state import NO_GLOBALS, same, twice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

FRACTIONS = (1.0, 0.5, 0.2, 0.1, 0.01)
"""Factors of a residual, decreasing towards an exact fit."""


MARGINS = (0.5, 1.0, 3.0, 10.0, 1e3)
"""Sizes of outputs of the right classes."""

CLASSES = 3
"""Columns of labels with several outputs."""


def _labels(made: Criterion, dtype: str = "float64") -> Tensor:
    """Return labels of the first kind that the criterion is defined on."""
    import torch

    numbers = torch.tensor(problem().y, dtype=getattr(torch, dtype))
    kind = made.targets[0]
    if kind == "values":
        return torch.stack([numbers.roll(column) for column in range(CLASSES)], 1)
    if kind == "one-hot":
        return torch.eye(CLASSES, dtype=numbers.dtype)[torch.arange(N) % CLASSES]
    return numbers.sign() if kind == "signs" else numbers


def _fit(made: Criterion, y: Tensor) -> Tensor:
    """Return outputs that fit exactly: the labels, or for classes outputs of the right sign or class that are large."""
    return 1e3 * y if made.targets[0] in ("signs", "one-hot") else y


def _residual(seed: int, like: Tensor) -> Tensor:
    import torch

    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def exact_fit(subject: Subject) -> Iterator[str]:
    """The measure is zero on an exact fit. Measure and loss fall on the way to it, or for classes are lower there."""
    for made, options in variants(subject.item):
        where, y = told(options), _labels(made)
        fit = _fit(made, y)
        at_fit = float(made.measure(fit, y))
        if at_fit != 0.0:
            yield f"measure is {at_fit:g} where outputs equal labels{where}, expected 0: measure the distance to a fit"
        for seed in range(3):
            fault = _on_the_way(made, y, fit, seed) if fit is y else _of_classes(made, y, seed)
            if fault:
                yield f"{fault[0]}{where}: {fault[1]}"
                return


def _on_the_way(made: Criterion, y: Tensor, fit: Tensor, seed: int) -> tuple[str, str] | None:
    """Return what is wrong on the straight way from other outputs to labels that are numbers, or None."""
    way = _residual(seed, y)
    ends = [fit + t * way for t in FRACTIONS] + [fit]
    for what in ("measure", "loss"):
        values = [float(getattr(made, what)(f, y)) for f in ends]
        if not values[0] > values[-1] or any(b > a for a, b in pairwise(values)):
            shown = ", ".join(f"{value:.3g}" for value in values)
            return f"{what} does not fall on the straight way to an exact fit", shown
    return None


def _of_classes(made: Criterion, y: Tensor, seed: int) -> tuple[str, str] | None:
    """Return what is wrong between outputs of wrong classes and such of the right ones, or None.

    The share of errors is flat nearly everywhere, and a loss may be least at a finite margin.
    """
    wrong = _residual(seed, y) - y
    for what in ("measure", "loss"):
        there, least = float(getattr(made, what)(wrong, y)), min(float(getattr(made, what)(s * y, y)) for s in MARGINS)
        if not there > least:
            return (
                f"{what} is no lower where all classes are right than where most are wrong",
                f"{there:.3g}, {least:.3g}",
            )
    return None


def shapes(subject: Subject) -> Iterator[str]:
    """Loss and measure are scalars, of the dtype and on the device of the outputs, and can be mapped over networks."""
    import torch
    from torch.func import grad, vmap

    for made, options in variants(subject.item):
        where = told(options)
        for dtype in ("float32", "float64"):
            y = _labels(made, dtype)
            for what in ("loss", "measure"):
                found = getattr(made, what)(y + 0.3, y)
                if not isinstance(found, torch.Tensor) or found.shape != () or found.dtype != y.dtype:
                    yield f"{what} returns {_said(found)} from {dtype} outputs{where}, expected a scalar of that dtype"
                    return
        y = _labels(made)
        outputs = torch.stack([y + _residual(seed, y) for seed in range(3)])
        labels = torch.stack([y] * 3)
        try:
            slopes = vmap(grad(made.loss))(outputs, labels)
        except RuntimeError as error:
            text = str(error).splitlines()[0]
            yield f"torch.func cannot differentiate or map the loss{where} ({text}): no .item(), no if on values"
            continue
        for lane in range(3):
            if gap := far(slopes[lane], grad(made.loss)(outputs[lane], labels[lane])):
                yield f"mapped over networks, the loss has a gradient {gap:.1e} away{where}: use the last axis only"
        meta = made.measure(outputs[0].to("meta"), labels[0].to("meta"))
        if meta.device.type != "meta":
            yield f"measure returns a tensor on {meta.device.type} whatever the device of the outputs{where}"


def _said(found: object) -> str:
    if hasattr(found, "shape") and hasattr(found, "dtype"):
        return f"shape {tuple(found.shape)} {str(found.dtype).removeprefix('torch.')}"
    return type(found).__name__


def gradient(subject: Subject) -> Iterator[str]:
    """The gradient of the loss agrees with central differences in float64."""
    from torch.func import grad

    for made, options in variants(subject.item):
        y = _labels(made)
        along, outputs = _residual(9, y), y + _residual(1, y)
        numeric = (made.loss(outputs + STEP * along, y) - made.loss(outputs - STEP * along, y)) / (2 * STEP)
        if gap := far((grad(made.loss)(outputs, y) * along).sum(), numeric, within=1e-5):
            where = told(options)
            yield f"the gradient of the loss is off by {gap:.1e} against central differences{where}: no detach()"


def curvature(subject: Subject) -> Iterator[str]:
    """The curvature bounds the second derivatives of the loss from above."""
    import torch
    from torch.func import grad, jacrev

    stated = False
    for made, options in variants(subject.item):
        bound = made.curvature(N)
        if bound is None:
            continue
        stated = True
        if not 0 < bound < float("inf"):
            yield f"curvature({N}) is {bound!r}{told(options)}, expected a positive number, or None where none is known"
            continue
        y = _labels(made)
        for seed, scale in ((0, 1.0), (1, 0.1), (2, 5.0)):
            second = jacrev(grad(made.loss))(y + scale * _residual(seed, y), y).reshape(y.numel(), y.numel())
            largest = float(torch.linalg.eigvalsh(second).max())
            if largest > bound * (1 + 1e-9):
                yield (
                    f"curvature({N}) is {bound:g}, but the loss curves by {largest:.4g}{told(options)}: the stable "
                    "step would be too long; return a bound, or None"
                )
                break
    if not stated:
        raise NotApplicable("curvature() is None; step sizes must then be numbers")


def reduction(subject: Subject) -> Iterator[str]:
    """The loss of all samples twice is twice the loss if it is a sum, and the same if it is a mean."""
    import torch

    for made, options in variants(subject.item):
        y = _labels(made)
        outputs = y + _residual(1, y)
        once, twice_over = made.loss(outputs, y), made.loss(torch.cat([outputs, outputs]), torch.cat([y, y]))
        found = {"sum": far(twice_over, 2 * once) == 0, "mean": far(twice_over, once) == 0}
        if made.reduction not in found:
            yield f"reduction is {made.reduction!r}, expected 'sum' or 'mean'"
        elif found["sum" if made.reduction == "mean" else "mean"]:
            yield (
                f"reduction is {made.reduction!r}, but every sample twice gives {float(twice_over / once):.4g} times "
                f"the loss{told(options)}: minibatch steps would have the wrong length"
            )


def residual_norm(subject: Subject) -> Iterator[str]:
    """A criterion of the residual norm is what its class says: loss a/2 ‖f − y‖², measure a function of the norms."""
    import numpy as np
    import torch

    if not issubclass(subject.item, ResidualCriterion):
        raise NotApplicable("it is no ResidualCriterion")
    for made, options in variants(subject.item):
        where, y = told(options), _labels(made)
        outputs = y + _residual(1, y)
        norm, y_norm = (outputs - y).norm(), y.norm()
        if gap := far(made.loss(outputs, y), 0.5 * made.curvature(N) * norm**2):
            yield f"loss is {gap:.1e} away from a/2 ‖f − y‖², a = curvature(n){where}: derive from Criterion instead"
        if gap := far(made.measure(outputs, y), torch.as_tensor(made.measure_norm(norm, y_norm, N)).to(y)):
            yield f"measure is {gap:.1e} away from measure_norm{where}: define the latter only"
        norms = np.array([0.0, 1e-8, 1e-3, 0.5, 2.0, 100.0])
        measured = np.asarray(made.measure_norm(norms, np.full(len(norms), float(y_norm)), N))
        if measured.shape != norms.shape or not (np.diff(measured) > 0).all() or measured[0] != 0:
            yield f"measure_norm is {measured.tolist()} at norms {norms.tolist()}{where}, expected increasing from 0"


def claims(subject: Subject) -> Iterator[str]:
    """Loss and measure are what ``derivative`` and ``per_sample`` say of them to a compiled solver."""
    import torch
    from torch.func import grad

    stated = False
    for made, options in variants(subject.item):
        where, y = told(options), _labels(made)
        outputs = y + 2.0 * _residual(1, y)
        if (form := made.derivative()) is not None:
            stated = True
            told_slope = outputs.softmax(-1) - y if form == "softmax" else -y * torch.sigmoid(-y * outputs)
            if gap := far(grad(made.loss)(outputs, y), told_slope):
                yield f"the gradient of the loss is {gap:.1e} away from derivative() {form!r}{where}: return None"
        if (mean := made.per_sample()) is not None:
            stated = True
            total = made.loss(outputs, y) if mean == "loss" else made.wrong(outputs, y)
            if gap := far(made.measure(outputs, y), total / N):
                yield f"measure is {gap:.1e} away from the {mean} per sample, as per_sample() says{where}: return None"
    if not stated:
        raise NotApplicable("derivative() and per_sample() are None")


def state(subject: Subject) -> Iterator[str]:
    """Loss and measure depend on outputs and labels only, and change neither."""
    for made, options in variants(subject.item):
        y = _labels(made)
        outputs = y + _residual(1, y)
        before = outputs.clone()

        def both(made: Criterion = made, outputs: Tensor = outputs, y: Tensor = y) -> tuple[Tensor, Tensor]:
            return made.loss(outputs, y), made.measure(outputs, y)

        first, again = twice(both)
        if not same(outputs, before) or not same(y, _labels(made)):
            yield f"outputs or labels are changed{told(options)}: work on new tensors, without in-place operations"
        elif not same(first, again):
            yield f"other numbers when called again{told(options)}; {NO_GLOBALS}"


CRITERION = ("criterion",)
CHECKS = (
    Check("exact fit", CRITERION, exact_fit),
    Check("shapes", CRITERION, shapes),
    Check("gradient", CRITERION, gradient),
    Check("curvature", CRITERION, curvature),
    Check("reduction", CRITERION, reduction),
    Check("residual norm", CRITERION, residual_norm),
    Check("claims", CRITERION, claims),
    Check("global state", CRITERION, state),
)
