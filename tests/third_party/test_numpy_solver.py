"""A solver of a plugin: it passes the kit, trains where a suite names it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command
from harness.components import Cell
from harness.driver.threshold_searches import RegimeError, threshold_searches
from harness.engine.setting import rebuild, semantic_key
from harness.engine.work import train
from harness.plugin_host.loading import load_plugins
from harness.suite import SuiteError, parse_suite
from harness.testing.conformance import check_plugin

FILE = Path(__file__).with_name("numpy_solver.py")
SUITE = """
[suite]
name = "named"
[problems]
dataset = { use = "sphere" }
n = 12
d = 6
[budget]
steps = 200
tolerances = [0.5, 0.1]
report_tolerance = 0.5
[search]
method = "grid"
widths = [2, 4]
trials = 5
[[regimes]]
name = "tanh"
model = { use = "shallow", activation = "tanh", train = "hidden" }
initializer = "lecun"
optimizer = "gd"
criterion = "quadratic"
"""
NAMED = SUITE + 'solver = "numpy"\n'


@pytest.mark.usefixtures("quick_imports")
def test_it_passes_the_conformance_kit() -> None:
    assert len(FILE.read_text(encoding="utf-8").splitlines()) < 60
    found = check_plugin(load_plugins(files=[FILE]), str(FILE))
    assert [finding for finding in found if finding.status == "failed"] == []
    assert {f.check for f in found if f.status == "passed"} >= {"agrees", "alone"}


def test_it_trains_where_the_suite_names_it_and_changes_nothing_elsewhere() -> None:
    plain, crowded = load_plugins(), load_plugins(files=[FILE])
    keys = [threshold_searches(parse_suite(SUITE, r), r, "cpu")[0].key for r in (plain, crowded)]
    assert keys[0] == keys[1]
    (search,) = threshold_searches(parse_suite(NAMED, crowded), crowded, "cpu")
    assert (search.solver.name, search.data["solver"]) == ("numpy", "numpy_solver:numpy")
    assert search.key == semantic_key(search.data) != keys[0]
    again = rebuild(search.data, crowded)
    (ours,) = train(again, Cell("", 12, 6, 4), [3])
    assert ours.solver == "numpy"
    whole = NAMED.replace("steps = 200", 'steps = 200\nsolver = "numpy"').replace('\nsolver = "numpy"\n', "\n", 1)
    assert threshold_searches(parse_suite(whole, crowded), crowded, "cpu")[0].key == search.key


def test_a_solver_that_cannot_train_the_regime_is_refused_with_the_reason() -> None:
    registry = load_plugins(files=[FILE])
    with pytest.raises(SuiteError, match=r"solver 'numpy'.*it takes shallow tanh nets.*; use 'functional'"):
        parse_suite(NAMED.replace('"tanh", train', '"relu", train'), registry)
    with pytest.raises(RegimeError, match="names solver 'numpy': it runs on cpu, not on cuda"):
        threshold_searches(parse_suite(NAMED, registry), registry, "cuda")
    with pytest.raises(SuiteError, match="did you mean 'numpy'"):
        parse_suite(NAMED.replace('"numpy"', '"nunpy"'), registry)


@pytest.mark.parametrize("executor", ["in-process", "local"])
def test_harness_run_trains_with_it(executor: str, tmp_path: Path) -> None:
    suite = tmp_path / "named.toml"
    suite.write_text(NAMED, encoding="utf-8")
    arguments = ["run", str(suite), "--plugin", str(FILE), "--out", str(tmp_path / "out"), "--workers", "1", "--quiet"]
    done = CliRunner().invoke(command, [*arguments, "--executor", executor])
    assert done.exit_code == 0, done.output
