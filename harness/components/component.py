"""The base of all components: a name, a version, and options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

_ATOMS = frozenset({bool, int, float, str, type(None)})
"""Types of values that cannot be changed."""


@dataclass(frozen=True)
class Component:
    """Base of everything that a plugin provides.

    Attributes:
        name: Name in suites, after ``use``. It has lower-case letters, digits and hyphens.
        version: Version of the numbers. Raise it when the same options give different numbers: stored trials are then
            trained again.
        kind: Kind of the component, set by the base classes.
        since: Options that were added after the component was first released, each with the release that added it.
            :meth:`spec` leaves them out at their default, so a new option moves no draw and no stored key.
        needs: A noun phrase that completes "needs …" in the error for a composition that the component does not accept.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "component"
    since: ClassVar[Mapping[str, str]] = {}
    needs: ClassVar[str] = ""

    def options(self) -> dict[str, Any]:
        """Return the options as plain data (numbers, strings, lists and tables).

        >>> from harness.builtin.optimizers import Momentum
        >>> Momentum(beta=0.8).options()["beta"]
        0.8
        """
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if not all(type(value) in _ATOMS for value in values.values()):  # which a copy of takes many times longer
            values = dataclasses.asdict(self) | {name: part.plain() for name, part in self.parts().items()}
        return values

    def parts(self) -> dict[str, Component]:
        """Return the options that are components themselves, by name."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Component)}

    @classmethod
    def later(cls) -> set[str]:
        """Return the options in :attr:`since` of the class and of its bases.

        A class that declares an option of its own takes its name off the lists of its bases.
        """
        found: set[str] = set()
        for base in reversed(cls.__mro__):
            found = (found - vars(base).keys()) | set(vars(base).get("since", ()))
        return found

    def plain(self) -> str | dict[str, Any]:
        """Return the name if the version is 1 and all options have their defaults, and :meth:`spec` otherwise."""
        spec = self.spec()
        return self.name if spec == {**type(self)().spec(), "version": 1} else spec

    def spec(self) -> dict[str, Any]:
        """Return what identifies the component: name, version and options. Two equal specs give equal numbers.

        Options in :attr:`since` of the class and of its bases are left out at their default.
        """
        later = self.later()
        made = type(self)() if later else self
        options = {
            name: value
            for name, value in self.options().items()
            if name not in later or getattr(self, name) != getattr(made, name)
        }
        return {"use": self.name, "version": self.version, **options}
