"""The reader of the regimes of a suite."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from harness.complaints import SpecError, show
from harness.plugin_host.composition import build_regime
from harness.plugin_host.regime_names import unique_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components import Regime
    from harness.statistics.search import Search
    from harness.suite.tables import Tables

MAX_NAME = 80


def read_regimes(tables: Tables, *, any_names: bool = False) -> dict[int, Regime]:
    """Return the regimes that could be built, by their index in the file.

    Args:
        tables: Tables of the suite, which take the complaints.
        any_names: Whether to accept names that are too long for tables, as the harness itself makes them.
    """
    listed = tables.data.get("regimes")
    if "regimes" not in tables.data:
        tables.miss("regimes")
    elif isinstance(listed, dict):
        tables.refuse("wrong-brackets", ("regimes",), "is one table, expected a list of them: write [[regimes]]")
    elif not isinstance(listed, list) or not listed:
        tables.refuse("wrong-type", ("regimes",), f"found {show(listed)}, expected at least one table [[regimes]]")
    if not isinstance(listed, list):
        return {}
    built: dict[int, Regime] = {}
    for index, spec in enumerate(listed):
        if not isinstance(spec, dict):
            tables.refuse("wrong-type", ("regimes", index), f"found {show(spec)}, expected a table [[regimes]]")
            continue
        try:
            built[index] = build_regime(spec, tables.registry)
        except SpecError as error:
            tables.complaints += [c.below("regimes", index) for c in error.complaints]
    if not any_names:
        _check_names(listed, tables)
    unique = unique_names(built.values(), ("name" in listed[index] for index in built))
    return dict(zip(built, unique, strict=True))


def _check_names(listed: list[Any], tables: Tables) -> None:
    first: dict[str, int] = {}
    for index, spec in enumerate(listed):
        name = spec.get("name") if isinstance(spec, dict) else None
        if not isinstance(name, str):
            continue
        if len(name) > MAX_NAME:
            message = f"is {len(name)} characters long, expected at most {MAX_NAME}"
            tables.refuse("too-long", ("regimes", index, "name"), message)
        if name.strip() and name != name.strip():
            message = f"found {show(name)}, expected {show(name.strip())}: files of tables drop blanks at the ends"
            tables.refuse("surrounding-blanks", ("regimes", index, "name"), message)
        shown = unicodedata.normalize("NFC", " ".join(name.split()))  # names that look alike are one name
        if shown in first:
            message = f"found {show(name)}, the name of regimes[{first[shown]}] too"
            tables.refuse("given-twice", ("regimes", index, "name"), message)
        first.setdefault(shown, index)


def check_width_steps(search: Search | None, regimes: Mapping[int, Regime], tables: Tables) -> None:
    """Refuse widths that the initializer of a regime cannot draw."""
    for index, regime in regimes.items():
        step = regime.initializer.width_step
        subject = f"regimes[{index}] ({regime.initializer.name}) needs multiples of {step}"
        if search is not None and (found := search.inadmissible(step)) is not None:
            option, value = found
            tables.refuse("width-not-multiple", ("search", option), f"found {show(value)}, but {subject}")
