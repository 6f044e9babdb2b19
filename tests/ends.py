"""Results with fates, made by hand: what became of each trial is what a reader can check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.components import Cell, Fate, Outcome
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite

SOFTPLUS = """
[suite]
name = "made"
title = "Made by hand"
seed = 1

[problems]
dataset = { use = "sphere", labels = "gaussian" }
n = [40, 80, 160]
d = 10

[budget]
steps = 9000

[search]
method = "adaptive"

[[regimes]]
name = "softplus"
use = "moderate"
"""
"""A suite with one regime, to which others can be added."""

SUITE = f"""{SOFTPLUS}
[[regimes]]
name = "momentum"
use = "moderate"
optimizer = {{ use = "momentum", beta = 0.9 }}
"""
"""The same with a regime that has no fates."""

HIT, MISS = (300, 1000, 4000, None), (300, None, None, None)
"""Steps at which the ladder 1e-1, 1e-2, 2.5e-3, 1e-3 was met: by trials that fit within the budget, and others."""

ENDS: Mapping[str, tuple[tuple[int | None, ...], Fate | None, bool]] = {
    "proved": (HIT, Fate("fit proved", "D1g", 3.0, 0.0), False),
    "late": (MISS, Fate("fit proved", "D1g", 3.0, 0.0), True),
    "limit": (HIT, Fate("fit in the limit", residual=0.0), False),
    "stuck": (MISS, Fate("stuck proved", "minimum", 2.5, 0.03, constants={"floor": 0.02}), False),
    "stuck low": (HIT, Fate("stuck proved", "minimum", 2.5, 0.004, constants={"floor": 0.003}), False),
    "stuck limit": (MISS, Fate("stuck in the limit", residual=0.03), True),
    "open": (MISS, Fate("open"), True),
    "counted": (MISS, Fate("open", constants={"counted": 1.0}), True),
    "floored": (MISS, Fate("open", constants={"floor": 0.02}), True),
    "none": (MISS, None, True),
    "none fit": (HIT, None, False),
}
"""Hits, fate, and whether the measure fell at the end, by a name for the combination."""


def outcome(name: str, seed: int = 0) -> Outcome:
    if name == "error":
        return Outcome(seed, (None,) * 4, steps=0, measure=0.0, message="out of memory")
    if name == "diverged":
        return Outcome(seed, (None,) * 4, steps=70, measure=float("nan"), diverged=True)
    hits, fate, falling = ENDS[name]
    return Outcome(seed, hits, steps=9000, measure=2e-3 if hits == HIT else 0.05, falling=falling, fate=fate)


def trials(*groups: tuple[str, int]) -> tuple[Outcome, ...]:
    """Return so many outcomes of each name, numbered on."""
    names = [name for name, number in groups for _ in range(number)]
    return tuple(outcome(name, seed) for seed, name in enumerate(names))


def made(
    registry: Registry, cells: Mapping[tuple[str, int, int], Sequence[tuple[str, int]]], *, text: str = SUITE
) -> Results:
    """Return results with these trials by (regime, n, k), at d = 10."""
    outcomes = {Cell(regime, n, 10, k): trials(*groups) for (regime, n, k), groups in cells.items()}
    return Results(parse_suite(text, registry), registry, outcomes)
