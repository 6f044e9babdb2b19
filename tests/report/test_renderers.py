from __future__ import annotations

import csv
import io
import json

import pytest

from harness.builtin.renderers import RENDERERS, Csv, Json, Markdown, RichText
from harness.components.entries import Bound, Count, Counts, Estimate, Exponent, Missing, Note, Number, Ratio, Text
from harness.components.table import Column, Renderer, Row, Table
from harness.report.narrowed import narrowed

UNVERIFIED = Note("not verified", mark="†")

SMALL = Table(
    name="small",
    title="A small table",
    caption="k½: measured width.",
    columns=(
        Column("regime", fold=True),
        Column("n", "right"),
        Column("k½", "right"),
        Column("fits", "right"),
        Column("met", "center"),
    ),
    rows=(
        Row((Text("a|b"), Number(40), Estimate(8.43, 7, 9), Count(1, 20), Text("✓"))),
        Row((Text("a|b"), Number(80), Bound(">", 512, low=512, notes=(Note("budget"),)), Count(0, 20), Missing())),
        Row((Text("<i> *c*"), Number(2.4e6), Missing(notes=(UNVERIFIED,)), Count(0, 0), Text("✗"))),
    ),
    provenance={"seed": "1"},
)

RICH = """\
A small table
──────────────────────────────────────────────────
regime       n           k½  fits  met
──────────────────────────────────────────────────
a|b         40  8.4 (7, 9]   1/20   ✓
            80       > 512ᵃ  0/20   –

<i> *c*  2.4e6           –†   0/0   ✗
──────────────────────────────────────────────────
k½: measured width.
ᵃ budget
† not verified
"""

FOLDED = """\
A small table
──────────────────────────────────
    n           k½  fits  met
──────────────────────────────────
a|b
   40  8.4 (7, 9]   1/20   ✓
   80       > 512ᵃ  0/20   –

<i> *c*
2.4e6           –†   0/0   ✗
──────────────────────────────────
k½: measured width.
ᵃ budget
† not verified
"""

MARKDOWN = r"""<!-- seed: 1 -->

**A small table**

| regime | n | k½ | fits | met |
| :--- | ---: | ---: | ---: | :---: |
| a\|b | 40 | 8.4 (7, 9\] | 1/20 | ✓ |
| a\|b | 80 | &gt; 512ᵃ | 0/20 | – |
| &lt;i&gt; \*c\* | 2.4e6 | –† | 0/0 | ✗ |

k½: measured width.

ᵃ budget

† not verified
"""

CSV = """\
regime,n,k_half,k_half_low,k_half_high,k_half_bound,k_half_limit,fits,fits_of,met,notes
a|b,40,8.43,7,9,,,1,20,✓,
a|b,80,,512,inf,>,512,0,20,,budget
<i> *c*,2400000,,,,,,0,0,✗,not verified
"""


def test_rich_text() -> None:
    assert RichText().render(SMALL, 50) == RICH


def test_rich_text_folds_the_setting_where_space_is_short() -> None:
    assert RichText().render(SMALL, 34) == FOLDED


def test_markdown() -> None:
    assert Markdown().render(SMALL) == MARKDOWN


def test_markdown_is_read_as_one_table_of_the_same_words() -> None:
    markdown_it = pytest.importorskip("markdown_it")
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(Markdown().render(SMALL))
    assert [token.type for token in tokens].count("table_open") == 1
    assert [token.type for token in tokens].count("tr_open") == 1 + len(SMALL.rows)
    inline = [token for token in tokens if token.type == "inline"]
    said = ["".join(child.content for child in token.children or ()) for token in inline]
    for row in SMALL.rows:
        for entry in row.entries:
            assert SMALL.spelled(entry, SMALL.notes()) in said


def test_csv() -> None:
    assert Csv().render(SMALL) == CSV


def test_csv_has_one_value_a_column_under_names_in_snake_case() -> None:
    row = Row((Counts(((7, 1, 20), (0, 19, 20))), Ratio(2.5), Exponent(1.5, -1.0, (1, 2), None)))
    table = Table("t", "", "", (Column("fits at k"), Column("C=1 ÷ k½"), Column("measured a, b")), (row,))
    (found,) = csv.DictReader(io.StringIO(Csv().render(table)))
    assert {name: value for name, value in found.items() if value} == {
        "fits_at_k_1": "7",
        "fits_at_k_1_fit": "1",
        "fits_at_k_1_trials": "20",
        "fits_at_k_2": "inf",
        "fits_at_k_2_fit": "19",
        "fits_at_k_2_trials": "20",
        "scaling_over_k_half": "2.5",
        "measured_a": "1.5",
        "measured_b": "-1",
        "measured_a_low": "1",
        "measured_a_high": "2",
    }


@pytest.mark.parametrize("most", [7, 4])
def test_for_a_comment_a_table_has_few_columns_and_says_what_is_left_out(most: int) -> None:
    columns = (Column("regime", fold=True), Column("n", fold=True), *(Column(f"c{i}", priority=i) for i in range(9)))
    rows = tuple(Row((Text("a"), Number(40), *(Number(10 * i + j) for i in range(9)))) for j in range(2))
    found = narrowed(Table("t", "T", "Said.", columns, rows), most)
    assert [column.header for column in found.columns] == [f"c{i}" for i in range(most)]
    assert [[entry.text() for entry in row.entries] for row in found.rows] == [
        [str(10 * i + j) for i in range(most)] for j in range(2)
    ]
    assert found.title == "T · a · n = 40"
    assert narrowed(Table("t", "T · a", "Said.", columns, rows), most).title == found.title  # named once
    left_out = ", ".join(f"“c{i}”" for i in range(most, 9))
    assert found.caption == f"Said. Columns left out: {left_out}; --columns '*' shows all."
    assert narrowed(SMALL) is SMALL


def test_csv_keeps_full_precision_and_is_read_back() -> None:
    value = 0.1 + 0.2
    table = Table("t", "", "", (Column("x"), Column("y")), (Row((Number(value), Text('a "b", c'))),))
    (row,) = csv.DictReader(io.StringIO(Csv().render(table)))
    assert float(row["x"]) == value
    assert row["y"] == 'a "b", c'


def test_csv_gives_spreadsheets_no_formula() -> None:
    table = Table("t", "", "", (Column("x"),), (Row((Text("=1+1"),)), Row((Text("@now"),))))
    assert Csv().render(table).splitlines() == ["x", "'=1+1", "'@now"]


def test_json_is_strict_and_read_back() -> None:
    assert repr(Table.from_data(json.loads(Json().render(SMALL), parse_constant=pytest.fail))) == repr(SMALL)


def test_formats_have_distinct_names_and_suffixes() -> None:
    assert {renderer.name: renderer.suffix for renderer in RENDERERS} == {
        "rich": ".txt",
        "markdown": ".md",
        "latex": ".tex",
        "html": ".html",
        "csv": ".csv",
        "json": ".json",
    }


@pytest.mark.parametrize("hostile", ["\x1b]0;title\x07", "[red]x[/red]", "--><script>", "a\nb | c"])
@pytest.mark.parametrize("renderer", RENDERERS)
def test_hostile_names_do_no_harm(renderer: type[Renderer], hostile: str) -> None:
    table = Table("t", hostile, hostile, (Column("x"), Column("y")), (Row((Text(hostile), Number(1)), hostile),))
    text = renderer().render(table, 60)
    assert "\x1b" not in text
    assert "\x07" not in text
    if renderer is Markdown:
        assert "<script>" not in text
        (row,) = (line for line in text.splitlines() if line.startswith("|") and line.count(" 1 "))
        assert row.replace("\\|", "").count("|") == 4
    if renderer is RichText and "red" in hostile:
        assert "[red]x[/red]" in text
