"""Training of batches in the process that received them, with the errors of plugins caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.components.executor import Attempt, Batch
from harness.engine.work import train_batch
from harness.executors.guarded import guarded
from harness.executors.staged import Staged, staged_attempts

if TYPE_CHECKING:
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

    def work() -> Attempt:
        return Attempt(tuple(train_batch(batch, registry, turn if batch.plugins else lambda _seed: None)))

    return guarded(batch, registry, work, forks)


def attempts(
    batches: Sequence[Batch],
    registry: Registry,
    begun: Callable[[int | None], None],
    turn: Callable[[int, int | None], None] = lambda _place, _seed: None,
) -> Iterator[tuple[int, Attempt]]:
    """Train batches in this process, one by one, or do their next stage.

    Args:
        batches: Whole batches, or batches at one stage.
        registry: The plugins.
        begun: Called with the position of the batch that is worked on next.
        turn: Called with the position of a batch in which third-party plugins take part, and the seed of the trial that
            is prepared or trained by itself next, or None before what is done for all of its trials.

    Yields:
        Position and attempt of each batch.
    """
    staged = [batch for batch in batches if isinstance(batch, Staged)]
    if staged:
        yield from staged_attempts(staged, registry, begun, turn)
        return
    for place, batch in enumerate(batches):
        begun(place)
        yield place, attempt(batch, registry, turn=partial(turn, place))
