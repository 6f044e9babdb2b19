"""Checks of activations: the slope and the bounds against differences, and every fast form against φ in float64."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np

from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.samples import variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.components import Activation, Array

HALF_STEP = 1e-5
"""Half of the step of central differences."""

CLOSE = {"float32": 3e-5, "float64": 1e-11}
"""Largest error of a form against NumPy in float64, relative for values above 1."""


def _arguments() -> Array:
    """Return arguments on both sides of 0, which is none of them, dense enough to see the bounds."""
    size = 30.0 * (np.arange(1, 40_001) / 40_000) ** 2
    return np.concatenate([-size[::-1], size])


def _gap(found: Array, expected: Array) -> float:
    """Return the largest error, relative where the expected value is above 1, or infinity for NaN and other shapes."""
    if np.shape(found) != np.shape(expected):
        return np.inf
    gap = float(np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected))))
    return gap if np.isfinite(gap) else np.inf


def slope(subject: Subject) -> Iterator[str]:
    """φ' is the derivative of φ, and φ'' that of φ' where it is given."""
    z = _arguments()
    z = z[np.abs(z) > 2.0 * HALF_STEP]  # differences across a kink at 0 are no slopes
    for phi, options in variants(subject.item):
        where = told(options)
        second = phi.d2phi(z)
        pairs = [("dphi", "phi", phi.phi, phi.dphi(z))]
        pairs += [] if second is None else [("d2phi", "dphi", phi.dphi, second)]
        for name, of, function, found in pairs:
            difference = (function(z + HALF_STEP) - function(z - HALF_STEP)) / (2.0 * HALF_STEP)
            if (gap := _gap(found, difference)) > 1e-6:
                yield f"{name} differs from central differences of {of} by {gap:.1e}{where}: mend one of them"


def bounds(subject: Subject) -> Iterator[str]:
    """|φ'| and the difference quotients of φ' and φ'' stay within b1, b2 and b3, up to rounding."""
    z = _arguments()
    for phi, options in variants(subject.item):
        where, slopes = told(options), phi.dphi(z)
        steep = float(np.abs(slopes).max())
        if not steep <= phi.b1 * (1.0 + 1e-9):
            yield f"|φ'| reaches {steep:.6g}, above b1 = {phi.b1:.6g}{where}: raise b1, or let it be math.inf"
        apart = np.diff(z)
        curved = float((np.abs(np.diff(slopes)) / apart)[apart > 1e-6].max())
        if not curved <= phi.b2 * (1.0 + 1e-6):
            yield f"|φ''| reaches {curved:.6g}, above b2 = {phi.b2:.6g}{where}: raise b2, or let it be math.inf"
        if np.isfinite(phi.b3):
            yield from _third(phi, z, where)
        if phi.smooth and not np.isfinite(phi.b2):
            yield f"smooth is true, but b2 is {phi.b2}{where}: theorems of smooth φ need a bound on φ''"


def _third(phi: Activation, z: Array, where: str) -> Iterator[str]:
    """Yield faults of b3: it bounds the difference quotients of φ'', which must be given."""
    second = phi.d2phi(z)
    if second is None:
        yield f"b3 is {phi.b3:.6g}, but d2phi is None{where}: give d2phi, or leave b3 out"
        return
    apart = np.diff(z)
    bent = float((np.abs(np.diff(second)) / apart)[apart > 1e-6].max())
    if not bent <= phi.b3 * (1.0 + 1e-6):
        yield f"|φ'''| reaches {bent:.6g}, above b3 = {phi.b3:.6g}{where}: raise b3, or leave it out"


def symmetries(subject: Subject) -> Iterator[str]:
    """φ is odd and homogeneous where it says so, and smooth where it says that it is analytic."""
    z = _arguments()
    for phi, options in variants(subject.item):
        where = told(options)
        if phi.odd and _gap(phi.phi(-z), -phi.phi(z)) > 1e-12:
            yield f"odd is true, but φ(−z) is not −φ(z){where}: leave odd out"
        if phi.homogeneous and _gap(phi.phi(3.0 * z), 3.0 * phi.phi(z)) > 1e-12:
            yield f"homogeneous is true, but φ(3z) is not 3φ(z){where}: leave homogeneous out"
        if phi.analytic and not phi.smooth:
            yield f"analytic is true and smooth is not{where}: an analytic φ is smooth"


def tensors(subject: Subject) -> Iterator[str]:
    """The forms for tensors have the values of those for arrays."""
    import torch

    for phi, options in variants(subject.item):
        where = told(options)
        for dtype, close in CLOSE.items():
            z = torch.from_numpy(_arguments()).to(getattr(torch, dtype))
            exact = z.double().numpy()
            argument = z.clone().requires_grad_()
            value = phi.forward(argument)
            (derivative,) = torch.autograd.grad(value, argument, torch.ones_like(value))
            in_place, slopes = z.clone(), torch.empty_like(z)
            phi.activate_(in_place, slopes)
            for name, found, expected in (
                ("forward", value.detach(), phi.phi(exact)),
                ("the gradient of forward", derivative, phi.dphi(exact)),
                ("φ of activate_", in_place, phi.phi(exact)),
                ("the slope of activate_", slopes, phi.dphi(exact)),
            ):
                if (gap := _gap(found.double().numpy(), expected)) > close:
                    yield f"{name} differs from NumPy by {gap:.1e} in {dtype}{where}"


def in_kernel(subject: Subject) -> Iterator[str]:
    """The C++ statements have the values of the form for arrays."""
    from harness.engine.fused.binding import aligned, compiled
    from harness.engine.fused.build import Real
    from harness.engine.fused.compiler import NoKernel, compiler

    if subject.item().cpp() is None:
        raise NotApplicable("cpp() is None; the stacked solver trains")
    try:
        compiler()
    except NoKernel as error:
        raise NotApplicable(str(error)) from error
    reals: tuple[tuple[Real, type[np.floating], str], ...] = (
        ("float", np.float32, "float32"),
        ("double", np.float64, "float64"),
    )
    for phi, options in variants(subject.item):
        where = told(options)
        for real, dtype, name in reals:
            arguments = _arguments()
            z, value, slopes = (aligned(arguments.shape, dtype) for _ in range(3))
            z[:] = arguments
            try:
                library = compiled(real, phi)
            except NoKernel as error:
                yield f"its C++ statements cannot be compiled{where}: {error}"
                return
            pointers = [ctypes.c_void_p(array.ctypes.data) for array in (z, value, slopes)]
            library.harness_activate(ctypes.c_int64(len(z)), *pointers)
            exact = z.astype(np.float64)
            for what, found, expected in (("phi", value, phi.phi(exact)), ("slope", slopes, phi.dphi(exact))):
                if (gap := _gap(found.astype(np.float64), expected)) > CLOSE[name]:
                    yield f"in C++ {what} differs from NumPy by {gap:.1e} in {name}{where}"


ACTIVATION = ("activation",)
CHECKS = (
    Check("slope", ACTIVATION, slope),
    Check("bounds", ACTIVATION, bounds),
    Check("symmetries", ACTIVATION, symmetries),
    Check("tensors", ACTIVATION, tensors),
    Check("kernel", ACTIVATION, in_kernel),
)
