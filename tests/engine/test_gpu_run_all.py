"""The runner of what needs a device, without one: tiny measurements, parts that fail or hang, and what is written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("tests.interpreter")

from tests.gpu import needs, run_all
from tests.gpu.run_all import PARTS, Part, device_tests, main, measurements, table

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HERE = {"device": "none", "torch": "2", "triton": "3"}


@pytest.mark.filterwarnings("ignore:Warning. Profiler clears events")  # by torch 2.11, of the cycles that there are not
@pytest.mark.parametrize("name", [*measurements()])
def test_each_measurement_runs_at_a_tiny_size(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if name in ("grid", "review-fates"):
        pytest.skip("they are the run of review, of another suite")
    file = tmp_path / "found.json"
    assert main(["--measure", name, "--json", str(file), "--device", DEVICE, "--tiny"]) == 0
    found = json.loads(file.read_text())
    assert not found["faults"]
    assert capsys.readouterr().out == "\n"
    part = {"status": "ok", "seconds": 1.0, "found": found}
    said = table({"here": HERE, "parts": {name: part}})
    assert f"| {name} | ok | 1 |" in said
    assert {
        "compile": "1 kernels",
        "bits": "6 cases with equal bits",
        "agreement": "verdicts differ from float64",
        "review": "4 trials",
        "profile": "| 9, 3, 2 | 2 |",
        "sanitized": "ok",
    }[name] in said


def test_parts_fail_hang_and_are_left_out_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    writes = "import json, pathlib; pathlib.Path('OUT/sound.json').write_text(json.dumps({'rate': 7, 'trained': 9}))"
    parts = (
        Part("sound", 60, ("-c", writes)),
        Part("bad", 60, ("-c", "raise SystemExit('no good')")),
        Part("slow", 1, ("-c", "open('OUT/slow.json', 'w').write('{\"half'); import time; time.sleep(600)")),
        Part("tool", 60, (), ("no-such-tool", "--option"), "bits"),
    )
    monkeypatch.setattr(run_all, "PARTS", parts)
    monkeypatch.setattr(run_all, "device_here", lambda: HERE)
    assert main([str(tmp_path), "--device", "cpu"]) == 1
    found = json.loads((tmp_path / "results.json").read_text())
    assert [part["status"] for part in found["parts"].values()] == ["ok", "failed", "late", "left out"]
    assert "no good" in (tmp_path / "bad.txt").read_text()
    said = (tmp_path / "table.md").read_text()
    assert "9 trials, 7 a second" in said
    assert "no-such-tool is not installed" in said
    assert "not well: bad, slow" in capsys.readouterr().err
    monkeypatch.setattr(run_all, "LIMIT", 0.0)
    assert main([str(tmp_path), "--device", "cpu", "--only", "sound"]) == 0
    assert json.loads((tmp_path / "results.json").read_text())["parts"]["sound"]["why"] == "no time is left"


def test_parts_end_within_ten_minutes_and_measure_what_there_is() -> None:
    assert run_all.LIMIT < 600
    assert len({part.name for part in PARTS}) == len(PARTS)
    assert {part.measured for part in PARTS if not part.command} == set(measurements())
    for part in PARTS:
        words = part.arguments(Path("folder"), ["--device", "cuda"])
        assert words[len(part.tool)] == sys.executable
        assert ("--measure" in words) != bool(part.command)


@pytest.mark.skipif(DEVICE == "cuda", reason="there is a CUDA device")
def test_without_a_device_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out")]) == 2
    assert "finds no CUDA device" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_files_with_device_tests_hold_all_that_are_collected(request: pytest.FixtureRequest) -> None:
    root = Path(__file__).parents[2]
    marked = {item.path.relative_to(root) for item in request.session.items if item.get_closest_marker("cuda")}
    found = {Path(file) for file in device_tests()}
    assert marked <= found
    assert Path("tests/engine/test_invariance.py") in found
    assert all((root / file).is_file() for file in found)


def test_what_a_machine_lacks_is_named_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["needs"])
    monkeypatch.setattr(needs, "FURTHER", ("pytest", "no-such-package"))
    assert needs.main() == 2
    assert "lacks no-such-package. " in capsys.readouterr().err
    monkeypatch.setattr(needs, "FURTHER", ("pytest",))
    assert needs.main() == 0
    monkeypatch.setattr(sys, "argv", ["needs", "--carried"])
    assert needs.main() == 0
    carried = capsys.readouterr().out.split()
    assert {"pydantic", "rich-click", "pytest"} <= set(carried)
    assert not {"torch", "numpy"} & set(carried)
