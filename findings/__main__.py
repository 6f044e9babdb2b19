"""Refresh the blocks of findings, or say what changed: ``python -m findings [refresh | changes REVISION | note …]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from findings.blocks import pages, refreshed
from findings.changes import listed
from findings.reports import REPORTS, ROOT
from findings.times import note


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="python -m findings", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("refresh", help="make every block anew from the reports in reports/")
    since = commands.add_parser("changes", help="list thresholds, exponents and formulas that changed since a revision")
    since.add_argument("revision", nargs="?", default="HEAD")
    since.add_argument("--digits", action="store_true", help="also brackets that still have a width in common")
    took = commands.add_parser("note", help="note how long the report of a suite took")
    took.add_argument("suite")
    took.add_argument("seconds", type=int)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    given = parser().parse_args(arguments)
    if given.command == "note":
        note(REPORTS, given.suite, given.seconds)
    elif given.command == "changes":
        for line in listed(given.revision, digits=given.digits):
            print(line)
    else:
        for page in pages():
            text = page.read_text(encoding="utf-8")
            if (new := refreshed(text)) != text:
                page.write_text(new, encoding="utf-8")
                print(page.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
