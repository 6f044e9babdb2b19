"""A batch at one of the stages in which the pooled executor trains it, and the work of a stage in a worker."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Self

from harness.components.executor import DEVICE_LOST, Attempt, Batch
from harness.components.fault import fault_of
from harness.executors.guarded import changed_batch, device_is_lost, guarded, release, warned, watched

if TYPE_CHECKING:
    from harness.engine.stages import Launched, SetUp
    from harness.plugin_host.registry import Registry

Stage = Literal["set-up", "launches", "fates"]


@dataclass(frozen=True)
class Staged(Batch):
    """A batch at a stage.

    Attributes:
        stage: The stage that comes next.
        carried: Results of the stages before, pickled: the driver hands them on unread.
        before: Warnings and what plugins left, of the stages before.
    """

    stage: Stage = "set-up"
    carried: tuple[bytes, ...] = field(default=(), repr=False)
    before: Attempt = field(default_factory=Attempt)

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Return a batch at its first stage."""
        return cls(**{one.name: getattr(batch, one.name) for one in fields(Batch)})

    @property
    def plain(self) -> Batch:
        """The batch as it was submitted."""
        return Batch(**{one.name: getattr(self, one.name) for one in fields(Batch)})

    @property
    def size(self) -> int:
        """Bytes that it carries."""
        return sum(map(len, self.carried))

    def after(self, attempt: Attempt) -> Self:
        """Return the batch at its next stage."""
        stage: Stage = "launches" if self.stage == "set-up" else "fates"
        return replace(self, stage=stage, carried=(*self.carried, *attempt.carried), before=self.noted(attempt))

    def noted(self, attempt: Attempt) -> Attempt:
        """Return an attempt with the warnings of the stages before, each once."""
        warnings = tuple(dict.fromkeys((*self.before.warnings, *attempt.warnings)))
        left = tuple(dict.fromkeys((*self.before.left, *attempt.left)))
        return replace(attempt, warnings=warnings, left=left, carried=())


def staged_attempts(
    batches: Sequence[Staged],
    registry: Registry,
    begun: Callable[[int | None], None],
    turn: Callable[[int, int | None], None] = lambda _place, _seed: None,
) -> Iterator[tuple[int, Attempt]]:
    """Do the next stage of batches in this process. Several launch together, or one by one if that fails.

    Args:
        batches: Batches at the same stage.
        registry: The plugins.
        begun: Called with the position of the batch that is worked on next, if several do not launch together.
        turn: Called with the position of a batch in which third-party plugins take part, and the seed of the trial that
            is prepared next, or None after the last.

    Yields:
        Position and attempt of each batch. The attempt carries what the next stage needs, or has outcomes.
    """
    together = batches[0].stage == "launches" and len(batches) > 1
    if together and not changed_batch(batches, registry):
        left: list[str] = []
        try:
            with warned() as lines, watched(batches, left):
                found = _launched(batches, registry)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # one by one the batch at fault is found
            if device_is_lost():
                os._exit(DEVICE_LOST)
            if fault_of(error).kind == "memory":
                release()
        else:
            if not changed_batch(batches, registry):
                for place, attempt in enumerate(found):
                    yield place, attempt if place else replace(attempt, warnings=tuple(lines), left=tuple(left))
                return
    for place, batch in enumerate(batches):
        if len(batches) > 1:
            begun(place)
        yield place, guarded(batch, registry, partial(_done, batch, registry, partial(turn, place)))


def _done(batch: Staged, registry: Registry, turn: Callable[[int | None], None]) -> Attempt:
    from harness.engine import stages

    if batch.stage == "launches":
        (attempt,) = _launched([batch], registry)
        return attempt
    if batch.stage == "fates":
        ready, launched = map(pickle.loads, batch.carried)
        return Attempt(tuple(stages.decide_fates(batch, ready, launched, registry)))
    ready = stages.set_up(batch, registry, turn if batch.plugins else lambda _seed: None)
    if not ready.trials:
        return Attempt(tuple(ready.whole(batch, ())))
    return Attempt(carried=(pickle.dumps(ready),))


def _launched(batches: Sequence[Staged], registry: Registry) -> list[Attempt]:
    from harness.engine import stages

    ready: list[SetUp] = [pickle.loads(batch.carried[0]) for batch in batches]
    found = stages.launch(batches, ready, registry)
    return [_launched_attempt(*one) for one in zip(batches, ready, found, strict=True)]


def _launched_attempt(batch: Staged, ready: SetUp, launched: Launched) -> Attempt:
    if launched.last:
        return Attempt(carried=(pickle.dumps(launched),))
    return Attempt(tuple(ready.whole(batch, launched.outcomes)))
