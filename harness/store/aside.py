"""Results files that are moved out of the way when a run starts anew."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from harness.store.connection import connect
from harness.store.lock import Held, Lock
from harness.store.results_file import DAMAGE, FILE
from harness.store.schema import StoreError


def set_aside(directory: Path) -> Path | None:
    """Move the results file of a directory out of the way; return its new name, or None if there was none.

    Raises:
        StoreError: If another run is using it, or it cannot be moved.
    """
    path = directory / FILE
    try:
        if not path.exists():
            return None
        with Lock(directory):
            return _rename(path)
    except Held as error:
        raise StoreError(f"{error}, or choose another directory with --out") from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be set aside: {error.strerror}; choose another directory with --out"
        ) from error


def _rename(path: Path) -> Path:
    with contextlib.suppress(*DAMAGE), contextlib.closing(connect(path, "rw")) as db:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # rolls back what a killed run left half written
    date = time.strftime("%Y%m%d-%H%M%S", time.localtime(path.stat().st_mtime))
    for number in range(1000):
        aside = path.with_name(f"{path.stem}-{date}{f'-{number}' if number else ''}{path.suffix}")
        if not aside.exists():
            os.rename(path, aside)
            return aside
    raise StoreError(f"too many results set aside in {path.parent}")
