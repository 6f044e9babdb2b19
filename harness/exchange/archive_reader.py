"""A reader of archives of unknown origin. It checks an archive before anything in it is used.

Nothing of an archive is executed here, and nothing is written outside of the folder for its members. Names, kinds and
sizes of members are checked before the first byte is unpacked, lengths while unpacking, and digests afterwards.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.complaints import printable
from harness.exchange.archive import (
    FORMAT,
    KIND,
    MANIFEST,
    MOST_BYTES,
    MOST_MEMBERS,
    PLUGINS,
    SUITE,
    ArchiveError,
    Member,
    is_bomb,
    is_member,
)
from harness.exchange.scratch import scratch
from harness.store import FILE
from harness.suite.source import MAX_BYTES

MOST_MANIFEST = 2_000_000
MOST_DIRECTORY = 1_000_000
"""Largest size of the zip's own table of contents in bytes."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_END = struct.Struct("<4s4H2LH")
_CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError, ArithmeticError)
"""Errors that Python's reader raises for damaged files."""


@dataclass(frozen=True)
class Unpacked:
    """An unpacked archive whose members match its manifest.

    Attributes:
        file: The archive.
        directory: Run directory with its members.
        manifest: Contents of the manifest.
        plugin_files: Plugin files of the archive. Their code is of unknown origin.
    """

    file: Path
    directory: Path
    manifest: dict[str, Any]
    plugin_files: tuple[Path, ...]


def is_archive(path: Path) -> bool:
    """Return whether a path may be an archive: a file that begins like a zip or has its suffix."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as handle:
            return handle.read(2) == b"PK" or path.suffix.lower() == ".zip"
    except (OSError, ValueError):
        return False


@contextmanager
def unpacked(file: Path) -> Iterator[Unpacked]:
    """Check an archive and unpack it into a temporary folder, which is removed at the end.

    Yields:
        The unpacked archive.

    Raises:
        ArchiveError: If it is not an archive of a run, is damaged, or could do harm.
    """
    with scratch() as folder:
        try:
            manifest, members = _unpack(file, folder)
        except OSError as error:
            raise ArchiveError(f"{file} cannot be read: {printable(error.strerror or str(error))}") from error
        except (*_BROKEN, RuntimeError) as error:  # RuntimeError: endless recursion, features that Python lacks
            raise ArchiveError(f"{file} is damaged, or no zip: {printable(str(error))[:200]}") from error
        code = tuple(folder / name for name in sorted(members) if name.startswith(PLUGINS))
        yield Unpacked(file, folder, manifest, code)


def _unpack(file: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Member]]:
    with file.open("rb") as handle:
        size = _check_end(file, handle)
        with zipfile.ZipFile(handle) as archive:
            infos = _checked(file, size, archive.infolist())
            manifest = _manifest(file, archive, infos.pop(MANIFEST, None))
            members = _members(file, manifest)
            _compare(file, infos, members)
            room = shutil.disk_usage(folder).free
            needed = sum(member.size for member in members.values())
            if needed > room:
                raise ArchiveError(f"{file} needs {needed} bytes to unpack, and {folder} has room for {room}")
            for name, info in infos.items():
                _extract(file, archive, info, members[name], folder / name)
    return manifest, members


def _check_end(file: Path, handle: Any) -> int:
    """Check the last record of the zip before its table of contents is read into memory. Return the zip's size."""
    size = handle.seek(0, 2)
    if size < _END.size or size > MOST_BYTES:
        raise ArchiveError(f"{file} has {size} bytes: it is no archive of a run")
    handle.seek(-_END.size, 2)
    mark, _, _, _, entries, length, _, comment = _END.unpack(handle.read(_END.size))
    if mark != b"PK\5\6" or comment:
        raise ArchiveError(f"{file} is no archive of a run, or was cut off")
    if entries > MOST_MEMBERS + 1 or length > MOST_DIRECTORY:
        raise ArchiveError(f"{file} has {entries} members, more than the {MOST_MEMBERS} that an archive may have")
    return int(size)


def _checked(file: Path, size: int, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name if all of them may be unpacked."""
    found: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in infos:
        name = info.filename
        shown = printable(name)[:100]
        if not is_member(name) or info.orig_filename != name:
            raise ArchiveError(f"{file} has a member {shown!r}, which is no name of a file in a run directory")
        if name.lower() in seen:
            raise ArchiveError(f"{file} has two members {shown!r}")
        mode = info.external_attr >> 16
        if info.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
            raise ArchiveError(f"{file} has a member {shown!r} that is no plain file")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"{file} has a member {shown!r} that is encrypted, or packed in an unusual way")
        seen.add(name.lower())
        found[name] = info
    if sum(info.compress_size for info in found.values()) > size:
        raise ArchiveError(f"{file} has members that overlap")
    if SUITE in found and found[SUITE].file_size > MAX_BYTES:
        raise ArchiveError(f"{file} has a {SUITE} of {found[SUITE].file_size} bytes: hardly a suite")
    if sum(info.file_size for info in found.values()) > MOST_BYTES:
        raise ArchiveError(f"{file} would unpack to more than {MOST_BYTES} bytes")
    for name, info in found.items():
        if name != MANIFEST and is_bomb(
            name, info.file_size, info.compress_size
        ):  # the manifest has a limit of its own
            raise ArchiveError(
                f"{file} has a member {name!r} of {info.file_size} bytes packed into {info.compress_size}, which is no"
                " file of a run"
            )
    return found


def _manifest(file: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo | None) -> dict[str, Any]:
    if info is None:
        raise ArchiveError(f"{file} has no {MANIFEST}: it is no archive of a run")
    if info.file_size > MOST_MANIFEST:
        raise ArchiveError(f"{file} has a {MANIFEST} of {info.file_size} bytes, which is none of ours")
    with archive.open(info) as handle:
        record = json.loads(handle.read(MOST_MANIFEST + 1))
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise ArchiveError(f"{file} is no archive of a run: its {MANIFEST} does not say so")
    version = record.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ArchiveError(f"{file} says no format in its {MANIFEST}")
    if version > FORMAT:
        raise ArchiveError(
            f"{file} is of format {version}, and this version of the harness reads up to {FORMAT}: upgrade it"
        )
    return record


def _members(file: Path, manifest: dict[str, Any]) -> dict[str, Member]:
    listed = manifest.get("members")
    if not isinstance(listed, dict):
        raise ArchiveError(f"{file} lists no members in its {MANIFEST}")
    members = {}
    for name, entry in listed.items():
        digest, size = (entry.get("sha256"), entry.get("bytes")) if isinstance(entry, dict) else (None, None)
        counted = isinstance(size, int) and not isinstance(size, bool) and size >= 0
        if not counted or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise ArchiveError(f"{file} gives no digest and size for {printable(name)[:100]!r} in its {MANIFEST}")
        members[name] = Member(digest, int(size or 0))
    for needed in (FILE, SUITE):
        if needed not in members:
            raise ArchiveError(f"{file} lists no {needed}: it is no archive of a run")
    return members


def _compare(file: Path, infos: dict[str, zipfile.ZipInfo], members: dict[str, Member]) -> None:
    for name in sorted(infos.keys() ^ members.keys()):
        where = f"its {MANIFEST} does not list it" if name in infos else f"only its {MANIFEST} lists it"
        raise ArchiveError(f"{file}: {printable(name)[:100]!r} is not what it should be: {where}")
    for name, info in infos.items():
        if info.file_size != members[name].size:
            raise ArchiveError(
                f"{file}: {name} has {info.file_size} bytes, and its {MANIFEST} says {members[name].size}"
            )


def _extract(file: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, member: Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, length = hashlib.sha256(), 0
    with archive.open(info) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            length += len(chunk)
            if length > member.size:
                raise ArchiveError(f"{file}: {info.filename} is longer than its {MANIFEST} says")
            digest.update(chunk)
            out.write(chunk)
    if length != member.size or digest.hexdigest() != member.sha256:
        raise ArchiveError(f"{file}: {info.filename} is not what its {MANIFEST} vouches for: it was changed or damaged")
