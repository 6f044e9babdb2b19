"""Complaints about data that a person wrote. Each has a stable code, a place, and a sentence that says what to type.

Readers of suites collect every complaint before they raise, so that one run shows all of them. The codes are part of
the interface: tests and other programs compare them, and the wording may change. ``docs/complaints.md`` lists them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Path = tuple[str | int, ...]
"""Keys and list indices from the top of a file (or table) to a value."""

Code = Literal[
    "ambiguous-name",
    "ambiguous-option",
    "control-character",
    "empty-file",
    "empty-name",
    "empty-range",
    "given-twice",
    "invalid-name",
    "invalid-requirement",
    "misplaced-key",
    "missing",
    "missing-package",
    "missing-section",
    "needs-theory",
    "no-such-file",
    "not-accepted",
    "not-decreasing",
    "not-finite",
    "not-text",
    "not-toml",
    "option-without-type",
    "other-method",
    "other-package-version",
    "other-version",
    "out-of-range",
    "plugin-not-loaded",
    "plugin-not-trusted",
    "refused",
    "surrounding-blanks",
    "tolerance-not-recorded",
    "too-deep",
    "too-large",
    "too-long",
    "unknown-name",
    "unknown-option",
    "unknown-section",
    "unknown-value",
    "unreadable",
    "width-not-multiple",
    "wrong-brackets",
    "wrong-length",
    "wrong-type",
]
"""Every code of a complaint."""

MAX_DEPTH = 8
MAX_SHOWN = 60
"""Characters of a value in a message, and digits of a number."""

MAX_MESSAGE = 1000
"""Characters of a message."""

MAX_LISTED = 50
"""Complaints in the text of an error."""


@dataclass(frozen=True)
class Complaint:
    """One fault of the data.

    Attributes:
        code: Stable name of the kind of fault, such as ``unknown-option``.
        path: Path to the fault from the top of the table that was checked.
        message: Sentence that says what was found and what was expected.
        nearest: Valid name or value most like the one that was found, or an empty string if none is like it.
        line: Line in the file, from 1, or None if there is no file.
    """

    code: Code
    path: Path
    message: str
    nearest: str = ""
    line: int | None = None

    @property
    def place(self) -> str:
        """The path as text, such as ``regimes[1].activation``."""
        return place(self.path)

    def below(self, *prefix: str | int) -> Complaint:
        """Return the same complaint with its path below ``prefix``."""
        return replace(self, path=(*prefix, *self.path))

    def __str__(self) -> str:
        line = f"line {self.line}, " if self.line is not None else ""
        where = f"{line}{self.place}: " if self.path else (f"line {self.line}: " if self.line is not None else "")
        close = f"; did you mean {show(self.nearest)}?" if self.nearest else ""
        return where + shorten(self.message, MAX_MESSAGE) + close


class SpecError(ValueError):
    """Data that cannot be used.

    Attributes:
        complaints: Every fault of the data.
    """

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(lines(self.complaints)))


class ProblemError(ValueError):
    """A suite asks for problems that its dataset does not have."""


class Refusal(ValueError):
    """A reason why a validator refuses a value, with the code of the complaint that is made of it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def lines(complaints: Sequence[Complaint]) -> list[str]:
    """Return a line for each of the first 50 complaints, and one with the number of the others if there are more."""
    rest = len(complaints) - MAX_LISTED
    return [*map(str, complaints[:MAX_LISTED]), *([f"and {rest} more"] if rest > 0 else [])]


def place(path: Path) -> str:
    """Return a path as text.

    >>> place(("regimes", 1, "step size"))
    "regimes[1].'step size'"
    """
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            bare = shorten(key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else repr(key))
            text += f".{bare}" if text else bare
    return text


def shorten(text: str, most: int = MAX_SHOWN) -> str:
    """Return the text, cut to ``most`` characters for one line of a message."""
    return text if len(text) <= most else text[: most - 1] + "…"


def show(value: Any) -> str:
    r"""Return a value as TOML writes it, on one line of at most 60 characters and without control characters.

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
    """Return the valid name most like ``found``, or an empty string if none is like it.

    Args:
        found: Value that was given. The result is empty unless it is a text.
        valid: Names to choose from.

    >>> nearest("softpuls", ["relu", "softplus"])
    'softplus'
    >>> nearest("momentum", ["gd", "sgd"])
    ''
    """
    if not isinstance(found, str) or len(found) > 2 * MAX_SHOWN:
        return ""
    import difflib  # imported late: only mistakes need it

    names = {name.lower(): name for name in valid}
    close = difflib.get_close_matches(found.lower().replace("_", "-"), names, n=1, cutoff=0.6)
    close = close or difflib.get_close_matches(found.lower(), names, n=1, cutoff=0.6)
    return names[close[0]] if close else ""


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return the first of some names for a message, with an ellipsis if there are more.

    Args:
        names: The names.
        most: Largest number of them.

    >>> listed(["a", "b"]), listed(["a", "b", "c"], 2)
    ('a, b', 'a, b, …')
    """
    return ", ".join([*names[:most], *(["…"] if len(names) > most else [])])


def unprintable(text: str, *, allowed: str = "") -> str:
    r"""Return the code point of the first control or formatting character, or an empty string if there is none.

    Args:
        text: Text to search.
        allowed: Characters that are not reported.

    >>> unprintable("moderate\x1b[2J")
    'U+001B'
    """
    if text.isprintable():  # almost all texts are, and this takes a hundredth of the time
        return ""
    bad = next((c for c in text if unicodedata.category(c)[0] == "C" and c not in allowed), "")
    return f"U+{ord(bad):04X}" if bad else ""


def printable(text: str) -> str:
    r"""Return the text on one line, with � in place of control characters, which could rewrite a terminal.

    >>> printable("red \x1b[31m\n text")
    'red �[31m text'
    """
    return "".join("�" if unprintable(c) else c for c in " ".join(text.split()))


def printable_lines(text: str) -> str:
    r"""Return a text of several lines, with � in place of control characters, which could rewrite a terminal.

    >>> printable_lines("red \x1b[31m\n  text")
    'red �[31m\n  text'
    """
    return "".join("�" if unprintable(c, allowed="\n\t") else c for c in text)


def plain_complaints(data: Mapping[str, Any], *, multiline: Sequence[Path] = ()) -> list[Complaint]:
    """Return complaints about values that no option may have.

    These are NaN, ∞, numbers of more than 60 digits, dates, control characters and deep nesting.

    Args:
        data: Table as TOML gives it.
        multiline: Paths of texts that may contain line breaks.

    Returns:
        One complaint per value, in no particular order.
    """
    return list(_plain(data, set(multiline)))


def _plain(data: Mapping[str, Any], multiline: set[Path]) -> Iterator[Complaint]:
    todo: list[tuple[Path, Any]] = [((), data)]
    while todo:
        path, value = todo.pop()
        if len(path) > MAX_DEPTH:
            yield Complaint("too-deep", path[:MAX_DEPTH], f"nested more than {MAX_DEPTH} levels deep")
        elif isinstance(value, Mapping):
            for key, item in value.items():
                if bad := unprintable(str(key)):
                    yield Complaint("control-character", (*path, str(key)), f"a name with the control character {bad}")
                else:
                    todo.append(((*path, str(key)), item))
        elif isinstance(value, list | tuple):
            todo.extend(((*path, index), item) for index, item in enumerate(value))
        elif isinstance(value, float) and not math.isfinite(value):
            yield Complaint("not-finite", path, f"found {value}, expected a finite number")
        elif isinstance(value, int) and abs(value) >= 10**MAX_SHOWN:
            yield Complaint("out-of-range", path, f"found {show(value)}, expected a smaller one")
        elif isinstance(value, str):
            if bad := unprintable(value, allowed="\n\t" if path in multiline else ""):
                yield Complaint("control-character", path, f"a text with the control character {bad}")
        elif value is not None and not isinstance(value, bool | int | float):
            message = f"found {show(value)}, expected a number, a text, true, false, a list or a table"
            yield Complaint("wrong-type", path, message)
