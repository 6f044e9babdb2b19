"""The packages that a suite requires, compared with those that are installed."""

from __future__ import annotations

import shlex
from importlib import metadata
from typing import Any

from harness.complaints import Complaint, Path, show

EXAMPLE = "requires = ['harness-foo>=0.2']"


def missing_packages(listed: Any) -> list[Complaint]:
    """Return a complaint per requirement that is not met, with the command for pip that meets it.

    Args:
        listed: Value of ``requires`` in a suite.

    >>> [complaint.message.partition("with: ")[2] for complaint in missing_packages(["numpy>=1.0", "numpy>=99"])]
    ["pip install -U 'numpy>=99'"]
    """
    if not isinstance(listed, list):
        message = f"found {show(listed)}, expected a list such as {EXAMPLE}"
        return [Complaint("wrong-type", ("requires",), message)]
    complaints = [_complaint(("requires", index), entry) for index, entry in enumerate(listed)]
    return [complaint for complaint in complaints if complaint is not None]


def _complaint(path: Path, entry: Any) -> Complaint | None:
    from packaging.requirements import InvalidRequirement, Requirement  # imported late: most suites require nothing

    expected = "expected the name of a package and a range, such as 'harness-foo>=0.2'"
    if not isinstance(entry, str):
        return Complaint("wrong-type", path, f"found {show(entry)}, {expected}")
    try:
        needed = Requirement(entry)
    except InvalidRequirement:
        return Complaint("invalid-requirement", path, f"found {show(entry)}, {expected}")
    if needed.marker is not None and not needed.marker.evaluate():
        return None
    line = shlex.quote(" ".join(entry.partition(";")[0].split()))
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        message = f"{needed.name} is not installed; get it with: pip install {line}"
        return Complaint("missing-package", path, message)
    if not needed.specifier.contains(version, prereleases=True):
        message = f"{needed.name} is {version} here, expected {needed.specifier}; get it with: pip install -U {line}"
        return Complaint("other-package-version", path, message)
    return None
