"""Files that are written completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def draft(path: Path) -> Iterator[Path]:
    """Yield an empty file beside ``path`` to write to, and move it to ``path`` when it is complete.

    The draft is a new file with an unpredictable name, so no link in the directory is followed. A link at ``path``
    itself is replaced, not followed. If anything fails, the previous file is kept.

    Raises:
        OSError: If the file cannot be written.
    """
    if path.is_dir() and not path.is_symlink():
        raise IsADirectoryError(errno.EISDIR, "a folder has the name of this file; move it away", str(path))
    handle, name = tempfile.mkstemp(prefix=".draft-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.chmod(0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def replace_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, in UTF-8.

    Args:
        path: The file; replaced if there is one.
        text: What it holds afterwards.

    Raises:
        OSError: If the file cannot be written.
    """
    with draft(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _umask() -> int:
    """Return the process's mask of permissions, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
