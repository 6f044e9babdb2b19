"""Theories in papers' columns: what each says of itself, and its law in what its source counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.claims.predictions import Prediction
from harness.components.entries import Entry, Missing
from harness.components.table import Table
from harness.driver.results import Results
from harness.report.claims_view import claims_view, law
from harness.report.guarantees import EXPLICIT, SILENT
from harness.report.predicted import predict_suite


@pytest.fixture
def softplus(results: Results) -> list[Prediction]:
    return list(predict_suite(results.suite, results.registry.theories())["softplus", 160, 10])


def row(table: Table, title: str) -> dict[str, Entry]:
    headers = [column.header for column in table.columns]
    (found,) = [r for r in table.rows if r.entries[0].text() == title]
    return dict(zip(headers, found.entries, strict=True)) | {"group": found.entries[0]}


def test_a_row_says_what_the_theory_and_its_regime_say(softplus: list[Prediction]) -> None:
    found = row(claims_view(softplus, problem="here"), "Oymak & Soltanolkotabi 2020, Thm 2.1")
    texts = {header: entry.text() for header, entry in found.items()}
    assert texts["Trained layers"] == "hidden"
    assert texts["Activation"] == "softplus"
    assert texts["Initialization"] == "gaussian-halves"
    assert texts["Algorithm"] == "gd, stable 1.5"
    assert texts["Scaling"] == "n²/d"
    assert texts["Unit"] == "width"
    assert "inputs of norm 1" in texts["Setting"]
    assert [note.mark for note in found["Reference"].notes] == ["†"]
    assert "half and half" in found["Initialization"].notes[0].text


def test_what_guarantees_nothing_stands_apart(softplus: list[Prediction]) -> None:
    groups = {r.entries[0].text(): r.group for r in claims_view(softplus, problem="here").rows}
    assert groups["Parameter count, hidden layer"] == SILENT
    assert groups["Certificate D1, hidden layer"] == EXPLICIT


def test_a_count_of_parameters_is_a_factor_d_above_the_width(softplus: list[Prediction]) -> None:
    smooth = next(p for p in softplus if p.theory.name == "os-smooth")

    class Counted(type(smooth.theory)):  # type: ignore[misc]  # the class of one theory
        claim = replace(smooth.theory.claim, unit="parameters")

    counted = replace(smooth, theory=Counted())
    found = row(claims_view([counted], problem="here"), smooth.theory.claim.title)
    assert (found["Scaling"].text(), found["Unit"].text()) == ("n²", "parameters")


def test_a_claim_without_a_law_has_no_scaling(softplus: list[Prediction]) -> None:
    smooth = next(p for p in softplus if p.theory.name == "os-smooth")

    class Lawless(type(smooth.theory)):  # type: ignore[misc]  # the class of one theory
        claim = replace(smooth.theory.claim, exponents=None)

    assert isinstance(
        row(claims_view([replace(smooth, theory=Lawless())], problem="x"), smooth.theory.claim.title)["Scaling"],
        Missing,
    )


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [(2, -1, "n²/d"), (1.5, 0, "n√n"), (24, 0, "n²⁴"), (0, 0, "1"), (1, -0.5, "n/(√d)"), (0, 1, "d")],
)
def test_laws_are_written_as_papers_do(a: float, b: float, text: str) -> None:
    assert law(a, b) == text
