"""Keys under which trials of the shipped suites are stored, and names of their streams of random numbers.

A change makes every stored trial of a suite useless, and its reference report has to be run again. After a change that
is meant: ``REFRESH_GOLDEN=1 python -m pytest -n 0 tests/driver/test_keys.py``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness import load_suite
from harness.engine.draws import digest
from harness.engine.setting import Setting, semantic_key, step_theory
from harness.plugin_host.registry import Registry

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "keys.json"


def keys(name: str, registry: Registry) -> dict[str, str]:
    """Return a digest of the stored key and the streams of each regime of a suite, whatever solver trains it."""
    suite, found = load_suite(ROOT / "suites" / f"{name}.toml"), {}
    for regime in suite.regimes:
        setting = Setting(
            regime=regime,
            theory=step_theory(regime, registry),
            dataset=suite.dataset,
            resample=suite.resample,
            problems=suite.problems,
            held_out=suite.held_out,
            validation=suite.validation,
            base_seed=suite.seed,
            steps=suite.budget.steps,
            tolerances=suite.budget.tolerances,
            dtype=suite.budget.dtype,
            device="cpu",
            spectrum=suite.budget.spectrum,
        )
        shapes = regime.model.shapes(suite.d[0], 8)
        streams = [suite.dataset.stream(), regime.initializer.stream(shapes)]
        found[regime.name] = digest([semantic_key(setting.data(registry)), streams])[:12]
    return found


def test_no_stored_trial_of_a_shipped_suite_is_lost(registry: Registry) -> None:
    now = {path.stem: keys(path.stem, registry) for path in sorted((ROOT / "suites").glob("*.toml"))}
    if os.environ.get("REFRESH_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert now == golden
