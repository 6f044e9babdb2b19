"""Temporary folders of archives. A folder that a killed process left is removed by a later one."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.exchange.archive import ArchiveError
from harness.store.lock import Held, Lock

PREFIX = "harness-archive-"
OLD_SECONDS = 3600.0
"""Age from which a folder that no process holds is removed. It must be longer than the making of a folder takes."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield an empty temporary folder. It is removed at the end, or later if this process is killed.

    Raises:
        ArchiveError: If it cannot be made.
    """
    _sweep()
    with contextlib.ExitStack() as stack:
        try:
            outer = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
            stack.enter_context(Lock(outer))
            folder = outer / "files"
            folder.mkdir()
        except (OSError, Held) as error:
            reason = getattr(error, "strerror", None) or error
            raise ArchiveError(f"the temporary directory cannot be used: {reason}") from error
        yield folder


def _sweep() -> None:
    """Remove the old folders of this user that no process holds."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, Held):  # removed meanwhile, or in use
            found = path.lstat()
            old = time.time() - found.st_mtime > OLD_SECONDS
            if old and stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                with Lock(path):
                    shutil.rmtree(path)
