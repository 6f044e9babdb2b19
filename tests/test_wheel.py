"""The wheel made of the source distribution: installed away from the repository, it has suites, plugins, templates."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, timeout=300)
    (packed,) = folder.glob("convergence_harness-*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    (folder / packed.name.removesuffix(".tar.gz")).rename(folder / "source")
    assert not (folder / "source/tests").exists(), "tests need docs/ and reports/, and run in a checkout"
    command = [
        sys.executable,
        "-m",
        "pip",
        "-q",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        "wheels",
        "./source",
    ]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    (found,) = (folder / "wheels").glob("convergence_harness-*.whl")
    return found


def test_it_has_suites_templates_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("suites", "harness/suites"), ("harness/scaffold/templates", "harness/scaffold/templates")):
        for path in (ROOT / folder).iterdir():
            assert path.is_dir() or f"{inside}/{path.name}" in names
    assert "harness/py.typed" in names
    sources = {f"harness/engine/fused/{path.name}" for path in (ROOT / "harness/engine/fused").glob("*.[ch]*")}
    assert len(sources) >= 2
    assert sources <= names
    assert {f"harness/builtin/datasets/fashion-mnist.{end}" for end in ("npz", "LICENSE")} <= names
    assert wheel.stat().st_size < 2 << 20, "most of it is the vendored data set, of 0.8 MB"
    assert {"harness_moderate/__init__.py", "harness_lazy/__init__.py"} <= names
    assert not [name for name in names if name.startswith("tests")]


def test_it_works_away_from_the_repository(wheel: Path, tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    install = [
        sys.executable,
        "-m",
        "pip",
        "-q",
        "install",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, timeout=300)

    def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=work,
            env={**os.environ, "PYTHONPATH": str(site)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    where = subprocess.run(
        [sys.executable, "-c", "import harness; print(harness.__file__)"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site)), "the installed one is tried, not the repository"
    ran = harness("run", "quickstart", "--quiet")
    assert ran.returncode == 0, ran.stderr
    assert "k½" in ran.stdout
    assert (work / "reports/quickstart/thresholds.json").is_file()
    assert harness("new", "plugin", "mine", "--single-file").returncode == 0
    checked = harness("plugins", "check", "mine.py")
    assert checked.returncode == 0, checked.stdout
    listed = harness("plugins", "list", "--strict-plugins")
    assert listed.returncode == 0, listed.stderr
