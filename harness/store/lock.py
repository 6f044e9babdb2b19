"""One writer at a time in a directory: a lock that says who has it, and that no dead process can keep."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import stat
import uuid
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from harness.complaints import printable

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]  # there is none on Windows

LOCK = ".lock"
OWNER = ".lock-owner"
"""Used in place of the lock on file systems that have none."""

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


class Held(Exception):
    """A lock that another process holds. The message names it."""


class Lock:
    """The lock of a directory, from its making until it is closed or the process ends, however it does."""

    def __init__(self, directory: Path) -> None:
        """Take it.

        Raises:
            Held: If another run has it.
            OSError: If the directory cannot be written.
        """
        self._owner: Path | None = None
        self._handle: IO[str] = _open(directory / LOCK, os.O_RDWR | os.O_CREAT)
        try:
            if not _flock(self._handle):
                self._owner = _own(directory / OWNER)
        except BlockingIOError:
            self._handle.seek(0)
            holder = _who(self._handle.read(200))
            self._handle.close()
            raise Held(f"another run ({holder}) is using {directory}; wait for it") from None
        except BaseException:
            self._handle.close()
            raise
        self._handle.truncate(0)
        self._handle.write(_me())
        self._handle.flush()

    def close(self) -> None:
        """Give it back."""
        if self._owner is not None:
            self._owner.unlink(missing_ok=True)
        self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _me() -> str:
    return f"{os.getpid()} on {platform.node()}"


def _who(text: str) -> str:
    return f"process {printable(text)}" if text.strip() else "of which nothing is known"


def _flock(handle: IO[str]) -> bool:
    """Take the system's lock, which ends with the process; False where the file system has none.

    Raises:
        BlockingIOError: If another process has it.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise BlockingIOError from error
        return False
    return True


def _own(path: Path) -> Path:
    """Take the lock as a file that names its owner; one whose process is gone is taken over.

    Raises:
        Held: If its owner lives, or is on another machine.
    """
    for _ in range(2):
        try:
            _put(path, _me())
            return path
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):  # given back since
                text = _read(path)
                pid, _, host = text.partition(" on ")
                if host != platform.node() or not pid.isdecimal() or _alive(int(pid)):
                    raise Held(
                        f"another run ({_who(text)}) is using {path.parent}; wait for it, or delete {path} if it is"
                        " over"
                    ) from None
                _remove(path, text)
    raise Held(f"another run is using {path.parent}; wait for it")


def _remove(path: Path, text: str) -> None:
    """Remove the file of an owner that is gone.

    Of two processes that both found it so, the slower may come when the faster has its own file there already. A
    rename, unlike a removal, shows afterwards whose file it was.

    Raises:
        Held: If it is another owner's by now.
        FileNotFoundError: If it is gone by now.
    """
    aside = path.with_name(f"{path.name}-{uuid.uuid4().hex}")
    os.rename(path, aside)
    found = _read(aside)
    if found != text:
        with contextlib.suppress(FileExistsError):
            _put(path, found)
    aside.unlink()
    if found != text:
        raise Held(f"another run ({_who(found)}) is using {path.parent}; wait for it")


def _open(path: Path, flags: int) -> IO[str]:
    """Open a file of ours without following a link and without waiting for the other end of a pipe.

    Whoever made the directory may have put a link to any file there.

    Raises:
        OSError: If it cannot be opened, or is no plain file.
    """
    safe = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags | safe, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise OSError(
                error.errno, f"{path.name} is a link or a pipe, not a lock of the harness: remove it"
            ) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"{path.name} is no plain file, so it is not a lock of the harness: remove it")
    return os.fdopen(descriptor, "r+" if flags & os.O_RDWR else "r", encoding="utf-8", errors="replace")


def _put(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)


def _read(path: Path) -> str:
    with _open(path, os.O_RDONLY) as file:
        return file.read(200)


def _alive(pid: int) -> bool:
    if os.name == "nt":  # signal 0 would end the process there
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another process's
        return True
    return True
