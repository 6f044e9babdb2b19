"""Checks of datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.components import Array, Dataset, Targets
from harness.engine.draws import canonical
from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.initializers import rng
from harness.testing.samples import variants
from harness.testing.state import FROM_RNG, same, twice

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = ((12, 5), (6, 8), (8, 8), (40, 10), (20, 3))
"""Samples and input dimension; a dataset may refuse some of them with a ValueError."""


def _drawn(made: Dataset) -> list[tuple[int, int]]:
    """Return the sizes that the dataset has.

    Raises:
        NotApplicable: If it refuses all of them.
    """
    said, sizes = "", []
    for n, d in SIZES:
        try:
            made.draw(n, d, rng())
        except (ValueError, ModuleNotFoundError) as error:
            said = said or str(error)
        else:
            sizes.append((n, d))
    if not sizes:
        raise NotApplicable(f"with these options it draws nothing at any size tried ({said})")
    return sizes


def _tried(subject: Subject) -> Iterator[tuple[Dataset, str, list[tuple[int, int]]]]:
    """Return the dataset under each of its options, with the sizes that it has."""
    refused: NotApplicable | None = None
    count = 0
    for made, options in variants(subject.item):
        try:
            sizes = _drawn(made)
        except NotApplicable as error:
            refused = refused or error
            continue
        count += 1
        yield made, told(options), sizes
    if not count and refused is not None:
        raise refused


def draws(subject: Subject) -> Iterator[str]:
    """It draws finite float64 inputs (n, d) and labels, (n,) or (n, q), of the kind it states and not all zero."""
    for made, where, sizes in _tried(subject):
        for n, d in sizes:
            drawn = made.draw(n, d, rng())
            if not isinstance(drawn, tuple) or len(drawn) != 2:
                yield f"draw returns {type(drawn).__name__}{where}, expected inputs and labels: return x, y"
                return
            q = made.targets().outputs
            for what, array, shape in (("inputs", drawn[0], (n, d)), ("labels", drawn[1], (n,) if q == 1 else (n, q))):
                if not isinstance(array, np.ndarray) or array.dtype != np.float64:
                    kind = getattr(array, "dtype", type(array).__name__)
                    yield f"{what} are {kind}{where}, expected a float64 array: np.asarray(…, dtype=np.float64)"
                elif array.shape != shape:
                    yield f"{what} have shape {array.shape} at n = {n}, d = {d}{where}, expected {shape}"
                elif not np.isfinite(array).all():
                    yield f"{what} are not finite at n = {n}, d = {d}{where}: refuse such a size with a ValueError"
                elif what == "labels" and not array.any():
                    yield f"labels are all zero at n = {n}, d = {d}{where}: there is nothing to fit"
                elif what == "labels" and not _of_kind(array, made.targets()):
                    yield f"targets() says that labels are {made.targets().kind}{where}, but those drawn are not"


def _of_kind(labels: Array, targets: Targets) -> bool:
    """Return whether labels are of the kind that is stated, as far as they show it."""
    if targets.kind == "signs":
        return bool((np.abs(labels) == 1).all())
    if targets.kind == "one-hot":
        return bool(((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all())
    return targets.kind is None or (targets.kind == "values") == (targets.outputs > 1)


def split(subject: Subject) -> Iterator[str]:
    """Further samples have the form of the problem, and leave it as it is."""
    if subject.item.split is Dataset.split:
        raise NotApplicable("it does not define split(), and so has no held-out samples")
    for made, where, ((n, d), *_) in _tried(subject):
        (x, y), *others = made.split(n, d, rng(1), [(5, rng(2)), (3, rng(3))])
        shapes = [(a.shape, b.shape) for a, b in others]
        if shapes != [((size, d), (size, *y.shape[1:])) for size in (5, 3)]:
            yield f"split returns further samples of shapes {shapes}{where}, expected the form of the problem's"
        again = made.split(n, d, rng(1), [(5, rng(4))])[0]
        if not same((x, y), again):
            yield f"the problem depends on its further samples{where}: draw them from their own sources of randomness"


def state(subject: Subject) -> Iterator[str]:
    """The same rng gives the same problem, whatever the global state."""
    for made, where, ((n, d), *_) in _tried(subject):

        def draw(made: Dataset = made, n: int = n, d: int = d) -> tuple[Array, Array]:
            x, y = made.draw(n, d, rng(3))
            return x.copy(), y.copy()

        if not same(*twice(draw)):
            yield f"draw gives another problem from the same rng{where}: {FROM_RNG}"


def seeds(subject: Subject) -> Iterator[str]:
    """Two streams give two problems, and a drawn problem does not change later."""
    for made, where, ((n, d), *_) in _tried(subject):
        x, y = made.draw(n, d, rng(1))
        kept = x.copy(), y.copy()
        other = made.draw(n, d, rng(2))
        if same(kept, other):
            yield f"two seeds give the same problem{where}: {FROM_RNG}, or trials would not be independent"
        if not same((x, y), kept):
            yield f"a second draw changes the first{where}: return new arrays"


def stream(subject: Subject) -> Iterator[str]:
    """Options that the name of its stream leaves out change the labels at most."""
    named: list[tuple[dict[str, object], tuple[int, int], Array]] = []
    for made, where, ((n, d), *_) in _tried(subject):
        found = made.stream()
        try:
            canonical(found)
        except (TypeError, ValueError) as error:
            yield f"stream returns what is no plain data{where} ({error}): numbers, strings, lists and tables"
            continue
        x, _ = made.draw(n, d, rng(1))
        if any(other == found and size == (n, d) and not same(x, inputs) for other, size, inputs in named):
            yield f"stream leaves out an option that changes the inputs{where}: name it there, or draw inputs first"
        named.append((found, (n, d), x))


DATASET = ("dataset",)
CHECKS = (
    Check("draws", DATASET, draws),
    Check("split", DATASET, split),
    Check("global state", DATASET, state),
    Check("seeds", DATASET, seeds),
    Check("stream", DATASET, stream),
)
