from __future__ import annotations

import json
import math
import re

import pytest

from harness.components.entries import (
    Bound,
    Count,
    Counts,
    Entry,
    Estimate,
    Exponent,
    Missing,
    Note,
    Number,
    Ratio,
    Text,
)
from harness.components.numbers import clean, decimal, mark, to_encoding, width
from harness.components.table import Column, Row, Table
from harness.report.html import fragment
from harness.report.latex import latex


@pytest.mark.parametrize(
    ("value", "text"),
    [(9999, "9999"), (10_000, "1.0e4"), (2_400_000, "2.4e6"), (512.4, "512"), (8.43, "8.4"), (0.0, "0")],
)
def test_widths_are_integers_up_to_9999_then_two_digits(value: float, text: str) -> None:
    assert width(value) == text


def test_what_is_no_number_says_so() -> None:
    assert (width(math.nan), width(math.inf), decimal(-math.inf)) == ("n/a", "∞", "−∞")


def test_rounding_up_to_ten_thousand_switches_the_notation() -> None:
    assert (width(9999.4), width(9999.6)) == ("9999", "1.0e4")


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "a\u202eb", "bell\x07", "\x9b31m", "one\r\ntwo\ttab"])
def test_nothing_that_steers_a_terminal_survives(hostile: str) -> None:
    assert all(character.isprintable() for character in clean(hostile))
    assert all(character.isprintable() for character in Text(hostile).text())


def test_every_sign_that_is_used_has_an_ascii_spelling() -> None:
    text = "k½ ≤ 3, ⌈n/d⌉ ≥ √n ‖X‖ κ² → “∞” ✓ ✗ † − ÷ × ᵃ λ₀ᵀ W₀"
    assert to_encoding(text, "ascii").isascii()
    assert "?" not in to_encoding(text, "ascii")


def test_marks_are_letters_that_do_not_look_like_exponents() -> None:
    marks = [mark(i) for i in range(60)]
    assert len(set(marks)) == 60
    assert not set("".join(marks)) & set("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ") - {"ⁿ"}


ENTRIES: list[Entry] = [
    Text("nan", style="bad"),
    Text("inf", notes=(Note("one"), Note("two", mark="†"))),
    Number(math.inf, notes=(Note("no width suffices"),)),
    Number(math.nan),
    Number(0.1 + 0.2, width=False),
    Estimate(8.43, 7, 9),
    Estimate(8.43, None, None),
    Bound(">", 512, low=512),
    Count(0, 20),
    Counts(((7, 1, 20), (9, 19, 20))),
    Counts(()),
    Ratio(1e9, "<"),
    Exponent(2, -1),
    Exponent(1.02, None, (0.9, math.inf)),
    Missing("not tried"),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_json_gives_back_every_entry_to_the_last_bit(entry: Entry) -> None:
    table = Table("t", "T", "C", (Column("x", "right", priority=2, wrap=9),), (Row((entry,), "group"),), {"seed": "1"})
    text = json.dumps(table.data(), allow_nan=False)
    assert repr(Table.from_data(json.loads(text))) == repr(table)


def test_notes_are_numbered_in_reading_order_and_shared() -> None:
    first, second = Note("first"), Note("second")
    rows = tuple(Row((Number(1, notes=notes),)) for notes in ((first,), (second, first), (first,)))
    table = Table("t", "", "", (Column("x"),), rows)
    assert table.notes() == {first: "ᵃ", second: "ᵇ"}
    assert table.spelled(rows[1].entries[0], table.notes()) == "1ᵃᵇ"
    assert r"\textsuperscript{a,b}" in latex(table)
    assert re.findall(r'href="#t-note-(\d)"', fragment(table)) == ["1", "1", "2", "1"]


def test_one_mark_of_two_letters_is_not_read_as_two_marks() -> None:
    """25 letters have a raised form, so the mark of the 27th note is ᵃᵇ."""
    notes = tuple(Note(str(i)) for i in range(27))
    table = Table("t", "", "", (Column("x"),), tuple(Row((Number(1, notes=some),)) for some in (notes, notes[:2])))
    several, two = (table.spelled(row.entries[0], table.notes()) for row in table.rows)
    assert several.endswith(",ᶻ,ᵃᵃ,ᵃᵇ")
    assert two == "1ᵃ,ᵇ"
    assert to_encoding(two, "ascii") == "1[a],[b]"
    shown = re.findall("<td[^>]*>1(.*)</td>", fragment(table))
    assert [re.sub("<.*?>", "", one)[-7:] for one in shown] == ["z,aa,ab", "a,b"]


def test_rows_must_have_an_entry_for_each_column() -> None:
    with pytest.raises(ValueError, match="row 0 has 1 entries for 2 columns"):
        Table("t", "", "", (Column("x"), Column("y")), (Row((Number(1),)),))
    with pytest.raises(ValueError, match="same header"):
        Table("t", "", "", (Column("x"), Column("x")), ())


def test_a_table_without_a_column_says_nothing_of_it() -> None:
    columns = (Column("a"), Column("b", legend="b: second."), Column("c"))
    row = Row((Number(1), Number(2, notes=(Note("of b"),)), Number(3)), "group")
    table = Table("t", "T", "a: first. b: second. c: third.", columns, (row,))
    less = table.without(["b"])
    assert [column.header for column in less.columns] == ["a", "c"]
    assert less.rows == (Row((Number(1), Number(3)), "group"),)
    assert less.caption == "a: first. c: third."
    assert less.notes() == {}
    assert table.without([]) == table


def test_powers_and_signs_are_spelled_where_the_encoding_lacks_them() -> None:
    assert to_encoding("n⁴/d³, v = ±a, ω₁ω₂ ≲ 1", "ascii") == "n^4/d^3, v = +-a, omega1omega2 <~ 1"
    assert to_encoding("n²⁴", "latin-1") == "n^24"
