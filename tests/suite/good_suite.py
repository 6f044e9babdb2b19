"""A suite that is right, for tests to change, and the plugins it is read with."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.suite import Suite, parse_suite

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).parents[1] / "example_plugin.py"
PACKAGES = ("harness.builtin", "harness_moderate", "harness_lazy", "harness_train_all", "harness_narrow")
OWN = tuple(EntryPoint(package.rpartition("_")[2], package, "harness") for package in PACKAGES)

GOOD = """\
[suite]
name = "good"
seed = 1

[problems]
dataset = { use = "sphere", labels = "gaussian" }
n = [40, 80]
d = 20

[budget]
steps = 10_000
tolerances = [1e-1, 1e-2]

[search]
method = "adaptive"

[[regimes]]
use = "moderate"

[[regimes]]
use = "moderate"
activation = "relu"
"""
REGISTRY = load_plugins([EXAMPLE], entry_points=OWN)


def parse(text: str, registry: Registry = REGISTRY) -> Suite:
    return parse_suite(text, registry)


def write(folder: Path, text: str | bytes, name: str = "suite.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Return the path to each value below a value of TOML."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path} | {p for key, item in items for p in paths(item, (*path, key))}
