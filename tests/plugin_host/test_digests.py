"""Digests of plugins: of what is computed, not of how it is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.driver.run import Run
from harness.executors.in_process import InProcess
from harness.plugin_host.digests import component_digests, plugin_digest
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Plugin
from harness.store import Store
from harness.suite import parse_suite

CODE = """
from dataclasses import dataclass
from typing import ClassVar
from harness import Initializer, hookimpl
from harness.builtin.initializers import LeCun

@dataclass(frozen=True)
class Half(LeCun):
    name: ClassVar[str] = "half"

    def draw(self, model, d, k, rng):
        return {name: 0.5 * value for name, value in super().draw(model, d, k, rng).items()}

@hookimpl
def harness_initializers():
    return [Half]
"""
SUITE = """
[suite]
name = "mine"
[problems]
dataset = "sphere"
n = 12
d = 5
[budget]
steps = 50
tolerances = [0.5]
[search]
method = "grid"
widths = [2]
trials = 2
[[regimes]]
name = "shipped"
use = "moderate"
[[regimes]]
name = "own"
use = "moderate"
initializer = { use = "half" }
"""


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
