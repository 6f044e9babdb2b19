"""What fixes numbers: the key of stored trials, and settings that travel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.complaints import SpecError
from harness.engine.setting import Setting, rebuild, semantic_key, step_theory
from harness.engine.solvers import shipped_solver
from harness.plugin_host.composition import build_regime
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry

RIVALS = '''
"""An optimizer and a theory under names that others have."""
from dataclasses import dataclass
from harness import Theory, Width, hookimpl
from harness.builtin.optimizers import GradientDescent

class Gd(GradientDescent):
    name = "gd"

@dataclass(frozen=True)
class Rival(Theory):
    name = "os-covariance"
    title = reference = formula = "none"
    guarantee = "existence"
    certainty = "memory"
    home = {"use": "moderate"}
    def concerns(self, regime): return False
    def width(self, problem, regime): return Width(1.0)

@hookimpl
def harness_optimizers(): return [Gd]

@hookimpl
def harness_theories(): return [Rival]
'''

STEP = '''
"""A theory that gives a step size."""
from dataclasses import dataclass
from harness import Theory, Width, hookimpl

@dataclass(frozen=True)
class Step(Theory):
    name = "step"
    version = 1
    title = reference = formula = "none"
    guarantee = "convergence"
    certainty = "memory"
    home = {"use": "moderate"}
    def concerns(self, regime): return False
    def width(self, problem, regime): return Width(1.0)
    def step_size(self, problem, regime, weights): return 0.1

@hookimpl
def harness_theories(): return [Step]
'''


def setting(registry: Registry, spec: dict[str, object]) -> Setting:
    regime = build_regime(spec, registry)
    dataset = registry.find("dataset", "sphere")()
    theory = step_theory(regime, registry)
    return Setting(regime, theory, dataset, True, 0, 10, (0.1,), "float32", "cpu", False, shipped_solver("stacked"))


def with_file(folder: Path, name: str, text: str) -> Registry:
    (folder / name).write_text(text, encoding="utf-8")
    found = load_plugins(files=[folder / name])
    assert not found.broken, found.broken[0].reason
    return found


def test_what_is_installed_beside_it_changes_no_key_and_stops_no_worker(tmp_path: Path, registry: Registry) -> None:
    crowded = with_file(tmp_path, "rivals.py", RIVALS)
    alone = setting(registry, {"use": "moderate"})
    beside = replace(alone, regime=build_regime({"use": "moderate"}, crowded))
    assert beside.regime.theory == "moderate:os-covariance"
    assert beside.data(crowded)["regime"]["optimizer"]["use"] == "convergence-harness:gd"
    assert semantic_key(beside.data(crowded)) == semantic_key(alone.data(registry))
    assert rebuild(beside.data(crowded), crowded).regime.optimizer == alone.regime.optimizer


def test_a_rivals_component_is_another(tmp_path: Path) -> None:
    crowded = with_file(tmp_path, "rivals.py", RIVALS)
    ours = setting(crowded, {"use": "moderate", "optimizer": {"use": "convergence-harness:gd"}})
    theirs = setting(crowded, {"use": "moderate", "optimizer": {"use": "rivals:gd"}})
    assert semantic_key(ours.data(crowded)) != semantic_key(theirs.data(crowded))


def test_the_theory_of_a_step_is_part_of_the_key_with_its_version(tmp_path: Path) -> None:
    spec: dict[str, object] = {"use": "moderate", "theory": "step", "step_size": "theory"}
    first = with_file(tmp_path, "step.py", STEP)
    old = setting(first, spec).data(first)
    assert rebuild(old, first).theory == step_theory(build_regime(spec, first), first)
    second = with_file(tmp_path, "step.py", STEP.replace("version = 1", "version = 2"))
    assert semantic_key(setting(second, spec).data(second)) != semantic_key(old)
    with pytest.raises(SpecError, match="theory 'step' is of version 2 here, the spec asks for 1"):
        rebuild(old, second)


def test_a_theory_that_is_only_shown_is_not_part_of_the_key(tmp_path: Path) -> None:
    registry = with_file(tmp_path, "step.py", STEP)
    keys = {
        semantic_key(setting(registry, {"use": "moderate", "theory": theory}).data(registry))
        for theory in ("step", "os-smooth")
    }
    assert len(keys) == 1


def test_a_preset_keeps_the_theory_of_its_own_plugin(tmp_path: Path, registry: Registry) -> None:
    crowded = with_file(tmp_path, "rivals.py", RIVALS.replace("os-covariance", "du"))
    alone, beside = (setting(which, {"use": "ntk-du", "step_size": "theory"}) for which in (registry, crowded))
    assert beside.theory == alone.theory
    assert beside.theory is not None
    assert type(beside.theory).__module__.startswith("harness_lazy.")
    assert semantic_key(beside.data(crowded)) == semantic_key(alone.data(registry))
    assert rebuild(beside.data(crowded), crowded).theory == alone.theory
