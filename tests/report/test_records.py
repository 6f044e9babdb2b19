"""Tables of records: what data-frame libraries read of them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness import Cell, Records


@dataclass(frozen=True)
class Sample:
    """A record with a field of every type."""

    name: str
    count: int | None
    share: float | None
    done: bool | None
    found: Mapping[str, int | None] = field(default_factory=dict)


ROWS = (
    Sample("α, <β>", 2**62, 0.1, True, {"x": 1}),
    Sample("", None, None, None, {"y": 2}),
    Sample("c", -1, math.inf, False, {"x": None, "y": 3}),
)
COLUMNS = {
    "name": ["α, <β>", "", "c"],
    "count": [2**62, None, -1],
    "share": [0.1, None, math.inf],
    "done": [True, None, False],
    "found_x": [1, None, None],
    "found_y": [None, 2, 3],
}


def test_records_are_a_sequence_with_a_column_for_each_field_and_key() -> None:
    records = Records(Sample, ROWS)
    assert list(records) == list(ROWS)
    assert records[-1] is ROWS[-1]
    assert records[1:] == Records(Sample, ROWS[1:])
    assert records.columns() == COLUMNS
    assert "&lt;β&gt;" in records._repr_html_()
    assert "<β>" not in records._repr_html_()
    many = Records(Cell, [Cell("r", 1, 1, k) for k in range(25)])
    assert "further rows: 5" in repr(many)
    assert many._repr_html_().count("<tr>") == 21


def test_a_field_that_no_column_can_hold_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        """A record with a list."""

        values: list[int]

    with pytest.raises(TypeError, match=r"Odd\.values has type"):
        Records(Odd, [Odd([1])]).columns()


@pytest.mark.parametrize("rows", [ROWS, ()], ids=["rows", "none"])
@pytest.mark.parametrize("reader", ["pyarrow", "polars", "polars alone"])
def test_arrow_libraries_read_types_values_and_gaps(
    reader: str, rows: tuple[Sample, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    library: Any = pytest.importorskip(reader.split(maxsplit=1)[0])
    if reader == "polars alone":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    records = Records(Sample, rows)
    table = library.table(records) if reader == "pyarrow" else library.DataFrame(records)
    names = list(COLUMNS)[: 6 if rows else 4]
    types = [str(table.schema.field(n).type) if reader == "pyarrow" else str(table.schema[n]) for n in names]
    wanted = ["string", "int64", "double", "bool", "int64", "int64"]
    assert (
        types
        == (wanted if reader == "pyarrow" else ["String", "Int64", "Float64", "Boolean", "Int64", "Int64"])[
            : len(names)
        ]
    )
    found = table.to_pydict() if reader == "pyarrow" else table.to_dict(as_series=False)
    assert found == {name: COLUMNS[name] if rows else [] for name in names}


def test_pandas_keeps_integers_and_truth_values_with_gaps() -> None:
    pandas: Any = pytest.importorskip("pandas")
    frame = Records(Sample, ROWS).to_pandas()
    assert list(frame.columns) == list(COLUMNS)
    assert list(map(str, frame.dtypes))[1:] == ["Int64", "float64", "boolean", "Int64", "Int64"]
    assert frame["count"][0] == 2**62
    assert frame["count"].isna().tolist() == [False, True, False]
    assert frame["name"].tolist() == COLUMNS["name"]
    assert math.isnan(frame["share"][1])
    whole = Records(Cell, [Cell("lazy", 20, 5, 4)]).to_pandas()
    assert list(map(str, whole.dtypes))[1:] == ["int64"] * 3
    assert isinstance(whole, pandas.DataFrame)


def test_without_the_libraries_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "pyarrow", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    records = Records(Sample, ROWS)
    with pytest.raises(ImportError, match="needs the package pandas"):
        records.to_pandas()
    with pytest.raises(ImportError, match="pyarrow or polars"):
        records.__arrow_c_stream__()
