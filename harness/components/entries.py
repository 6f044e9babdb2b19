"""Typed entries of tables. Each keeps its numbers and has one spelling.

Entries use no signs other than those that :mod:`harness.components.numbers` can spell in ASCII.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from harness.components import numbers

Style = Literal["", "good", "bad", "doubt", "dim", "strong"]
"""Meaning, not colour: each renderer decides how (and whether) to show it. No meaning rests on it alone."""

Plain = str | int | float | bool | None


@dataclass(frozen=True)
class Note:
    """An explanation below the table.

    Attributes:
        text: One or two sentences.
        mark: A fixed mark such as †, or an empty string for the next letter.
        detail: Whether the screen leaves it out unless the legend is asked for.
        error: Whether it says what went wrong. The screen never shortens it.
    """

    text: str
    mark: str = ""
    detail: bool = False
    error: bool = False


@dataclass(frozen=True)
class Entry(ABC):
    """One typed entry of a table.

    Attributes:
        notes: Notes below the table about this entry.
        style: Meaning that a renderer may emphasise.
    """

    kind: ClassVar[str]
    notes: tuple[Note, ...] = field(default=(), kw_only=True)
    style: Style = field(default="", kw_only=True)

    @abstractmethod
    def text(self) -> str:
        """Return the spelling of the entry on one line, without marks."""

    @abstractmethod
    def fields(self) -> dict[str, Plain]:
        """Return the numbers of the entry. The key "" is the value, and others are suffixes of the column's header."""


@dataclass(frozen=True)
class Text(Entry):
    """Words: a name, a formula, a mark.

    Attributes:
        value: The words.
        cite: Key of the BibTeX entry of their source, or an empty string.
    """

    kind: ClassVar[str] = "text"
    value: str
    cite: str = ""

    def text(self) -> str:
        """Return the words on one line, without control characters."""
        return numbers.clean(self.value)

    def fields(self) -> dict[str, Plain]:
        """Return the words as they were given."""
        return {"": self.value}


class Formula(Text):
    """A formula such as n²/d, which papers typeset as mathematics."""

    kind: ClassVar[str] = "formula"


@dataclass(frozen=True)
class Number(Entry):
    """A number: an integer, a width (the default) or a decimal with two digits.

    >>> Number(59_584).text(), Number(59_584.0).text(), Number(0.0123, width=False).text()
    ('59584', '6.0e4', '0.012')
    """

    kind: ClassVar[str] = "number"
    value: float
    width: bool = True

    def text(self) -> str:
        """Return the number with its significant digits, and an integer in full: n, d or k name a cell."""
        if self.width and isinstance(self.value, int):
            return str(self.value).replace("-", "−")
        return numbers.width(self.value) if self.width else numbers.decimal(self.value)

    def fields(self) -> dict[str, Plain]:
        """Return the number."""
        return {"": self.value}


@dataclass(frozen=True)
class Estimate(Entry):
    """A measured width with its bracket (low, high]; None where the bracket is open.

    >>> Estimate(8.43, 7, 9).text(), Estimate(8.43, None, 9).text(), Estimate(300.2, 255, None).text()
    ('8.4 (7, 9]', '8.4 (0, 9]', '300 (255, ∞)')
    """

    kind: ClassVar[str] = "estimate"
    value: float
    low: int | None
    high: int | None

    def text(self) -> str:
        """Return value and bracket."""
        low = "0" if self.low is None else str(self.low)
        high = "∞)" if self.high is None else f"{self.high}]"
        return f"{numbers.width(self.value)} ({low}, {high}"

    def fields(self) -> dict[str, Plain]:
        """Return value, low and high. An open end is 0 or ∞."""
        return {"": self.value, **_ends(self.low, self.high)}


@dataclass(frozen=True)
class Bound(Entry):
    """A one-sided bound on a width outside of those that were tried.

    >>> Bound(">", 512).text(), Bound("<=", 3).text()
    ('> 512', '≤ 3')
    """

    kind: ClassVar[str] = "bound"
    relation: Literal["<=", ">"]
    limit: float
    low: int | None = None
    high: int | None = None

    def text(self) -> str:
        """Return relation and limit."""
        return f"{'≤' if self.relation == '<=' else '>'} {numbers.width(self.limit)}"

    def fields(self) -> dict[str, Plain]:
        """Return the bound as an end of a bracket that is open on the other side. There is no value."""
        low = self.limit if self.low is None and self.relation == ">" else self.low
        high = self.limit if self.high is None and self.relation == "<=" else self.high
        return {"": None, "bound": self.relation, "limit": self.limit, **_ends(low, high)}


@dataclass(frozen=True)
class Count(Entry):
    """m of M.

    >>> Count(19, 20).text()
    '19/20'
    """

    kind: ClassVar[str] = "count"
    part: int
    whole: int

    def text(self) -> str:
        """Return m/M."""
        return f"{self.part}/{self.whole}"

    def fields(self) -> dict[str, Plain]:
        """Return m and M."""
        return {"m": self.part, "M": self.whole}


@dataclass(frozen=True)
class Counts(Entry):
    """Fits over trials at several widths: (k, m, M) each. k = 0 means the limit of infinite width.

    >>> Counts(((7, 1, 20), (9, 19, 20))).text(), Counts(((0, 18, 20),)).text()
    ('7: 1/20 · 9: 19/20', '∞: 18/20')
    """

    kind: ClassVar[str] = "counts"
    value: tuple[tuple[int, int, int], ...]

    def text(self) -> str:
        """Return k: m/M for each width."""
        return " · ".join(f"{k or '∞'}: {m}/{trials}" for k, m, trials in self.value)

    def fields(self) -> dict[str, Plain]:
        """Return the counts as one word, k:m/M separated by blanks."""
        return {"": " ".join(f"{k or 'inf'}:{m}/{trials}" for k, m, trials in self.value)}


@dataclass(frozen=True)
class Ratio(Entry):
    """One number over another.

    >>> Ratio(59.5).text(), Ratio(0.42).text(), Ratio(500, ">").text()
    ('60×', '0.42×', '>500×')
    """

    kind: ClassVar[str] = "ratio"
    value: float
    relation: Literal["", "<", ">", ">="] = ""

    def text(self) -> str:
        """Return the ratio with two digits and a times sign."""
        text = numbers.decimal(self.value)
        relation = {"": "", "<": "<", ">": ">", ">=": "≥"}[self.relation]
        return f"{relation}{text}×" if math.isfinite(self.value) else text

    def fields(self) -> dict[str, Plain]:
        """Return the ratio, with the relation if it is a bound."""
        return {"": self.value, **({"bound": self.relation} if self.relation else {})}


@dataclass(frozen=True)
class Interval(Entry):
    """A width, or a ratio of two, with the ends of an interval. None is an open end or an unknown value.

    >>> Interval(259.4, 210, 331).text(), Interval(1.42, 1.1, 2.0, ratio=True).text()
    ('259 (210, 331)', '1.4× (1.1, 2)')
    >>> Interval(None, 1.1, None, ratio=True).text()
    '? (1.1, ∞)'
    """

    kind: ClassVar[str] = "interval"
    value: float | None
    low: float | None
    high: float | None
    ratio: bool = False

    def text(self) -> str:
        """Return value and interval."""
        spell = numbers.ratio if self.ratio else numbers.width
        low = "0" if self.low is None else spell(self.low)
        high = "∞" if self.high is None else spell(self.high)
        value = "?" if self.value is None else spell(self.value) + ("×" if self.ratio else "")
        return f"{value} ({low}, {high})"

    def fields(self) -> dict[str, Plain]:
        """Return value, low and high. An open end is 0 or ∞."""
        return {"": self.value, **_ends(self.low, self.high)}


def _ends(low: float | None, high: float | None) -> dict[str, Plain]:
    """Return the ends of an interval of positive numbers, so that open differs from not applicable, which is None."""
    return {"low": 0 if low is None else low, "high": math.inf if high is None else high}


@dataclass(frozen=True)
class Spread(Entry):
    """A number of any sign with the ends of an interval.

    >>> Spread(-1.234, -2.0, -0.5).text(), Spread(0.021, 0.0, math.inf).text()
    ('−1.23 (−2, −0.5)', '0.021 (0, ∞)')
    """

    kind: ClassVar[str] = "spread"
    value: float
    low: float
    high: float

    def text(self) -> str:
        """Return value and interval with three digits."""
        value, low, high = (numbers.decimal(part, 3) for part in (self.value, self.low, self.high))
        return f"{value} ({low}, {high})"

    def fields(self) -> dict[str, Plain]:
        """Return value, low and high."""
        return {"": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Exponent(Entry):
    """Exponents a, b of n^a d^b, with intervals if they are measured.

    None is an exponent without an estimate, which may have an interval. An exponent of which nothing is known is free.

    >>> Exponent(2, -1).text(), Exponent(1.02, None, (0.94, 1.1)).text()
    ('2, −1', '1.02 (0.94, 1.10)')
    >>> Exponent(None, None, (1.5, math.inf), (-math.inf, math.inf)).text()
    '? (1.50, ∞), free'
    """

    kind: ClassVar[str] = "exponent"
    a: float | None
    b: float | None = None
    a_interval: tuple[float, float] | None = None
    b_interval: tuple[float, float] | None = None

    def text(self) -> str:
        """Return a, b, each with its interval."""
        a, b = _exponent(self.a, self.a_interval), _exponent(self.b, self.b_interval)
        if self.b is None and self.b_interval is None:
            return a
        return f"{a}, {b}"

    def fields(self) -> dict[str, Plain]:
        """Return a and b, measured ones with the ends of both intervals, whether both are known or not.

        >>> Exponent(1.0, None, (0.9, 1.1)).fields()
        {'a': 1.0, 'b': None, 'a low': 0.9, 'a high': 1.1, 'b low': None, 'b high': None}
        """
        flat: dict[str, Plain] = {"a": self.a, "b": self.b}
        intervals = {"a": self.a_interval, "b": self.b_interval}
        if any(interval is not None for interval in intervals.values()):
            for name, interval in intervals.items():
                low, high = interval if interval is not None else (None, None)
                flat |= {f"{name} low": low, f"{name} high": high}
        return flat


def _exponent(value: float | None, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return "–" if value is None else f"{value:.4g}".replace("-", "−")
    if value is None and not any(map(math.isfinite, interval)):
        return "free"
    point = "?" if value is None else numbers.exponent(value)
    return f"{point} ({numbers.exponent(interval[0])}, {numbers.exponent(interval[1])})"


@dataclass(frozen=True)
class Missing(Entry):
    """An empty entry with its reason."""

    kind: ClassVar[str] = "missing"
    reason: str = ""

    def text(self) -> str:
        """Return a dash."""
        return "–"

    def fields(self) -> dict[str, Plain]:
        """Return no value."""
        return {"": None}


ENTRIES: dict[str, type[Entry]] = {
    entry.kind: entry
    for entry in (Text, Formula, Number, Estimate, Bound, Count, Counts, Ratio, Interval, Spread, Exponent, Missing)
}
