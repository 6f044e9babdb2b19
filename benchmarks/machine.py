"""The machine that is measured: its name, its cores, and processes that keep to one core each."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import platform
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from harness.engine.fused.compiler import NoKernel, compiler

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
"""Environment of the processes that measure; libraries read it when they are loaded."""


@dataclass(frozen=True)
class Machine:
    """What a reader must know of the machine.

    Attributes:
        processor: Its name, as far as the system tells.
        cores: Cores that this process may use.
        torch: Version of torch.
        compiler: The C++ compiler that makes the kernel; why there is none otherwise.
        device: The accelerator, if it is measured.
    """

    processor: str
    cores: int
    torch: str
    compiler: str
    device: str = ""

    def __str__(self) -> str:
        """Return one line for captions."""
        parts = [self.processor, f"{self.cores} cores", f"torch {self.torch}", f"compiler {self.compiler}", self.device]
        return ", ".join(part for part in parts if part)


def this_machine(device: str = "cpu") -> Machine:
    """Return the machine that this process runs on."""
    try:
        made_by = Path(compiler()[0]).name
    except NoKernel as error:
        made_by = f"none: {error}"
    accelerator = "" if device == "cpu" else torch.cuda.get_device_name(torch.device(device))
    return Machine(_processor(), len(usable_cores()), torch.__version__, made_by, accelerator)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> list[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def chosen_cores(wanted: str) -> int:
    """Return how many cores ``wanted`` means: a number, or ``all``.

    Raises:
        ValueError: If there are not so many.
    """
    there = len(usable_cores())
    count = there if wanted == "all" else int(wanted)
    if not 1 <= count <= there:
        raise ValueError(f"{count} cores were asked for; this process may use {there}")
    return count


@contextlib.contextmanager
def workers(count: int, further: Mapping[str, str] | None = None) -> Iterator[list[ProcessPoolExecutor]]:
    """Start one process a core, each on one thread and, where the system can, kept to its core.

    Args:
        count: Number of processes.
        further: Variables of their environment; flags are added to those of one thread.
    """
    before = dict(os.environ)
    given = dict(further or {})
    variables = {**given, **{name: f"{value} {given.get(name, '')}".strip() for name, value in ONE_THREAD.items()}}
    os.environ.update(variables)
    context = multiprocessing.get_context("spawn")
    pools = [ProcessPoolExecutor(1, context, _pin, (core,)) for core in usable_cores()[:count]]
    try:
        for ready in [pool.submit(os.getpid) for pool in pools]:  # processes start, and read the environment, here
            ready.result()
        yield pools
    finally:
        for name in variables:
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def _pin(core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
