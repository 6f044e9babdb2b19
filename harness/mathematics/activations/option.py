"""The field of a model that holds its activation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.components import Activation
from harness.mathematics.activations.table import named

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class ActivationOption:
    """A field that holds an activation. Python code may set it to the name of a shipped one.

    ``activation: ActivationOption = ActivationOption("softplus")`` makes ``Net("relu").activation`` an
    :class:`Activation`. It is a descriptor, so type checkers know that the constructor takes either.
    """

    def __init__(self, default: Activation | str) -> None:
        """Take the default."""
        self._default = named(default)
        self._kept = ""

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name of the field.

        An activation is kept under a name of its own. Under that of the field the compiler of torch 2.11 finds this
        descriptor again, without end.
        """
        self._kept = f"_{name}"

    def __get__(self, instance: object | None, owner: type | None = None) -> Activation:
        """Return the activation of a model, or the default if asked of the class."""
        if instance is None:
            return self._default
        found: Activation = getattr(instance, self._kept)
        return found

    def __set__(self, instance: object, value: Activation | str) -> None:
        """Set the activation of a model that is being made.

        Raises:
            ValueError: If no shipped activation has the name.
        """
        object.__setattr__(instance, self._kept, named(value))  # models are frozen

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the option as one of the type Activation."""
        return handler(Activation)
