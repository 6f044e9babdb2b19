from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import harness
from harness.cli.new import KINDS as CHOICES
from harness.plugin_host.checks import HOOKS
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Kind
from harness.scaffold.module import KINDS, WHOLE, module
from harness.scaffold.name import PluginName
from harness.scaffold.project import package_files, single_files, suite_text
from harness.suite import load_suite
from harness.testing import check_plugin
from tests.command_line import called


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that can be generated."""
    folder = tmp_path_factory.mktemp("generated")
    for kind in KINDS:
        assert called("new", "plugin", f"my-{kind}", "--only", kind, "--single-file", "--dir", str(folder))[0] == 0
    assert called("new", "plugin", "all-in-one", "--single-file", "--dir", str(folder))[0] == 0
    assert called("new", "plugin", "harness-whole-thing", "--dir", str(folder))[0] == 0
    assert called("new", "suite", "mine", "--dir", str(folder))[0] == 0
    return folder


def test_there_is_a_template_for_every_kind_that_is_offered() -> None:
    assert set(CHOICES) == set(KINDS) == set(get_args(Kind)) - {"diagnostic", "executor"}
    assert set(WHOLE) < set(KINDS)
    for kind in KINDS:
        (hook,) = re.findall(r"def (harness_\w+)", module(PluginName("x"), [kind]))
        assert HOOKS[hook] == kind


def test_what_is_generated_is_clean(generated: Path) -> None:
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", "."],
            cwd=generated,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.slow  # reads the types of torch and numpy
def test_what_is_generated_has_strict_types(generated: Path, tmp_path: Path) -> None:
    files = [str(path) for path in generated.glob("*.py")]
    files += [str(generated / "harness-whole-thing" / part) for part in ("src/harness_whole_thing", "tests")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.usefixtures("quick_imports")
@pytest.mark.parametrize("kind", KINDS)
def test_each_single_kind_passes_the_kit_and_its_suite_can_be_read(kind: str, generated: Path) -> None:
    file = generated / f"my_{kind}.py"
    registry = load_plugins([file])
    findings = check_plugin(registry, str(file))
    assert [str(finding) for finding in findings if finding.status == "failed"] == []
    assert any(finding.subject.startswith(f"{kind} ") for finding in findings)
    suite, _ = load_suite(generated / f"my_{kind}.toml", trust_plugins=True)
    assert suite.plugin_files == (file,)


@pytest.mark.usefixtures("quick_imports")
def test_the_whole_plugin_passes_the_kit_and_its_suite_runs(generated: Path, tmp_path: Path) -> None:
    file = generated / "all_in_one.py"
    findings = check_plugin(load_plugins([file]), str(file))
    assert [str(finding) for finding in findings if finding.status == "failed"] == []
    assert {finding.subject.split()[0] for finding in findings} == {"plugin", *WHOLE}
    text = (generated / "all_in_one.toml").read_text(encoding="utf-8")
    short = text.replace("4_000", "300").replace("[12, 18, 24]", "8").replace("trials = 60", "trials = 15")
    (generated / "short.toml").write_text(short, encoding="utf-8")
    out = tmp_path / "out"
    status, shown, err = called(
        "run",
        str(generated / "short.toml"),
        "--out",
        str(out),
        "--executor",
        "in-process",
        "--quiet",
        "--trust-plugins",
    )
    assert status == 0, err
    assert "A. Nother 2027" in shown
    assert json.loads((out / "thresholds.json").read_text(encoding="utf-8"))["complete"]


def test_a_solver_finds_the_thresholds_of_the_shipped_one_and_an_activation_trains(
    generated: Path, tmp_path: Path
) -> None:
    for kind in ("solver", "activation", "continuation"):
        text = (generated / f"my_{kind}.toml").read_text(encoding="utf-8")
        short = text.replace("4_000", "200").replace("[12, 18, 24]", "8").replace('"adaptive"', '"grid"')
        short = re.sub(r"(?m)^max_width.*$", "widths = [2, 16]", short).replace("trials = 60", "trials = 4")
        (generated / "short.toml").write_text(short, encoding="utf-8")
        suite, _ = load_suite(generated / "short.toml", trust_plugins=True)
        results = harness.run(suite, out=tmp_path / kind, executor="in-process")
        assert (results.errors(), results.trained, results.faults) == ([], 16, ())
        if kind == "continuation":
            fates = {(one.regime, one.fate) for one in results.trials()}
            assert ("elu, my-continuation-continuation", "fit proved") in fates
            assert {fate for regime, fate in fates if regime == "elu"} == {None}
        if kind == "solver":
            solvers = {one.solver for one in results.trials() if one.regime == "tanh, my-solver-solver"}
            assert solvers == {"my-solver-solver"}
            own, shipped = (
                [(t.k, t.seed, t.verdict) for t in results.trials() if t.regime == name]
                for name in ("tanh, my-solver-solver", "tanh")
            )
            assert own == shipped


def test_a_suite_asks_nothing_and_can_be_read(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite, _ = load_suite(generated / "mine.toml")
    assert [regime.name for regime in suite.regimes] == ["moderate", "moderate, relu"]
    monkeypatch.chdir(tmp_path)
    status, out, _ = called("new", "suite")
    assert status == 0
    assert out.startswith("wrote suite.toml\n")
    text = (tmp_path / "suite.toml").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if "#" in line]) > 15, "it explains itself"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("precious", encoding="utf-8")
    for arguments in (["suite", "mine"], ["plugin", "mine", "--single-file"]):
        status, out, err = called("new", *arguments, "--dir", str(tmp_path))
        assert (status, out) == (2, "")
        assert "is there already" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "precious"
    (tmp_path / "harness-mine").mkdir()
    assert called("new", "plugin", "mine", "--dir", str(tmp_path))[0] == 2
    assert list((tmp_path / "harness-mine").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["Log-Width", "log_width", "log--width", "-log", "9lives", "", "class", "json", "torch", "../evil", "a" * 41],
)
def test_names_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    status, _, err = called("new", "plugin", "--dir", str(tmp_path), "--", name)
    assert status == 2
    assert "the name" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "owner"),
    [("moderate", "plugin moderate"), ("train-all", "plugin"), ("linearized", "a preset"), ("review", "shipped suite")],
)
def test_names_that_somebody_has(name: str, owner: str, tmp_path: Path) -> None:
    status, _, err = called("new", "plugin", name, "--dir", str(tmp_path))
    assert status == 2
    assert f"the name '{name}' is taken by" in err
    assert owner in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    status, _, err = called("new", "suite", "--dir", str(tmp_path / "file"))
    assert status == 2
    assert "cannot be written" in err


def test_the_next_steps_are_commands_that_exist(generated: Path) -> None:
    from harness.cli import VERBS

    for files in (package_files(PluginName("x")), single_files(PluginName("x")), {"s": suite_text("s", "s.toml")}):
        for text in files.values():
            assert set(re.findall(r"(?m)^[#$] +harness ([a-z-]+)", text)) <= set(VERBS)


@pytest.mark.slow  # builds, installs, and runs the package's own tests
def test_a_package_is_installed_and_passes_its_own_tests(generated: Path, tmp_path: Path) -> None:
    project = generated / "harness-whole-thing"
    pip = [sys.executable, "-m", "pip", "-q", "install", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(tmp_path), str(project)], check=True, timeout=300)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(test, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
