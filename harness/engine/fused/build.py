"""Compiles the kernel of an activation at first use with the system's compiler, into the user's cache."""

from __future__ import annotations

import ctypes
import errno
import functools
import hashlib
import os
import platform
import shlex
import stat
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.components import Activation
from harness.draft import draft, replace_text
from harness.engine.fused.compiler import FLAGS, NoKernel, compiler, run_compiler, version

COMPILE_SECONDS = 300.0
"""Longest time in which the kernel is compiled, in seconds."""

Real = Literal["float", "double"]


@dataclass(frozen=True)
class Source:
    """The source of a library.

    Attributes:
        files: Files beside this one, of which the first is compiled.
        symbols: Functions that the library has.
    """

    files: tuple[str, ...]
    symbols: tuple[bytes, ...] = (b"harness_network_size", b"harness_activate")

    def paths(self) -> list[Path]:
        """Return the files."""
        return [Path(__file__).with_name(name) for name in self.files]

    def made(self, content: bytes) -> bool:
        """Return whether the content of a file is that of its library."""
        return all(symbol in content for symbol in self.symbols)


SOURCES = {
    "kernel": Source(("kernel.cpp", "denormals.h")),
    "stack": Source(("stack.cpp", "kernel.cpp", "denormals.h", "products.h", "losses.h")),
}
"""The kernel of one network from its first step to its last, and that of stacks."""

SPECTRUM = Source(("spectrum.cpp",), (b"harness_largest", b"harness_smallest", b"harness_tridiagonal"))
"""Eigenvalues."""


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel.

    Attributes:
        path: The shared library.
        compiler: What made it.
        built: Whether this call compiled it.
        loaded: The shared library, opened in this process.
        notice: What was wrong with a file in the cache, or an empty string.
    """

    path: Path
    compiler: str
    built: bool
    loaded: ctypes.CDLL
    notice: str = ""


def cache_directory() -> Path:
    """Return where compiled kernels are kept: $HARNESS_CACHE, or the user's cache directory."""
    chosen = os.environ.get("HARNESS_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "convergence-harness"


def _processor() -> str:
    """Return what distinguishes processors that a native build must not be shared between."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()


def kernel(real: Real, activation: Activation, source: str = "kernel") -> Kernel:
    """Return a kernel for a precision and an activation, compiling it if the cache does not hold it.

    The file is named by the hash of the source, the activation's statements, flags, compiler and processor. A file
    beside it has its digest, and a file that does not match its digest is compiled again. A kernel that the cache
    cannot hold is kept in the temporary directory. Files are moved into place when they are complete, so processes
    may race.

    Args:
        real: Precision.
        activation: φ.
        source: One of ``SOURCES``.

    Warns:
        UserWarning: If a file in the cache is damaged.

    Raises:
        NoKernel: If it cannot be built, or if the activation has no C++ statements.
    """
    return _kernel(real, activation, source)


@functools.cache
def _kernel(real: Real, activation: Activation, source: str) -> Kernel:
    command = compiler()
    statements = activation.cpp()
    if statements is None:
        raise NoKernel(f"the activation {activation} has no C++ statements")
    parts = [f"-DREAL={real}", f"-DACTIVATION={' '.join(statements.split())}"]
    name = f"fused{'' if source == 'kernel' else f'-{source}'}-{activation.name}-{real}"
    return _library(command, SOURCES[source], name, parts)


@functools.cache
def spectrum() -> Kernel:
    """Return the library of eigenvalues, which is compiled and kept as a kernel is.

    Raises:
        NoKernel: If it cannot be built.
    """
    return _library(compiler(), SPECTRUM, "spectrum", [])


def _library(command: tuple[str, ...], source: Source, name: str, parts: list[str]) -> Kernel:
    """Return a library from the cache, or compile it.

    Args:
        command: The compiler and its first arguments.
        source: What it is compiled from.
        name: First part of the name of the file.
        parts: What is defined for the compiler.
    """
    said = version(command)
    texts = [path.read_text(encoding="utf-8") for path in source.paths()]
    identity = "\0".join([*texts, *FLAGS, *parts, said, _processor(), *command[1:]])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    paths = [directory / f"{name}-{digest}.so" for directory in (cache_directory(), _temporary_directory())]
    damage: list[str] = []
    for path in paths:
        if library := _cached(path, source, damage):
            return Kernel(path, shlex.join(command), built=False, loaded=library, notice="; ".join(damage))
    try:
        content = _compile(command, source, parts)
    except OSError as error:
        raise NoKernel(f"the temporary directory cannot be used: {error.strerror or error}") from error
    reasons: list[str] = []
    for path in paths:
        try:
            library = _keep(path, content)
        except OSError as error:  # the disk is full, not writable, or no file of it may be executed: try the next place
            reasons.append(f"{path.parent}: {error.strerror or error}")
            continue
        notice = "; ".join([*(f"{said}, so it was compiled again" for said in damage), *reasons])
        if notice:
            warnings.warn(f"{notice}; the kernel is in {path.parent}", UserWarning, stacklevel=4)
        return Kernel(path, shlex.join(command), built=True, loaded=library, notice=notice)
    raise NoKernel(f"the kernel cannot be kept ({'; '.join(reasons)}); name a directory with HARNESS_CACHE")


def _temporary_directory() -> Path:
    return Path(tempfile.gettempdir()) / f"convergence-harness-{os.getuid()}"


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _cached(path: Path, source: Source, damage: list[str]) -> ctypes.CDLL | None:
    """Return a kernel from its file, or None if there is none that may be used. Append what is wrong with it."""
    try:
        if not os.getuid() == path.lstat().st_uid == path.parent.stat().st_uid:
            return None
        if not stat.S_ISREG(path.lstat().st_mode):
            damage.append(f"{path} is no file")
        elif _digest_file(path).is_file():  # a kernel without a digest was interrupted, or is of an earlier version
            expected = _digest_file(path).read_text(encoding="ascii", errors="replace").strip()
            content = path.read_bytes()
            if f"{hashlib.sha256(content).hexdigest()} {len(content)}" == expected and source.made(content):
                return ctypes.CDLL(str(path))
            damage.append(f"{path} is damaged")
    except OSError:  # there is none, or it may not be read or executed there
        pass
    return None


def _keep(path: Path, content: bytes) -> ctypes.CDLL:
    """Write a kernel and its digest, and return it loaded.

    Raises:
        OSError: If it cannot be kept or loaded there.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.parent.stat().st_uid != os.getuid():  # another user could put code there
        raise PermissionError(errno.EPERM, "another user's directory")
    with draft(path) as beside:
        beside.write_bytes(content)
    replace_text(_digest_file(path), f"{hashlib.sha256(content).hexdigest()} {len(content)}\n")
    return ctypes.CDLL(str(path))


def _compile(command: Sequence[str], source: Source, parts: Sequence[str]) -> bytes:
    """Return the shared library that the compiler makes."""
    with tempfile.TemporaryDirectory(prefix="convergence-harness-", ignore_cleanup_errors=True) as folder:
        made = Path(folder) / "kernel.so"
        done = run_compiler(
            [*command, *FLAGS, *parts, str(source.paths()[0]), "-o", str(made)],
            COMPILE_SECONDS,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            said = next((line for line in lines if "error:" in line), lines[0])
            raise NoKernel(f"{shlex.join(command)} could not compile the kernel: {said}")
        content = made.read_bytes() if made.is_file() else b""
    if not source.made(content):
        raise NoKernel(f"{shlex.join(command)} ended without an error and wrote no kernel")
    return content
