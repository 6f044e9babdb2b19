from __future__ import annotations

import csv
import io
import json

import pytest

from harness.builtin.renderers import RENDERERS, Csv, Json, Markdown, RichText
from harness.components.entries import Bound, Count, Estimate, Missing, Note, Number, Text
from harness.components.table import Column, Renderer, Row, Table

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
regime,n,k½,k½ low,k½ high,k½ bound,k½ limit,fits m,fits M,met,notes,provenance
a|b,40,8.43,7,9,,,1,20,✓,,"{""seed"": ""1""}"
a|b,80,,512,inf,>,512,0,20,,budget,"{""seed"": ""1""}"
<i> *c*,2400000,,,,,,0,0,✗,not verified,"{""seed"": ""1""}"
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
