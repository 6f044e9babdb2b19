"""Dataclasses made from options as plain data. Each option is checked against its type."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import PydanticUndefinedAnnotation, TypeAdapter, ValidationError

from harness.complaints import Complaint, SpecError, nearest, plain_complaints, show
from harness.components import Component
from harness.plugin_host.validation import from_pydantic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

T = TypeVar("T")


ELSEWHERE = {
    "lr": "step_size",
    "learning_rate": "step_size",
    "momentum": "beta",
    "batch_size": "batch",
    "wd": "weight_decay",
    "scheduler": "schedule",
}
"""Names that other libraries have for options."""


def likely(key: str, names: Collection[str]) -> str:
    """Return the option that a key most likely means, or an empty string if none is like it.

    >>> likely("learning_rate", ["step_size", "c"]), likely("batc", ["batch"])
    ('step_size', 'batch')
    """
    known = ELSEWHERE.get(key, "")
    return known if known in names else nearest(key, names)


@functools.cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(cls)
    if not adapter.pydantic_complete:  # for example a type that is imported under TYPE_CHECKING only
        adapter.rebuild(raise_errors=True)
    return adapter


def option_names(cls: type) -> list[str]:
    """Return the names of the options of a dataclass."""
    return [field.name for field in dataclasses.fields(cls) if field.init]


def configure(cls: type[T], options: Mapping[str, Any]) -> T:
    """Return an instance of a dataclass made from plain options.

    Types are checked strictly: ``"20"``, ``true`` and ``2.0`` are not whole numbers, and NaN and ∞ are refused.

    Args:
        cls: Dataclass.
        options: Value of each option by its name. Options that are left out keep their defaults. A value may be a
            component where the option is one.

    Returns:
        The instance.

    Raises:
        SpecError: If an option is unknown or has a wrong value. The error has one complaint per option.
    """
    names = option_names(cls)
    untyped: Any = cls
    parts = {key: value for key, value in options.items() if isinstance(value, Component)}
    options = {key: value for key, value in options.items() if key not in parts}
    complaints = plain_complaints(options)
    for key in options:
        if key not in names:
            known = f"known are {', '.join(names)}" if names else "it has none"
            title = f"{getattr(cls, 'kind', 'method')} {show(getattr(cls, 'name', '') or cls.__name__.lower())}"
            message = f"is not an option of {title} ({known})"
            complaints.append(Complaint("unknown-option", (key,), message, likely(key, names)))
    refused = {complaint.path[0] for complaint in complaints if complaint.path}
    rest = {key: value for key, value in options.items() if key not in refused}
    try:
        made: T = _adapter(untyped).validate_json(json.dumps(rest), strict=True)
        made = dataclasses.replace(made, **parts) if parts else made  # type: ignore[type-var]  # it is a dataclass
    except ValidationError as error:
        complaints += from_pydantic(error, rest, names)
    except PydanticUndefinedAnnotation as error:
        message = f"{cls.__name__} has an option of the type {error.name}, which its module does not define"
        complaints.append(Complaint("option-without-type", (), message))
    except Exception as error:  # __post_init__ of a plugin may raise anything
        complaints.append(Complaint("refused", (), f"{cls.__name__} refuses its options: {error}"))
    if complaints:
        raise SpecError(complaints)
    return made
