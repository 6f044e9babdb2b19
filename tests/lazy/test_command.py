from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness_lazy.command import command

from tests.command_line import called

SMALL = ("--n", "10", "--d", "6", "--widths", "32,128,512", "--seeds", "4")


def test_table_has_a_row_a_width_and_the_slope() -> None:
    status, out, _ = called("kernel-distance", *SMALL)
    assert status == 0
    rows = [line.split() for line in out.splitlines() if line.strip()[:1].isdigit() or "∞ " in line[:9]]
    assert [row[0] for row in rows] == ["32", "128", "512", "∞"]
    (line,) = [line for line in out.splitlines() if line.startswith("slope")]
    assert "in log k: −0." in line
    assert "±" in line


def test_json_is_complete() -> None:
    status, out, _ = called(
        "kernel-distance", *SMALL, "--activation", "gelu", "--train", "all", "--output", "gaussian", "--json"
    )
    found = json.loads(out, parse_constant=pytest.fail)
    assert status == 0
    assert -0.8 < found["slope"] < -0.3
    assert [entry["k"] for entry in found["widths"]] == [32, 128, 512]
    assert all(len(entry["distances"]) == 4 for entry in found["widths"])
    assert json.loads(called("kernel-distance", *SMALL, "--seeds", "1", "--widths", "8", "--json")[1])["slope"] is None


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures(suffix: str, magic: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"distance.{suffix}"
    status, _, said = called("kernel-distance", *SMALL, "--figure", str(path))
    assert status == 0
    assert str(path) in said
    written = path.read_bytes()
    assert written.startswith(magic)
    assert len(written) > 4000
    called("kernel-distance", *SMALL, "--figure", str(path))
    assert path.read_bytes() == written  # equal numbers, equal files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--widths", "8,a"), "different whole numbers"),
        (("--widths", "8,8"), "different whole numbers"),
        (("--widths", "0"), "different whole numbers"),
        (("--figure", "a.jpg"), "expected a name ending in"),
        (("--activation", "cosine"), "cosine"),
    ],
)
def test_wrong_input_is_named(arguments: tuple[str, str], message: str) -> None:
    status, _, said = called("kernel-distance", *arguments)
    assert status == 2
    assert message in " ".join(said.replace("│", " ").split())


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    status, _, said = called("kernel-distance", *SMALL, "--figure", str(tmp_path / "none" / "a.png"))
    assert status == 1
    assert "cannot be written" in said


def test_neither_torch_nor_matplotlib_is_needed() -> None:
    code = (
        "import sys, harness_lazy\n"
        "from harness_lazy.command import command\n"
        f"command({[*SMALL]!r}, standalone_mode=False)\n"
        "sys.exit(' '.join({'torch', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert command.name == "kernel-distance"
