"""A continuation for tests, which takes ten times the steps and looks where that ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.components import Continuation, Descend, Fate, Regime, TrainedTrial

EXACT = 1e-2


@dataclass(frozen=True)
class Ten(Continuation):
    """Says that a trial fits in the limit if its residual is small after ten times the steps, else that it is stuck."""

    name: ClassVar[str] = "ten"

    def refuses(self, regime: Regime, q: int) -> str:
        return "" if regime.model.shallow_form() is not None else "it is no shallow net"

    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        _, steps, residual = descend(trained.weights, most, EXACT)
        fits = residual <= EXACT
        return Fate(
            "fit in the limit" if fits else "stuck in the limit", residual=0.0 if fits else residual, work=steps
        )


class Eleven(Ten):
    """The same in its next version."""

    version: ClassVar[int] = 2


class Broken(Ten):
    """Raises at every trial."""

    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        raise ZeroDivisionError("it is broken")
