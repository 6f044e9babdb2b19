"""The packages that a suite asks for: whether they are installed, and how to get them."""

from __future__ import annotations

import re
import shlex
from importlib import metadata
from typing import Any

from harness.complaints import Complaint, show

EXAMPLE = "requires = ['harness-foo>=0.2']"


def missing_packages(listed: Any) -> list[Complaint]:
    """Complain about each requirement that is not met here, with the line for pip that meets it.

    Args:
        listed: What stands under ``requires`` in a suite.

    >>> [complaint.message.partition("with: ")[2] for complaint in missing_packages(["numpy>=1.0", "numpy>=99"])]
    ["pip install -U 'numpy>=99'"]
    """
    if not isinstance(listed, list):
        return [Complaint(("requires",), f"found {show(listed)}, expected a list such as {EXAMPLE}")]
    complaints = [(index, _complaint(entry)) for index, entry in enumerate(listed)]
    return [Complaint(("requires", index), message) for index, message in complaints if message]


def _complaint(entry: Any) -> str:
    from packaging.requirements import InvalidRequirement, Requirement  # most suites ask for nothing

    if not isinstance(entry, str):
        return f"found {show(entry)}, expected the name of a package and a range, such as 'harness-foo>=0.2'"
    try:
        needed = Requirement(entry)
    except InvalidRequirement:
        return f"found {show(entry)}, expected the name of a package and a range, such as 'harness-foo>=0.2'"
    if needed.marker is not None and not needed.marker.evaluate():
        return ""
    line = shlex.quote(re.sub(r"\s*;.*", "", entry))
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return f"{needed.name} is not installed; get it with: pip install {line}"
    if not needed.specifier.contains(version, prereleases=True):
        return f"{needed.name} is {version} here, expected {needed.specifier}; get it with: pip install -U {line}"
    return ""
