"""Blocks of pages that are made from the reference reports, and from the schema of their files.

A block begins with ``<!-- findings: TABLE SUITE -->`` and ends with ``<!-- end of findings -->``. Everything between is
made: ``python -m findings refresh`` writes it.
"""

from __future__ import annotations

import re
from pathlib import Path

from findings.claims import other_seeds
from findings.equations import equations
from findings.keys import keys_table
from findings.reports import REPORTS, ROOT, read
from findings.tables import TABLES
from findings.times import times_table

BLOCK = re.compile(r"(<!-- findings: ([a-z-]+)(?: ([a-z0-9-]+))? -->\n)(.*?)(<!-- end of findings -->)", re.DOTALL)

OF_ALL = {"times": times_table, "other-seeds": other_seeds, "equations": equations}
"""Tables of all suites by the name that a block gives."""


def pages() -> list[Path]:
    """Return the pages that may have blocks."""
    return [ROOT / "README.md", REPORTS / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def made(name: str, suite: str | None, folder: Path = REPORTS) -> str:
    """Return what stands between the marks of a block.

    Args:
        name: Name of the table.
        suite: Name of the suite, None for tables of all suites, or the kind of record for tables of keys.
        folder: Where the reports are.

    Raises:
        LookupError: If there is no such table.
    """
    if name == "keys":
        return keys_table(suite or "")
    if name in OF_ALL:
        return OF_ALL[name](folder)
    if name not in TABLES or suite is None:
        raise LookupError(f"there is no table {name!r} of findings; there are keys, {', '.join([*OF_ALL, *TABLES])}")
    report = read(suite, folder)
    return f"No report yet: `harness run {suite}` makes it." if report is None else TABLES[name](report)


def refreshed(text: str, folder: Path = REPORTS) -> str:
    """Return a page with its blocks made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}{made(found[2], found[3], folder)}\n{found[5]}", text)


def without_blocks(text: str) -> str:
    """Return a page without what is made."""
    return BLOCK.sub("", text)
