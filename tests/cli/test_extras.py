"""What is said where a package of an extra is not installed, as in a plain install."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from harness.builtin.datasets import real
from tests.command_line import called
from tests.driver.tiny_suite import SUITE

ROOT = Path(__file__).parents[2]
FOR_DEVELOPERS = {"dev", "docs", "bench"}

CASES = [
    ("data", "sklearn", ("run", "digits.toml")),
    ("data", "sklearn", ("plan", "digits.toml")),
    ("dask", "distributed", ("run", "tiny.toml", "--executor", "dask")),
    ("dask", "distributed", ("run", "tiny.toml", "--scheduler", "tcp://127.0.0.1:1")),
    ("dask", "cryptography", ("run", "tiny.toml", "--scheduler", "tcp://192.0.2.1:8786")),
    ("rigorous", "flint", ("theory", "--n", "10", "--d", "5", "--certify", "--rigorous")),
]


def test_every_extra_of_users_has_a_case() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {extra for extra, _, _ in CASES} == extras.keys() - FOR_DEVELOPERS


@pytest.mark.parametrize(("extra", "package", "arguments"), CASES)
def test_the_line_for_pip_stands_in_one_message(
    extra: str, package: str, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(SUITE, encoding="utf-8")
    digits = SUITE.replace('dataset = "sphere"', 'dataset = "digits"')
    assert "digits" in digits
    Path("digits.toml").write_text(digits, encoding="utf-8")
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    for cached in (real._load, real._prepared):  # of tests before
        cached.cache_clear()
    status, printed, said = called(*arguments)
    assert status == 2
    assert not printed
    assert f"pip install 'convergence-harness[{extra}]'" in said
    assert "warning" not in said
