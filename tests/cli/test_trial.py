"""``harness trial`` and ``harness plan --explain``: one trial again, and why a run trains what it trains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import command as main
from harness.driver.explain import Change, differences, explain
from harness.driver.provenance import provenance
from harness.driver.run import Run
from harness.executors.in_process import InProcess
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import parse_suite
from tests.driver.tiny_suite import ONE_REGIME as SUITE

GRID = SUITE.replace("trials = 60", 'method = "grid"\nwidths = [2, 6]\ntrials = 4')


@pytest.fixture(scope="module")
def ran(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    (folder / "grid.toml").write_text(GRID, encoding="utf-8")
    suite = parse_suite(GRID, registry)
    with Store(folder) as store:
        store.began(suite.text, provenance(suite, registry, "cpu"))
        Run(suite, registry, store, "cpu").go(InProcess())
    return folder


def invoke(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_a_trial_alone_is_that_of_the_run(ran: Path, registry: Registry) -> None:
    done = invoke("trial", ran / "grid.toml", "--regime", "softplus", "--n", 16, "--k", 6, "--seed", 3, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    with Store(ran) as store:
        (key,) = store.settings()
        stored = store.outcomes(key)[16, 5, 6, 3]
    assert found["hits"] == list(stored.hits)
    assert found["measure"] == stored.measure
    assert found["verdict"] == stored.verdict(1)


def test_it_is_shown_as_a_table(ran: Path) -> None:
    done = invoke("trial", ran / "grid.toml", "--regime", "softplus", "--k", 2)
    assert "softplus, n = 12, d = 5, k = 2, trial 0" in done.stdout
    assert "lambda max" in done.stdout


def test_its_fate_is_shown(ran: Path) -> None:
    text = GRID.replace('name = "softplus"\nuse = "moderate"', 'name = "features"\nuse = "output-only"')
    (ran / "features.toml").write_text(text, encoding="utf-8")
    (ran / "budget.toml").write_text(text.replace("steps = 600", "steps = 600\nlimit = false"), encoding="utf-8")
    arguments = ["trial", str(ran / "features.toml"), "--regime", "features", "--k", "2"]
    done = invoke(*arguments)
    for words in ("stuck proved", "rank of the kernel", "spectral 4", "limit of the residual", "unlimited steps"):
        assert words in done.stdout
    found = json.loads(invoke(*arguments, "--json").stdout)
    assert (found["exact_verdict"], found["fate"]["kind"]) == ("unfit", "stuck proved")
    assert 0 < found["fate"]["constants"]["floor"] <= found["fate"]["residual"] <= found["measure"]
    arguments[1] = str(ran / "budget.toml")
    assert not {"fate", "exact_verdict"} & json.loads(invoke(*arguments, "--json").stdout).keys()


def test_a_failure_is_shown_in_full(tmp_path: Path) -> None:
    plugin = Path(__file__).parent.parent / "faults" / "plugin.py"
    text = SUITE.replace('"sphere"', '{ use = "marked", every = 1, how = "raise" }')
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    arguments = ["trial", str(tmp_path / "bad.toml"), "--regime", "softplus", "--k", "2", "--plugin", str(plugin)]
    done = CliRunner().invoke(main, arguments, standalone_mode=False)
    assert done.return_value == 1
    assert "Traceback" in done.stderr
    assert "in mischief" in done.stderr
    assert "ArithmeticError: no [red]luck[/] �[31mtoday" in done.stderr
    done = CliRunner().invoke(main, [*arguments, "--json"], standalone_mode=False)
    assert json.loads(done.stdout)["verdict"] == "error"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--regime", "softpuls", "--k", "2"], "did you mean softplus"),
        (["--regime", "softplus", "--k", "0"], "at least 1"),
        (["--regime", "softplus", "--k", "2", "--device", "cuda:99"], "CUDA"),
    ],
)
def test_wrong_input_is_one_message(arguments: list[str], words: str, ran: Path) -> None:
    done = invoke("trial", ran / "grid.toml", *arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--k", 2], ""),
        (["--k", 3], "k = 3 is not in suite 'tiny'; trained all the same"),
        (["--k", 2, "--n", 13, "--d", 6], "n = 13 and d = 6 are not in suite 'tiny'; trained all the same"),
    ],
)
def test_sizes_that_the_suite_has_not_are_named(arguments: list[str | int], words: str, ran: Path) -> None:
    done = invoke("trial", ran / "grid.toml", "--regime", "softplus", "--json", *arguments)
    assert done.exit_code == 0
    assert done.stderr.strip() == words
    assert json.loads(done.stdout)["verdict"] in ("fit", "unfit", "diverged")


def test_sizes_that_the_dataset_has_not_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = ["a,b,y", *(f"{i},{i * i},{i % 3 / 4}" for i in range(20))]
    Path("data.csv").write_text("\n".join(rows), encoding="utf-8")
    text = GRID.replace('"sphere"', '{ use = "table", path = "data.csv" }').replace("d = 5", "d = 2")
    Path("mine.toml").write_text(text, encoding="utf-8")
    done = invoke("trial", "mine.toml", "--regime", "softplus", "--k", 2, "--n", 21)
    assert done.exit_code == 2
    assert "data.csv has 20 rows, fewer than n = 21" in " ".join(done.stderr.split())


def explained(text: str, folder: Path, registry: Registry) -> list[Any]:
    return explain(parse_suite(text, registry), registry, folder, "cpu")


def test_all_is_reused_of_an_equal_suite(ran: Path, registry: Registry) -> None:
    renamed = GRID.replace('name = "softplus"', 'name = "other"').replace('name = "tiny"', 'name = "small"')
    for text in (GRID, renamed):
        assert [(e.reused, e.new, e.why, e.changes) for e in explained(text, ran, registry)] == [(8, 0, "", ())] * 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("steps = 600", "steps = 1200"), [Change("steps", 600, 1200)]),
        (('use = "moderate"', 'use = "moderate"\nc = 1.0'), [Change("optimizer.c", 1.5, 1.0)]),
        (("seed = 3", "seed = 4"), [Change("base_seed", 3, 4)]),
        (
            ('use = "moderate"', 'use = "moderate"\ninitializer = { use = "he" }'),
            [Change("initializer", "gaussian-halves", "he")],
        ),
    ],
)
def test_it_says_which_part_changed(
    change: tuple[str, str], expected: list[Change], ran: Path, registry: Registry
) -> None:
    for one in explained(GRID.replace(*change), ran, registry):
        assert (one.reused, one.new, one.nearest) == (0, 8, "softplus")
        assert list(one.changes) == expected


def test_versions_count_and_source_text_does_not() -> None:
    was = {"regime": {"model": {"use": "net", "version": 1}}, "steps": 3}
    now = {"regime": {"model": {"use": "net", "version": 2}}, "steps": 3}
    assert differences(was, now) == [Change("model.version", 1, 2)]


def test_sizes_trials_and_errors_are_told_apart(ran: Path, registry: Registry, tmp_path: Path) -> None:
    more = explained(GRID.replace("trials = 4", "trials = 5").replace("20]", "20, 24]"), ran, registry)
    assert [(e.n, e.reused, e.new) for e in more] == [(12, 8, 2), (16, 8, 2), (20, 8, 2), (24, 0, 10)]
    assert [e.why for e in more] == ["the search is not over"] * 3 + ["this n and d are new"]
    assert {e.why for e in explained(GRID, tmp_path, registry)} == {"nothing is stored"}


def test_the_table_and_the_json_say_the_same(ran: Path) -> None:
    edited = ran / "edited.toml"
    edited.write_text(GRID.replace("steps = 600", "steps = 1200"), encoding="utf-8")
    shown = invoke("plan", edited, "--explain", "--out", ran)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.count("steps 600 → 1200") == 3
    record = json.loads(invoke("plan", edited, "--explain", "--out", ran, "--json").stdout)
    assert record["thresholds"][0]["changes"] == [{"what": "steps", "was": 600, "now": 1200}]
