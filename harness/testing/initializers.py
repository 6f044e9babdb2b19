"""Checks of initializers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.components import Initializer, Model, Problem, Weights
from harness.engine.draws import canonical
from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.samples import models_for, of_several, problem, variants
from harness.testing.state import FROM_RNG, same, twice

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = ((6, 4), (3, 5))
"""Samples and input dimension."""


def rng(seed: int = 0) -> np.random.Generator:
    """Return a random stream."""
    return np.random.Generator(np.random.Philox(key=seed))


def _partner(subject: Subject, made: Initializer) -> Model:
    """Return a model that the initializer draws for.

    Raises:
        ValueError: If it accepts none of the available models.
    """
    said = ""
    for model in models_for(subject):
        if not made.accepts(model):
            said = said or f"it does not accept {model.name}"
            continue
        try:
            made.draw(model, problem(), 2 * made.width_step, rng())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            said = said or f"{model.name}: {type(error).__name__}: {error}"
            continue
        return model
    raise ValueError(
        f"it draws for no model at hand ({said}); provide a regime that uses it, so that a model that suits it is known"
    )


def draws(subject: Subject) -> Iterator[str]:
    """It draws finite float64 arrays in the shapes of the model, at every width that it admits."""
    step = subject.item.width_step
    if type(step) is not int or step < 1:
        yield f"width_step is {step!r}, expected a positive whole number"
        return
    for made, options in variants(subject.item):
        model, where = _partner(subject, made), told(options)
        for n, d in SIZES:
            for k in (step, 2 * step, 3 * step):
                yield from _fits(made, model, problem(n, d), k, where)
            if made.outputs == model.outputs == "any":
                yield from _fits(made, model, of_several(problem(n, d)), step, where)


def _fits(made: Initializer, model: Model, given: Problem, k: int, where: str) -> Iterator[str]:
    expected = model.shapes_for(given.d, k, given.q)
    before = given.x.copy(), given.y.copy()
    found = made.draw(model, given, k, rng())
    if not same((given.x, given.y), before):
        yield f"draw changes the problem{where}: copy arrays before you write to them"
    shapes = {name: np.shape(value) for name, value in found.items()}
    if shapes != expected:
        yield f"at k = {k} draw returns {shapes}{where}; model.shapes(problem.d, k) of {model.name} asks for {expected}"
    for name, value in found.items():
        if not isinstance(value, np.ndarray) or value.dtype != np.float64:
            kind = getattr(value, "dtype", type(value).__name__)
            yield f"{name} is {kind}{where}, expected a float64 array: np.asarray(…, dtype=np.float64)"
        elif not np.isfinite(value).all():
            yield f"{name} is not finite at n = {given.n}, d = {given.d}, k = {k}{where}"


def state(subject: Subject) -> Iterator[str]:
    """The same rng gives the same weights, whatever the global state."""
    for made, options in variants(subject.item):
        model = _partner(subject, made)

        def draw(made: Initializer = made, model: Model = model) -> Weights:
            return made.draw(model, problem(), 4 * made.width_step, rng(7))

        if not same(*twice(draw)):
            yield f"draw gives other weights from the same rng{told(options)}: {FROM_RNG}"


def stream(subject: Subject) -> Iterator[str]:
    """The name of its stream is plain data, and the same whenever it is asked for."""
    for made, options in variants(subject.item):
        shapes = _partner(subject, made).shapes(4, 4 * made.width_step)
        found = made.stream(shapes)
        try:
            canonical(found)
        except (TypeError, ValueError) as error:
            yield f"stream returns what is no plain data{told(options)} ({error}): numbers, strings, lists and tables"
            continue
        if found != made.stream(shapes):
            yield f"stream returns other data when it is asked again{told(options)}: name the same stream each time"


def accepts(subject: Subject) -> Iterator[str]:
    """It draws for every model at hand that it accepts, and says what it needs if it refuses any."""
    if subject.item.accepts is Initializer.accepts:
        raise NotApplicable("it does not define accepts(), and so accepts every model")
    for made, options in variants(subject.item):
        for model in models_for(subject):
            if not made.accepts(model):
                if not made.needs:
                    yield f"accepts() refuses model {model.name}{told(options)}, but needs is empty: say what it needs"
                continue
            try:
                made.draw(model, problem(), 2 * made.width_step, rng())
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
                yield f"accepts() takes model {model.name}{told(options)}, but draw raises {said}"


CHECKS = (
    Check("accepts", ("initializer",), accepts),
    Check("draws", ("initializer",), draws),
    Check("global state", ("initializer",), state),
    Check("stream", ("initializer",), stream),
)
