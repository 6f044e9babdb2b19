"""A dataset and a theory that misbehave in a way that the number of samples chooses."""

from __future__ import annotations

import ctypes
import inspect
import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import Array, Dataset, Problem, Regime, Theory, Width, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

HOW = {
    3: "deep",
    4: "exit",
    5: "hang",
    6: "abort",
    7: "segv",
    8: "fork",
    9: "thread",
    10: "limit",
    11: "silent",
    12: "calm",
}
LONG = 600.0
"""Seconds that forks and threads stay. Longer than the whole run may take."""


def recurse(times: int) -> None:
    """Call itself so many times."""
    if times:
        recurse(times - 1)


def misbehave(how: str) -> None:
    """Do what the word says."""
    if how == "exit":
        os._exit(0)
    elif how == "hang":
        time.sleep(LONG)
    elif how == "abort":
        os.abort()
    elif how == "segv":
        ctypes.string_at(0)
    elif how == "fork" and os.fork() == 0:
        time.sleep(LONG)
        os._exit(0)
    elif how == "thread":
        threading.Thread(target=time.sleep, args=(LONG,)).start()
    elif how == "limit":
        sys.setrecursionlimit(len(inspect.stack()) + 100)
    elif how == "deep":
        recurse(500)
    elif how == "silent":
        sys.stdout = None


@dataclass(frozen=True)
class Rude(Dataset):
    """Gaussian inputs and labels, after the misbehaviour that n chooses, unless it is to be polite."""

    name: ClassVar[str] = "rude"

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        if "POLITE" not in os.environ:
            misbehave(HOW[n])
        return rng.standard_normal((n, d)), rng.standard_normal(n)


@dataclass(frozen=True)
class Crash(Theory):
    """A theory that crashes if n is that of calm problems."""

    name = "crash"
    title = "Rude 2026"
    reference = "none"
    guarantee = "existence"
    certainty = "memory"
    formula = "k ≥ 1"
    home: ClassVar[dict[str, str]] = {"use": "moderate"}

    def concerns(self, regime: Regime) -> bool:
        return True

    def width(self, problem: Problem, regime: Regime) -> Width:
        if HOW[problem.n] == "calm":
            misbehave("abort")
        return Width(7.0)


@hookimpl
def harness_datasets() -> Iterable[type[Dataset]]:
    return [Rude]


@hookimpl
def harness_theories() -> Iterable[type[Theory]]:
    return [Crash]
