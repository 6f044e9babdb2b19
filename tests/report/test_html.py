from __future__ import annotations

import pytest

from harness.components.entries import Bound, Count, Exponent, Missing, Number, Text
from harness.components.numbers import clean
from harness.components.table import Column, Row, Table
from harness.report.html import fragment, value

from .html_reader import Reader
from .specimen import HOSTILE, SPECIMEN


def test_the_specimen_is_well_formed_and_says_what_its_headers_are() -> None:
    read = Reader(fragment(SPECIMEN))
    assert len(read.named("table")) == len(read.named("caption")) == 1
    assert len(read.named("td")) == len(SPECIMEN.rows) * (len(SPECIMEN.columns) + 1)
    assert {th["scope"] for th in read.named("th")} == {"col", "rowgroup"}
    places = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    assert len(places) == len([1 for _, attributes in read.elements if "id" in attributes])
    assert {str(a["href"])[1:] for a in read.named("a")} <= places
    text = "".join(read.text)
    for row in SPECIMEN.rows:
        for entry in row.entries:
            assert entry.text() in text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(name: str) -> None:
    columns = (Column("regime", fold=True), Column("x"), Column(f"h {name}"))
    table = Table(name, name, name, columns, (Row((Text(name), Text(name), Number(1)), name),), {"x": name})
    read = Reader(fragment(table))
    assert {tag for tag, _ in read.elements} <= {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "p",
        "span",
    }
    assert not [a for _, attributes in read.elements for a in attributes if a.startswith("on")]
    assert clean(name) in "".join(read.text)
    assert "\x1b" not in fragment(table)
    assert "\u202e" not in fragment(table)


def test_what_is_sorted_by_is_the_number() -> None:
    assert value(Bound("<=", 3, high=3)) == 3
    assert value(Count(0, 0)) is None
    assert value(Exponent(1.5, -1)) == 1.5
    assert value(Missing()) is None
    assert value(Number(float("nan"))) is None
    table = Table("t", "", "", (Column("x"),), (Row((Number(float("inf")),)),))
    assert 'data-value="Infinity"' in fragment(table)
