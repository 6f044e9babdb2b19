"""Where numbers come from: versions, plugins, machine, solvers, suite."""

from __future__ import annotations

import platform
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

from harness.driver.edits import edits
from harness.driver.threshold_searches import steps_ahead
from harness.engine.draws import digest
from harness.engine.fused.compiler import compiler_version
from harness.engine.processor import processor
from harness.engine.solvers import choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.driver.threshold_search import ThresholdSearch
    from harness.plugin_host.registry import Registry
    from harness.store import Store
    from harness.suite import Suite


def provenance(
    suite: Suite, registry: Registry, device: str, solvers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the provenance of numbers as plain data.

    Args:
        suite: The suite.
        registry: The plugins.
        device: Where networks are trained.
        solvers: Solver by regime, or None for those that a new run would choose.
    """
    return {
        "versions": installed(),
        "plugins": {plugin.name: f"{plugin.package} {plugin.version}" for plugin in registry if plugin.status == "ok"},
        "plugin_files": [plugin.origin for plugin in registry if plugin.is_file],
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": processor(device),
        "device": device,
        "solvers": dict(solvers)
        if solvers is not None
        else {
            r.name: choose(r, suite.budget.dtype, device, steps_ahead(suite, r), registry, suite.q).name
            for r in suite.regimes
        },
        "suite": suite.name,
        "suite_hash": digest(suite.text)[:12],
        "seed": suite.seed,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        **({"data": contents} if (contents := suite.dataset.contents()) else {}),
    }


def installed() -> dict[str, str]:
    """Return the versions of Python and of the packages and compiler that fix numbers, by name."""
    packages = ("convergence-harness", "torch", "numpy", "scipy")
    found = {name: _version(name) for name in packages} | {"python": platform.python_version()}
    return found | ({"compiler": made_by} if (made_by := compiler_version()) else {})


def mixture(store: Store, found: Iterable[ThresholdSearch]) -> dict[str, Any]:
    """Return what in the results did not come from one run with the code that is loaded now.

    Args:
        store: The results file.
        found: The searches with the outcomes of the results.

    Returns:
        Under ``edited``, the number of trials that other code of a third-party plugin trained, by the plugin's name.
        Under ``merged``, the parts that ``harness merge`` united. A key is left out if it has nothing.
    """
    others = edits(found)
    united = [origin["merged"] for origin in store.origins() if "merged" in origin]
    return ({"edited": others} if others else {}) | ({"merged": united[-1]} if united else {})


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
