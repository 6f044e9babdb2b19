"""Values that are used where the caller gives none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.suite import Suite


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_directory(suite: Suite, out: str | Path | None) -> Path:
    """Return the run directory of a suite: ``out``, or reports/<suite> below the current directory."""
    return Path(out) if out else Path("reports") / suite.name
