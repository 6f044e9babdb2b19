"""Archives of unknown origin: what is vouched for comes out, everything else is refused before it does harm."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.exchange.archive import FORMAT, KIND, MOST_BYTES, ArchiveError, write_archive
from harness.exchange.archive_reader import is_archive, unpacked

CONTENTS = {
    "results.sqlite": b"rows\0" * 100,
    "suite.toml": b"name = 'x'\n",
    "table.md": b"| k |\n" * 9,
    "plugins/mine.py": b"1 / 0\n",
}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Unpack below a folder of our own, which must be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir()), "something unpacked was left behind"
    assert {path.name for path in tmp_path.iterdir()} <= {"temporary", "a.zip", "in"}, "something was unpacked outside"


def manifest(of: dict[str, bytes], **changes: Any) -> dict[str, Any]:
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in of.items()}
    return {"kind": KIND, "format": FORMAT, "members": listed} | changes


def packed(
    members: dict[str, bytes],
    record: Any = None,
    *,
    mode: int = 0o100644,
    method: int = zipfile.ZIP_DEFLATED,
    last: str = "",
) -> bytes:
    """Return a zip of members; ``last`` is the name under which the last of them is packed."""
    out = io.BytesIO()
    text = json.dumps(manifest(members) if record is None else record)
    entries = [("manifest.json", text.encode()), *members.items()]
    if last:
        entries[-1] = (last, entries[-1][1])
    with zipfile.ZipFile(out, "w") as archive:
        for i, (name, data) in enumerate(entries):
            info = zipfile.ZipInfo(name)
            info.compress_type = method if i else zipfile.ZIP_DEFLATED
            info.external_attr = (mode if i == len(entries) - 1 else 0o100644) << 16
            archive.writestr(info, data)
    return out.getvalue()


def read(data: bytes, path: Path) -> dict[str, bytes]:
    """Return what an archive unpacks to."""
    file = path / "a.zip"
    file.write_bytes(data)
    with unpacked(file) as archive:
        found = {p.relative_to(archive.directory).as_posix(): p for p in archive.directory.rglob("*") if p.is_file()}
        assert not any(p.is_symlink() for p in archive.directory.rglob("*"))
        assert all(p in archive.plugin_files for name, p in found.items() if name.startswith("plugins/"))
        return {name: p.read_bytes() for name, p in found.items()}


def test_what_was_written_comes_out(tmp_path: Path) -> None:
    for name, data in CONTENTS.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    write_archive(tmp_path / "a.zip", tmp_path / "in", {"suite": "s"})
    assert is_archive(tmp_path / "a.zip")
    assert read((tmp_path / "a.zip").read_bytes(), tmp_path) == CONTENTS
    with unpacked(tmp_path / "a.zip") as archive:
        assert archive.manifest["suite"] == "s"
    assert not archive.directory.exists()


def test_another_tools_zip_of_the_same_files_is_read(tmp_path: Path) -> None:
    assert read(packed(CONTENTS, method=zipfile.ZIP_STORED), tmp_path) == CONTENTS
    assert read(packed(CONTENTS, mode=0), tmp_path) == CONTENTS


LAST = "plugins/mine.py"


@pytest.mark.parametrize(
    "name",
    [
        "../escaped.md",
        "/tmp/escaped.md",
        "figures/../../escaped.md",
        "..\\escaped.md",
        "C:\\escaped.md",
        "//host/escaped.md",
        "figures/",
        "results.sqlite-journal",
        "results.sqlite-wal",
        ".lock",
        "conftest.py",
        "NUL.md",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    members = {**CONTENTS, name: b"x"}
    with pytest.raises(ArchiveError, match="no name of a file in a run directory"):
        read(packed(members), tmp_path)


def test_a_name_cut_short_by_a_null_is_refused(tmp_path: Path) -> None:
    data = packed({**CONTENTS, "harmless.md": b"x"}).replace(b"harmless.md", b"table.m\0.md")
    with pytest.raises(ArchiveError):
        read(data, tmp_path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_what_is_no_plain_file_is_refused(kind: int, tmp_path: Path) -> None:
    members = {**CONTENTS, "table.tex": b"/etc/passwd"}
    with pytest.raises(ArchiveError, match=r"'table\.tex' that is no plain file"):
        read(packed(members, mode=kind | 0o777), tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["table.md", "Table.md"])
def test_two_members_of_one_name_are_refused(name: str, tmp_path: Path) -> None:
    members = {**CONTENTS, "other.md": b"x"}
    with pytest.raises(ArchiveError, match="two members"):
        read(packed(members, last=name), tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(method: int, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="unusual"):
        read(packed(CONTENTS, method=method), tmp_path)


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    data = bytearray(packed(CONTENTS))
    place = data.rindex(b"PK\1\2")
    data[place + 8] |= 1
    with pytest.raises(ArchiveError, match="encrypted"):
        read(bytes(data), tmp_path)


def declare(data: bytes, size: int) -> bytes:
    """Let the table of contents say another unpacked size of the last member."""
    changed = bytearray(data)
    struct.pack_into("<L", changed, changed.rindex(b"PK\1\2") + 24, size)
    return bytes(changed)


def test_a_bomb_that_declares_its_size_is_refused(tmp_path: Path) -> None:
    bomb = manifest(CONTENTS)
    bomb["members"][LAST]["bytes"] = MOST_BYTES
    with pytest.raises(ArchiveError, match=f"more than {MOST_BYTES} bytes"):
        read(declare(packed(CONTENTS, bomb), MOST_BYTES), tmp_path)


def test_a_bomb_that_hides_its_size_stops_at_what_it_declared(tmp_path: Path) -> None:
    members = {**CONTENTS, "table.tex": bytes(20_000_000)}
    small = manifest({**CONTENTS, "table.tex": bytes(10)})
    with pytest.raises(ArchiveError):
        read(declare(packed(members, small), 10), tmp_path)


def test_more_than_the_disk_has_room_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100}))
    with pytest.raises(ArchiveError, match="has room for 100"):
        read(packed(CONTENTS), tmp_path)


def test_too_many_members_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    many = {f"{i}.md": b"" for i in range(1001)}
    with pytest.raises(ArchiveError, match="more than the 1000"):
        read(packed({**CONTENTS, **many}), tmp_path)


CHANGES: dict[str, tuple[Callable[[], bytes], str]] = {
    "another content": (lambda: packed({**CONTENTS, "table.md": b"| x |\n" * 9}, manifest(CONTENTS)), "vouches for"),
    "a member more": (lambda: packed({**CONTENTS, "x.md": b""}, manifest(CONTENTS)), "does not list it"),
    "a member less": (lambda: packed(CONTENTS, manifest({**CONTENTS, "x.md": b""})), "only its manifest.json"),
    "another size": (
        lambda: packed({**CONTENTS, "table.md": b"| k |\n" * 10}, manifest(CONTENTS)),
        "has 60 bytes, and its manifest.json says 54",
    ),
    "no manifest": (lambda: packed(CONTENTS).replace(b"manifest.json", b"somewhat.json"), "has no manifest.json"),
    "no results": (lambda: packed({"suite.toml": b""}), "lists no results.sqlite"),
    "no suite": (lambda: packed({"results.sqlite": b""}), "lists no suite.toml"),
    "a newer format": (lambda: packed(CONTENTS, manifest(CONTENTS, format=FORMAT + 1)), "upgrade it"),
    "a format that is none": (lambda: packed(CONTENTS, manifest(CONTENTS, format=True)), "says no format"),
    "another kind": (lambda: packed(CONTENTS, manifest(CONTENTS, kind="holiday")), "does not say so"),
    "no table": (lambda: packed(CONTENTS, [1, 2]), "does not say so"),
    "no members": (lambda: packed(CONTENTS, manifest(CONTENTS, members=[])), "lists no members"),
    "no digest": (
        lambda: packed(CONTENTS, manifest(CONTENTS, members={"table.md": {"bytes": 3}})),
        "gives no digest and size for 'table.md'",
    ),
    "a steering name": (
        lambda: packed(CONTENTS, manifest(CONTENTS, members={"\x1b[2J": {}})),
        "no digest and size for '�\\[2J'",
    ),
    "cut off": (lambda: packed(CONTENTS)[:-30], "cut off"),
    "nothing": (lambda: b"", "no archive"),
    "no zip": (lambda: b"PK" + bytes(1000), "no archive"),
    "deep nesting": (lambda: packed_text("[" * 100_000), "damaged"),
    "no JSON": (lambda: packed_text('{"kind": '), "damaged"),
    "huge manifest": (lambda: packed_text(" " * 2_000_001), "none of ours"),
}


def packed_text(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", text)
    return out.getvalue()


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_not_as_it_should_be_is_refused_with_the_reason(what: str, tmp_path: Path) -> None:
    make, message = CHANGES[what]
    with pytest.raises(ArchiveError, match=message):
        read(make(), tmp_path)


def test_what_is_not_there_is_no_archive(tmp_path: Path) -> None:
    assert not is_archive(tmp_path)
    assert not is_archive(tmp_path / "nowhere.zip")
    assert not is_archive(Path("a\0b"))
    with pytest.raises(ArchiveError, match="cannot be read"), unpacked(tmp_path / "nowhere.zip"):
        pass


VALID = packed(CONTENTS)


def survives(data: bytes, path: Path) -> None:
    """Read bytes of unknown origin: either all that is vouched for comes out, or it is refused."""
    said, found = "", CONTENTS
    try:
        found = read(data, path)
    except ArchiveError as error:
        said = str(error)
    assert found == CONTENTS, "something came out that the manifest does not vouch for"
    assert "\x1b" not in said
    assert len(said) < 1000


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid archive with bytes changed, cut out, put in or doubled, mostly where its structure is."""
    data = bytearray(VALID)
    marks = [i for i in range(len(VALID)) if VALID[i : i + 2] == b"PK"]
    for _ in range(draw(st.integers(1, 4))):
        near = st.sampled_from(marks).flatmap(lambda mark: st.integers(mark, mark + 50))
        place = min(draw(near | st.integers(0, len(VALID) - 1)), max(len(data) - 1, 0))
        piece = draw(
            st.binary(max_size=8) | st.sampled_from([b"\xff\xff\xff\xff", b"PK\1\2", b"PK\5\6", b"../", b"\0"])
        )
        kind = draw(st.sampled_from(["change", "cut", "put in", "end"]))
        if kind == "change":
            data[place : place + len(piece)] = piece
        elif kind == "cut":
            del data[place : place + draw(st.integers(1, 40))]
        elif kind == "put in":
            data[place:place] = piece
        else:
            del data[place:]
    return bytes(data)


FUZZ = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=300, deadline=None, suppress_health_check=FUZZ)
@given(damaged())
def test_damaged_archives_never_surprise(tmp_path: Path, data: bytes) -> None:
    survives(data, tmp_path)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None, suppress_health_check=FUZZ)
@given(damaged() | st.binary(max_size=300).map(lambda tail: VALID[:100] + tail) | st.binary(max_size=300))
def test_very_many_damaged_archives_never_surprise(tmp_path: Path, data: bytes) -> None:
    survives(data, tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(list(CONTENTS)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, suppress_health_check=FUZZ)
@given(st.fixed_dictionaries({"kind": st.just(KIND) | JSON, "format": st.just(1) | JSON, "members": JSON}) | JSON)
def test_manifests_of_anything_are_refused(tmp_path: Path, record: object) -> None:
    with pytest.raises(ArchiveError):
        read(packed(CONTENTS, record if record is not None else []), tmp_path)


def test_what_unpacks_to_far_more_than_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"2000000 bytes packed into \d+, which is no file of a run"):
        read(packed({**CONTENTS, "thresholds.json": b" " * 2_000_000}), tmp_path)


def test_even_results_of_one_letter_can_be_written_and_read(tmp_path: Path) -> None:
    contents = {**CONTENTS, "thresholds.json": b" " * 2_000_000}
    for name, data in contents.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    write_archive(tmp_path / "a.zip", tmp_path / "in", {})
    assert read((tmp_path / "a.zip").read_bytes(), tmp_path) == contents


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    data = packed(CONTENTS)
    directory = data.index(b"PK\1\2")
    size = struct.pack("<L", len(data))
    with pytest.raises(ArchiveError, match="overlap"):
        read(data[: directory + 20] + size + data[directory + 24 :], tmp_path)
