"""Figures for the terminal: phase maps, k½ against n or d on log axes, and P(fit) against the width."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TextIO

from rich.cells import cell_len
from rich.text import Text

from harness.components.numbers import clean, exponent, to_encoding, width
from harness.report.canvas import Canvas
from harness.report.figures.style import spread
from harness.report.phase import draw, phase_maps
from harness.report.questions import question_explained
from harness.report.terminal import CAPTION_LINES, console_for
from harness.report.wrapping import pad, shortened_caption, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.driver.results import Results

BLOCKS = "▁▂▃▄▅▆▇█"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ROWS = 16
MANTISSAS = ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9))
"""Mantissas of the numbers beside an axis, from round to less round."""

ENOUGH = 4
"""Smallest number of labels beside an axis."""

CURVES = 4
"""Largest number of sizes of a regime whose curves are shown."""


def show_plots(
    results: Results, stream: TextIO | None = None, width: int | None = None, *, explained: bool = False
) -> None:
    """Print the figures of a run in lines that fit the terminal, with whole captions if they are to be explained."""
    console = console_for(stream, width)
    for number, lines in enumerate(plots(results, console.width, console.encoding, explained=explained)):
        for line in [Text("")] * bool(number) + lines:
            console.print(line, no_wrap=True, overflow="ignore", crop=False)


def plots(
    results: Results, columns: int, encoding: str | None = "utf-8", *, explained: bool = False
) -> list[list[Text]]:
    """Return the drawings of a run as lines of at most ``columns`` columns: maps of a grid, thresholds, transitions.

    Args:
        results: Results of the run.
        columns: Number of columns.
        encoding: Encoding of the stream.
        explained: Whether captions are whole. If not, they have at most :data:`CAPTION_LINES` lines.
    """
    most = None if explained else CAPTION_LINES
    found = []
    if results.suite.search.decided_beforehand:
        maps = [m for m in phase_maps(results) if len(m.across) > 2 and len(m.widths) > 2]
        found += [draw(phase, columns, encoding, explained=explained) for phase in maps]
    plain = to_encoding("⠿▁█", encoding) != "⠿▁█"
    names = {regime.name: to_encoding(clean(regime.name), encoding) for regime in results.suite.regimes}
    for chart in (thresholds_chart, transitions_chart):
        if lines := [to_encoding(line, encoding) for line in chart(results, names, columns, most, plain=plain)]:
            found.append([*(Text(part, "bold") for part in wrap(lines[0], columns)), *map(Text, lines[1:])])
    return found


def thresholds_chart(
    results: Results, names: Mapping[str, str], columns: int, most: int | None = None, *, plain: bool = False
) -> list[str]:
    """Return k½ against n (or d, if only d varies) on log axes with one letter per regime.

    Args:
        results: Results of the run.
        names: Spelling of each regime.
        columns: Width of the terminal.
        most: Largest number of lines of the caption, or None for all.
        plain: Whether only ASCII may be used.

    Returns:
        Lines, or an empty list if there is one size.
    """
    suite = results.suite
    axis = "n" if len(suite.n) > 1 else "d"
    values, fixed = (sorted(suite.n), max(suite.d)) if axis == "n" else (sorted(suite.d), max(suite.n))
    series: dict[str, list[tuple[int, int]]] = {}
    for regime in suite.regimes:
        if regime.model.has_width and len(values) > 1:
            found = [(v, results.threshold(regime.name, *((v, fixed) if axis == "n" else (fixed, v)))) for v in values]
            points = [(v, t.k_half) for v, t in found if t.k_half is not None]
            if points:
                series[regime.name] = points
    if not series:
        return []
    heights = [k for points in series.values() for _, k in points]
    low, high = min(heights) / 1.2, max(heights) * 1.2
    ticks = _ticks(low, high)
    label = max(len(tick) for tick in ticks.values()) + 1
    canvas = Canvas(max(columns - label - 3, 12), ROWS, plain)

    def place(value: float, k: float) -> tuple[float, float]:
        return _fraction(value, values[0], values[-1]), _fraction(k, low, high)

    boundary = [place(v, v / fixed if axis == "n" else fixed / v) for v in values]
    canvas.line(boundary[0], boundary[-1])
    for letter, drawn in zip(LETTERS, series.values(), strict=False):
        for point in drawn:
            canvas.letter(place(*point), letter)
    rows = canvas.lines()
    named = {round((1 - _fraction(k, low, high)) * (ROWS - 1)): tick for k, tick in ticks.items()}
    upright = "|" if plain else "│"
    body = [f"{named.get(i, '').rjust(label)} {upright}{row}" for i, row in enumerate(rows)]
    other = "d" if axis == "n" else "n"
    rule = " " * (label + 1) + ("+" if plain else "└") + ("-" if plain else "─") * canvas.columns
    title = f"k½ against {axis} at {other} = {fixed}, both on log scales"
    legend = [
        f"{letter} {names[name]}" + _slope(results, name, axis) for letter, name in zip(LETTERS, series, strict=False)
    ]
    line = f"dots: kd = n; a digit: so many regimes at one place. {question_explained(results, measures=False)}"
    return [
        title,
        *body,
        rule,
        _axis(values, label + 2, canvas.columns, axis),
        *_said(line, columns, most),
        *_flowed(legend, columns),
    ]


def _slope(results: Results, regime: str, axis: str) -> str:
    fit = results.exponent_fit(regime)
    if fit.region.refuted:
        return ": no power law"
    value, ends = (fit.a, fit.a_interval) if axis == "n" else (fit.b, fit.b_interval)
    if ends is None or not any(map(math.isfinite, ends)):
        return ""
    interval = f"({exponent(ends[0])}, {exponent(ends[1])})"
    return f": {axis}^{'?' if value is None else exponent(value)} {interval}"


def _fraction(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low) if high > low else 0.5


def _ticks(low: float, high: float) -> dict[float, str]:
    """Return round widths between two bounds with their spelling. The roundest set with enough of them is chosen."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for mantissas in MANTISSAS:
        found = [m * 10.0**e for e in decades for m in mantissas if low <= m * 10.0**e <= high]
        if len(found) >= ENOUGH:
            break
    return {k: width(k) for k in found} or {low: width(low)}


def _axis(values: Sequence[int], start: int, columns: int, name: str) -> str:
    """Return the numbers below a log axis. Numbers that would overlap are left out."""
    signs = [" "] * (start + columns)
    free = 0
    for value in values:
        text = str(value)
        place = start + round(_fraction(value, values[0], values[-1]) * (columns - 1)) - len(text) // 2
        place = min(max(place, free), start + columns - len(text) - 2)
        if place >= free:
            signs[place : place + len(text)] = text
            free = place + len(text) + 1
    return f"{''.join(signs).rstrip()} {name}"


def transitions_chart(
    results: Results, names: Mapping[str, str], columns: int, most: int | None = None, *, plain: bool = False
) -> list[str]:
    """Return P(fit) over the tried widths as bars, one line per size, on one log scale of k. See the other chart."""
    suite = results.suite
    axis = "n" if len(suite.n) > 1 or len(suite.d) == 1 else "d"
    values, fixed = (suite.n, max(suite.d)) if axis == "n" else (suite.d, max(suite.n))
    lines: list[tuple[str, int, dict[int, tuple[int, int]]]] = []
    for regime in suite.regimes:
        for value in spread(sorted(values), CURVES) if regime.model.has_width else ():
            counts = results.counts(regime.name, *((value, fixed) if axis == "n" else (fixed, value)))
            if tried := {k: count for k, count in counts.items() if count[1]}:
                lines.append((names[regime.name], value, tried))
    widths = sorted({k for _, _, counts in lines for k in counts})
    if len(widths) < 2:
        return []
    label = min(max(cell_len(name) for name, _, _ in lines), columns // 3)
    size = max(len(str(value)) for _, value, _ in lines)
    many = columns - label - size - 5
    other = "d" if axis == "n" else "n"
    found = [f"P(fit) over k at {other} = {fixed}"]
    before = ""
    upright = "|" if plain else "│"
    for name, value, counts in lines:
        shown = pad(wrap(name, label)[0] if name != before else "", label, "left")
        before = name
        bars = _bars(counts, widths, many, plain=plain)
        found.append(f"{shown}  {value:>{size}} {upright}{bars}".rstrip())
    found.append(_axis(widths, label + size + 4, many, "k"))
    scale = (
        ". no fit, 1-9 tenths of the trials, # all fit" if plain else "· no fit, ▁ to ▇ the share of fits, █ all fit"
    )
    said = [
        f"Beside the names: {axis}.",
        f"{scale}; blank: not tried.",
        question_explained(results, measures=False),
    ]
    return [*found, *_said(" ".join(said), columns, most)]


def _said(caption: str, columns: int, most: int | None) -> list[str]:
    """Return a caption in at most ``most`` lines, or all of it."""
    return wrap(caption, columns) if most is None else shortened_caption(caption, columns, most)


def _bars(counts: dict[int, tuple[int, int]], widths: Sequence[int], many: int, *, plain: bool) -> str:
    """Return one character for each of ``many`` steps of log k. Widths that share a step are pooled."""
    joined: dict[int, tuple[int, int]] = {}
    for k, (m, trials) in counts.items():
        place = round(_fraction(k, widths[0], widths[-1]) * (many - 1))
        before = joined.get(place, (0, 0))
        joined[place] = before[0] + m, before[1] + trials
    signs = [" "] * many
    for place, (m, trials) in joined.items():
        if m in (0, trials):
            signs[place] = ("#" if m else ".") if plain else ("█" if m else "·")
        else:
            signs[place] = str(min(9, max(1, 10 * m // trials))) if plain else BLOCKS[min(6, 8 * m // trials)]
    return "".join(signs)


def _flowed(parts: Sequence[str], columns: int) -> list[str]:
    """Return parts side by side, as many per line as fit, evenly spaced."""
    size = min(max(map(cell_len, parts)), columns)
    across = max(1, (columns + 2) // (size + 2))
    found: list[str] = []
    for start in range(0, len(parts), across):
        line = "  ".join(pad(part, size, "left") for part in parts[start : start + across])
        found += wrap(line, columns) if across == 1 else [line.rstrip()]
    return found
