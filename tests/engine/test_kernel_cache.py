"""Damaged files in the cache of kernels, and compilers that fail: the table in docs/durability.md."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command
from harness.engine.fused import build
from harness.engine.fused.at_hand import unavailable
from harness.engine.fused.compiler import NoKernel, compiler_version
from harness.engine.solvers.fused import Fused
from harness.mathematics.activations import ACTIVATIONS

pytestmark = pytest.mark.skipif(bool(unavailable()), reason="there is no compiler here")
SOFTPLUS = ACTIVATIONS["softplus"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and a compiler that copies a kernel and counts its calls in ``tmp_path``/calls."""
    whole = build.kernel("float", SOFTPLUS).path
    use_compiler(f'echo >> {tmp_path}/calls; while [ "$1" != -o ]; do shift; done; cp {whole} "$2"', tmp_path)
    monkeypatch.setenv("CXX", str(tmp_path / "c++"))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    forget()
    yield tmp_path / "cache"
    forget()


def use_compiler(body: str, folder: Path) -> Path:
    program = folder / "c++"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo 1.0 && exit 0\n{body}\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def forget() -> None:
    for cached in (build._kernel, compiler_version, unavailable):
        cached.cache_clear()


def calls(cache: Path) -> int:
    return len((cache.parent / "calls").read_text().splitlines())


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: os.truncate(path, path.stat().st_size // 2),
        flip,
        lambda path: shutil.copyfile("/bin/sh", path),
        folder,
    ],
    ids=["empty", "cut", "bit", "another", "directory"],
)
def test_a_damaged_kernel_is_compiled_again_and_said_once(damage: Callable[[Path], object], cache: Path) -> None:
    path = build.kernel("float", SOFTPLUS).path
    assert path.parent == cache
    forget()
    assert not build.kernel("float", SOFTPLUS).built
    assert calls(cache) == 1
    whole = path.read_bytes()
    path.unlink()  # this process has the file mapped, which is not to be cut
    path.write_bytes(whole)
    damage(path)
    forget()
    with pytest.warns(UserWarning, match=rf"{path} is (damaged|no file), so it was compiled again") as warned:
        again = build.kernel("float", SOFTPLUS)
    assert len(warned) == 1
    assert again.built
    assert again.loaded.harness_network_size() > 0
    assert f"{path} is " in Fused().made("float32", "cpu")
    forget()
    assert not build.kernel("float", SOFTPLUS).built
    assert calls(cache) == 2


def test_a_kernel_without_its_digest_is_not_loaded(cache: Path) -> None:
    first = build.kernel("float", SOFTPLUS)
    build._digest_file(first.path).unlink()
    forget()
    assert build.kernel("float", SOFTPLUS).built


def test_a_cache_without_room_is_replaced_by_the_temporary_directory(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.parent == cache:
            write(self, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.warns(UserWarning, match=f"{cache}: No space left on device; the kernel is in"):
        found = build.kernel("float", SOFTPLUS)
    assert found.path.parent.parent == cache.parent
    assert list(cache.iterdir()) == []
    forget()
    assert not build.kernel("float", SOFTPLUS).built


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 0", "ended without an error and wrote no kernel"),
        ('while [ "$1" != -o ]; do shift; done; cp /bin/sh "$2"', "wrote no kernel"),
    ],
)
def test_a_compiler_that_writes_no_kernel_is_named(body: str, words: str, cache: Path) -> None:
    use_compiler(body, cache.parent)
    with pytest.raises(NoKernel, match=words):
        build.kernel("float", SOFTPLUS)
    assert not cache.exists()


def test_a_compiler_that_hangs_ends_with_its_children(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    children = cache.parent / "children"
    use_compiler(f"sleep 600 & echo $! > {children}; wait", cache.parent)
    monkeypatch.setattr(build, "COMPILE_SECONDS", 1.0)
    for _ in range(2):  # it is not tried a second time
        with pytest.raises(NoKernel, match="did not finish in 1 s"):
            build.kernel("float", SOFTPLUS)
    child = Path(f"/proc/{children.read_text().strip()}")
    until = time.monotonic() + 10
    while child.exists() and "(sleep) Z" not in (child / "stat").read_text() and time.monotonic() < until:
        time.sleep(0.01)
    assert not child.exists() or "(sleep) Z" in (child / "stat").read_text()


def test_arguments_in_cxx_reach_the_compiler_and_name_another_kernel(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = build.kernel("float", SOFTPLUS)
    program = use_compiler(
        f'[ "$1" = -m64 ] || exit 1; [ "$2" = --version ] && echo 1.0 && exit 0; '
        f'while [ "$1" != -o ]; do shift; done; cp {plain.path} "$2"',
        cache.parent,
    )
    forget()
    monkeypatch.setenv("CXX", f"'{program}' -m64")
    found = build.kernel("float", SOFTPLUS)
    assert found.path != plain.path
    assert compiler_version() == "1.0 -m64"
    forget()
    monkeypatch.setenv("CXX", "'open")
    with pytest.raises(NoKernel, match="is no command: No closing quotation"):
        build.kernel("float", SOFTPLUS)


def test_a_plan_says_why_another_solver_trains(cache: Path, tmp_path: Path) -> None:
    use_compiler("exit 0", tmp_path)
    planned = CliRunner().invoke(command, ["plan", "quickstart", "--explain", "--out", str(tmp_path / "none")])
    assert planned.exit_code == 0
    assert "the fused solver cannot train" in planned.stderr
    assert "wrote no kernel" in planned.stderr
