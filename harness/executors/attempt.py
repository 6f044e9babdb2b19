"""Training batches where they arrived, whatever plugins do there."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.components.executor import Attempt, Batch
from harness.components.fault import Fault, fault_of, said
from harness.engine.work import train_batch, train_together

if TYPE_CHECKING:
    from harness.components import Outcome
    from harness.plugin_host.registry import Registry


def attempt(batch: Batch, registry: Registry) -> Attempt:
    """Train a batch here, whatever its plugins do short of ending or hanging the process."""
    fault: Fault | None = None
    outcomes: tuple[Outcome, ...] = ()
    with _warned() as lines:
        try:
            outcomes = tuple(train_batch(batch, registry))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin that calls sys.exit() costs its own trials, too
            fault = fault_of(error)
    if fault is not None and fault.kind == "memory":
        _release()
    return Attempt(outcomes, fault, tuple(lines))


def attempts(
    batches: Sequence[Batch], registry: Registry, begun: Callable[[int | None], None]
) -> Iterator[tuple[int, Attempt]]:
    """Train batches here: several together, as they can share their launches, or one by one where that fails.

    Args:
        batches: One, or several of the GPU solver.
        registry: The plugins.
        begun: Told the place of each batch that is worked on from now on by itself, and None where all are.

    Yields:
        Place and attempt of each batch.
    """
    if len(batches) > 1:
        try:
            with _warned() as lines:
                found = train_together(batches, registry, begun)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # one by one they say which trial it was
            if fault_of(error).kind == "memory":
                _release()
        else:
            for place, outcomes in enumerate(found):
                yield place, Attempt(tuple(outcomes), None, () if place else tuple(lines))
            return
    for place, batch in enumerate(batches):
        begun(place)
        yield place, attempt(batch, registry)


@contextlib.contextmanager
def _warned() -> Iterator[list[str]]:
    """Collect what Python warns of, one line each; the list is filled at the end."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield lines
    said_once = (f"{said(w.message)} ({w.filename}, line {w.lineno})" for w in caught if isinstance(w.message, Warning))
    lines += dict.fromkeys(said_once)


def _release() -> None:
    """Give back what the allocators keep, so that a smaller batch finds room."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch does not type it
        torch.cuda.empty_cache()
