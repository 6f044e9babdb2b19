"""BibTeX: the keys of entries, and the file that goes along with tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.components.numbers import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.components.table import Table

_KEY = re.compile(r"\s*@\w+\s*\{\s*([\w.:/+-]+)\s*,", re.ASCII)


def cite(bibtex: str) -> str:
    """Return the key of a BibTeX entry; empty where there is none that LaTeX can cite.

    >>> cite("@misc{sgd-shallow, title = {On descent}}"), cite(""), cite("@misc{a b, title = {}}")
    ('sgd-shallow', '', '')
    """
    found = _KEY.match(bibtex)
    return found[1] if found else ""


def bibliography(tables: Iterable[Table]) -> str:
    """Return ``references.bib``: every entry that goes along with the tables, once, in order of its key."""
    entries = {cite(entry): entry for table in tables for entry in table.bibtex if cite(entry)}
    return "\n".join(_lines(entries[key]) for key in sorted(entries))


def _lines(entry: str) -> str:
    """Return an entry without anything that could steer a terminal, its lines kept."""
    lines = (" " * (len(line) - len(line.lstrip())) + clean(line) for line in entry.strip().splitlines())
    return "\n".join(lines) + "\n"
