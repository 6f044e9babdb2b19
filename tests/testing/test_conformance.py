from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry, UnknownName
from harness.testing import CHECKS, Finding, cases, check_plugin
from tests.testing.broken import BROKEN, LAW, SOUND, WIDTH, Broken

OWN = tuple(
    EntryPoint(name, module, "harness")
    for name, module in (
        ("builtin", "harness.builtin"),
        ("moderate", "harness_moderate"),
        ("lazy", "harness_lazy"),
        ("train-all", "harness_train_all"),
        ("narrow", "harness_narrow"),
    )
)


def written(folder: Path, text: str) -> tuple[Registry, str]:
    path = folder / "plugin.py"
    path.write_text(text, encoding="utf-8")
    return load_plugins([path], entry_points=OWN[:2]), str(path.resolve())


def found(folder: Path, text: str, subject: str = "", check: str = "") -> list[Finding]:
    registry, name = written(folder, text)
    every = cases(registry, name)
    return [c.find() for c in every if str(c.subject).startswith(subject) and check in ("", c.check.name)]


def test_a_sound_plugin_passes_every_check(tmp_path: Path) -> None:
    findings = found(tmp_path, SOUND)
    assert [str(finding) for finding in findings if finding.status == "failed"] == []
    skipped = {(finding.subject, finding.check) for finding in findings if finding.status == "skipped"}
    assert skipped == {
        ("criterion quartic", "claims"),
        ("criterion quartic", "curvature"),
        ("criterion quartic", "residual norm"),
        ("criterion squares", "claims"),
        ("model loud", "kernel"),
        ("model loud", "linear"),
        ("model loud", "outputs"),
        ("model loud", "shallow form"),
        ("model loud", "stack"),
        ("model net", "noise"),
        ("optimizer ball", "constraint"),
        ("optimizer tight", "heavy ball"),
    }


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.check}-{broken.words}".replace(" ", "-"))
def test_a_broken_plugin_fails_with_the_message_of_its_check(broken: Broken, tmp_path: Path) -> None:
    assert SOUND.count(broken.old) == 1, "the rule is broken in one place"
    (finding,) = found(tmp_path, SOUND.replace(broken.old, broken.new), broken.subject, broken.check)
    if finding.status == "skipped" and broken.check == "kernel":
        pytest.skip(str(finding))  # there is no compiler
    assert finding.status == "failed"
    assert any(broken.words in message for message in finding.messages), finding
    assert all("\n" not in message for message in finding.messages)


def test_a_law_that_leaves_its_floor_between_two_sizes_grows_as_it_says(tmp_path: Path) -> None:
    # At n = 10⁶, d = 100 the floor d^5.05 is 1.26 n²/d; at 4n it is 13 times lower than n²/d.
    text = SOUND.replace(LAW, "((2.0, -1.0), floor=(0.0, 5.05))")
    text = text.replace(WIDTH, "return Width(max(problem.n**2 / problem.d, problem.d**5.05))")
    (finding,) = found(tmp_path, text, "theory claim", "exponents")
    assert finding.status == "passed", finding


def test_every_check_has_a_plugin_that_breaks_it() -> None:
    tried = {(broken.check, broken.subject.split()[0]) for broken in BROKEN}
    names = {(check.name, kind) for check in CHECKS for kind in check.kinds}
    missing = {name for name, kind in names if not any(name == tried_name for tried_name, _ in tried)}
    assert missing == {"runs", "theories"}, "executors are tried on those that are there, and theories need not be"


@pytest.mark.usefixtures("quick_imports")
@pytest.mark.parametrize("name", [point.name for point in OWN])
def test_every_shipped_plugin_passes(name: str) -> None:
    registry = load_plugins(entry_points=OWN)
    failed = [
        str(finding)
        for case in cases(registry, name)
        if case.subject.kind != "executor" and (finding := case.find()).status == "failed"
    ]
    assert failed == []


@pytest.mark.slow  # each executor starts processes that import torch
def test_every_shipped_executor_passes() -> None:
    registry = load_plugins(entry_points=OWN)
    found = [case.find() for case in cases(registry, "builtin") if case.subject.kind == "executor"]
    assert [str(finding) for finding in found if finding.status == "failed"] == []


def test_a_plugin_that_cannot_be_loaded_is_one_failure(tmp_path: Path) -> None:
    registry, name = written(tmp_path, "raise RuntimeError('out of order')")
    failed = [finding for finding in check_plugin(registry, name) if finding.status == "failed"]
    assert [finding.check for finding in failed] == ["loads"]
    assert "out of order" in failed[0].messages[0]


def test_a_name_that_nobody_has(tmp_path: Path) -> None:
    registry, _ = written(tmp_path, SOUND)
    with pytest.raises(UnknownName, match="did you mean 'moderate'"):
        cases(registry, "moderat")


def test_global_state_is_put_back() -> None:
    import random

    import numpy as np
    import torch

    from harness.testing.state import scrambled

    def states() -> tuple[object, ...]:
        arrays = np.random.get_state()  # noqa: NPY002  # the global state is what is tested
        return random.getstate(), str(arrays), torch.get_rng_state().tolist(), torch.get_default_dtype()

    before = states()
    with scrambled(1):
        random.random()
        torch.rand(1)
        assert torch.get_default_dtype() is torch.float64
        assert states() != before
    assert states() == before


PARTICULAR = '''
"""A model written as a module, an initializer that does not accept it, and a diagnostic on held-out samples."""
from dataclasses import dataclass
import torch
from harness import Diagnostic, Initializer, ModuleModel, SHALLOW_WEIGHTS, has_shallow_weights, hookimpl

@dataclass(frozen=True)
class Deep(ModuleModel):
    """Two hidden layers."""
    name = "deep"

    def module(self, d, k):
        layers = [torch.nn.Linear(d, k), torch.nn.Tanh(), torch.nn.Linear(k, k), torch.nn.Linear(k, 1)]
        return torch.nn.Sequential(*layers, torch.nn.Flatten(0))

@dataclass(frozen=True)
class Normal(Initializer):
    """Standard normal weights of a shallow net."""
    name = "normal"
    needs = SHALLOW_WEIGHTS

    def accepts(self, model):
        return has_shallow_weights(model)

    def draw(self, model, problem, k, rng):
        return {"W": rng.standard_normal((k, problem.d)), "v": rng.standard_normal(k)}

@dataclass(frozen=True)
class HeldOut(Diagnostic):
    """‖f − y‖ on held-out samples."""
    name = "held-out"
    summary = "last"

    def measure(self, network):
        more = network.problem.held_out
        if more is None:
            return float("nan")
        outputs = network.model.forward(network.params, torch.from_numpy(more.x))
        return float((outputs - torch.from_numpy(more.y)).norm())

@hookimpl
def harness_models(): return [Deep]
@hookimpl
def harness_initializers(): return [Normal]
@hookimpl
def harness_diagnostics(): return [HeldOut]
'''


@pytest.mark.parametrize(("subject", "check"), [("initializer normal", "draws"), ("diagnostic held-out", "measured")])
def test_the_kit_tries_what_a_component_accepts_and_may_see(tmp_path: Path, subject: str, check: str) -> None:
    (finding,) = found(tmp_path, PARTICULAR.lstrip(), subject, check)
    assert finding.status == "passed", finding
