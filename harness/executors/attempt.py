"""Training of batches in the process that received them, with the errors of plugins caught."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.components.executor import Attempt, Batch
from harness.components.fault import Fault, fault_of, said
from harness.engine.work import train_batch, train_together
from harness.executors.leftovers import Running
from harness.plugin_host.digests import changed_plugin

if TYPE_CHECKING:
    from harness.components import Outcome
    from harness.plugin_host.registry import Registry


def attempt(
    batch: Batch,
    registry: Registry,
    forks: set[int] | None = None,
    turn: Callable[[int | None], None] = lambda _seed: None,
) -> Attempt:
    """Train a batch in this process and catch every exception but an interrupt.

    Args:
        batch: The batch.
        registry: The plugins.
        forks: Set to which the ids of forks are added that plugins left running.
        turn: Called with the seed of each trial that is prepared or trained by itself next, and with None before what
            is done for all of them. It is not called if no third-party plugin takes part.

    Returns:
        The outcomes, or the fault. The fault is ``changed`` if the plugins of the batch are of other code or data here
        than in the driver. Nothing is trained then, or what was trained is dropped.
    """
    if changed := changed_plugin(batch.plugins, batch.setting, registry):
        return Attempt(fault=Fault("changed", changed))
    fault: Fault | None = None
    outcomes: tuple[Outcome, ...] = ()
    left: list[str] = []
    with _warned() as lines, _watched([batch], left, forks):
        try:
            outcomes = tuple(train_batch(batch, registry, turn if batch.plugins else lambda _seed: None))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() in a plugin costs its own trials only
            fault = fault_of(error)
    if changed := changed_plugin(batch.plugins, batch.setting, registry):  # a data file, while it was read
        return Attempt(fault=Fault("changed", changed))
    if fault is not None and fault.kind == "memory":
        _release()
    return Attempt(outcomes, fault, tuple(lines), tuple(left))


def attempts(
    batches: Sequence[Batch],
    registry: Registry,
    begun: Callable[[int | None], None],
    turn: Callable[[int, int | None], None] = lambda _place, _seed: None,
) -> Iterator[tuple[int, Attempt]]:
    """Train batches in this process. Several are trained together, or one by one if that fails.

    Args:
        batches: One batch, or several that share their launches.
        registry: The plugins.
        begun: Function that is called with the position of the batch that is trained next, or with None if all are
            trained together.
        turn: Called with the position of a batch in which third-party plugins take part, and the seed of the trial that
            is prepared or trained by itself next, or None before what is done for all of its trials.

    Yields:
        Position and attempt of each batch.
    """

    def of_plugins(place: int, seed: int) -> None:
        if batches[place].plugins:
            turn(place, seed)

    if len(batches) > 1 and not _changed(batches, registry):
        left: list[str] = []
        try:
            with _warned() as lines, _watched(batches, left):
                found = train_together(batches, registry, begun, of_plugins)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # training one by one finds the trial at fault
            if fault_of(error).kind == "memory":
                _release()
        else:
            if not _changed(batches, registry):
                for place, outcomes in enumerate(found):
                    said = ((), ()) if place else (tuple(lines), tuple(left))
                    yield place, Attempt(tuple(outcomes), None, *said)
                return
    for place, batch in enumerate(batches):
        begun(place)
        yield place, attempt(batch, registry, turn=partial(turn, place))


def _changed(batches: Sequence[Batch], registry: Registry) -> bool:
    return any(changed_plugin(one.plugins, one.setting, registry) for one in batches)


@contextlib.contextmanager
def _watched(batches: Sequence[Batch], left: list[str], forks: set[int] | None = None) -> Iterator[None]:
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
def _warned() -> Iterator[list[str]]:
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


def _release() -> None:
    """Release the memory that allocators keep, so that a smaller batch fits."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch does not type it
        torch.cuda.empty_cache()
