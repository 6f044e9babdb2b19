from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest
from markdown_it import MarkdownIt

from harness.builtin.renderers import FORMULA, Csv, Json, Markdown, numbers_of
from harness.components.entries import Bound, Entry, Estimate, Interval, Missing, Plain, Text
from harness.components.numbers import clean
from harness.components.table import Column, Row, Table
from harness.report.column_names import snake

from .specimen import HOSTILE, SPECIMEN


def test_json_is_read_back_to_the_last_bit() -> None:
    text = Json().render(SPECIMEN)
    again = Table.from_data(json.loads(text, parse_constant=pytest.fail))
    assert repr(again) == repr(SPECIMEN)  # NaN is not equal to itself
    assert Json().render(again) == text


def read(text: str, like: Plain) -> Any:
    """Return a field as the kind of value that was written."""
    if text == "":
        return None
    if isinstance(like, str):
        return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text
    return float(text)


def test_csv_is_read_back_with_every_number() -> None:
    found = list(csv.DictReader(io.StringIO(Csv().render(SPECIMEN))))
    assert len(found) == len(SPECIMEN.rows)
    for record, row in zip(found, SPECIMEN.rows, strict=True):
        assert record["group"] == row.group.removesuffix(":")
        for column, entry in zip(SPECIMEN.columns, row.entries, strict=True):
            for part, value in numbers_of(entry).items():
                field = snake(column.header, part)
                if field not in record:  # a part that no entry of the column has
                    assert value is None
                    continue
                again = read(record[field], value)
                if isinstance(value, float) and math.isnan(value):
                    assert math.isnan(again)
                elif isinstance(value, str):
                    assert (again or "") == clean(value)
                else:
                    assert again == value, field


def test_csv_begins_with_its_header_and_every_line_has_its_fields() -> None:
    """As readers of CSV take it that know of no comments, pandas and R among them."""
    header, *rows = csv.reader(io.StringIO(Csv().render(SPECIMEN), newline=""))
    assert header[:3] == ["group", "regime", "n"]
    assert len(set(header)) == len(header)
    assert {len(row) for row in rows} == {len(header)}
    assert len(rows) == len(SPECIMEN.rows)


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        (Estimate(8.5, 7, None), ("8.5", "7", "inf")),
        (Estimate(8.5, None, 9), ("8.5", "0", "9")),
        (Bound(">", 512, low=512), ("", "512", "inf")),
        (Bound(">", 512), ("", "512", "inf")),
        (Bound("<=", 3, high=3), ("", "0", "3")),
        (Interval(None, 1.5, None), ("", "1.5", "inf")),
        (Missing("no trials"), ("", "", "")),
    ],
)
def test_in_csv_open_ends_are_numbers_and_only_what_does_not_apply_is_empty(
    entry: Entry, fields: tuple[str, str, str]
) -> None:
    rows = (Row((entry,)), Row((Estimate(1.5, 1, 2),)))
    found, _ = csv.DictReader(io.StringIO(Csv().render(Table("t", "", "", (Column("k"),), rows))))
    assert (found["k"], found["k_low"], found["k_high"]) == fields


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "'=1", "'quoted'", "plain"])
def test_words_that_could_be_formulas_are_quoted_and_read_back(name: str) -> None:
    text = Csv().render(Table("t", "", "", (Column("x"), Column("y")), (Row((Text(name), Text("z"))),)))
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["x"][0] not in "=+-@"
    assert read(row["x"], name) == name


@pytest.mark.parametrize("name", ["plain", *HOSTILE])
def test_markdown_is_one_table_of_equal_rows_and_nothing_else(name: str) -> None:
    columns = (Column("x"), Column(f"h {clean(name)}"), Column("y"))
    row = Row((Text(name), Text("b"), Text(name)), name)
    tokens = (
        MarkdownIt("commonmark").enable("table").parse(Markdown().render(Table("t", name, name, columns, (row, row))))
    )
    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == 1
    assert not [token for token in tokens if token.type in ("html_block", "fence", "code_block", "heading_open")]
    cells = [[0]]
    for kind in kinds:
        if kind == "tr_open":
            cells.append([0])
        cells[-1][0] += kind in ("th_open", "td_open")
    assert [count for (count,) in cells[1:]] == [4, 4, 4]
    inline = [child for token in tokens for child in token.children or ()]
    assert not [
        child for child in inline if child.type in ("html_inline", "link_open", "image", "em_open", "code_inline")
    ]


def test_the_specimen_is_strict_markdown() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(Markdown().render(SPECIMEN))
    kinds = [token.type for token in tokens]
    assert kinds.count("tr_open") == 1 + len(SPECIMEN.rows)
    assert kinds.count("td_open") == len(SPECIMEN.rows) * (len(SPECIMEN.columns) + 1)
