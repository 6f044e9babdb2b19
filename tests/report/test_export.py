from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Width
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.report.export import dumps, prediction_record, thresholds_record
from harness.report.predicted import predict_suite

from ..ends import made


@pytest.fixture
def text(results: Results) -> str:
    return dumps(thresholds_record(results, predict_suite(results.suite, results.registry.theories())))


def test_it_is_strict_json_in_a_fixed_order(results: Results, text: str) -> None:
    record = json.loads(text, parse_constant=pytest.fail)
    again = replace(results, outcomes=dict(reversed(list(results.outcomes.items()))))
    assert dumps(thresholds_record(again, predict_suite(results.suite, results.registry.theories()))) == text
    assert [(t["regime"], t["n"]) for t in record["thresholds"][:4]] == [
        ("softplus", 40),
        ("softplus", 80),
        ("softplus", 160),
        ("relu | wide", 40),
    ]


def test_a_threshold_has_what_a_reader_needs(text: str) -> None:
    softplus, *_, features = (t for t in json.loads(text)["thresholds"] if t["n"] == 40)
    assert {key: softplus[key] for key in ("n", "d", "low", "high", "trials", "tolerance", "steps")} == {
        "n": 40,
        "d": 10,
        "low": 5,
        "high": 7,
        "trials": 80,
        "tolerance": 0.01,
        "steps": 9000,
    }
    assert softplus["k_half"] == 7
    assert softplus["counts"][0] == {"k": 5, "fit": 1, "open": 0, "trials": 20}
    assert (features["k_half"], features["low"], features["high"], features["bound"]) == (None, None, 2, "<=")


def test_what_is_not_finite_is_null_with_its_reason(results: Results, text: str) -> None:
    smooth = [
        p
        for p in json.loads(text)["predictions"]
        if p["theory"] == "os-smooth" and (p["regime"], p["n"]) == ("softplus", 160)
    ]
    assert [(p["width"], p["width_is"]) for p in smooth] == [(None, "infinite")]
    assert "d(d+1)/2" in smooth[0]["reason"]
    first = next(iter(predict_suite(results.suite, results.registry.theories()).values()))[0]
    record = prediction_record(replace(first, width=Width(math.nan, "odd"), scaling=math.inf))
    assert (record["width"], record["width_is"], record["reason"], record["scaling"]) == (None, "nan", "odd", None)
    dumps(record)


def test_each_theory_is_described_once_and_every_prediction_names_one(text: str) -> None:
    record = json.loads(text)
    described = [theory["theory"] for theory in record["theories"]]
    assert len(described) == len(set(described))
    assert {prediction["theory"] for prediction in record["predictions"]} == set(described)
    assert all(theory["certainty"] for theory in record["theories"])


def test_every_key_is_described_and_no_other(text: str) -> None:
    page = (Path(__file__).parents[2] / "docs/files.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| key \| meaning \|\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    described = [set(re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in t.splitlines()))) for t in tables]
    record = json.loads(text)
    lists = ("regimes", "thresholds", "exponents", "laws", "theories", "predictions")
    assert described == [set(record), *(set().union(*record[name]) for name in lists)]


def test_provenance_goes_along(text: str) -> None:
    assert json.loads(text)["provenance"]["suite_hash"] == "abc"


def test_nan_cannot_slip_through() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dumps({"k_half": math.nan})


def test_the_exact_record_leads_where_fates_are_known_and_the_budgeted_one_stands_beside(registry: Registry) -> None:
    found = made(
        registry,
        {
            ("softplus", 80, 7): [("counted", 20)],
            ("softplus", 80, 8): [("late", 18), ("open", 2)],
            ("softplus", 80, 15): [("late", 20)],
            ("softplus", 80, 16): [("proved", 20)],
            ("momentum", 80, 15): [("none", 20)],
            ("momentum", 80, 16): [("none fit", 20)],
        },
    )
    records = {(t["regime"], t["n"]): t for t in json.loads(dumps(thresholds_record(found)))["thresholds"]}
    exact, without = records["softplus", 80], records["momentum", 80]
    keys = ("kind", "k_half", "low", "high", "bound", "tolerance", "steps", "limited_by_budget")
    assert [exact[key] for key in keys] == ["exact", 8, 7, 8, "", 0.0, None, False]
    assert [exact["budget"][key] for key in keys] == ["budget", 16, 15, 16, "", 0.01, 9000, True]
    assert {key: exact[key] for key in exact["exact"]} == exact["exact"]
    assert exact["counts"][1] == {"k": 8, "fit": 18, "open": 2, "trials": 20}
    assert (exact["certified"], exact["fates"]["open"], exact["fates"]["fit proved"]) == (78, 22, 58)
    assert [without[key] for key in keys] == ["budget", 16, 15, 16, "", 0.01, 9000, True]
    assert (without["exact"], without["certified"], without["fates"]) == (None, None, None)
    assert {key: without[key] for key in without["budget"]} == without["budget"]
    nothing = records["softplus", 40]
    assert (nothing["bound"], nothing["exact"]["bound"], nothing["trials"]) == ("none", "none", 0)
