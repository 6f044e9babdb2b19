"""The costs that were measured on a machine, kept in a file of its own beside the compiled kernels."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import platform
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.draft import replace_text
from harness.engine.costs import Costs, measured
from harness.engine.draws import digest
from harness.engine.fused.build import cache_directory
from harness.engine.processor import processor

if TYPE_CHECKING:
    from harness.engine.setting import Setting
    from harness.plugin_host.registry import Registry

VERSION = 1
"""Raised when terms or sizes of the costs change."""

LENGTHS = {"prepare": (6,), "step": (0, 5), "visit": (0, 6)}
"""Numbers of weights that the costs of a kind of trial may have."""


def costs_of(setting: Setting, registry: Registry) -> Costs:
    """Return the costs of a setting without code of third parties, from the file or measured now and kept.

    Its problems are replaced by random ones with as many outputs, which have every size. A file that is damaged or
    cannot be read counts as empty, and is written anew if it can be.

    Args:
        setting: What is trained.
        registry: The plugins.
    """
    key, path = _key(setting, registry), _file(setting.device)
    known = _read(path)
    if (found := known.get(key)) is not None:
        return found
    costs = measured(replace(setting, dataset=_random_problems(setting, registry), held_out=0, validation=0))
    with contextlib.suppress(OSError):  # they are measured again next time
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {**_read(path), key: costs}  # another process may have written meanwhile
        replace_text(path, json.dumps({name: asdict(one) for name, one in kept.items()}, indent=0) + "\n")
    return costs


def _random_problems(setting: Setting, registry: Registry) -> Any:
    """Return a dataset that draws problems of any size with labels like those of the setting."""
    targets, sphere = setting.dataset.targets(), registry.find("dataset", "sphere")
    if targets.classes is not None:
        return sphere(labels="classes", classes=targets.classes)
    return sphere(labels="gaussian" if targets.kind == "numbers" else "rademacher", outputs=targets.outputs)


def _key(setting: Setting, registry: Registry) -> str:
    """Return what names a kind of trial: all of its setting but sizes, budget and the size of its steps."""
    data = setting.data(registry)
    regime = {key: value for key, value in data["regime"].items() if key not in ("name", "summary", "theory")}
    policy = regime["optimizer"].get("step_size")
    regime["optimizer"] = {
        **{key: value for key, value in regime["optimizer"].items() if key not in ("step_size", "c")},
        "computed": isinstance(policy, str) and policy,
    }
    kind = {"regime": regime, "q": setting.q, "targets": str(setting.dataset.targets().kind)}
    solver = setting.solver
    limit = setting.limit and solver is not None and solver.decides_fates
    named = {key: data.get(key) for key in ("solver", "format", "dtype", "spectrum", "theory")}
    return digest({**kind, **named, "limit": limit})[:20]


@functools.cache
def _file(device: str) -> Path:
    """Return the file of this machine and this version of torch, as a home may be shared by several machines."""
    from importlib.metadata import version

    machine = [VERSION, platform.node(), processor(device), version("torch"), device.partition(":")[0]]
    return cache_directory() / f"costs-{digest(machine)[:12]}.json"


def _read(path: Path) -> dict[str, Costs]:
    """Return the costs in a file by kind of trial. What is damaged is left out."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: Costs(**_weights(one)) for key, one in found.items() if _weights(one)}


def _weights(found: Any) -> dict[str, tuple[float, ...]]:
    """Return the weights of costs as they are in a file, or an empty dict if they are damaged."""
    if not isinstance(found, dict) or set(found) != set(LENGTHS):
        return {}
    for name, lengths in LENGTHS.items():
        listed = found[name]
        if not isinstance(listed, list) or len(listed) not in lengths:
            return {}
        if not all(isinstance(one, int | float) and math.isfinite(one) and one >= 0 for one in listed):
            return {}
    return {name: tuple(map(float, found[name])) for name in LENGTHS}
