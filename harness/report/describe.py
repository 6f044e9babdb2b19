"""Descriptions of components from their docstrings: text, and options with type, default and meaning."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import annotated_types as at

from harness.components.entries import Text
from harness.components.numbers import clean
from harness.components.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Option:
    """An option of a component.

    Attributes:
        name: Name in a suite.
        type: Type in words.
        default: Default value as plain data.
        meaning: Text of the docstring, or an empty string if it has none.
    """

    name: str
    type: str
    default: Any
    meaning: str


def options(cls: type) -> tuple[Option, ...]:
    """Return the options of a component class.

    >>> from harness.builtin.optimizers import Momentum
    >>> [(o.name, o.type, o.default) for o in options(Momentum)][-1:]
    [('beta', 'number ≥ 0 and < 1', 0.9)]
    """
    if not dataclasses.is_dataclass(cls):
        return ()
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError:  # raised for types that are imported under TYPE_CHECKING
        hints = {}
    said = meanings(cls)
    return tuple(
        Option(
            field.name,
            type_words(hints[field.name]) if field.name in hints else str(field.type),
            _default(field),
            said.get(field.name, ""),
        )
        for field in dataclasses.fields(cls)
        if field.init
    )


def meanings(cls: type) -> dict[str, str]:
    """Return the texts of the Attributes sections of a class and its bases. The class itself has precedence."""
    found: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        found |= _attributes(inspect.cleandoc(owner.__dict__.get("__doc__") or ""))
    return found


def prose(thing: object) -> str:
    """Return the text of a docstring before its first section."""
    doc = inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    return unmarked(re.split(r"\n+(?:(?:Attributes|Args|Returns|Raises|Examples?):\n|>>> )", doc)[0].strip())


def type_words(hint: Any) -> str:
    """Return a type in words, for readers of suites.

    >>> from typing import Literal
    >>> from harness import Positive
    >>> type_words(Literal["stable", "theory"] | Positive), type_words(int | None), type_words(tuple[float, ...])
    ("'stable', 'theory' or number > 0", 'whole number or left out', 'list of number')
    """
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        limits = " and ".join(filter(None, map(_limit, parts[1:])))
        return f"{type_words(parts[0])} {limits}".strip()
    if origin is typing.Literal:
        return ", ".join(map(repr, parts))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_words(part) for part in parts)
    if origin in (tuple, list):
        return f"list of {type_words(parts[0])}" if parts else "list"
    words = {int: "whole number", float: "number", bool: "true or false", str: "text", type(None): "left out"}
    return words.get(hint, getattr(hint, "__name__", str(hint)))


def options_table(described: Sequence[Mapping[str, Any]]) -> Table:
    """Return options, given as plain data, as a table."""
    rows = []
    for option in described:
        default = option["default"]
        shown = "left out" if default is None else json.dumps(default, ensure_ascii=False)
        rows.append(Row(tuple(Text(text) for text in (option["name"], option["type"], shown, option["meaning"]))))
    return Table(
        name="options",
        title="Options",
        caption="",
        columns=(Column("option"), Column("type", wrap=30), Column("default"), Column("meaning", wrap=60)),
        rows=tuple(rows),
    )


def _limit(constraint: Any) -> str:
    signs = {at.Gt: ("> ", "gt"), at.Ge: ("≥ ", "ge"), at.Lt: ("< ", "lt"), at.Le: ("≤ ", "le")}
    for kind, (sign, attribute) in signs.items():
        if isinstance(constraint, kind):
            return f"{sign}{getattr(constraint, attribute):g}"
    return ""


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None


def _attributes(doc: str) -> dict[str, str]:
    found: dict[str, str] = {}
    inside, name, indent = False, "", 0
    for line in doc.splitlines():
        if line.strip() == "Attributes:":
            inside = True
        elif inside and line.strip() and not line.startswith(" "):
            inside = False
        elif inside and line.strip():
            depth = len(line) - len(line.lstrip())
            indent = indent or depth
            match = re.match(r"(\w+)(?: \([^)]*\))?: (.*)", line.strip())
            if depth == indent and match:
                name = match[1]
                found[name] = clean(match[2])
            elif name:
                found[name] = f"{found[name]} {clean(line)}"
    return {key: unmarked(text) for key, text in found.items()}


def unmarked(text: str) -> str:
    """Return a docstring's text without its markup.

    >>> unmarked("``gd``; see :data:`harness.components.StepSize`.")
    'gd; see StepSize.'
    """
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?([^`]*)`", r"\1", text).replace("``", "")
