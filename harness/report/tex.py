"""Conversion of plain text to LaTeX: ASCII that prints the same words and signs and runs no other command."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from harness.complaints import show
from harness.components.numbers import clean
from harness.report.tex_signs import ACCENTS, CAPITALS, MATH, OTHER, SPECIAL

if TYPE_CHECKING:
    from collections.abc import Iterable

_POWER = re.compile(
    r"\^(?:\{([^{}$]+)\}|([−-]?\w+))|(?<=[\u0370-\u03ff\u0303])_([0-9A-Za-z\u0370-\u03ff]+)|k½"
    r"|(?<![A-Za-z0-9_’'.\-\\{])(kd|[nkdCb]|(?<!/)a(?=, b\b|:| [=≤]|$))(?![A-Za-z0-9_’'.+\-]|/a\b)"
    r"|(?<![A-Za-z0-9_])([fwxy])_([ij])(?![A-Za-z0-9_])|(?<![A-Za-z])K(?=∞)"
    r"|(?<![\w.^])(?<!\w[-−])(\d(?:\.\d+)?)e([−-]?)\+?0*([1-9]\d*)(?![\w.]*\w)"
)
"""Exponents, indices of Greek letters, k½, variables (n, k, d, C and b as words, a if it is no article, and x_i), and
numbers such as 2.4e6."""


def escape(text: str) -> str:
    r"""Return ASCII LaTeX that prints the text and does nothing else.

    Greek letters and signs become mathematics. ``n^a`` and raised or lowered digits become exponents and indices, and
    2.4e6 becomes a power of ten. Letters that pdflatex lacks are passed to the command :data:`OTHER`.

    >>> print(escape("50 % of {x} \\input"))
    50 \% of \{x\} \textbackslash{}input
    >>> print(escape("k½ ≤ C n^−1 λ_min"))
    $k_{1/2}$ $\le $ $C$ $n^{-1}$ $\lambda _{\mathrm{min}}$
    >>> print(escape("a, b"), escape("a net with b = 1"))
    $a$, $b$ a net with $b$ = 1
    >>> print(escape("2.4e4 to 3.6e4×"), escape("1e-08"), escape("lr-1e3"))
    $2.4\times 10^{4}$ to $3.6\times 10^{4}\times $ $10^{-8}$ lr-1e3
    >>> print(escape("‖x_i‖ = 1, λ_min(K∞), max_width"))
    $\Vert x_i\Vert $ = 1, $\lambda _{\mathrm{min}}$($K_\infty $), max\_width
    """
    text = clean(text)
    pieces: list[tuple[str, bool]] = []
    place = 0
    for match in _POWER.finditer(text):
        pieces += _characters(text[place : match.start()])
        braced, power, index, variable, letter, place_of, mantissa, minus, digits = match.groups()
        if match[0] == "k½":
            pieces.append(("k_{1/2}", True))
        elif match[0] == "K":
            pieces.append(("K_", True))
        elif mantissa is not None:
            pieces.append(("10" if mantissa == "1" else rf"{mantissa}\times 10", True))
            pieces.append(("^{" + "-" * bool(minus) + digits + "}", True))
        elif letter is not None:
            pieces.append((f"{letter}_{place_of}", True))
        elif variable is not None:
            pieces.append((variable, True))
        elif index is not None:
            pieces.append((r"_{\mathrm{" + _in_math(index) + "}}", True))
        else:
            pieces.append(("^{" + _in_math(braced if power is None else power) + "}", True))
        place = match.end()
    return _joined([*pieces, *_characters(text[place:])])


def lacking(text: str) -> str:
    """Return the letters of a text that pdflatex lacks, each once.

    >>> lacking("日本語 Ωé日"), lacking("Łódź ≤ λ")
    ('日本語', '')
    """
    codes = re.findall(re.escape(OTHER) + r"\{([0-9A-F]+)\}", escape(text))
    return "".join(dict.fromkeys(chr(int(code, 16)) for code in codes))


def notice(texts: Iterable[str]) -> str:
    """Return a sentence about texts that pdflatex prints with other letters, or an empty string if there are none."""
    changed = {text: letters for text in texts if (letters := lacking(text))}
    if not changed:
        return ""
    letters = show("".join(dict.fromkeys("".join(changed.values()))))
    names = ", ".join(map(show, list(changed)[:5])) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    return f"pdflatex has no {letters} and prints others in {names}; lualatex prints them from installed fonts"


def formula(text: str) -> str:
    r"""Return a formula of n, d and logarithms in one pair of dollar signs.

    >>> print(formula("Õ(n²/d)"), formula("(n log² n)/d"), formula("n√n"), formula("n^{1.25}"))
    $\tilde O(n^{2}/d)$ $(n\log^{2} n)/d$ $n\sqrt{n}$ $n^{1.25}$
    """
    found = re.sub(r"√(\w)", r"\\sqrt{\1}", clean(text).replace("Õ", r"\tilde O"))
    found = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^{" + unicodedata.normalize("NFKD", m[0]) + "}", found)
    return f"${re.sub(r' ?log', lambda _: chr(92) + 'log', found)}$"


def _characters(text: str) -> list[tuple[str, bool]]:
    """Return (LaTeX, whether it is mathematics) for each character."""
    found: list[tuple[str, bool]] = []
    for character in unicodedata.normalize("NFC", text):
        if unicodedata.combining(character) and found:
            before, math = found.pop()
            found.append(_accented(before, character, math=math))
        else:
            found.append(_character(character))
    return found


def _accented(letter: str, mark: str, *, math: bool) -> tuple[str, bool]:
    if math:
        return (rf"\tilde{{{letter.strip()}}}", True) if mark == "\u0303" else (letter, True)
    return (f"\\{ACCENTS[mark]}{{{letter}}}" if mark in ACCENTS else letter + _other(mark, ""), False)


def _other(character: str, instead: str) -> str:
    return f"{OTHER}{{{ord(character):X}}}{{{instead}}}"


def _character(character: str) -> tuple[str, bool]:
    if character in SPECIAL:
        return SPECIAL[character], False
    if character.isascii() and character not in MATH:
        return character, False
    if sign := MATH.get(character) or _greek(character) or _script(character):
        return sign, True
    plain = unicodedata.normalize("NFKD", character)
    letter, marks = plain[0], plain[1:]
    if not (letter.isascii() and letter.isalpha()):
        return _other(character, "?"), False
    if any(mark not in ACCENTS for mark in marks):
        return _other(character, letter), False
    for mark in marks:
        letter, _ = _accented(letter, mark, math=False)
    return letter, False


def _script(character: str) -> str:
    """Return a raised or lowered character as a script, or an empty string for other characters."""
    form = unicodedata.decomposition(character)
    plain = unicodedata.normalize("NFKD", character)
    if not form.startswith(("<super>", "<sub>")) or len(plain) > 1:
        return ""
    shown = "-" if plain == "−" else plain if plain.isascii() else _greek(plain)
    return ("^{" if form.startswith("<super>") else "_{") + shown + "}" if shown else ""


def _greek(character: str) -> str:
    """Return the command of a Greek letter, or an empty string for other characters."""
    words = unicodedata.name(character, "").split()
    if len(words) != 4 or words[0] != "GREEK" or words[2] != "LETTER":
        return ""
    name = words[3].capitalize().replace("Lamda", "Lambda")
    if words[1] == "CAPITAL":
        return rf"\{name} " if name in CAPITALS else ""
    name = {"Phi": "varphi", "Epsilon": "varepsilon"}.get(name, name.lower())
    return "" if name == "omicron" else rf"\{name} "


def _in_math(text: str) -> str:
    """Return text as it is written within mathematics."""
    found: list[tuple[str, bool]] = []
    for piece, math in _characters(text):
        plain = math or (len(piece) == 1 and piece.isalnum()) or piece in "+-(),/. "
        found.append(({"{*}": "*"}.get(piece, piece if plain else rf"\text{{{piece}}}"), True))
    return _joined(found)[1:-1]


def _joined(pieces: list[tuple[str, bool]]) -> str:
    """Return the pieces joined, with each stretch of mathematics between one pair of dollar signs."""
    found: list[str] = []
    inside, last = False, ""
    for piece, math in pieces:
        if math != inside:
            found.append("$")
            last = ""
        inside = math
        script, before = piece[:2] in ("^{", "_{"), last[:2] in ("^{", "_{")
        if script and before and piece[0] == last[0] and last.endswith("}"):
            found[-1] = last = f"{last[:-1]}{piece[2:]}"  # raised 2 and raised 4 become raised 24
            continue
        # The empty groups prevent scripts on scripts, and dashes made of hyphens.
        apart = (script and before) or (piece == "-" == last)
        found.append("{}" * apart + piece)
        last = piece
    return "".join(found) + "$" * inside
