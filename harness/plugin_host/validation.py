"""Conversion of pydantic's errors to complaints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from harness.complaints import Code, Complaint, Path, Refusal, nearest, show

if TYPE_CHECKING:
    from pydantic import ValidationError

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "dataclass_type": "a table",
    "mapping_type": "a table",
    "none_required": "",  # TOML has no null: leave the option out
    "string_pattern_mismatch": "a formula such as '2*d'",
    "int_parsing_size": "a whole number of reasonable size",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_LENGTHS = {"too_short": ("min_length", "at least"), "too_long": ("max_length", "at most")}


def _expected(error: Mapping[str, Any]) -> str:
    """Return what one branch of a type expects, such as "a whole number"."""
    kind, ctx = error["type"], error.get("ctx", {})
    if kind in _EXPECTED:
        return "{ from, to }" if ctx.get("class_name") == "Range" else _EXPECTED[kind]
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        limit = ctx[bound]
        return f"a number {words} {limit if isinstance(limit, int) else format(limit, 'g')}"
    if kind in _LENGTHS:
        bound, words = _LENGTHS[kind]
        entries = "entry" if ctx[bound] == 1 else "entries"
        return f"a list of {words} {ctx[bound]} {entries}"
    if kind == "literal_error":
        return str(ctx["expected"])
    if kind == "value_error":
        return str(ctx["error"])
    return str(error["msg"])


def _walk(data: Any, loc: Sequence[str | int]) -> tuple[Path, Any]:
    """Return the path and the value at a pydantic location.

    A location also names the branches of unions. Those are no keys of the data and are skipped.
    """
    path: Path = ()
    for key in loc:
        listed = isinstance(data, list | tuple) and isinstance(key, int) and key < len(data)
        if listed or (isinstance(data, Mapping) and key in data):
            data = data[key]
            path = (*path, key)
    return path, data


def from_pydantic(error: ValidationError, data: Any, valid: Iterable[str] = ()) -> list[Complaint]:
    """Return the errors of pydantic as complaints, one per value even if its type is a union.

    Args:
        error: Error that pydantic raised.
        data: Value that was validated.
        valid: Names that are allowed at the top of ``data``. The nearest to an unknown name is taken from them.

    Returns:
        Complaints with paths that start at ``data``.
    """
    names = list(valid)
    groups: dict[Path, list[Any]] = {}
    complaints: list[Complaint] = []
    for one in error.errors(include_url=False):
        path, _ = _walk(data, one["loc"])
        if one["type"] == "missing":
            key = str(one["loc"][-1])
            complaints.append(Complaint("missing", (*path, key), "is missing"))
        elif one["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            among = names if len(path) <= 1 else []
            close = nearest(path[-1] if path else "", among)
            known = f" ({', '.join(among)})" if among and not close else ""
            complaints.append(Complaint("unknown-option", path, f"is not a known key{known}", close))
        else:
            groups.setdefault(path, []).append(one)
    faulty = [*groups, *(complaint.path for complaint in complaints)]
    around = {path[:length] for path in faulty for length in range(len(path))}
    for path, errors in groups.items():
        if path in around:
            continue  # the branch of a union that matched most keys gives the most useful message
        _, found = _walk(data, path)
        complaints.append(_complain(path, found, errors))
    return complaints


def _listed(phrases: Sequence[str]) -> str:
    return " or ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 2 else phrases)


def _code(found: Any, kinds: Set[str]) -> Code:
    if kinds & _BOUNDS.keys():
        return "out-of-range"
    if kinds & _LENGTHS.keys():
        return "wrong-length"
    return "unknown-value" if "literal_error" in kinds and isinstance(found, str) else "wrong-type"


def _complain(path: Path, found: Any, errors: Sequence[Mapping[str, Any]]) -> Complaint:
    own = [e["ctx"]["error"] for e in errors if e["type"] == "value_error"]
    if own:
        return Complaint(own[0].code if isinstance(own[0], Refusal) else "refused", path, str(own[0]))
    phrases = list(dict.fromkeys(phrase for e in errors if (phrase := _expected(e))))
    choices = [c for e in errors if e["type"] == "literal_error" for c in re.findall(r"'([^']*)'", _expected(e))]
    message = f"found {show(found)}, expected {_listed(phrases)}"
    if isinstance(found, float) and found.is_integer() and any(e["type"] == "int_type" for e in errors):
        message += f" (write {int(found)})" if abs(found) < 1e15 else ""
    if isinstance(found, str) and not choices and re.fullmatch(r"[-+0-9._eE]+", found):
        message += " (without quotes)"
    return Complaint(_code(found, {e["type"] for e in errors}), path, message, nearest(found, choices))
