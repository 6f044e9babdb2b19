"""``harness doctor``."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command
from harness.cli.doctor import _vectors
from harness.engine.fused import build
from harness.engine.fused.at_hand import unavailable
from harness.engine.fused.compiler import NoKernel
from harness.engine.fused.vectors import vector_bits


def test_it_says_which_solvers_are_active_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = CliRunner().invoke(command, ["doctor"])
    assert plain.exit_code == 0
    assert "fused solver, float32" in plain.output
    monkeypatch.setenv("HARNESS_FUSED", "0")
    build._kernel.cache_clear()
    unavailable.cache_clear()
    try:
        found = json.loads(CliRunner().invoke(command, ["doctor", "--json"]).output)
    finally:
        build._kernel.cache_clear()
        unavailable.cache_clear()
    assert found["fused solver, float32"] == "not available: HARNESS_FUSED=0"


@pytest.mark.parametrize(
    ("macros", "bits"), [(("AVX2", "AVX512F"), 512), (("AVX", "AVX2"), 256), (("ARM_NEON",), 128), ((), 128)]
)
def test_it_says_how_wide_vectors_are_as_the_compiler_has_it(
    macros: tuple[str, ...], bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "c++"
    fake.write_text("#!/bin/sh\n" + "".join(f"echo '#define __{macro}__ 1'\n" for macro in macros))
    fake.chmod(0o755)
    monkeypatch.setenv("CXX", str(fake))
    assert vector_bits() == bits


def test_vectors_are_as_narrow_as_the_compiler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(CliRunner().invoke(command, ["doctor", "--json"]).output)["vector registers"].endswith(" bits")
    if platform.machine() != "x86_64":
        pytest.skip("the arguments are for x86-64")
    monkeypatch.setenv("CXX", "c++ -mno-avx512f")
    assert vector_bits() <= 256
    monkeypatch.setenv("CXX", "c++ -mno-avx512f -mno-such-instructions")
    with pytest.raises(NoKernel, match="does not say which instructions"):
        vector_bits()


def test_without_a_kernel_no_vectors_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_FUSED", "0")
    assert _vectors() == "not used: HARNESS_FUSED=0"
