"""The rows and columns of tables that a reader asks for, by patterns as in file names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from harness.complaints import listed, nearest, show
from harness.components.entries import Number, Text
from harness.report.bibliography import cite
from harness.report.column_names import snake
from harness.report.guarantees import EXPLICIT, REFERENCE

if TYPE_CHECKING:
    from harness.components.entries import Entry
    from harness.components.table import Row, Table
    from harness.driver.results import Results
    from harness.suite import Suite

R = TypeVar("R", bound="Results")

LISTED = 40
"""Largest number of names in a message, which the columns of a report do not exceed."""


ALSO = {"scaling": "formula", "law": "formula"}
"""Further names of columns: of a claim's formula up to constants, and of formulas with free constants."""


class SelectionError(ValueError):
    """A pattern matches nothing."""


@dataclass(frozen=True)
class Selection:
    """Patterns for rows and columns. What is empty selects everything.

    Attributes:
        regimes: Patterns for names of regimes.
        theories: Patterns for names, titles or citation keys of theories.
        n: Numbers of samples.
        d: Input dimensions.
        columns: Patterns for headers, for their names in CSV or in :data:`ALSO`, or for parts of headers between
            commas. Blanks may be written as hyphens.
        guarantees: Whether only theorems that guarantee training are shown.
    """

    regimes: tuple[str, ...] = ()
    theories: tuple[str, ...] = ()
    n: tuple[int, ...] = ()
    d: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    guarantees: bool = False

    @property
    def by_size(self) -> bool:
        """Whether sizes are selected."""
        return bool(self.n or self.d)

    def __bool__(self) -> bool:
        return self != Selection()

    def of(self, tables: Sequence[Table], names: Mapping[str, str] | None = None) -> list[Table]:
        """Return the tables with the selected rows and columns, and with the sources of these rows only.

        Args:
            tables: The tables.
            names: Name of each theory by its title, so that patterns may match either.

        Raises:
            SelectionError: If a pattern matches nothing in any table. The message has the nearest name.
        """
        if not self:
            return list(tables)
        self._check(tables, names or {})
        found = [self._rows(table, names or {}) for table in tables]
        return [self.columns_of(table) for table in found if table.rows or not self._selects_rows(table)]

    def check_columns(self, headers: Sequence[str]) -> None:
        """Check that every pattern for columns matches a header.

        Raises:
            SelectionError: If one matches none.
        """
        _known("--columns", self.columns, [_headers(one) for one in headers], headers)

    @property
    def of_tables(self) -> Selection:
        """The selection without regimes and sizes, for tables of a suite or of results that have only these."""
        return replace(self, regimes=(), n=(), d=())

    def places(self, places: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
        """Return the selected ones of some places (regime, n, d).

        Raises:
            SelectionError: If a pattern matches no regime or a size is none of the places'.
        """
        known = list(places)
        if not known:
            return []
        regimes = [regime for regime, _, _ in known]
        _known("--regime", self.regimes, [[one] for one in regimes], regimes)
        for option, asked, there in (
            ("--n", self.n, {n for _, n, _ in known}),
            ("--d", self.d, {d for *_, d in known}),
        ):
            _sized(option, asked, there)
        return [
            (regime, n, d)
            for regime, n, d in known
            if (not self.regimes or _any(self.regimes, [regime]))
            and (not self.n or n in self.n)
            and (not self.d or d in self.d)
        ]

    def suite(self, suite: Suite) -> Suite:
        """Return a suite with the selected regimes and sizes.

        Raises:
            SelectionError: If a pattern matches no regime or a size is none of the suite.
        """
        known = [regime.name for regime in suite.regimes]
        _known("--regime", self.regimes, [known], known)
        for option, asked, there in (("--n", self.n, suite.n), ("--d", self.d, suite.d)):
            for value in asked:
                if value not in there:
                    raise SelectionError(f"{option} {value}: the suite has {', '.join(map(str, there))}")
        regimes = tuple(one for one in suite.regimes if not self.regimes or _any(self.regimes, [one.name]))
        n = tuple(one for one in suite.n if not self.n or one in self.n)
        d = tuple(one for one in suite.d if not self.d or one in self.d)
        return replace(suite, regimes=regimes, n=n, d=d)

    def results(self, results: R) -> R:
        """Return results of the selected regimes and sizes only.

        Raises:
            SelectionError: If a pattern matches no regime or a size is none of the suite.
        """
        if not (self.regimes or self.by_size):
            return results
        suite = self.suite(results.suite)
        places = {(regime.name, n, d) for regime in suite.regimes for n in suite.n for d in suite.d}
        kept = {cell: o for cell, o in results.outcomes.items() if (cell.regime, cell.n, cell.d) in places}
        return replace(results, suite=suite, outcomes=kept, joint=results.joint or len(results.sizes()))

    def _selects_rows(self, table: Table) -> bool:
        headers = {column.header for column in table.columns}
        asked = {"regime": self.regimes, "theory": self.theories or self.guarantees, "n": self.n, "d": self.d}
        return any(patterns and header in headers for header, patterns in asked.items())

    def _rows(self, table: Table, names: Mapping[str, str]) -> Table:
        places = {column.header: i for i, column in enumerate(table.columns)}
        rows = tuple(row for row in table.rows if self._takes(row, places, names))
        if len(rows) == len(table.rows):
            return table
        keys = {e.cite for row in rows for e in row.entries if isinstance(e, Text) and e.cite}
        bibtex = tuple(entry for entry in table.bibtex if cite(entry) in keys)
        return _numbered(replace(table, rows=rows, bibtex=bibtex))

    def _takes(self, row: Row, places: Mapping[str, int], names: Mapping[str, str]) -> bool:
        for header, values in (("n", self.n), ("d", self.d)):
            if values and header in places:
                entry = row.entries[places[header]]
                if isinstance(entry, Number) and entry.value not in values:
                    return False
        if self.regimes and "regime" in places and not _any(self.regimes, [row.entries[places["regime"]].text()]):
            return False
        place = places.get("theory", places.get("Reference"))
        if place is None:
            return True
        if self.guarantees and row.group not in (EXPLICIT, REFERENCE):
            return False
        return not self.theories or _any(self.theories, _spellings(row, place, names))

    def columns_of(self, table: Table) -> Table:
        """Return a table with the selected columns, or the whole table if it has none of them."""
        if not self.columns:
            return table
        kept = [column.header for column in table.columns if _any(self.columns, _headers(column.header))]
        return table.without([c.header for c in table.columns if c.header not in kept]) if kept else table

    def _check(self, tables: Sequence[Table], names: Mapping[str, str]) -> None:
        def entries(header: str) -> list[tuple[Row, int]]:
            found = [(table, i) for table in tables for i, c in enumerate(table.columns) if c.header == header]
            return [(row, i) for table, i in found for row in table.rows]

        regimes = [row.entries[i].text() for row, i in entries("regime")]
        _known("--regime", self.regimes, [[one] for one in regimes], regimes)
        spelled = [_spellings(row, i, names) for header in ("theory", "Reference") for row, i in entries(header)]
        _known("--theory", self.theories, spelled, [one[-1] for one in spelled])
        self.check_columns([column.header for table in tables for column in table.columns])
        for option, asked in (("n", self.n), ("d", self.d)):
            there = {int(e.value) for row, i in entries(option) if isinstance(e := row.entries[i], Number)}
            _sized(f"--{option}", asked, there)


def _numbered(table: Table) -> Table:
    """Return a table with marks such as [12], which number sources, counted from 1."""
    marks: dict[str, str] = {}
    for note in table.notes():
        if re.fullmatch(r"\[\d+\]", note.mark):
            marks.setdefault(note.mark, f"[{len(marks) + 1}]")

    def entry(old: Entry) -> Entry:
        return replace(old, notes=tuple(replace(note, mark=marks.get(note.mark, note.mark)) for note in old.notes))

    return replace(table, rows=tuple(replace(row, entries=tuple(map(entry, row.entries))) for row in table.rows))


def _sized(option: str, asked: Iterable[int], there: Collection[int]) -> None:
    """Refuse a size that is not there, unless no size is known.

    Raises:
        SelectionError: If there are others.
    """
    for value in asked:
        if there and value not in there:
            raise SelectionError(f"{option} {value}: there are {', '.join(map(str, sorted(there)))}")


def _spellings(row: Row, place: int, names: Mapping[str, str]) -> list[str]:
    """Return title, citation key and name of the theory of a row."""
    entry = row.entries[place]
    title = entry.text()
    key = entry.cite if isinstance(entry, Text) else ""
    return [title, *([key] if key else []), names.get(title, title)]


def _headers(header: str) -> list[str]:
    also = ALSO.get(header.lower(), header)
    return [header, header.replace(" ", "-"), snake(header), also, *header.split(", ")]


def _any(patterns: Iterable[str], names: Iterable[str]) -> bool:
    lowered = [name.lower() for name in names]
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns for name in lowered)


def _known(option: str, patterns: Iterable[str], spelled: Iterable[Sequence[str]], names: Sequence[str]) -> None:
    """Refuse a pattern that matches no name.

    Args:
        option: Option that the pattern was given to.
        patterns: The patterns.
        spelled: Spellings of each name.
        names: The names, for the message.

    Raises:
        SelectionError: If a pattern matches none.
    """
    spellings = [list(one) for one in spelled]
    for pattern in patterns:
        if any(_any([pattern], one) for one in spellings):
            continue
        known = list(dict.fromkeys(names))
        if not known:
            raise SelectionError(
                f"{option} {pattern}: what was asked for has no rows, such as theories of these networks"
            )
        close = nearest(pattern, known)
        hint = f"did you mean {close!r}?" if close else f"there are {listed([show(one) for one in known], LISTED)}"
        raise SelectionError(f"{option} {pattern}: nothing matches; {hint}")
