"""The costs and paces that were measured on a machine, kept in a file of its own beside the compiled kernels."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import platform
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.draft import replace_text
from harness.engine.costs import Costs, measured
from harness.engine.draws import digest
from harness.engine.fused.build import cache_directory
from harness.engine.pace import Pace, measured_pace
from harness.engine.processor import processor

if TYPE_CHECKING:
    from harness.engine.setting import Setting
    from harness.plugin_host.registry import Registry

Measured = TypeVar("Measured", Costs, Pace)

VERSION = 2
"""Raised when terms or sizes of costs or paces change."""

LENGTHS = {"prepare": (6,), "step": (0, 5), "visit": (0, 6), "few": (0, 5)}
"""Numbers of weights that the costs of a kind of trial may have."""


def costs_of(setting: Setting, registry: Registry, *, measure: bool = True) -> Costs | None:
    """Return the costs of a setting without code of third parties, from the file or measured now and kept.

    Its problems are replaced by random ones with as many outputs, which have every size. A file that is damaged or
    cannot be read counts as empty, and is written anew if it can be.

    Args:
        setting: What is trained.
        registry: The plugins.
        measure: Whether to measure costs that are not in the file. Otherwise None is returned.
    """
    return _kept(
        _key(setting, registry),
        setting.device,
        _costs,
        (lambda: measured(_with_random_problems(setting, registry))) if measure else None,
    )


def pace_of(setting: Setting, registry: Registry, costs: Costs, *, measure: bool = True) -> Pace | None:
    """Return the pace of a setting without code of third parties, from the file or measured now and kept.

    Args:
        setting: What is trained.
        registry: The plugins.
        costs: The costs of its trials.
        measure: Whether to measure a pace that is not in the file. Otherwise None is returned.
    """
    optimizer = setting.data(registry)["regime"]["optimizer"]
    own = [_key(setting, registry), optimizer, setting.tolerances[-1]]
    return _kept(
        f"pace-{digest(own)[:20]}",
        setting.device,
        _pace,
        (lambda: measured_pace(_with_random_problems(setting, registry), costs)) if measure else None,
    )


def _kept(
    key: str, device: str, read: Callable[[Any], Measured | None], measure: Callable[[], Measured] | None
) -> Measured | None:
    """Return what the file has under a key, or what is measured now, which is kept there."""
    path = _file(device)
    found = read(_read(path).get(key))
    if found is not None or measure is None:
        return found
    found = measure()
    with contextlib.suppress(OSError):  # it is measured again next time
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {**_read(path), key: asdict(found)}  # another process may have written meanwhile
        replace_text(path, json.dumps(kept, indent=0) + "\n")
    return found


def _with_random_problems(setting: Setting, registry: Registry) -> Setting:
    return replace(setting, dataset=_random_problems(setting, registry), held_out=0, validation=0)


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


def _read(path: Path) -> dict[str, Any]:
    """Return the records of a file by key, those that are costs or paces."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: one for key, one in found.items() if _costs(one) or _pace(one)}


def _costs(found: Any) -> Costs | None:
    """Return the costs in a record, or None if it has none or is damaged."""
    if not isinstance(found, dict) or set(found) != set(LENGTHS):
        return None
    for name, lengths in LENGTHS.items():
        listed = found[name]
        if not isinstance(listed, list) or len(listed) not in lengths:
            return None
        if not all(isinstance(one, int | float) and math.isfinite(one) and one >= 0 for one in listed):
            return None
    return Costs(**{name: tuple(map(float, found[name])) for name in LENGTHS})


def _pace(found: Any) -> Pace | None:
    """Return the pace in a record, or None if it has none or is damaged."""
    if not isinstance(found, dict) or set(found) != {"narrow", "wide", "larger"}:
        return None
    known = [steps for steps in found.values() if steps is not None]
    return Pace(**found) if all(isinstance(steps, int) and steps > 0 for steps in known) else None
