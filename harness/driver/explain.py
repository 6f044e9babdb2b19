"""The reasons why a run trains trials: the settings of the suite compared with those that are stored."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.driver.edits import edited_since
from harness.driver.plan import Plan
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.undecided import found_again
from harness.engine.setting import semantic
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store
from harness.suite import Suite


@dataclass(frozen=True)
class Change:
    """A value that fixes numbers and has changed.

    Attributes:
        what: Path of the value, such as ``optimizer.c``.
        was: Stored value, or None if there was none.
        now: Value in the suite, or None if there is none.
    """

    what: str
    was: Any
    now: Any


@dataclass(frozen=True)
class Explained:
    """The trials of one threshold that are reused or trained, and why.

    Attributes:
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        reused: Number of stored trials that the run takes.
        new: Number of trials that are known to be trained. An adaptive search asks for more later.
        exact: Whether no more trials than ``new`` follow.
        why: Reason in one line why trials are trained, or an empty string if none are.
        nearest: Name of the stored regime that was compared, or an empty string if there is none.
        changes: Differences from that regime.
    """

    regime: str
    n: int
    d: int
    reused: int
    new: int
    exact: bool
    why: str
    nearest: str = ""
    changes: tuple[Change, ...] = ()


def explain(suite: Suite, registry: Registry, directory: Path, device: str) -> list[Explained]:
    """Return for each threshold of a suite the trials that a run directory holds, and why others are trained.

    Args:
        suite: The suite.
        registry: The plugins.
        directory: Where the run writes, which may hold earlier outcomes.
        device: Where networks are trained.

    Raises:
        StoreError: If the stored outcomes cannot be read.
        RegimeError: If a component of a regime raises when it is asked for its properties.
    """
    if (directory / FILE).exists():
        with Store(directory, create=False) as store:
            return _explained(Plan(suite, registry, device, store), store.settings(), store)
    return _explained(Plan(suite, registry, device), {}, None)


def _explained(plan: Plan, settings: Mapping[str, Mapping[str, Any]], store: Store | None) -> list[Explained]:
    errors: dict[str, dict[tuple[int, int], int]] = {}
    found = []
    for search in plan.searches:
        nearest, why = "", ""
        changes: tuple[Change, ...] = ()
        if not search.over and search.outdated:
            why = edited_since(search.outdated)
        elif not search.over and search.undecided:
            why = found_again(search.undecided)
        elif not search.over and search.key in settings:
            if store is not None and search.key not in errors:
                errors[search.key] = store.errors(search.key)
            why = _unfinished(search, errors.get(search.key, {}).get((search.n, search.d), 0))
        elif not search.over:
            nearest, changes, why = _changed(search.data, settings)
        found.append(
            Explained(
                search.setting.regime.name,
                search.n,
                search.d,
                search.reused,
                len(search.missing),
                search.exact,
                why,
                nearest,
                changes,
            )
        )
    return found


def _unfinished(search: ThresholdSearch, errors: int) -> str:
    """Return the reason why a stored setting has trials to train."""
    if errors:
        return f"{errors} trials ended in an error and are tried again"
    if not search.reused:
        return "this n and d are new"
    return "the search is not over"


def _changed(data: dict[str, Any], settings: Mapping[str, Mapping[str, Any]]) -> tuple[str, tuple[Change, ...], str]:
    """Return the name of the nearest stored setting, the differences from it, and the reason to train.

    The nearest setting is the one with the fewest different values.
    """
    if not settings:
        return "", (), "nothing is stored"
    name = data["regime"]["name"]
    compared = []
    for other in settings.values():
        with contextlib.suppress(AttributeError, KeyError, TypeError):  # data of unknown origin
            compared.append((differences(other, data), str(other["regime"]["name"])))
    if not compared:
        return "", (), "nothing that can be compared is stored"
    changes, nearest = min(compared, key=lambda item: (len(item[0]), item[1] != name))
    if not changes:
        return nearest, (), "the harness computes these numbers in another way since"
    return nearest, tuple(changes), ""


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return the differences between two settings in values that fix numbers.

    If a component is replaced by another one, its options are left out.

    Args:
        was: The stored setting.
        now: The setting of the suite.

    >>> old = {"steps": 100, "regime": {"optimizer": {"use": "gd", "version": 1, "c": 1.5}}}
    >>> new = {"steps": 200, "regime": {"optimizer": {"use": "gd", "version": 1, "c": 1.0}}}
    >>> [(change.what, change.was, change.now) for change in differences(old, new)]
    [('optimizer.c', 1.5, 1.0), ('steps', 100, 200)]
    """
    before, after = _flat(was), _flat(now)
    found = [
        Change(what, before.get(what), after.get(what))
        for what in sorted(before.keys() | after.keys())
        if before.get(what) != after.get(what)
    ]
    replaced = {change.what for change in found if change.what.rpartition(".")[2] == "use"}
    inside = {what.removesuffix(".use") for what in replaced}
    return [
        Change(change.what.removesuffix(".use"), change.was, change.now)
        for change in found
        if change.what in replaced or change.what.rpartition(".")[0] not in inside
    ]


def _flat(setting: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that fix numbers by their path. The parts of the regime are at the top."""
    data = semantic(setting)
    regime = data.pop("regime", {})
    flat: dict[str, Any] = {}
    todo: list[tuple[str, Any]] = [*data.items(), *(regime.items() if isinstance(regime, Mapping) else ())]
    while todo:
        place, value = todo.pop()
        if isinstance(value, Mapping) and value:
            todo += [(f"{place}.{key}", item) for key, item in value.items()]
        else:
            flat[place] = value
    return flat
