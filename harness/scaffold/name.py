"""The name of a new plugin, and the names derived from it."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass

from harness.complaints import show

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST = 40
TAKEN = frozenset({"harness", "torch", "numpy", "scipy", "click", "pytest", "conftest", "setup", "builtin", "suite"})


@dataclass(frozen=True)
class PluginName:
    """A name such as ``log-width``.

    Attributes:
        name: Name in ``harness plugins``.
    """

    name: str

    @classmethod
    def parse(cls, text: str) -> PluginName:
        """Return the name that a text gives. ``harness-log-width`` and ``log-width`` are the same.

        Raises:
            ValueError: If it cannot be a name. The message says why.

        >>> PluginName.parse("harness-log-width").module, PluginName.parse("log-width").prefix
        ('harness_log_width', 'LogWidth')
        """
        name = text.removeprefix("harness-")
        if not NAME.fullmatch(name) or len(name) > LONGEST:
            raise ValueError(
                f"the name {show(text)} cannot be used: expected lower-case letters, digits and hyphens, a letter "
                f"first, at most {LONGEST} characters, such as log-width"
            )
        stem = name.replace("-", "_")
        if name in TAKEN or keyword.iskeyword(stem) or stem in sys.stdlib_module_names:
            raise ValueError(f"the name {show(text)} is taken by Python or by the harness: choose another")
        return cls(name)

    @property
    def distribution(self) -> str:
        """Name of the package for pip."""
        return f"harness-{self.name}"

    @property
    def variable(self) -> str:
        """The name as a Python identifier, which is the stem of a plugin in one file."""
        return self.name.replace("-", "_")

    @property
    def module(self) -> str:
        """Name of the package for imports."""
        return f"harness_{self.variable}"

    @property
    def prefix(self) -> str:
        """First part of the names of classes."""
        return "".join(part.capitalize() for part in self.name.split("-"))
