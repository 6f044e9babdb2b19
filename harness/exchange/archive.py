"""Archives of runs: one zip file with results, suite, tables, and a manifest with the digest of each file."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import __version__
from harness.complaints import printable
from harness.draft import draft
from harness.store import FILE

FORMAT = 1
"""Version of the format. It is raised when older readers could not read the archive."""

KIND = "convergence-harness archive"
MANIFEST = "manifest.json"
SUITE = "suite.toml"
PLUGINS = "plugins/"
"""Folder of the plugin files that the suite names."""

MOST_MEMBERS = 1000
MOST_BYTES = 2 * 10**9
"""Largest size of an archive and of its contents in bytes, so that no zip needs the extensions for larger ones."""

MOST_RATIO = 100
MOST_RESULTS_RATIO = 30
"""Largest ratios of the size of a member to its packed size. Results have 4 to 6, and JSON of large grids up to 30."""

SMALL = 1_000_000
"""Bytes up to which a member may have any ratio."""

SUFFIXES = (".csv", ".html", ".json", ".md", ".pdf", ".png", ".svg", ".tex", ".bib")
"""Suffixes of tables and figures."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member: the first that a zip can store. Equal results then give equal bytes."""


class ArchiveError(Exception):
    """An archive that cannot be written or must not be read. The message says why."""


_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"{_PART}(/{_PART}){{0,3}}")


def is_member(name: str) -> bool:
    """Return whether an archive may have a member of this name.

    Members are results, suite, manifest, plugin files, tables and figures. Their names are relative, have no ``..``,
    and mean the same on every system. Names of SQLite's journals are refused, because SQLite would apply them to the
    results.

    >>> [is_member(n) for n in ("figures/a.svg", "plugins/mine.py", "../a.svg", "results.sqlite-journal", "run.py")]
    [True, True, False, False, False]
    """
    if not _NAME.fullmatch(name) or any(_odd(part) for part in name.split("/")):
        return False
    if name.startswith(PLUGINS):
        return name.endswith(".py")
    return name in (FILE, SUITE, MANIFEST) or name.endswith(SUFFIXES)


def _odd(part: str) -> bool:
    """Return whether some system reads the name as another name, or as something other than a file."""
    return part.endswith(".") or part.partition(".")[0].upper() in {"CON", "PRN", "AUX", "NUL"}


@dataclass(frozen=True)
class Member:
    """The entry of one file in the manifest.

    Attributes:
        sha256: Digest of the file, in hexadecimal.
        size: Length of the file in bytes.
    """

    sha256: str
    size: int


def write_archive(file: Path, folder: Path, about: Mapping[str, Any]) -> dict[str, Member]:
    """Write every file of a folder into an archive. The archive is written completely or not at all.

    Args:
        file: The archive. An existing file is replaced.
        folder: Folder with the members, under their names in the archive.
        about: Further entries of the manifest, as plain data.

    Returns:
        Entries of the manifest by name.

    Raises:
        ArchiveError: If it is too large, or if a file cannot be read or written.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if odd := [name for name in paths if not is_member(name) or name == MANIFEST]:
        raise ArchiveError(f"{file}: {printable(odd[0])!r} is no name of a file in an archive")
    try:
        members = {name: _member(path) for name, path in paths.items()}
        total = sum(member.size for member in members.values())
        if len(members) > MOST_MEMBERS or total > MOST_BYTES:
            raise ArchiveError(
                f"{file}: {len(members)} files of {total} bytes together are more than an archive holds "
                f"({MOST_MEMBERS} files, {MOST_BYTES} bytes)"
            )
        listed = {name: {"sha256": member.sha256, "bytes": member.size} for name, member in members.items()}
        manifest = {**about, "kind": KIND, "format": FORMAT, "harness": __version__, "members": listed}
        text = json.dumps(manifest, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True) + "\n"
        _write(file, {MANIFEST: text.encode(), **paths})
    except (OSError, zipfile.LargeZipFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArchiveError(f"{file} cannot be written: {reason}") from error
    return members


def _member(path: Path) -> Member:
    with path.open("rb") as handle:
        return Member(hashlib.file_digest(handle, "sha256").hexdigest(), path.stat().st_size)


def _write(file: Path, members: Mapping[str, bytes | Path]) -> None:
    with draft(file) as beside, zipfile.ZipFile(beside, "w", allowZip64=False) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # 3 is Unix, whose permissions are set next
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED if _is_moderate(name, content) else zipfile.ZIP_STORED
            source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
            with source, archive.open(info, "w") as out:
                shutil.copyfileobj(source, out)


def _is_moderate(name: str, content: bytes | Path) -> bool:
    """Return whether readers accept a member when it is packed. Others are stored as they are."""
    if isinstance(content, bytes) or content.stat().st_size <= SMALL:
        return True
    packer, length = zlib.compressobj(), 0
    with content.open("rb") as source:
        while chunk := source.read(SMALL):
            length += len(packer.compress(chunk))
    return not is_bomb(name, content.stat().st_size, length + len(packer.flush()))


def is_bomb(name: str, size: int, packed: int) -> bool:
    """Return whether a member unpacks to more than a run has in so few bytes.

    Args:
        name: Its name.
        size: Its size in bytes.
        packed: Its packed size in bytes.

    >>> is_bomb("table.md", 90_000_000, 1_000_000), is_bomb("results.sqlite", 90_000_000, 1_000_000)
    (False, True)
    """
    return size > SMALL and size > (MOST_RESULTS_RATIO if name == FILE else MOST_RATIO) * packed
