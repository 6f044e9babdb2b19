"""``harness doctor``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from harness.cli import command
from harness.engine.fused import build
from harness.engine.fused.at_hand import unavailable


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
    ("flags", "bits"), [("sse4_2 avx2 avx512f", 512), ("avx avx2", 256), ("asimd", 128), ("", 128)]
)
def test_it_says_how_wide_vectors_are(flags: str, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(CliRunner().invoke(command, ["doctor", "--json"]).output)
    assert found["vector registers"] == f"{build.vector_bits()} bits"
    monkeypatch.setattr(build, "_processor", lambda: f"flags\t\t: {flags}")
    assert build.vector_bits() == bits
