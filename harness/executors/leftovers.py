"""Processes and threads that the code of plugins leaves running after a batch."""

from __future__ import annotations

import concurrent.futures.thread
import contextlib
import ctypes
import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

GRACE = 0.2
"""Time for processes and threads to end by themselves, in seconds."""

_TASKS = Path("/proc/self/task")
_END_WITH_PARENT = 1
"""The option PR_SET_PDEATHSIG of prctl."""


@dataclass(frozen=True)
class Running:
    """The forks and threads that run beside the calling thread.

    Attributes:
        forks: Ids of the forks of this process. Programs that it started are left out. Empty without ``/proc``.
        threads: Threads that would keep this process from ending.
    """

    forks: frozenset[int]
    threads: frozenset[threading.Thread]

    @classmethod
    def now(cls) -> Running:
        """Return what runs now."""
        return cls(frozenset(_forks()), frozenset(lasting_threads()))

    def since(self) -> Running:
        """Return what was started since and is still running after a moment."""
        found = self._more()
        if found.forks or found.threads:
            time.sleep(GRACE)
            found = self._more()
        return found

    def _more(self) -> Running:
        now = Running.now()
        return Running(now.forks - self.forks, now.threads - self.threads)

    def told(self, plugins: Iterable[str]) -> tuple[str, ...]:
        """Return a line for each kind of what runs.

        Args:
            plugins: Names of the plugins that took part.
        """
        who, kinds = " or ".join(plugins), {"process": self.forks, "thread": self.threads}
        return tuple(
            f"plugin {who} left a {kind} running: end it before the call returns"
            for kind, some in kinds.items()
            if some
        )


def end_forks(pids: Iterable[int]) -> None:
    """End forks of this process."""
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def lasting_threads() -> list[threading.Thread]:
    """Return the other threads for which Python would wait at its end. Those of pools end by themselves."""
    pools: Mapping[threading.Thread, object] = getattr(concurrent.futures.thread, "_threads_queues", {})
    spared = (threading.main_thread(), threading.current_thread())
    return [one for one in threading.enumerate() if not one.daemon and one not in spared and one not in pools]


def end_forks_with_this_process() -> None:
    """Let the system end forks that are made from now on when the thread that made them ends, however it ends."""
    parent = 0

    def remember() -> None:
        nonlocal parent
        parent = os.getpid()

    def bind() -> None:
        prctl(_END_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it could be bound to
            os.kill(os.getpid(), signal.SIGKILL)

    with contextlib.suppress(OSError, AttributeError):  # only Linux has it
        prctl = ctypes.CDLL(None).prctl
        os.register_at_fork(before=remember, after_in_child=bind)


def end_with_parent(parent: int) -> None:
    """Let the system end this process when the thread that started it ends, however it ends.

    Args:
        parent: Id of the process that started it. If that has ended already, this one ends at once.
    """
    with contextlib.suppress(OSError, AttributeError):  # only Linux has it
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def _forks() -> list[int]:
    """Return the children that run the same command line, and so no program of their own."""
    own = _command_line("self")
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in _TASKS.iterdir():
            with contextlib.suppress(OSError):  # the thread has ended
                children = (task / "children").read_text(encoding="ascii").split()
                found += [int(pid) for pid in children if _command_line(pid) == own]
    return found


def _command_line(pid: str) -> bytes:
    """Return the command line of a process, or no bytes if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
