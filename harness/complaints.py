"""What is wrong with data that a person wrote: all of it at once, each with its place and how to mend it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

Path = tuple[str | int, ...]
"""Keys and list indices from the top of a file (or table) to a value."""

MAX_DEPTH = 8
MAX_SHOWN = 60


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong.

    Attributes:
        path: Where, from the top of the table that was checked.
        message: What was found and what was expected.
        nearest: The valid name or value that is most like what was found; empty where none is.
        line: Line in the file, from 1; None where there is no file.
    """

    path: Path
    message: str
    nearest: str = ""
    line: int | None = None

    @property
    def place(self) -> str:
        """Where, as ``regimes[1].activation``."""
        return place(self.path)

    def below(self, *prefix: str | int) -> Complaint:
        """Return the same complaint seen from further up."""
        return replace(self, path=(*prefix, *self.path))

    def __str__(self) -> str:
        line = f"line {self.line}, " if self.line is not None else ""
        where = f"{line}{self.place}: " if self.path else (f"line {self.line}: " if self.line is not None else "")
        return where + self.message + (f"; did you mean {show(self.nearest)}?" if self.nearest else "")


class SpecError(ValueError):
    """Data that cannot be used as it stands.

    Attributes:
        complaints: Everything that is wrong with it.
    """

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(map(str, self.complaints)))


def place(path: Path) -> str:
    """Write a path as a person would.

    >>> place(("regimes", 1, "step size"))
    "regimes[1].'step size'"
    """
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            bare = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else shorten(repr(key))
            text += f".{bare}" if text else bare
    return text


def shorten(text: str) -> str:
    """Cut a text that is too long for one line of a message."""
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def show(value: Any) -> str:
    r"""Write a value as in TOML, on one short line and without control characters.

    >>> show(True), show({"use": "sphere"}), show("a\x1b[31m")
    ('true', "{ use = 'sphere' }", "'a\\x1b[31m'")
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{place((str(key),))} = {show(item)}" for key, item in list(value.items())[:MAX_SHOWN])
        return shorten(f"{{ {inner} }}" if inner else "{}")
    if isinstance(value, list | tuple):
        return shorten("[" + ", ".join(show(item) for item in value[:MAX_SHOWN]) + "]")
    if isinstance(value, int) and abs(value) >= 10**MAX_SHOWN:
        return "a number of more than 60 digits"
    return shorten(repr(value))


def nearest(found: object, valid: Iterable[str]) -> str:
    """Return the valid name most like what was found, or an empty string.

    >>> nearest("softpuls", ["relu", "softplus"])
    'softplus'
    >>> nearest("momentum", ["gd", "sgd"])
    ''
    """
    if not isinstance(found, str):
        return ""
    import difflib  # only for those who made a mistake

    names = {name.lower(): name for name in valid}
    close = difflib.get_close_matches(found.lower().replace("_", "-"), names, n=1, cutoff=0.6)
    close = close or difflib.get_close_matches(found.lower(), names, n=1, cutoff=0.6)
    return names[close[0]] if close else ""


def unprintable(text: str, *, allowed: str = "") -> str:
    r"""Return the name of the first control or formatting character, or an empty string.

    >>> unprintable("moderate\x1b[2J")
    'U+001B'
    """
    bad = next((c for c in text if unicodedata.category(c)[0] == "C" and c not in allowed), "")
    return f"U+{ord(bad):04X}" if bad else ""


def printable(text: str) -> str:
    r"""Return the text on one line, with � for what would move the cursor or change colours.

    >>> printable("red \x1b[31m\n text")
    'red �[31m text'
    """
    return "".join("�" if unprintable(c) else c for c in " ".join(text.split()))


def printable_lines(text: str) -> str:
    r"""Return a text of several lines with � for what would move the cursor or change colours.

    >>> printable_lines("red \x1b[31m\n  text")
    'red �[31m\n  text'
    """
    return "".join("�" if unprintable(c, allowed="\n\t") else c for c in text)


def plain_complaints(data: Mapping[str, Any], *, multiline: Sequence[Path] = ()) -> list[Complaint]:
    """Complain about values that no option can have: NaN, ∞, dates, control characters, deep nesting.

    Args:
        data: A table as TOML gives it.
        multiline: Paths of texts that may hold line breaks.
    """
    return list(_plain(data, set(multiline)))


def _plain(data: Mapping[str, Any], multiline: set[Path]) -> Iterator[Complaint]:
    todo: list[tuple[Path, Any]] = [((), data)]
    while todo:
        path, value = todo.pop()
        if len(path) > MAX_DEPTH:
            yield Complaint(path[:MAX_DEPTH], f"nested more than {MAX_DEPTH} levels deep")
        elif isinstance(value, Mapping):
            for key, item in value.items():
                if bad := unprintable(str(key)):
                    yield Complaint((*path, str(key)), f"a name with the control character {bad}")
                else:
                    todo.append(((*path, str(key)), item))
        elif isinstance(value, list | tuple):
            todo.extend(((*path, index), item) for index, item in enumerate(value))
        elif isinstance(value, float) and not math.isfinite(value):
            yield Complaint(path, f"found {value}, expected a finite number")
        elif isinstance(value, str):
            if bad := unprintable(value, allowed="\n\t" if path in multiline else ""):
                yield Complaint(path, f"a text with the control character {bad}")
        elif value is not None and not isinstance(value, bool | int | float):
            yield Complaint(path, f"found {show(value)}, expected a number, a text, true, false, a list or a table")


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
    """Say in our words what one branch of a type expects."""
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
    """Follow a pydantic location through the data, skipping what names a branch of a union and not a key."""
    path: Path = ()
    for key in loc:
        entries = dict(enumerate(data)) if isinstance(data, list | tuple) else data
        if isinstance(entries, Mapping) and key in entries:
            data = entries[key]
            path = (*path, key)
    return path, data


def from_pydantic(error: ValidationError, data: Any, valid: Iterable[str] = ()) -> list[Complaint]:
    """Turn what pydantic found into complaints, one for each value however many branches its type has.

    Args:
        error: What was raised.
        data: What was validated.
        valid: Names that are allowed at the top of ``data``, for the nearest to an unknown one.
    """
    names = list(valid)
    groups: dict[Path, list[Any]] = {}
    complaints: list[Complaint] = []
    for one in error.errors(include_url=False):
        path, _ = _walk(data, one["loc"])
        if one["type"] == "missing":
            key = str(one["loc"][-1])
            complaints.append(Complaint((*path, key), "is missing"))
        elif one["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            among = names if len(path) <= 1 else []
            close = nearest(path[-1] if path else "", among)
            known = f" ({', '.join(among)})" if among and not close else ""
            complaints.append(Complaint(path, f"is not a known key{known}", close))
        else:
            groups.setdefault(path, []).append(one)
    deeper = [*groups, *(complaint.path for complaint in complaints)]
    for path, errors in groups.items():
        if any(len(other) > len(path) and other[: len(path)] == path for other in deeper):
            continue  # the branch that got furthest says best what is wrong
        _, found = _walk(data, path)
        complaints.append(_complain(path, found, errors))
    return complaints


def _listed(phrases: Sequence[str]) -> str:
    return " or ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 2 else phrases)


def _complain(path: Path, found: Any, errors: Sequence[Mapping[str, Any]]) -> Complaint:
    own = [str(e["ctx"]["error"]) for e in errors if e["type"] == "value_error"]
    if own:
        return Complaint(path, own[0])
    phrases = list(dict.fromkeys(phrase for e in errors if (phrase := _expected(e))))
    choices = [c for e in errors if e["type"] == "literal_error" for c in re.findall(r"'([^']*)'", _expected(e))]
    message = f"found {show(found)}, expected {_listed(phrases)}"
    if isinstance(found, float) and found.is_integer() and any(e["type"] == "int_type" for e in errors):
        message += f" (write {int(found)})" if abs(found) < 1e15 else ""
    if isinstance(found, str) and not choices and re.fullmatch(r"[-+0-9._eE]+", found):
        message += " (without quotes)"
    return Complaint(path, message, nearest(found, choices))
