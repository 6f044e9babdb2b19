"""The work of other programs on a machine, which makes times longer."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

BUSY = 0.25
"""Share of all cores that other programs keep busy from which measured times are not trusted."""

MINUTE = 60.0
"""Time over which the operating system averages the load, in seconds."""

_BEGAN = time.perf_counter()


@dataclass(frozen=True)
class MachineLoad:
    """The load of a machine without that of this process.

    Attributes:
        others: Mean number of runnable threads of other programs in the last minute.
        cores: Number of cores of the machine.
    """

    others: float
    cores: int

    @classmethod
    def now(cls) -> MachineLoad:
        """Return the present load. It is 0 where the operating system does not know it."""
        try:
            load = os.getloadavg()[0]
        except (AttributeError, OSError):  # Windows has no load
            load = 0.0
        alive = max(time.perf_counter() - _BEGAN, 1e-9)
        return cls(others_of(load, time.process_time(), alive), os.cpu_count() or 1)

    @property
    def share(self) -> float:
        """The work of others as a share of all cores."""
        return self.others / self.cores

    @property
    def busy(self) -> bool:
        """Whether other programs make times longer."""
        return self.share > BUSY

    def slowdown(self, workers: int) -> float:
        """Return how many times longer a run takes beside the other programs than without them.

        Threads share the cores evenly, so that ``workers`` of them take as long as before while there are cores enough.

        Args:
            workers: Number of workers of the run.
        """
        alone = max(workers / self.cores, 1.0)
        return max((workers + self.others) / self.cores / alone, 1.0) if self.busy else 1.0


def others_of(load: float, processor: float, alive: float) -> float:
    """Return the part of a load that is not this process's own.

    The load is an exponential mean over a minute, so that a process that began lately has a small part in it.

    Args:
        load: Load of the last minute, in runnable threads.
        processor: Processor time of this process, in seconds.
        alive: Time since it began, in seconds.

    >>> [round(others_of(*one), 2) for one in ((3.0, 0.5, 0.5), (3.0, 600.0, 600.0), (0.2, 90.0, 100.0))]
    [2.99, 2.0, 0.0]
    """
    own = min(processor / alive, 1.0) * -math.expm1(-alive / MINUTE)
    return max(load - own, 0.0)


class Stopwatch:
    """Times calls in processor time, and compares that with the clock.

    Attributes:
        on_clock: Whether times are those on the clock, as where a GPU works.
        processor: Processor time of all calls, in seconds.
        clock: Time of all calls on the clock, in seconds.
    """

    def __init__(
        self,
        on_clock: bool = False,
        processor_time: Callable[[], float] = time.process_time,
        clock_time: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take the clocks.

        Args:
            on_clock: Whether times are those on the clock.
            processor_time: Returns the processor time of this process.
            clock_time: Returns the time on the clock.
        """
        self.on_clock, self.processor, self.clock = on_clock, 0.0, 0.0
        self._processor_time, self._clock_time = processor_time, clock_time

    def time(self, call: Callable[[], object]) -> float:
        """Return the time of a call, in seconds.

        Args:
            call: What is timed.
        """
        processor, clock = self._processor_time(), self._clock_time()
        call()
        processor, clock = self._processor_time() - processor, self._clock_time() - clock
        self.processor += processor
        self.clock += clock
        return clock if self.on_clock else processor

    @property
    def waiting(self) -> float:
        """Time in which the calls waited for a core, as a share of their processor time, or 0 where a GPU works."""
        if self.on_clock or self.processor <= 0.0:
            return 0.0
        return max(self.clock / self.processor - 1.0, 0.0)
