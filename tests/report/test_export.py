from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from findings.reports import parse
from harness.components import Width
from harness.driver.results import Results
from harness.json_schema import write_schema
from harness.plugin_host.registry import Registry
from harness.report import thresholds_file
from harness.report.export import thresholds_record
from harness.report.json_text import dumps
from harness.report.predicted import predict_suite
from harness.report.prediction_records import judged, prediction_record
from harness.report.thresholds_file import thresholds_schema

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
    odd = replace(first, width=Width(math.nan, "odd"), scaling=math.inf)
    record = prediction_record(odd, judged([odd]))
    assert (record["width"], record["width_is"], record["reason"], record["scaling"]) == (None, "nan", "odd", None)
    dumps(record)


def test_each_theory_is_described_once_and_every_prediction_names_one(text: str) -> None:
    record = json.loads(text)
    described = [theory["theory"] for theory in record["theories"]]
    assert len(described) == len(set(described))
    assert {prediction["theory"] for prediction in record["predictions"]} == set(described)
    assert all(theory["certainty"] for theory in record["theories"])


def test_the_schema_that_is_shipped_is_fresh_and_says_what_every_key_means(tmp_path: Path) -> None:
    write_schema(thresholds_schema(), [str(tmp_path / "schema.json")])
    shipped = Path(thresholds_file.__file__).with_name("thresholds.schema.json")
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == shipped.read_text(encoding="utf-8"), "make schema"
    schema = thresholds_schema()
    Draft202012Validator.check_schema(schema)
    for kind in (schema, *schema["$defs"].values()):
        assert not [key for key, value in kind.get("properties", {}).items() if not value.get("description")]


def test_a_record_meets_the_schema_and_a_changed_one_does_not(text: str) -> None:
    validator = Draft202012Validator(thresholds_schema())
    record = json.loads(text)
    assert not list(validator.iter_errors(record))
    changes: list[dict[str, object]] = [{"format": 3}, {"more": 1}, {"limits": {}}, {"thresholds": [{"k_half": "7"}]}]
    for change in changes:
        assert list(validator.iter_errors({**record, **change})), change
    del record["thresholds"][0]["limited_by_budget"]
    (error,) = validator.iter_errors(record)
    assert "'limited_by_budget' is a required property" in error.message


def test_what_belongs_to_a_theory_is_said_once(results: Results, text: str) -> None:
    record = json.loads(text)
    for theory in record["theories"]:
        said = [json.dumps(one) for one in theory["assumptions"]]
        assert len(said) == len(set(said))
    whole = parse(text)
    predictions = predict_suite(results.suite, results.registry.theories())
    for one in whole.predictions:
        (meant,) = (p for p in predictions[one["regime"], one["n"], one["d"]] if p.theory.name == one["theory"])
        assert [(a["text"], a["holds"], a["found"]) for a in one["assumptions"]] == [
            (a.text, a.holds, a.found) for a in meant.assumptions
        ]
    earlier = {**record, "format": 3, "predictions": whole.predictions}
    earlier["theories"] = [{k: v for k, v in one.items() if k != "assumptions"} for one in record["theories"]]
    assert parse(json.dumps(earlier)).predictions == whole.predictions
    with pytest.raises(ValueError, match="format 5: only formats up to 4"):
        parse(json.dumps({**record, "format": 5}))


def test_what_was_asked_goes_along(text: str) -> None:
    record = json.loads(text)
    assert record["problems"]["dataset"] == {"use": "harness:sphere", "labels": "gaussian"}
    assert (record["problems"]["n"], record["budget"]["steps"]) == ([40, 80, 160], 9000)
    assert record["search"]["method"] == "adaptive"


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
