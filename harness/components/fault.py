"""Faults of batches, and what their causes say about the trials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.complaints import printable
from harness.components import Outcome

FaultKind = Literal["memory", "error", "late", "lost", "changed"]
"""Kinds of faults.

Memory ran out, code raised or crashed, the time limit passed, the worker was ended from outside, or the code of a
plugin is not the code that the driver loaded, which ends the run.
"""

MOST = 500
"""Largest length of a message in characters."""

_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "unable to allocate", "alloc_failed")
"""Words in errors of the allocators of GPUs and CPUs, in lower case."""


@dataclass(frozen=True)
class Fault:
    """The reason why a batch has no outcomes.

    Attributes:
        kind: Kind of the fault. ``lost`` does not count against the trials, because the process was ended from outside
            or the machine is gone.
        message: One printable line.
        seed: Seed of the trial at fault, or None if any trial of the batch may be at fault.
    """

    kind: FaultKind
    message: str
    seed: int | None = None


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory ran out, on a GPU or not.

    >>> is_out_of_memory(RuntimeError("CUDA out of memory. Tried to …")), is_out_of_memory(KeyError("memory"))
    (True, False)
    """
    if isinstance(error, MemoryError):
        return True
    try:
        said = str(error).lower()
    except Exception:  # an error of a plugin's own
        return False
    return isinstance(error, RuntimeError) and any(words in said for words in _MEMORY)


def said(error: BaseException) -> str:
    r"""Return the message of an error with its type, on one printable line of limited length.

    >>> said(ValueError("no \x1b[31m\n inputs"))
    'ValueError: no �[31m inputs'
    """
    try:
        text = printable(str(error)[: 4 * MOST])
    except Exception:  # its text may come from a plugin's code
        text = ""
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= MOST else line[: MOST - 1] + "…"


def fault_of(error: BaseException) -> Fault:
    """Return the fault for an error of the training itself."""
    return Fault("memory" if is_out_of_memory(error) else "error", said(error))


def error_outcome(seed: int, rungs: int, message: str) -> Outcome:
    """Return the outcome of a trial that could not be trained: neither fit nor unfit.

    Args:
        seed: Seed of the trial.
        rungs: Number of tolerances.
        message: Description of the error.

    Returns:
        The outcome.
    """
    return Outcome(seed, (None,) * rungs, 0, math.nan, message=message or "it could not be trained")
