"""BibTeX entries: their keys, and the file for the tables of a report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.components.entries import Text
from harness.components.numbers import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.components import Claim, Theory
    from harness.components.entries import Note
    from harness.components.table import Table

_KEY = re.compile(r"\s*@\w+\s*\{\s*([\w.:/+-]+)\s*,", re.ASCII)


def cite(bibtex: str) -> str:
    """Return the key of a BibTeX entry, or an empty string if LaTeX cannot cite it.

    >>> cite("@misc{sgd-shallow, title = {On descent}}"), cite(""), cite("@misc{a b, title = {}}")
    ('sgd-shallow', '', '')
    """
    found = _KEY.match(bibtex)
    return found[1] if found else ""


def titled(claim: Claim, doubt: Note, *notes: Note) -> Text:
    """Return the title of a claim as an entry that cites its source.

    Args:
        claim: The claim.
        doubt: The note of a claim that is not verified.
        notes: Notes before it.
    """
    key = cite(claim.reference.bibtex)
    if claim.verified:
        return Text(claim.title, key, notes=notes)
    return Text(claim.title, key, notes=(*notes, doubt), style="doubt")


def sources(theories: Iterable[Theory]) -> tuple[str, ...]:
    """Return the BibTeX entries of theories, each once, in the order given."""
    entries = (theory.claim.reference.bibtex for theory in theories)
    return tuple(dict.fromkeys(entry for entry in entries if entry))


def bibliography(tables: Iterable[Table]) -> str:
    """Return the text of ``references.bib``: each entry of the tables once, sorted by key."""
    entries = {cite(entry): entry for table in tables for entry in table.bibtex if cite(entry)}
    return "\n".join(_lines(entries[key]) for key in sorted(entries))


def _lines(entry: str) -> str:
    """Return an entry without control characters. Its lines are kept."""
    lines = (" " * (len(line) - len(line.lstrip())) + clean(line) for line in entry.strip().splitlines())
    return "\n".join(lines) + "\n"
