"""Whole runs of suites on the device: trials a second, with everything that a run does."""

from __future__ import annotations

import tempfile
import time
from typing import Any

from harness import run

SMALL = {
    "suite": {"name": "small"},
    "problems": {"dataset": "sphere", "n": 8, "d": 4},
    "budget": {"steps": 50, "spectrum": False},
    "search": {"method": "grid", "widths": [1, 4], "trials": 2},
    "regimes": [{"use": "moderate"}],
}
SECONDS = 25.0
"""Time after which a run stops in good order."""


def measure(suite: str, device: str, *, limit: bool = False, tiny: bool = False) -> dict[str, Any]:
    """Run a suite for a while by the pooled executor.

    Args:
        suite: A shipped suite.
        device: Where.
        limit: Whether fates are decided.
        tiny: Whether to run a tiny suite instead, to show only that it runs.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        source = SMALL if tiny else suite
        found = run(source, out=folder, device=device, executor="pooled", limit=limit, max_time=SECONDS)
        seconds = time.perf_counter() - start
    errors = sorted({outcome.message for _, outcome in found.errors()})
    faults = [f"a trial is an error: {message}" for message in errors] + (
        [] if found.trained else ["nothing was trained"]
    )
    return {
        "suite": suite,
        "limit": limit,
        "trained": found.trained,
        "seconds": seconds,
        "rate": found.trained / seconds,
        "faults": faults,
    }
