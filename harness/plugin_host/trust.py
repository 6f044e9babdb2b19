"""Rules for loading plugin files that data name, such as suites and results files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.complaints import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


def stranger(file: Path) -> str:
    """Return the reason why a plugin file must not be loaded, or an empty string if it may be.

    A file may be loaded if it lies in or below the current directory (links resolved) and belongs to the user or root.
    For a missing file the result is empty. The caller reports it.
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
    """Return the reasons for those of the files that must not be loaded."""
    return [why for file in files if (why := stranger(file))]


HOW = "read it, then name it with --plugin, or load all that are named with --trust-plugins"
