"""Outcomes as JSON, and back; a record is data of unknown origin until every value in it has been looked at."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, replace
from typing import Any

from harness.components import Outcome

_FIELDS = tuple(f for f in fields(Outcome) if f.name not in ("seed", "seconds"))
_NOT_FINITE = ("nan", "inf", "-inf")


def encode(outcome: Outcome) -> str:
    """Write an outcome by the names of its fields, leaving out what has its usual value."""
    record = {f.name: _plain(getattr(outcome, f.name)) for f in _FIELDS if getattr(outcome, f.name) != _usual(f)}
    return json.dumps(record, separators=(",", ":"), allow_nan=False)


def digits(outcome: Outcome) -> str:
    """Return what of an outcome must be the same wherever it was trained: all but when, where and by what."""
    return encode(replace(outcome, device="", solver=""))


def _usual(of: Field[Any]) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


def _plain(value: Any) -> Any:
    """Spell out what strict JSON has no number for."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(v) for name, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def decode(seed: Any, record: Any, seconds: Any, rungs: int | None = None) -> Outcome:
    """Return the outcome of a row.

    Args:
        seed: As it is stored.
        record: Likewise.
        seconds: Likewise.
        rungs: Tolerances that the outcome must have; None takes any number.

    Raises:
        ValueError: If something in it is no part of an outcome.
        RecursionError: If it is nested too deeply.
    """
    values = _DECODER.decode(_text(record))
    if not isinstance(values, dict):
        raise ValueError("a record is no table")
    unknown = values.keys() - _READ.keys()
    if unknown:
        raise ValueError(f"a record has an unknown field {min(unknown)[:40]!r}")
    missing = {"hits", "steps", "measure"} - values.keys()
    if missing:
        raise ValueError(f"a record has no {min(missing)}")
    outcome = Outcome(
        seed=_whole(seed), seconds=_number(seconds), **{name: _READ[name](value) for name, value in values.items()}
    )
    if rungs is not None and len(outcome.hits) != rungs:
        raise ValueError(f"a record has {len(outcome.hits)} hits, expected {rungs}")
    return outcome


def _refuse(found: object) -> Any:
    raise ValueError(f"a record has {str(found)[:40]!r}")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
"""One for all records: making it takes longer than reading one."""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _refuse(value)


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else _refuse(value)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else _refuse(value)


def _number(value: Any) -> float:
    if type(value) is float and -1.8e308 <= value <= 1.8e308:  # nearly all are
        return value
    if isinstance(value, str) and value in _NOT_FINITE:
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1.8e308:
        return float(value)
    return _refuse(value)  # type: ignore[no-any-return]  # it always raises


def _maybe(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _several(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: tuple(map(read, value)) if isinstance(value, list) else _refuse(value)


def _table(value: Any) -> dict[str, float]:
    return {name: _number(v) for name, v in value.items()} if isinstance(value, dict) else _refuse(value)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "hits": _several(_maybe(_whole)),
    "steps": _whole,
    "measure": _number,
    "diverged": _flag,
    "falling": _flag,
    "movement": _maybe(_number),
    "step_size": _maybe(_number),
    "lambda_min": _maybe(_number),
    "lambda_max": _maybe(_number),
    "rate": _maybe(_number),
    "curve": _several(_number),
    "diagnostics": _table,
    "solver": _text,
    "device": _text,
    "message": _text,
}
