"""The number of steps of a launch, so that none takes much longer than a second, and how many there are at a time.

A device that also draws a screen ends programs that take longer than some seconds, and a run that is interrupted waits
for the launch. The time is estimated from the multiply-adds of the padded network at rates that are low on purpose.
Results do not depend on it.
"""

from __future__ import annotations

import functools
import sys

import torch

ABREAST = 4
"""Launches that are in flight at a time."""

CHUNK = 2000
"""Most steps of a launch; between launches networks that have ended are left out, and others may be looked at."""

SECONDS = 1.0
"""Longest estimated time of a launch, in seconds."""

RATE, DOUBLE_RATE = 1e10, 2e9
"""Multiply-adds a second of one program, on its own multiprocessor: a twentieth of a data centre's one in float32."""

PRODUCT_RATE, PRODUCT_DOUBLE_RATE = 1e12, 2e11
"""Multiply-adds a second of a whole device in the libraries' matrix products."""


def steps_of_program(size: int, programs: int, multiprocessors: int, *, double: bool) -> int:
    """Return the most steps of a launch in which each program trains one network.

    Args:
        size: Largest padded n·d·k of the networks. A step has twice as many multiply-adds.
        programs: Networks that the launch trains.
        multiprocessors: Programs that run at a time, if each has its own.
        double: Precision.

    >>> steps_of_program(256 * 32 * 16, 132, 132, double=False)
    2000
    >>> steps_of_program(256 * 32 * 16, 10_000, 132, double=False)
    501
    """
    rounds = -(-programs // multiprocessors)
    return _steps(size * rounds, DOUBLE_RATE if double else RATE)


def steps_of_library(size: int, *, double: bool) -> int:
    """Return the most steps between two looks at a network that the libraries' products train.

    Args:
        size: n·d·k of the network.
        double: Precision.

    >>> steps_of_library(5000 * 784 * 300, double=False)
    425
    """
    return _steps(size, PRODUCT_DOUBLE_RATE if double else PRODUCT_RATE)


def multiprocessors(device: str) -> int:
    """Return the number of multiprocessors of a CUDA device, or 1 for Triton's interpreter."""
    where = torch.device(device)
    if where.type != "cuda":
        return 1
    return int(torch.cuda.get_device_properties(where).multi_processor_count)


def free_bytes(device: str) -> int:
    """Return the memory of a CUDA device that is free or that torch keeps unused, or no limit for the interpreter."""
    where = torch.device(device)
    if where.type != "cuda":
        return sys.maxsize
    free, _ = torch.cuda.mem_get_info(where)
    return int(free + torch.cuda.memory_reserved(where) - torch.cuda.memory_allocated(where))


@functools.cache
def streams(device: str) -> tuple[torch.cuda.Stream | None, ...]:
    """Return a stream of a CUDA device for each launch in flight, or None for each in the interpreter.

    They are the same each time, as torch keeps unused memory by stream.
    """
    where = torch.device(device)
    on_device = where.type == "cuda"
    return tuple(torch.cuda.Stream(where) if on_device else None for _ in range(ABREAST))  # type: ignore[no-untyped-call]  # torch's own


def _steps(size: int, rate: float) -> int:
    return max(1, min(CHUNK, int(SECONDS * rate / (2 * size))))
