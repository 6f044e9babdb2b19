"""Why a run would train what it trains: the suite's settings against those that are stored."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.driver.plan import Plan
from harness.driver.threshold_search import ThresholdSearch
from harness.engine.setting import semantic
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store
from harness.suite import Suite


@dataclass(frozen=True)
class Change:
    """One thing that fixes numbers and is not as it was.

    Attributes:
        what: Its place, as ``optimizer.c``.
        was: What is stored; None where it was not there.
        now: What the suite asks for; None where it does not.
    """

    what: str
    was: Any
    now: Any


@dataclass(frozen=True)
class Explained:
    """What becomes of one threshold.

    Attributes:
        regime: Its regime.
        n: Samples.
        d: Input dimension.
        reused: Stored trials that the run takes as they are.
        new: Trials that it is known to train; a search asks for more as it goes.
        exact: Whether it asks for no more than those.
        why: Why there is something to train, in one line; empty if there is not.
        nearest: Name of the stored regime that it was compared with; empty if there is none.
        changes: In what they differ.
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
    """Return, for each threshold of a suite, what is reused of a run directory and why the rest is not.

    Raises:
        StoreError: If what is stored cannot be read.
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
        if not search.over and search.key in settings:
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
    """Say why a setting that is stored has trials to train."""
    if errors:
        return f"{errors} trials ended in an error and are tried again"
    if not search.reused:
        return "this n and d are new"
    return "the search is not over"


def _changed(data: dict[str, Any], settings: Mapping[str, Mapping[str, Any]]) -> tuple[str, tuple[Change, ...], str]:
    """Compare a setting with the stored one that is nearest to it: the one from which fewest values differ."""
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
    """Return in what two settings differ, of what fixes numbers; of another component, only which it is.

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
    """Return what fixes numbers by its place; the regime's parts stand at the top."""
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
