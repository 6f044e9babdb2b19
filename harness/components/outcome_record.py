"""Outcomes as plain data, and back: the form that is stored, sent between processes and shown as JSON.

A record is data of unknown origin until every value in it has been checked.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.components.outcome import Fate, Outcome
from harness.components.vocabulary import FateKind

if TYPE_CHECKING:
    from pydantic import BaseModel

Row = tuple[int, str, float]
"""(seed, record, seconds): an outcome as it is stored and sent."""

_APART = ("seed", "seconds")
"""Fields that have columns of their own."""


def _usual(of: Field[Any]) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


_RARE = ("fate", "further_hits", "outputs", "unlit", "plugins")

_USUAL: Mapping[type[Outcome | Fate], Mapping[str, Any]] = {
    kind: {f.name: _usual(f) for f in fields(kind) if f.name not in _APART} for kind in (Outcome, Fate)
}
"""Default of each field of a record."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def encode(outcome: Outcome) -> str:
    """Return an outcome as JSON by the names of its fields, without those that have their default."""
    return _ENCODER.encode(_without_defaults(outcome))


def digits(outcome: Outcome) -> str:
    """Return the part of an outcome that must be equal wherever it was trained, as JSON.

    Trials of version 0.2 lack ``unlit``, so it is left out.
    """
    return encode(replace(outcome, device="", solver="", unlit=None, plugins={}))


def agree(one: Outcome, other: Outcome) -> bool:
    """Return whether two outcomes of a trial have the same digits.

    Fates are compared if both have one, and by the same version of the same continuation. So are measures of unlit
    samples, which trials of version 0.2 lack.
    """
    if None not in (one.unlit, other.unlit) and one.unlit != other.unlit:
        return False
    fates = one.fate, other.fate
    known = [fate for fate in fates if fate is not None and not fate.message]
    if len(known) == 2 and known[0].continuation == known[1].continuation:
        return digits(one) == digits(other)
    return digits(replace(one, fate=None)) == digits(replace(other, fate=None))


def row(outcome: Outcome) -> Row:
    """Return an outcome as plain data from which :func:`decode` makes an equal one."""
    return outcome.seed, encode(outcome), float(outcome.seconds)


def view(outcome: Outcome) -> dict[str, Any]:
    """Return the fields of an outcome as plain data for strict JSON, None in place of numbers that are not finite.

    Fields of trials that few runs have, such as ``fate``, are left out at their default.
    """
    usual, values = _USUAL[Outcome], vars(outcome)
    return {name: _plain(value, None) for name, value in values.items() if name not in _RARE or value != usual[name]}


def _without_defaults(record: Outcome | Fate) -> dict[str, Any]:
    usual, values = _USUAL[type(record)], vars(record)
    return {name: _plain(values[name], str) for name in usual if values[name] != usual[name]}


def _plain(value: Any, not_finite: Any) -> Any:
    """Return a value as strict JSON has it; ``not_finite`` spells a number that is not finite, None drops it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else not_finite and not_finite(value)
    if isinstance(value, Mapping):
        return {name: _plain(v, not_finite) for name, v in value.items()}
    if is_dataclass(value):
        return _without_defaults(value) if not_finite else _plain(vars(value), None)  # type: ignore[arg-type]  # a fate
    return [_plain(v, not_finite) for v in value] if isinstance(value, list | tuple) else value


def decode(seed: Any, record: Any, seconds: Any, tolerances: int | None = None) -> Outcome:
    """Return the outcome of a row.

    Args:
        seed: As it is stored.
        record: Likewise.
        seconds: Likewise.
        tolerances: Number of hits that the outcome must have. None accepts any number.

    Raises:
        ValueError: If a value in it is no part of an outcome.
    """
    if not isinstance(record, str):
        raise ValueError(f"a record is no text: {str(record)[:40]!r}")
    if type(seed) is not int or seed < 0 or type(seconds) is not float:
        raise ValueError(f"a record has seed {str(seed)[:40]!r} and seconds {str(seconds)[:40]!r}")
    outcome = Outcome(seed=seed, seconds=seconds, **_values(record))
    if tolerances is not None and len(outcome.hits) != tolerances:
        raise ValueError(f"a record has {len(outcome.hits)} hits, expected {tolerances}")
    return outcome


def _values(record: str) -> dict[str, Any]:
    from pydantic import ValidationError

    model = _model()
    try:
        values = vars(model.model_validate_json(record))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))[:40]
        raise ValueError(f"a record has {where or 'no table'}: {first['msg'][:100]}") from None
    fate = values["fate"]
    return values if fate is None else {**values, "fate": Fate(**vars(fate))}


@functools.cache
def _model() -> type[BaseModel]:
    """Return the model that checks a record while pydantic parses it: half the time of parsing first."""
    from typing import Annotated, Literal

    from annotated_types import Ge
    from pydantic import AfterValidator, ConfigDict, create_model
    from pydantic import Field as Bounds

    whole = Annotated[int, Ge(0)]
    finite = Annotated[float, Bounds(allow_inf_nan=False)]
    number = finite | Annotated[Literal["nan", "inf", "-inf"], AfterValidator(float)]
    hits: Any = tuple[whole | None, ...]
    numbers = dict[str, number]

    def made(record: type[Outcome | Fate], /, **types: Any) -> type[BaseModel]:
        needed = {f.name for f in fields(record) if f.default is f.default_factory is MISSING}
        given: dict[str, Any] = {
            name: (types[name], ... if name in needed else usual) for name, usual in _USUAL[record].items()
        }
        return create_model(record.__name__, __config__=ConfigDict(strict=True, extra="forbid"), **given)

    fate = made(
        Fate,
        kind=FateKind,
        certificate=str,
        margin=number | None,
        residual=number | None,
        max_eta_lambda=number | None,
        work=whole,
        constants=numbers,
        continuation=str,
        message=str,
    )
    return made(
        Outcome,
        hits=hits,
        steps=whole,
        measure=number,
        diverged=bool,
        falling=bool,
        movement=number | None,
        step_size=number | None,
        lambda_min=number | None,
        lambda_max=number | None,
        rate=number | None,
        curve=tuple[number, ...],
        diagnostics=numbers,
        solver=str,
        device=str,
        message=str,
        fate=fate | None,
        further_hits=dict[str, hits],
        outputs=Annotated[int, Ge(1)],
        unlit=number | None,
        plugins=dict[str, str],
    )
