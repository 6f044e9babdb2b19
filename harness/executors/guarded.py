"""Guards around the code of plugins in a worker: errors, warnings, edited files, and what is left running."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components.executor import Attempt, Batch
from harness.components.fault import Fault, fault_of, said
from harness.executors.leftovers import Running
from harness.plugin_host.digests import changed_plugin

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry


def guarded(batch: Batch, registry: Registry, work: Callable[[], Attempt], forks: set[int] | None = None) -> Attempt:
    """Work on a batch in this process and catch every exception but an interrupt.

    Args:
        batch: The batch.
        registry: The plugins.
        work: Function that returns the attempt if nothing goes wrong.
        forks: Set to which the ids of forks are added that plugins left running.

    Returns:
        The attempt with its warnings, or the fault. The fault is ``changed`` if the plugins of the batch are of other
        code or data here than in the driver. Nothing is done then, or what was done is dropped.
    """
    if changed := changed_plugin(batch.plugins, batch.setting, registry):
        return Attempt(fault=Fault("changed", changed))
    done = Attempt()
    left: list[str] = []
    with warned() as lines, watched([batch], left, forks):
        try:
            done = work()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() in a plugin costs its own trials only
            done = Attempt(fault=fault_of(error))
    if changed := changed_plugin(batch.plugins, batch.setting, registry):  # a data file, while it was read
        return Attempt(fault=Fault("changed", changed))
    if done.fault is not None and done.fault.kind == "memory":
        release()
    return replace(done, warnings=tuple(lines), left=tuple(left))


def changed_batch(batches: Sequence[Batch], registry: Registry) -> bool:
    """Return whether plugins of a batch are of other code or data here than in the driver."""
    return any(changed_plugin(one.plugins, one.setting, registry) for one in batches)


@contextlib.contextmanager
def watched(batches: Sequence[Batch], left: list[str], forks: set[int] | None = None) -> Iterator[None]:
    """Add a line for each process or thread that plugins leave running. A fork that comes back from a plugin ends."""
    plugins = sorted({name for batch in batches for name in batch.plugins})
    own, before = os.getpid(), Running.now() if plugins else None
    try:
        yield
    finally:
        if os.getpid() != own:
            os._exit(0)
        if before is not None:
            more = before.since()
            left += more.told(plugins)
            if forks is not None:
                forks |= more.forks


@contextlib.contextmanager
def warned() -> Iterator[list[str]]:
    """Collect the warnings of Python, one line each. The list is filled at the end.

    Streams and the recursion limit are restored, since plugins that change them would harm later batches.
    """
    lines: list[str] = []
    streams, limit = (sys.stdout, sys.stderr), sys.getrecursionlimit()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            yield lines
        finally:
            sys.setrecursionlimit(limit)
            sys.stdout, sys.stderr = streams
    said_once = (f"{said(w.message)} ({w.filename}, line {w.lineno})" for w in caught if isinstance(w.message, Warning))
    lines += dict.fromkeys(said_once)


def device_is_lost() -> bool:
    """Return whether a CUDA device answers this process no more, as after an access to memory that is not its own.

    Everything that the process asks of it fails from then on, so the process must be replaced.
    """
    import torch

    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch does not type it
        return False
    try:
        for device in range(torch.cuda.device_count()):
            if torch.cuda.memory_reserved(device):
                torch.cuda.synchronize(device)
    except RuntimeError:
        return True
    return False


def release() -> None:
    """Release the memory that allocators keep, so that a smaller batch fits."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch does not type it
        torch.cuda.empty_cache()
