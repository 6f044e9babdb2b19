"""Spelling of numbers and names: one rule for every table, figure and format."""

from __future__ import annotations

import math
import re
import unicodedata


def decimal(value: float, digits: int = 2) -> str:
    """Write a number with ``digits`` significant digits, integers below 10⁴ in full, larger ones as 2.4e6.

    >>> [decimal(v) for v in (8.4, 8.0, 31.74, 412.3, 9999, 2.4e6, 0.0523, 0.0, 1e-7)]
    ['8.4', '8', '32', '412', '9999', '2.4e6', '0.052', '0', '1.0e-7']
    >>> decimal(float("nan")), decimal(float("inf")), decimal(-1.5)
    ('n/a', '∞', '−1.5')
    """
    if math.isnan(value):
        return "n/a"
    sign = "−" if value < 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}∞"
    if size == 0:
        return "0"
    if size >= 9999.5 or size < 10.0 ** (-digits - 1):
        return sign + _scientific(size, digits)
    places = max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{size:.{places}f}"
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def ratio(value: float) -> str:
    """Write a quotient with two digits, and with more where these hide on which side of 1 it lies.

    >>> [ratio(v) for v in (0.84, 1.0, 1.012, 1.0009, 0.9996, 1 + 1e-9)]
    ['0.84', '1', '1.01', '1.001', '0.9996', '1']
    """
    spelled = (decimal(value, digits) for digits in range(2, 8))
    return next((text for text in spelled if text != "1"), "1")


def _scientific(size: float, digits: int) -> str:
    mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def width(value: float) -> str:
    """Write a network's width: a decimal below 100, an integer up to 9999, then two digits as 2.4e6.

    >>> [width(v) for v in (8.43, 8.96, 9, 99.97, 128.4, 9999.4, 24_311, math.inf, math.nan)]
    ['8.4', '9', '9', '100', '128', '9999', '2.4e4', '∞', 'n/a']
    """
    if math.isfinite(value) and 1 <= abs(value) < 9999.5:
        text = f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
        return text.removesuffix(".0").replace("-", "−")
    return decimal(value)


def number_of(count: int, noun: str) -> str:
    """Return a count with its noun, which takes an s in the plural.

    >>> number_of(1, "step"), number_of(200, "step")
    ('1 step', '200 steps')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def exponent(value: float) -> str:
    """Write an exponent with two decimals.

    >>> exponent(-0.947), exponent(-1e-9), exponent(math.inf)
    ('−0.95', '0.00', '∞')
    """
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−") if math.isfinite(value) else decimal(value)


def plain(value: float) -> str:
    """Return a number as suites write it: 20000, 0.01, 1e-05.

    >>> plain(20000), plain(0.01), plain(2.5e-3)
    ('20000', '0.01', '0.0025')
    """
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return str(int(value))
    return repr(float(value))


def clean(text: str) -> str:
    r"""Return text with everything that could steer a terminal replaced: one line, no escapes, no direction marks.

    >>> clean("a\x1b[31mred\n  line")
    'a�[31mred line'
    """
    if text.isprintable():  # almost all texts are: no line ends, and nothing of the categories below
        return " ".join(text.split())
    spaced = "".join(" " if character in "\n\r\t\v\f" else character for character in text)
    safe = "".join("�" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") else c for c in spaced)
    return " ".join(safe.split())


LETTERS = "abcdefghijklmnoprstuvwxyz"
MARKS = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"


def mark(index: int) -> str:
    """Return the mark of note number ``index`` (from 0): raised letters, which no reader takes for an exponent.

    >>> mark(0), mark(1), mark(25)
    ('ᵃ', 'ᵇ', 'ᵃᵃ')
    """
    rounds, place = divmod(index, len(MARKS))
    return (mark(rounds - 1) if rounds else "") + MARKS[place]


ASCII = {
    "½": "1/2",
    "²": "^2",
    "³": "^3",
    "×": "x",
    "±": "+-",
    "≲": "<~",
    "÷": "/",
    "·": "-",
    "…": "...",
    "–": "-",
    "—": "--",
    "−": "-",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "∞": "inf",
    "✓": "yes",
    "✗": "NO",
    "†": "(!)",
    "√": "sqrt",
    "‖": "||",
    "₀": "0",
    "ᵀ": "^T",
    "∘": "o",
    "←": "<-",
    "→": "->",
    "∇": "grad ",
    "∈": "in",
    "⌊": "floor(",
    "⌋": ")",
    "Σ": "Sigma",
    "─": "-",
    "━": "=",
    "⌈": "ceil(",
    "⌉": ")",
    "“": '"',
    "”": '"',
    "�": "?",
    **{mark: f"[{letter}]" for letter, mark in zip(LETTERS, MARKS, strict=True)},
}
"""Replacements for signs that an output cannot show."""


_POWERS = re.compile("[⁻⁰¹²³⁴-⁹]+")


def to_encoding(text: str, encoding: str | None) -> str:
    """Return text that the encoding can write, signs it lacks spelled out.

    >>> to_encoding("k½ ≤ 3 ✓", "ascii"), to_encoding("k½ ≤ 3", "utf-8"), to_encoding("k½ ≤ 3", "latin-1")
    ('k1/2 <= 3 yes', 'k½ ≤ 3', 'k½ <= 3')
    >>> to_encoding("n²⁴ 10⁻²", "ascii"), to_encoding("n⁴ n²", "latin-1")
    ('n^24 10^-2', 'n^4 n²')
    """
    name = encoding or "utf-8"
    try:
        text.encode(name)
    except UnicodeEncodeError:
        text = _POWERS.sub(lambda power: _power(power[0], name), text)
        return "".join(_spell(character, name) for character in text)
    except LookupError:
        return to_encoding(text, "ascii")
    return text


def _power(raised: str, encoding: str) -> str:
    """Return raised digits as they are where the encoding has them, else after a caret: n⁴ is not n4."""
    try:
        raised.encode(encoding)
    except UnicodeEncodeError:
        return "^" + unicodedata.normalize("NFKD", raised).replace("−", "-")
    return raised


def _spell(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        if character in ASCII:
            return ASCII[character]
        if unicodedata.combining(character):
            return "~"
        name = unicodedata.name(character, "")
        if name.startswith("GREEK"):
            return name.split()[-1].lower()
        return unicodedata.normalize("NFKD", character).encode(encoding, "ignore").decode(encoding) or "?"
    return character
