"""What every component has: a name, a version, and options."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Component:
    """Base of everything a plugin provides.

    Attributes:
        name: What suites write after ``use``; lower-case letters, digits and hyphens.
        version: Raise it when the same options give different numbers: stored trials are then trained anew.
        kind: Which of the component families the class belongs to (set by the base classes).
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "component"

    def options(self) -> dict[str, Any]:
        """Return the options as plain data (numbers, strings, lists and tables).

        >>> from harness.builtin.optimizers import Momentum
        >>> Momentum(beta=0.8).options()
        {'step_size': 'stable', 'c': 1.5, 'beta': 0.8}
        """
        return dataclasses.asdict(self)

    def spec(self) -> dict[str, Any]:
        """Return what identifies the component: name, version and options. Two equal specs give equal numbers."""
        return {"use": self.name, "version": self.version, **self.options()}
