from __future__ import annotations

import io

import pytest
from rich.cells import cell_len

from harness.components.entries import Note, Number, Text
from harness.components.table import Column, Row, Table
from harness.driver.results import Results
from harness.report import terminal, wrapping
from harness.report.comparison_view import comparison_view
from harness.report.exponents_view import exponents_view
from harness.report.overview_view import overview_view
from harness.report.predicted import predict_suite
from harness.report.sensitivity_view import sensitivity_view
from harness.report.theories_view import theories_view
from harness.report.thresholds_view import thresholds_view

LONG = "the condition that the theorem states in many words of ordinary length"

DETAILED = Table(
    name="t",
    title="T",
    caption="C.",
    columns=(Column("theory"), Column("k", "right"), Column("extra", priority=1), Column("why", below=True, wrap=40)),
    rows=(Row((Text("A"), Number(5), Text("x" * 20), Text(LONG))),),
)


def tables(results: Results) -> list[Table]:
    predictions = predict_suite(results.suite, results.registry.theories())
    return [
        thresholds_view(results),
        theories_view(results, predictions),
        theories_view(results, predictions, all_sizes=True),
        sensitivity_view(results),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("width", [30, 60, 80, 100, 160, 300])
def test_no_line_is_longer_than_the_width(results: Results, width: int, encoding: str) -> None:
    for table in tables(results):
        lines = [line.plain for line in terminal.lines(table, width, encoding)]
        assert max(cell_len(line) for line in lines) <= width
        assert all(line == line.rstrip() and "\u00a0" not in line for line in lines)
        "\n".join(lines).encode(encoding)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_caption_and_notes_have_four_lines_unless_the_legend_is_asked_for(results: Results, width: int) -> None:
    many = tuple(
        Note(f"reason {i}: what it means takes many more words than a line of a terminal has") for i in range(9)
    )
    noted = Table("t", "T", "A short caption.", (Column("k"),), (Row((Number(1, notes=many),)),))
    for table in (*tables(results), noted):
        found = [line.plain for line in terminal.lines(table, width, legend=False)]
        rules = [place for place, line in enumerate(found) if line and set(line) == {"─"}]
        below = found[rules[-1] + 1 :]
        assert len(below) <= terminal.CAPTION_LINES, below
        whole = [line.plain for line in terminal.lines(table, width)]
        if len(whole) > len(found):
            assert "--legend" in " ".join(below)
    assert "ᵃ reason 0" in " ".join(line.plain for line in terminal.lines(noted, width, legend=False))


@pytest.mark.parametrize("width", [80, 160])
def test_no_word_of_a_table_is_cut(results: Results, width: int) -> None:
    for table in tables(results):
        said = "\n".join(line.plain for line in terminal.lines(table, width))
        for row in table.rows:
            for entry in row.entries:
                assert all(word in said for word in entry.text().split() if word != "–")


def test_long_texts_go_below_their_row_before_columns_are_dropped() -> None:
    wide = [line.plain for line in terminal.lines(DETAILED, 100)]
    assert any("A" in line and "the condition" in line for line in wide)
    narrow = [line.plain for line in terminal.lines(DETAILED, 40)]
    assert "    why: the condition that the theorem" in narrow
    assert not any("left out" in line for line in narrow)


def test_dropped_columns_are_named() -> None:
    said = " ".join(line.plain for line in terminal.lines(DETAILED, 25))
    assert "left out at this width: “extra”." in said


def test_a_table_that_cannot_be_narrowed_becomes_records() -> None:
    columns = (Column("name"), Column("a long header here"), Column("other"))
    table = Table("t", "T", "", columns, (Row((Text("A"), Text("x" * 30), Number(7))),))
    said = [line.plain for line in terminal.lines(table, 36)]
    assert said[2] == "A"
    assert any(line.startswith("other") and line.endswith("7") for line in said)


def test_a_pipe_gets_plain_text_of_a_settled_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    stream = io.StringIO()
    terminal.show(DETAILED, stream)
    assert "\x1b" not in stream.getvalue()
    assert max(map(len, stream.getvalue().splitlines())) == 70
    monkeypatch.delenv("COLUMNS")
    assert terminal.console_for(io.StringIO()).width == 100


def test_marks_hang_so_that_digits_stand_below_digits(results: Results) -> None:
    lines = [line.plain for line in terminal.lines(sensitivity_view(results), 80)]
    marked = next(line for line in lines if line.endswith("7 (5, 7]*"))
    bare = next(line for line in lines if line.endswith("7 (5, 7]"))
    assert marked.rindex("7 (5") == bare.rindex("7 (5")


def test_errors_and_signs_are_said_however_many_notes_there_are() -> None:
    many = tuple(Note(f"reason {i}: " + "at length " * 9) for i in range(9))
    error = Note("error in theory negative: " + "width() returned −5, " * 6 + "so it has none", error=True)
    sign = Note("unverified: known from memory", mark="†")
    rows = (Row((Text("x", notes=(*many, sign, error)),)),)
    said = [line.plain for line in terminal.lines(Table("t", "T", "C.", (Column("c"),), rows), 60, legend=False)]
    below = said[max(i for i, line in enumerate(said) if line.startswith("─")) + 1 :]
    assert "so it has none" in " ".join(below)
    assert any("† unverified" in line for line in below)
    assert len([line for line in below if "reason" in line or "unverified" in line]) < terminal.CAPTION_LINES


def test_wide_characters_count_as_two_columns() -> None:
    assert wrapping.wrap("宽度 宽度", 4) == ["宽度", "宽度"]
    assert wrapping.pad("宽度", 6, "right") == "  宽度"


LEGEND = "extra: said nowhere else."
SHORT_OF_SPACE = Table(
    "t",
    "T",
    f"name: a name. {LEGEND} Nothing else.",
    (Column("name"), Column("extra", priority=1, legend=LEGEND), Column("k", "right")),
    (Row((Text("a" * 16), Text("b" * 16, notes=(Note("about extra"),)), Number(7, notes=(Note("about k"),)))),),
)


def test_what_is_said_of_a_column_goes_with_it() -> None:
    wide = " ".join(line.plain for line in terminal.lines(SHORT_OF_SPACE, 60))
    assert LEGEND in wide
    assert "ᵃ about extra" in wide
    narrow = [line.plain for line in terminal.lines(SHORT_OF_SPACE, 30)]
    said = " ".join(narrow)
    assert "name: a name. Nothing else. Columns left out at this width: “extra”." in said
    assert "about extra" not in said
    assert "ᵃ about k" in said  # the first that readers meet
    assert any(line.endswith("7ᵃ") for line in narrow)


def test_every_legend_stands_in_its_caption(results: Results) -> None:
    predicted = predict_suite(results.suite, results.registry.theories())
    tables = [
        thresholds_view(results),
        theories_view(results, predicted),
        overview_view(predicted["softplus", 160, 10], problem="here"),
        exponents_view(results),
        comparison_view(results),
    ]
    legends = [(table, column.legend) for table in tables for column in table.columns if column.legend]
    assert len(legends) >= 5
    for table, legend in legends:
        assert legend in table.caption
