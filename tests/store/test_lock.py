"""The lock that is a file: one owner, however two that found the last one gone follow each other."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store import Store, StoreError, lock
from harness.store.lock import OWNER, Held


@pytest.fixture(scope="module")
def gone() -> int:
    """The number of a process that is over."""
    code = "import os; print(os.getpid())"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def test_of_two_that_find_the_owner_gone_one_takes_over(
    gone: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / OWNER
    path.write_text(f"{gone} on {platform.node()}")
    faster = f"{os.getppid()} on {platform.node()}"

    def alive(pid: int) -> bool:
        """Answer, and let the faster process take over before the answer is acted on."""
        if pid != gone:
            return True
        path.unlink()
        path.write_text(faster)
        return False

    monkeypatch.setattr(lock, "_alive", alive)
    with pytest.raises(Held, match=f"process {faster}"):
        lock._own(path)
    assert path.read_text() == faster
    assert [file.name for file in tmp_path.iterdir()] == [OWNER]


def test_one_that_is_gone_twice_is_no_error(gone: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / OWNER
    path.write_text(f"{gone} on {platform.node()}")

    def alive(pid: int) -> bool:
        path.unlink()  # as one does that took over, and is done
        return False

    monkeypatch.setattr(lock, "_alive", alive)
    assert lock._own(path) == path
    assert path.read_text() == f"{os.getpid()} on {platform.node()}"
    assert [file.name for file in tmp_path.iterdir()] == [OWNER]


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "directory"])
def test_a_lock_that_is_no_plain_file_is_refused_and_nothing_is_written_through_it(tmp_path: Path, kind: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept", encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    place = run / lock.LOCK
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "directory":
        place.mkdir()
    else:
        place.symlink_to(precious if kind == "link" else tmp_path / "made")
    with pytest.raises(StoreError, match=r"\.lock|directory"):
        Store(run, exclusive=True)
    assert precious.read_text(encoding="utf-8") == "kept"
    assert not (tmp_path / "made").exists()
