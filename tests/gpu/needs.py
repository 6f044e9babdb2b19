"""Names the packages that are missing for tests/gpu/run_all.sh: ``python -m tests.gpu.needs``."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FURTHER = ("triton", "pytest", "hypothesis", "hatchling", "editables")
"""Packages beside the project's own dependencies: the kernels', the tests', and those that install the project."""

LARGE = ("torch", "triton", "numpy", "scipy", "matplotlib")
"""Packages that are expected on a machine with a GPU, and not carried there."""


def needed() -> list[str]:
    """Return the names of all packages that the parts need."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*(re.split(r"[>=<~!;\[ ]", line)[0] for line in project["dependencies"]), *FURTHER]


def missing(names: Iterable[str]) -> list[str]:
    """Return those of some packages that are not installed."""
    absent = []
    for name in names:
        try:
            version(name)
        except PackageNotFoundError:
            absent.append(name)
    return absent


def main() -> int:
    """Say what is missing. Return 2 if something is, else 0. With ``--carried`` print what a machine is sent."""
    if sys.argv[1:] == ["--carried"]:
        print(*(name for name in needed() if name not in LARGE))
        return 0
    if absent := missing(needed()):
        print(
            f"{sys.executable} lacks {', '.join(absent)}. Where there is a network, type tests/gpu/wheels.sh, and "
            "bring the folder wheels/ here",
            file=sys.stderr,
        )
    return 2 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
