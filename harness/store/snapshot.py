"""A compact copy of a results file, consistent even while a run writes to it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from harness.store import FILE, Store
from harness.store.schema import StoreError


def snapshot(directory: Path, copy: Path) -> Path:
    """Copy the results file of a run directory into another directory; return the copy.

    It holds what was committed at one moment, without free pages: equal results give equal bytes.

    Raises:
        StoreError: If there are none, or they are damaged, or the copy cannot be written.
    """
    with Store(directory, create=False):  # checks whose it is, and brings it up to date
        pass
    target = copy / FILE
    try:
        source = f"{(directory / FILE).absolute().as_uri()}?mode=rw"  # reading may have to roll a killed run back
        with contextlib.closing(sqlite3.connect(source, uri=True, isolation_level=None, timeout=30)) as db:
            db.execute("VACUUM INTO ?", (str(target),))
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as made:
            made.execute("PRAGMA schema_version = 1")  # counts on from that of the original otherwise
    except sqlite3.Error as error:
        raise StoreError(f"{directory / FILE} cannot be copied to {copy}: {error}") from error
    return target
