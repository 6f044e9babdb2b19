"""Prints the lowest version of each direct dependency, as pip reads requirements."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def floors(extras: list[str]) -> list[str]:
    """Return ``name==version`` for each dependency of the project and of these extras."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [re.sub(r">=([\w.]+).*", r"==\1", line.partition(";")[0].strip()) for line in asked]


if __name__ == "__main__":
    print("\n".join(floors(sys.argv[1:])))
