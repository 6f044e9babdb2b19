"""The names of regimes that a suite does not name itself."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.complaints import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.components import Component, Regime


def default_name(preset: Regime | None, changed: Iterable[str], parts: Mapping[str, Component | None]) -> str:
    """Return the name of a regime to which its suite gives none.

    Args:
        preset: The preset that it starts from, or None.
        changed: The changes of the preset in words.
        parts: Its ingredients, None where one has a fault.
    """
    if preset is not None:
        return ", ".join([preset.name, *changed])
    return ", ".join(part.name for part in parts.values() if part is not None)


def unique_names(regimes: Iterable[Regime], given: Iterable[bool]) -> list[Regime]:
    """Return the regimes with numbers behind names that several of them have.

    Args:
        regimes: Regimes in the order of the suite.
        given: Whether the suite gives each regime its name. Such names are kept.

    Returns:
        The regimes in the same order.
    """
    pairs = list(zip(regimes, given, strict=True))
    taken = {regime.name for regime, written in pairs if written}
    unique: list[Regime] = []
    counts: Counter[str] = Counter()
    for regime, written in pairs:
        name = regime.name
        while not written and name in taken:
            counts[regime.name] += 1
            name = f"{regime.name} ({counts[regime.name] + 1})"
        taken.add(name)
        unique.append(dataclasses.replace(regime, name=name))
    return unique


def change_named(option: str, value: Any) -> str:
    """Return a changed option as the name of a regime has it. A component needs no word before its name.

    >>> change_named("alpha", 4.0), change_named("labels", {"use": "classes", "classes": 3})
    ('alpha 4.0', 'classes classes 3')
    """
    named = isinstance(value, str) or (isinstance(value, Mapping) and isinstance(value.get("use"), str))
    return brief(value) if named else f"{option} {brief(value)}"


def brief(value: Any) -> str:
    """Return the value of an option as names of regimes have it: a component by its name and its options."""
    if isinstance(value, Mapping) and isinstance(value.get("use"), str):
        return " ".join([value["use"], *(f"{key} {brief(option)}" for key, option in value.items() if key != "use")])
    return value if isinstance(value, str) else show(value)
