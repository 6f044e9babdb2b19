"""Which plugin files may be loaded because data, a suite or a results file, names them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.complaints import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


def stranger(file: Path) -> str:
    """Return why a plugin file is not loaded on the word of data alone; empty if it is.

    It is where it lies in or below the current directory, links followed, and belongs to the user or to root. What is
    not there is nobody's; that it is missing is said elsewhere.
    """
    try:
        real = file.resolve()
        if not real.is_relative_to(Path.cwd().resolve()):
            return f"{printable(str(real))} is code outside of the current directory"
        owner = real.stat().st_uid
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, RuntimeError) as error:
        return f"{printable(str(file))} cannot be looked at: {printable(str(error))}"
    if hasattr(os, "getuid") and owner not in (0, os.getuid()):
        return f"{printable(str(real))} is code of another user"
    return ""


def strangers(files: Iterable[Path]) -> list[str]:
    """Return why each of these files is not loaded, for those that are not."""
    return [why for file in files if (why := stranger(file))]


HOW = "read it, then name it with --plugin, or load all that are named with --trust-plugins"
