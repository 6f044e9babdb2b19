"""Rows and columns by pattern."""

from __future__ import annotations

import pytest

from harness.driver.results import Results
from harness.report.bibliography import cite
from harness.report.compact_view import compact_theories_view, compact_view
from harness.report.guarantees import EXPLICIT, REFERENCE
from harness.report.laws_view import laws_view
from harness.report.overview_view import overview_view
from harness.report.predicted import predict_suite
from harness.report.selection import Selection, SelectionError
from harness.report.terminal import CAPTION_LINES, lines
from harness.report.theories_view import theories_view
from harness.report.thresholds_view import thresholds_view


def test_rows_of_regimes_and_sizes(results: Results) -> None:
    table = thresholds_view(results)
    (found,) = Selection(regimes=("soft*",), n=(40, 160)).of([table])
    assert [(row.entries[0].text(), row.entries[5].text()) for row in found.rows] == [
        ("softplus", "40"),
        ("softplus", "160"),
    ]
    part = Selection(regimes=("SOFTPLUS",), n=(40,)).results(results)
    assert [regime.name for regime in part.suite.regimes] == ["softplus"]
    assert {(cell.regime, cell.n) for cell in part.outcomes} == {("softplus", 40)}


def test_brackets_of_chosen_sizes_hold_together_with_those_of_all(results: Results) -> None:
    part = Selection(n=(40,)).results(results)
    whole = {(one.n, one.d): one for one in results.brackets("softplus")}
    assert part.brackets("softplus") == tuple(one for one in whole.values() if one.n == 40)


def test_theories_by_title_key_or_name_with_their_sources_only(results: Results) -> None:
    registry = results.registry
    table = theories_view(results, predict_suite(results.suite, registry.theories()))
    names = {theory.claim.title: theory.name for theory in registry.theories()}
    (by_name,) = Selection(theories=("os-smooth-sphere",)).of([table], names)
    assert {row.entries[7].text() for row in by_name.rows} == {"Oymak & Soltanolkotabi 2020, Cor 2.2"}
    assert len(by_name.bibtex) == 1 < len(table.bibtex)
    (only,) = Selection(guarantees=True).of([table], names)
    assert {row.group for row in only.rows} <= {EXPLICIT, REFERENCE}
    assert 0 < len(only.rows) < len(table.rows)
    cited = {row.entries[7].cite for row in only.rows}  # type: ignore[attr-defined]  # titles are texts
    assert {cite(entry) for entry in only.bibtex} <= cited


def test_columns(results: Results) -> None:
    (found,) = Selection(columns=("regime", "k*")).of([thresholds_view(results)])
    assert [column.header for column in found.columns] == ["regime", "k½", "kd/n"]
    predictions = predict_suite(results.suite, results.registry.theories())
    (found,) = Selection(columns=("scaling_over_k_half", "a")).of([theories_view(results, predictions)])
    assert [column.header for column in found.columns] == ["C=1 ÷ k½", "a, b"]  # the name in CSV, and a part
    of_theories = [one for several in predictions.values() for one in several]
    tables = (
        overview_view(of_theories, problem="n = 160"),
        compact_theories_view(results, predictions),
        laws_view(results),
    )
    chosen = [Selection(columns=("formula",)).of([table])[0] for table in tables]
    assert [[column.header for column in table.columns if not column.fold] for table in chosen] == [
        ["formula"],
        ["scaling"],
        ["law"],
    ]


def test_every_column_is_listed_where_none_matches(results: Results) -> None:
    table = theories_view(results, predict_suite(results.suite, results.registry.theories()))
    assert len(table.columns) > 12
    with pytest.raises(SelectionError) as caught:
        Selection(columns=("zzz",)).of([table])
    assert all(repr(column.header) in str(caught.value) for column in table.columns)


def test_a_caption_explains_the_columns_that_are_shown(results: Results) -> None:
    table = compact_theories_view(results, predict_suite(results.suite, results.registry.theories()))
    (found,) = Selection(columns=("theory", "met")).of([table])
    for caption in (found.caption, found.brief):
        assert "met: ✓" in caption
        assert not any(f"{header}:" in caption for header in ("scaling", "C=1", "on data", "÷ k½"))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Selection(regimes=("softpus",)), "--regime softpus: nothing matches; did you mean 'softplus'?"),
        (Selection(n=(41,)), "--n 41: there are 40, 80, 160"),
        (Selection(columns=("k2",)), "--columns k2: nothing matches"),
    ],
)
def test_what_matches_nothing_is_refused(results: Results, chosen: Selection, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        chosen.of([thresholds_view(results)])
    assert message in str(caught.value)


def test_a_table_without_rows_is_said_to_have_none(results: Results) -> None:
    empty = theories_view(results, {})
    assert not empty.rows
    with pytest.raises(SelectionError, match="--regime softplus: what was asked for has no rows"):
        Selection(regimes=("softplus",)).of([empty])
    assert overview_view([], problem="n = 4").caption.startswith("No theory speaks of these networks")


def test_the_short_tables_have_a_row_a_regime_and_a_line_a_theory(results: Results) -> None:
    predictions = predict_suite(results.suite, results.registry.theories())
    table = compact_view(results)
    assert [row.entries[0].text() for row in table.rows] == ["softplus", "relu | wide", "random features"]
    assert table.rows[0].entries[1].text() == "25 (23, 25]"
    theories = compact_theories_view(results, predictions)
    titles = [row.entries[0].text() for row in theories.rows]
    assert len(titles) == len(set(titles)) > 5
    row = theories.rows[titles.index("Oymak & Soltanolkotabi 2020, Cor 2.2")]
    assert [entry.text() for entry in row.entries[1:4]] == ["n²/d", "2560", "102×"]


def test_a_caption_speaks_of_the_columns_that_are_there(results: Results) -> None:
    along_n = compact_view(results)
    assert [column.header for column in along_n.columns][3:] == ["a", "C"]
    whole = Selection(columns=("regime", "k½")).of([along_n])[0]
    at_one_size = compact_view(Selection(n=(160,)).results(results))
    for text in (along_n.caption, along_n.brief):
        assert " a: exponents of k½ ~ n^a that the brackets" in text
        assert " C: constants" in text
    for table in (whole, at_one_size):
        for text in (table.caption, table.brief):
            assert "exponents" not in text
            assert "constants" not in text
    assert "kd/n" in at_one_size.brief
    assert "kd/n" not in whole.brief


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_caption_on_the_screen_has_at_most_four_lines(results: Results, width: int) -> None:
    predictions = predict_suite(results.suite, results.registry.theories())
    tables = [thresholds_view(results), theories_view(results, predictions), compact_view(results)]
    for table in [*tables, compact_theories_view(results, predictions)]:
        text = [line.plain for line in lines(table, width, legend=False)]
        assert max(map(len, text)) <= width
        rules = [i for i, line in enumerate(text) if line and set(line) == {"─"}]
        below = text[rules[-1] + 1 :]
        caption = next((i for i, line in enumerate(below) if line[:2] in ("ᵃ ", "† ", "ᵇ ")), len(below))
        assert caption <= CAPTION_LINES, below
        whole = "\n".join(line.plain for line in lines(table, width))
        assert len(whole) >= len("\n".join(text))
