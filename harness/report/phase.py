"""The phase diagram P(fit) over (d, k) or (n, k), drawn with characters, with the line kd = n."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

from rich.style import Style
from rich.text import Text

from harness.components.entries import Count, Missing, Number
from harness.components.entries import Text as Words
from harness.components.numbers import clean, to_encoding
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.caption import problems_explained
from harness.report.provenance import provenance
from harness.report.questions import question_explained
from harness.report.terminal import CAPTION_LINES, console_for
from harness.report.wrapping import shortened_caption, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.driver.question import Asked
    from harness.driver.results import Results

SHADES = ("·", "░", "▒", "▓", "█")
LINE = "◆"
COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Colours of P(fit) = 0, ¼, ½, ¾, 1. Their lightness increases evenly, so that grey print shows the same."""


@dataclass(frozen=True)
class PhaseMap:
    """Counts over widths and one of n and d. The other is fixed.

    Attributes:
        regime: Name of the regime.
        axis: The one of n and d that varies along the horizontal.
        fixed: Value of the other.
        counts: (axis value, k) → (m, M): m of M trials fit.
        caption: Sentences that define a fit and the problems.
        shown: Quantity that the shades show.
        legend: Sentence about the shades, or an empty string for that of P(fit).
        empty: Line in place of a map without counts.
    """

    regime: str
    axis: Literal["n", "d"]
    fixed: int
    counts: Mapping[tuple[int, int], tuple[int, int]]
    caption: str = ""
    shown: str = "P(fit)"
    legend: str = ""
    empty: str = "no trials yet"

    @property
    def across(self) -> tuple[int, ...]:
        """Values along the horizontal, increasing."""
        return tuple(sorted({value for value, _ in self.counts}))

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths, increasing."""
        return tuple(sorted({k for _, k in self.counts}))

    def boundary(self, value: int) -> float:
        """Return the width n/d at which the hidden layer has one weight per sample."""
        n, d = (value, self.fixed) if self.axis == "n" else (self.fixed, value)
        return n / d

    def line(self) -> frozenset[tuple[int, int]]:
        """Return the cells on the line kd = n: the first with kd ≥ n in their column or row.

        There are none if every cell of a column or a row has kd > n, because the line lies outside of the map.
        """
        cells = [(x, k) for x in self.across for k in self.widths if k >= self.boundary(x)]
        columns = {(x, min(k for y, k in cells if y == x)) for x in {x for x, _ in cells}}
        nearest = min if self.axis == "d" else max
        rows = {(nearest(x for x, j in cells if j == k), k) for k in {k for _, k in cells}}
        crossed = {(x, k) for x, k in columns if self.widths[0] < self.boundary(x)}
        crossed |= {(x, k) for x, k in rows if any(self.boundary(y) > k for y in self.across)}
        return frozenset(crossed | {(x, k) for x, k in cells if k == self.boundary(x)})


def phase_maps(results: Results, *, tolerance: Asked = None, steps: float | None = None) -> list[PhaseMap]:
    """Return one map for each regime with a width and each fixed n (or d, if only n varies)."""
    suite = results.suite
    axis: Literal["n", "d"] = "d" if len(suite.d) > 1 or len(suite.n) == 1 else "n"
    across, fixed = (suite.d, suite.n) if axis == "d" else (suite.n, suite.d)
    maps = []
    for regime in suite.regimes:
        if not regime.model.has_width:
            continue
        caption = " ".join(
            [
                question_explained(results, tolerance, steps, [regime]),
                f"Optimizer: {setting.optimizer(regime.optimizer, regime.tune)}; {setting.steps_explained([regime])}.",
                problems_explained(results),
            ]
        )
        for other in fixed:
            counts: dict[tuple[int, int], tuple[int, int]] = {}
            for value in across:
                n, d = (other, value) if axis == "d" else (value, other)
                found = results.counts(regime.name, n, d, tolerance, steps)
                counts |= {(value, k): count for k, count in found.items() if count[1]}
            if counts or not suite.n_given:
                maps.append(PhaseMap(regime.name, axis, other, counts, caption))
    return maps


def cells_view(results: Results, *, tolerance: Asked = None, steps: float | None = None) -> Table:
    """Return the counts of every cell as a table, for formats that are not drawn."""
    rows = []
    maps = phase_maps(results, tolerance=tolerance, steps=steps)
    for phase in maps:
        for (value, k), (m, trials) in sorted(phase.counts.items()):
            n, d = (value, phase.fixed) if phase.axis == "n" else (phase.fixed, value)
            place = (Words(phase.regime), Number(n), Number(d), Number(k))
            rows.append(Row((*place, Count(m, trials), Number(k * d / n, width=False))))
    suite = results.suite
    for regime in suite.regimes:
        for n, d in [] if regime.model.has_width else setting.sizes(suite):
            for m, trials in results.counts(regime.name, n, d, tolerance, steps).values():
                place = (Words(regime.name), Number(n), Number(d), Number(math.inf))
                rows.append(Row((*place, Count(m, trials), Missing("a model of infinite width"))))
    caption = "fits: m of M trials. " + " ".join(dict.fromkeys(p.caption for p in maps))
    return Table(
        name="cells",
        title=f"Fits in every cell · {suite.title or suite.name}",
        caption=caption,
        columns=(
            Column("regime", fold=True),
            Column("n", "right", fold=True),
            Column("d", "right", fold=True),
            Column("k", "right"),
            Column("fits", "right"),
            Column("kd/n", "right", priority=1),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def level(m: int, trials: int) -> int:
    """Return the shade of m of M fits: none, below ¼, below ½, at least ½, all.

    >>> [level(m, 20) for m in (0, 4, 5, 9, 10, 19, 20)]
    [0, 1, 2, 2, 3, 3, 4]
    """
    if m == 0:
        return 0
    if m == trials:
        return 4
    return 1 if 4 * m < trials else 2 if 2 * m < trials else 3


def draw(phase: PhaseMap, width: int = 80, encoding: str | None = "utf-8", *, explained: bool = False) -> list[Text]:
    """Draw a map in lines of at most ``width`` columns, with k upwards. Shades repeat the colours.

    Args:
        phase: The map.
        width: Number of columns.
        encoding: Encoding of the stream. If it lacks the shades, digits replace them.
        explained: Whether the whole caption follows. If not, the shades and the first sentences share
            :data:`~harness.report.terminal.CAPTION_LINES` lines.
    """
    plain = encoding is not None and to_encoding("█░▒▓◆·", encoding) != "█░▒▓◆·"
    other = "n" if phase.axis == "d" else "d"
    title = to_encoding(
        f"{phase.shown} over {phase.axis} and k · {clean(phase.regime)} · {other} = {phase.fixed}", encoding
    )
    found = [Text(line, "bold") for line in wrap(title, width)]
    if not phase.counts:
        return [*found, *map(Text, wrap(to_encoding(phase.empty, encoding), width))]
    label = max(len(str(phase.widths[-1])), 1) + 1
    merge, size = _columns(len(phase.across), width - label - 2)
    groups = [phase.across[i : i + merge] for i in range(0, len(phase.across), merge)]
    line = phase.line()
    mark = "*" if plain else LINE
    upright = "|" if plain else "│"
    found.append(Text("k".rjust(label)))
    for k in reversed(phase.widths):
        row = Text(f"{k:>{label}} {upright}")
        for group in groups:
            counts = [phase.counts[x, k] for x in group if (x, k) in phase.counts]
            m, trials = sum(m for m, _ in counts), sum(trials for _, trials in counts)
            on_line = any((x, k) in line for x in group)
            row.append(*_cell(m, trials, size, mark if on_line else "", plain=plain))
        row.rstrip()
        found.append(row)
    found += _axis(phase, groups, label, size, plain=plain)
    legend = (
        f"{mark} kd = n; . no fit, 1-9 tenths of the trials, # all fit; blank: not tried."
        if plain
        else f"{mark} kd = n; {SHADES[0]} no fit, {SHADES[1]} below ¼, {SHADES[2]} below ½, {SHADES[3]} at least ½, "
        f"{SHADES[4]} all fit; blank: not tried."
    )
    legend = phase.legend or legend
    if merge > 1:
        legend += f" Each column joins {merge} values of {phase.axis}."
    below = wrap(to_encoding(clean(legend), encoding), width)
    caption = to_encoding(clean(phase.caption), encoding)
    lines = wrap(caption, width) if explained else shortened_caption(caption, width, max(CAPTION_LINES - len(below), 1))
    return found + [Text(line) for line in (*below, *lines)]


def _columns(number: int, room: int) -> tuple[int, int]:
    """Return how many values share a column, and how many characters a column has."""
    if 2 * number <= room:
        return 1, 2
    return max(1, math.ceil(number / max(room, 1))), 1


def _cell(m: int, trials: int, size: int, mark: str, *, plain: bool) -> tuple[str, Style | str]:
    if not trials:
        return (mark.rjust(size) if mark else " " * size), ""
    if plain:
        glyph = "." if m == 0 else "#" if m == trials else str(min(9, max(1, math.floor(10 * m / trials))))
        text = glyph.ljust(size) if size > 1 else glyph
    else:
        glyph = SHADES[level(m, trials)]
        text = glyph + " " if size > 1 and m == 0 else glyph * size
    if mark:
        text = text[: size - 1] + mark
    return text, _colour(m / trials, marked=bool(mark))


def _colour(p: float, *, marked: bool) -> Style:
    place = p * (len(COLOURS) - 1)
    i = min(int(place), len(COLOURS) - 2)
    r, g, b = (round(a + (place - i) * (z - a)) for a, z in zip(COLOURS[i], COLOURS[i + 1], strict=True))
    colour = f"rgb({r},{g},{b})"
    # For P(fit) = 0 the dot would be dark on dark, so it has the terminal's own colours.
    if p == 0:
        return Style.parse("bold red") if marked else Style.parse("dim")
    return (
        Style.parse(f"bold red on {colour}")
        if marked
        else Style.parse(f"{colour} on {colour}")
        if p == 1
        else (Style.parse(colour))
    )


def _axis(phase: PhaseMap, groups: list[tuple[int, ...]], label: int, size: int, *, plain: bool) -> list[Text]:
    rule = " " * (label + 1) + ("+" if plain else "└") + ("-" if plain else "─") * (size * len(groups))
    ticks = [" "] * (label + 2 + size * len(groups) + 8)
    free = 0
    for place, group in enumerate(groups):
        text = str(group[0])
        start = label + 2 + place * size
        if start >= free and start + len(text) <= label + 2 + size * len(groups):
            ticks[start : start + len(text)] = text
            free = start + len(text) + 2
    numbers = "".join(ticks).rstrip()
    return [Text(rule), Text(f"{numbers}  {phase.axis}")]


def show_phases(
    results: Results,
    *,
    tolerance: Asked = None,
    steps: float | None = None,
    stream: TextIO | None = None,
    explained: bool = False,
) -> None:
    """Draw every map of a run on a stream, in colour if it is a terminal that supports it."""
    console = console_for(stream)
    for number, phase in enumerate(phase_maps(results, tolerance=tolerance, steps=steps)):
        for line in [Text("")] * bool(number) + draw(phase, console.width, console.encoding, explained=explained):
            console.print(line, no_wrap=True, overflow="ignore", crop=False)
