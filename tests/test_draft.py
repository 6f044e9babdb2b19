"""Files that are written whole or not at all, whatever lies in their directory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.draft import draft, replace_text


def test_a_draft_takes_the_place_of_what_was_there_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    replace_text(path, "first")
    with pytest.raises(NotADirectoryError), draft(path) as beside:
        (beside / "no").write_text("directory", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "first"
    replace_text(path, "κ")
    assert path.read_bytes() == "κ".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.md"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()


def test_links_that_lie_in_the_directory_are_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept", encoding="utf-8")
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("table.md", ".table.md.part"):
        (folder / name).symlink_to(precious)
    replace_text(folder / "table.md", "new")
    assert precious.read_text(encoding="utf-8") == "kept"
    assert (folder / "table.md").read_text(encoding="utf-8") == "new"
    assert not (folder / "table.md").is_symlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "thresholds.json").mkdir()
    with pytest.raises(IsADirectoryError, match=r"move it away: '.*thresholds\.json'"):
        replace_text(tmp_path / "thresholds.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["thresholds.json"]
