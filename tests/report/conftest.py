"""Results made by hand: counts that a reader can check."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint

import pytest

from harness.components import Cell, Outcome
from harness.driver.results import Results
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.report.page import page
from harness.report.predicted import predict_suite
from harness.suite import parse_suite

from ..ends import SOFTPLUS

SUITE = f"""{SOFTPLUS}
[[regimes]]
name = "relu | wide"
use = "moderate"
activation = "relu"

[[regimes]]
name = "random features"
use = "output-only"
"""

PHASE = """
[suite]
name = "phase"
seed = 1

[problems]
dataset = "sphere"
n = 200
d = { from = 2, to = 60, step = 2 }

[budget]
steps = 9000

[search]
method = "grid"
widths = { from = 2, to = 60, step = 2 }
trials = 4

[[regimes]]
use = "moderate"
"""

LADDER = 4
"""Rungs of the default ladder; 1e-2, the reported one, is the second."""


def trials(fit: int, total: int, *, falling: int = 0, diverged: int = 0, errors: int = 0) -> tuple[Outcome, ...]:
    """Return so many outcomes; those that fit meet the reported tolerance at step 1000, the ladder's last never."""
    found = []
    for seed in range(total + errors):
        if seed < fit:
            found.append(Outcome(seed, (300, 1000, 4000, None), steps=9000, measure=2e-3))
        elif seed < total:
            rest = seed - fit
            found.append(
                Outcome(
                    seed,
                    (None,) * LADDER,
                    steps=9000,
                    measure=0.3,
                    diverged=rest < diverged,
                    falling=diverged <= rest < diverged + falling,
                )
            )
        else:
            found.append(Outcome(seed, (None,) * LADDER, steps=0, measure=0.0, message="out of memory"))
    return tuple(found)


def cells(regime: str, n: int, d: int, counts: Mapping[int, tuple[int, int]]) -> dict[Cell, tuple[Outcome, ...]]:
    return {Cell(regime, n, d, k): trials(m, total) for k, (m, total) in counts.items()}


@pytest.fixture(scope="session")
def registry() -> Registry:
    points = [
        EntryPoint("builtin", "harness.builtin", "harness"),
        EntryPoint("moderate", "harness_moderate", "harness"),
    ]
    return load_plugins(entry_points=points)


@pytest.fixture
def results(registry: Registry) -> Results:
    outcomes: dict[Cell, tuple[Outcome, ...]] = {}
    for n, middle in ((40, 6), (80, 12), (160, 24)):
        counts = {middle - 1: (1, 20), middle: (9, 20), middle + 1: (19, 20), 2 * middle: (20, 20)}
        outcomes |= cells("softplus", n, 10, counts)
        outcomes |= cells("relu | wide", n, 10, {32: (0, 20), 64: (0, 20), 512: (0, 20)})
    outcomes |= cells("random features", 40, 10, {2: (20, 20), 4: (20, 20)})
    outcomes[Cell("softplus", 160, 10, 23)] = trials(1, 20, falling=12, diverged=2, errors=1)
    provenance = {"versions": {"convergence-harness": "0.1.0"}, "seed": 1, "suite_hash": "abc", "date": "2026-01-01"}
    return Results(parse_suite(SUITE, registry), registry, outcomes, provenance)


@pytest.fixture(scope="session")
def pages() -> list[str]:
    """The page that was made for a test, for those after it."""
    return []


@pytest.fixture
def text(results: Results, pages: list[str]) -> str:
    """Return the page of the results made by hand; it is made once."""
    if not pages:
        pages.append(page(results, predict_suite(results.suite, results.registry.theories())))
    return pages[0]


@pytest.fixture
def phase_results(registry: Registry) -> Results:
    """Return a grid where none fit below kd = n, one of five below 3n/2, half below 2n, and all above."""
    suite = parse_suite(PHASE, registry)
    outcomes: dict[Cell, tuple[Outcome, ...]] = {}
    for d in suite.d:
        for k in range(2, 61, 2):
            m = 4 if k * d >= 400 else 2 if k * d >= 300 else 1 if k * d >= 200 else 0
            outcomes |= cells("moderate", 200, d, {k: (m, 5 if 200 <= k * d < 300 else 4)})
    return Results(suite, registry, outcomes)
