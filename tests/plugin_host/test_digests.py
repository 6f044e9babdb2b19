"""Digests of plugins are of what is computed, not of how it is written down. By them stored trials are reused."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.components.outcome_record import digits
from harness.driver.edits import edits
from harness.driver.loading import load_results
from harness.driver.run import Run
from harness.executors.in_process import InProcess
from harness.plugin_host.digests import component_digests, plugin_digest
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Plugin
from harness.report.predicted import predict_guarded, problem_of_suite
from harness.store import Store
from harness.suite import parse_suite
from tests.plugin_host.edited_plugin import CLAIMS, CODE, EDITED, SUITE


def digest_of(folder: Path, code: str) -> str:
    folder.mkdir()
    (folder / "mine.py").write_text(code, encoding="utf-8")
    return plugin_digest(Plugin("mine", "mine", "", str(folder / "mine.py"), is_file=True))


def test_comments_docstrings_and_layout_do_not_count(tmp_path: Path) -> None:
    documented = CODE.replace("    def draw", '    """Half of it."""\n\n    # why\n    def draw').replace(
        "0.5 * value", "(0.5*value)"
    )
    assert digest_of(tmp_path / "a", CODE) == digest_of(tmp_path / "b", documented)


@pytest.mark.parametrize(
    ("was", "now"), [("0.5", "0.25"), ("0.5 *", "0.5 +"), ("value in", "v in"), ('"half"', '"half "')]
)
def test_what_is_computed_counts(was: str, now: str, tmp_path: Path) -> None:
    assert was in CODE
    assert digest_of(tmp_path / "a", CODE) != digest_of(tmp_path / "b", CODE.replace(was, now))


def test_the_digest_does_not_depend_on_the_version_of_python(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "a", CODE) == "e7ca3e558a4b0513ffae"


def test_trials_have_the_digests_of_third_party_components_only(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(CODE, encoding="utf-8")
    registry = load_plugins([tmp_path / "mine.py"])
    with Store(tmp_path) as store:
        run = Run(parse_suite(SUITE, registry), registry, store, "cpu")
        run.go(InProcess(plugin_files=(str(tmp_path / "mine.py"),)))
        shipped, own = run.plan.searches
        assert component_digests(shipped.data, registry) == {}
        (digests,) = {tuple(o.plugins.items()) for o in store.outcomes(own.key).values()}
        assert dict(digests) == component_digests(own.data, registry)
        assert [name for name, _ in digests] == ["mine"]
        assert not any(o.plugins for o in store.outcomes(shipped.key).values())


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        ("FACTOR = 2.0", "FACTOR = 3.0", True),
        ("math.log(n)", "math.sqrt(n)", True),
        ("return True", "return False", True),
        ("THEORIES = [Log]", "THEORIES = [Log, Log]", True),
        ("SHARED = 1.0", "SHARED = 0.5", False),
        ("SHARED * value", "0.5 * SHARED * value", False),
        ("import math", "import math\nfloat.fromhex('0x1')", False),
    ],
)
def test_code_that_only_theories_use_does_not_count(was: str, now: str, same: bool, tmp_path: Path) -> None:
    assert was in CLAIMS
    digests = []
    for text in (CLAIMS, CLAIMS.replace(was, now)):
        plugin = Plugin("mine", "mine", "", str(tmp_path / "mine.py"), is_file=True, source=text.encode())
        digests.append((plugin_digest(plugin, theories=False), plugin_digest(plugin)))
    (before, whole), (after, whole_after) = digests
    assert (before == after, whole == whole_after) == (same, False)


def test_a_theory_that_a_component_uses_counts(tmp_path: Path) -> None:
    text = CLAIMS.replace("SHARED * value", 'Log.__name__.count("o") * value')
    plugin = Plugin("mine", "mine", "", str(tmp_path / "mine.py"), is_file=True, source=text.encode())
    other = replace(plugin, source=text.replace("FACTOR = 2.0", "FACTOR = 3.0").encode())
    assert plugin_digest(plugin, theories=False) != plugin_digest(other, theories=False)


def run_with(code: str, folder: Path, suite: str = SUITE, **options: Any) -> Run:
    """Run a suite with a plugin file, and return the run. The file's time is that of a new one."""
    file = folder / "mine.py"
    file.write_text(code, encoding="utf-8")
    os.utime(file, ns=(0, 0))
    registry = load_plugins([file])
    with Store(folder) as store:
        run = Run(parse_suite(suite, registry), registry, store, "cpu", **options)
        run.begin()
        run.go(InProcess(plugin_files=(str(file),)))
    return run


def numbers(run: Run) -> list[Any]:
    return [
        (search.setting.regime.name, k, [digits(one) for one in known], search.rounds)
        for search in run.plan.searches
        for k, known in search.known().items()
    ]


ADAPTIVE = SUITE.replace('method = "grid"\nwidths = [2]\ntrials = 2', "trials = 24").replace("steps = 50", "steps = 9")


@pytest.mark.parametrize("suite", [SUITE, ADAPTIVE], ids=["grid", "adaptive"])
def test_an_edited_plugin_trains_its_own_trials_again_as_a_new_run_does(suite: str, tmp_path: Path) -> None:
    for name in ("edited", "new"):
        (tmp_path / name).mkdir()
    first = run_with(CODE, tmp_path / "edited", suite)
    shipped, own = first.plan.searches
    again = run_with(EDITED, tmp_path / "edited", suite)
    assert [search.reused for search in again.plan.searches] == [shipped.asked, 0]
    assert numbers(again) == numbers(run_with(EDITED, tmp_path / "new", suite)) != numbers(first)
    assert again.plan.searches[1].outdated == {"mine": own.asked}
    assert run_with(EDITED.replace("def draw", "# a comment\n    def draw"), tmp_path / "edited", suite).trained == 0
    results = load_results(tmp_path / "edited", registry=load_plugins([tmp_path / "edited" / "mine.py"]))
    assert results.missing == 0
    assert "edited" not in results.provenance


def test_edited_and_unknown_code_is_reused_where_asked_for(tmp_path: Path) -> None:
    first = run_with(CODE, tmp_path)
    own = first.plan.searches[1]
    with Store(tmp_path) as store:  # as older versions wrote it
        old = [replace(outcome, plugins={}) for outcome in store.outcomes(own.key).values()]
        store.put(own.key, own.data, own.cell(2), old)
    registry = load_plugins([tmp_path / "mine.py"])
    assert load_results(tmp_path, registry=registry).provenance["edited"] == {"mine": 2}
    again = run_with(CODE, tmp_path, reuse_edited=True)
    assert (again.trained, edits(again.plan.searches)) == (0, {"mine": 2})
    assert run_with(CODE, tmp_path).trained == 2


def test_an_edited_theory_trains_only_trials_with_its_step_size_again(tmp_path: Path) -> None:
    stepped = (
        SUITE
        + """
[[regimes]]
name = "stepped"
use = "moderate"
theory = "log"
optimizer = { use = "gd", step_size = "theory" }
"""
    )
    run_with(CLAIMS, tmp_path, stepped)
    again = run_with(CLAIMS.replace("FACTOR = 2.0", "FACTOR = 3.0"), tmp_path, stepped)
    assert [(search.setting.regime.name, search.reused) for search in again.plan.searches] == [
        ("shipped", 2),
        ("own", 2),
        ("stepped", 0),
    ]


@pytest.mark.parametrize("after", ["edited", "gone"])
def test_theories_answer_with_the_code_that_was_loaded(after: str, tmp_path: Path) -> None:
    """In a process of their own, which may start long after the file was edited."""
    file = tmp_path / "mine.py"
    file.write_text(CLAIMS, encoding="utf-8")
    registry = load_plugins([file])
    suite = parse_suite(SUITE, registry)
    if after == "edited":
        file.write_text(CLAIMS.replace("FACTOR = 2.0", "FACTOR = 3.0"), encoding="utf-8")
    else:
        file.unlink()
    theory = registry.find("theory", "log")()
    found = predict_guarded(theory, suite.regimes[1], problem_of_suite(suite, 12, 5), registry)
    assert (found.failed, found.width.value) == (False, 2.0 * math.log(12))
