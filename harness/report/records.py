"""Records of one kind in order: a sequence, and a table that data-frame libraries read."""

from __future__ import annotations

import dataclasses
import shutil
import types
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints, overload

from harness.components.numbers import clean

if TYPE_CHECKING:
    import pandas

R = TypeVar("R")

MOST_ROWS = 20
"""Rows that are shown before the rest is only counted."""


class Records(Generic[R]):
    """Records of one kind: a sequence of frozen dataclasses, and a table with a column for each field.

    A field that holds a mapping gives a column for each of its keys, ``field_key``. Libraries that read Arrow
    (polars, duckdb, pyarrow) take the table as it is, through ``__arrow_c_stream__``. It is not registered as a
    :class:`collections.abc.Sequence`, which polars would read row by row.

    >>> from harness.components import Cell
    >>> cells = Records(Cell, [Cell("lazy", 20, 5, 4), Cell("lazy", 20, 5, 8)])
    >>> cells[1].k, len(cells), cells.columns()["k"]
    (8, 2, [4, 8])
    >>> cells
    regime   n  d  k
    lazy    20  5  4
    lazy    20  5  8
    """

    def __init__(self, kind: type[R], rows: Iterable[R]) -> None:
        """Hold records.

        Args:
            kind: Their dataclass, whose fields are strings, numbers, truth values, None, or mappings to those.
            rows: The records.
        """
        self.kind = kind
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> R: ...

    @overload
    def __getitem__(self, place: slice) -> Records[R]: ...

    def __getitem__(self, place: int | slice) -> R | Records[R]:
        return Records(self.kind, self._rows[place]) if isinstance(place, slice) else self._rows[place]

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and (self.kind, self._rows) == (other.kind, other._rows)

    def __hash__(self) -> int:
        return hash((self.kind, self._rows))

    def columns(self) -> dict[str, list[Any]]:
        """Return the values of each column, in the order of the fields, with None for what is not known."""
        return {name: values for name, _, values in self._columns()}

    def _columns(self) -> Iterator[tuple[str, type, list[Any]]]:
        """Yield name, type and values of each column."""
        for field, (kind, mapped) in fields_of(self.kind).items():
            values = [getattr(row, field) for row in self._rows]
            if not mapped:
                yield field, kind, values
                continue
            for key in dict.fromkeys(key for value in values for key in value):
                yield f"{field}_{key}".replace(" ", "_"), kind, [value.get(key) for value in values]

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas data frame; a column of integers or truth values with gaps has pandas' nullable type.

        Raises:
            ImportError: If pandas is not installed.
        """
        try:
            library = import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "to_pandas() needs the package pandas, which is not installed; columns() gives plain lists"
            ) from error
        whole = {int: "int64", bool: "bool", float: "float64", str: "str"}
        gaps = {int: "Int64", bool: "boolean", float: "float64", str: "object"}
        frame: pandas.DataFrame = library.DataFrame(
            {name: library.Series(v, dtype=(gaps if None in v else whole)[kind]) for name, kind, v in self._columns()}
        )
        return frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the table as an Arrow C stream in a PyCapsule, made by pyarrow or else by polars.

        The stream is not written with ctypes here: consumers call its release callbacks while an exception is on its
        way, and a callback in Python then loses that exception.

        Raises:
            ImportError: If neither is installed.
        """
        columns = list(self._columns())
        try:
            arrow = import_module("pyarrow")
        except ImportError:
            frame = self._polars(columns)
        else:
            names = {int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_(), str: arrow.string()}
            frame = arrow.table({name: arrow.array(values, type=names[kind]) for name, kind, values in columns})
        return frame.__arrow_c_stream__(requested_schema)

    def _polars(self, columns: Iterable[tuple[str, type, list[Any]]]) -> Any:
        try:
            polars = import_module("polars")
        except ImportError as error:
            raise ImportError(
                "Arrow streams need the package pyarrow or polars, neither of which is installed; see columns()"
            ) from error
        names = {int: polars.Int64, float: polars.Float64, bool: polars.Boolean, str: polars.String}
        return polars.DataFrame([polars.Series(name, values, dtype=names[kind]) for name, kind, values in columns])

    def __repr__(self) -> str:
        """Return the first rows as text, with as many columns as fit the terminal."""
        shown = [[name, *map(_spelled, values[:MOST_ROWS])] for name, values in self.columns().items()]
        right = [kind is not str for _, kind, _ in self._columns()]
        widths = [max(map(len, column)) for column in shown]
        while len(widths) > 1 and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
            widths.pop()
        lines = [
            "  ".join(
                entry.rjust(width) if side else entry.ljust(width)
                for entry, width, side in zip(row, widths, right, strict=False)
            ).rstrip()
            for row in zip(*shown, strict=True)
        ]
        left_out = [name for name, *_ in shown[len(widths) :]]
        lines += [f"further columns: {', '.join(left_out)}"] if left_out else []
        lines += [f"further rows: {len(self) - MOST_ROWS}"] if len(self) > MOST_ROWS else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the first rows as an HTML table, all text escaped."""
        from markupsafe import escape

        columns = self.columns()
        head = "".join(f"<th>{escape(name)}</th>" for name in columns)
        shown = [list(map(_spelled, values[:MOST_ROWS])) for values in columns.values()]
        rows = ("".join(f"<td>{escape(entry)}</td>" for entry in row) for row in zip(*shown, strict=True))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        more = f"<p>further rows: {len(self) - MOST_ROWS}</p>" if len(self) > MOST_ROWS else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def fields_of(kind: type) -> dict[str, tuple[type, bool]]:
    """Return the type of each field of a record without None, and whether the field maps keys to that type.

    Raises:
        TypeError: If a field has a type that no column can hold.

    >>> from harness.components import Cell
    >>> fields_of(Cell)["k"]
    (<class 'int'>, False)
    """
    hints = get_type_hints(kind)
    found = {}
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        mapped = get_origin(hint) is Mapping
        of = _without_none(get_args(hint)[1] if mapped else hint)
        if of not in (str, int, float, bool):
            raise TypeError(f"{kind.__name__}.{field.name} has type {hint}, which no column can hold")
        found[field.name] = of, mapped
    return found


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    kept = [part for part in get_args(hint) if part is not type(None)]
    return kept[0] if len(kept) == 1 else hint


def _spelled(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else clean(str(value))
