"""The reader of the search of a suite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from harness.complaints import Code, SpecError, nearest, show
from harness.plugin_host.options import configure, option_names
from harness.plugin_host.validation import from_pydantic
from harness.statistics.adaptive import Adaptive
from harness.statistics.search import Grid
from harness.suite.file import Sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.statistics.search import Search
    from harness.suite.tables import Tables


def read_search(tables: Tables, methods: Mapping[str, type[Search]]) -> Search | None:
    """Return the search of [search], the usual one where the section is left out, or None if it has faults.

    Args:
        tables: Tables of the suite, which take the complaints.
        methods: Searches that the suite may name.
    """
    table = tables.table("search", needed=False)
    if table is None:
        return methods["adaptive"]() if "search" not in tables.data else None
    options = {key: value for key, value in table.items() if key != "method"}
    method = table.get("method", "adaptive")
    if not isinstance(method, str) or method not in methods:
        expected = " or ".join(map(show, methods))
        close = nearest(method, methods)
        message = f"found {show(method)}, expected {expected}"
        code: Code = "unknown-value" if isinstance(method, str) else "wrong-type"
        tables.refuse(code, ("search", "method"), message, close)
        if not close:
            return None
        method = close  # so that the other options are still checked, by the nearest method
    cls = methods[method]
    options = _widths(options, cls, tables)
    for key in list(options):
        other = next((m for m, c in methods.items() if key in option_names(c) and m != method), None)
        if key not in option_names(cls) and other is not None:
            message = f"is an option of method = {show(other)}, not of {show(method)}"
            tables.refuse("other-method", ("search", key), message)
            del options[key]
    try:
        return configure(cls, options)
    except SpecError as error:
        refused = {c.path for c in tables.complaints}
        tables.complaints += [c for c in (c.below("search") for c in error.complaints) if c.path not in refused]
        return None


def _widths(options: dict[str, Any], cls: type[Search], tables: Tables) -> dict[str, Any]:
    """Return the options with the widths of a grid written out. A search that chooses its own has none to name."""
    if cls is Grid:
        return _grid_widths(options, tables)
    widths = options.get("widths")
    if isinstance(widths, list | dict):
        message = "lists widths, but the adaptive search chooses its own; use method = 'grid'"
    elif cls is Adaptive and isinstance(widths, int):  # an option of the first adaptive search
        message = "limits nothing: the brackets of the adaptive search do not pay for widths; leave it out"
    else:
        return options
    tables.refuse("other-method", ("search", "widths"), message)
    return {key: value for key, value in options.items() if key != "widths"}


def _grid_widths(options: dict[str, Any], tables: Tables) -> dict[str, Any]:
    widths = options.pop("widths", None)
    if isinstance(widths, str | list):
        listed = widths if isinstance(widths, list) else [widths]
        formulas = [width for width in listed if _is_formula(width)]
        widths = [width for width in listed if not _is_formula(width)]
        if formulas:
            options["formulas"] = [*formulas, *options.get("formulas", [])]
        if formulas and not widths:
            return options
    if widths is None:
        return options
    adapter: TypeAdapter[Any] = TypeAdapter(Sizes)
    try:
        return {**options, "widths": list(adapter.validate_json(json.dumps(widths), strict=True))}
    except ValidationError as error:
        found = from_pydantic(error, widths, ("from", "to", "step"))
        tables.complaints += [c.below("search", "widths") for c in found]
        return {**options, "widths": [1]}  # so that the other options are still checked


def _is_formula(size: Any) -> bool:
    """Return whether an entry of a list of sizes is a text with a letter. Numbers in quotes are faults."""
    return isinstance(size, str) and any(map(str.isalpha, size))
