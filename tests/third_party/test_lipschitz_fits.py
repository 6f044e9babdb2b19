"""A continuation of a plugin: it passes the kit, decides fates where a suite names it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli import command
from harness.components import Cell
from harness.driver.threshold_searches import RegimeError, threshold_searches
from harness.engine.setting import rebuild
from harness.engine.work import train
from harness.plugin_host.loading import load_plugins
from harness.suite import SuiteError, parse_suite
from harness.testing.conformance import check_plugin

FILE = Path(__file__).with_name("lipschitz_fits.py")
SUITE = """
[suite]
name = "named"
[problems]
dataset = { use = "sphere" }
n = 12
d = 6
[budget]
steps = 3000
tolerances = [0.1, 0.01]
report_tolerance = 0.01
[search]
method = "grid"
widths = [2, 12]
trials = 5
[[regimes]]
name = "elu"
model = { use = "shallow", activation = "elu", train = "hidden" }
initializer = "lecun"
optimizer = "gd"
criterion = "quadratic"
"""
NAMED = SUITE + 'continuation = "lipschitz-fits"\n'


@pytest.mark.usefixtures("quick_imports")
def test_it_passes_the_conformance_kit() -> None:
    found = check_plugin(load_plugins(files=[FILE]), str(FILE))
    assert [finding for finding in found if finding.status != "passed"] == []
    assert {f.check for f in found} >= {"judged", "alone"}


def test_it_decides_where_the_suite_names_it_and_changes_nothing_elsewhere() -> None:
    plain, crowded = load_plugins(), load_plugins(files=[FILE])
    (bare,) = threshold_searches(parse_suite(SUITE, plain), plain, "cpu")
    (beside,) = threshold_searches(parse_suite(SUITE, crowded), crowded, "cpu")
    (named,) = threshold_searches(parse_suite(NAMED, crowded), crowded, "cpu")
    assert bare.key == beside.key != named.key
    assert (bare.fates, beside.fates, named.fates) == ("", "", "lipschitz-fits 1")
    assert named.data["continuation"] == {"use": "lipschitz_fits:lipschitz-fits", "version": 1}
    without, again = rebuild(beside.data, crowded), rebuild(named.data, crowded)
    assert [o.fate for o in train(without, Cell("", 12, 6, 12), range(3))] == [None] * 3
    outcomes = train(again, Cell("", 12, 6, 12), range(3))
    assert [o.fate and (o.fate.kind, o.fate.continuation) for o in outcomes] == [("fit proved", "lipschitz-fits 1")] * 3
    (narrow,) = train(again, Cell("", 12, 6, 1), [0])
    assert narrow.fate is not None
    assert narrow.fate.kind == "open"


def test_one_that_cannot_decide_the_regime_is_refused_with_the_reason() -> None:
    registry = load_plugins(files=[FILE])
    why = r"continuation 'lipschitz-fits' cannot decide.*it takes activations with a bound of φ''; use 'kink'"
    with pytest.raises(SuiteError, match=why):
        parse_suite(NAMED.replace('"elu", train', '"relu", train'), registry)
    with pytest.raises(SuiteError, match="did you mean 'lipschitz-fits'"):
        parse_suite(NAMED.replace('"lipschitz-fits"', '"lipshitz-fits"'), registry)
    with pytest.raises(SuiteError, match=r"continuation 'smooth' cannot decide.*has no known bounds"):
        parse_suite(NAMED.replace('"lipschitz-fits"', '"smooth"'), registry)
    with pytest.raises(SuiteError, match="continuation"):
        parse_suite(NAMED.replace('train = "hidden"', 'train = "output"'), registry)


def test_another_version_of_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = load_plugins(files=[FILE])
    (named,) = threshold_searches(parse_suite(NAMED, registry), registry, "cpu")
    monkeypatch.setattr(registry.find("continuation", "lipschitz-fits"), "version", 2)
    with pytest.raises(harness.SpecError, match="lipschitz-fits is of version 2 here, the setting asks for 1"):
        rebuild(named.data, registry)


def test_a_solver_that_decides_fates_itself_leaves_it_nothing_to_do() -> None:
    registry = load_plugins(files=[FILE])
    suite = parse_suite(NAMED, registry)
    (search,) = threshold_searches(suite, registry, "cpu")
    monkey = type(search.solver)
    before = monkey.decides_fates
    try:
        monkey.decides_fates = True
        with pytest.raises(RegimeError, match="solver fused decides its fates: leave out continuation"):
            threshold_searches(suite, registry, "cpu")
    finally:
        monkey.decides_fates = before


@pytest.mark.parametrize("executor", ["in-process", "local"])
def test_harness_run_decides_with_it(executor: str, tmp_path: Path) -> None:
    suite, out = tmp_path / "named.toml", tmp_path / "out"
    suite.write_text(NAMED, encoding="utf-8")
    arguments = ["run", str(suite), "--plugin", str(FILE), "--out", str(out), "--workers", "1", "--quiet"]
    done = CliRunner().invoke(command, [*arguments, "--executor", executor])
    assert done.exit_code == 0, done.output
    results = harness.load(out, plugin_files=[FILE])
    fates = {(one.k, one.fate) for one in results.trials()}
    assert (12, "fit proved") in fates
    assert {fate for k, fate in fates if k == 2} <= {"open", "fit proved"}
