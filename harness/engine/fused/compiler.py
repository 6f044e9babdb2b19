"""The system's C++ compiler, run so that it cannot outlive the harness."""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence

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
VERSION_SECONDS = 30.0
"""Longest time in which a compiler says its version, in seconds."""

_LATE: dict[str, str] = {}
"""Compilers that took too long in this process, each with the message."""


class NoKernel(Exception):
    """The kernel cannot be had here; the message says why."""


def compiler() -> tuple[str, ...]:
    """Return the compiler and its first arguments: those of $CXX, or the first of the usual ones that is installed.

    Raises:
        NoKernel: If there is none, if $CXX has an open quote, or if HARNESS_FUSED=0 forbids the kernel.
    """
    if os.environ.get("HARNESS_FUSED") == "0":
        raise NoKernel("HARNESS_FUSED=0")
    chosen = os.environ.get("CXX", "")
    try:
        split = shlex.split(chosen)
    except ValueError as error:
        raise NoKernel(f"CXX={chosen!r} is no command: {error}") from error
    usual = [[name] for name in COMPILERS]
    for name, *arguments in ([chosen], split or [""], *usual):  # a path may have blanks
        if name and (found := shutil.which(name)):
            return found, *arguments
    raise NoKernel(f"no C++ compiler is installed (looked for {', '.join(COMPILERS)}, or $CXX)")


def run_compiler(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a compiler in a session of its own, so that its children end with it.

    Raises:
        NoKernel: If it cannot be started, or takes longer than its limit now or did so before in this process.
    """
    if command[0] in _LATE:
        raise NoKernel(_LATE[command[0]])
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise NoKernel(f"{command[0]} cannot be started: {error}") from error
    with process:
        try:
            said, complaints = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            _LATE[command[0]] = f"{command[0]} did not finish in {seconds:g} s"
            raise NoKernel(_LATE[command[0]]) from error
        except BaseException:  # Ctrl-C does not reach another session
            _kill(process)
            raise
    return subprocess.CompletedProcess(command, process.returncode, said, complaints)


def _kill(process: subprocess.Popen[str]) -> None:
    """End a process that was not waited for, and its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def version(command: Sequence[str]) -> str:
    """Return what a compiler says of its version.

    Raises:
        NoKernel: If it fails.
    """
    done = run_compiler([*command, "--version"], VERSION_SECONDS)
    if done.returncode:
        raise NoKernel(f"{shlex.join(command)} --version failed with status {done.returncode}")
    return done.stdout


@functools.cache
def compiler_version() -> str:
    """Return what the compiler calls itself, on one line; empty where there is none. Another may round otherwise."""
    try:
        command = compiler()
        first = next(iter(version(command).splitlines()), "").strip()
        return " ".join([first, *command[1:]]).strip()
    except NoKernel:
        return ""
