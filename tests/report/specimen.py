"""A small table with every kind of entry, notes, groups, a folded setting, and names that mean harm."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.components.entries import (
    Bound,
    Count,
    Counts,
    Entry,
    Estimate,
    Exponent,
    Interval,
    Missing,
    Note,
    Number,
    Ratio,
    Text,
)
from harness.components.table import Column, Row, Table
from harness.driver.results import Results

BIBTEX = """@article{author2020title,
  author = {Author, Ann and Óther, Bo},
  title = {On the width of nets, {$n^2$} of it},
  journal = {Journal of Nets},
  year = {2020}
}"""

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    r"\input{/etc/passwd} $x_1^2$ %&#~^{}",
    r"\end{tabular} \write18{touch /tmp/x}",
    "\x1b]0;title\x07\x1b[31mred",
    "[red]x[/red] *b* _i_ `c` | ~~s~~ ![a](b) <!-- --> -->",
    "a\nb\r\n\nc",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe\u2066",
    "{{ 7*7 }} {% raw %}",
    "中文 имя ñ ½ λ̃ 𝔘",
)
"""Names that do harm where they are not escaped."""

_BUDGET = Note("limited by the budget")
_DOUBT = Note("not verified: λ_min(K) ≥ ½ n^2", mark="†")

PROVENANCE = {"seed": "1", "suite_hash": "abc"}


def _row(regime: str, n: int, *rest: Entry, group: str = "") -> Row:
    return Row((Text(regime), Number(n), *rest), group)


SPECIMEN = Table(
    name="specimen",
    title="Every kind of entry · k½ against n^2",
    caption="k½: measured width, interpolated at ½. a, b: exponents of k ~ n^a d^b. “fits”: m of M. ‖f − y‖ ≤ 10⁻²‖y‖.",
    columns=(
        Column("regime", fold=True),
        Column("n", "right", fold=True),
        Column("theory", wrap=30),
        Column("k½", "right"),
        Column("fits", "right"),
        Column("fits at k"),
        Column("on data", "right"),
        Column("÷ k½", "right"),
        Column("certified", "right"),
        Column("a, b", "right"),
        Column("met", "center"),
        Column("condition", below=True),
    ),
    rows=(
        _row(
            "hidden | α = 1",
            40,
            Text("Author & Other 2020, Thm 2.1", "author2020title"),
            Estimate(8.43, 7, 9, style="strong"),
            Count(19, 20),
            Counts(((7, 1, 20), (9, 19, 20))),
            Number(2.4e6),
            Ratio(59.5),
            Interval(259.4, 210.0, 331.0),
            Exponent(2.0, -1.0),
            Text("✓", style="good"),
            Text("√(kd) ≥ C n²/d"),
            group="Guarantees training:",
        ),
        _row(
            "hidden | α = 1",
            40,
            Text("Unknown 1999", "nobody1999", notes=(_DOUBT,), style="doubt"),
            Bound(">", 512, low=512, notes=(_BUDGET,)),
            Count(0, 0),
            Counts(((0, 18, 20),)),
            Number(math.inf, notes=(Note("no width suffices"),)),
            Ratio(500.0, ">"),
            Interval(None, 1.1, None, ratio=True),
            Exponent(1.02, None, (0.94, 1.1)),
            Text("✗", notes=(_DOUBT, _BUDGET), style="bad"),
            Missing("the claim has none"),
            group="Guarantees nothing:",
        ),
        _row(
            HOSTILE[0],
            80,
            Text(HOSTILE[2]),
            Missing("no trials", notes=(Note("no trials yet"),)),
            Count(1, 3),
            Counts(()),
            Number(math.nan),
            Ratio(0.42, "<"),
            Interval(1.42, 1.1, 2.0, ratio=True),
            Exponent(0.1 + 0.2, 24.0, b_interval=(20.0, math.inf)),
            Text("?"),
            Text(HOSTILE[5]),
        ),
        _row(
            HOSTILE[0],
            160,
            Text(HOSTILE[4]),
            Bound("<=", 3, high=3),
            Count(20, 20),
            Counts(((3, 20, 20),)),
            Number(1e-7, width=False),
            Ratio(2.4e6),
            Interval(12.0, None, 13.0),
            Exponent(None, None),
            Text("", style="dim"),
            Text(HOSTILE[10]),
        ),
    ),
    provenance=PROVENANCE,
    bibtex=(BIBTEX,),
)
"""What the golden files are made of."""


def renamed(results: Results, names: dict[str, str]) -> Results:
    """Return the results with other names of regimes."""
    regimes = tuple(replace(regime, name=names.get(regime.name, regime.name)) for regime in results.suite.regimes)
    outcomes = {replace(cell, regime=names.get(cell.regime, cell.regime)): o for cell, o in results.outcomes.items()}
    return replace(results, suite=replace(results.suite, regimes=regimes), outcomes=outcomes)
