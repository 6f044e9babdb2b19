"""Global states that components must not depend on, and equality to the last bit."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


@contextmanager
def scrambled(seed: int) -> Iterator[None]:
    """Set the random states of Python, NumPy and torch, and torch's default dtype. Restore them afterwards."""
    import torch

    numbers, arrays, tensors = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  # the very state that plugins must leave alone
    dtype = torch.get_default_dtype()
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # the global state is what is tested
    torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
    torch.set_default_dtype(torch.float64 if seed % 2 else torch.float32)
    try:
        yield
    finally:
        random.setstate(numbers)
        np.random.set_state(arrays)  # noqa: NPY002  # the very state that plugins must leave alone
        torch.set_rng_state(tensors)
        torch.set_default_dtype(dtype)


def twice(compute: Callable[[], T]) -> tuple[T, T]:
    """Return the results of one computation under two global states."""
    with scrambled(1):
        first = compute()
    with scrambled(2):
        return first, compute()


def same(one: Any, other: Any) -> bool:  # noqa: PLR0911  # a table of types
    """Return whether two values are equal to the last bit. NaN equals itself.

    >>> same({"a": np.array([np.nan, 1.0])}, {"a": np.array([np.nan, 1.0])})
    True
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    if isinstance(one, float | np.ndarray):
        return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")
    if hasattr(one, "is_meta"):  # a tensor
        alike = one.dtype == other.dtype and one.shape == other.shape
        return alike and bool(((one == other) | (one.isnan() & other.isnan())).all())
    return bool(one == other)


FROM_RNG = "take every random number from the rng that is given"
NO_GLOBALS = "random numbers, torch.rand and the default dtype are global state: use none of them"
