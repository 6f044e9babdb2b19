"""Compiles the kernel of an activation at first use with the system's compiler, into the user's cache."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.components import Activation

SOURCE = Path(__file__).with_name("kernel.cpp")
FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
    "-Wno-psabi",
)
COMPILERS = ("c++", "g++", "clang++")

Real = Literal["float", "double"]


class NoKernel(Exception):
    """The kernel cannot be had here; the message says why."""


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel.

    Attributes:
        path: The shared library.
        compiler: What made it.
        built: Whether this call compiled it.
    """

    path: Path
    compiler: str
    built: bool


def cache_directory() -> Path:
    """Return where compiled kernels are kept: $HARNESS_CACHE, or the user's cache directory."""
    chosen = os.environ.get("HARNESS_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "convergence-harness"


def compiler() -> str:
    """Return the compiler: $CXX, or the first of the usual ones that is installed.

    Raises:
        NoKernel: If there is none, or HARNESS_FUSED=0 forbids the kernel.
    """
    if os.environ.get("HARNESS_FUSED") == "0":
        raise NoKernel("HARNESS_FUSED=0")
    for name in (os.environ.get("CXX", ""), *COMPILERS):
        if name and (found := shutil.which(name)):
            return found
    raise NoKernel(f"no C++ compiler is installed (looked for {', '.join(COMPILERS)}, or $CXX)")


def _processor() -> str:
    """Return what distinguishes processors that a native build must not be shared between."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()


def _version(program: str) -> str:
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NoKernel(f"{program} --version failed: {error}") from error


@functools.cache
def compiler_version() -> str:
    """Return what the compiler calls itself, on one line; empty where there is none. Another may round otherwise."""
    try:
        return next(iter(_version(compiler()).splitlines()), "").strip()
    except NoKernel:
        return ""


@functools.cache
def kernel(real: Real, activation: Activation) -> Kernel:
    """Return the kernel for a precision and an activation, compiling it if the cache does not hold it.

    Its file is named by the hash of the source, the activation's statements, flags, compiler and processor. It is
    moved into place when it is whole, so processes may race.

    Raises:
        NoKernel: If it cannot be built, or if the activation has no C++ statements.
    """
    program = compiler()
    version = _version(program)
    statements = activation.cpp()
    if statements is None:
        raise NoKernel(f"the activation {activation} has no C++ statements")
    parts = [f"-DREAL={real}", f"-DACTIVATION={' '.join(statements.split())}"]
    identity = "\0".join([SOURCE.read_text(encoding="utf-8"), *FLAGS, *parts, version, _processor()])
    name = f"fused-{activation.name}-{real}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.so"
    for directory in (cache_directory(), Path(tempfile.gettempdir()) / f"convergence-harness-{os.getuid()}"):
        path = directory / name
        if path.exists() and path.stat().st_uid == os.getuid():
            return Kernel(path, program, built=False)
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if directory.stat().st_uid != os.getuid():  # another user could put code there
                continue
            _compile(program, parts, path)
        except OSError:  # not writable: try the next place
            continue
        return Kernel(path, program, built=True)
    raise NoKernel(f"neither {cache_directory()} nor the temporary directory can be written")


def _compile(program: str, parts: list[str], path: Path) -> None:
    handle, temporary = tempfile.mkstemp(suffix=".so", dir=path.parent)
    os.close(handle)
    try:
        command = [program, *FLAGS, *parts, str(SOURCE), "-o", temporary]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            said = next((line for line in lines if "error:" in line), lines[0])
            raise NoKernel(f"{program} could not compile the kernel: {said}")
        os.replace(temporary, path)
    except subprocess.SubprocessError as error:
        raise NoKernel(f"{program} did not finish: {error}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)
