"""Keys under which trials of the shipped suites are stored, and names of their streams of random numbers.

A change makes every stored trial of a suite useless, and its reference report has to be run again. After a change that
is meant: ``REFRESH_GOLDEN=1 python -m pytest -n 0 tests/driver/test_keys.py``.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from harness import load_suite
from harness.driver.threshold_searches import threshold_searches
from harness.engine.draws import digest
from harness.engine.setting import semantic_key
from harness.plugin_host.registry import Registry
from harness.suite import Suite

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "keys.json"


def keys(suite: Suite, registry: Registry) -> dict[str, str]:
    """Return a digest of the stored key and the streams of each regime of a suite, whatever solver trains it."""
    settings = {search.setting.regime.name: search.setting for search in threshold_searches(suite, registry, "cpu")}
    found = {}
    for name, setting in settings.items():
        key = semantic_key(replace(setting, solver=None).data(registry))
        shapes = setting.regime.model.shapes(suite.d[0], 8)
        found[name] = digest([key, [suite.dataset.stream(), setting.regime.initializer.stream(shapes)]])[:12]
    return found


def test_no_stored_trial_of_a_shipped_suite_is_lost(registry: Registry) -> None:
    now = {path.stem: keys(load_suite(path), registry) for path in sorted((ROOT / "suites").glob("*.toml"))}
    if os.environ.get("REFRESH_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert now == golden
