"""Activations of plugins: one without compiled code passes the kit and trains, and a copy of a shipped one is equal."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.builtin.models import ShallowNet
from harness.components import Activation, Cell, Outcome
from harness.engine.fused import build
from harness.engine.fused.at_hand import unavailable
from harness.engine.fused.compiler import NoKernel
from harness.engine.work import train
from harness.plugin_host.loading import load_plugins
from harness.testing import cases
from tests.engine.cases import CASES, setting

SOURCE = Path(__file__).parent / "harness_activations"


def provided(file: str, name: str) -> Activation:
    found = load_plugins([SOURCE / file])
    assert not found.broken
    activation: Activation = found.find("activation", name)()
    return activation


def outcomes(activation: Activation | str, seeds: range, layers: str = "all", **options: object) -> list[Outcome]:
    model = ShallowNet(activation, layers, biases=True)  # type: ignore[arg-type]  # a text that is one of the literals
    return train(setting(replace(CASES["softplus"], model=model), **options), Cell("", 20, 5, 6), seeds)


@pytest.mark.usefixtures("quick_imports")
@pytest.mark.parametrize("file", ["smooth_elu.py", "own_gelu.py"])
def test_they_pass_the_conformance_kit(file: str) -> None:
    path = SOURCE / file
    findings = [case.find() for case in cases(load_plugins([path]), str(path))]
    assert [str(finding) for finding in findings if finding.status == "failed"] == []
    assert {f.check for f in findings if f.status == "passed"} >= {
        "slope",
        "bounds",
        "symmetries",
        "tensors",
        "options",
    }


@pytest.mark.skipif(bool(unavailable()), reason="there is no compiler here")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layers", ["hidden", "all"])
def test_a_copy_of_the_gelu_trains_to_the_same_bits(dtype: str, layers: str) -> None:
    own, shipped = (
        outcomes(phi, range(4), layers, dtype=dtype) for phi in (provided("own_gelu.py", "own-gelu"), "gelu")
    )
    assert {outcome.solver for outcome in own} == {"fused"}
    assert own == shipped


def test_without_compiled_code_networks_train_alone_as_in_a_batch() -> None:
    phi = provided("smooth_elu.py", "smooth-elu")
    together = outcomes(phi, range(6), steps=120)
    assert {outcome.solver for outcome in together} == {"stacked"}
    assert [outcomes(phi, range(seed, seed + 1), steps=120)[0] for seed in range(6)] == together


def test_a_suite_names_an_activation_of_a_plugin(tmp_path: Path) -> None:
    suite = str(SOURCE / "smooth_elu.toml")
    plugin = ["--plugin", str(SOURCE / "smooth_elu.py")]
    run = [sys.executable, "-m", "harness", "run", suite, *plugin, "--executor", "in-process", "--out", str(tmp_path)]
    subprocess.run(run, check=True, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    (threshold,) = json.loads((tmp_path / "thresholds.json").read_text(encoding="utf-8"))["thresholds"]
    assert sum(count["trials"] for count in threshold["counts"]) == 4


@pytest.mark.skipif(bool(unavailable()), reason="there is no compiler here")
def test_statements_that_do_not_compile_are_named() -> None:
    class Typo(type(provided("own_gelu.py", "own-gelu"))):  # type: ignore[misc]  # a class that is found at run time
        def cpp(self) -> str:
            return "phi = zz; slope = z;"

    with pytest.raises(NoKernel, match=r"could not compile the kernel: .*zz"):
        build.kernel("float", Typo())


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "words"),
    [
        ("smooth_elu.py", "b1: ClassVar[float] = 1.5", "b1: ClassVar[float] = 1.4", "bounds", "1.5, above b1 = 1.4"),
        ("smooth_elu.py", "b2: ClassVar[float] = 1.0", "b2: ClassVar[float] = 0.9", "bounds", "above b2 = 0.9"),
        ("smooth_elu.py", "smooth: ClassVar", "odd: ClassVar", "symmetries", "odd is true"),
        ("smooth_elu.py", "inner - inner**2 / 2.0", "inner", "slope", "dphi differs from central differences of phi"),
        ("smooth_elu.py", "1.5 * (z - 1.0)", "1.4 * (z - 1.0)", "tensors", "forward differs from NumPy"),
        ("own_gelu.py", "slope = cdf + z * gauss", "slope = cdf - z * gauss", "kernel", "in C++ slope differs"),
    ],
)  # fmt: skip
def test_the_kit_finds_what_is_wrong(file: str, old: str, new: str, check: str, words: str, tmp_path: Path) -> None:
    text, plugin = (SOURCE / file).read_text(encoding="utf-8"), tmp_path / "broken.py"
    assert text.count(old) == 1
    plugin.write_text(text.replace(old, new), encoding="utf-8")
    every = [case for case in cases(load_plugins([plugin]), str(plugin)) if case.subject.kind == "activation"]
    (finding,) = (case.find() for case in every if case.check.name == check)
    if finding.status == "skipped":
        pytest.skip(str(finding))
    assert finding.status == "failed"
    assert words in " ".join(finding.messages)
