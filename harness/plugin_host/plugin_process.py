"""A process that calls the code of third-party plugins, so that a call that hangs or crashes can be ended."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import weakref
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

START_SECONDS = 600.0
"""Longest time to start the process and import the plugins, in seconds. A loaded machine takes a minute."""

LENGTH = struct.Struct("<Q")
"""Number of bytes of a message, before it."""

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Unanswered(RuntimeError):
    """A call that hung, or that ended the process."""


class PluginProcess:
    """A process that is started by the first call, reused by later ones, and replaced after a call that ended it.

    Arguments and results travel as pickles, which name classes by their modules. The process has
    loaded the same plugins. It ends with this process.
    """

    def __init__(self, files: Mapping[str, bytes | None] | None = None) -> None:
        """Prepare the process without starting it.

        Args:
            files: Plugin files that it loads beside the installed plugins, with the text that this process loaded. A
                file may have been edited since.
        """
        self.files = dict(files or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._unanswered: dict[bytes, str] = {}
        self._lock = threading.Lock()

    def call(self, function: Callable[[], Any], *, seconds: float, subject: str) -> Any:
        """Call a function in the process and return its result.

        Calls of several threads come one after the other. A call that ends the process is repeated once. A call that
        was late is not, and neither is one that is known to be unanswered.

        Args:
            function: Function of a module, with its arguments in a ``functools.partial``.
            seconds: Longest time of the call in seconds.
            subject: What the error says that did not answer, such as ``dataset 'mine'``.

        Raises:
            Unanswered: If the call did not return in time or ended the process.
            ValueError: If the function raised an exception. The message has its text.
        """
        with self._lock:
            return self._called(pickle.dumps(function), seconds, subject)

    def _called(self, request: bytes, seconds: float, subject: str) -> Any:
        if request in self._unanswered:
            raise Unanswered(self._unanswered[request])
        reason = ""
        for _ in range(2):
            try:
                answer = self._ask(request, seconds)
            except TimeoutError:
                self.end()
                reason = f"{subject} did not return within {seconds:g} s"
                break
            except BaseException:
                self.end()  # it may still answer, which the next call must not read
                raise
            if answer is not None:
                return _result(answer)
            reason = f"{subject} ended the process ({self._exit()})"
        self._unanswered[request] = reason
        raise Unanswered(reason)

    def _ask(self, request: bytes, seconds: float) -> bytes | None:
        """Return the answer to a request, or None if the process ended.

        Raises:
            TimeoutError: If there is no answer in time.
        """
        if self._process is None:
            self._start()
            if self._next(START_SECONDS) is None:
                return None
        self._send(request)
        return self._next(seconds)

    def _next(self, seconds: float) -> bytes | None:
        try:
            return self._answers.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        except queue.Empty:
            raise TimeoutError from None

    def _start(self) -> None:
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__package__}.plugin_server import serve; serve()"
        # The process gets a session of its own, so that what it starts can be ended with it.
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
            start_new_session=True,
        )
        self._answers = queue.SimpleQueue()
        threading.Thread(target=_read, args=(self._process, self._answers), daemon=True).start()
        self._finalizer = weakref.finalize(self, _end, self._process)
        self._send(pickle.dumps(self.files))

    def _send(self, request: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # the process is gone, which the reader reports
            self._process.stdin.write(LENGTH.pack(len(request)) + request)
            self._process.stdin.flush()

    def _exit(self) -> str:
        """End the process and return how it ended."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        status = self._process.returncode
        self.end()
        if status is None:
            return "it closed its pipe"
        return f"status {status}" if status >= 0 else signal.Signals(-status).name

    def end(self) -> None:
        """End the process and all that it started."""
        if self._process is not None:
            self._finalizer()
            self._process = None


def _read(process: subprocess.Popen[bytes], found: queue.SimpleQueue[bytes | None]) -> None:
    """Put each answer of a process into a queue, and None when the process ends."""

    def answers() -> None:
        assert process.stdout is not None
        while (answer := message(process.stdout)) is not None:
            found.put(answer)

    reader = threading.Thread(target=answers, daemon=True)
    reader.start()
    if hasattr(os, "waitid"):  # leaves the process to be waited for, so that its id is not taken by another
        with contextlib.suppress(ChildProcessError):  # ended and waited for by this process
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()
    reader.join(timeout=1.0)  # the pipe stays open if the process left a fork
    found.put(None)


def message(stream: IO[bytes]) -> bytes | None:
    """Return the next message of a stream, or None at its end."""
    with contextlib.suppress(OSError, ValueError):
        head = stream.read(LENGTH.size)
        if len(head) == LENGTH.size:
            (length,) = LENGTH.unpack(head)
            found = stream.read(length)
            return found if len(found) == length else None
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):  # all of it is gone
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what was not sent is dropped
            if pipe is not None:
                pipe.close()


def _result(answer: bytes) -> Any:
    """Return the result in an answer.

    Raises:
        ValueError: If the call raised an exception, or the result cannot be read.
    """
    try:
        good, found = pickle.loads(answer)  # by our own process, with plugins that this one has loaded too
    except Exception as error:  # classes of plugins may raise anything
        raise ValueError(f"its result cannot be read: {type(error).__name__}: {error}") from error
    if not good:
        raise ValueError(found)
    return found
