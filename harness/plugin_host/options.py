"""Dataclasses made from plain options, each checked against its type."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import PydanticUndefinedAnnotation, TypeAdapter, ValidationError

from harness.complaints import Complaint, SpecError, from_pydantic, nearest, plain_complaints, show

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


@functools.cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(cls)
    if not adapter.pydantic_complete:  # a type that is only imported for type checkers, say
        adapter.rebuild(raise_errors=True)
    return adapter


def option_names(cls: type) -> list[str]:
    """Return the names of a dataclass's options."""
    return [field.name for field in dataclasses.fields(cls) if field.init]


def configure(cls: type[T], options: Mapping[str, Any]) -> T:
    """Make a dataclass from plain options, checking each against its type.

    Numbers must be numbers: ``"20"``, ``true`` and ``2.0`` are no whole numbers, and NaN and ∞ are refused.

    Raises:
        SpecError: With all complaints.
    """
    names = option_names(cls)
    untyped: Any = cls
    complaints = plain_complaints(options)
    for key in options:
        if key not in names:
            known = f"known are {', '.join(names)}" if names else "it has none"
            title = f"{getattr(cls, 'kind', 'method')} {show(getattr(cls, 'name', '') or cls.__name__.lower())}"
            complaints.append(Complaint((key,), f"is not an option of {title} ({known})", nearest(key, names)))
    refused = {complaint.path[0] for complaint in complaints if complaint.path}
    rest = {key: value for key, value in options.items() if key not in refused}
    try:
        made: T = _adapter(untyped).validate_json(json.dumps(rest), strict=True)
    except ValidationError as error:
        complaints += from_pydantic(error, rest, names)
    except PydanticUndefinedAnnotation as error:
        message = f"{cls.__name__} has an option of the type {error.name}, which its module does not define"
        complaints.append(Complaint((), message))
    except Exception as error:  # an option type that cannot be checked, or a plugin's own __post_init__
        complaints.append(Complaint((), f"{cls.__name__} refuses its options: {error}"))
    if complaints:
        raise SpecError(complaints)
    return made
