"""A grid that trains in a moment, and parts of it."""

from __future__ import annotations

from pathlib import Path

from harness.driver.results import Results
from harness.driver.run import Run
from harness.driver.sharding import Shard
from harness.executors.in_process import InProcess
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import parse_suite

SUITE = """
[suite]
name = "small"
seed = 3
[problems]
dataset = "sphere"
n = [12, 16]
d = 4
[budget]
steps = 400
tolerances = [0.5, 0.1]
report_tolerance = 0.1
[search]
method = "grid"
widths = [2, 4, 6, 8]
trials = 6
[[regimes]]
name = "softplus"
use = "moderate"
[[regimes]]
name = "features"
use = "output-only"
[[regimes]]
name = "limit"
use = "kernel"
"""


def trained(directory: Path, registry: Registry, shard: Shard | None = None, text: str = SUITE) -> Results:
    """Train the grid, or a part of it, into a directory."""
    suite = parse_suite(text, registry)
    with Store(directory) as store:
        run = Run(suite, registry, store, "cpu", shard=shard)
        run.begin()
        return run.go(InProcess())
