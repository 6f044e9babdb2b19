from __future__ import annotations

from html.parser import HTMLParser

import pytest

from harness.components.entries import Bound, Count, Exponent, Missing, Number, Text
from harness.components.numbers import clean
from harness.components.table import Column, Row, Table
from harness.report.html import fragment, value

from .specimen import HOSTILE, SPECIMEN

VOID = {"meta", "br", "img", "link"}


class Reader(HTMLParser):
    """Reads strictly: every element is closed in its turn; keeps elements with attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


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
